"""Events x endpoint -> Diagnosis: why a stack failed, in AWS's own words, with one line of advice. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from esmcfn.domain.deployment import Cause, Diagnosis, Execution, Kind, StackEvent
from esmcfn.domain.endpoint import ContainerLog, ObservedEndpoint

CANCELLED = re.compile(r"Resource (creation|update|deletion) cancelled\.?")
"""Reason of a resource that failed only because another one did; the whole of it, since a real one may quote it."""

_CODE = re.compile(r"(?:HandlerErrorCode|Error Code): (\w+)")
_WRAPPED = re.compile(r'Resource handler returned message: "(.*)" \(RequestToken: [^)]*\)', re.DOTALL)

ENDPOINT = "AWS::SageMaker::Endpoint"

_LOG_TELLS = frozenset({Kind.HEALTH, Kind.DOWNLOAD, Kind.NOT_SERVING, Kind.UNKNOWN})
"""Failures that a container's log may explain; in all others it only distracts."""

_FAILURES: tuple[tuple[Kind, str, str], ...] = (
    (
        Kind.QUOTA,
        r"ResourceLimitExceeded|ServiceLimitExceeded|account-level service limit|Number of instances across",
        "raise the quota in Service Quotas (SageMaker, '<instance type> for endpoint usage'), choose another "
        "instance_type, or free instances: esmcfn status shows what runs",
    ),
    (
        Kind.CAPACITY,
        r"InsufficientInstanceCapacity|Unable to provision requested ML compute capacity|Request to service failed",
        "AWS has no such host free at the moment: try again later, or choose another instance_type or region",
    ),
    (
        Kind.HEALTH,
        r"did not pass the ping health check",
        "the container started and did not answer: read its last lines, mostly memory or a driver; a larger "
        "instance_type has more of both",
    ),
    (
        Kind.SUBSCRIPTION,
        r"not subscribed",
        "subscribe this account to the model on AWS Marketplace, and check that model_package is that product's",
    ),
    (
        Kind.DOWNLOAD,
        r"model data|[Dd]ownload\w* .*tim(?:ed|e)? ?out|Could not access .*s3://",
        "check that the role may read the model data and that the bucket is in the environment's region",
    ),
    (
        Kind.ROLE,
        r"Could not assume role|iam:PassRole",
        "check the execution role's trust (sagemaker.amazonaws.com) and that the deployer may pass it",
    ),
    (
        Kind.IMAGE,
        r"ecr:|[Rr]equested image|Docker image|Unable to locate .*image",
        "check that the image exists in this region and that the role may pull it",
    ),
    (
        Kind.SCALING,
        r"scalable target|is an? auto ?scaling target|application-autoscaling:",
        "an autoscaling target stands in the way: deregister it first, or let the deployer deregister it",
    ),
    (
        Kind.NAME,
        r"[Cc]annot create already existing|already exists|AlreadyExists|custom-named resource requires replacing",
        "something of this name exists outside of this stack: delete it, or change the name in the catalog",
    ),
    (
        Kind.PERMISSION,
        r"AccessDenied|is not authorized to perform|explicit deny|UnauthorizedTaggingOperation",
        "give the deployer (or CloudFormation's service role) the permission that the reason names",
    ),
    (
        Kind.CANCELLED,
        r"User Initiated|Stack (?:creation|update) was cancelled|cancelled by user",
        "it was cancelled; deploy again when you are ready",
    ),
)
"""Words of AWS to what they mean; the order decides, since a reason may fit several.

The words are those of AWS's own messages, as users have reported them.
"""

_AFTERMATH = {
    "ROLLBACK_COMPLETE": "CloudFormation removed all that it had made; the stack's empty name is left, and the next "
    "deploy clears it away",
    "ROLLBACK_FAILED": "CloudFormation could not remove all that it had made: {recover}",
    "CREATE_FAILED": "CloudFormation stopped and what was made still runs: {recover}",
    "UPDATE_FAILED": "CloudFormation stopped half-way and both old and new resources stand: {recover}",
    "UPDATE_ROLLBACK_COMPLETE": "CloudFormation went back: everything is as it was before",
    "UPDATE_ROLLBACK_FAILED": "CloudFormation could not go back: {recover}",
    "DELETE_FAILED": "what could not be deleted still exists: mend the cause and run it again",
    "DELETE_COMPLETE": "CloudFormation removed the stack and all that it had made",
    "IMPORT_ROLLBACK_COMPLETE": "CloudFormation went back: nothing was imported",
}


DELETED_FIRST = (
    "the endpoint had been deleted first, to make room, and the new one did not come: calls fail until a deployment "
    "succeeds"
)


class Sight(Struct, frozen=True, kw_only=True):
    """What was seen of an endpoint when its stack failed; it goes away with a rollback.

    Attributes:
        endpoint: None where SageMaker knew none.
        log: None where it could not be read.
    """

    endpoint: ObservedEndpoint | None = None
    log: ContainerLog | None = None


