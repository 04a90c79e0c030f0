"""Every resource type: created, read back property by property, updated, drifted, deleted; over HTTP."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import zip_longest
from typing import Any

import pytest

from esmcfn.sandbox.cloudformation import schema
from esmcfn.sandbox.cloudformation.execution import Engine
from esmcfn.sandbox.cloudformation.model import STACK_TYPE
from esmcfn.sandbox.resources import HANDLERS

from .conftest import REGION, World
from .types import CASES, Case

READABLE = [case for case in CASES if schema.must_load(case.type, REGION).readable]


def names(case: Case) -> str:
    return case.type


def drift(world: World) -> dict[str, Any]:
    """Detect drift of the stack `s` and return the result of the resource `It`; empty when it was not checked."""
    detection = world.cfn.detect_stack_drift(StackName="s")["StackDriftDetectionId"]
    status = world.cfn.describe_stack_drift_detection_status(StackDriftDetectionId=detection)
    assert status["DetectionStatus"] == "DETECTION_IN_PROGRESS"
    world.advance(1)
    status = world.cfn.describe_stack_drift_detection_status(StackDriftDetectionId=detection)
    assert status["DetectionStatus"] == "DETECTION_COMPLETE", status.get("DetectionStatusReason")
    found = world.cfn.describe_stack_resource_drifts(StackName="s")["StackResourceDrifts"]
    return next((item for item in found if item["LogicalResourceId"] == "It"), {})


def assert_in_sync(world: World, case: Case, declared: dict[str, Any]) -> None:
    """Every declared property that can be read is read back as it was declared."""
    found = drift(world)
    assert found["StackResourceDriftStatus"] == "IN_SYNC", found["PropertyDifferences"]
    actual = json.loads(found["ActualProperties"])
    kind = schema.must_load(case.type, REGION)
    for name, value in declared.items():
        if not kind.is_write_only(name) and value != []:
            assert name in actual, f"{name} was not read back"


def test_every_type_has_a_case() -> None:
    assert sorted([STACK_TYPE, *(case.type for case in CASES)]) == sorted(HANDLERS), (
        "nested stacks have tests of their own"
    )


@pytest.mark.parametrize("case", CASES, ids=names)
def test_a_type_lives_through_create_update_and_delete(world: World, case: Case) -> None:
    tags = [{"Key": "stack", "Value": "1"}]
    stack = world.deploy("s", case.template(), Tags=tags)
    assert stack["StackStatus"] == "CREATE_COMPLETE", world.reasons("s")
    readable = case in READABLE
    if readable:
        assert_in_sync(world, case, case.create)
    updated = world.deploy("s", case.template(case.update), Tags=[{"Key": "stack", "Value": "2"}])
    assert updated["StackStatus"] == "UPDATE_COMPLETE", world.reasons("s")
    kept = next(
        r
        for r in world.cfn.list_stack_resources(StackName="s")["StackResourceSummaries"]
        if r["LogicalResourceId"] == "It"
    )
    assert kept["ResourceStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE")
    if readable:
        assert_in_sync(world, case, {**case.create, **case.update})
    world.cfn.delete_stack(StackName="s")
    world.advance()
    assert world.stack(stack["StackId"])["StackStatus"] == "DELETE_COMPLETE", world.reasons(stack["StackId"])
    again = world.deploy("s", case.template(), Tags=tags)
    assert again["StackStatus"] == "CREATE_COMPLETE", "something was left behind: " + str(world.reasons("s"))


@pytest.mark.parametrize(
    ("case", "properties", "then"),
    [
        pytest.param(case, first, then, id=f"{case.type}-{index}")
        for case in CASES
        for index, (first, then) in enumerate(zip_longest(case.also, case.then, fillvalue={}))
    ],
)
def test_properties_that_exclude_others(world: World, case: Case, properties: Any, then: Any) -> None:
    assert world.deploy("s", case.of(properties))["StackStatus"] == "CREATE_COMPLETE", world.reasons("s")
    assert_in_sync(world, case, properties)
    if then:
        assert world.deploy("s", case.of(properties, then))["StackStatus"] == "UPDATE_COMPLETE", world.reasons("s")
        assert_in_sync(world, case, {name: value for name, value in then.items() if value is not None})
    world.cfn.delete_stack(StackName="s")
    world.advance()
    assert world.cfn.describe_stacks()["Stacks"] == []


@pytest.mark.parametrize(
    ("case", "name"),
    [pytest.param(case, name, id=f"{case.type}-{name}") for case in CASES for name in case.replaced],
)
def test_what_cannot_change_in_place_is_replaced(world: World, case: Case, name: str) -> None:
    differing = (part for part in (case.create, *case.also) if name in part and part[name] != case.replaced[name])
    first = next(differing, case.create)
    world.deploy("s", case.of(first))
    plan = world.plan("s", case.of(first, {name: case.replaced[name]}), kind="UPDATE")
    change = next(c["ResourceChange"] for c in plan["Changes"] if c["ResourceChange"]["LogicalResourceId"] == "It")
    assert (change["Action"], change["Replacement"]) == ("Modify", "True")
    (target,) = {d["Target"]["Name"] for d in change["Details"] if d["Target"]["Attribute"] == "Properties"}
    assert target == name


@pytest.mark.parametrize(
    ("case", "name"),
    [pytest.param(case, name, id=f"{case.type}-{name}") for case in CASES for name in case.fixed],
)
def test_what_the_service_does_not_change_fails_the_update(world: World, case: Case, name: str) -> None:
    world.deploy("s", case.template())
    updated = world.deploy("s", case.template({name: case.fixed[name]}))
    assert updated["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "cannot be changed" in world.reasons("s")["It"]
    assert_in_sync(world, case, case.create)


def optional(case: Case) -> list[str]:
    """Return the properties that can be left out again, in place."""
    kind = schema.must_load(case.type, REGION)
    needed = {*kind.raw.get("required", ()), *case.stays, *case.fixed}
    return [name for name in case.create if name not in needed and kind.recreation(name) == "Never"]


@pytest.mark.parametrize(
    ("case", "name"),
    [
        pytest.param(case, name, id=f"{case.type}-{name}")
        for case in READABLE
        for name in optional(case)
        if not schema.must_load(case.type, REGION).is_write_only(name)
    ],
)
def test_what_a_template_drops_the_service_drops(world: World, case: Case, name: str) -> None:
    """As declared drift would not show it: what is declared no more is not looked at."""
    assert _dropped(world, case, {}, name) or _dropped(world, case, case.update, name), f"{name} stays"


def _dropped(world: World, case: Case, update: Any, name: str) -> bool:
    """Whether the service has another value once a template drops it; where it was the default it has not."""
    world.deploy("s", case.template(update))
    before = live(world)
    dropped = world.deploy("s", case.template(update, {name: None}))
    assert dropped["StackStatus"] == "UPDATE_COMPLETE", world.reasons("s")
    return bool(before.get(name) != live(world).get(name))


def live(world: World) -> dict[str, Any]:
    """Return everything that the service says of the resource `It`."""
    held = world.sandbox.world
    with held.lock:
        held.settle()
        stack = held.cloudformation.by_name(REGION, "s")
        assert stack is not None
        resource = stack.resources["It"]
        every: dict[str, Any] = {name: {} for name in HANDLERS[resource.resource_type].supported}
        every |= resource.properties
        request = Engine(held.cloudformation, stack).request(replace(resource, properties=every), held.clock.now())
        return HANDLERS[resource.resource_type].read(request)


@pytest.mark.parametrize("case", [case for case in READABLE if case.change], ids=names)
def test_what_a_hand_changed_is_drift_and_can_be_reverted(world: World, case: Case) -> None:
    world.deploy("s", case.template())
    assert case.change is not None
    path, value = case.change
    broken = {"stack": "s", "logical_id": "It", "action": "change", "property": path, "value": value}
    _break(world, broken)
    found = drift(world)
    assert found["StackResourceDriftStatus"] == "MODIFIED"
    assert {"/" + path.split("/")[0]} == {"/" + d["PropertyPath"].split("/")[1] for d in found["PropertyDifferences"]}
    assert world.stack("s")["DriftInformation"]["StackDriftStatus"] == "DRIFTED"
    plain = world.plan("s", case.template(), kind="UPDATE", name="plain")
    assert plain["Status"] == "FAILED", "an ordinary change set compares templates only"
    plan = world.plan("s", case.template(), kind="UPDATE", name="revert", DeploymentMode="REVERT_DRIFT")
    assert plan["StackDriftStatus"] == "DRIFTED"
    change = next(c["ResourceChange"] for c in plan["Changes"] if c["ResourceChange"]["LogicalResourceId"] == "It")
    assert change["ResourceDriftStatus"] == "MODIFIED"
    world.cfn.execute_change_set(ChangeSetName=plan["ChangeSetId"])
    world.advance()
    assert world.stack("s")["StackStatus"] == "UPDATE_COMPLETE", world.reasons("s")
    assert drift(world)["StackResourceDriftStatus"] == "IN_SYNC"


@pytest.mark.parametrize("case", READABLE, ids=names)
def test_what_a_hand_deleted_is_deleted(world: World, case: Case) -> None:
    world.deploy("s", case.template())
    _break(world, {"stack": "s", "logical_id": "It"})
    world.advance()
    assert drift(world)["StackResourceDriftStatus"] == "DELETED"
    world.cfn.delete_stack(StackName="s")
    world.advance()
    assert world.cfn.describe_stacks()["Stacks"] == []


@pytest.mark.parametrize("case", [case for case in CASES if case not in READABLE], ids=names)
def test_what_has_no_read_handler_is_not_checked(world: World, case: Case) -> None:
    world.deploy("s", case.template())
    assert drift(world) == {}


@pytest.mark.parametrize("case", CASES, ids=names)
def test_what_the_sandbox_lacks_is_refused(world: World, case: Case) -> None:
    kind, handler = schema.must_load(case.type, REGION), HANDLERS[case.type]
    lacking = sorted(set(kind.properties) - handler.supported - {path.split("/")[0] for path in kind.read_only})
    for name in lacking:
        plan = world.plan("s", case.template({name: {"Ref": "AWS::Region"}}), name=f"p{name}")
        assert "PropertyValidation" in plan["StatusReason"], name


def _break(world: World, asked: dict[str, Any]) -> None:
    from esmcfn.sandbox.breaking import break_resource

    with world.sandbox.world.lock:
        break_resource(world.sandbox.world, asked)
    world.advance()
