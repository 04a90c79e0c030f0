"""What a deployed template runs by the hour, as far as it can be read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from esmcfn.cost.hosting import ZERO
from esmcfn.cost.timetable import Moment, timetable
from esmcfn.domain.cost import ASYNCHRONOUS, SERVERLESS, UNREADABLE, HostedVariant

_MOST_DIGITS = 9
"""A count of more is none that AWS takes, and would cost what no sum can hold."""

_TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"


def hosted_in(
    body: Mapping[str, object], *, stack: str, model: str, software: Mapping[str, Decimal | None]
) -> tuple[HostedVariant, ...]:
    """Return what a deployed template runs by the hour: nothing where it has no Endpoint.

    A template that a person edited may say things that only CloudFormation can work out. Whatever cannot be
    read comes back as a variant of an unknown type, so that its cost is unknown and not zero.

    Args:
        body: the template, parsed.
        stack: the stack's name.
        model: key of the selected model.
        software: the seller's charge by model package ARN, see `software_prices`.
    """
    resources = body.get("Resources")
    if not isinstance(resources, Mapping):
        resources = {"": None}
    deployed = _Deployed(resources=resources, stack=stack, model=model, software=software)
    return tuple(found for name in sorted(resources) for found in deployed.hosted_by(resources[name]))


class _Deployed(Struct, frozen=True, kw_only=True):
    """A deployed template, as far as it hosts something; see `hosted_in`."""

    resources: Mapping[str, object]
    stack: str
    model: str
    software: Mapping[str, Decimal | None]

    def hosted_by(self, resource: object) -> Iterable[HostedVariant]:
        """Yield what one resource of the template runs by the hour."""
        kind = _at(resource, "Type")
        if kind == "AWS::SageMaker::Endpoint":
            yield from self._endpoint(resource)
        elif not isinstance(kind, str) or kind == "AWS::CloudFormation::Stack" or kind.endswith("::MODULE"):
            yield self._variant(resource, UNREADABLE)  # a loop, a transform, a stack inside: may hold endpoints

    def _endpoint(self, endpoint: object) -> Iterable[HostedVariant]:
        name = _at(endpoint, "Properties", "EndpointConfigName")
        config = self._resource("AWS::SageMaker::EndpointConfig", "EndpointConfigName", name)
        variants = _at(config, "Properties", "ProductionVariants")
        shadows = _at(config, "Properties", "ShadowProductionVariants") or []
        unsure = _at(endpoint, "Condition") or not variants
        if unsure or not isinstance(variants, list) or not isinstance(shadows, list):
            yield self._variant(None, UNREADABLE)
            return
        asynchronous = _at(config, "Properties", "AsyncInferenceConfig")
        called = _at(endpoint, "Properties", "EndpointName")
        for variant in (*variants, *shadows):
            found = self._variant(variant, ASYNCHRONOUS if asynchronous else _instance_type(variant))
            yield self._scaled(found, f"endpoint/{called}/variant/{found.variant}")

    def _scaled(self, variant: HostedVariant, called: str) -> HostedVariant:
        """The same variant, between the bounds that the template's own autoscaling gives it."""
        targets = (each for each in self.resources.values() if _at(each, "Type") == _TARGET)
        target = next((each for each in targets if _at(each, "Properties", "ResourceId") == called), None)
        if target is None:
            return variant
        scheduled = _at(target, "Properties", "ScheduledActions")
        actions = scheduled if isinstance(scheduled, list) else []
        bounds = [_bounds(_at(target, "Properties")), *(_bounds(_at(each, "ScalableTargetAction")) for each in actions)]
        least, most = bounds[0] or (None, None)
        known = [each for each in bounds if each is not None]
        unsure = scheduled is not None and not isinstance(scheduled, list)
        if unsure or len(known) < len(bounds) or least is None or most is None:
            return replace(variant, instance_type=UNREADABLE)
        return replace(
            variant,
            min_count=min(variant.expected_count, *(low for low, _ in known if low is not None)),
            max_count=max(variant.expected_count, *(high for _, high in known if high is not None)),
            timetable=timetable(least, most, tuple(_moment(*each) for each in enumerate(actions, start=1))),
        )

    def _variant(self, variant: object, instance_type: str) -> HostedVariant:
        marketplace, charge = self._charge(_at(variant, "ModelName"))
        name, count = _at(variant, "VariantName"), _count(_at(variant, "InitialInstanceCount"))
        return HostedVariant(
            stack=self.stack,
            model=self.model,
            variant=name if isinstance(name, str) else UNREADABLE,
            instance_type=UNREADABLE if count is None and instance_type != SERVERLESS else instance_type,
            min_count=count or 0,
            expected_count=count or 0,
            max_count=count or 0,
            software_usd_per_hour=charge,
            marketplace=marketplace,
        )

    def _charge(self, model_name: object) -> tuple[bool, Decimal | None]:
        """Is there a seller, and what does it charge? Where the model cannot be read, there may be one."""
        model = self._resource("AWS::SageMaker::Model", "ModelName", model_name)
        several = _at(model, "Properties", "Containers")
        containers = [
            _at(model, "Properties", "PrimaryContainer"),
            *(several if isinstance(several, list) else ()),
        ]
        described = [container for container in containers if isinstance(container, Mapping)]
        packages = [each["ModelPackageName"] for each in described if "ModelPackageName" in each]
        if not described or (several and not isinstance(several, list)):
            return True, None
        charges = [self.software.get(package) if isinstance(package, str) else None for package in packages]
        known = [charge for charge in charges if charge is not None]
        return bool(packages), sum(known, ZERO) if len(known) == len(charges) else None

    def _resource(self, kind: str, name_property: str, value: object) -> object:
        """Return the resource that a property names or refers to, None where it cannot be found."""
        referred = _at(value, "Ref") or _at(value, "Fn::GetAtt")
        logical_id = referred[0] if isinstance(referred, list) and referred else referred
        if isinstance(logical_id, str):
            found = self.resources.get(logical_id.partition(".")[0])
            return found if _at(found, "Type") == kind else None
        named = (
            resource
            for resource in self.resources.values()
            if isinstance(value, str)
            and _at(resource, "Type") == kind
            and _at(resource, "Properties", name_property) == value
        )
        return next(named, None)


def _bounds(value: object) -> tuple[int | None, int | None] | None:
    """The bounds that something sets, None for one that it leaves alone; None where one cannot be read."""
    written = _at(value, "MinCapacity"), _at(value, "MaxCapacity")
    counts = _count(written[0]), _count(written[1])
    unread = any(count is None and bound is not None for count, bound in zip(counts, written, strict=True))
    return None if unread else counts


def _moment(number: int, action: object) -> Moment:
    """One scheduled action; what cannot be read of it is empty, and then nobody reckons its hours."""
    least, most = _bounds(_at(action, "ScalableTargetAction")) or (None, None)
    zone = _at(action, "Timezone")
    return Moment(
        name=_text(_at(action, "ScheduledActionName")) or f"action {number}",
        when=_text(_at(action, "Schedule")),
        timezone="UTC" if zone is None else _text(zone),
        least=least,
        most=most,
        bounded=_at(action, "StartTime") is not None or _at(action, "EndTime") is not None,
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _at(value: object, *keys: str) -> object:
    """Return what lies below these keys, None where there is no such thing."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _instance_type(variant: object) -> str:
    if _at(variant, "ServerlessConfig"):
        return SERVERLESS
    named = _at(variant, "InstanceType")
    return named if isinstance(named, str) else UNREADABLE


def _count(value: object) -> int | None:
    """Read a count as CloudFormation does: a number, or its digits as text."""
    digits = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS else None
