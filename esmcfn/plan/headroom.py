"""Whether the account's quotas hold old and new instances side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from esmcfn.domain.cost import HostedVariant
from esmcfn.domain.plan import Action, Change, Headroom, Impact, StackAction, StackPlan
from esmcfn.plan.scaled import TAKEN_OFF

ALL = ""
"""Stands for all instance types together."""

DOWNTIME = (
    "deleted first and made anew, since both do not fit beside each other: calls fail until the new one serves, "
    "10 to 25 minutes on AWS"
)
"""How long it takes is what EvolutionaryScale names for its models, by size:
https://github.com/evolutionaryscale/esm
"""


def headroom(
    stacks: Sequence[StackPlan],
    now: Sequence[HostedVariant],
    later: Sequence[HostedVariant],
    *,
    limits: Mapping[str, int] | None,
    in_use: Mapping[str, int] | None,
    why: str = "",
) -> tuple[Headroom, ...]:
    """A row for every instance type of which more run during the deployment than now; all types together come last.

    Args:
        now, later: what runs today, and when all is done.
        limits, in_use: by instance type; None where they could not be read, `why` says why.
    """
    before, after = _counts(now), _counts(later)
    peak = _peak(stacks, now, later)
    rows = []
    for kind in [*sorted(kind for kind in peak if kind != ALL and peak[kind] > before[kind]), ALL]:
        known = limits is not None and kind in limits
        if (kind == ALL and not known) or peak[kind] <= before[kind]:
            continue
        rows.append(
            Headroom(
                instance_type=kind,
                limit=limits[kind] if limits is not None and known else None,
                in_use=_used(in_use, kind),
                peak=peak[kind],
                after=after[kind],
                why=why or ("" if known else "Service Quotas names no quota for it"),
            )
        )
    return tuple(rows)


def deleted_first(stack: StackPlan, rows: Sequence[Headroom], later: Sequence[HostedVariant]) -> StackPlan:
    """The same plan; an endpoint that is not known to fit beside its successor goes before that one comes."""
    wanted = {variant.instance_type for variant in later if variant.stack == stack.name}
    doubtful = any(row.fits is not True and row.instance_type in {*wanted, ALL} for row in rows)
    if not (doubtful and _is_blue_green(stack)):
        return stack
    return replace(
        stack,
        delete_first=True,
        unscale_first=False,  # what scales goes with the endpoint
        notes=tuple(note for note in stack.notes if note != TAKEN_OFF),
        changes=tuple(_down(change) for change in stack.changes),
    )


def _peak(stacks: Sequence[StackPlan], now: Sequence[HostedVariant], later: Sequence[HostedVariant]) -> Counter[str]:
    """Instances while models change side by side and nothing has gone yet."""
    peak: Counter[str] = Counter()
    for stack in stacks:
        old = _counts([variant for variant in now if variant.stack == stack.name])
        new = _counts([variant for variant in later if variant.stack == stack.name])
        if stack.action is StackAction.DELETE:
            peak += old
        elif stack.action is StackAction.CREATE or _is_blue_green(stack):
            peak += old + new
        else:
            peak += old | new
    return peak


def _is_blue_green(stack: StackPlan) -> bool:
    return any(change.impact is Impact.BLUE_GREEN for change in stack.changes)


def _down(change: Change) -> Change:
    if change.impact is not Impact.BLUE_GREEN:
        return change
    return replace(change, action=Action.REPLACE, impact=Impact.REPLACES, meaning=DOWNTIME)


def _counts(variants: Sequence[HostedVariant]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for variant in variants:
        counts[variant.instance_type] += variant.max_count
        counts[ALL] += variant.max_count
    return counts


def _used(in_use: Mapping[str, int] | None, kind: str) -> int | None:
    if in_use is None:
        return None
    return sum(in_use.values()) if kind == ALL else in_use.get(kind, 0)
