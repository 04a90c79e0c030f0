"""What a running endpoint says that is no property of any template: its status, its instances, its weights."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from esmcfn.domain.drift import ListedEndpoint, NativeDrift, Reading, UnmanagedEndpoint
from esmcfn.domain.endpoint import BROKEN, IN_SERVICE, ObservedEndpoint, ObservedVariant
from esmcfn.drift.compare import Pair
from esmcfn.drift.expected import Expected
from esmcfn.drift.readers import CONFIG, SCALABLE_TARGET

VARIANT = "endpoint/{}/variant/{}"
"""What Application Auto Scaling calls a variant: endpoint, variant."""

LICENCES = "ScalableTargets"
"""Path of what may be scaled and no stack says so: variant to its band."""

_BOUNDS = ("MinCapacity", "MaxCapacity")

Band = tuple[int, int]
"""Instances between which autoscaling moves: at least, at most."""


def reading(endpoint: ObservedEndpoint, tags: Mapping[str, str] | None) -> Reading:
    """An endpoint in the words of CloudFormation's properties."""
    return Reading(properties={"EndpointName": endpoint.name, "EndpointConfigName": endpoint.config_name}, tags=tags)


def changing(endpoint: ObservedEndpoint) -> str:
    """Why an endpoint cannot be judged just now, empty where it can."""
    if not endpoint.moving:
        return ""
    towards = f" to {endpoint.pending_config}" if endpoint.pending_config else ""
    return f"SageMaker is changing it ({endpoint.status}{towards}): its instances are compared when that is done"


def differences(expected: Expected, endpoint: ObservedEndpoint, every: Iterable[Expected]) -> Iterator[Pair]:
    """Status, what it is on its way to, and each variant against the configuration that the stack deployed.

    Args:
        every: the resources of its stack.
    """
    every = tuple(every)
    wanted = expected.properties.get("EndpointConfigName")
    if endpoint.status in BROKEN:
        reason = f": {endpoint.failure_reason}" if endpoint.failure_reason else ""
        yield "EndpointStatus", IN_SERVICE, f"{endpoint.status}{reason}"
    if endpoint.pending_config and endpoint.pending_config != wanted:
        yield "PendingEndpointConfigName", wanted, endpoint.pending_config
    config = next(
        (each for each in every if each.resource.resource_type == CONFIG and each.name == wanted),
        None,
    )
    # While it moves the counts are on their way, too; another configuration has counts of its own.
    if config is None or endpoint.moving or endpoint.config_name != wanted or endpoint.status in BROKEN:
        return
    bands = dict(_bands(endpoint.name, every))
    running = {variant.name: variant for variant in endpoint.variants}
    for name, written in _variants(config.properties):
        if name in running:
            yield from _variant(name, written, running[name], bands.get(name))


def _variant(name: str, written: Mapping[str, object], running: ObservedVariant, band: Band | None) -> Iterator[Pair]:
    count, desired = _number(written.get("InitialInstanceCount")), running.desired_count
    if count is not None and desired is not None:
        low, high = band or (int(count), int(count))
        if not low <= desired <= high:
            asked = str(low) if low == high else f"{low} to {high}"
            yield f"Variants/{name}/DesiredInstanceCount", asked, str(desired)
    weight = _number(written.get("InitialVariantWeight", 1))
    if weight is not None and running.desired_weight is not None and weight != running.desired_weight:
        yield f"Variants/{name}/DesiredWeight", f"{weight:g}", f"{running.desired_weight:g}"


def licences(endpoint: ObservedEndpoint, scaled: Mapping[str, Band], every: Iterable[Expected]) -> Iterator[Pair]:
    """Variants that may be scaled though nothing of their stack says so."""
    own = {str(each.properties.get("ResourceId")) for each in every if each.resource.resource_type == SCALABLE_TARGET}
    for name, (low, high) in sorted(scaled.items()):
        if VARIANT.format(endpoint.name, name) not in own:
            yield f"{LICENCES}/{name}", None, f"{low} to {high} instances"


def variants_of(endpoint: str, every: Iterable[Expected]) -> tuple[str, ...]:
    """Its variants, as a scalable target of each would be named."""
    configs = (each.properties for each in every if each.resource.resource_type == CONFIG)
    return tuple(VARIANT.format(endpoint, name) for config in configs for name, _ in _variants(config))


