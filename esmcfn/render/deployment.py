"""A deployment as lines of text and of Markdown: what was done, why what failed did, and what can be done about it."""

from __future__ import annotations

from collections.abc import Iterator

from esmcfn.domain.deployment import Deployment, Diagnosis, StackOutcome
from esmcfn.domain.plan import StackAction
from esmcfn.errors import LostSight
from esmcfn.render import settings, words
from esmcfn.render.escape import code, safe

NOTHING_EXECUTED = "CloudFormation had nothing to do"
"""Where another one's status would stand: of an endpoint that fell, of a stack of which only a setting is switched."""

LOG_LINES = 8
"""Lines of a container's log that a report for people shows; JSON has all that were read."""


def text(deployment: Deployment) -> Iterator[str]:
    """Lines for a terminal."""
    yield f"{deployment.environment} · account {deployment.account} · {deployment.region}"
    for stack in deployment.stacks:
        yield f"{words.STACK_SYMBOLS[stack.action]} {stack.name}: {_ended(stack)}{_took(stack)}"
        yield from (f"    {line}" for line in _why(stack))
    if not deployment.stacks and not deployment.deleted:
        yield f"= nothing {'that CloudFormation could do' if deployment.left else 'to do'}"
    yield from (f"Deleted  {each}" for each in deployment.deleted)
    yield from (f"Left     {each}" for each in deployment.left)
    yield from _endpoints(deployment)
    if deployment.stacks and deployment.succeeded:
        yield f"Cost     {words.cost_line(deployment.cost)}"
    yield _verdict(deployment)
    if deployment.settings:
        yield ""
        yield from settings.text(deployment.settings)


def markdown(deployment: Deployment) -> Iterator[str]:
    """A section with a table, and what failed below it."""
    ended = f"done{_left(deployment, 'below')}" if deployment.succeeded else "failed"
    yield f"### {safe(deployment.environment)}: {ended}"
    yield ""
    yield "| stack | action | status | cause |"
    yield "| --- | --- | --- | --- |"
    for stack in deployment.stacks:
        cause = next(iter(_why(stack)), "")
        yield f"| {code(stack.name)} | {stack.action} | {safe(_ended(stack))} | {safe(cause)} |"
    for stack in deployment.stacks:
        lines = list(_why(stack))
        if lines:
            yield ""
            yield f"**{safe(stack.name)}**"
            yield ""
            yield from (f"- {safe(line)}" for line in lines)
    if deployment.deleted or deployment.left:
        yield ""
        yield from (f"- deleted: {safe(each)}" for each in deployment.deleted)
        yield from (f"- left: {safe(each)}" for each in deployment.left)
    if deployment.settings:
        yield from settings.markdown(deployment.settings)


def _ended(stack: StackOutcome) -> str:
    if _unseen(stack):
        return "lost sight of, it goes on"
    if stack.error is not None and stack.execution is None:
        return "not done"
    if stack.execution is None:
        return "not reached"
    serving = f", endpoint {stack.endpoint.status}" if stack.endpoint else ""
    return f"{stack.execution.status or NOTHING_EXECUTED}{serving}"


def _unseen(stack: StackOutcome) -> bool:
    """Did it go on where nobody could see it? Then it has not failed."""
    return isinstance(stack.error, LostSight)


def _took(stack: StackOutcome) -> str:
    seconds = stack.execution.seconds if stack.execution else None
    return "" if seconds is None else f"  ({words.duration(seconds)})"


def _why(stack: StackOutcome) -> Iterator[str]:
    """Why it failed, the cause first; nothing after a success."""
    if stack.error is not None:
        yield f"! {stack.error.message}"
        if stack.error.next_step:
            yield f"next: {stack.error.next_step}"
    if stack.diagnosis is not None:
        yield from _diagnosis(stack.diagnosis)


def _diagnosis(diagnosis: Diagnosis) -> Iterator[str]:
    first, *others = diagnosis.causes or (None,)
    yield f"! {first}" if first else "! CloudFormation gave no reason"
    told = str(first)
    if diagnosis.failure_reason and diagnosis.failure_reason not in told:
        yield f"SageMaker: {diagnosis.failure_reason}"
    yield from (f"also failed: {other}" for other in others)
    yield f"{diagnosis.kind}: {diagnosis.advice}"
    if diagnosis.log is not None:
        if not diagnosis.log.started:
            yield "container log: there is none, so no container ever started"
        for line in diagnosis.log.lines[-LOG_LINES:]:
            yield f"container log: {line.text}"
    yield diagnosis.aftermath


def _endpoints(deployment: Deployment) -> Iterator[str]:
    for key, endpoint in deployment.endpoints.items():
        yield f"Endpoint {key}: {endpoint.endpoint_name}  ({endpoint.forge_model_name})"


def _verdict(deployment: Deployment) -> str:
    failed = [stack.name for stack in deployment.stacks if not stack.succeeded and not _unseen(stack)]
    unseen = [stack.name for stack in deployment.stacks if _unseen(stack)]
    if failed or unseen:
        said = (f"Failed   {', '.join(failed)}" if failed else "", f"Unseen   {', '.join(unseen)}" if unseen else "")
        return "\n".join(filter(None, said))
    return f"Done     {_done(deployment)}{_left(deployment, 'above')}".rstrip()


def _done(deployment: Deployment) -> str:
    if deployment.stacks:
        removed = all(stack.action is StackAction.DELETE for stack in deployment.stacks)
        return f"{words.counted(len(deployment.stacks), 'stack')} {'removed' if removed else 'changed'}"
    if deployment.left:
        return f"{words.counted(len(deployment.deleted), 'thing')} deleted" if deployment.deleted else "nothing changed"
    return "" if deployment.deleted else "everything was as it should be"


def _left(deployment: Deployment, where: str) -> str:
    """That something stays as it was: a verdict without it would be taken for an all-clear."""
    if not deployment.left:
        return ""
    return f", and {words.counted(len(deployment.left), 'thing')} left: named {where}"
