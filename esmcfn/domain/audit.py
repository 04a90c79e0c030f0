"""What runs against what it is used for: calls, load and money, as `audit` reports them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct, field

from esmcfn.domain.cost import Cost
from esmcfn.domain.drift import EnvironmentDrift

REQUEST_USD = Decimal("0.01")
"""What Cost Explorer charges for a request, and for every further page of one.

https://aws.amazon.com/aws-cost-management/aws-cost-explorer/pricing/
"""

MOST_REQUESTS = 2
"""Requests that one environment's audit sends to Cost Explorer at most."""


class Metric(StrEnum):
    """What CloudWatch is asked about a variant, by EndpointName and VariantName.

    https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
    """

    INVOCATIONS = "Invocations"
    LATENCY = "ModelLatency"
    GPU = "GPUUtilization"
    GPU_MEMORY = "GPUMemoryUtilization"
    MEMORY = "MemoryUtilization"
    CPU = "CPUUtilization"


class VariantId(Struct, frozen=True, order=True):
    """A production variant: a name alone means nothing to CloudWatch, it wants both."""

    endpoint: str
    variant: str


class Series(Struct, frozen=True, kw_only=True):
    """What CloudWatch answered to one question.

    Attributes:
        points: when an interval began, in UTC, to the value over it; an interval that nobody reported is missing,
            and is no zero.
        refused: AWS denied just this metric.
        partial: AWS could not give all of it.
    """

    points: Mapping[datetime, float] = field(default_factory=dict)
    refused: bool = False
    partial: bool = False


Readings = Mapping[tuple[VariantId, Metric], Series]
"""All answers about all variants."""


class Activity(StrEnum):
    """What a model's endpoint is used for; each kind of not knowing is a word of its own."""

    BUSY = "busy"
    IDLE = "idle"
    NO_DATA = "no data"
    TOO_NEW = "too new"
    DENIED = "denied"
    UNKNOWN = "unknown"
    PARKED = "parked"
    NOT_RUNNING = "not running"


class Window(Struct, frozen=True, kw_only=True):
    """Whole days in UTC that are looked at; today, which is not over, is none of them.

    Attributes:
        start: its first moment.
        days: how many.
    """

    start: datetime
    days: int


class VariantUse(Struct, frozen=True, kw_only=True):
    """How one variant was used in the window; None is "no data" throughout.

    Attributes:
        calls: all of them.
        calls_by_day: one number a day of the window, None for a day on which nothing was reported.
        latency_ms: the container's time a call on average, in milliseconds.
        gpu_percent, gpu_memory_percent, memory_percent: the highest value of the window, 0 to 100 of all there is.
        reported_days: days on which CloudWatch has anything of this variant, calls or load.
    """

    name: str
    calls: int | None
    calls_by_day: tuple[int | None, ...]
    latency_ms: float | None
    gpu_percent: float | None
    gpu_memory_percent: float | None
    memory_percent: float | None
    reported_days: int


class Remedy(StrEnum):
    """What could be done about it."""

    PARK = "park"
    SCHEDULE = "schedule"
    SMALLER = "smaller"


class Saving(Struct, frozen=True, kw_only=True):
    """One thing that would save money.

    Attributes:
        monthly: US dollars, estimated at list price; None where a price is unknown.
        how: a sentence.
    """

    remedy: Remedy
    monthly: Decimal | None
    how: str


class AuditedModel(Struct, frozen=True, kw_only=True):
    """One model of the environment.

    Attributes:
        why: what the activity was judged by, a sentence.
        instances: "2 x ml.g5.2xlarge" for each variant, as many as run; empty where nothing runs.
        expected_monthly: what runs costs a month by the price book; None where a price is unknown or nothing runs.
        deployed: the same as its template says, where that is something else; empty where it is not.
        deployed_monthly: what that would cost; None where a price is unknown or `deployed` is empty.
        selected: the environment's file still selects it.
    """

    model: str
    endpoint_name: str
    activity: Activity
    why: str
    instances: tuple[str, ...] = ()
    expected_monthly: Decimal | None = None
    deployed: tuple[str, ...] = ()
    deployed_monthly: Decimal | None = None
    selected: bool = True
    variants: tuple[VariantUse, ...] = ()
    savings: tuple[Saving, ...] = ()

    @property
    def calls(self) -> int | None:
        """Calls of all variants; None where none of them has data."""
        known = [variant.calls for variant in self.variants if variant.calls is not None]
        return sum(known) if known else None


class Charge(Struct, frozen=True, kw_only=True):
    """One line of a bill.

    Attributes:
        month: its first day.
        model: the tag esmcfn:model, empty for what carries none (the base stack).
    """

    month: date
    model: str
    usage_type: str
    usd: Decimal


class Bill(Struct, frozen=True, kw_only=True):
    """What Cost Explorer says was spent on what is tagged with the environment.

    Attributes:
        start, end: the days asked for; `end` is the first one that is not in it.
        requests: sent to Cost Explorer, which charges for each.
        complete: False where there were more pages than requests that may be sent.
        untagged_usd: SageMaker hosting of the account in the same days without the environment's tag at all; None
            where nobody asked.
        trouble: why a request after the first had no answer; empty where each had one.
    """

    start: date
    end: date
    charges: tuple[Charge, ...]
    requests: int
    complete: bool = True
    untagged_usd: Decimal | None = None
    trouble: str = ""

    @property
    def price_usd(self) -> Decimal:
        """What asking has cost."""
        return REQUEST_USD * self.requests

    @property
    def total_usd(self) -> Decimal:
        """All lines together."""
        return sum((charge.usd for charge in self.charges), Decimal(0))


class Month(Struct, frozen=True, kw_only=True):
    """One month of one model: the bill against the estimate.

    Attributes:
        start: the first day.
        days: days of the month that the bill covers, and days that it has; fewer in the month that runs.
        actual: US dollars; None where the bill has no line of it.
        estimate: what is deployed today would have cost in those days, whatever somebody made of it by hand; None
            where a price is unknown.
    """

    start: date
    days: int
    of_days: int
    model: str
    actual: Decimal | None
    estimate: Decimal | None

    @property
    def difference(self) -> Decimal | None:
        """actual - estimate; None where either is unknown."""
        return None if self.actual is None or self.estimate is None else self.actual - self.estimate


class Patch(Struct, frozen=True, kw_only=True):
    """A proposal as a change of the environment's file: `git apply` takes it.

    Attributes:
        text: a unified diff; empty where nothing is proposed or it could not be made.
        models: what it parks.
        why_not: why it could not be made, empty where it could.
    """

    text: str = ""
    models: tuple[str, ...] = ()
    why_not: str = ""


class Audit(Struct, frozen=True, kw_only=True):
    """One environment, as it is used and paid for.

    Attributes:
        as_of: when it was looked at, in UTC.
        cost: the estimate of what runs.
        bill: None where nobody asked, or AWS did not answer; `why_no_bill` says which.
        months: the bill by month and model, the oldest first.
        saving_monthly: what parking all that idles saves; None where nothing idles or a price is unknown.
        drift: how what runs differs from what was deployed, and what runs beside; None where nobody asked, or AWS did
            not answer; `why_no_drift` says which.
    """

    environment: str
    account: str
    region: str
    as_of: datetime
    window: Window
    models: tuple[AuditedModel, ...]
    cost: Cost
    bill: Bill | None
    why_no_bill: str = ""
    months: tuple[Month, ...] = ()
    saving_monthly: Decimal | None = None
    patch: Patch = Patch()
    notes: tuple[str, ...] = ()
    drift: EnvironmentDrift | None = None
    why_no_drift: str = ""
