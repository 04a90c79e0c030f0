"""Markdown for a pull request: the news above the fold, the details folded, nothing that a name could break out of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import assert_never

from esmcfn.domain.cost import Cost
from esmcfn.domain.deployment import Deployment
from esmcfn.domain.finding import Finding
from esmcfn.domain.plan import Change, Plan, StackAction, StackPlan
from esmcfn.domain.report import Body, Built, Checked, Failure, Outcome, Priced, Validated
from esmcfn.errors import visible
from esmcfn.render import words


def render(outcomes: Sequence[Outcome]) -> str:
    """All environments, one after the other."""
    return "\n".join("".join(f"{line}\n" for line in _outcome(outcome)) for outcome in outcomes)


def _outcome(outcome: Outcome) -> Iterator[str]:
    if isinstance(outcome, Failure):
        yield f"### {_safe(outcome.environment)}: failed"
        yield ""
        yield f"{_safe(str(outcome.error))} (exit code {int(outcome.error.exit_code)})"
        return
    yield from _body(outcome.body)


def _body(body: Body) -> Iterator[str]:
    match body:
        case Validated():
            yield f"### {_safe(body.environment)}: valid, {words.counted(len(body.stacks), 'stack')}"
        case Built():
            yield f"### {_safe(body.environment)}: {words.counted(len(body.templates), 'template')}"
            yield ""
            yield "| stack | digest |"
            yield "| --- | --- |"
            yield from (f"| {_code(each.stack.name)} | {_code(each.digest)} |" for each in body.templates)
        case Checked():
            yield f"### {_safe(body.environment)}: policy {words.policy_line(body.findings)}"
            yield from _findings(body.findings)
        case Priced():
            yield f"### {_safe(body.environment)}: {words.cost_line(body.cost)}"
            yield from _cost(body.cost)
            if not body.compared:
                yield ""
                yield f"Not compared with what is deployed: {_safe(body.why)}"
        case Plan():
            yield from _plan(body)
        case Deployment():
            yield from _deployment(body)
        case _:
            assert_never(body)


def _deployment(deployment: Deployment) -> Iterator[str]:
    yield f"### {_safe(deployment.environment)}: {'deployed' if deployment.succeeded else 'failed'}"
    yield ""
    yield "| stack | action | status | cause |"
    yield "| --- | --- | --- | --- |"
    for stack in deployment.stacks:
        ended = stack.execution.status if stack.execution else "not reached"
        causes = "; ".join(stack.execution.causes) if stack.execution else ""
        yield f"| {_code(stack.name)} | {stack.action} | {ended} | {_safe(causes)} |"


def _plan(plan: Plan) -> Iterator[str]:
    state = "blocked" if plan.verdict.blocked else "over budget" if plan.verdict.over_budget else "ready"
    yield f"### {_safe(plan.environment)}: {'nothing to do' if plan.empty else state}"
    yield ""
    yield f"**Changes** {words.summary(plan)}  "
    yield f"**Callers** {_callers(plan)}  "
    yield f"**Cost** {words.cost_line(plan.cost)}  "
    yield f"**Policy** {words.policy_line(plan.findings)}  "
    yield f"Account {plan.account}, {plan.region}, plan {_code(plan.plan_id)}"
    if plan.verdict.budget:
        yield ""
        yield f"**Budget** {_safe(plan.verdict.budget)}"
    if not plan.server_side:
        yield ""
        yield "Read-only: templates were compared, CloudFormation was not asked."
    for stack in plan.stacks:
        if stack.action is not StackAction.UNCHANGED or stack.notes:
            yield from _stack(stack)
    quiet = [stack.name for stack in plan.stacks if stack.action is StackAction.UNCHANGED]
    if quiet:
        yield ""
        yield f"Unchanged: {', '.join(_code(name) for name in quiet)}"
    yield from _findings(plan.findings)
    yield from _cost(plan.cost)


def _callers(plan: Plan) -> str:
    felt = [f"{impact}: {_safe(who)}, {_safe(meaning)}" for impact, who, meaning in words.felt(plan)]
    return "; ".join(felt) or "notice nothing"


def _stack(stack: StackPlan) -> Iterator[str]:
    yield ""
    changes = words.counted(len(stack.changes), "change")
    symbol, name = words.STACK_SYMBOLS[stack.action], _html(stack.name)
    yield f"<details><summary>{symbol} <code>{name}</code> {stack.action}, {changes}</summary>"
    yield ""
    for change in stack.changes:
        yield from _change(change)
    yield from (f"- note: {_safe(note)}" for note in stack.notes)
    yield ""
    yield "</details>"


def _change(change: Change) -> Iterator[str]:
    known = change.name or change.physical_id
    physical = f" {_code(known)}" if known else ""
    yield (
        f"- {words.SYMBOLS[change.action]} **{change.action}** {_code(change.logical_id)} "
        f"{change.resource_type}{physical}: {_safe(change.meaning)}"
    )
    for changed in change.properties:
        where = f" ({_safe(changed.origin.path)}:{changed.origin.line})" if changed.origin else ""
        forces = ", forces replacement" if changed.replaces else ""
        before, after = words.shortened(changed.before), words.shortened(changed.after)
        yield f"  - {_code(changed.path or 'the whole')}: {_code(before)} → {_code(after)}{forces}{where}"


def _findings(findings: Sequence[Finding]) -> Iterator[str]:
    if not findings:
        return
    yield ""
    yield "| level | rule | where | finding |"
    yield "| --- | --- | --- | --- |"
    for finding in findings:
        waived = f" (waived by {finding.waived_by})" if finding.waived_by else ""
        yield (
            f"| {finding.level} | {_code(finding.rule)} | {_code(words.place(finding))} "
            f"| {_safe(finding.message + waived)} |"
        )


def _cost(cost: Cost) -> Iterator[str]:
    if cost.items:
        yield ""
        yield f"| model | instances | {cost.currency} an hour | expected a month | min | max | software a month |"
        yield "| --- | --- | --- | --- | --- | --- | --- |"
    for item in cost.items:
        price = str(item.price.usd_per_hour) if item.price else "unknown"
        yield (
            f"| {_code(item.hosted.model)} | {item.hosted.expected_count} x {item.hosted.instance_type} | {price} "
            f"| {words.dollars(item.expected_monthly)} | {words.dollars(item.min_monthly)} "
            f"| {words.dollars(item.max_monthly)} | {words.dollars(item.software_monthly)} |"
        )
    for note in cost.notes:
        yield ""
        yield _safe(note)


def _code(text: str) -> str:
    """Text as code: a backtick inside must not end it, a pipe must not end a table's cell."""
    return "`" + _flat(text).replace("`", "'").replace("|", "¦") + "`"


def _safe(text: str) -> str:
    """Text as prose: no markup, no table cell's end, and nobody is mentioned by it."""
    for character in "\\`*_[]|":
        text = text.replace(character, f"\\{character}")
    return _html(_flat(text)).replace("@", "@\u200b")


def _html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _flat(text: str) -> str:
    return visible(" ".join(text.split()))
