"""A template is the same bytes for the same stack, and its names follow its content."""

from __future__ import annotations

import json

import pytest
from builders import (
    a_base_stack,
    a_container,
    a_selection,
    a_service_account,
    a_stack,
    a_target,
    a_variant,
)
from hypothesis import given
from hypothesis import strategies as st

from esmcfn.domain.stack import ExecutionRole
from esmcfn.reference.create_only import CREATE_ONLY
from esmcfn.resources import resolved
from esmcfn.template import digest_of, synthesize, synthesize_all


def resources(template):
    return json.loads(template.text)["Resources"]


def test_a_parked_model_keeps_its_model_and_configuration_and_loses_its_endpoint():
    assert set(resources(synthesize(a_stack(parked=True)))) == {"Model", "EndpointConfig"}


def test_no_output_of_a_parked_model_names_the_endpoint():
    outputs = json.loads(synthesize(a_stack(parked=True)).text)["Outputs"]
    assert set(outputs) == {"EndpointConfigName", "ForgeModelName"}


def test_the_digest_stands_in_the_description_and_is_computed_without_it():
    template = synthesize(a_stack())
    body = json.loads(template.text)
    assert template.digest in body["Description"]
    assert digest_of({**body, "Description": "anything"}) == template.digest


def test_tags_do_not_rename_anything():
    plain = synthesize(a_stack())
    tagged = synthesize(a_stack(tags={**a_stack().tags, "Team": "protein"}))
    assert tagged.names == plain.names
    assert tagged.digest != plain.digest


@pytest.mark.parametrize(
    "changes",
    [
        {"variant": a_variant(instance_type="ml.g5.4xlarge")},
        {"variant": a_variant(instance_count=2)},
        {"variant": a_variant(weight=0.5)},
        {"variant": a_variant(download_timeout=600)},
    ],
)
def test_a_change_of_the_variant_renames_the_configuration_and_keeps_model_and_endpoint(changes):
    before, after = synthesize(a_stack()), synthesize(a_stack(**changes))
    assert before.names["EndpointConfig"] != after.names["EndpointConfig"]
    assert before.names["Model"] == after.names["Model"]
    assert before.names["Endpoint"] == after.names["Endpoint"]


@pytest.mark.parametrize(
    "changes",
    [
        {"package": "arn:aws:sagemaker:us-east-2:057799348421:model-package/newer"},
        {"package": "", "container": a_container()},
        {"network_isolation": False},
        {"execution_role_path": "", "execution_role_arn": "arn:aws:iam::123456789012:role/mine"},
    ],
)
def test_a_change_of_the_model_renames_model_and_configuration_and_keeps_the_endpoint(changes):
    before, after = synthesize(a_stack()), synthesize(a_stack(**changes))
    assert before.names["Model"] != after.names["Model"]
    assert before.names["EndpointConfig"] != after.names["EndpointConfig"]
    assert before.names["Endpoint"] == after.names["Endpoint"]


@given(
    instance_count=st.integers(1, 500),
    instance_type=st.sampled_from(["ml.g5.2xlarge", "ml.g5.4xlarge", "ml.p4d.24xlarge"]),
    weight=st.floats(0, 10),
    isolated=st.booleans(),
    parked=st.booleans(),
)
def test_whatever_cloudformation_would_replace_has_a_new_name(instance_count, instance_type, weight, isolated, parked):
    variant = a_variant(instance_count=instance_count, instance_type=instance_type, weight=weight)
    before, after = (
        synthesize(a_stack()),
        synthesize(a_stack(variant=variant, network_isolation=isolated, parked=parked)),
    )
    for logical_id, resource in resources(after).items():
        create_only = CREATE_ONLY[resource["Type"]]
        old = resources(before)[logical_id]["Properties"]
        differs = any(old.get(key) != resource["Properties"].get(key) for key in create_only)
        assert differs == (before.names[logical_id] != after.names[logical_id])


@given(st.permutations(sorted(a_stack().tags.items())))
def test_the_order_of_tags_changes_no_byte(tags):
    assert synthesize(a_stack(tags=dict(tags))).text == synthesize(a_stack()).text


def test_the_base_stack_comes_first():
    templates = synthesize_all(a_selection(a_stack("a"), a_stack("b")))
    assert [template.stack.name for template in templates] == ["esm-dev", "esm-dev-a", "esm-dev-b"]


def test_the_execution_role_has_no_managed_policy_unless_it_is_asked_for():
    role = resources(synthesize(a_base_stack()))["ExecutionRole"]["Properties"]
    assert "ManagedPolicyArns" not in role
    asked = ExecutionRole(name="r", managed_policies=("AmazonSageMakerFullAccess",))
    named = resources(synthesize(a_base_stack(execution_role=asked)))["ExecutionRole"]["Properties"]
    assert named["ManagedPolicyArns"] == [
        {"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/AmazonSageMakerFullAccess"}
    ]


