"""Money: dated prices with their source, and what a selection costs by them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fnmatch import fnmatchcase
from fractions import Fraction

from msgspec import Struct
from msgspec.structs import replace

from esmcfn.domain.origin import Origin

HOURS_PER_MONTH = 730
"""Hours in a month, by convention: 365 days x 24 hours / 12 months. Every report says it aloud."""

_MICRO = Decimal("0.000001")


def to_millionth(amount: Decimal) -> Decimal:
    """Cut to the millionth where it was divided; what has fewer digits keeps those it has."""
    exponent = amount.as_tuple().exponent
    return amount.quantize(_MICRO) if isinstance(exponent, int) and exponent < -6 else amount


def a_month(usd_per_hour: Decimal, instances: Fraction | int) -> Decimal:
    """US dollars of so many instances a month: exact where they are whole, to the millionth where a week is parted."""
    if instances.denominator == 1:
        return usd_per_hour * instances.numerator * HOURS_PER_MONTH
    return (usd_per_hour * instances.numerator * HOURS_PER_MONTH / instances.denominator).quantize(_MICRO)


class Price(Struct, frozen=True, kw_only=True):
    """One hour of one instance of one type in one region, list price, on demand, SageMaker hosting.

    Attributes:
        usd_per_hour: US dollars.
        source: where the figure was read.
        as_of: the day on which the source gave it; None of what was agreed upon where no list has a price.
        agreed: it is paid by a discount of the root in place of the list price.
    """

    region: str
    instance_type: str
    usd_per_hour: Decimal
    source: str
    as_of: date | None
    agreed: bool = False


class Discount(Struct, frozen=True, kw_only=True):
    """What is paid instead of the list price.

    Attributes:
        region, instance_type: globs.
        factor: of the list price, 0 to 1; None where usd_per_hour is given.
        expires: the last day on which it holds; None where it holds for good.
        origin: where it was written.
    """

    region: str
    instance_type: str
    factor: Decimal | None
    usd_per_hour: Decimal | None
    reason: str
    expires: date | None
    origin: Origin

    def fits(self, region: str, instance_type: str) -> bool:
        return fnmatchcase(region, self.region) and fnmatchcase(instance_type, self.instance_type)

    def over(self, today: date) -> bool:
        """Has its last day gone by?"""
        return self.expires is not None and today > self.expires

    def applied(self, price: Price) -> Price:
        """The price that is paid; its source says what it was and why."""
        if self.factor is not None:
            paid, what = price.usd_per_hour * self.factor, f"{self.factor} of {price.usd_per_hour}"
        else:
            paid, what = self.usd_per_hour or Decimal(0), f"not {price.usd_per_hour}"
        return replace(price, usd_per_hour=paid, source=f"{price.source}; {what}: {self.reason}", agreed=True)


class PriceBook(Struct, frozen=True, kw_only=True):
    """Dated prices by (region, instance type). What is absent is unknown, never free.

    Attributes:
        prices: by list.
        discounts: what is paid instead; of several that fit, the last one counts.
        today: the day for which it is asked; None where that does not matter, and no discount is over.
    """

    prices: Mapping[tuple[str, str], Price]
    discounts: tuple[Discount, ...] = ()
    today: date | None = None

    def on(self, today: date) -> PriceBook:
        """The same on a day, when discounts may be over."""
        return replace(self, today=today) if self.discounts else self

    def price(self, region: str, instance_type: str) -> Price | None:
        """The price of an hour, None where neither the book nor an agreement knows it."""
        listed = self.prices.get((region, instance_type))
        holding = [each for each in self.discounts if self.today is None or not each.over(self.today)]
        fitting = [each for each in holding if each.fits(region, instance_type)]
        if listed is not None:
            return fitting[-1].applied(listed) if fitting else listed
        agreed = next((each for each in reversed(fitting) if each.usd_per_hour is not None), None)
        if agreed is None or agreed.usd_per_hour is None:
            return None
        return Price(
            region=region,
            instance_type=instance_type,
            usd_per_hour=agreed.usd_per_hour,
            source=f"no price list: {agreed.reason}",
            as_of=None,
            agreed=True,
        )


class Span(StrEnum):
    """What a schedule is reckoned over: every week of it looks the same, or every year."""

    WEEK = "week"
    YEAR = "year"


class Held(Struct, frozen=True, kw_only=True):
    """Bounds of autoscaling, and how long a schedule holds them.

    Attributes:
        minutes: of the span.
    """

    min_count: int
    max_count: int
    minutes: int


class Timetable(Struct, frozen=True, kw_only=True):
    """How long a schedule holds which bounds.

    Attributes:
        held: the longest first, together the whole span; empty where nobody can say.
        timezones: whose clocks it follows; of one alone, the hour that a change of it takes or gives is not reckoned.
        why_not: why nobody can say, a clause; empty where somebody can.
        left_out: moments that come once, by name: what they hold stands in no sum.
    """

    span: Span = Span.WEEK
    held: tuple[Held, ...] = ()
    timezones: tuple[str, ...] = ()
    why_not: str = ""
    left_out: tuple[str, ...] = ()

    @property
    def minutes(self) -> int:
        """Of the whole span."""
        return sum(each.minutes for each in self.held)


UNREADABLE = "unknown"
"""Instance type of what a deployed template hosts without saying on what, or how many."""


SERVERLESS = "serverless"
"""Instance type of a serverless variant, which is paid for by the call."""

ASYNCHRONOUS = "asynchronous"
"""Instance type behind an asynchronous endpoint, which has a price list of its own."""


def some(names: Sequence[str], most: int = 3) -> str:
    """Names for a sentence, which ten of them would drown."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


