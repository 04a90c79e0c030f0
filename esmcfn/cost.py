"""What instances cost a month: ModelStack x PriceBook -> Cost.

Nothing is rounded here, and nothing unknown becomes a zero: a price that the book lacks makes every sum with
it unknown; a seller's charge that nobody named is left out of the sums, and the report says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from esmcfn.domain.cost import HOURS_PER_MONTH, Cost, CostItem, HostedVariant, Price, PriceBook
from esmcfn.domain.project import Catalog
from esmcfn.domain.stack import ModelStack, Selection

UNREADABLE = "unknown"
"""Instance type of what a deployed template hosts without saying on what."""

SERVERLESS = "serverless"
"""Instance type of a serverless variant, which is paid for by the call."""

ASYNCHRONOUS = "asynchronous"
"""Instance type behind an asynchronous endpoint, which has a price list of its own."""

_TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"

AGED_DAYS = 90
STALE_DAYS = 180
"""Days after which a price is doubted, and after which it is no longer believed."""

ZERO = Decimal(0)


def beside(selection: Selection) -> tuple[str, ...]:
    """What a selection makes AWS bill for besides instances, in words; the price book has no prices of it."""
    alarms = any(stack.alarms and stack.alarms.any and not stack.parked for stack in selection.models)
    words = {
        "alarms": alarms,
        "logs": any(stack.log_retention_days for stack in selection.models),
        "a KMS key": bool(selection.base and selection.base.alarm_topic),
    }
    return tuple(word for word, there in words.items() if there)


def hosted(stack: ModelStack) -> tuple[HostedVariant, ...]:
    """Return what a model stack wants to run by the hour: nothing while it is parked."""
    return () if stack.parked else unparked(stack)


def unparked(stack: ModelStack) -> tuple[HostedVariant, ...]:
    """Return what a model stack runs by the hour whenever it is not parked."""
    variant = stack.variant
    marketplace, scaling = stack.container is None, stack.autoscaling
    return (
        HostedVariant(
            stack=stack.name,
            model=stack.model,
            variant=variant.name,
            instance_type=variant.instance_type,
            min_count=scaling.least if scaling else variant.instance_count,
            expected_count=variant.instance_count,
            max_count=scaling.most if scaling else variant.instance_count,
            software_usd_per_hour=stack.software_usd_per_hour if marketplace else ZERO,
            marketplace=marketplace,
        ),
    )


def software_prices(catalog: Catalog) -> Mapping[str, Decimal | None]:
    """Return the seller's charge per instance and hour by model package ARN; None where nobody named it."""
    return {arn: entry.software_usd_per_hour for entry in catalog.entries.values() for arn in entry.packages.values()}


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


def estimate(
    after: Iterable[HostedVariant],
    before: Iterable[HostedVariant] | None,
    *,
    region: str,
    prices: PriceBook,
    today: date,
    parked: Iterable[HostedVariant] = (),
    updating: frozenset[str] = frozenset(),
    beside: Sequence[str] = (),
) -> Cost:
    """Return what is wanted costs a month, against what is deployed.

    Args:
        before: what is deployed; None where nobody looked, empty where there is nothing.
        today: for the age of the prices.
        parked: what would run if it were not parked.
        updating: models of `after` whose new instances start beside the old ones.
        beside: what is billed besides instances and stands in no sum, see `beside`.
    """
    items = _items(after, region=region, prices=prices)
    saved = _items(parked, region=region, prices=prices)
    surging = [item for item in items if item.hosted.model in updating]
    before_items = () if before is None else _items(before, region=region, prices=prices)
    after_monthly = _total(items)
    before_monthly = None if before is None else _total(before_items)
    every = (*items, *before_items)
    return Cost(
        region=region,
        before_monthly=before_monthly,
        after_monthly=after_monthly,
        delta_monthly=_difference(after_monthly, before_monthly),
        complete=all(item.price and item.software_monthly is not None for item in every),
        infrastructure_only=any(item.software_monthly is None for item in every),
        items=items,
        before_items=before_items,
        notes=tuple(
            dict.fromkeys(
                (
                    *_notes(items, before_items, region=region, prices=prices, today=today),
                    *([f"instances only: what AWS bills for {_listed(beside)} is not in the sums"] if beside else ()),
                )
            )
        ),
        parked=saved,
        parked_monthly=_total(saved) if saved else None,
        updating=tuple(sorted({item.hosted.model for item in surging})),
        surge_usd_per_hour=_hourly(surging) if surging else None,
    )


def nearest(instance_type: str, *, region: str, prices: PriceBook) -> Price | None:
    """Return the price of the type in this region that is spelled most like the one asked for.

    In a region without any price: the price of the same type in another one, the first by name.
    """
    from difflib import SequenceMatcher  # costs milliseconds, and is rarely needed

    here = [price for (where, _), price in sorted(prices.prices.items()) if where == region]
    elsewhere = [price for (_, what), price in sorted(prices.prices.items()) if what == instance_type]
    if not here:
        return elsewhere[0] if elsewhere else None
    return max(here, key=lambda price: SequenceMatcher(None, instance_type, price.instance_type).ratio())


