"""What a plan costs, in the details of a comment: a line a variant that changes, and which prices were used."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from esmcfn.domain.plan import StackAction
from esmcfn.domain.review import Planned, SeenCostItem
from esmcfn.render import words
from esmcfn.render.escape import code, safe
from esmcfn.render.reviewing import SENTENCE_LENGTH, Line, short


def lines(plan: Planned) -> Iterator[Line]:
    """The figures behind the sums; those of what does not change stand in the plan's file."""
    if plan.verdict.budget:
        yield Line(2, "notes", "Cost", f"budget: {safe(short(plan.verdict.budget, SENTENCE_LENGTH))}", stack=False)
    changing = {stack.name for stack in plan.stacks if stack.action is not StackAction.UNCHANGED}
    items = [item for item in plan.cost.items if item.stack in changing]
    for item in items:
        yield Line(3, "figures of costs", "Cost", _item(item, safe(short(plan.cost.currency, 8))), stack=False)
    priced = (item for item in items if item.usd_per_hour is not None)
    sources = dict.fromkeys(
        (item.price_as_of or "an unknown day", item.price_source or "nobody knows") for item in priced
    )
    for day, source in sources:
        said = f"prices of {safe(short(day, 30))}, from {safe(short(source, SENTENCE_LENGTH))}"
        yield Line(3, "sources of prices", "Cost", said, stack=False)
    for said in _beside(plan) if changing else ():
        yield Line(2, "notes", "Cost", f"note: {safe(short(said, SENTENCE_LENGTH))}", stack=False)


def _beside(plan: Planned) -> Iterator[str]:
    cost = plan.cost
    if cost.updating:
        yield words.surge(cost.updating, _amount(cost.surge_usd_per_hour), cost.currency)
    yield from cost.notes


def _item(item: SeenCostItem, currency: str) -> str:
    many = _count(item.expected_count)
    a_month = f"{_money(item.expected_monthly)} {currency} a month"
    hour = "no price is known" if item.usd_per_hour is None else f"{code(item.usd_per_hour)} an hour each"
    said = f"{code(short(item.model))}: {many} x {code(short(item.instance_type))}, {a_month} ({hour})"
    if item.min_monthly == item.max_monthly:
        return said
    bounds = f"{_count(item.min_count)} to {_count(item.max_count)} instances"
    return f"{said}; {_money(item.min_monthly)} to {_money(item.max_monthly)} with {bounds}"


def _count(count: int) -> str:
    return safe(short(str(count), 12))


def _money(amount: str | None) -> str:
    return words.dollars(_amount(amount))


def _amount(amount: str | None) -> Decimal | None:
    return None if amount is None else Decimal(amount)
