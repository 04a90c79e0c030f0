"""Deployed x measured x billed -> Audit. Pure.

use       what one variant was used for: calls and load by day, nothing unknown made a zero
judging   busy, idle, or one of the ways of not knowing
saving    what could be parked, scheduled or made smaller, and what that saves
billing   the bill against the estimate
proposal  the environment's file with what idles parked, as a patch
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from esmcfn.audit.billing import bill_notes, bill_start, months
from esmcfn.audit.judging import Looked, judged
from esmcfn.audit.proposal import parkable, patch
from esmcfn.audit.saving import saved_by_parking, savings
from esmcfn.audit.use import QUESTIONS, used, window
from esmcfn.domain.audit import Audit, AuditedModel, Bill, Patch, Readings, Window
from esmcfn.domain.cost import Cost, CostItem, HostedVariant, PriceBook
from esmcfn.domain.drift import EnvironmentDrift
from esmcfn.domain.stack import Selection

__all__ = ["QUESTIONS", "Answers", "Looked", "assembled", "audited", "bill_start", "parkable", "patch", "window"]


class Answers(Struct, frozen=True, kw_only=True):
    """What was asked for besides; None where nobody asked, or nobody answered, and then why."""

    bill: Bill | None
    why_no_bill: str
    drift: EnvironmentDrift | None
    why_no_drift: str


def audited(
    looked: Looked,
    readings: Readings,
    items: Sequence[CostItem],
    written: Sequence[CostItem],
    *,
    window: Window,
    region: str,
    prices: PriceBook,
) -> AuditedModel:
    """What one model is used for, what it costs, and what could be saved.

    Args:
        items: the estimate of what runs of it; empty where nothing does.
        written: the estimate of what its template says.
    """
    types = {item.hosted.variant: item.hosted.instance_type for item in items}
    running = looked.endpoint.variants if looked.endpoint else ()
    uses = tuple(
        used(looked.endpoint_name, variant.name, types.get(variant.name, ""), readings, window) for variant in running
    )
    activity, why = judged(looked, uses, readings, window)
    differs = _instances(items) != _instances(written)
    found = AuditedModel(
        model=looked.model,
        endpoint_name=looked.endpoint_name,
        activity=activity,
        why=why,
        instances=_instances(items, now=True),
        expected_monthly=_sum(items),
        deployed=_instances(written) if differs else (),
        deployed_monthly=_sum(written) if differs else None,
        selected=looked.selected,
        variants=uses,
    )
    return savings(found, looked, readings, items, window=window, region=region, prices=prices)


def assembled(
    selection: Selection,
    models: tuple[AuditedModel, ...],
    cost: Cost,
    answers: Answers,
    *,
    window: Window,
    as_of: datetime,
    created: Mapping[str, datetime],
    proposed: Patch,
    notes: tuple[str, ...],
) -> Audit:
    """The whole report.

    Args:
        created: model to when its endpoint was made.
        notes: what could not be read.
    """
    bill = answers.bill
    expected = {model.model: model.deployed_monthly if model.deployed else model.expected_monthly for model in models}
    return Audit(
        environment=selection.environment.name,
        account=selection.target.account,
        region=selection.target.region,
        as_of=as_of,
        window=window,
        models=models,
        cost=cost,
        bill=bill,
        why_no_bill=answers.why_no_bill,
        months=months(bill, expected, created) if bill else (),
        saving_monthly=saved_by_parking(models),
        patch=proposed,
        drift=answers.drift,
        why_no_drift=answers.why_no_drift,
        notes=(*notes, *cost.notes, *(bill_notes(bill, selection.environment.name) if bill else ())),
    )


def _instances(items: Sequence[CostItem], *, now: bool = False) -> tuple[str, ...]:
    """ "2 x ml.g5.2xlarge" of each variant.

    Args:
        now: say of what autoscaling moves where it is; a schedule's hour says nothing.
    """
    return tuple(
        f"{hosted.counts} x {hosted.instance_type}"
        + (f" ({hosted.expected_count} now)" if now and _moves(hosted) else "")
        for hosted in (item.hosted for item in items)
    )


def _moves(hosted: HostedVariant) -> bool:
    return hosted.min_count < hosted.max_count and hosted.timetable is None


def _sum(items: Sequence[CostItem]) -> Decimal | None:
    """What they cost a month; None where a price is unknown, or there is none of them."""
    amounts = [item.expected_monthly for item in items]
    return None if None in amounts or not amounts else sum(filter(None, amounts), Decimal(0))
