"""A plan that was reviewed, made again from the checkout and its kept change sets; any difference refuses it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from esmcfn import documents, plan
from esmcfn.domain.changeset import ChangeSet, Reviewed
from esmcfn.domain.plan import LIFETIME, Plan, ReviewedPlan
from esmcfn.domain.project import Project
from esmcfn.domain.report import Report
from esmcfn.domain.stack import Selection
from esmcfn.domain.template import Template
from esmcfn.errors import StalePlanError
from esmcfn.template import digest_of
from esmcfn.verbs.plan.planning import Manner, make_plan
from esmcfn.verbs.plan.reading import Pair
from esmcfn.verbs.world import World

AGAIN = "plan again and review what has changed"

AHEAD = timedelta(minutes=5)
"""How far the clock of whoever planned may be ahead of ours."""

MOST = 5
"""Differences between two templates that a refusal names."""


def remade(project: Project, selection: Selection, world: World, reviewed: ReviewedPlan) -> Report:
    """The same plan, made now; its change sets are those that were kept.

    Raises:
        StalePlanError: something is not as it was reviewed; says what.
        CloudError, StackBusyError: as planning raises them.
    """
    _refuse_another_place(selection, reviewed)
    _refuse_another_time(reviewed, world.now)
    kept = {stack["name"]: stack["change_set_id"] for stack in reviewed.stacks if stack.get("change_set_id")}
    manner = Manner(
        kept=lambda pair: _kept(pair, kept, world, reverts=reviewed.reverts),
        delete_first=reviewed.delete_first,
        revert=reviewed.reverts,
        wholly=reviewed.native,
    )
    report = make_plan(project, selection, world, manner)
    assert isinstance(report.body, Plan)  # noqa: S101 - make_plan makes plans
    now = documents.plan(report.body)
    stacks = now["stacks"]
    assert isinstance(stacks, list)  # noqa: S101 - documents.plan makes a list
    found = plan.differences(reviewed.stacks, stacks)
    # What else is otherwise follows from stacks that are; what the gate blocks today it tells by itself.
    if not found and not report.body.verdict.blocked:
        found = plan.otherwise(reviewed.document, now)
    if found:
        raise StalePlanError("the plan is stale: " + "; ".join(found), next_step=AGAIN)
    return report


def _kept(pair: Pair, kept: Mapping[str, str], world: World, *, reverts: bool) -> ChangeSet:
    """The change set of a stack that was reviewed.

    Args:
        kept: stack name to the ARN of its change set.
        reverts: the plan puts back what drifted.

    Raises:
        StalePlanError: there is none, or it is not what this checkout would have made.
    """
    assert pair.template is not None  # noqa: S101 - only built templates have change sets
    name = pair.template.stack.name
    fresh = _fresh(pair, world) if reverts and pair.deployed else None
    if name not in kept:
        if fresh is not None and fresh.empty:
            return fresh
        raise StalePlanError(f"{name} would change now, and no change set of it was reviewed", next_step=AGAIN)
    found = world.connect().stacks.reviewed(kept[name])
    _refuse_another_change_set(pair.template, found, world.now, reverts=fresh is not None)
    if fresh is not None and fresh.changes != found.change_set.changes:
        raise StalePlanError(f"{name}: what drifted has moved since it was reviewed", next_step=AGAIN)
    return found.change_set


def _fresh(pair: Pair, world: World) -> ChangeSet:
    """What reverting the drift of a stack would do now; nothing of it stays. A change set knows only its own day."""
    assert pair.template is not None  # noqa: S101 - only built templates have change sets
    stacks = world.connect().stacks
    made = stacks.propose(pair.template, pair.deployed, revert=True)
    stacks.discard(made)
    return made


def _refuse_another_place(selection: Selection, reviewed: ReviewedPlan) -> None:
    place = (selection.environment.name, selection.target.account, selection.target.region)
    then = (reviewed.environment, reviewed.account, reviewed.region)
    if place != then:
        raise StalePlanError(f"the plan is for {' '.join(then)}, and this is {' '.join(place)}", next_step=AGAIN)


def _refuse_another_time(reviewed: ReviewedPlan, now: datetime) -> None:
    """A plan that was blocked when it was made, is not made yet, or has expired."""
    if reviewed.blocked:
        raise StalePlanError("policy or budget blocked this plan when it was made", next_step=AGAIN)
    if reviewed.created_at > now + AHEAD:
        made = f"{reviewed.created_at:%Y-%m-%d %H:%M} UTC"
        raise StalePlanError(f"the plan says that it was made at {made}, which is yet to come", next_step=AGAIN)
    if min(reviewed.expires_at, reviewed.created_at + LIFETIME) <= now:
        hours = LIFETIME.total_seconds() / 3600
        raise StalePlanError(f"the plan is more than {hours:.0f} hours old: it expired", next_step=AGAIN)


def _refuse_another_change_set(template: Template, found: Reviewed, now: datetime, *, reverts: bool) -> None:
    """Only what this checkout builds is executed, and only as esmcfn asks for it; a plan's file may be forged."""
    stack, change_set = template.stack, found.change_set
    wrong: tuple[str, ...] = ()
    if change_set.stack_name != stack.name:
        wrong = (f"its change set is of stack {change_set.stack_name}",)
    elif found.strange:
        wrong = (f"its change set asks for what esmcfn never asks for: {', '.join(found.strange)}",)
    elif change_set.reverts is not reverts:
        wrong = (f"its change set {'reverts drift' if change_set.reverts else 'reverts no drift'}, unlike the plan",)
    elif dict(found.tags) != dict(stack.tags):
        wrong = ("its change set sets other tags than the checkout",)
    elif found.template is None or digest_of(found.template) != template.digest:
        wrong = _template_differences(template, found)
    elif found.created_at + LIFETIME <= now:
        wrong = (f"its change set is of {found.created_at:%Y-%m-%d %H:%M} UTC and has expired",)
    if wrong:
        raise StalePlanError(f"{stack.name}: {'; '.join(wrong)}", next_step=AGAIN)


def _template_differences(template: Template, found: Reviewed) -> tuple[str, ...]:
    """What the checkout builds otherwise than what was reviewed."""
    said = ["the checkout builds another template than the one that was reviewed"]
    for change in plan.compare(template, found.template or {}):
        for changed in change.properties or ():
            said.append(f"{change.logical_id}.{changed.path}: {changed.before} was reviewed, {changed.after} is built")
    return tuple(said[: MOST + 1])
