"""What exists already becomes a stack's: every type that can be imported, by its identifier and by its name."""

from __future__ import annotations

import re
from typing import Any

import pytest

from esmcfn.sandbox.cloudformation import schema

from .conftest import REGION, World
from .templates import a_template, a_topic
from .test_types import READABLE, drift, names
from .types import Case

GROUP = "/aws/sagemaker/Endpoints/e"
KEPT = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}


def a_group(name: str = GROUP, *, policy: str = "Retain", **properties: Any) -> dict[str, Any]:
    kept = {"DeletionPolicy": policy} if policy else {}
    return {"Type": "AWS::Logs::LogGroup", **kept, "Properties": {"LogGroupName": name, **properties}}


def events(world: World, logical_id: str) -> list[tuple[str, str]]:
    """Return (status, reason) of a resource's events, oldest first."""
    found = world.cfn.describe_stack_events(StackName="s")["StackEvents"][::-1]
    of = [event for event in found if event["LogicalResourceId"] == logical_id]
    return [(event["ResourceStatus"], event.get("ResourceStatusReason", "")) for event in of]


def identifier(world: World, case: Case) -> dict[str, str]:
    """Return the identifier of the resource `It`, from its properties where they have it, else from its physical id."""
    found = world.cfn.describe_stack_resource(StackName="s", LogicalResourceId="It")["StackResourceDetail"]
    physical, given = found["PhysicalResourceId"], case.create
    wanted = schema.must_load(case.type, REGION).identifier
    parts = physical.split("|") if len(wanted) == physical.count("|") + 1 else [physical] * len(wanted)
    return {
        name: given[name] if isinstance(given.get(name), str) else part
        for name, part in zip(wanted, parts, strict=True)
    }


@pytest.mark.parametrize("case", READABLE, ids=names)
def test_a_type_that_can_be_read_can_be_imported(world: World, case: Case) -> None:
    template = case.template()
    template["Resources"]["It"] |= KEPT
    world.deploy("s", template)
    which = identifier(world, case)
    without = {"Resources": {**case.around, "Besides": a_topic()}}
    assert world.deploy("s", without)["StackStatus"] == "UPDATE_COMPLETE", world.reasons("s")
    again = {"Resources": {**without["Resources"], "It": template["Resources"]["It"]}}
    asked = {"ResourceType": case.type, "LogicalResourceId": "It", "ResourceIdentifier": which}
    plan = world.plan("s", again, kind="IMPORT", ResourcesToImport=[asked])
    assert plan["Status"] == "CREATE_COMPLETE", plan["StatusReason"]
    world.cfn.execute_change_set(ChangeSetName=plan["ChangeSetId"])
    world.advance()
    assert world.stack("s")["StackStatus"] == "IMPORT_COMPLETE", world.reasons("s")
    assert drift(world)["StackResourceDriftStatus"] == "IN_SYNC"
    del again["Resources"]["It"]["DeletionPolicy"]
    world.deploy("s", again)
    world.cfn.delete_stack(StackName="s")
    world.advance()
    assert world.cfn.describe_stacks()["Stacks"] == [], world.reasons("s")


