"""Endpoints that scale by the clock, and what an hour of them costs."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from builders import a_stack, a_variant

from esmcfn import cost
from esmcfn.domain.cost import Cost, HostedVariant, Price, PriceBook
from esmcfn.domain.hosting import Autoscaling, ScheduledScaling

TODAY = date(2026, 11, 21)
HOUR = Decimal("1.515")
BOOK = PriceBook(
    prices={
        ("us-east-2", "ml.g5.2xlarge"): Price(
            region="us-east-2", instance_type="ml.g5.2xlarge", usd_per_hour=HOUR, source="a list", as_of=TODAY
        )
    }
)


def priced(*variants: HostedVariant, before: tuple[HostedVariant, ...] | None = None) -> Cost:
    return cost.estimate(variants, before, region="us-east-2", prices=BOOK, today=TODAY)


def scaled(*schedule: ScheduledScaling, count: int = 2, least: int = 2, most: int = 6, **changes):
    scaling = Autoscaling(min_capacity=least, max_capacity=most, target_value=Decimal(70), schedule=schedule)
    return a_stack(variant=a_variant(instance_count=count), autoscaling=scaling, **changes)
