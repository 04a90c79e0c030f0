"""The cheap half of what only a live account can confirm: SNS topics in a stack of their own.

    ESMCFN_LIVE_ACCOUNT=123456789012 pytest --live tests/contracts/test_live.py

Needs credentials of exactly that account; every stack is deleted at the end.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from .templates import a_template, a_topic

ALLOWED = os.environ.get("ESMCFN_LIVE_ACCOUNT", "")
SHELL = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
pytestmark = pytest.mark.live


class Live:
    """One stack in a real account."""

    def __init__(self, cfn: Any) -> None:
        self.cfn, self.name = cfn, f"esmcfn-live-{uuid.uuid4().hex[:8]}"

    def plan(self, template: dict[str, Any], *, kind: str = "UPDATE", name: str = "", **more: Any) -> Any:
        made = self.cfn.create_change_set(
            StackName=self.name,
            ChangeSetName=name or f"c{uuid.uuid4().hex[:8]}",
            ChangeSetType=kind,
            TemplateBody=json.dumps(template),
            **more,
        )
        while True:
            found = self.cfn.describe_change_set(ChangeSetName=made["Id"], IncludePropertyValues=True)
            if found["Status"] in ("CREATE_COMPLETE", "FAILED"):
                return found

    def deploy(self, template: dict[str, Any], *, kind: str = "CREATE", **more: Any) -> Any:
        plan = self.plan(template, kind=kind, **more)
        self.cfn.execute_change_set(ChangeSetName=plan["ChangeSetId"])
        waiter = "stack_create_complete" if kind == "CREATE" else "stack_update_complete"
        self.cfn.get_waiter(waiter).wait(StackName=self.name, WaiterConfig={"Delay": 2, "MaxAttempts": 100})
        return plan


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch) -> Iterator[Live]:
    for name, value in SHELL.items():
        monkeypatch.setenv(name, value)
    if not ALLOWED or boto3.client("sts").get_caller_identity()["Account"] != ALLOWED:
        pytest.skip("the credentials are not those of ESMCFN_LIVE_ACCOUNT")
    found = Live(boto3.client("cloudformation"))
    yield found
    found.cfn.delete_stack(StackName=found.name)


def test_a_description_alone_is_no_change(live: Live) -> None:
    live.deploy(a_template(T=a_topic()))
    assert live.plan({"Description": "new", **a_template(T=a_topic())})["Status"] == "FAILED"


def test_outputs_alone_are_executable(live: Live) -> None:
    live.deploy(a_template(T=a_topic()))
    plan = live.plan({**a_template(T=a_topic()), "Outputs": {"Arn": {"Value": {"Ref": "T"}}}})
    assert (plan["Status"], plan["Changes"]) == ("CREATE_COMPLETE", [])


def test_a_parameter_change_has_two_details(live: Live) -> None:
    template = {"Parameters": {"N": {"Type": "String"}}, **a_template(T=a_topic(DisplayName={"Ref": "N"}))}
    live.deploy(template, Parameters=[{"ParameterKey": "N", "ParameterValue": "a"}])
    plan = live.plan(template, Parameters=[{"ParameterKey": "N", "ParameterValue": "b"}])
    details = plan["Changes"][0]["ResourceChange"]["Details"]
    found = sorted((detail["Evaluation"], detail["ChangeSource"]) for detail in details)
    assert found == [("Dynamic", "DirectModification"), ("Static", "ParameterReference")]


def test_an_attribute_of_a_modified_resource_is_dynamic(live: Live) -> None:
    user = a_topic(TopicName={"Fn::Sub": "x-${A.TopicName}"})
    live.deploy(a_template(A=a_topic(DisplayName="1"), B=user))
    plan = live.plan(a_template(A=a_topic(DisplayName="2"), B=user))
    changes = {c["ResourceChange"]["LogicalResourceId"]: c["ResourceChange"] for c in plan["Changes"]}
    assert changes["B"]["Replacement"] == "Conditional"


def test_an_executed_name_is_free(live: Live) -> None:
    first = live.deploy(a_template(T=a_topic()), name="plan")
    assert live.plan(a_template(T=a_topic(DisplayName="x")), name="plan")["Status"] == "CREATE_COMPLETE"
    assert live.cfn.describe_change_set(ChangeSetName=first["ChangeSetId"])["ExecutionStatus"] == "EXECUTE_COMPLETE"


def test_a_token_repeats(live: Live) -> None:
    template = a_template(T=a_topic())
    first = live.plan(template, kind="CREATE", name="plan", ClientToken="t1")
    assert live.plan(template, kind="CREATE", name="plan", ClientToken="t1")["ChangeSetId"] == first["ChangeSetId"]


def test_a_transform_says_no_updates(live: Live) -> None:
    template = {"Transform": "AWS::LanguageExtensions", **a_template(T=a_topic())}
    live.deploy(template)
    plan = live.plan(template)
    assert (plan["Status"], plan["StatusReason"]) == ("FAILED", "No updates are to be performed.")
    with pytest.raises(live.cfn.exceptions.InsufficientCapabilitiesException):
        live.cfn.update_stack(StackName=live.name, TemplateBody=json.dumps(template))


def test_an_output_shows_a_parameter_without_echo(live: Live) -> None:
    template = {
        "Parameters": {"Word": {"Type": "String", "NoEcho": True}},
        **a_template(T=a_topic()),
        "Outputs": {"Word": {"Value": {"Ref": "Word"}}},
    }
    live.deploy(template, Parameters=[{"ParameterKey": "Word", "ParameterValue": "opensesame"}])
    (stack,) = live.cfn.describe_stacks(StackName=live.name)["Stacks"]
    assert (stack["Parameters"][0]["ParameterValue"], stack["Outputs"][0]["OutputValue"]) == ("****", "opensesame")
