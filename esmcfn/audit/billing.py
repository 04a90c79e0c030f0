"""The bill against the estimate, month by month."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal

from esmcfn.domain.audit import Bill, Month
from esmcfn.domain.cost import HOURS_PER_MONTH, to_millionth

MONTHS = 3
"""Calendar months of the bill, the one that runs among them."""


def bill_start(today: date) -> date:
    """The first day of the bill; it ends before today, whose costs nobody knows yet."""
    first = today.replace(day=1)
    for _ in range(MONTHS - 1):
        first = (first - timedelta(days=1)).replace(day=1)
    return first


def months(bill: Bill, expected: Mapping[str, Decimal | None], created: Mapping[str, datetime]) -> tuple[Month, ...]:
    """Every month of every model that was billed or is there; the oldest first.

    Args:
        expected: model to what is deployed of it costs a month by the price book.
        created: model to when its endpoint was made: before that, today's estimate says nothing.
    """
    models = sorted({*expected, *(charge.model for charge in bill.charges)})
    return tuple(
        _month(bill, start, model, expected.get(model), created.get(model))
        for start in _starts(bill)
        for model in models
    )


def bill_notes(bill: Bill, environment: str) -> Iterator[str]:
    """What a reader must know before believing the bill."""
    yield f"{bill.requests} Cost Explorer request{'' if bill.requests == 1 else 's'}, {bill.price_usd} USD"
    if bill.trouble:
        yield f"the second request had no answer: {bill.trouble}" + ("" if bill.complete else "; the sums are too low")
    elif not bill.complete:
        yield f"the bill has more pages than the {bill.requests} that were asked for: its sums are too low"
    if not bill.charges:
        yield (
            f"Cost Explorer knows no cost with the tag esmcfn:environment={environment}: the payer's account must "
            "activate esmcfn:environment and esmcfn:model as cost allocation tags, and costs follow within 24 hours"
        )
    if bill.untagged_usd:
        yield f"{bill.untagged_usd} USD of SageMaker in this account carry no esmcfn:environment tag in the same time"


def _month(bill: Bill, start: date, model: str, expected: Decimal | None, created: datetime | None) -> Month:
    following = _following(start)
    charges = [charge.usd for charge in bill.charges if charge.month == start and charge.model == model]
    begin = max(start, bill.start, created.date() if created else start)
    days = max(0, (min(following, bill.end) - begin).days)
    known = expected is not None and created is not None and days
    return Month(
        start=start,
        days=days if created else 0,
        of_days=(following - start).days,
        model=model,
        actual=sum(charges, Decimal(0)) if charges else None,
        estimate=to_millionth(expected * days * 24 / HOURS_PER_MONTH) if known and expected is not None else None,
    )


def _starts(bill: Bill) -> Iterator[date]:
    start = bill.start
    while start < bill.end:
        yield start
        start = _following(start)


def _following(start: date) -> date:
    return (start.replace(day=1) + timedelta(days=32)).replace(day=1)
