"""One execution of a plan, with its events and outcome."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from esmcfn.domain.cost import Cost
from esmcfn.domain.endpoint import ContainerLog, ObservedEndpoint
from esmcfn.domain.github import GitHubSettings
from esmcfn.domain.plan import EndpointOutput, StackAction
from esmcfn.errors import EsmcfnError, ExitCode

SUCCEEDED = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE", "DELETE_COMPLETE"})
"""How an operation that did what it was asked ends; everything else it ends with is a failure."""

RECOVERED = frozenset({"ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "DELETE_COMPLETE"})
"""How a recovery ends that did what it was asked."""


class StackEvent(Struct, frozen=True, kw_only=True):
    """One line of CloudFormation's own account.

    Attributes:
        event_id: CloudFormation's; unique.
        at: in UTC.
        logical_id: with the nested stacks that lead to it, "Child/Endpoint".
        detailed_status: CONFIGURATION_COMPLETE where a resource is made and is waited for; mostly empty.
            https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stack-resource-configuration-complete.html
        of_stack: about the stack that was asked for, not one of its resources.
        of_nested: about a nested stack as a whole, told by itself or by its parent.
    """

    event_id: str
    at: datetime
    logical_id: str
    resource_type: str
    status: str
    reason: str
    physical_id: str = ""
    detailed_status: str = ""
    of_stack: bool = False
    of_nested: bool = False


class Cause(Struct, frozen=True, kw_only=True):
    """One resource that failed, and not because another one did.

    Attributes:
        code: the resource handler's own word ("ServiceLimitExceeded", "NotStabilized", ...), empty where it has none.
            https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-test-contract-errors.html
    """

    logical_id: str
    resource_type: str
    reason: str
    code: str = ""

    def __str__(self) -> str:
        return f"{self.logical_id} ({self.resource_type}): {self.reason}"


class Leftover(Struct, frozen=True, kw_only=True):
    """A resource that its stack let go of, or could not delete."""

    logical_id: str
    resource_type: str
    physical_id: str

    def __str__(self) -> str:
        return f"{self.logical_id} ({self.resource_type}) {self.physical_id}"


class Execution(Struct, frozen=True, kw_only=True):
    """How one stack's operation ended.

    Attributes:
        status: CloudFormation's StackStatus at the end; None where it was asked for nothing.
        events: all of the operation, oldest first; empty where there was nothing to do.
    """

    status: str | None
    events: tuple[StackEvent, ...] = ()

    @property
    def succeeded(self) -> bool:
        return self.status is None or self.status in SUCCEEDED

    @property
    def seconds(self) -> float | None:
        """Between its first and its last event; None where it had none."""
        return (self.events[-1].at - self.events[0].at).total_seconds() if self.events else None

    @property
    def left(self) -> tuple[Leftover, ...]:
        """What CloudFormation did not delete, so that it goes on existing."""
        last = {(event.logical_id, event.physical_id): event for event in self.events if not event.of_stack}
        return tuple(
            Leftover(logical_id=event.logical_id, resource_type=event.resource_type, physical_id=event.physical_id)
            for event in last.values()
            if event.status in {"DELETE_SKIPPED", "DELETE_FAILED"}
        )


class Kind(StrEnum):
    """What kind of failure it was, as far as AWS's words tell."""

    QUOTA = "quota"
    CAPACITY = "capacity"
    HEALTH = "health check"
    DOWNLOAD = "model data"
    ROLE = "role"
    IMAGE = "image"
    SUBSCRIPTION = "subscription"
    PERMISSION = "permission"
    NAME = "name taken"
    SCALING = "autoscaling"
    NOT_SERVING = "not serving"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


class Diagnosis(Struct, frozen=True, kw_only=True):
    """Why a stack failed, and what can be done about it.

    Attributes:
        causes: what failed by itself, the first in time first; empty where CloudFormation named nothing.
        advice: one line: what to do.
        failure_reason: SageMaker's own words about the endpoint, empty where it has none.
        log: what the endpoint's containers wrote last; None where nobody asked, or it could not be read.
        aftermath: what CloudFormation did about it, and how the stack is now.
    """

    kind: Kind
    causes: tuple[Cause, ...]
    advice: str
    aftermath: str
    failure_reason: str = ""
    log: ContainerLog | None = None


class StackOutcome(Struct, frozen=True, kw_only=True):
    """What became of one stack of the plan.

    Attributes:
        execution: None where it was not reached, or its end was not seen.
        error: why its end was not seen, or why it was not begun; None otherwise.
        endpoint: what SageMaker says of its endpoint afterwards; None where it has none or nobody asked.
        diagnosis: None unless it failed.
    """

    name: str
    model: str | None
    action: StackAction
    execution: Execution | None
    error: EsmcfnError | None = None
    endpoint: ObservedEndpoint | None = None
    diagnosis: Diagnosis | None = None

    @property
    def succeeded(self) -> bool:
        done = bool(self.execution and self.execution.succeeded)
        return done and self.error is None and self.diagnosis is None

    @property
    def exit_code(self) -> ExitCode:
        """What this stack alone would be worth; nothing where it was not reached, since another one is why."""
        if self.error is not None:
            return self.error.exit_code
        return ExitCode.DONE if self.succeeded or self.execution is None else ExitCode.DEPLOYMENT


class Deployment(Struct, frozen=True, kw_only=True):
    """One execution of a plan.

    Attributes:
        endpoints: what callers need, by key; not of models whose stack failed, `outputs` says what those have.
        cost: what changed by it, a month.
        left: what goes on existing after a deletion, or drifted and was not put back, one sentence each.
        deleted: what went that no stack owned, one sentence each.
        settings: what goes into GitHub; None but of a bootstrap.
    """

    plan_id: str
    environment: str
    account: str
    region: str
    stacks: tuple[StackOutcome, ...]
    endpoints: Mapping[str, EndpointOutput]
    cost: Cost
    left: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    settings: GitHubSettings | None = None

    @property
    def succeeded(self) -> bool:
        return all(stack.succeeded for stack in self.stacks)
