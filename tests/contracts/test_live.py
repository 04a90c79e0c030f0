"""What only a live account can confirm: each claim of `unconfirmed.py`, against AWS and against the sandbox alike.

    ESMCFN_LIVE_ACCOUNT=123456789012 pytest --live tests/contracts/test_live*.py

needs credentials of exactly that account. It makes SNS topics, a log group, a managed policy, small stacks and a
bucket, all named esmcfn-live-*, and takes them away again. Tests of endpoints cost GPU hours: they also want
ESMCFN_LIVE_GPU=1, ESMCFN_LIVE_PACKAGE (a model package that the account is subscribed to) and maybe
ESMCFN_LIVE_INSTANCE.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from .account import Account, findings
from .nesting import a_nested
from .templates import a_group, a_template, a_topic


def two(**properties: Any) -> dict[str, Any]:
    """Two topics, the second after the first."""
    return a_template(A=a_topic(**properties), B={**a_topic(**properties), "DependsOn": "A"})


def failing() -> dict[str, Any]:
    """A subscription that cannot be: its topic does not exist."""
    arn = {"Fn::Sub": "arn:${AWS::Partition}:sns:${AWS::Region}:${AWS::AccountId}:esmcfn-live-nowhere"}
    return {
        "Type": "AWS::SNS::Subscription",
        "Properties": {"TopicArn": arn, "Protocol": "https", "Endpoint": "https://example.com/"},
    }


# Change sets


def test_a_description_alone_is_no_change(live: Account) -> None:
    live.deploy(a_template(T=a_topic()))
    assert live.plan({"Description": "new", **a_template(T=a_topic())})["Status"] == "FAILED"


def test_outputs_alone_are_executable(live: Account) -> None:
    live.deploy(a_template(T=a_topic()))
    plan = live.plan({**a_template(T=a_topic()), "Outputs": {"Arn": {"Value": {"Ref": "T"}}}})
    assert (plan["Status"], plan["Changes"]) == ("CREATE_COMPLETE", [])


def test_a_parameter_change_has_two_details(live: Account) -> None:
    template = {"Parameters": {"N": {"Type": "String"}}, **a_template(T=a_topic(DisplayName={"Ref": "N"}))}
    live.deploy(template, Parameters=[{"ParameterKey": "N", "ParameterValue": "a"}])
    plan = live.plan(template, Parameters=[{"ParameterKey": "N", "ParameterValue": "b"}])
    details = plan["Changes"][0]["ResourceChange"]["Details"]
    found = sorted((detail["Evaluation"], detail["ChangeSource"]) for detail in details)
    assert found == [("Dynamic", "DirectModification"), ("Static", "ParameterReference")]


def test_an_attribute_of_a_modified_resource_is_dynamic(live: Account) -> None:
    user = a_topic(TopicName={"Fn::Sub": "x-${A.TopicName}"})
    live.deploy(a_template(A=a_topic(DisplayName="1"), B=user))
    plan = live.plan(a_template(A=a_topic(DisplayName="2"), B=user))
    changes = {c["ResourceChange"]["LogicalResourceId"]: c["ResourceChange"] for c in plan["Changes"]}
    assert changes["B"]["Replacement"] == "Conditional"


def test_a_parameter_that_only_an_output_shows_is_executable(live: Account) -> None:
    parameters = {"P": {"Type": "String"}, "Unused": {"Type": "String", "Default": "x"}}
    template = {"Parameters": parameters, **a_template(T=a_topic()), "Outputs": {"O": {"Value": {"Ref": "P"}}}}
    live.deploy(template, Parameters=[{"ParameterKey": "P", "ParameterValue": "a"}])
    unused = [{"ParameterKey": "P", "ParameterValue": "a"}, {"ParameterKey": "Unused", "ParameterValue": "y"}]
    assert live.plan(template, Parameters=unused)["Status"] == "FAILED"
    plan = live.plan(template, Parameters=[{"ParameterKey": "P", "ParameterValue": "b"}])
    assert (plan["Status"], plan["Changes"]) == ("CREATE_COMPLETE", [])


def test_an_executed_name_is_free(live: Account) -> None:
    live.deploy(a_template(T=a_topic()), name="plan")
    (first,) = live.cfn.list_change_sets(StackName=live.name())["Summaries"]
    assert live.plan(a_template(T=a_topic(DisplayName="x")), name="plan")["Status"] == "CREATE_COMPLETE"
    assert live.cfn.describe_change_set(ChangeSetName=first["ChangeSetId"])["ExecutionStatus"] == "EXECUTE_COMPLETE"


def test_a_token_repeats(live: Account) -> None:
    template = a_template(T=a_topic())
    first = live.plan(template, kind="CREATE", name="plan", ClientToken="t1")
    assert live.plan(template, kind="CREATE", name="plan", ClientToken="t1")["ChangeSetId"] == first["ChangeSetId"]


def test_a_transform_says_no_updates(live: Account) -> None:
    template = {"Transform": "AWS::LanguageExtensions", **a_template(T=a_topic())}
    live.deploy(template)
    plan = live.plan(template)
    assert (plan["Status"], plan["StatusReason"]) == ("FAILED", "No updates are to be performed.")
    with pytest.raises(live.cfn.exceptions.InsufficientCapabilitiesException):
        live.cfn.update_stack(StackName=live.name(), TemplateBody=json.dumps(template))


def test_an_output_shows_a_parameter_without_echo(live: Account) -> None:
    template = {
        "Parameters": {"Word": {"Type": "String", "NoEcho": True}},
        **a_template(T=a_topic()),
        "Outputs": {"Word": {"Value": {"Ref": "Word"}}},
    }
    stack = live.deploy(template, Parameters=[{"ParameterKey": "Word", "ParameterValue": "opensesame"}])
    assert (stack["Parameters"][0]["ParameterValue"], stack["Outputs"][0]["OutputValue"]) == ("****", "opensesame")


# Early validation


def test_early_validation_has_names_and_paths(live: Account) -> None:
    plan = live.plan(a_template(T=a_topic(Colour="red")), kind="CREATE", stack="property")
    assert plan["Status"] == "FAILED"
    assert plan["StatusReason"].startswith(
        "The following hook(s)/validation failed: [AWS::EarlyValidation::PropertyValidation]."
    )
    ((name, mode, path),) = findings(live, plan["ChangeSetId"])
    assert (name, mode) == ("AWS::EarlyValidation::PropertyValidation", "FAIL")
    assert path.startswith("/Resources/T/Properties")

    group = live.name("group")
    live.client("logs").create_log_group(logGroupName=group)
    live.afterwards(lambda: live.client("logs").delete_log_group(logGroupName=group))
    taken = a_template(G={"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": group}})
    plan = live.plan(taken, kind="CREATE", stack="name")
    assert plan["Status"] == "FAILED"
    names = [(name, mode) for name, mode, _ in findings(live, plan["ChangeSetId"])]
    assert names == [("AWS::EarlyValidation::ResourceExistenceCheck", "FAIL")]


# Drift and names


def test_a_deleted_resource_is_made_again_by_a_revert(live: Account) -> None:
    stack = live.deploy(two(DisplayName="x"))
    arn = live.physical(stack["StackId"], "A")
    live.client("sns").delete_topic(TopicArn=arn)
    detection = live.cfn.detect_stack_drift(StackName=stack["StackId"])["StackDriftDetectionId"]

    def detected() -> Any:
        found = live.cfn.describe_stack_drift_detection_status(StackDriftDetectionId=detection)
        return found if found["DetectionStatus"] != "DETECTION_IN_PROGRESS" else None

    assert live.until(detected)["StackDriftStatus"] == "DRIFTED"
    plan = live.plan(two(DisplayName="x"), DeploymentMode="REVERT_DRIFT")
    assert plan["Status"] == "CREATE_COMPLETE"
    changes = {c["ResourceChange"]["LogicalResourceId"]: c["ResourceChange"] for c in plan["Changes"]}
    assert (changes["A"]["Action"], changes["A"]["ResourceDriftStatus"]) == ("Add", "DELETED")
    live.cfn.execute_change_set(ChangeSetName=plan["ChangeSetId"])
    assert live.ended(stack["StackId"])["StackStatus"] == "UPDATE_COMPLETE"
    made = live.physical(stack["StackId"], "A")
    assert live.client("sns").get_topic_attributes(TopicArn=made)["Attributes"]["DisplayName"] == "x"


def a_policy(name: str, description: str) -> dict[str, Any]:
    """A managed policy with a name of its own, whose description cannot change in place."""
    statement = {"Effect": "Deny", "Action": "sns:Publish", "Resource": "*"}
    return {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {
            "ManagedPolicyName": name,
            "Description": description,
            "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        },
    }


def test_a_name_that_must_change_is_refused_by_cloudformation(live: Account) -> None:
    name = live.name("policy")
    stack = live.deploy(a_template(P=a_policy(name, "one")))
    assert live.deploy(a_template(P=a_policy(name, "two")), kind="UPDATE")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    reasons = [event.get("ResourceStatusReason", "") for event in live.events(stack["StackId"])]
    assert any("cannot update a stack when a custom-named resource requires replacing" in reason for reason in reasons)


# Imports


def made_by_hand(live: Account) -> str:
    """Make a log group that no stack has, and return its name."""
    name, logs = live.name("taken"), live.client("logs")
    logs.create_log_group(logGroupName=name)

    def gone() -> None:
        try:
            logs.delete_log_group(logGroupName=name)
        except logs.exceptions.ResourceNotFoundException:
            return

    live.afterwards(gone)
    return name


def test_what_is_there_is_taken_over_by_its_name(live: Account) -> None:
    name = made_by_hand(live)
    template = a_template(Group=a_group(name, DeletionPolicy="Retain"), Topic=a_topic())
    tags = [{"Key": "team", "Value": "esm"}]
    stack = live.deploy(template, ImportExistingResources=True, Tags=tags)
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    events = [e["ResourceStatus"] for e in live.events(stack["StackId"]) if e["LogicalResourceId"] == "Group"]
    assert events[0] == "IMPORT_IN_PROGRESS"
    assert "IMPORT_COMPLETE" in events
    assert live.client("logs").list_tags_log_group(logGroupName=name)["tags"]["team"] == "esm"


def test_what_would_be_deleted_is_not_taken_over(live: Account) -> None:
    plan = live.plan(a_template(Group=a_group(made_by_hand(live))), kind="CREATE", ImportExistingResources=True)
    assert plan["Status"] == "FAILED"
    assert plan["StatusReason"].startswith("CloudFormation is attempting to import some resources because they already")


# Operations


def test_a_creation_without_a_stable_state_rolls_back_to_nothing(live: Account) -> None:
    plan = live.begin(a_template(A=a_topic(), S={**failing(), "DependsOn": "A"}), kind="CREATE", disable_rollback=True)
    assert live.ended(plan["StackId"])["StackStatus"] == "CREATE_FAILED"
    live.cfn.rollback_stack(StackName=plan["StackId"])
    assert live.ended(plan["StackId"])["StackStatus"] == "ROLLBACK_COMPLETE"


def test_a_stack_whose_export_is_in_use_is_not_deleted(live: Account) -> None:
    export = live.name("topic")
    exported = {"Arn": {"Value": {"Ref": "T"}, "Export": {"Name": export}}}
    owner = live.deploy({**a_template(T=a_topic()), "Outputs": exported}, stack="owner")
    live.deploy(a_template(T=a_topic(DisplayName={"Fn::ImportValue": export})), stack="user")
    before = owner["StackStatus"]
    live.cfn.delete_stack(StackName=owner["StackId"])

    def refused() -> Any:
        return [e for e in live.events(owner["StackId"]) if "Delete canceled" in e.get("ResourceStatusReason", "")]

    (event,) = live.until(refused)
    assert export in event["ResourceStatusReason"]
    assert live.ended(owner["StackId"])["StackStatus"] == before


def test_a_repeated_execution_is_told_by_its_token(live: Account) -> None:
    plan = live.begin(a_template(T=a_topic()), kind="CREATE", token="make")
    with pytest.raises(live.cfn.exceptions.TokenAlreadyExistsException):
        live.cfn.execute_change_set(ChangeSetName=plan["ChangeSetId"], ClientRequestToken="make")


def test_what_follows_a_cancellation_carries_its_token(live: Account) -> None:
    stack = live.deploy(two())
    live.begin(two(DisplayName="x"), token="change")
    live.until(lambda: "UPDATE_IN_PROGRESS" in live.own(stack["StackId"]), 0.5)
    live.cfn.cancel_update_stack(StackName=stack["StackId"], ClientRequestToken="stop")
    assert live.ended(stack["StackId"])["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    last = live.events(stack["StackId"])[-1]
    assert last["ClientRequestToken"] == "stop"


def test_a_stack_made_by_a_change_set_counts_as_updated(live: Account) -> None:
    stack = live.deploy(a_template(T=a_topic()))
    assert stack["LastUpdatedTime"] > stack["CreationTime"]
    assert [operation["OperationType"] for operation in stack["LastOperations"]] == ["CREATE_STACK"]


def test_a_rollback_has_an_operation_of_its_own(live: Account) -> None:
    live.deploy(two())
    broken = a_template(**two()["Resources"], S=failing())
    assert live.deploy(broken, kind="UPDATE")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    (stack,) = live.cfn.describe_stacks(StackName=live.name())["Stacks"]
    assert [operation["OperationType"] for operation in stack["LastOperations"]] == ["ROLLBACK", "UPDATE_STACK"]


# Nested stacks


def test_a_nested_stack_that_failed_waits_for_its_parent(live: Account) -> None:
    child = live.uploaded(a_template(A=a_topic(), S={**failing(), "DependsOn": "A"}), "failing.json")
    parent = live.deploy(a_template(Child=a_nested(child)))
    assert parent["StackStatus"] == "ROLLBACK_COMPLETE"
    events = live.events(parent["StackId"])
    (nested,) = {
        event["PhysicalResourceId"]
        for event in events
        if event["LogicalResourceId"] == "Child" and event["PhysicalResourceId"]
    }
    assert live.own(nested) == ["CREATE_IN_PROGRESS", "CREATE_FAILED", "DELETE_IN_PROGRESS", "DELETE_COMPLETE"]
    assert {event.get("ClientRequestToken") for event in live.events(nested)} == {
        event.get("ClientRequestToken") for event in events if event["ResourceStatus"] != "REVIEW_IN_PROGRESS"
    }


def test_a_nested_stack_cleans_up_with_its_parent(live: Account) -> None:
    child = live.uploaded(a_template(A=a_topic(TopicName=live.name("one"))), "child.json")
    parent = live.deploy(a_template(Child=a_nested(child)))
    nested = live.physical(parent["StackId"], "Child")
    live.uploaded(a_template(A=a_topic(TopicName=live.name("two"))), "child.json")
    assert live.deploy(a_template(Child=a_nested(child)), kind="UPDATE")["StackStatus"] == "UPDATE_COMPLETE"
    when = {
        (event["StackId"], event["ResourceStatus"]): event["Timestamp"]
        for stack in (parent["StackId"], nested)
        for event in live.events(stack)
        if event["PhysicalResourceId"] == event["StackId"]
    }
    assert when[nested, "UPDATE_COMPLETE"] >= when[parent["StackId"], "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"]
    assert when[nested, "UPDATE_COMPLETE"] <= when[parent["StackId"], "UPDATE_COMPLETE"]


def test_the_events_of_nested_stacks_are_their_own(live: Account) -> None:
    child = live.uploaded(a_template(A=a_topic()), "child.json")
    parent = live.deploy(a_template(Child=a_nested(child)))
    pages = live.cfn.get_paginator("describe_events").paginate(StackName=parent["StackId"])
    assert {event["StackId"] for page in pages for event in page["OperationEvents"]} == {parent["StackId"]}


def test_nested_stacks_that_stay_are_left_out(live: Account) -> None:
    still, moved = (live.uploaded(a_template(A=a_topic()), f"{name}.json") for name in ("still", "moved"))
    template = a_template(Still=a_nested(still), Moved=a_nested(moved))
    live.deploy(template)
    live.uploaded(a_template(A=a_topic(DisplayName="x")), "moved.json")
    plan = live.plan(template, IncludeNestedStacks=True)
    assert [change["ResourceChange"]["LogicalResourceId"] for change in plan["Changes"]] == ["Moved"]
