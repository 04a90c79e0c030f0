"""What instances cost a month: ModelStack x PriceBook -> Cost.

Nothing unknown becomes a zero: a price that the book lacks makes every sum with it unknown; a seller's charge that
nobody named is left out of the sums, and the report says so. Nothing is rounded here but what a schedule parts, to the
millionth of a dollar.

hosting    what a selection runs by the hour
deployed   what a deployed template runs by the hour
live       what runs by the hour now, as SageMaker tells it
timetable  how long a schedule holds which bounds
hours      the same in words
discounts  what was agreed upon and does not hold
part       what some models are of it
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction

from esmcfn.cost.deployed import hosted_in
from esmcfn.cost.discounts import discount_notes
from esmcfn.cost.hosting import ZERO, beside, hosted, software_prices, unparked
from esmcfn.cost.hours import hours_notes
from esmcfn.cost.live import running_now, serving, unreadable
from esmcfn.cost.part import narrowed
from esmcfn.domain.cost import UNREADABLE, Cost, CostItem, HostedVariant, Price, PriceBook, a_month, some

__all__ = [
    "UNREADABLE",
    "beside",
    "estimate",
    "hosted",
    "hosted_in",
    "narrowed",
    "nearest",
    "running_now",
    "serving",
    "software_prices",
    "unparked",
    "unreadable",
]

AGED_DAYS = 90
STALE_DAYS = 180
"""Days after which a price is doubted, and after which it is no longer believed."""


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
    prices = prices.on(today)
    items = _items(after, region=region, prices=prices)
    saved = _items(parked, region=region, prices=prices)
    surging = [item for item in items if item.hosted.model in updating]
    before_items = () if before is None else _items(before, region=region, prices=prices)
    after_monthly = _total(items)
    before_monthly = None if before is None else _total(before_items)
    every = (*items, *before_items)
    said = _notes(items, before_items, region=region, prices=prices, today=today)
    return Cost(
        region=region,
        before_monthly=before_monthly,
        after_monthly=after_monthly,
        delta_monthly=_difference(after_monthly, before_monthly),
        complete=all(item.price and item.software_monthly is not None for item in every),
        infrastructure_only=any(item.software_monthly is None for item in every),
        items=items,
        before_items=before_items,
        notes=tuple(dict.fromkeys((*said, *_beside(beside)))),
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

    def everything(instances: Fraction | int) -> Decimal | None:
        return None if hourly is None else a_month(hourly, instances) + a_month(charge or ZERO, instances)

    return CostItem(
        hosted=variant,
        price=price,
        infrastructure_monthly=None if hourly is None else a_month(hourly, variant.expected),
        software_monthly=None if charge is None else a_month(charge, variant.expected),
        min_monthly=everything(variant.least),
        expected_monthly=everything(variant.expected),
        max_monthly=everything(variant.most),
    )


def _total(items: Iterable[CostItem]) -> Decimal | None:
    total = ZERO
    for item in items:
        if item.expected_monthly is None:
            return None
        total += item.expected_monthly
    return total


def _hourly(items: Sequence[CostItem]) -> Decimal | None:
    """What these cost in their dearest hour; None where a price is unknown."""
    total = ZERO
    for item in items:
        if item.price is None:
            return None
        charge = item.hosted.software_usd_per_hour if item.hosted.marketplace else ZERO
        total += (item.price.usd_per_hour + (charge or ZERO)) * item.hosted.busiest
    return total


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
            f"infrastructure only: what the seller of {some(unnamed)} charges is unknown and "
            "not in the sums; name it as software_usd_per_hour in the catalog"
        )
    yield from hours_notes([item.hosted for item in items], [item.hosted for item in before_items])
    yield from discount_notes([item.hosted for item in (*items, *before_items)], region=region, prices=prices)
    used = [(item.price.as_of, item.price) for item in (*items, *before_items) if item.price and item.price.as_of]
    coming = sorted({price.instance_type for day, price in used if (day - today).days > 1})
    if coming:
        yield f"the price of {some(coming)} is of a day that is still to come: correct its as_of"
    if used:
        yield from _age(*min(used, key=lambda each: (each[0], each[1].instance_type)), today)


def _beside(words: Sequence[str]) -> Iterable[str]:
    """Yield what is billed besides instances, in one sentence."""
    if words:
        listed = " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
        yield f"instances only: what AWS bills for {listed} is not in the sums"


def _unpriced(variant: HostedVariant, *, region: str, prices: PriceBook) -> str:
    kind = variant.instance_type
    if kind == UNREADABLE:
        return f"{variant.model}: what {variant.stack} runs on cannot be read"
    if not variant.priceable:
        return f"{variant.model}: {variant.variant} is {kind}, which the price book does not cover"
    text = f"{variant.model}: no price is known for {kind} in {region}"
    like = nearest(kind, region=region, prices=prices)
    if like is None:
        return text
    return f"{text}; the nearest known is {like.instance_type} in {like.region}, {like.usd_per_hour} USD an hour"


NEWER = "esmcfn prices refresh asks it, with an AWS account"
"""Where newer prices are from; the sandbox sells nothing, so no environment is named that could be it."""


def _age(day: date, oldest: Price, today: date) -> Iterable[str]:
    """Speak of thresholds, not of days: a plan of the same input should read the same tomorrow."""
    days = (today - day).days
    text = f"the price of {oldest.instance_type} in {oldest.region} is of {day}"
    if days > STALE_DAYS:
        yield (
            f"{text}, more than {STALE_DAYS} days old and stale: "
            f"compare it with the current price list before you rely on it ({NEWER})"
        )
    elif days > AGED_DAYS:
        yield f"{text}, more than {AGED_DAYS} days old: it may have changed"
