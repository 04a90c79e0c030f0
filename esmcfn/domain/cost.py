"""Money: dated prices with their source, and what a selection costs by them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from msgspec import Struct

HOURS_PER_MONTH = 730
"""Hours in a month, by convention: 365 days x 24 hours / 12 months. Every report says it aloud."""


class Price(Struct, frozen=True, kw_only=True):
    """One hour of one instance of one type in one region, list price, on demand, SageMaker hosting.

    Attributes:
        usd_per_hour: US dollars.
        source: where the figure was read.
        as_of: the day on which the source gave it.
    """

    region: str
    instance_type: str
    usd_per_hour: Decimal
    source: str
    as_of: date


class PriceBook(Struct, frozen=True, kw_only=True):
    """Dated prices by (region, instance type). What is absent is unknown, never free."""

    prices: Mapping[tuple[str, str], Price]

    def price(self, region: str, instance_type: str) -> Price | None:
        """The price of an hour, None where the book does not know it."""
        return self.prices.get((region, instance_type))


class HostedVariant(Struct, frozen=True, kw_only=True):
    """Instances that are paid for by the hour: what wants to be, or is, behind an endpoint.

    Attributes:
        model: key of the selected model.
        min_count, expected_count, max_count: instances; all equal without autoscaling.
        software_usd_per_hour: the seller's charge per instance and hour, None when unknown.
        marketplace: does a seller charge at all? Own containers have no such charge.
    """

    stack: str
    model: str
    variant: str
    instance_type: str
    min_count: int
    expected_count: int
    max_count: int
    software_usd_per_hour: Decimal | None
    marketplace: bool

    @property
    def counts(self) -> str:
        """Instances in words: "2", or "1 to 4" where autoscaling decides."""
        low, high = self.min_count, self.max_count
        return str(self.expected_count) if low == high else f"{low} to {high}"


class CostItem(Struct, frozen=True, kw_only=True):
    """What one variant costs a month, in US dollars; None where a price is unknown.

    Attributes:
        price: the instance hour, None where the price book does not know the type in that region.
        infrastructure_monthly: expected_count instances, without the seller's charge.
        software_monthly: the seller's charge; 0 where there is no seller, None where it is unknown.
        min_monthly, expected_monthly, max_monthly: infrastructure plus the known software charge.
    """

    hosted: HostedVariant
    price: Price | None
    infrastructure_monthly: Decimal | None
    software_monthly: Decimal | None
    min_monthly: Decimal | None
    expected_monthly: Decimal | None
    max_monthly: Decimal | None


class Cost(Struct, frozen=True, kw_only=True):
    """What a set of variants costs a month, against what is deployed.

    Attributes:
        before_monthly: what is deployed costs; None where a price is unknown or nothing was read.
        after_monthly: expected cost of what is wanted; None where an instance type has no price.
        delta_monthly: after - before; None where either is.
        complete: no price and no software charge is missing on either side.
        infrastructure_only: a seller's charge is unknown, so the sums leave it out.
        notes: sentences that a report prints under the sums.
        parked: what is parked, priced as if it ran; none of it is in the sums.
        parked_monthly: what parking saves; None where nothing is parked or a price is unknown.
        updating: models whose update runs old and new instances side by side.
        surge_usd_per_hour: what the new ones cost on top while it does; None where nothing is updated or a price is
            unknown.
    """

    currency: str = "USD"
    hours_per_month: int = HOURS_PER_MONTH
    region: str
    before_monthly: Decimal | None
    after_monthly: Decimal | None
    delta_monthly: Decimal | None
    complete: bool
    infrastructure_only: bool
    items: tuple[CostItem, ...]
    before_items: tuple[CostItem, ...] = ()
    notes: tuple[str, ...] = ()
    parked: tuple[CostItem, ...] = ()
    parked_monthly: Decimal | None = None
    updating: tuple[str, ...] = ()
    surge_usd_per_hour: Decimal | None = None
