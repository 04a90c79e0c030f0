"""Calls that CloudFormation and SageMaker refuse, and that are easily answered by silence."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .conftest import World
from .templates import a_template, a_topic, an_endpoint

ENDPOINT = "Endpoint-ESMC-300M-1"
ASKED = json.dumps({"model": "esmc-300m-2024-12", "endpoint": "encode", "encode": {"inputs": {"sequence": "MKT"}}})
TEMPLATE = json.dumps(a_template(A=a_topic()))


def refused(call: Callable[..., Any], **given: Any) -> str:
    """Return the code and message of a refusal, as one text."""
    with pytest.raises(ClientError) as caught:
        call(**given)
    error = caught.value.response["Error"]
    return f"{error['Code']}: {error['Message']}"


# Names


@pytest.mark.parametrize(("name", "why"), [("a" * 129, "length"), ("a_b", "pattern"), ("1a", "pattern")])
def test_a_name_that_no_stack_may_have_makes_none(world: World, name: str, why: str) -> None:
    planned = {"ChangeSetName": "c", "ChangeSetType": "CREATE"}
    assert why in refused(world.cfn.create_stack, StackName=name, TemplateBody=TEMPLATE)
    assert why in refused(world.cfn.create_change_set, StackName=name, TemplateBody=TEMPLATE, **planned)
    assert world.cfn.describe_stacks()["Stacks"] == []


def test_a_stack_may_have_a_name_of_128_letters(world: World) -> None:
    assert world.deploy("a" * 128, a_template(A=a_topic()))["StackStatus"] == "CREATE_COMPLETE"


@pytest.mark.parametrize(
    "given",
    [
        {"RoleARN": "arn:aws:iam::123456789012:user/somebody"},
        {"NotificationARNs": ["arn:aws:sqs:us-east-2:123456789012:queue"]},
    ],
)
def test_what_is_no_role_and_no_topic_is_refused(world: World, given: Any) -> None:
    ((_, value),) = given.items()
    assert (value if isinstance(value, str) else value[0]) in refused(
        world.cfn.create_stack, StackName="s", TemplateBody=TEMPLATE, **given
    )
    if "RoleARN" in given:
        world.deploy("s", a_template(A=a_topic()))
        assert "cannot be assumed" in refused(world.cfn.delete_stack, StackName="s", **given)
        assert world.stack("s")["StackStatus"] == "CREATE_COMPLETE"


# Pages


def test_a_token_is_good_for_the_question_that_gave_it(world: World) -> None:
    cfn = world.cfn
    for name in ("a", "b", "c"):
        world.deploy(name, a_template(A=a_topic(), B=a_topic()))
    world.sandbox.world.pages["*"] = 2
    stacks = cfn.describe_stacks()["NextToken"]
    events = cfn.describe_stack_events(StackName="a")["NextToken"]
    assert len(cfn.describe_stacks(NextToken=stacks)["Stacks"]) == 1
    assert cfn.describe_stack_events(StackName="a", NextToken=events)["StackEvents"]
    assert "NextToken" in refused(cfn.list_stacks, NextToken=stacks)
    assert "NextToken" in refused(cfn.describe_stacks, StackName="a", NextToken=stacks)
    assert "NextToken" in refused(cfn.describe_stack_events, StackName="b", NextToken=events)
    summaries = cfn.list_stacks()["NextToken"]
    assert "NextToken" in refused(cfn.list_stacks, NextToken=summaries, StackStatusFilter=["DELETE_COMPLETE"])


def test_a_page_may_be_of_another_size_than_the_one_before(world: World) -> None:
    sagemaker = world.client("sagemaker")
    world.deploy("s", an_endpoint())
    arn = sagemaker.describe_endpoint(EndpointName=ENDPOINT)["EndpointArn"]
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": f"k{number}", "Value": "v"} for number in range(30)])
    world.sandbox.world.pages["ListTags"] = 10
    first = sagemaker.list_tags(ResourceArn=arn)
    rest = sagemaker.list_tags(ResourceArn=arn, MaxResults=50, NextToken=first["NextToken"])
    keys = [tag["Key"] for tag in (*first["Tags"], *rest["Tags"])]
    assert len(keys) == len(set(keys)) == 30


# States


def test_an_update_cannot_give_a_resource_another_type(world: World) -> None:
    world.deploy("s", a_template(A=a_topic(), B=a_topic()))
    other = a_template(A={"Type": "AWS::Logs::LogGroup"}, B=a_topic())
    said = refused(world.cfn.update_stack, StackName="s", TemplateBody=json.dumps(other))
    assert said.startswith("ValidationError: Update of resource type is not permitted")
    assert "[A]" in said
    assert world.stack("s")["StackStatus"] == "CREATE_COMPLETE"
    assert world.sandbox.world.cloudformation.bugs == []


def test_of_those_who_execute_a_change_set_at_once_one_does(world: World) -> None:
    world.deploy("s", a_template(A=a_topic()))
    made = world.plan("s", a_template(A=a_topic(DisplayName="x")), kind="UPDATE")["ChangeSetId"]
    answers: list[str] = []

    def execute() -> None:
        try:
            world.cfn.execute_change_set(ChangeSetName=made)
            answers.append("executed")
        except ClientError as error:
            answers.append(error.response["Error"]["Code"])

    threads = [threading.Thread(target=execute) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["InvalidChangeSetStatus"] * 3 + ["executed"]
    assert [status for name, status in world.statuses("s") if name == "s"].count("UPDATE_IN_PROGRESS") == 1


@pytest.mark.parametrize("kind", ["CREATE", "UPDATE"])
def test_a_deleted_stack_gets_no_change_set_by_its_arn(world: World, kind: str) -> None:
    arn = world.deploy("s", a_template(A=a_topic()))["StackId"]
    world.cfn.delete_stack(StackName="s")
    world.advance()
    asked = {"StackName": arn, "ChangeSetName": "c", "ChangeSetType": kind, "TemplateBody": TEMPLATE}
    assert "is in DELETE_COMPLETE state" in refused(world.cfn.create_change_set, **asked)
    assert world.cfn.get_template(StackName=arn)["TemplateBody"]["Resources"].keys() == {"A"}
    assert world.stack(arn)["StackStatus"] == "DELETE_COMPLETE"
    assert "does not exist" in refused(world.cfn.get_template, StackName="s")


def test_a_value_without_echo_is_masked_in_drift_and_in_what_reverts_it(world: World) -> None:
    template = {
        "Parameters": {"Word": {"Type": "String", "NoEcho": True}},
        **a_template(T=a_topic(TopicName="t", DisplayName={"Ref": "Word"}, Tags=[{"Key": "k", "Value": "plain"}])),
    }
    world.deploy("s", template, Parameters=[{"ParameterKey": "Word", "ParameterValue": "opensesame"}])
    topic = "arn:aws:sns:us-east-2:123456789012:t"
    world.client("sns").set_topic_attributes(TopicArn=topic, AttributeName="DisplayName", AttributeValue="closesesame")
    world.cfn.detect_stack_drift(StackName="s")
    (drift,) = world.cfn.describe_stack_resource_drifts(StackName="s")["StackResourceDrifts"]
    assert drift["StackResourceDriftStatus"] == "MODIFIED"
    assert [item["PropertyPath"] for item in drift["PropertyDifferences"]] == ["/DisplayName"]
    same = [{"ParameterKey": "Word", "UsePreviousValue": True}]
    plan = world.plan("s", template, kind="UPDATE", DeploymentMode="REVERT_DRIFT", Parameters=same)
    told = json.dumps([drift, plan], default=str)
    assert "sesame" not in told
    assert "****" in told
    assert "plain" in told
    world.cfn.execute_change_set(ChangeSetName=plan["ChangeSetId"])
    world.advance()
    found = world.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]
    assert found["DisplayName"] == "opensesame"


# SageMaker


def test_tags_of_aws_are_not_for_others(world: World) -> None:
    world.deploy("s", an_endpoint())
    sagemaker, own = world.client("sagemaker"), [{"Key": "aws:mine", "Value": "v"}]
    arn = sagemaker.describe_endpoint(EndpointName=ENDPOINT)["EndpointArn"]
    assert "aws:mine" in refused(sagemaker.add_tags, ResourceArn=arn, Tags=own)
    assert "aws:mine" in refused(sagemaker.create_endpoint, EndpointName="e", EndpointConfigName="Config-1", Tags=own)
    assert "aws:mine" not in [tag["Key"] for tag in sagemaker.list_tags(ResourceArn=arn)["Tags"]]


def test_an_endpoint_answers_while_it_is_updated_and_not_for_models_that_it_has_not(world: World) -> None:
    runtime = world.client("sagemaker-runtime")
    asked = {"EndpointName": ENDPOINT, "Body": ASKED.encode(), "ContentType": "application/json"}
    world.deploy("s", an_endpoint())
    world.cfn.update_stack(StackName="s", TemplateBody=json.dumps(an_endpoint(suffix="2", count=2)))
    world.advance(1)
    assert world.client("sagemaker").describe_endpoint(EndpointName=ENDPOINT)["EndpointStatus"] == "Updating"
    assert runtime.invoke_endpoint(**asked)["InvokedProductionVariant"] == "variant-1"
    for more in ({"TargetModel": "x.tar.gz"}, {"TargetContainerHostname": "x"}, {"SessionId": "NEW_SESSION"}):
        assert refused(runtime.invoke_endpoint, **asked, **more).startswith("ValidationError")
