"""Operations: what each event carries, what a repeated request gets, and the ways out of one that failed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from esmcfn.sandbox.breaking import break_resource
from esmcfn.sandbox.refusal import Refusal

from .conftest import World
from .nesting import a_nested, child_of, uploaded
from .templates import a_template, a_topic, an_endpoint

TWO = a_template(A=a_topic(), B={**a_topic(), "DependsOn": "A"})
CHANGED = a_template(A=a_topic(DisplayName="x"), B={**a_topic(DisplayName="x"), "DependsOn": "A"})


def fault(world: World, name: str, **options: Any) -> None:
    """Put a fault in force from now on: what should have happened by now has."""
    world.sandbox.world.settle()
    world.sandbox.world.faults.add(name, options)


def execute(world: World, template: object, *, kind: str = "UPDATE", token: str = "", **more: Any) -> str:
    """Plan and execute a change of the stack `s`; nothing has happened yet when this returns."""
    planned = {key: more.pop(key) for key in ("OnStackFailure", "DeploymentMode") if key in more}
    plan = world.plan("s", template, kind=kind, name=f"go-{token}", **planned)
    assert plan["Status"] == "CREATE_COMPLETE", plan.get("StatusReason")
    world.cfn.execute_change_set(ChangeSetName=plan["ChangeSetId"], ClientRequestToken=token or "none", **more)
    return str(plan["StackId"])


def events(world: World, stack: str = "s") -> list[Any]:
    """Return every event, oldest first."""
    pages = world.cfn.get_paginator("describe_stack_events").paginate(StackName=stack)
    return [event for page in pages for event in page["StackEvents"]][::-1]


def tokens(world: World, stack: str = "s") -> dict[str, list[str]]:
    """Return the statuses of the stack itself, by the token of their events; every other event must have it too."""
    found: dict[str, list[str]] = {}
    for event in events(world, stack):
        own = event["PhysicalResourceId"] == event["StackId"]
        of_token = found.setdefault(event.get("ClientRequestToken", ""), [])
        if own:
            of_token.append(event["ResourceStatus"])
    return found


def code(call: Any, **given: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**given)
    return str(caught.value.response["Error"]["Code"])


# Tokens


def test_every_event_of_an_operation_carries_its_token(world: World) -> None:
    stack = execute(world, TWO, kind="CREATE", token="make")
    world.advance()
    execute(world, CHANGED, token="change")
    world.advance()
    fault(world, "handler", logical_id="B", operation="update", times=1)
    execute(world, TWO, token="fail")
    world.advance()
    world.cfn.delete_stack(StackName="s", ClientRequestToken="drop")
    world.advance()
    assert tokens(world, stack) == {
        "": ["REVIEW_IN_PROGRESS"],
        "make": ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"],
        "change": ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE"],
        "fail": [
            "UPDATE_IN_PROGRESS",
            "UPDATE_ROLLBACK_IN_PROGRESS",
            "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
            "UPDATE_ROLLBACK_COMPLETE",
        ],
        "drop": ["DELETE_IN_PROGRESS", "DELETE_COMPLETE"],
    }
    assert all(event["ClientRequestToken"] for event in events(world, stack)[1:])


def test_a_recovery_has_a_token_of_its_own(world: World) -> None:
    world.deploy("s", TWO)
    fault(world, "handler", logical_id="B", operation="update", times=1)
    fault(world, "rollback", times=1)
    execute(world, CHANGED, token="fail")
    world.advance()
    assert world.stack("s")["StackStatus"] == "UPDATE_ROLLBACK_FAILED"
    world.cfn.continue_update_rollback(StackName="s", ClientRequestToken="go-on")
    world.advance()
    fault(world, "handler", logical_id="B", operation="update", times=1)
    execute(world, CHANGED, token="pause", DisableRollback=True)
    world.advance()
    world.cfn.rollback_stack(StackName="s", ClientRequestToken="go-back")
    world.advance()
    found = tokens(world)
    assert found["fail"][-1] == "UPDATE_ROLLBACK_FAILED"
    assert (found["go-on"][0], found["go-on"][-1]) == ("UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE")
    assert found["pause"] == ["UPDATE_IN_PROGRESS", "UPDATE_FAILED"]
    assert (found["go-back"][0], found["go-back"][-1]) == ("UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE")


def test_what_follows_a_cancellation_carries_its_token(world: World) -> None:
    world.deploy("s", TWO)
    execute(world, CHANGED, token="change", DisableRollback=True)
    world.advance(0.07)
    world.cfn.cancel_update_stack(StackName="s", ClientRequestToken="stop")
    assert (
        code(world.cfn.cancel_update_stack, StackName="s", ClientRequestToken="stop") == "TokenAlreadyExistsException"
    )
    world.advance()
    found = tokens(world)
    assert found["change"] == ["UPDATE_IN_PROGRESS"]
    assert (found["stop"][0], found["stop"][-1]) == ("UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE")


def test_nested_stacks_repeat_the_token(world: World) -> None:
    url = uploaded(world, a_template(Inner=a_topic()))
    execute(world, a_template(Child=a_nested(url)), kind="CREATE", token="make")
    world.advance()
    assert set(tokens(world, child_of(world, "s"))) == {"make"}


def test_a_repeated_request_is_told_by_its_token_whatever_the_stack_does_now(world: World) -> None:
    body = json.dumps(TWO)
    world.cfn.create_stack(StackName="s", TemplateBody=body, ClientRequestToken="make")
    repeated = {"StackName": "s", "TemplateBody": body, "ClientRequestToken": "make"}
    assert code(world.cfn.create_stack, **repeated) == "TokenAlreadyExistsException"
    world.advance()
    change = {"StackName": "s", "TemplateBody": json.dumps(CHANGED), "ClientRequestToken": "change"}
    world.cfn.update_stack(**change)
    assert code(world.cfn.update_stack, **change) == "TokenAlreadyExistsException"
    world.advance()
    plan = world.plan("s", TWO, kind="UPDATE")
    asked = {"ChangeSetName": plan["ChangeSetId"], "ClientRequestToken": "execute"}
    world.cfn.execute_change_set(**asked)
    assert code(world.cfn.execute_change_set, **asked) == "TokenAlreadyExistsException"
    world.advance()
    assert code(world.cfn.execute_change_set, **asked) == "TokenAlreadyExistsException"
    assert code(world.cfn.execute_change_set, ChangeSetName=plan["ChangeSetId"]) == "InvalidChangeSetStatus"


def test_a_repeated_recovery_is_told_by_its_token(world: World) -> None:
    world.deploy("s", TWO)
    fault(world, "handler", logical_id="B", operation="update", times=1)
    fault(world, "rollback", times=1)
    execute(world, CHANGED)
    world.advance()
    asked = {"StackName": "s", "ClientRequestToken": "go-on"}
    world.cfn.continue_update_rollback(**asked)
    assert code(world.cfn.continue_update_rollback, **asked) == "TokenAlreadyExistsException"
    world.advance()
    assert code(world.cfn.continue_update_rollback, **asked) == "TokenAlreadyExistsException"
    assert code(world.cfn.rollback_stack, **asked) == "TokenAlreadyExistsException"


# Failures of a creation


@pytest.mark.parametrize(
    ("on_failure", "last", "kept"),
    [("DELETE", "DELETE_COMPLETE", []), ("ROLLBACK", "ROLLBACK_COMPLETE", []), ("DO_NOTHING", "CREATE_FAILED", ["A"])],
)
def test_a_change_set_says_what_a_failed_creation_leaves(world: World, on_failure: str, last: str, kept: Any) -> None:
    fault(world, "handler", logical_id="B", operation="create", times=1)
    stack = execute(world, TWO, kind="CREATE", token="make", OnStackFailure=on_failure)
    world.advance()
    assert world.stack(stack)["StackStatus"] == last
    assert len(world.client("sns").list_topics()["Topics"]) == len(kept)
    assert tokens(world, stack)["make"][-1] == last


def test_a_deletion_that_fails_after_a_failed_creation_is_said_so(world: World) -> None:
    fault(world, "handler", logical_id="B", operation="create", times=1)
    fault(world, "handler", logical_id="A", operation="delete", times=1)
    execute(world, TWO, kind="CREATE", OnStackFailure="DELETE")
    world.advance()
    assert world.stack("s")["StackStatus"] == "DELETE_FAILED"


def test_only_a_creation_can_be_deleted_on_failure(world: World) -> None:
    world.deploy("s", TWO)
    with pytest.raises(ClientError, match="only valid for change sets of type CREATE"):
        world.plan("s", CHANGED, kind="UPDATE", OnStackFailure="DELETE")


def test_doing_nothing_on_failure_pauses_an_update_too(world: World) -> None:
    world.deploy("s", TWO)
    fault(world, "handler", logical_id="B", operation="update", times=1)
    execute(world, CHANGED, OnStackFailure="DO_NOTHING")
    world.advance()
    assert world.stack("s")["StackStatus"] == "UPDATE_FAILED"


def test_on_stack_failure_and_disable_rollback_exclude_each_other(world: World) -> None:
    plan = world.plan("s", TWO, OnStackFailure="ROLLBACK")
    assert plan["OnStackFailure"] == "ROLLBACK"
    with pytest.raises(ClientError, match="cannot specify both OnStackFailure and DisableRollback"):
        world.cfn.execute_change_set(ChangeSetName=plan["ChangeSetId"], DisableRollback=False)


# Rolling back is an operation of its own


def test_a_rollback_is_an_operation_after_the_one_that_failed(world: World) -> None:
    world.deploy("s", TWO)
    fault(world, "handler", logical_id="B", operation="update", times=1)
    execute(world, CHANGED)
    world.advance()
    back, forward = world.stack("s")["LastOperations"]
    assert (back["OperationType"], forward["OperationType"]) == ("ROLLBACK", "UPDATE_STACK")
    (listed,) = world.cfn.list_stacks(StackStatusFilter=["UPDATE_ROLLBACK_COMPLETE"])["StackSummaries"]
    assert listed["LastOperations"] == [back, forward]
    of = {}
    for operation in (back, forward):
        found = world.cfn.describe_events(OperationId=operation["OperationId"])["OperationEvents"]
        of[operation["OperationType"]] = {event["ResourceStatus"] for event in found}
    assert "UPDATE_FAILED" in of["UPDATE_STACK"]
    assert "UPDATE_FAILED" not in of["ROLLBACK"]
    assert "UPDATE_ROLLBACK_COMPLETE" in of["ROLLBACK"]


def test_a_resource_left_out_of_a_rollback_is_the_only_one_that_stays_changed(world: World) -> None:
    world.deploy("s", TWO)
    fault(world, "handler", logical_id="B", operation="update", times=1)
    fault(world, "rollback", logical_id="A", times=1)
    execute(world, CHANGED)
    world.advance()
    with pytest.raises(ClientError, match="not in UPDATE_FAILED state and can not be skipped"):
        world.cfn.continue_update_rollback(StackName="s", ResourcesToSkip=["B"])
    world.cfn.continue_update_rollback(StackName="s", ResourcesToSkip=["A"])
    world.advance()
    assert world.stack("s")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    found = {
        item["LogicalResourceId"]: item for item in world.cfn.describe_stack_resources(StackName="s")["StackResources"]
    }
    assert {item["ResourceStatus"] for item in found.values()} == {"UPDATE_COMPLETE"}
    names = {
        name: world.client("sns").get_topic_attributes(TopicArn=item["PhysicalResourceId"])["Attributes"]["DisplayName"]
        for name, item in found.items()
    }
    assert names == {"A": "x", "B": ""}


def test_drift_of_what_a_rollback_left_out_is_not_checked_until_an_update_reaches_it(world: World) -> None:
    def drifts() -> dict[str, str]:
        world.cfn.detect_stack_drift(StackName="s")
        found = world.cfn.describe_stack_resource_drifts(StackName="s")["StackResourceDrifts"]
        return {item["LogicalResourceId"]: item["StackResourceDriftStatus"] for item in found}

    world.deploy("s", TWO)
    fault(world, "handler", logical_id="B", operation="update", times=1)
    fault(world, "rollback", logical_id="A", times=1)
    execute(world, CHANGED)
    world.advance()
    world.cfn.continue_update_rollback(StackName="s", ResourcesToSkip=["A"])
    world.advance()
    assert drifts() == {"A": "NOT_CHECKED", "B": "IN_SYNC"}
    (found,) = world.cfn.describe_stacks(StackName="s")["Stacks"]
    assert found["DriftInformation"]["StackDriftStatus"] == "IN_SYNC"
    world.deploy("s", CHANGED)
    assert drifts() == {"A": "IN_SYNC", "B": "IN_SYNC"}


# What is read back


def test_a_template_can_be_read_before_it_is_executed(world: World) -> None:
    plan = world.plan("s", TWO)
    assert world.cfn.get_template(ChangeSetName=plan["ChangeSetId"])["TemplateBody"] == TWO
    assert world.cfn.get_template(StackName="s", ChangeSetName="plan")["TemplateBody"] == TWO
    with pytest.raises(ClientError, match="REVIEW_IN_PROGRESS"):
        world.cfn.get_template(StackName="s")
    world.cfn.execute_change_set(ChangeSetName=plan["ChangeSetId"])
    world.advance()
    changed = world.plan("s", CHANGED, kind="UPDATE", name="change")
    assert world.cfn.get_template(StackName="s")["TemplateBody"] == TWO
    assert world.cfn.get_template(ChangeSetName=changed["ChangeSetId"])["TemplateBody"] == CHANGED
    assert code(world.cfn.get_template, StackName="s", ChangeSetName="nope") == "ChangeSetNotFound"


def test_a_stack_says_when_it_was_updated_and_by_which_change_set(world: World) -> None:
    plan = world.plan("s", TWO)
    planned = world.stack("s")
    assert "LastUpdatedTime" not in planned
    assert "ChangeSetId" not in planned
    world.advance()
    world.cfn.execute_change_set(ChangeSetName=plan["ChangeSetId"])
    world.advance()
    made = world.stack("s")
    assert made["CreationTime"] == planned["CreationTime"]
    assert made["LastUpdatedTime"] > made["CreationTime"]
    assert made["ChangeSetId"] == plan["ChangeSetId"]
    execute(world, CHANGED)
    world.advance()
    changed = world.stack("s")
    assert changed["LastUpdatedTime"] > made["LastUpdatedTime"]
    assert changed["ChangeSetId"] != plan["ChangeSetId"]
    world.cfn.create_stack(StackName="direct", TemplateBody=json.dumps(TWO))
    world.advance()
    assert not {"LastUpdatedTime", "ChangeSetId"} & world.stack("direct").keys()


def test_change_sets_are_listed_with_their_fates(world: World) -> None:
    world.deploy("s", TWO)
    world.plan("s", CHANGED, kind="UPDATE", name="good", Description="for a reason")
    world.plan("s", TWO, kind="UPDATE", name="empty")
    found = {item["ChangeSetName"]: item for item in world.cfn.list_change_sets(StackName="s")["Summaries"]}
    assert {name: (item["Status"], item["ExecutionStatus"]) for name, item in found.items()} == {
        "deploy": ("CREATE_COMPLETE", "EXECUTE_COMPLETE"),
        "good": ("CREATE_COMPLETE", "AVAILABLE"),
        "empty": ("FAILED", "UNAVAILABLE"),
    }
    assert found["good"]["Description"] == "for a reason"
    assert {item["StackName"] for item in found.values()} == {"s"}
    assert "didn't contain changes" in found["empty"]["StatusReason"]
    world.sandbox.world.pages["ListChangeSets"] = 2
    pages = world.cfn.get_paginator("list_change_sets").paginate(StackName="s")
    assert [len(page["Summaries"]) for page in pages] == [2, 1]


# Nothing is ignored


@pytest.mark.parametrize(
    ("call", "given"),
    [
        ("execute_change_set", {"ChangeSetName": "plan", "RetainExceptOnCreate": True}),
        ("rollback_stack", {"RetainExceptOnCreate": True}),
        ("rollback_stack", {"DeploymentConfig": {"Mode": "EXPRESS"}}),
        ("delete_stack", {"DeploymentConfig": {"Mode": "EXPRESS"}}),
        ("delete_stack", {"DeploymentConfig": {"DisableRollback": True}}),
        ("set_stack_policy", {"StackPolicyURL": "https://s3.amazonaws.com/b/k"}),
        ("set_stack_policy", {"StackPolicyBody": '{"Statement": []}'}),
        ("update_stack", {"TemplateBody": json.dumps(CHANGED), "StackPolicyBody": "{"}),
        ("get_template_summary", {"TemplateSummaryConfig": {"TreatUnrecognizedResourceTypesAsWarnings": True}}),
    ],
)
def test_what_has_no_effect_here_is_refused(world: World, call: str, given: Any) -> None:
    world.deploy("s", TWO)
    assert code(getattr(world.cfn, call), StackName="s", **given) == "ValidationError"


def test_a_role_is_kept_for_later_operations(world: World) -> None:
    role = "arn:aws:iam::123456789012:role/deployer"
    world.deploy("s", TWO, RoleARN=role)
    world.deploy("s", CHANGED)
    assert world.stack("s")["RoleARN"] == role


def test_a_policy_that_allows_everything_is_kept(world: World) -> None:
    allow = {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}
    policy = json.dumps({"Statement": [allow]})
    world.cfn.create_stack(StackName="s", TemplateBody=json.dumps(TWO), StackPolicyBody=policy)
    assert world.cfn.get_stack_policy(StackName="s")["StackPolicyBody"] == policy


# Trouble that stays where it is


def test_an_import_into_a_new_stack_that_fails_leaves_an_empty_stack(world: World) -> None:
    topics = world.client("sns")
    arn = topics.create_topic(Name="old")["TopicArn"]
    asked = {"ResourceType": "AWS::SNS::Topic", "LogicalResourceId": "Old", "ResourceIdentifier": {"TopicArn": arn}}
    template = a_template(Old={**a_topic(TopicName="old"), "DeletionPolicy": "Retain"})
    plan = world.plan("s", template, kind="IMPORT", ResourcesToImport=[asked])
    topics.delete_topic(TopicArn=arn)
    world.cfn.execute_change_set(ChangeSetName=plan["ChangeSetId"])
    world.advance()
    assert world.stack("s")["StackStatus"] == "IMPORT_ROLLBACK_COMPLETE"
    assert "does not exist" in world.reasons("s")["Old"]
    assert world.cfn.list_stack_resources(StackName="s")["StackResourceSummaries"] == []
    assert world.deploy("s", a_template(A=a_topic()))["StackStatus"] == "UPDATE_COMPLETE"


def test_what_is_being_changed_cannot_be_broken(world: World) -> None:
    world.cfn.create_stack(StackName="s", TemplateBody=json.dumps(an_endpoint()))
    world.advance(1)
    world.sandbox.world.settle()
    with pytest.raises(Refusal, match="Endpoint is under way to something"):
        break_resource(world.sandbox.world, {"stack": "s", "logical_id": "Endpoint"})


def test_a_bug_in_one_operation_leaves_the_others_alone(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    for name in ("s", "t"):
        world.cfn.create_stack(StackName=name, TemplateBody=json.dumps(TWO))
    with world.sandbox.world.lock:
        hurt = world.sandbox.world.cloudformation.by_name("us-east-2", "s")
        assert hurt is not None
        hurt.running.phase = "nowhere"
    world.advance()
    assert world.stack("s")["StackStatus"] == "CREATE_FAILED"
    assert world.stack("s")["StackStatusReason"].startswith("InternalFailure: the sandbox has a bug")
    assert world.stack("t")["StackStatus"] == "CREATE_COMPLETE"
    assert "KeyError: 'nowhere'" in capfd.readouterr().err
    world.cfn.delete_stack(StackName="s")
    world.advance()
    assert [stack["StackName"] for stack in world.cfn.describe_stacks()["Stacks"]] == ["t"]
