"""After a kill every type is there again: same ids, in sync, and it can be deleted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from esmcfn.sandbox.clock import Clock
from esmcfn.sandbox.cloudformation import schema
from esmcfn.sandbox.cloudformation.operations import operations
from esmcfn.sandbox.wire import Call
from esmcfn.sandbox.world import World

from .conftest import REGION
from .types import CASES, Case


class Local:
    """A world in this process, without HTTP, that can be killed."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock = folder, Clock(speed=0)
        self.world = World(folder, clock=self.clock)

    def call(self, operation: str, **parameters: Any) -> Any:
        self.world.settle()
        call = Call(service="cloudformation", operation=operation, region=REGION, parameters=parameters)
        answer = operations(self.world.cloudformation)[operation](call)
        self.clock.advance(60)
        self.world.settle()
        return answer

    def kill(self) -> None:
        self.world.moto.reset()
        self.world = World(self.folder, clock=self.clock)

    def resources(self) -> dict[str, str]:
        found = self.call("ListStackResources", StackName="s")["StackResourceSummaries"]
        return {item["LogicalResourceId"]: item["PhysicalResourceId"] for item in found}


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Local]:
    made = Local(tmp_path)
    made.world.moto.reset()
    yield made
    made.world.moto.reset()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.type)
def test_a_type_survives_a_kill(local: Local, case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    body = json.dumps(case.template(case.update))
    tags = [{"Key": "stack", "Value": "1"}]
    local.call("CreateStack", StackName="s", TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"], Tags=tags)
    assert local.call("DescribeStacks", StackName="s")["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
    before = local.resources()
    local.kill()
    assert local.resources() == before
    local.call("DetectStackDrift", StackName="s")
    assert capsys.readouterr().err == "", "what moto holds is made again when it is first asked"
    drifts = local.call("DescribeStackResourceDrifts", StackName="s")["StackResourceDrifts"]
    assert {item["StackResourceDriftStatus"] for item in drifts} <= {"IN_SYNC"}, drifts
    if schema.must_load(case.type, REGION).readable:
        assert "It" in [item["LogicalResourceId"] for item in drifts]
    local.call("DeleteStack", StackName="s")
    assert local.world.cloudformation.live(REGION) == []


def test_nested_stacks_go_on_after_a_kill_in_the_middle(local: Local) -> None:
    child = json.dumps({"Resources": {"T": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "x"}}}})
    local.world.moto.call("s3", "CreateBucket", "us-east-1", {"Bucket": "nested"})
    local.world.moto.call("s3", "PutObject", "us-east-1", {"Bucket": "nested", "Key": "k", "Body": child.encode()})
    nested = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "https://s3.amazonaws.com/nested/k"}}
    call = Call(
        service="cloudformation",
        operation="CreateStack",
        region=REGION,
        parameters={"StackName": "s", "TemplateBody": json.dumps({"Resources": {"Child": nested}})},
    )
    operations(local.world.cloudformation)["CreateStack"](call)
    local.clock.advance(0.1)
    local.world.settle()
    assert [stack.status for stack in local.world.cloudformation.live(REGION)] == ["CREATE_IN_PROGRESS"] * 2
    local.kill()
    local.clock.advance(60)
    local.world.settle()
    assert [stack.status for stack in local.world.cloudformation.live(REGION)] == ["CREATE_COMPLETE"] * 2
    local.kill()
    local.call("DeleteStack", StackName="s")
    assert local.world.cloudformation.live(REGION) == []


def test_a_key_keeps_its_secret_and_shows_it_to_the_secret_only(local: Local) -> None:
    template = {
        "Resources": {
            "User": {"Type": "AWS::IAM::User", "Properties": {"UserName": "shared"}},
            "Key": {"Type": "AWS::IAM::AccessKey", "Properties": {"UserName": {"Ref": "User"}}},
            "Secret": {
                "Type": "AWS::SecretsManager::Secret",
                "Properties": {"SecretString": {"Fn::Sub": '{"secret": "${Key.SecretAccessKey}"}'}},
            },
        },
    }
    given = {"StackName": "s", "Capabilities": ["CAPABILITY_NAMED_IAM"]}
    local.call("CreateStack", TemplateBody=json.dumps(template), **given)
    local.kill()
    arn = local.resources()["Secret"]
    value = local.world.moto.call("secretsmanager", "GetSecretValue", REGION, {"SecretId": arn})["SecretString"]
    secret = json.loads(value)["secret"]
    local.call("DetectStackDrift", StackName="s")
    plan = {**template, "Description": "x"}
    plan["Resources"] = {**template["Resources"], "Topic": {"Type": "AWS::SNS::Topic", "Properties": {}}}
    made = local.call("CreateChangeSet", ChangeSetName="c", TemplateBody=json.dumps(plan), **given)
    shown = [
        local.call("DescribeChangeSet", ChangeSetName=made["Id"], IncludePropertyValues=True),
        local.call("DescribeStackEvents", StackName="s"),
        local.call("DescribeStackResources", StackName="s"),
        local.call("DescribeStackResourceDrifts", StackName="s"),
        local.call("DescribeEvents", StackName="s"),
        local.call("GetTemplate", StackName="s"),
    ]
    assert len(shown[0]["Changes"]) == 1
    assert secret not in json.dumps(shown, default=str)
    template["Outputs"] = {"Oops": {"Value": {"Fn::GetAtt": ["Key", "SecretAccessKey"]}}}
    with pytest.raises(Exception, match=r"refuses to show Key\.SecretAccessKey"):
        local.call("UpdateStack", TemplateBody=json.dumps(template), **given)
