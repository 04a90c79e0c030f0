"""What some models cost of all that an environment costs."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from msgspec.structs import replace

from esmcfn.domain.cost import Cost, CostItem, CostPart


def narrowed(cost: Cost, models: frozenset[str], *, compared: bool) -> Cost:
    """The same cost of the whole environment, with what these models are of it; the same where that is all of it.

    Args:
        compared: what is deployed was read.
    """
    if not models or all(item.hosted.model in models for item in (*cost.items, *cost.before_items)):
        return cost
    before = _of(cost.before_items, models) if compared else None
    after = _of(cost.items, models)
    delta = None if before is None or after is None else after - before
    return replace(
        cost,
        narrowed=CostPart(
            models=tuple(sorted(models)), before_monthly=before, after_monthly=after, delta_monthly=delta
        ),
    )


def _of(items: Iterable[CostItem], models: frozenset[str]) -> Decimal | None:
    """Their sum; None where a price is unknown."""
    amounts = [item.expected_monthly for item in items if item.hosted.model in models]
    return None if None in amounts else sum(filter(None, amounts), Decimal(0))
