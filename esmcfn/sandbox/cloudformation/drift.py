"""Drift: what a stack expects of its resources against what the services say.

Only declared properties are compared, write-only ones never, and a type whose registry schema has no read handler is
not checked and does not appear in the results.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from esmcfn.sandbox.clock import moment
from esmcfn.sandbox.cloudformation import schema
from esmcfn.sandbox.cloudformation.changes import MASK, Proposal, differences
from esmcfn.sandbox.cloudformation.execution import Engine
from esmcfn.sandbox.cloudformation.model import SETTLED_FOR_UPDATE, Change, ChangeSet, Detail, Resource, Stack
from esmcfn.sandbox.cloudformation.schema import TypeSchema
from esmcfn.sandbox.refusal import Refusal, invalid
from esmcfn.sandbox.resources import HANDLERS, tag_property
from esmcfn.sandbox.resources.base import HandlerError, Outcome, Request, tag_map
from esmcfn.sandbox.state import Json
from esmcfn.sandbox.wire import Call, Operation

if TYPE_CHECKING:
    from esmcfn.sandbox.world import World

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One resource's drift: the difference type is ADD, REMOVE or NOT_EQUAL."""

    status: str
    expected: Json
    actual: Json
    differences: tuple[tuple[str, str, str, str], ...] = ()


class Drift:
    """The drift operations, and the part of change sets that reverts drift."""

    def __init__(self, world: World) -> None:
        self.world = world
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
        self.world.cloudformation.save(stack)
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
        self.world.cloudformation.save(stack)
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
        stack = self.world.cloudformation.must_find(call.region, name, "Stack [{}] does not exist")
        if stack.status not in DRIFTABLE:
            raise invalid(f"Drift detection cannot be performed on stack [{stack.id}] while in {stack.status} state")
        return stack

    def _check(self, stack: Stack, resource: Resource, at: float) -> None:
        kind = schema.load(resource.resource_type, stack.region)
        if kind is None or not kind.readable or resource.status == "DELETE_COMPLETE":
            return
        found = self.finding(stack, resource, kind)
        resource.drift_status, resource.drift_checked_at = found.status, at
        resource.drift_expected, resource.drift_actual = found.expected, found.actual
        resource.drift_differences = [list(item) for item in found.differences]

    def finding(self, stack: Stack, resource: Resource, kind: TypeSchema) -> Finding:
        """Compare one resource with the service's answer.

        Raises:
            Refusal: the service could not be read.
        """
        request = Engine(self.world, stack).request(resource, self.world.clock.now())
        expected = expected_properties(kind, request)
        try:
            live = HANDLERS[resource.resource_type].read(request)
        except HandlerError as error:
            if error.code == "NotFound":
                return Finding(status="DELETED", expected=expected, actual={})
            raise Refusal(error.code, error.message) from error
        except Refusal as refusal:
            if HandlerError.of(refusal).code == "NotFound":
                return Finding(status="DELETED", expected=expected, actual={})
            raise
        actual = {name: _comparable(kind, name, live.get(name)) for name in expected if name in live}
        found = tuple(_named_differences(expected, actual))
        return Finding(status="MODIFIED" if found else "IN_SYNC", expected=expected, actual=actual, differences=found)

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
            found = self.finding(stack, resource, kind)
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

    def revert(self, engine: Engine, old: Resource, new: Resource, at: float) -> Outcome:
        """Bring a drifted resource to its declared state: update it from what it is, or make it again."""
        handler = HANDLERS[new.resource_type]
        request = engine.request(new, at, previous=old)
        kind = schema.must_load(new.resource_type, engine.stack.region)
        if self.finding(engine.stack, old, kind).status == "DELETED":
            # It comes anew, so that nothing of it is as it was before.
            return handler.create(replace(request, physical_id="", attributes={}, previous={}, previous_tags={}))
        actual = handler.read(engine.request(old, at))
        tags = tag_map(actual.get("Tags"))
        # What no template declares is nobody's to take away: others attach the policy, join the group.
        declared = {name: value for name, value in actual.items() if name in {*old.properties, *new.properties, "Tags"}}
        return handler.update(replace(request, previous=declared, previous_tags=tags))


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
        change_type="SyncWithActual" if expected == actual else "Modify",
        source="NoModification",
        previous=expected,
        actual=actual,
    )


def expected_properties(kind: TypeSchema, request: Request) -> dict[str, Json]:
    """Return declared properties in a comparable form, with the stack's tags and without write-only values."""
    found: dict[str, Json] = {}
    for name, value in request.properties.items():
        if not kind.is_write_only(name) and value not in ([], {}, None):
            found[name] = _comparable(kind, name, value)
    tags = request.merged_tags(request.properties.get(kind.tag_property, [])) if tag_property(kind) else []
    if tags:
        found[kind.tag_property] = _comparable(kind, kind.tag_property, tags)
    return found


def _comparable(kind: TypeSchema, name: str, value: Json) -> Json:
    """Bring a value into a form in which equal means the same: tags without AWS's own, JSON text parsed."""
    if name == kind.tag_property:
        tags = {key: item for key, item in tag_map(value).items() if not key.startswith("aws:")}
        return [{"Key": key, "Value": item} for key, item in sorted(tags.items())]
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            value = json.loads(value)
        except json.JSONDecodeError:
            return value
    shape = kind.properties.get(name, {})
    if isinstance(value, list) and shape.get("insertionOrder") is False:
        return sorted(value, key=lambda item: json.dumps(item, sort_keys=True))
    return value


def _named_differences(expected: Json, actual: Json) -> Iterator[tuple[str, str, str, str]]:
    for path, wanted, found in differences(expected, actual, ""):
        if wanted is None and path.count("/") == 0:
            continue
        kind = "ADD" if wanted is None else "REMOVE" if found is None else "NOT_EQUAL"
        yield f"/{path}", _text(wanted), _text(found), kind


def _text(value: Json) -> str:
    if value is None:
        return "null"
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


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
