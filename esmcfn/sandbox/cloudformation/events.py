"""DescribeEvents: stack events, early validation and provisioning errors, by stack, operation or change set."""

from __future__ import annotations

from esmcfn.sandbox.clock import moment
from esmcfn.sandbox.cloudformation.model import STACK_TYPE, ChangeSet, Event, Finding, Stack
from esmcfn.sandbox.cloudformation.service import CloudFormation
from esmcfn.sandbox.refusal import invalid
from esmcfn.sandbox.state import Json
from esmcfn.sandbox.wire import Call, Operation


class Events:
    """The DescribeEvents operation."""

    def __init__(self, service: CloudFormation) -> None:
        self.service = service
        self.world = service.world

    @property
    def operations(self) -> dict[str, Operation]:
        """Operation name to function."""
        return {"DescribeEvents": self.describe}

    def describe(self, call: Call) -> Json:
        """DescribeEvents, newest first."""
        given, service = call.parameters, self.service
        only_failed = bool(given.get("Filters", {}).get("FailedEvents"))
        if given.get("ChangeSetName"):
            stack, change_set = service.change_sets.find(call)
            found = _change_set_events(stack, change_set)
        elif given.get("OperationId"):
            found = self._of_operation(call.region, given["OperationId"])
        elif given.get("StackName"):
            stack = service.must_find(call.region, given["StackName"], "Stack [{}] does not exist")
            found = [_stack_event(stack, event) for event in stack.events]
        else:
            raise invalid("One of StackName, ChangeSetName and OperationId must be specified")
        if only_failed:
            found = [event for event in found if event["EventType"] in ("VALIDATION_ERROR", "PROVISIONING_ERROR")]
        some, token = self.world.page(call, found[::-1])
        return {"OperationEvents": some, "NextToken": token}

    def _of_operation(self, region: str, operation_id: str) -> list[dict[str, object]]:
        for stack in self.service.stacks.values():
            if stack.region != region:
                continue
            for change_set in stack.change_sets.values():
                if change_set.operation_id == operation_id:
                    return _change_set_events(stack, change_set)
            found = [_stack_event(stack, event) for event in stack.events if event.operation_id == operation_id]
            if found:
                return found
        raise invalid(f"Operation {operation_id} does not exist")


def _stack_event(stack: Stack, event: Event) -> dict[str, object]:
    failed = event.status.endswith("_FAILED")
    own = event.resource_type == STACK_TYPE and event.physical_id == stack.id
    return {
        "EventId": event.id,
        "StackId": stack.id,
        "OperationId": event.operation_id or None,
        "OperationType": event.operation_type or None,
        "OperationStatus": _operation_status(event.status) if own else None,
        "EventType": "STACK_EVENT" if own else "PROVISIONING_ERROR" if failed else "PROGRESS_EVENT",
        "LogicalResourceId": event.logical_id,
        "PhysicalResourceId": event.physical_id or None,
        "ResourceType": event.resource_type,
        "Timestamp": moment(event.at),
        "ResourceStatus": event.status if event.status != "REVIEW_IN_PROGRESS" else None,
        "ResourceStatusReason": event.reason or None,
        "ResourceProperties": event.properties or None,
        "ClientRequestToken": event.token or None,
    }


def _operation_status(status: str) -> str:
    if status.endswith("IN_PROGRESS"):
        return "IN_PROGRESS"
    return "FAILED" if status.endswith("FAILED") or "ROLLBACK" in status else "SUCCEEDED"


def _change_set_events(stack: Stack, change_set: ChangeSet) -> list[dict[str, object]]:
    common = {
        "StackId": stack.id,
        "OperationId": change_set.operation_id,
        "OperationType": "CREATE_CHANGESET",
    }
    ends = {"FAILED": "FAILED", "CREATE_COMPLETE": "SUCCEEDED"}
    found: list[dict[str, object]] = [
        {
            **common,
            "EventId": f"{change_set.operation_id}-start",
            "EventType": "STACK_EVENT",
            "OperationStatus": "IN_PROGRESS",
            "Timestamp": moment(change_set.created_at),
            "StartTime": moment(change_set.created_at),
        }
    ]
    if change_set.status not in ends:
        return found
    found += [{**common, **_finding(finding)} for finding in change_set.findings]
    found.append(
        {
            **common,
            "EventId": f"{change_set.operation_id}-end",
            "EventType": "STACK_EVENT",
            "OperationStatus": ends[change_set.status],
            "Timestamp": moment(change_set.ready_at),
            "StartTime": moment(change_set.created_at),
            "EndTime": moment(change_set.ready_at),
        }
    )
    return found


def _finding(finding: Finding) -> dict[str, object]:
    return {
        "EventId": finding.id,
        "EventType": "VALIDATION_ERROR",
        "LogicalResourceId": finding.logical_id,
        "ResourceType": finding.resource_type,
        "Timestamp": moment(finding.at),
        "DetailedStatus": "VALIDATION_FAILED",
        "ValidationFailureMode": finding.mode,
        "ValidationName": finding.name,
        "ValidationStatus": "FAILED",
        "ValidationStatusReason": finding.reason,
        "ValidationPath": finding.path,
    }
