"""One execution of a plan, with its events and outcome."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from esmcfn.domain.plan import EndpointOutput, StackAction

SUCCEEDED = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE", "DELETE_COMPLETE"})
"""How an operation that did what it was asked ends; everything else it ends with is a failure."""

CANCELLED = ("Resource creation cancelled", "Resource update cancelled", "Resource deletion cancelled")
"""Reasons of resources that failed only because another one did."""


class StackEvent(Struct, frozen=True, kw_only=True):
    """One line of CloudFormation's own account.

    Attributes:
        event_id: CloudFormation's; unique.
        of_stack: about the stack itself, not one of its resources.
    """

    event_id: str
    logical_id: str
    resource_type: str
    status: str
    reason: str
    of_stack: bool


class Execution(Struct, frozen=True, kw_only=True):
    """How one stack's operation ended.

    Attributes:
        status: CloudFormation's StackStatus at the end.
        causes: "LogicalId (Type): reason" of what failed first, not of what was cancelled with it.
    """

    status: str
    causes: tuple[str, ...] = ()

    @property
    def succeeded(self) -> bool:
        return self.status in SUCCEEDED


class StackOutcome(Struct, frozen=True, kw_only=True):
    """What became of one stack of the plan; `execution` is None where it was not reached."""

    name: str
    model: str | None
    action: StackAction
    execution: Execution | None

    @property
    def succeeded(self) -> bool:
        return bool(self.execution and self.execution.succeeded)


class Deployment(Struct, frozen=True, kw_only=True):
    """One execution of a plan."""

    plan_id: str
    environment: str
    account: str
    region: str
    stacks: tuple[StackOutcome, ...]
    endpoints: Mapping[str, EndpointOutput]

    @property
    def succeeded(self) -> bool:
        return all(stack.succeeded for stack in self.stacks)


def root_causes(events: tuple[StackEvent, ...]) -> tuple[str, ...]:
    """What failed first, in order of time; the stack's own reason where no resource failed."""
    failed = [event for event in events if event.status.endswith("_FAILED") and event.reason not in CANCELLED]
    named = [event for event in failed if not event.of_stack] or [event for event in failed if event.of_stack]
    return tuple(
        dict.fromkeys(f"{event.logical_id} ({event.resource_type}): {event.reason or event.status}" for event in named)
    )