def test_only_sagemaker_of_this_account_may_assume_the_role():
    trust = resources(synthesize(a_base_stack()))["ExecutionRole"]["Properties"]["AssumeRolePolicyDocument"]
    (statement,) = trust["Statement"]
    assert statement["Principal"] == {"Service": "sagemaker.amazonaws.com"}
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_an_own_container_lets_the_role_pull_its_image_and_read_its_model_data_and_nothing_else():
    container = a_container()
    role = ExecutionRole(name="r", images=(container.image,), model_data=(container.model_data,))
    policy = resources(synthesize(a_base_stack(execution_role=role)))["ExecutionRole"]["Properties"]["Policies"][0]
    statements = {statement["Sid"]: statement for statement in policy["PolicyDocument"]["Statement"]}
    assert statements["PullImages"]["Resource"] == [
        {"Fn::Sub": "arn:${AWS::Partition}:ecr:us-east-2:123456789012:repository/esm"}
    ]
    assert statements["ReadModelData"]["Resource"] == [
        {"Fn::Sub": "arn:${AWS::Partition}:s3:::models-of-ours/esm/model.tar.gz"}
    ]
    assert statements["ListModelData"]["Resource"] == [{"Fn::Sub": "arn:${AWS::Partition}:s3:::models-of-ours"}]


def test_the_invoke_policy_names_this_environments_endpoints_in_lower_case():
    stack = a_base_stack(service_account=a_service_account())
    statement = resources(synthesize(stack))["InvokePolicy"]["Properties"]["PolicyDocument"]["Statement"][0]
    assert statement["Action"] == "sagemaker:InvokeEndpoint"
    (resource,) = statement["Resource"]
    assert resource["Fn::Sub"].endswith(":endpoint/endpoint-esmc-300m-1-b8fd8d87")


def test_many_endpoints_are_split_over_policies_that_iam_takes():
    account = a_service_account(endpoint_names=tuple(f"Endpoint-{number:054}" for number in range(100)))
    found = resources(synthesize(a_base_stack(service_account=account)))
    policies = [resource for resource in found.values() if resource["Type"] == "AWS::IAM::ManagedPolicy"]
    assert len(policies) == 3
    for policy in policies:
        document = resolved(policy["Properties"]["PolicyDocument"], a_target(region="ap-southeast-1"))
        assert len(json.dumps(document, separators=(",", ":"))) < 6144
    assert len(found["InvokeUser"]["Properties"]["ManagedPolicyArns"]) == 3


def test_the_secret_of_the_access_key_goes_into_the_secret_and_nowhere_else():
    body = synthesize(a_base_stack(service_account=a_service_account())).body
    assert json.dumps(body).count("SecretAccessKey") == 1
    assert "SecretAccessKey" in json.dumps(body["Resources"]["InvokeSecret"]["Properties"]["SecretString"])
    assert "SecretAccessKey" not in json.dumps(body["Outputs"])


def test_a_boundary_and_a_path_of_the_role_are_kept():
    role = ExecutionRole(name="r", path="/ml/", permissions_boundary="arn:aws:iam::123456789012:policy/b")
    made = resources(synthesize(a_base_stack(execution_role=role)))["ExecutionRole"]["Properties"]
    assert (made["Path"], made["PermissionsBoundary"]) == ("/ml/", "arn:aws:iam::123456789012:policy/b")


def test_a_base_stack_may_hold_the_service_account_alone():
    made = resources(synthesize(a_base_stack(execution_role=None, service_account=a_service_account())))
    assert "ExecutionRole" not in made
    assert "InvokeUser" in made


@pytest.mark.parametrize("value", [{"Ref": "Other"}, {"Fn::GetAtt": ["A", "B"]}, {"Fn::Sub": "${Other}"}])
def test_a_name_never_hangs_on_what_is_known_only_later(value):
    with pytest.raises(ValueError, match="cannot hang on"):
        resolved({"Key": [value]}, a_target())


def test_an_override_in_the_environment_is_the_line_to_edit():
    template = synthesize(a_stack())
    overridden = template.origin("EndpointConfig/ProductionVariants/0/InstanceType")
    assert (overridden.path, overridden.line) == ("environments/dev.yaml", 11)
    inherited = template.origin("EndpointConfig/ProductionVariants/0/InitialInstanceCount")
    assert inherited.path == "catalogs/esm.yaml"
    assert template.origin("Nothing/We/Know") == a_stack().origins.at