class HostedVariant(Struct, frozen=True, kw_only=True):
    """Instances that are paid for by the hour: what wants to be, or is, behind an endpoint.

    Attributes:
        model: key of the selected model.
        min_count, expected_count, max_count: instances at any moment; all equal without autoscaling.
        timetable: of a schedule, None without one.
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
    timetable: Timetable | None = None

    @property
    def readable(self) -> bool:
        """Did its template say what it runs, and how many?"""
        return self.instance_type != UNREADABLE

    @property
    def priceable(self) -> bool:
        """Is it paid for by the hour of a type that a price book could know?"""
        return self.instance_type not in {UNREADABLE, SERVERLESS, ASYNCHRONOUS}

    @property
    def least(self) -> Fraction | int:
        """Instances at the lower bound, averaged over the hours of a schedule."""
        return self._averaged(lambda held: held.min_count, self.min_count)

    @property
    def expected(self) -> Fraction | int:
        """The expected instances within the bounds of each hour, averaged."""
        return self._averaged(self.expected_in, self.expected_count)

    @property
    def most(self) -> Fraction | int:
        """Instances at the upper bound, averaged over the hours of a schedule."""
        return self._averaged(lambda held: held.max_count, self.max_count)

    @property
    def busiest(self) -> int:
        """The expected instances of the dearest hour."""
        held = self.timetable.held if self.timetable else ()
        return max(map(self.expected_in, held), default=self.expected_count)

    def expected_in(self, held: Held) -> int:
        """The expected instances while these bounds hold."""
        return min(max(self.expected_count, held.min_count), held.max_count)

    def cheapest(self, part: Fraction) -> Fraction:
        """The share of the expected instance hours that the quietest `part` of all hours has; 0 to 1 as that is."""
        held = self.timetable.held if self.timetable else ()
        if not held or not self.expected:
            return part
        left, hours = part * sum(each.minutes for each in held), Fraction(0)
        for each in sorted(held, key=self.expected_in):
            taken = left if left < each.minutes else Fraction(each.minutes)
            left, hours = left - taken, hours + taken * self.expected_in(each)
        return hours / sum(each.minutes * self.expected_in(each) for each in held)

    def _averaged(self, count: Callable[[Held], int], always: int) -> Fraction | int:
        """Over the hours of the schedule; `always` without one, or where nobody can say its hours."""
        held = self.timetable.held if self.timetable else ()
        if not held:
            return always
        return Fraction(sum(count(each) * each.minutes for each in held), sum(each.minutes for each in held))

    @property
    def counts(self) -> str:
        """Instances in words: "2", or "1 to 4" where autoscaling decides."""
        low, high = self.min_count, self.max_count
        return str(self.expected_count) if low == high else f"{low} to {high}"


class CostItem(Struct, frozen=True, kw_only=True):
    """What one variant costs a month, in US dollars; None where a price is unknown.

    Attributes:
        price: the instance hour, None where the price book does not know the type in that region.
        infrastructure_monthly: the expected instances, without the seller's charge.
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


class CostPart(Struct, frozen=True, kw_only=True):
    """What some models of an environment cost a month; as in `Cost`.

    Attributes:
        models: their keys, sorted.
    """

    models: tuple[str, ...]
    before_monthly: Decimal | None
    after_monthly: Decimal | None
    delta_monthly: Decimal | None


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
        narrowed: what of it a run that was narrowed to some models is about; None where it was not.
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
    narrowed: CostPart | None = None