def causes(events: Sequence[StackEvent]) -> tuple[Cause, ...]:
    """What failed by itself, in order of time; the stack's own reason where no resource failed.

    What was cancelled with something else is none, and neither is a nested stack of which a resource failed. The
    stack's own reason is an alarm, a timeout, or a person who cancelled.
    """
    failed = [event for event in events if event.status.endswith("_FAILED") and not CANCELLED.fullmatch(event.reason)]
    resources = [event for event in failed if not event.of_stack]
    inner = [event for event in resources if not _told_by_another(event, resources)]
    turned = [event for event in events if event.of_stack and "ROLLBACK_IN_PROGRESS" in event.status and event.reason]
    named = inner or turned or [event for event in failed if event.of_stack]
    return tuple(dict.fromkeys(_cause(event) for event in named))


def diagnose(execution: Execution, sight: Sight, *, environment: str, deleted_first: bool = False) -> Diagnosis:
    """Why the operation failed, what CloudFormation did about it, and what can be done.

    Args:
        deleted_first: the endpoint had been deleted before, to make room.
    """
    found = causes(execution.events)
    # An endpoint keeps its reason: it tells of this operation only where the endpoint is what failed.
    told = any(cause.resource_type == ENDPOINT for cause in found)
    seen = sight.endpoint.failure_reason if sight.endpoint and told else ""
    kind, advice = classified(f"{found[0].code} {found[0].reason}" if found else "")
    if kind is Kind.UNKNOWN and seen:
        kind, advice = classified(seen)
    recover = f"esmcfn deploy {environment} --recover shows and takes the way out"
    aftermath = _AFTERMATH.get(execution.status or "", "look at the stack in the CloudFormation console")
    return Diagnosis(
        kind=kind,
        causes=found,
        advice=advice,
        aftermath=DELETED_FIRST if deleted_first else aftermath.format(recover=recover),
        failure_reason=seen,
        log=_telling(kind, execution, sight.log),
    )


def not_serving(execution: Execution, sight: Sight, *, wanted: str, environment: str) -> Diagnosis:
    """CloudFormation is content and the endpoint is not what was deployed.

    Args:
        wanted: name of the configuration that should be served.
    """
    endpoint = sight.endpoint
    if endpoint is None:
        reason = "SageMaker knows no such endpoint: somebody deleted it"
        advice = f"esmcfn deploy {environment} --revert-drift makes it again; so do esmcfn park and then esmcfn resume"
    elif endpoint.config_name != wanted:
        reason = f"the endpoint is {endpoint.status} and serves {endpoint.config_name}, not {wanted}"
        advice = (
            "SageMaker went back to the configuration before: mend the cause, then "
            f"esmcfn deploy {environment} --revert-drift has it serve the new one"
        )
    else:
        reason = f"the endpoint is {endpoint.status}, not InService"
        advice = f"esmcfn status {environment} shows it; esmcfn wait {environment} waits for it"
    seen = endpoint.failure_reason if endpoint else ""
    kind, better = classified(seen)
    return Diagnosis(
        kind=Kind.NOT_SERVING,
        causes=(Cause(logical_id="Endpoint", resource_type=ENDPOINT, reason=reason),),
        advice=advice if kind is Kind.UNKNOWN else better,
        aftermath="CloudFormation calls the stack complete: it was deployed, but what was deployed does not serve",
        failure_reason=seen,
        log=_telling(kind, execution, sight.log),
    )


def classified(reason: str) -> tuple[Kind, str]:
    """What kind of failure AWS's words tell of, and one line of advice."""
    for kind, words, advice in _FAILURES:
        if re.search(words, reason):
            return kind, advice
    return Kind.UNKNOWN, "read the reason; esmcfn does not know this one"


def _telling(kind: Kind, execution: Execution, log: ContainerLog | None) -> ContainerLog | None:
    """The log as far as it is about this operation: an endpoint of this name may have written long before."""
    if log is None or kind not in _LOG_TELLS or not execution.events:
        return None
    began = execution.events[0].at
    lines = tuple(line for line in log.lines if line.at >= began)
    return ContainerLog(started=bool(lines), lines=lines)


def _told_by_another(event: StackEvent, events: Sequence[StackEvent]) -> bool:
    """Is it a nested stack that failed only because something inside did?"""
    if not event.of_nested:
        return False
    inside = f"{event.logical_id}/"
    return any(other.logical_id.startswith(inside) for other in events)


def _cause(event: StackEvent) -> Cause:
    code, inner = _CODE.search(event.reason), _WRAPPED.fullmatch(event.reason)
    return Cause(
        logical_id=event.logical_id,
        resource_type=event.resource_type,
        reason=(inner[1] if inner else event.reason) or event.status,
        code=code[1] if code else "",
    )
