"""Busy, idle, or one of the ways of not knowing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from esmcfn.domain.audit import Activity, Metric, Readings, Series, VariantId, VariantUse, Window
from esmcfn.domain.endpoint import ObservedEndpoint
from esmcfn.domain.stack import ModelStack


class Looked(Struct, frozen=True, kw_only=True):
    """One model, and what SageMaker says of its endpoint.

    Attributes:
        wanted: None where it is selected no more.
        endpoint: None where SageMaker knows none, or could not be asked.
        refused: AWS denied looking at it, or at what it is used for.
        trouble: why nothing is known, empty where something is.
    """

    model: str
    endpoint_name: str
    wanted: ModelStack | None
    endpoint: ObservedEndpoint | None
    refused: bool = False
    trouble: str = ""

    @property
    def selected(self) -> bool:
        return self.wanted is not None

    @property
    def parked(self) -> bool:
        """Does the file say so?"""
        return self.wanted is not None and self.wanted.parked


Judgement = tuple[Activity, str]
"""The activity, and what it was judged by."""


def judged(looked: Looked, uses: Sequence[VariantUse], readings: Readings, window: Window) -> Judgement:
    """What a model's endpoint is used for. Only what was seen working without a call is idle."""
    if looked.trouble:
        return (Activity.DENIED if looked.refused else Activity.UNKNOWN), looked.trouble
    endpoint = looked.endpoint
    if endpoint is None:
        if looked.parked:
            return Activity.PARKED, "its endpoint is deleted on purpose: no instance runs"
        return Activity.NOT_RUNNING, "it has no endpoint: no instance runs"
    if endpoint.status == "Failed":
        return Activity.NOT_RUNNING, "its endpoint failed: it answers nobody and costs nothing"
    calls = sum(use.calls or 0 for use in uses)
    if calls:
        return Activity.BUSY, f"{_calls(calls)} in {_days(window.days)}"
    if endpoint.created_at > window.start:
        return Activity.TOO_NEW, (
            f"its endpoint is of {endpoint.created_at:%Y-%m-%d}: "
            f"only {_days(window.days)} without a call prove anything"
        )
    return _without_calls(list(_asked(looked, readings)), uses, window)


def _without_calls(asked: Sequence[Series], uses: Sequence[VariantUse], window: Window) -> Judgement:
    if any(series.refused for series in asked):
        return Activity.DENIED, "CloudWatch refuses its Invocations: the role needs cloudwatch:GetMetricData"
    if any(series.partial for series in asked):
        return Activity.UNKNOWN, "CloudWatch could not give all of its Invocations; run the audit again"
    reported = min((use.reported_days for use in uses), default=0)
    if reported == window.days:
        return Activity.IDLE, f"its instances reported on each of {_days(window.days)}, and nobody called"
    if reported:
        return Activity.NO_DATA, (
            f"CloudWatch has no call of it, and no word of its instances on {window.days - reported} of "
            f"{_days(window.days)}: that proves nothing"
        )
    return Activity.NO_DATA, f"CloudWatch has nothing of its variants in {_days(window.days)}: that is not zero"


def _asked(looked: Looked, readings: Readings) -> Iterator[Series]:
    """What CloudWatch said about the calls of each variant that runs."""
    for variant in looked.endpoint.variants if looked.endpoint else ():
        yield readings[VariantId(looked.endpoint_name, variant.name), Metric.INVOCATIONS]


def _calls(count: int) -> str:
    return f"{count:,} call{'' if count == 1 else 's'}"


def _days(count: int) -> str:
    return f"{count} day{'' if count == 1 else 's'}"
