"""Text for a person at a terminal. It promises nothing: whatever reads it by machine wants JSON.

Plain characters only; colour is added by the command line, last, where a terminal is there to show it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import assert_never

from esmcfn.domain.audit import Audit
from esmcfn.domain.cost import Cost
from esmcfn.domain.deployment import Deployment
from esmcfn.domain.drift import EnvironmentDrift
from esmcfn.domain.endpoint import Logged
from esmcfn.domain.outputs import Outputs
from esmcfn.domain.plan import Change, Plan, StackAction, StackPlan
from esmcfn.domain.report import Body, Built, Checked, Failure, Outcome, Priced, Refreshed, Validated
from esmcfn.domain.standing import EnvironmentStatus, Waited
from esmcfn.errors import shown, visible
from esmcfn.render import (
    audited,
    deployment,
    drifting,
    excerpt,
    outputs,
    overwriting,
    rejudged,
    repriced,
    standing,
    tags,
    words,
)


def render(outcomes: Sequence[Outcome]) -> str:
    """All environments, a blank line between two."""
    return "\n".join("".join(f"{visible(line, keep=_LINES)}\n" for line in _outcome(outcome)) for outcome in outcomes)


_LINES = "\n"
"""A built template is shown as it is, line by line."""


def _outcome(outcome: Outcome) -> Iterator[str]:
    if isinstance(outcome, Failure):
        yield f"{shown(outcome.environment)}: failed, see the error above (exit code {int(outcome.error.exit_code)})"
        return
    yield from _body(outcome.body)


def _body(body: Body) -> Iterator[str]:  # noqa: C901 - a table, one case for each kind of report
    match body:
        case Validated():
            yield f"{body.environment}: valid, {words.counted(len(body.stacks), 'stack')}: {', '.join(body.stacks)}"
        case Built():
            yield from _built(body)
        case Checked():
            yield from _checked(body)
        case Priced():
            yield from _priced(body)
        case Refreshed():
            yield from repriced.text(body)
        case Audit():
            yield from audited.text(body)
        case Plan():
            yield from _plan(body)
        case Deployment():
            yield from deployment.text(body)
        case Outputs():
            yield from outputs.text(body)
        case EnvironmentStatus():
            yield from standing.text(body)
        case Waited():
            yield from standing.text_waited(body)
        case Logged():
            yield from standing.text_logged(body)
        case EnvironmentDrift():
            yield from drifting.text(body)
        case _:
            assert_never(body)


def _checked(body: Checked) -> Iterator[str]:
    engines = ", ".join(f"{name} {version}" for name, version in body.engines.items())
    yield " · ".join(filter(None, (body.environment, words.judged_alone(body), engines)))
    yield from excerpt.findings(body.findings)
    yield f"Policy   {words.policy_line(body.findings)}"
    yield from rejudged.text(body.since) if body.since else ()


def _priced(body: Priced) -> Iterator[str]:
    yield f"{body.environment} · {body.cost.region}"
    yield from _items(body.cost)
    yield f"Cost     {words.cost_line(body.cost)}"
    if not body.compared:
        yield f"         not compared with what is deployed: {body.why}"
    yield from _notes((*words.beside(body.cost), *body.cost.notes))
    yield from (f"Budget   {reason}" for reason in body.verdict.reasons)


def _built(body: Built) -> Iterator[str]:
    """Written files are named; otherwise a YAML stream whose documents are the templates, byte for byte JSON."""
    for template in body.templates:
        path = body.written.get(template.stack.name)
        if path:
            yield f"{path}  {template.digest}"
        else:
            yield f"--- # {template.stack.name} {template.digest}"
            yield template.text.rstrip("\n")


def _plan(plan: Plan) -> Iterator[str]:
    view = "" if plan.server_side else " · read-only: CloudFormation was not asked"
    back = " · what drifted goes back" if plan.reverts else ""
    only = f" · only {words.some(plan.narrowed)}" if plan.narrowed else ""
    yield f"{plan.environment} · account {plan.account} · {plan.region}{only}{view}{back}"
    yield ""
    quiet = [stack for stack in plan.stacks if _quiet(stack)]
    said = tags.folds(plan.stacks)
    for stack in plan.stacks:
        if stack not in quiet and not tags.quiet(stack, said):
            yield from _stack(stack, said, reverts=plan.reverts)
            yield ""
    for fold in said:
        yield from _tags(fold)
        yield ""
    if quiet:
        yield f"= {words.counted(len(quiet), 'stack')} unchanged: {_some([stack.name for stack in quiet])}"
        yield ""
    yield f"Plan     {'nothing to do; ' if plan.empty else ''}{words.summary(plan)}"
    yield from _callers(plan)
    told = [line for line in (overwriting.line(plan), overwriting.unseen(plan)) if line]
    yield from (f"{label:<9}{line}" for label, line in zip(("Drift", ""), told, strict=False))
    yield from (f"Quota    {line}" for line in words.headroom(plan))
    yield f"Cost     {words.cost_line(plan.cost)}"
    yield from _notes((*words.beside(plan.cost), *plan.cost.notes))
    yield f"Policy   {words.policy_line(plan.findings)}"
    yield from excerpt.findings(plan.findings)
    yield from _verdict(plan)


def _verdict(plan: Plan) -> Iterator[str]:
    if any(finding.blocks for finding in plan.findings):
        yield "Blocked  policy forbids deploying this; see the findings above"
    if plan.verdict.budget:
        yield f"Budget   {plan.verdict.budget}"
    if plan.verdict.over_budget:
        yield f"Blocked  {words.forbidden(plan.verdict)}"


def _tags(fold: tags.Fold) -> Iterator[str]:
    yield f"~ tags of {fold.count}"
    for number, (key, before, after) in enumerate(fold.differences()):
        origin = fold.first.properties[number].origin if isinstance(fold.first, Change) else None
        where = f"  ({origin.path}:{origin.line})" if origin else ""
        yield f"        {key}: {before} -> {after}{where}"
    for stack, names in fold.where:
        yield f"    {stack}: {', '.join(names)}"


def _stack(stack: StackPlan, said: Sequence[tags.Fold], *, reverts: bool) -> Iterator[str]:
    model = f"  ({stack.model})" if stack.model else ""
    yield f"{words.STACK_SYMBOLS[stack.action]} {stack.name}{model}: {stack.action}"
    for change in tags.rest(stack.changes, said):
        yield from _change(change)
    yield from overwriting.text(stack, reverts=reverts)
    for note in stack.notes:
        yield f"    ! {note}"


def _quiet(stack: StackPlan) -> bool:
    """Is there nothing to say of it but that it stays?"""
    return stack.action is StackAction.UNCHANGED and not stack.notes and not (stack.drift and stack.drift.found)


def _change(change: Change) -> Iterator[str]:
    yield f"    {words.SYMBOLS[change.action]} {words.resource(change)}"
    if change.retained or change.taken_over:  # the symbol alone would say something else
        yield f"        {change.meaning}"
    for changed in change.properties:
        where = f"  ({changed.origin.path}:{changed.origin.line})" if changed.origin else ""
        forces = "  forces replacement" if changed.replaces else ""
        before, after = words.shortened(changed.before), words.shortened(changed.after)
        yield f"        {changed.path or 'the whole'}: {before} -> {after}{forces}{where}"


def _callers(plan: Plan) -> Iterator[str]:
    felt = list(words.felt(plan))
    if not felt:
        yield "Callers  notice nothing"
    for number, (impact, who, meaning) in enumerate(felt):
        yield f"{'Callers ' if number == 0 else '        '} {impact}: {who}, {meaning}"


def _items(cost: Cost) -> Iterator[str]:
    for item in words.items(cost):
        hosted = item.hosted
        price = f"{item.price.usd_per_hour} an hour" if item.price else "price unknown"
        software = words.dollars(item.software_monthly)
        yield (
            f"    {hosted.model}  {hosted.expected_count} x {hosted.instance_type}  {price}  "
            f"expected {words.dollars(item.expected_monthly)} "
            f"(min {words.dollars(item.min_monthly)}, max {words.dollars(item.max_monthly)}), software {software}"
        )
    yield from (f"    prices: {source}" for source in words.sources(cost))


def _notes(notes: Sequence[str]) -> Iterator[str]:
    for note in notes:
        yield f"         {note}"


def _some(names: Sequence[str], most: int = 5) -> str:
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