def _items(variants: Iterable[HostedVariant], *, region: str, prices: PriceBook) -> tuple[CostItem, ...]:
    """Price each variant, in an order that does not depend on theirs."""
    ordered = sorted(variants, key=_order)
    return tuple(_item(each, prices.price(region, each.instance_type)) for each in ordered)


def _order(variant: HostedVariant) -> tuple[object, ...]:
    counts = variant.min_count, variant.expected_count, variant.max_count
    names = variant.stack, variant.model, variant.variant, variant.instance_type
    return (*names, *counts, variant.marketplace, str(variant.software_usd_per_hour))


def _item(variant: HostedVariant, price: Price | None) -> CostItem:
    charge = variant.software_usd_per_hour if variant.marketplace else ZERO
    hourly = None if price is None else price.usd_per_hour
    everything = None if hourly is None else hourly + (charge or ZERO)
    return CostItem(
        hosted=variant,
        price=price,
        infrastructure_monthly=_monthly(hourly, variant.expected_count),
        software_monthly=_monthly(charge, variant.expected_count),
        min_monthly=_monthly(everything, variant.min_count),
        expected_monthly=_monthly(everything, variant.expected_count),
        max_monthly=_monthly(everything, variant.max_count),
    )


def _monthly(hourly: Decimal | None, count: int) -> Decimal | None:
    return None if hourly is None else hourly * count * HOURS_PER_MONTH


def _total(items: Iterable[CostItem]) -> Decimal | None:
    total = ZERO
    for item in items:
        if item.expected_monthly is None:
            return None
        total += item.expected_monthly
    return total


def _hourly(items: Sequence[CostItem]) -> Decimal | None:
    """What these cost an hour; None where a price is unknown."""
    total = _total(items)
    return None if total is None else total / HOURS_PER_MONTH


def _difference(after: Decimal | None, before: Decimal | None) -> Decimal | None:
    return None if after is None or before is None else after - before


def _notes(
    items: tuple[CostItem, ...],
    before_items: tuple[CostItem, ...],
    *,
    region: str,
    prices: PriceBook,
    today: date,
) -> Iterable[str]:
    """Yield what a reader must know before believing the sums."""
    for side, of in (("", items), ("deployed: ", before_items)):
        for item in of:
            if item.price is None:
                yield side + _unpriced(item.hosted, region=region, prices=prices)
    unnamed = sorted({item.hosted.model for item in (*items, *before_items) if item.software_monthly is None})
    if unnamed:
        yield (
            f"infrastructure only: what the seller of {_some(unnamed)} charges is unknown and "
            "not in the sums; name it as software_usd_per_hour in the catalog"
        )
    used = [item.price for item in (*items, *before_items) if item.price]
    if used:
        yield from _age(min(used, key=lambda price: (price.as_of, price.instance_type)), today)


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _some(models: Sequence[str], most: int = 3) -> str:
    """Names for a sentence, which ten of them would drown."""
    shown = ", ".join(models[:most])
    return shown if len(models) <= most else f"{shown} and {len(models) - most} more models"


def _unpriced(variant: HostedVariant, *, region: str, prices: PriceBook) -> str:
    kind = variant.instance_type
    if kind == UNREADABLE:
        return f"{variant.model}: what {variant.stack} runs on cannot be read from its template"
    if kind in {SERVERLESS, ASYNCHRONOUS}:
        return f"{variant.model}: {variant.variant} is {kind}, which the price book does not cover"
    text = f"{variant.model}: no price is known for {kind} in {region}"
    like = nearest(kind, region=region, prices=prices)
    if like is None:
        return text
    return f"{text}; the nearest known is {like.instance_type} in {like.region}, {like.usd_per_hour} USD an hour"


def _age(oldest: Price, today: date) -> Iterable[str]:
    """Speak of thresholds, not of days: a plan of the same input should read the same tomorrow."""
    days = (today - oldest.as_of).days
    text = f"the price of {oldest.instance_type} in {oldest.region} is of {oldest.as_of}"
    if days > STALE_DAYS:
        yield (
            f"{text}, more than {STALE_DAYS} days old and stale: "
            "compare it with the current price list before you rely on it"
        )
    elif days > AGED_DAYS:
        yield f"{text}, more than {AGED_DAYS} days old: it may have changed"


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
        moments = [_at(each, "ScalableTargetAction") for each in (scheduled if isinstance(scheduled, list) else ())]
        bounds = [_at(target, "Properties"), *moments]
        least = [_count(_at(each, "MinCapacity")) for each in bounds]
        most = [_count(_at(each, "MaxCapacity")) for each in bounds]
        if None in (least[0], most[0]):
            return replace(variant, instance_type=UNREADABLE)
        return replace(
            variant,
            min_count=min(variant.expected_count, *(each for each in least if each is not None)),
            max_count=max(variant.expected_count, *(each for each in most if each is not None)),
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
    digits = str(value)
    return int(digits) if not isinstance(value, bool) and digits.isascii() and digits.isdigit() else None
