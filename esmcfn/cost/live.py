"""What runs by the hour now, as SageMaker tells it, where that is not what the template says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from esmcfn.domain.cost import UNREADABLE, HostedVariant
from esmcfn.domain.endpoint import ObservedEndpoint, ObservedVariant

_CONFIG = "AWS::SageMaker::EndpointConfig"
_ENDPOINT = "AWS::SageMaker::Endpoint"


def running_now(written: Iterable[HostedVariant], endpoint: ObservedEndpoint | None) -> tuple[HostedVariant, ...]:
    """The same variants with as many instances as run; nothing where no endpoint is there, or it failed.

    Args:
        written: what the configuration that serves says, see `serving`.
        endpoint: None where SageMaker knows none.
    """
    if endpoint is None or endpoint.status == "Failed":
        return ()
    seen = {variant.name: variant for variant in endpoint.variants}
    return tuple(_counted(variant, seen.get(variant.variant), moving=endpoint.moving) for variant in written)


def serving(body: Mapping[str, object], config_name: str, config: Mapping[str, object]) -> Mapping[str, object]:
    """The template as it would be if its endpoint named the configuration that serves.

    Args:
        config: that configuration, in the words of CloudFormation's properties.
    """
    resources = body.get("Resources")
    kept = {
        name: _named(each, config_name) if _kind(each) == _ENDPOINT else each
        for name, each in (resources.items() if isinstance(resources, Mapping) else ())
        if _kind(each) != _CONFIG
    }
    served = {"Type": _CONFIG, "Properties": {**config, "EndpointConfigName": config_name}}
    return {"Resources": {**kept, "": served}}


def unreadable(written: Iterable[HostedVariant]) -> tuple[HostedVariant, ...]:
    """The same where nobody could read what serves: of unknown type, so that no sum has it as if it were known."""
    return tuple(replace(variant, instance_type=UNREADABLE) for variant in written)


def _counted(variant: HostedVariant, seen: ObservedVariant | None, *, moving: bool) -> HostedVariant:
    if seen is None or seen.current_count is None or not variant.readable:
        return variant
    # What is being started is paid for before it counts as current.
    count = max(seen.current_count, seen.desired_count or 0) if moving else seen.current_count
    least, most = variant.min_count, variant.max_count
    if variant.timetable and least <= count <= most:
        return variant  # an hour of its schedule, which says nothing of the month
    return replace(
        variant,
        min_count=min(least, count) if least < most else count,
        expected_count=count,
        max_count=max(most, count) if least < most else count,
        timetable=None,
    )


def _kind(resource: object) -> object:
    return resource.get("Type") if isinstance(resource, Mapping) else None


def _named(endpoint: object, config_name: str) -> object:
    """The Endpoint with another configuration."""
    if not isinstance(endpoint, Mapping):
        return endpoint
    properties = endpoint.get("Properties")
    said = properties if isinstance(properties, Mapping) else {}
    return {**endpoint, "Properties": {**said, "EndpointConfigName": config_name}}
