"""The bad days on which deployment tools differ, each produced on demand over HTTP."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .conftest import World
from .nesting import a_nested, child_of, uploaded
from .templates import a_template, a_topic, an_endpoint


def fault(world: World, name: str, **options: Any) -> None:
    world.sandbox.world.faults.add(name, options)


def start(world: World, template: object, **more: Any) -> None:
    """Plan and begin an update of the stack `s`."""
    plan = world.plan("s", template, kind="UPDATE", name="go")
    assert plan["Status"] == "CREATE_COMPLETE", plan.get("StatusReason")
    world.cfn.execute_change_set(ChangeSetName=plan["ChangeSetId"], **more)


def test_an_update_without_changes_fails_and_its_change_set_stays(world: World) -> None:
    world.deploy("s", a_template(T=a_topic()))
    plan = world.plan("s", a_template(T=a_topic()), kind="UPDATE")
    assert (plan["Status"], plan["ExecutionStatus"], plan["Changes"]) == ("FAILED", "UNAVAILABLE", [])
    assert plan["StatusReason"].startswith("The submitted information didn't contain changes.")
    left = [item["ChangeSetName"] for item in world.cfn.list_change_sets(StackName="s")["Summaries"]]
    assert left == ["deploy", "plan"]
    with pytest.raises(ClientError, match=r"in its current status of \[FAILED\]"):
        world.cfn.execute_change_set(ChangeSetName=plan["ChangeSetId"])


def test_an_update_without_changes_of_a_template_with_a_transform_says_so_in_other_words(world: World) -> None:
    template = {"Transform": "AWS::LanguageExtensions", **a_template(T=a_topic())}
    world.deploy("s", template)
    plan = world.plan("s", template, kind="UPDATE")
    assert (plan["Status"], plan["StatusReason"]) == ("FAILED", "No updates are to be performed.")
    assert world.cfn.get_template(StackName="s")["TemplateBody"] == a_template(T=a_topic())
    assert world.cfn.get_template(StackName="s", TemplateStage="Original")["TemplateBody"] == template


@pytest.mark.parametrize(
    "value",
    [
        {"Fn::Length": [1, 2]},
        {"Fn::ToJsonString": {"a": 1}},
        {"Fn::FindInMap": ["M", "a", "b", {"DefaultValue": "x"}]},
    ],
)
def test_a_transform_whose_functions_are_used_is_refused(world: World, value: Any) -> None:
    template = {"Transform": ["AWS::LanguageExtensions"], **a_template(T=a_topic(DisplayName=value))}
    with pytest.raises(ClientError, match=r"does not support|requires three parameters"):
        world.plan("s", template)


def test_a_transform_must_be_acknowledged_where_no_change_set_shows_it(world: World) -> None:
    body = json.dumps({"Transform": "AWS::LanguageExtensions", **a_template(T=a_topic())})
    with pytest.raises(ClientError, match="CAPABILITY_AUTO_EXPAND"):
        world.cfn.create_stack(StackName="s", TemplateBody=body)
    world.cfn.create_stack(StackName="s", TemplateBody=body, Capabilities=["CAPABILITY_AUTO_EXPAND"])
    assert world.cfn.validate_template(TemplateBody=body)["DeclaredTransforms"] == ["AWS::LanguageExtensions"]


def test_a_change_set_imports_what_exists(world: World) -> None:
    world.deploy("s", a_template(A=a_topic()))
    arn = world.client("sns").create_topic(Name="old")["TopicArn"]
    asked = {"ResourceType": "AWS::SNS::Topic", "LogicalResourceId": "Old", "ResourceIdentifier": {"TopicArn": arn}}
    template = a_template(A=a_topic(), Old={**a_topic(TopicName="old"), "DeletionPolicy": "Retain"})
    plan = world.plan("s", template, kind="IMPORT", ResourcesToImport=[asked])
    (change,) = [item["ResourceChange"] for item in plan["Changes"]]
    assert (change["Action"], change["LogicalResourceId"]) == ("Import", "Old")
    assert "Replacement" not in change
    world.cfn.execute_change_set(ChangeSetName=plan["ChangeSetId"])
    world.advance()
    assert world.stack("s")["StackStatus"] == "IMPORT_COMPLETE"


def test_a_removal_may_hide_on_the_last_of_many_pages(world: World) -> None:
    kept = {f"A{index:03}": a_topic() for index in range(119)}
    world.deploy("s", a_template(**kept, Zed={"Type": "AWS::S3::Bucket"}))
    changed = {name: a_topic(DisplayName="new") for name in kept}
    plan = world.plan("s", a_template(**changed), kind="UPDATE")
    assert len(plan["Changes"]) == 100
    assert plan["NextToken"]
    pages = world.cfn.get_paginator("describe_change_set").paginate(ChangeSetName=plan["ChangeSetId"])
    found = [change["ResourceChange"] for page in pages for change in page["Changes"]]
    assert len(found) == 120
    last = found[-1]
    assert (last["Action"], last["LogicalResourceId"], last["PolicyAction"]) == ("Remove", "Zed", "Delete")
    world.sandbox.world.pages["DescribeChangeSet"] = 50
    pages = world.cfn.get_paginator("describe_change_set").paginate(ChangeSetName=plan["ChangeSetId"])
    assert [len(page["Changes"]) for page in pages] == [50, 50, 20]


def test_an_update_that_fails_inside_a_nested_stack_has_its_cause_in_that_stacks_events(world: World) -> None:
    url = uploaded(world, a_template(Inner=a_topic(DisplayName="1")))
    world.deploy("s", a_template(Outer=a_topic(DisplayName="1"), Child=a_nested(url)))
    child = child_of(world, "s")
    fault(world, "handler", logical_id="Inner", operation="update", message="the root cause")
    uploaded(world, a_template(Inner=a_topic(DisplayName="2")))
    start(world, a_template(Outer=a_topic(DisplayName="2"), Child=a_nested(url)))
    world.advance()
    assert world.stack("s")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert world.stack(child)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert world.reasons("s")["Child"] == (
        f"Embedded stack {child} was not successfully updated. Currently in UPDATE_ROLLBACK_IN_PROGRESS with reason: "
        "The following resource(s) failed to update: [Inner]."
    )
    assert not any("the root cause" in reason for reason in world.reasons("s").values())
    assert "the root cause" in world.reasons(child)["Inner"]
    topics = world.client("sns")
    names = [topics.get_topic_attributes(TopicArn=t["TopicArn"]) for t in topics.list_topics()["Topics"]]
    assert [name["Attributes"]["DisplayName"] for name in names] == ["1", "1"]


def test_early_validation_rejects_a_property_and_says_where(world: World) -> None:
    plan = world.plan("s", a_template(T=a_topic(DisplayNam="x")))
    assert plan["Status"] == "FAILED"
    assert "AWS::EarlyValidation::PropertyValidation" in plan["StatusReason"]
    assert "DisplayNam" not in plan["StatusReason"], "the detail is in DescribeEvents only"
    events = world.cfn.describe_events(ChangeSetName=plan["ChangeSetId"], Filters={"FailedEvents": True})
    (event,) = events["OperationEvents"]
    assert event["ValidationPath"] == "/Resources/T/Properties/DisplayNam"
    assert event["EventType"] == "VALIDATION_ERROR"
    assert world.stack("s")["StackStatus"] == "REVIEW_IN_PROGRESS"


def test_a_stack_whose_rollback_failed_refuses_everything_but_its_recovery(world: World) -> None:
    world.deploy("s", a_template(A=a_topic(DisplayName="1"), B={**a_topic(), "DependsOn": "A"}))
    fault(world, "handler", logical_id="B", operation="update")
    fault(world, "rollback", logical_id="A", times=1)
    after = a_template(A=a_topic(DisplayName="2"), B={**a_topic(DisplayName="2"), "DependsOn": "A"})
    start(world, after)
    world.advance()
    assert world.stack("s")["StackStatus"] == "UPDATE_ROLLBACK_FAILED"
    refused = "is in UPDATE_ROLLBACK_FAILED state and can not be updated"
    with pytest.raises(ClientError, match=refused):
        world.plan("s", after, kind="UPDATE")
    with pytest.raises(ClientError, match=refused):
        world.cfn.update_stack(StackName="s", TemplateBody=json.dumps(after))
    with pytest.raises(ClientError, match="can not be rolled back"):
        world.cfn.rollback_stack(StackName="s")
    with pytest.raises(ClientError, match="cannot be called from current stack status"):
        world.cfn.cancel_update_stack(StackName="s")
    world.cfn.continue_update_rollback(StackName="s")
    world.advance()
    assert world.stack("s")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"


def test_a_stack_that_somebody_else_updates_is_refused_at_once(world: World) -> None:
    world.deploy("s", an_endpoint())
    mine = world.plan("s", an_endpoint(suffix="3"), kind="UPDATE", name="mine")
    start(world, an_endpoint(suffix="2"))
    world.advance(1)
    assert world.stack("s")["StackStatus"] == "UPDATE_IN_PROGRESS"
    with pytest.raises(ClientError, match="is in UPDATE_IN_PROGRESS state and can not be updated"):
        world.plan("s", an_endpoint(suffix="3"), kind="UPDATE")
    with pytest.raises(ClientError, match="ChangeSetNotFound"):
        world.cfn.execute_change_set(ChangeSetName=mine["ChangeSetId"])
    with pytest.raises(ClientError, match="cannot be deleted while in status UPDATE_IN_PROGRESS"):
        world.cfn.delete_stack(StackName="s")


def test_a_stack_in_review_holds_somebody_elses_change_set(world: World) -> None:
    theirs = world.plan("s", a_template(T=a_topic()), name="pr-42-plan")
    assert world.stack("s")["StackStatus"] == "REVIEW_IN_PROGRESS"
    mine = world.plan("s", a_template(T=a_topic(DisplayName="mine")), name="mine")
    names = [item["ChangeSetName"] for item in world.cfn.list_change_sets(StackName="s")["Summaries"]]
    assert names == ["pr-42-plan", "mine"]
    world.cfn.execute_change_set(ChangeSetName=mine["ChangeSetId"])
    with pytest.raises(ClientError, match="ChangeSetNotFound"):
        world.cfn.describe_change_set(ChangeSetName=theirs["ChangeSetId"])


@pytest.mark.parametrize("how", ["OnStackFailure", "DisableRollback"])
def test_a_failed_creation_may_keep_what_it_made(world: World, how: str) -> None:
    fault(world, "handler", logical_id="B", times=1)
    given = {"OnStackFailure": "DO_NOTHING"} if how == "OnStackFailure" else {}
    template = a_template(A=a_topic(), B={**a_topic(), "DependsOn": "A"})
    plan = world.plan("s", template, **given)
    world.cfn.execute_change_set(
        ChangeSetName=plan["ChangeSetId"], **({"DisableRollback": True} if how == "DisableRollback" else {})
    )
    world.advance()
    assert world.stack("s")["StackStatus"] == "CREATE_FAILED"
    live = {
        item["LogicalResourceId"]: item["ResourceStatus"]
        for item in world.cfn.list_stack_resources(StackName="s")["StackResourceSummaries"]
    }
    assert live == {"A": "CREATE_COMPLETE", "B": "CREATE_FAILED"}
    assert len(world.client("sns").list_topics()["Topics"]) == 1
    with pytest.raises(ClientError, match="is in CREATE_FAILED state and can not be updated"):
        world.cfn.update_stack(StackName="s", TemplateBody=json.dumps(template))
    world.cfn.update_stack(StackName="s", TemplateBody=json.dumps(template), DisableRollback=True)
    world.advance()
    assert world.stack("s")["StackStatus"] == "UPDATE_COMPLETE"


def test_a_change_set_of_outputs_only_is_executable_and_lists_nothing(world: World) -> None:
    world.deploy("s", a_template(T=a_topic()))
    after = {**a_template(T=a_topic()), "Outputs": {"Arn": {"Value": {"Ref": "T"}}}}
    plan = world.plan("s", after, kind="UPDATE")
    assert (plan["Status"], plan["ExecutionStatus"], plan["Changes"]) == ("CREATE_COMPLETE", "AVAILABLE", [])
    world.cfn.execute_change_set(ChangeSetName=plan["ChangeSetId"])
    world.advance()
    assert [output["OutputKey"] for output in world.stack("s")["Outputs"]] == ["Arn"]


@pytest.mark.parametrize("operation", ["DescribeStacks", "DescribeStackEvents", "DescribeEvents"])
def test_describing_may_be_throttled_while_an_update_goes_on(world: World, operation: str) -> None:
    world.deploy("s", an_endpoint())
    start(world, an_endpoint(suffix="2"))
    fault(world, "throttle", action=f"cloudformation:{operation}", times=2)
    call = {
        "DescribeStacks": world.cfn.describe_stacks,
        "DescribeStackEvents": world.cfn.describe_stack_events,
        "DescribeEvents": world.cfn.describe_events,
    }[operation]
    for _ in range(2):
        with pytest.raises(ClientError) as caught:
            call(StackName="s")
        assert caught.value.response["Error"] == {"Type": "Sender", "Code": "Throttling", "Message": "Rate exceeded"}
    call(StackName="s")
    assert world.stack("s")["StackStatus"] == "UPDATE_IN_PROGRESS"
    world.advance()
    assert world.stack("s")["StackStatus"] == "UPDATE_COMPLETE"


def test_describing_may_lag_behind_an_execution(world: World) -> None:
    world.deploy("s", a_template(T=a_topic()))
    before = world.stack("s")
    fault(world, "stale", stack="s", times=2)
    start_plan = world.plan("s", a_template(T=a_topic(DisplayName="x")), kind="UPDATE", name="go")
    world.cfn.execute_change_set(ChangeSetName=start_plan["ChangeSetId"])
    world.advance()
    assert world.stack("s")["StackStatus"] == "CREATE_COMPLETE"
    assert world.stack("s")["LastUpdatedTime"] == before["LastUpdatedTime"]
    assert world.stack("s")["StackStatus"] == "UPDATE_COMPLETE"


def test_describing_may_lag_behind_a_creation_and_a_deletion(world: World) -> None:
    world.cfn.create_stack(StackName="s", TemplateBody=json.dumps(a_template(T=a_topic())))
    world.advance()
    fault(world, "stale", times=2)
    with pytest.raises(ClientError, match="Stack with id s does not exist"):
        world.stack("s")
    assert world.cfn.describe_stacks()["Stacks"] == []
    world.cfn.delete_stack(StackName="s")
    world.advance()
    fault(world, "stale", times=1)
    assert world.stack("s")["StackStatus"] == "CREATE_COMPLETE"
    with pytest.raises(ClientError, match="Stack with id s does not exist"):
        world.stack("s")


def test_an_output_cannot_show_the_secret_of_a_key(world: World) -> None:
    template = {
        **a_template(
            User={"Type": "AWS::IAM::User", "Properties": {"UserName": "u"}},
            Key={"Type": "AWS::IAM::AccessKey", "Properties": {"UserName": {"Ref": "User"}}},
        ),
        "Outputs": {"Secret": {"Value": {"Fn::Sub": "${Key.SecretAccessKey}"}}},
    }
    with pytest.raises(ClientError, match=r"refuses to show Key.SecretAccessKey in an output: it is a secret"):
        world.plan("s", template)


def test_a_parameter_with_no_echo_is_masked_and_an_output_of_it_is_not(world: World) -> None:
    template = {
        "Parameters": {"Word": {"Type": "String", "NoEcho": True}},
        **a_template(T=a_topic(DisplayName={"Ref": "Word"})),
        "Outputs": {"Word": {"Value": {"Ref": "Word"}}},
    }
    given = [{"ParameterKey": "Word", "ParameterValue": "opensesame"}]
    stack = world.deploy("s", template, Parameters=given)
    assert stack["Parameters"] == [{"ParameterKey": "Word", "ParameterValue": "****"}]
    events = world.cfn.describe_stack_events(StackName="s")["StackEvents"]
    assert "opensesame" not in json.dumps(events, default=str)
    assert stack["Outputs"][0]["OutputValue"] == "opensesame", "as CloudFormation does: a client must mask it"
