"""What a running endpoint says that is no property of any template: its status, its instances, its weights."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from esmcfn.domain.drift import ListedEndpoint, Reading, UnmanagedEndpoint
from esmcfn.domain.endpoint import BROKEN, IN_SERVICE, ObservedEndpoint, ObservedVariant
from esmcfn.drift.compare import Pair
from esmcfn.drift.expected import Expected
from esmcfn.drift.readers import CONFIG

SCALABLE_TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"

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


def _bands(endpoint: str, every: Iterable[Expected]) -> Iterator[tuple[str, Band]]:
    """Variant to the band that the stack's own autoscaling gives it."""
    prefix = f"endpoint/{endpoint}/variant/"
    for each in every:
        target = each.properties
        if each.resource.resource_type == SCALABLE_TARGET and str(target.get("ResourceId")).startswith(prefix):
            low, high = _number(target.get("MinCapacity")), _number(target.get("MaxCapacity"))
            if low is not None and high is not None:
                yield str(target["ResourceId"]).removeprefix(prefix), (int(low), int(high))


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
