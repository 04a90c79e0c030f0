"""`sandbox break`: every deviation that drift can name, made on demand; what would change nothing is refused."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest

from esmcfn.sandbox.breaking import ACTIONS, break_resource
from esmcfn.sandbox.refusal import Refusal

from .conftest import REGION, World
from .templates import a_role, a_template, a_topic, an_endpoint
from .types import CASES

NAME = "Endpoint-ESMC-300M-1"
TAGGABLE = {
    "AWS::CloudWatch::Alarm",
    "AWS::Logs::LogGroup",
    "AWS::SageMaker::EndpointConfig",
    "AWS::SageMaker::Model",
    "AWS::SecretsManager::Secret",
}
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def hit(world: World, logical_id: str, **options: Any) -> None:
    """Break something of the stack `s`, with every value as text, as the command line sends it."""
    with world.sandbox.world.lock:
        world.sandbox.world.settle()
        break_resource(world.sandbox.world, {"stack": "s", "logical_id": logical_id, **options})
    world.advance()


def drifted(world: World, logical_id: str) -> tuple[str, list[str]]:
    """Return what CloudFormation says of a resource: its status, and the paths that differ."""
    world.cfn.detect_stack_drift(StackName="s")
    world.advance(1)
    for found in world.cfn.describe_stack_resource_drifts(StackName="s")["StackResourceDrifts"]:
        if found["LogicalResourceId"] == logical_id:
            return found["StackResourceDriftStatus"], [each["PropertyPath"] for each in found["PropertyDifferences"]]
    raise AssertionError(f"{logical_id} was not checked")


@pytest.fixture
def endpoint(world: World) -> World:
    world.deploy("s", an_endpoint())
    return world


def described(world: World) -> Any:
    return world.client("sagemaker").describe_endpoint(EndpointName=NAME)


class TestEndpoint:
    def test_another_configuration_is_served(self, endpoint: World) -> None:
        hit(endpoint, "Endpoint", action="serve", instance_type="ml.g5.4xlarge", count="2")
        seen = described(endpoint)
        assert (seen["EndpointStatus"], seen["EndpointConfigName"]) == ("InService", "Config-1-by-hand")
        assert seen["ProductionVariants"][0]["CurrentInstanceCount"] == 2
        assert drifted(endpoint, "Endpoint") == ("MODIFIED", ["/EndpointConfigName"])

    @pytest.mark.parametrize(
        ("options", "seen"),
        [({"count": "3"}, (3, 1.0)), ({"weight": "0.5", "variant": "variant-1"}, (1, 0.5))],
    )
    def test_a_variant_has_other_instances_or_another_weight(self, endpoint: World, options: Any, seen: Any) -> None:
        hit(endpoint, "Endpoint", action="scale", **options)
        (variant,) = described(endpoint)["ProductionVariants"]
        assert (variant["CurrentInstanceCount"], variant["CurrentWeight"]) == seen
        assert drifted(endpoint, "Endpoint") == ("IN_SYNC", []), "CloudFormation does not look at them"

    def test_it_is_deleted(self, endpoint: World) -> None:
        hit(endpoint, "Endpoint")
        assert drifted(endpoint, "Endpoint")[0] == "DELETED"

    @pytest.mark.parametrize(
        ("logical_id", "path", "value"),
        [
            ("Config", "ProductionVariants/0/InitialInstanceCount", "4"),
            ("Model", "PrimaryContainer/ModelPackageName", "arn:aws:sagemaker:us-east-2:057799348421:model-package/b"),
        ],
    )
    def test_what_is_immutable_is_made_again_with_another_content(
        self, endpoint: World, logical_id: str, path: str, value: str
    ) -> None:
        hit(endpoint, logical_id, property=path, value=value)
        assert drifted(endpoint, logical_id) == ("MODIFIED", [f"/{path}"])

    @pytest.mark.parametrize(
        ("logical_id", "path", "value", "told"),
        [
            ("Model", "EnableNetworkIsolation", "false", "EnableNetworkIsolation must be true"),
            ("Model", "ModelName", "other", "ModelName of AWS::SageMaker::Model cannot be changed by anybody"),
            ("Model", "EnableNetworkIsolation", "true", "is 'true' already"),
            ("Config", "ProductionVariants/0/ModelName", "Nope", "Could not find model"),
            ("Config", "EndpointConfigName", "other", "EndpointConfigName of .* cannot be changed by anybody"),
        ],
    )
    def test_what_sagemaker_refuses_to_make_again_is_there_as_it_was(
        self, endpoint: World, logical_id: str, path: str, value: str, told: str
    ) -> None:
        held = deepcopy(endpoint.sandbox.world.sagemaker.region(REGION))
        with pytest.raises(Refusal, match=told):
            hit(endpoint, logical_id, property=path, value=value)
        assert endpoint.sandbox.world.sagemaker.region(REGION) == held
        assert drifted(endpoint, logical_id) == ("IN_SYNC", [])

    def test_a_fault_that_strikes_the_second_half_leaves_it_as_it_was(self, endpoint: World) -> None:
        endpoint.sandbox.world.faults.add("access-denied", {"action": "sagemaker:CreateEndpointConfig"})
        with pytest.raises(Refusal, match="CreateEndpointConfig"):
            hit(endpoint, "Config", property="ProductionVariants/0/InitialInstanceCount", value="4")
        endpoint.sandbox.world.faults.clear()
        assert drifted(endpoint, "Config") == ("IN_SYNC", [])

    def test_a_configuration_that_cannot_be_served_is_not_left_behind(self, endpoint: World) -> None:
        endpoint.sandbox.world.faults.add("quota", {"instance_type": "ml.g5.4xlarge"})
        with pytest.raises(Refusal, match="is 0 Instances"):
            hit(endpoint, "Endpoint", action="serve", instance_type="ml.g5.4xlarge")
        found = endpoint.client("sagemaker").list_endpoint_configs()["EndpointConfigs"]
        assert [config["EndpointConfigName"] for config in found] == ["Config-1"]


class TestAccess:
    def test_a_policy_is_attached_by_hand(self, world: World) -> None:
        world.deploy("s", a_template(Role=a_role(RoleName="esm", ManagedPolicyArns=[])))
        hit(world, "Role", action="attach", policy=READ_ONLY)
        attached = world.client("iam").list_attached_role_policies(RoleName="esm")["AttachedPolicies"]
        assert [policy["PolicyArn"] for policy in attached] == [READ_ONLY]

    def test_a_key_is_made_by_hand(self, world: World) -> None:
        world.deploy("s", a_template(User={"Type": "AWS::IAM::User", "Properties": {"UserName": "u"}}))
        hit(world, "User", action="key")
        assert len(world.client("iam").list_access_keys(UserName="u")["AccessKeyMetadata"]) == 1
        hit(world, "User", action="attach", policy=READ_ONLY)


@pytest.mark.parametrize("case", [case for case in CASES if case.change], ids=lambda case: case.type)
def test_a_property_is_changed_by_text_too(world: World, case: Any) -> None:
    world.deploy("s", case.template())
    path, value = case.change
    hit(world, "It", property=path, value=value if isinstance(value, str) else json.dumps(value))
    status, paths = drifted(world, "It")
    assert (status, {each.split("/")[1] for each in paths}) == ("MODIFIED", {path.split("/")[0]})


TAGGED = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]


@pytest.mark.parametrize("case", [case for case in CASES if case.type in TAGGABLE], ids=lambda case: case.type)
def test_tags_of_aws_are_not_counted_and_no_hand_changes_them(world: World, case: Any) -> None:
    template = case.template()
    template["Resources"]["It"]["Properties"]["Tags"] = TAGGED
    world.deploy("s", template)
    hit(world, "It", property="Tags/1/Value", value="other")
    assert drifted(world, "It") == ("MODIFIED", ["/Tags/1/Value"])
    with pytest.raises(Refusal, match="has no Tags/2"):
        hit(world, "It", property="Tags/2/Value", value="other")
    with pytest.raises(Refusal, match="aws:cloudformation:stack-name: tags whose keys begin with aws: are AWS's own"):
        hit(world, "It", property="Tags/0/Key", value="aws:cloudformation:stack-name")


def test_a_property_that_the_template_leaves_out_is_changed_once_and_then_is_so_already(world: World) -> None:
    world.deploy("s", a_template(T=a_topic(TopicName="t")))
    hit(world, "T", property="DisplayName", value="mine")
    assert drifted(world, "T") == ("IN_SYNC", []), "CloudFormation compares what templates write"
    with pytest.raises(Refusal, match="DisplayName of T is 'mine' already"):
        hit(world, "T", property="DisplayName", value="mine")


def test_a_word_that_the_service_does_not_know_is_refused(world: World) -> None:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sns:Publish", "Resource": "*"}
    world.deploy(
        "s",
        a_template(
            U={"Type": "AWS::IAM::User", "Properties": {"UserName": "u"}},
            K={"Type": "AWS::IAM::AccessKey", "Properties": {"UserName": {"Ref": "U"}}},
            T=a_topic(TopicName="t"),
            P={
                "Type": "AWS::SNS::TopicPolicy",
                "Properties": {
                    "Topics": [{"Ref": "T"}],
                    "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
                },
            },
        ),
    )
    with pytest.raises(Refusal, match=r"'Activex' at 'status' failed to satisfy .* enum value set: \[Active, Inactive"):
        hit(world, "K", property="Status", value="Activex")
    with pytest.raises(Refusal, match="Policy statement action out of service scope"):
        hit(world, "P", property="PolicyDocument/Statement/0/Action", value="sns:Publishx")
    hit(world, "K", property="Status", value="Inactive")
    hit(world, "P", property="PolicyDocument/Statement/0/Action", value="sns:Subscribe")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"stack": "t"}, "no stack is called t; there are: s"),
        ({"region": "eu-west-1"}, "no stack is called s in eu-west-1"),
        ({"logical_id": "Nope"}, "s has no resource Nope; it has: T, U"),
        ({"action": "explode"}, "action is one of delete, change, serve, scale, attach, key, not 'explode'"),
        ({"action": "delete", "value": "x"}, "delete has no option 'value'; it has: none"),
        ({"proprty": "DisplayName"}, "delete has no option 'proprty'"),
        ({"property": "DisplayName"}, "change needs value=: text, a number or JSON"),
        ({"property": "Displayname", "value": "x"}, "has no property Displayname; did you mean DisplayName"),
        ({"property": "TracingConfig", "value": "x"}, "AWS::SNS::Topic has no property TracingConfig; it has: Content"),
        ({"property": "TopicName", "value": "x"}, "TopicName of AWS::SNS::Topic cannot be changed by anybody"),
        ({"property": "DisplayName", "value": "v"}, "DisplayName of T is 'v' already"),
        ({"property": "Tags/5/Value", "value": "x"}, "T has no Tags/5/Value"),
        ({"property": "Tags/x", "value": "x"}, "T has no Tags/x"),
        ({"property": "Tags", "value": "[{"}, "is not JSON"),
        ({"property": "Tags", "value": "7"}, "expected type: Array"),
        ({"action": "scale", "count": "1"}, "scale is for AWS::SageMaker::Endpoint, not for AWS::SNS::Topic"),
        ({"logical_id": "U", "action": "attach", "policy": "arn:aws:iam::aws:policy/Nope"}, "does not exist"),
        ({"logical_id": "U", "action": "attach"}, "attach needs policy="),
    ],
)
def test_what_cannot_be_meant_is_refused(world: World, asked: Any, told: str) -> None:
    tags = [{"Key": "a", "Value": "b"}]
    user = {"Type": "AWS::IAM::User", "Properties": {"UserName": "u"}}
    world.deploy("s", a_template(T=a_topic(DisplayName="v", Tags=tags), U=user))
    with pytest.raises(Refusal, match=told):
        hit(world, **{"logical_id": "T", **asked})
    assert drifted(world, "T") == ("IN_SYNC", [])


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, "scale needs count= or weight=, or both"),
        ({"count": "many"}, "count is a number of 0 or more, not 'many'"),
        ({"count": "1.5"}, "count is a whole number, not '1.5'"),
        ({"count": "0"}, "Minimum instance count is required to be 1 or higher"),
        ({"weight": "-1"}, "weight is a number of 0 or more"),
        ({"weight": "inf"}, "weight is a number of 0 or more"),
        ({"count": "1", "variant": "blue"}, "has no variant blue; it has: variant-1"),
    ],
)
def test_a_fleet_that_cannot_be_is_refused(endpoint: World, options: Any, told: str) -> None:
    with pytest.raises(Refusal, match=told):
        hit(endpoint, "Endpoint", action="scale", **options)


def test_a_stack_of_the_same_name_in_two_regions_must_be_told(world: World) -> None:
    body = json.dumps(a_template(T=a_topic()))
    for region in ("us-east-2", "eu-west-1"):
        world.client("cloudformation", region).create_stack(StackName="s", TemplateBody=body)
    world.advance()
    with pytest.raises(Refusal, match="s is a stack in eu-west-1, us-east-2: say region="):
        hit(world, "T")
    hit(world, "T", region="eu-west-1")
    assert drifted(world, "T") == ("IN_SYNC", [])


def test_every_action_says_what_it_does() -> None:
    assert all(action.summary and all(action.options.values()) for action in ACTIONS.values())
    assert all(set(action.needs) <= set(action.options) for action in ACTIONS.values())