class TestByName:
    def test_one_change_set_imports_what_is_there_and_makes_the_rest(self, world: World) -> None:
        logs = world.client("logs")
        logs.create_log_group(logGroupName=GROUP, tags={"by": "hand"})
        template = a_template(Group=a_group(), Topic=a_topic(DisplayName={"Ref": "Group"}))
        plan = world.plan("s", template, ImportExistingResources=True, Tags=[{"Key": "team", "Value": "esm"}])
        assert plan["ImportExistingResources"] is True
        changes = {item["ResourceChange"]["LogicalResourceId"]: item["ResourceChange"] for item in plan["Changes"]}
        assert {name: item["Action"] for name, item in changes.items()} == {"Group": "Import", "Topic": "Add"}
        assert changes["Group"]["PhysicalResourceId"] == GROUP
        world.cfn.execute_change_set(ChangeSetName=plan["ChangeSetId"])
        world.advance()
        assert world.stack("s")["StackStatus"] == "CREATE_COMPLETE", world.reasons("s")
        assert [status for status, _ in events(world, "Group")] == [
            "IMPORT_IN_PROGRESS",
            "IMPORT_COMPLETE",
            "UPDATE_IN_PROGRESS",
            "UPDATE_COMPLETE",
        ]
        tags = logs.list_tags_log_group(logGroupName=GROUP)["tags"]
        assert (tags["by"], tags["team"]) == ("hand", "esm"), "what was there stays, the stack's come along"
        world.cfn.delete_stack(StackName="s")
        world.advance()
        assert [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]] == [GROUP]

    @pytest.mark.parametrize("policy", ["", "Delete"])
    def test_what_would_be_deleted_with_its_stack_is_not_imported(self, world: World, policy: str) -> None:
        world.client("logs").create_log_group(logGroupName=GROUP)
        plan = world.plan("s", a_template(Group=a_group(policy=policy)), ImportExistingResources=True)
        assert plan["Status"] == "FAILED"
        assert "must have the DeletionPolicy attribute set to 'Retain'" in plan["StatusReason"]
        assert plan["StatusReason"].endswith(f"The affected resources are Group ({{LogGroupName={GROUP}}})")

    def test_what_is_not_there_is_made(self, world: World) -> None:
        plan = world.plan("s", a_template(Group=a_group()), ImportExistingResources=True)
        assert [item["ResourceChange"]["Action"] for item in plan["Changes"]] == ["Add"]
        world.cfn.execute_change_set(ChangeSetName=plan["ChangeSetId"])
        world.advance()
        assert world.stack("s")["StackStatus"] == "CREATE_COMPLETE"

    def test_what_another_stack_has_is_not_taken_from_it(self, world: World) -> None:
        world.deploy("other", a_template(Group=a_group()))
        plan = world.plan("s", a_template(Group=a_group()), ImportExistingResources=True)
        assert plan["Status"] == "FAILED"
        assert plan["StatusReason"].startswith("Resource [Group] already exists in stack [arn:")

    def test_a_name_that_is_no_identifier_is_a_clash(self, world: World) -> None:
        world.client("sns").create_topic(Name="old")
        topic = {**a_topic(TopicName="old"), "DeletionPolicy": "Retain"}
        plan = world.plan("s", a_template(T=topic), ImportExistingResources=True)
        assert "AWS::EarlyValidation::ResourceExistenceCheck" in plan["StatusReason"]

    def test_a_creation_that_rolls_back_leaves_what_was_there(self, world: World) -> None:
        logs = world.client("logs")
        logs.create_log_group(logGroupName=GROUP)
        world.sandbox.world.faults.add("handler", {"logical_id": "Topic"})
        group = a_group(policy="RetainExceptOnCreate")
        template = a_template(Group=group, Topic={**a_topic(), "DependsOn": "Group"})
        plan = world.plan("s", template, ImportExistingResources=True)
        world.cfn.execute_change_set(ChangeSetName=plan["ChangeSetId"])
        world.advance()
        assert world.stack("s")["StackStatus"] == "ROLLBACK_COMPLETE"
        assert events(world, "Group")[-1][0] == "DELETE_SKIPPED"
        world.cfn.delete_stack(StackName="s")
        world.advance()
        assert [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]] == [GROUP]

    @pytest.mark.parametrize("paused", [False, True])
    def test_an_update_that_fails_gives_it_up_again(self, world: World, paused: bool) -> None:
        logs = world.client("logs")
        world.deploy("s", a_template(Topic=a_topic()))
        logs.create_log_group(logGroupName=GROUP)
        world.sandbox.world.faults.add("handler", {"logical_id": "Topic"})
        template = a_template(Group=a_group(), Topic={**a_topic(DisplayName="x"), "DependsOn": "Group"})
        plan = world.plan("s", template, kind="UPDATE", ImportExistingResources=True)
        world.cfn.execute_change_set(ChangeSetName=plan["ChangeSetId"], DisableRollback=paused)
        world.advance()
        if paused:
            assert world.stack("s")["StackStatus"] == "UPDATE_FAILED"
            world.cfn.rollback_stack(StackName="s")
            world.advance()
        assert world.stack("s")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
        held = world.cfn.list_stack_resources(StackName="s")["StackResourceSummaries"]
        assert [item["LogicalResourceId"] for item in held] == ["Topic"]
        assert [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]] == [GROUP]


@pytest.mark.parametrize(
    ("kind", "more", "told"),
    [
        ("IMPORT", {"ImportExistingResources": True}, "only valid for change sets of type CREATE and UPDATE"),
        ("CREATE", {}, "ResourcesToImport must be specified for a change set of type IMPORT, and for no other"),
    ],
)
def test_what_does_not_go_together_is_refused(world: World, kind: str, more: Any, told: str) -> None:
    which = {"LogGroupName": GROUP}
    asked = {"ResourceType": "AWS::Logs::LogGroup", "LogicalResourceId": "Group", "ResourceIdentifier": which}
    with pytest.raises(world.cfn.exceptions.ClientError, match=told):
        world.plan("s", a_template(Group=a_group()), kind=kind, ResourcesToImport=[asked], **more)


@pytest.mark.parametrize(
    ("which", "told"),
    [
        ({"Name": GROUP}, r"the identifier of AWS::Logs::LogGroup is \[LogGroupName\]"),
        ({"LogGroupName": "nope"}, "The specified log group does not exist"),
    ],
)
def test_an_identifier_that_names_nothing_fails_the_change_set(world: World, which: Any, told: str) -> None:
    asked = {"ResourceType": "AWS::Logs::LogGroup", "LogicalResourceId": "Group", "ResourceIdentifier": which}
    plan = world.plan("s", a_template(Group=a_group()), kind="IMPORT", ResourcesToImport=[asked])
    assert plan["Status"] == "FAILED"
    assert re.search(told, plan["StatusReason"]), plan["StatusReason"]