def unscheduled(expected: Expected, observed: Mapping[str, object]) -> Mapping[str, object]:
    """What was observed, with its own bounds in place of those that a scheduled action of the stack's own has set."""
    scheduled = list(_scheduled(expected.properties)) if expected.resource.resource_type == SCALABLE_TARGET else []
    if _band(observed) not in scheduled:
        return observed
    return {**observed, **{name: expected.properties.get(name) for name in _BOUNDS}}


def by_schedule(expected: Expected | None, native: NativeDrift) -> NativeDrift:
    """What CloudFormation says, without bounds that a scheduled action of the stack's own has set."""
    found = {each.path: each.observed for each in native.differences}
    if expected is None or native.status != "MODIFIED" or not found or not found.keys() <= set(_BOUNDS):
        return native
    if expected.resource.resource_type != SCALABLE_TARGET:
        return native
    now = tuple(_number(found.get(name, expected.properties.get(name))) for name in _BOUNDS)
    scheduled = [tuple(map(float, band)) for band in _scheduled(expected.properties)]
    return NativeDrift(status="IN_SYNC") if now in scheduled else native


def _bands(endpoint: str, every: Iterable[Expected]) -> Iterator[tuple[str, Band]]:
    """Variant to the band that the stack's own autoscaling gives it, at whatever hour."""
    prefix = f"endpoint/{endpoint}/variant/"
    for each in every:
        target = each.properties
        if each.resource.resource_type == SCALABLE_TARGET and str(target.get("ResourceId")).startswith(prefix):
            bands = [band for band in (_band(target), *_scheduled(target)) if band]
            if _band(target):
                low, high = min(band[0] for band in bands), max(band[1] for band in bands)
                yield str(target["ResourceId"]).removeprefix(prefix), (low, high)


def _scheduled(target: Mapping[str, object]) -> Iterator[Band]:
    """Bounds that scheduled actions set; one that changes only one of them keeps the target's other."""
    actions = target.get("ScheduledActions")
    for action in actions if isinstance(actions, list) else ():
        said = action.get("ScalableTargetAction") if isinstance(action, Mapping) else None
        band = _band({**{name: target.get(name) for name in _BOUNDS}, **(said if isinstance(said, Mapping) else {})})
        if band:
            yield band


def _band(bounds: Mapping[str, object]) -> Band | None:
    low, high = (_number(bounds.get(name)) for name in _BOUNDS)
    return None if low is None or high is None else (int(low), int(high))


def _variants(config: Mapping[str, object]) -> Iterator[tuple[str, Mapping[str, object]]]:
    written = config.get("ProductionVariants")
    for variant in written if isinstance(written, list) else ():
        if isinstance(variant, Mapping):
            yield str(variant.get("VariantName")), variant


def _number(value: object) -> float | None:
    """A number as CloudFormation takes it, None where it is none."""
    try:
        return float(str(value))
    except ValueError:
        return None


def instances(
    config: Mapping[str, object] | None, endpoint: ObservedEndpoint | None
) -> tuple[tuple[str, int], ...] | None:
    """(instance type, instances) of each variant; None where that cannot be known: not read, serverless."""
    if config is None or endpoint is None:
        return None
    running = {variant.name: variant for variant in endpoint.variants}
    found = []
    for name, variant in _variants(config):
        seen = running.get(name)
        count = seen.current_count if seen else (0 if endpoint.status in BROKEN else None)
        kind = variant.get("InstanceType")
        if not isinstance(kind, str) or count is None:
            return None
        found.append((kind, count))
    return tuple(found) or None


def sorted_endpoints(found: Iterable[UnmanagedEndpoint]) -> tuple[UnmanagedEndpoint, ...]:
    """The dearest first; what has no known price before all of them, since it may be dearer."""
    return tuple(sorted(found, key=lambda each: (each.monthly_usd is not None, -(each.monthly_usd or 0), each.name)))


def beside(listed: Iterable[ListedEndpoint], managed: frozenset[str]) -> tuple[ListedEndpoint, ...]:
    """Endpoints whose name is none of these, in lower case as ARNs have them."""
    return tuple(each for each in listed if each.name.lower() not in managed)
