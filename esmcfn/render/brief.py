"""A plan in a few lines, for the log of a deployment that nobody was asked about."""

from __future__ import annotations

from collections.abc import Iterator

from esmcfn.domain.plan import Plan, StackAction
from esmcfn.render import overwriting, words

FELT = 5
"""Changes that callers notice and that are named, the worst first; the plan has them all."""

STACKS = 5
"""Stacks of a kind that are named."""


def lines(plan: Plan) -> Iterator[str]:
    """What changes for whom, what it costs, and what is known to be lost."""
    back = ", what drifted goes back" if plan.reverts else ""
    yield f"· plan of {plan.environment} ({plan.account}, {plan.region}): {words.summary(plan)}{back}"
    for action in (StackAction.CREATE, StackAction.UPDATE, StackAction.DELETE):
        names = [stack.name for stack in plan.stacks if stack.action is action]
        if names:
            yield f"· {action}: {_some(names)}"
    felt = list(words.felt(plan))
    for impact, who, meaning in felt[:FELT]:
        yield f"· callers: {impact}: {who}, {meaning}"
    if len(felt) > FELT:
        yield f"· callers: {len(felt) - FELT} more such changes"
    if not felt:
        yield "· callers notice nothing"
    yield f"· cost: {words.cost_line(plan.cost)}"
    yield from (f"! quota: {line}" for line in words.headroom(plan))
    yield from (f"! drift: {line}" for line in overwriting.losses(plan))
    if plan.verdict.budget:
        yield f"! budget: {plan.verdict.budget}"


def _some(names: list[str]) -> str:
    more = f" and {len(names) - STACKS} more" if len(names) > STACKS else ""
    return ", ".join(names[:STACKS]) + more
