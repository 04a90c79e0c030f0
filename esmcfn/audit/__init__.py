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

from esmcfn.audit.billing import bill_notes, bill_start, months
from esmcfn.audit.judging import Looked, judged
from esmcfn.audit.proposal import parkable, patch
from esmcfn.audit.saving import saved_by_parking, savings
from esmcfn.audit.use import QUESTIONS, used, window
from esmcfn.domain.audit import Audit, AuditedModel, Bill, Patch, Readings, Window
from esmcfn.domain.cost import Cost, CostItem, PriceBook
from esmcfn.domain.drift import EnvironmentDrift
from esmcfn.domain.stack import Selection

__all__ = ["QUESTIONS", "Looked", "assembled", "audited", "bill_start", "parkable", "patch", "window"]


def audited(
    looked: Looked, readings: Readings, items: Sequence[CostItem], *, window: Window, region: str, prices: PriceBook
) -> AuditedModel:
    """What one model is used for, what it costs, and what could be saved.

    Args:
        items: the estimate of what is deployed of it; empty where nothing runs.
    """
    types = {item.hosted.variant: item.hosted.instance_type for item in items}
    running = looked.endpoint.variants if looked.endpoint else ()
    uses = tuple(
        used(looked.endpoint_name, variant.name, types.get(variant.name, ""), readings, window) for variant in running
    )
    activity, why = judged(looked, uses, readings, window)
    known = [item.expected_monthly for item in items]
    found = AuditedModel(
        model=looked.model,
        endpoint_name=looked.endpoint_name,
        activity=activity,
        why=why,
        instances=tuple(f"{item.hosted.counts} x {item.hosted.instance_type}" for item in items),
        expected_monthly=_sum(known) if known else None,
        selected=looked.selected,
        variants=uses,
    )
    return savings(found, looked, readings, items, window=window, region=region, prices=prices)


def assembled(
    selection: Selection,
    models: tuple[AuditedModel, ...],
    cost: Cost,
    *,
    window: Window,
    as_of: datetime,
    bill: Bill | None,
    why_no_bill: str,
    created: Mapping[str, datetime],
    proposed: Patch,
    drift: EnvironmentDrift | None = None,
    why_no_drift: str = "",
    notes: tuple[str, ...] = (),
) -> Audit:
    """The whole report.

    Args:
        created: model to when its endpoint was made.
    """
    expected = {model.model: model.expected_monthly for model in models}
    return Audit(
        environment=selection.environment.name,
        account=selection.target.account,
        region=selection.target.region,
        as_of=as_of,
        window=window,
        models=models,
        cost=cost,
        bill=bill,
        why_no_bill=why_no_bill,
        months=months(bill, expected, created) if bill else (),
        saving_monthly=saved_by_parking(models),
        patch=proposed,
        drift=drift,
        why_no_drift=why_no_drift,
        notes=(*notes, *cost.notes, *(bill_notes(bill, selection.environment.name) if bill else ())),
    )


def _sum(amounts: Sequence[Decimal | None]) -> Decimal | None:
    """None where one of them is unknown."""
    total = Decimal(0)
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total
