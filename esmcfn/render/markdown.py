"""Markdown for a pull request: the news above the fold, the details folded, nothing that a name could break out of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import assert_never

from esmcfn.domain.audit import Audit
from esmcfn.domain.cost import Cost
from esmcfn.domain.deployment import Deployment
from esmcfn.domain.drift import EnvironmentDrift
from esmcfn.domain.endpoint import Logged
from esmcfn.domain.finding import Finding
from esmcfn.domain.outputs import Outputs
from esmcfn.domain.plan import Change, Plan, StackAction, StackPlan
from esmcfn.domain.report import Body, Built, Checked, Failure, Outcome, Priced, Refreshed, Validated
from esmcfn.domain.standing import EnvironmentStatus, Waited
from esmcfn.errors import InputError, Problem
from esmcfn.render import audited, deployment, drifting, outputs, overwriting, rejudged, repriced, standing, tags, words
from esmcfn.render.escape import code, html, safe


def render(outcomes: Sequence[Outcome]) -> str:
    """All environments, one after the other."""
    return "\n".join("".join(f"{line}\n" for line in _outcome(outcome)) for outcome in outcomes)


def _outcome(outcome: Outcome) -> Iterator[str]:
    if isinstance(outcome, Failure):
        yield f"### {safe(outcome.environment)}: failed"
        yield ""
        yield f"{safe(str(outcome.error))} (exit code {int(outcome.error.exit_code)})"
        problems = outcome.error.problems if isinstance(outcome.error, InputError) else ()
        yield from ("", *(f"- {_problem(problem)}" for problem in problems)) if problems else ()
        return
    yield from _body(outcome.body)


def _problem(problem: Problem) -> str:
    place = f"{problem.file}:{problem.line}:{problem.column}" if problem.line else problem.file
    hint = f" ({safe(problem.suggestion)})" if problem.suggestion else ""
    return f"{code(place)}: {safe(problem.message)}{hint}"


def _body(body: Body) -> Iterator[str]:  # noqa: C901 - a table, one case for each kind of report
    match body:
        case Validated():
            yield f"### {safe(body.environment)}: valid, {words.counted(len(body.stacks), 'stack')}"
        case Built():
            yield from _built(body)
        case Checked():
            yield from _checked(body)
        case Priced():
            yield from _priced(body)
        case Refreshed():
            yield from repriced.markdown(body)
        case Audit():
            yield from audited.markdown(body)
        case Plan():
            yield from _plan(body)
        case Deployment():
            yield from deployment.markdown(body)
        case Outputs():
            yield from outputs.markdown(body)
        case EnvironmentStatus():
            yield from standing.markdown(body)
        case Waited():
            yield from standing.markdown(body.status)
        case Logged():
            yield from standing.markdown_logged(body)
        case EnvironmentDrift():
            yield from drifting.markdown(body)
        case _:
            assert_never(body)


def _built(body: Built) -> Iterator[str]:
    yield f"### {safe(body.environment)}: {words.counted(len(body.templates), 'template')}"
    yield ""
    yield "| stack | digest |"
    yield "| --- | --- |"
    yield from (f"| {code(each.stack.name)} | {code(each.digest)} |" for each in body.templates)


def _checked(body: Checked) -> Iterator[str]:
    only = words.judged_alone(body)
    yield f"### {safe(body.environment)}{f', {safe(only)}' if only else ''}: policy {words.policy_line(body.findings)}"
    yield from _findings(body.findings)
    yield from rejudged.markdown(body.since) if body.since else ()


def _priced(body: Priced) -> Iterator[str]:
    yield f"### {safe(body.environment)}: {words.cost_line(body.cost)}"
    yield from _cost(body.cost)
    for reason in body.verdict.reasons:
        yield ""
        yield f"**Budget** {safe(reason)}"
    if not body.compared:
        yield ""
        yield f"Not compared with what is deployed: {safe(body.why)}"


def _plan(plan: Plan) -> Iterator[str]:
    only = f", only {words.some([safe(key) for key in plan.narrowed])}" if plan.narrowed else ""
    yield f"### {safe(plan.environment)}{only}: {_state(plan)}"
    yield ""
    yield f"**Changes** {words.summary(plan)}  "
    yield f"**Callers** {_callers(plan)}  "
    yield from (f"**Drift** {line}  " for line in (overwriting.line(plan), overwriting.unseen(plan)) if line)
    yield f"**Cost** {words.cost_line(plan.cost)}  "
    yield f"**Policy** {words.policy_line(plan.findings)}  "
    yield f"Account {plan.account}, {plan.region}, plan {code(plan.plan_id)}"
    if plan.verdict.budget:
        yield ""
        yield f"**Budget** {safe(plan.verdict.budget)}"
    if plan.verdict.over_budget:
        yield ""
        yield f"**Blocked** {safe(words.forbidden(plan.verdict))}"
    for line in words.headroom(plan):
        yield ""
        yield f"**Quota** {safe(line)}"
    if not plan.server_side:
        yield ""
        yield "Read-only: templates were compared, CloudFormation was not asked."
    if plan.reverts:
        yield ""
        yield "What drifted goes back to what was deployed (`--revert-drift`)."
    said = tags.folds(plan.stacks)
    for stack in plan.stacks:
        silent = stack.action is StackAction.UNCHANGED and not stack.notes and not (stack.drift and stack.drift.found)
        if not silent and not tags.quiet(stack, said):
            yield from _stack(stack, said, reverts=plan.reverts)
    for fold in said:
        yield from _tags(fold)
    quiet = [stack.name for stack in plan.stacks if stack.action is StackAction.UNCHANGED]
    if quiet:
        yield ""
        yield f"Unchanged: {', '.join(code(name) for name in quiet)}"
    yield from _findings(plan.findings)
    yield from _cost(plan.cost)


def _state(plan: Plan) -> str:
    """What there is to do, and whether it may be done: the gate stops a run that changes nothing, too."""
    policy = "blocked" if any(finding.blocks for finding in plan.findings) else ""
    over = "budget cannot be judged" if plan.verdict.unjudged else "over budget"
    news = [word for word in (policy, over if plan.verdict.over_budget else "") if word]
    return ", ".join([*(["nothing to do"] if plan.empty else []), *news]) or "ready"


def _callers(plan: Plan) -> str:
    felt = [f"{impact}: {safe(who)}, {safe(meaning)}" for impact, who, meaning in words.felt(plan)]
    return "; ".join(felt) or "notice nothing"


def _tags(fold: tags.Fold) -> Iterator[str]:
    yield ""
    yield f"<details><summary>~ tags of {fold.count}</summary>"
    yield ""
    for key, before, after in fold.differences():
        yield f"- {code(key)}: {code(before)} → {code(after)}"
    for stack, names in fold.where:
        yield f"- {code(stack)}: {', '.join(code(name) for name in names)}"
    yield ""
    yield "</details>"


def _stack(stack: StackPlan, said: Sequence[tags.Fold], *, reverts: bool) -> Iterator[str]:
    yield ""
    changes = words.counted(len(stack.changes), "change")
    symbol, name = words.STACK_SYMBOLS[stack.action], html(stack.name)
    yield f"<details><summary>{symbol} <code>{name}</code> {stack.action}, {changes}</summary>"
    yield ""
    for change in tags.rest(stack.changes, said):
        yield from _change(change)
    yield from overwriting.markdown(stack, reverts=reverts)
    yield from (f"- note: {safe(note)}" for note in stack.notes)
    yield ""
    yield "</details>"


def _change(change: Change) -> Iterator[str]:
    known = change.name or change.physical_id
    physical = f" {code(known)}" if known else ""
    yield (
        f"- {words.SYMBOLS[change.action]} **{change.action}** {code(change.logical_id)} "
        f"{change.resource_type}{physical}: {safe(change.meaning)}"
    )
    for changed in change.properties:
        where = f" ({safe(changed.origin.path)}:{changed.origin.line})" if changed.origin else ""
        forces = ", forces replacement" if changed.replaces else ""
        before, after = words.shortened(changed.before), words.shortened(changed.after)
        yield f"  - {code(changed.path or 'the whole')}: {code(before)} → {code(after)}{forces}{where}"


def _findings(findings: Sequence[Finding]) -> Iterator[str]:
    if not findings:
        return
    yield ""
    yield "| level | rule | where | finding |"
    yield "| --- | --- | --- | --- |"
    for finding in findings:
        waived = f" (waived: {words.signed(finding.waiver)})" if finding.waiver else ""
        advice = f". To mend it: {finding.advice}" if finding.advice and not finding.waiver else ""
        yield (
            f"| {finding.level} | {code(finding.rule)} | {code(words.place(finding))} "
            f"| {safe(finding.message + advice + waived)} |"
        )


def _cost(cost: Cost) -> Iterator[str]:
    listed = words.items(cost)
    if listed:
        yield ""
        yield f"| model | instances | {cost.currency} an hour | expected a month | min | max | software a month |"
        yield "| --- | --- | --- | --- | --- | --- | --- |"
    for item in listed:
        price = str(item.price.usd_per_hour) if item.price else "unknown"
        yield (
            f"| {code(item.hosted.model)} | {item.hosted.expected_count} x {item.hosted.instance_type} | {price} "
            f"| {words.dollars(item.expected_monthly)} | {words.dollars(item.min_monthly)} "
            f"| {words.dollars(item.max_monthly)} | {words.dollars(item.software_monthly)} |"
        )
    for source in words.sources(cost):
        yield ""
        yield f"Prices: {safe(source)}"
    for note in (*words.beside(cost), *cost.notes):
        yield ""
        yield safe(note)
