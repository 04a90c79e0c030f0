"""Drift: what a stack expects of its resources against what the services say.

Only declared properties are compared, write-only ones never, and a type whose registry schema has no read handler is
not checked and does not appear in the results.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass

from esmcfn.sandbox.clock import moment
from esmcfn.sandbox.cloudformation import schema
from esmcfn.sandbox.cloudformation.actual import Finding, finding
from esmcfn.sandbox.cloudformation.changes import MASK, Proposal
from esmcfn.sandbox.cloudformation.machine import Machine
from esmcfn.sandbox.cloudformation.model import SETTLED_FOR_UPDATE, Change, ChangeSet, Detail, Resource, Stack
from esmcfn.sandbox.cloudformation.registry import Registry
from esmcfn.sandbox.refusal import Refusal, invalid
from esmcfn.sandbox.resources import HANDLERS
from esmcfn.sandbox.state import Json
from esmcfn.sandbox.wire import Call, Operation

DETECTION_SECONDS = 0.2
DRIFTABLE = frozenset({*SETTLED_FOR_UPDATE, "UPDATE_ROLLBACK_FAILED", "UPDATE_FAILED", "CREATE_FAILED"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """One run of drift detection."""

    id: str
    stack_id: str
    started_at: float
    ready_at: float
    drifted: int
    failed: tuple[str, ...]


class Drift:
    """The drift operations, and the part of change sets that reverts drift."""

    def __init__(self, service: Registry) -> None:
        self.service = service
        self.world = service.world
        self._detections: dict[str, Detection] = {}

    @property
    def operations(self) -> dict[str, Operation]:
        """Operation name to function."""
        return {
            "DetectStackDrift": self.detect,
            "DetectStackResourceDrift": self.detect_resource,
            "DescribeStackDriftDetectionStatus": self.status,
            "DescribeStackResourceDrifts": self.describe,
        }

    def detect(self, call: Call) -> Json:
        """DetectStackDrift."""
        stack = self._stack(call)
        wanted = call.parameters.get("LogicalResourceIds")
        now, failed = self.world.clock.now(), []
        for resource in stack.resources.values():
            if wanted and resource.logical_id not in wanted:
                continue
            try:
                self._check(stack, resource, now)
            except Refusal as refusal:
                failed.append(f"{resource.logical_id}: {refusal.message}")
        statuses = [item.drift_status for item in stack.resources.values()]
        drifted = sum(status in ("MODIFIED", "DELETED") for status in statuses)
        stack.drift_status = "DRIFTED" if drifted else "IN_SYNC"
        stack.drift_checked_at = now
        self.service.save(stack)
        made = Detection(
            id=str(uuid.uuid4()),
            stack_id=stack.id,
            started_at=now,
            ready_at=now + DETECTION_SECONDS,
            drifted=drifted,
            failed=tuple(failed),
        )
        self._detections[made.id] = made
        return {"StackDriftDetectionId": made.id}

    def detect_resource(self, call: Call) -> Json:
        """DetectStackResourceDrift: one resource, at once."""
        stack, logical_id = self._stack(call), call.parameters["LogicalResourceId"]
        resource = stack.resources.get(logical_id)
        if resource is None:
            raise invalid(f"Resource {logical_id} does not exist for stack {stack.name}")
        kind = schema.load(resource.resource_type, stack.region)
        if kind is None or not kind.readable:
            raise invalid(f"Drift detection is not supported for resource type {resource.resource_type}")
        self._check(stack, resource, self.world.clock.now())
        self.service.save(stack)
        return {"StackResourceDrift": _described(stack, resource)}

    def status(self, call: Call) -> Json:
        """DescribeStackDriftDetectionStatus."""
        found = self._detections.get(call.parameters["StackDriftDetectionId"])
        if found is None:
            raise invalid(f"Drift detection {call.parameters['StackDriftDetectionId']} does not exist")
        answer: dict[str, object] = {
            "StackId": found.stack_id,
            "StackDriftDetectionId": found.id,
            "DetectionStatus": "DETECTION_IN_PROGRESS",
            "Timestamp": moment(found.started_at),
        }
        if self.world.clock.now() < found.ready_at:
            return answer
        answer["DetectionStatus"] = "DETECTION_FAILED" if found.failed else "DETECTION_COMPLETE"
        answer["StackDriftStatus"] = "DRIFTED" if found.drifted else "IN_SYNC"
        answer["DriftedStackResourceCount"] = found.drifted
        if found.failed:
            answer["DetectionStatusReason"] = f"Failed to detect drift on resource(s): {'; '.join(found.failed)}"
        return answer

    def describe(self, call: Call) -> Json:
        """DescribeStackResourceDrifts: only what was checked."""
        stack = self._stack(call)
        wanted = set(call.parameters.get("StackResourceDriftStatusFilters", ()))
        found = [
            _described(stack, resource)
            for resource in stack.resources.values()
            if resource.drift_status and (not wanted or resource.drift_status in wanted)
        ]
        some, token = self.world.page(call, found)
        return {"StackResourceDrifts": some, "NextToken": token}

    def _stack(self, call: Call) -> Stack:
        name = call.parameters["StackName"]
        stack = self.service.must_find(call.region, name, "Stack [{}] does not exist")
        if stack.status not in DRIFTABLE:
            raise invalid(f"Drift detection cannot be performed on stack [{stack.id}] while in {stack.status} state")
        return stack

    def _check(self, stack: Stack, resource: Resource, at: float) -> None:
        kind = schema.load(resource.resource_type, stack.region)
        if kind is None or not kind.readable or resource.status == "DELETE_COMPLETE":
            return
        if resource.skipped:
            resource.drift_status, resource.drift_checked_at = "NOT_CHECKED", at
            resource.drift_expected, resource.drift_actual, resource.drift_differences = None, None, []
            return
        found = finding(Machine(self.service, stack), resource, kind)
        resource.drift_status, resource.drift_checked_at = found.status, at
        resource.drift_expected, resource.drift_actual = found.expected, found.actual
        resource.drift_differences = [list(item) for item in found.differences]

    # REVERT_DRIFT

    def add_reverts(self, proposal: Proposal, change_set: ChangeSet) -> None:
        """Add what a drift-aware change set would put back: previous, actual and wanted state."""
        stack = proposal.stack
        changes = {change.logical_id: change for change in change_set.changes}
        drifted = False
        for logical_id, resource in stack.present.items():
            kind = schema.load(resource.resource_type, stack.region)
            if kind is None or logical_id not in proposal.template.resources:
                continue
            if not kind.readable:
                if logical_id in changes:
                    changes[logical_id].drift_status = "UNSUPPORTED"
                continue
            if resource.skipped:
                if logical_id in changes:
                    changes[logical_id].drift_status = "NOT_CHECKED"
                continue
            found = finding(Machine(self.service, stack), resource, kind)
            change = changes.get(logical_id)
            if found.status in ("MODIFIED", "DELETED"):
                drifted = True
                change = changes.setdefault(logical_id, _bare_change(resource, found))
                change.details += [_revert_detail(item) for item in found.differences]
                change.scope = list(dict.fromkeys([*change.scope, "Properties"]))
            if change is not None:
                change.drift_status = found.status
                change.ignored = [
                    {"Path": f"/{path}", "Reason": "WRITE_ONLY_PROPERTY"}
                    for path in kind.write_only
                    if path.split("/")[0] in resource.properties
                ]
        change_set.stack_drift_status = "DRIFTED" if drifted else "IN_SYNC"
        change_set.changes = [changes[name] for name in sorted(changes)]


def _bare_change(resource: Resource, found: Finding) -> Change:
    deleted = found.status == "DELETED"
    return Change(
        action="Add" if deleted else "Modify",
        logical_id=resource.logical_id,
        resource_type=resource.resource_type,
        physical_id=resource.physical_id,
        replacement="" if deleted else "False",
        after_context=json.dumps({"Properties": resource.shown}),
        before_context="" if deleted else json.dumps({"Properties": found.actual}),
    )


def _revert_detail(difference: tuple[str, str, str, str]) -> Detail:
    path, expected, actual, _ = difference
    return Detail(
        attribute="Properties",
        name=path.split("/")[1],
        path=f"/Properties{path}",
        before=actual,
        after=expected,
        change_type="SyncWithActual" if expected == actual != MASK else "Modify",
        source="NoModification",
        previous=expected,
        actual=actual,
    )


def _described(stack: Stack, resource: Resource) -> dict[str, object]:
    secret = HANDLERS[resource.resource_type].secret_properties
    expected = {k: MASK if k in secret else v for k, v in (resource.drift_expected or {}).items()}
    return {
        "StackId": stack.id,
        "LogicalResourceId": resource.logical_id,
        "PhysicalResourceId": resource.physical_id,
        "ResourceType": resource.resource_type,
        "ExpectedProperties": json.dumps(expected),
        "ActualProperties": json.dumps(resource.drift_actual or {}),
        "PropertyDifferences": [
            {"PropertyPath": path, "ExpectedValue": wanted, "ActualValue": found, "DifferenceType": kind}
            for path, wanted, found, kind in resource.drift_differences
        ],
        "StackResourceDriftStatus": resource.drift_status,
        "Timestamp": moment(resource.drift_checked_at),
    }
