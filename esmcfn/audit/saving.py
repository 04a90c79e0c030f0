"""What could be parked, scheduled or made smaller, and what that saves at list price."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction

from msgspec.structs import replace

from esmcfn.audit.judging import Looked
from esmcfn.domain.audit import Activity, AuditedModel, Metric, Readings, Remedy, Saving, VariantId, VariantUse, Window
from esmcfn.domain.cost import CostItem, PriceBook, a_month, to_millionth
from esmcfn.reference.gpus import gpus

HEADROOM_PERCENT = 80
"""What the busiest minute may take of a smaller instance before we stop proposing it. Our choice, not AWS's."""

WAKING_HOURS = 1
"""A resumed endpoint needs 10 to 25 minutes, so it is woken an hour early."""

LEAST_HOURS = 6
"""Hours of a night that are worth a schedule. Our choice."""

SCHEDULE_DAYS = 14
"""Days without a call at an hour that make a habit: every weekday was seen twice. Our choice."""

_WEEK = 7 * 24
_WEEKEND = (5, 6)
_SIZE = re.compile(r"(?P<family>ml\.[a-z0-9-]+)\.(?P<times>[0-9]*)xlarge")


def savings(
    found: AuditedModel,
    looked: Looked,
    readings: Readings,
    items: Sequence[CostItem],
    *,
    window: Window,
    region: str,
    prices: PriceBook,
) -> AuditedModel:
    """The model with what would save money."""
    if found.activity is Activity.IDLE:
        how = f"park it: nobody called in {window.days} days" if found.selected else "deploy: it is selected no more"
        return replace(found, savings=(Saving(remedy=Remedy.PARK, monthly=found.expected_monthly, how=how),))
    if found.activity is not Activity.BUSY:
        return found
    proposals = (
        *_scheduled(found, readings, items, window),
        *_smaller(found, looked, items, region=region, prices=prices),
    )
    return replace(found, savings=proposals)


def saved_by_parking(models: Sequence[AuditedModel]) -> Decimal | None:
    """What parking all that idles saves a month; None where nothing idles or a price is unknown."""
    amounts = [saving.monthly for model in models for saving in model.savings if saving.remedy is Remedy.PARK]
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if known and len(known) == len(amounts) else None


def _scheduled(found: AuditedModel, readings: Readings, items: Sequence[CostItem], window: Window) -> Iterator[Saving]:
    """Nights and weekends on which nobody calls; only where every day of the window was reported.

    Where a schedule scales the endpoint already, the hours without a call are taken to be its quietest: nobody saves
    twice what the schedule saves.
    """
    if window.days < SCHEDULE_DAYS or any(use.reported_days < window.days for use in found.variants):
        return
    busy = {
        (moment.weekday(), moment.hour)
        for use in found.variants
        for moment, calls in readings[VariantId(found.endpoint_name, use.name), Metric.INVOCATIONS].points.items()
        if calls
    }
    weekend = not any(day in _WEEKEND for day, _ in busy)
    begin, hours = _quiet({hour for _, hour in busy})
    night = hours - WAKING_HOURS
    on_days = 5 if weekend else 7
    hours_on = on_days * (24 - night) if night >= LEAST_HOURS else on_days * 24 + (WAKING_HOURS if weekend else 0)
    saved = _WEEK - hours_on
    if saved <= 0:
        return
    when = [f"between {begin:02d}:00 and {(begin + hours) % 24:02d}:00 UTC"] if night >= LEAST_HOURS else []
    when += ["on Saturdays and Sundays"] if weekend else []
    yield Saving(
        remedy=Remedy.SCHEDULE,
        monthly=_part(items, Fraction(saved, _WEEK)),
        how=(
            f"no call {' nor '.join(when)} in {window.days} days: park it then and resume it an hour before, "
            f"{saved} of {_WEEK} hours a week"
        ),
    )


def _part(items: Sequence[CostItem], part: Fraction) -> Decimal | None:
    """What the quietest part of all hours costs a month; None where a price is unknown."""
    total = Decimal(0)
    for item in items:
        if item.expected_monthly is None:
            return None
        share = item.hosted.cheapest(part)
        total += item.expected_monthly * share.numerator / share.denominator
    return to_millionth(total) if items else None


def _quiet(busy: set[int]) -> tuple[int, int]:
    """The longest run of hours of the day without a call, over midnight too: where it begins, and how long it is."""
    runs = [(hour + 1, _until(busy, hour)) for hour in busy]
    begin, length = max(runs, key=lambda run: (run[1], -run[0]))
    return begin % 24, length


def _until(busy: set[int], hour: int) -> int:
    """Hours without a call after this one."""
    return next(step for step in range(24) if (hour + 1 + step) % 24 in busy)


def _smaller(
    found: AuditedModel, looked: Looked, items: Sequence[CostItem], *, region: str, prices: PriceBook
) -> Iterator[Saving]:
    """The cheapest size of the same family that would have held the busiest minute; for GPUs alone."""
    if looked.wanted is None or len(items) != 1 or len(found.variants) != 1:
        return
    item, (use,) = items[0], found.variants
    now = item.price
    if now is None:
        return
    offered = [prices.price(region, name) for name in looked.wanted.supported_instance_types]
    fitting = [
        price
        for price in offered
        if price and price.usd_per_hour < now.usd_per_hour and _holds(price.instance_type, now.instance_type, use)
    ]
    if not fitting:
        return
    best = min(fitting, key=lambda price: price.usd_per_hour)
    saved = a_month(now.usd_per_hour - best.usd_per_hour, item.hosted.expected)
    yield Saving(
        remedy=Remedy.SMALLER,
        monthly=saved,
        how=(
            f"its busiest minute took {use.gpu_percent:.0f} % of the GPUs, {use.gpu_memory_percent:.0f} % of their "
            f"memory and {use.memory_percent:.0f} % of the instance's: {best.instance_type} would hold that; "
            "try it before you rely on it"
        ),
    )


def _holds(smaller: str, now: str, use: VariantUse) -> bool:
    """Would a size of the same family have held the load? Memory grows with the size, GPUs as they are counted."""
    one, other = _SIZE.fullmatch(smaller), _SIZE.fullmatch(now)
    few, many = gpus(smaller), gpus(now)
    loads = use.gpu_percent, use.gpu_memory_percent
    if not one or not other or one["family"] != other["family"] or not few or not many:
        return False
    if use.memory_percent is None or any(load is None for load in loads):
        return False
    memory = use.memory_percent * int(other["times"] or 1) / int(one["times"] or 1)
    return memory <= HEADROOM_PERCENT and all((load or 0.0) * many / few <= HEADROOM_PERCENT for load in loads)
