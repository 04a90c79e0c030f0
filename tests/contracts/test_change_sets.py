"""Change sets: what is refused, what they say, and what they leave behind."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .conftest import World
from .templates import a_role, a_template, a_topic, an_endpoint


def refusal(call: Any, **given: Any) -> tuple[str, str]:
    """Return the code and message of a refused call."""
    with pytest.raises(ClientError) as caught:
        call(**given)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def create(world: World, template: object, **more: Any) -> tuple[str, str]:
    body = template if isinstance(template, str) else json.dumps(template)
    given = {"StackName": "s", "ChangeSetName": "plan", "ChangeSetType": "CREATE", "TemplateBody": body, **more}
    return refusal(world.cfn.create_change_set, **given)


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("[", "JSON not well-formed"),
        ("a: [", "YAML not well-formed"),
        ("text", "unsupported structure"),
        ('{"Resources": {}}', "At least one Resources member must be defined"),
        ({"Nope": 1, "Resources": {"T": a_topic()}}, "Invalid template property or properties [Nope]"),
        (a_template(T={"Properties": {}}), "Every Resources object must contain a Type member"),
        (a_template(T={"Type": "AWS::Foo::Bar"}), "Unrecognized resource types: [AWS::Foo::Bar]"),
        (a_template(T={"Type": "AWS::Lambda::Function"}), "the sandbox does not have them"),
        (a_template(T_={"Type": "AWS::SNS::Topic"}), "Resource name T_ is non alphanumeric"),
        (a_template(T={**a_topic(), "Oops": 1}), "Invalid template resource property 'Oops'"),
        (a_template(T=a_topic(DisplayName={"Ref": "No"})), "Unresolved resource dependencies [No] in the Resources"),
        (a_template(T={**a_topic(), "DependsOn": "No"}), "Unresolved resource dependencies [No]"),
        (a_template(T=a_topic(DisplayName={"Fn::Sub": "${No}"})), "Unresolved resource dependencies [No]"),
        (a_template(T=a_topic(DisplayName={"Fn::GetAtt": ["No", "Arn"]})), "undefined resource No"),
        (
            a_template(T=a_topic(), U=a_topic(DisplayName={"Fn::GetAtt": ["T", "Nope"]})),
            "resource T does not support attribute type Nope in Fn::GetAtt",
        ),
        (
            a_template(A={**a_topic(), "DependsOn": "B"}, B={**a_topic(), "DependsOn": "A"}),
            "Circular dependency between resources: [A, B]",
        ),
        (a_template(T={**a_topic(), "DeletionPolicy": "Keep"}), "invalid DeletionPolicy attribute Keep"),
        (a_template(T=a_topic(DisplayName={"Fn::Cidr": ["a", 1, 2]})), "does not support Fn::Cidr"),
        (a_template(T=a_topic(DisplayName="{{resolve:ssm:x}}")), "does not support dynamic references"),
        ({"Transform": "AWS::Serverless-2016-10-31", **a_template(T=a_topic())}, "AWS::LanguageExtensions only"),
        ({"Conditions": {}, **a_template(T={**a_topic(), "Condition": "C"})}, "Unresolved condition dependency C"),
        (a_template(**{f"T{i}": a_topic() for i in range(501)}), "501, is greater than maximum allowed, 500"),
        (a_template(T=a_topic(DisplayName="x" * 52_000)), "length less than or equal to 51200"),
    ],
)
def test_a_template_that_cannot_be_is_refused_and_leaves_no_stack(world: World, template: object, message: str) -> None:
    code, said = create(world, template)
    assert code == "ValidationError"
    assert message in said
    assert world.cfn.describe_stacks()["Stacks"] == []


def test_duplicate_keys_are_refused_in_json_and_yaml(world: World) -> None:
    assert "duplicate key" in create(world, '{"Resources": {"T": {"Type": "AWS::SNS::Topic"}, "T": {}}}')[1]
    assert "duplicate key" in create(world, "Resources:\n  T: {Type: 'AWS::SNS::Topic'}\n  T: {}\n")[1]


@pytest.mark.parametrize(
    ("resource", "capabilities", "needed"),
    [
        (a_role(), [], "CAPABILITY_IAM"),
        (a_role(RoleName="r"), ["CAPABILITY_IAM"], "CAPABILITY_NAMED_IAM"),
    ],
)
def test_iam_needs_to_be_acknowledged(world: World, resource: Any, capabilities: list[str], needed: str) -> None:
    code, message = create(world, a_template(R=resource), Capabilities=capabilities)
    assert (code, message) == ("InsufficientCapabilitiesException", f"Requires capabilities : [{needed}]")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ([], "Parameters: [Size] must have values"),
        ([{"ParameterKey": "Size", "ParameterValue": "x"}], "Parameter 'Size' must be a number"),
        ([{"ParameterKey": "Size", "ParameterValue": "9"}], "must be one of AllowedValues"),
        ([{"ParameterKey": "Size", "UsePreviousValue": True}], "Cannot specify usePreviousValue"),
        (
            [{"ParameterKey": "Size", "ParameterValue": "1"}, {"ParameterKey": "No", "ParameterValue": "1"}],
            "Parameters: [No] do not exist in the template",
        ),
    ],
)
def test_parameters_are_judged(world: World, parameters: Any, message: str) -> None:
    declared = {"Size": {"Type": "Number", "AllowedValues": ["1", "2"]}}
    template = {"Parameters": declared, **a_template(T=a_topic())}
    assert message in create(world, template, Parameters=parameters)[1]


def test_names_are_judged_by_the_service_model(world: World) -> None:
    assert "regular expression pattern" in create(world, a_template(T=a_topic()), ChangeSetName="1x")[1]
    assert create(world, a_template(T=a_topic()), StackName="a_b")[0] == "ValidationError"


def test_an_update_of_what_does_not_exist_is_refused(world: World) -> None:
    assert create(world, a_template(T=a_topic()), ChangeSetType="UPDATE")[1] == "Stack [s] does not exist"
    world.plan("s", a_template(T=a_topic()))
    message = create(world, a_template(T=a_topic()), ChangeSetType="UPDATE", ChangeSetName="b")[1]
    assert message.endswith("is in REVIEW_IN_PROGRESS state and can not be updated.")


def test_a_create_of_what_exists_is_refused(world: World) -> None:
    world.deploy("s", a_template(T=a_topic()))
    assert "already exists and cannot be created again" in create(world, a_template(T=a_topic()), ChangeSetName="b")[1]


def test_a_name_is_taken_until_deleted_and_a_token_makes_it_repeatable(world: World) -> None:
    template = a_template(T=a_topic())
    first = world.plan("s", template, ClientToken="t1")
    again = world.plan("s", template, ClientToken="t1")
    assert again["ChangeSetId"] == first["ChangeSetId"]
    code, message = create(world, template, ClientToken="t2")
    assert code == "AlreadyExistsException"
    assert "mismatch with existing attribute ClientToken" in message
    world.cfn.delete_change_set(ChangeSetName=first["ChangeSetId"])
    assert world.plan("s", template)["ChangeSetId"] != first["ChangeSetId"]


def test_deleting_what_is_not_there(world: World) -> None:
    assert refusal(world.cfn.delete_change_set, ChangeSetName="x", StackName="s")[0] == "ValidationError"
    world.plan("s", a_template(T=a_topic()))
    world.cfn.delete_change_set(ChangeSetName="x", StackName="s")
    code, _ = refusal(world.cfn.describe_change_set, ChangeSetName="x", StackName="s")
    assert code == "ChangeSetNotFound"


def test_in_progress_is_visible_and_not_executable(world: World) -> None:
    made = world.cfn.create_change_set(
        StackName="s", ChangeSetName="plan", ChangeSetType="CREATE", TemplateBody=json.dumps(a_template(T=a_topic()))
    )
    seen = world.cfn.describe_change_set(ChangeSetName=made["Id"])
    assert (seen["Status"], seen["ExecutionStatus"]) == ("CREATE_PENDING", "UNAVAILABLE")
    code, message = refusal(world.cfn.execute_change_set, ChangeSetName=made["Id"])
    assert code == "InvalidChangeSetStatus"
    assert "in its current status of [CREATE_PENDING]" in message


def test_a_new_stack_is_in_review_and_its_resources_are_added(world: World) -> None:
    plan = world.plan("s", a_template(T=a_topic(DisplayName="x")))
    assert world.stack("s")["StackStatus"] == "REVIEW_IN_PROGRESS"
    (change,) = plan["Changes"]
    assert change["ResourceChange"]["Action"] == "Add"
    assert json.loads(change["ResourceChange"]["AfterContext"]) == {"Properties": {"DisplayName": "x"}}
    world.cfn.delete_stack(StackName="s")
    assert world.cfn.describe_stacks()["Stacks"] == []


def test_no_change_fails_with_the_exact_reason(world: World) -> None:
    world.deploy("s", a_template(T=a_topic()))
    plan = world.plan("s", a_template(T=a_topic()), kind="UPDATE")
    assert plan["Status"] == "FAILED"
    assert plan["ExecutionStatus"] == "UNAVAILABLE"
    assert plan["StatusReason"] == (
        "The submitted information didn't contain changes. Submit different information to create a change set."
    )


@pytest.mark.parametrize("section", ["Description", "Metadata"])
def test_a_description_alone_is_no_change(world: World, section: str) -> None:
    world.deploy("s", a_template(T=a_topic()))
    value: Any = "new" if section == "Description" else {"a": "b"}
    plan = world.plan("s", {section: value, **a_template(T=a_topic())}, kind="UPDATE")
    assert plan["Status"] == "FAILED"


def test_outputs_alone_are_executable_with_no_changes(world: World) -> None:
    world.deploy("s", a_template(T=a_topic()))
    template = {**a_template(T=a_topic()), "Outputs": {"Arn": {"Value": {"Ref": "T"}}}}
    plan = world.plan("s", template, kind="UPDATE")
    assert (plan["Status"], plan["Changes"]) == ("CREATE_COMPLETE", [])
    world.cfn.execute_change_set(ChangeSetName=plan["ChangeSetId"])
    world.advance()
    assert world.stack("s")["Outputs"][0]["OutputKey"] == "Arn"


def test_a_parameter_that_only_an_output_shows_is_executable_with_no_changes(world: World) -> None:
    template = {
        "Parameters": {"P": {"Type": "String", "Default": "no"}, "Unused": {"Type": "String", "Default": "x"}},
        "Conditions": {"Yes": {"Fn::Equals": [{"Ref": "P"}, "yes"]}},
        **a_template(T=a_topic()),
        "Outputs": {"O": {"Value": {"Ref": "P"}}, "Only": {"Value": "1", "Condition": "Yes"}},
    }
    world.deploy("s", template)
    unused = [{"ParameterKey": "Unused", "ParameterValue": "y"}]
    assert world.plan("s", template, kind="UPDATE", name="unused", Parameters=unused)["Status"] == "FAILED"
    shown = [{"ParameterKey": "P", "ParameterValue": "yes"}]
    plan = world.plan("s", template, kind="UPDATE", Parameters=shown)
    assert (plan["Status"], plan["Changes"]) == ("CREATE_COMPLETE", [])
    world.cfn.execute_change_set(ChangeSetName=plan["ChangeSetId"])
    world.advance()
    assert {item["OutputKey"]: item["OutputValue"] for item in world.stack("s")["Outputs"]} == {"O": "yes", "Only": "1"}


@pytest.mark.parametrize("more", [{"DeploymentMode": "REVERT_DRIFT"}, {"kind": "IMPORT"}])
def test_nested_stacks_are_not_included_where_they_cannot_be(world: World, more: Any) -> None:
    world.deploy("s", a_template(T=a_topic()))
    with pytest.raises(ClientError, match="IncludeNestedStacks cannot be combined with"):
        world.plan("s", a_template(T=a_topic()), IncludeNestedStacks=True, **{"kind": "UPDATE", **more})


def test_tags_alone_change_the_taggable_resources(world: World) -> None:
    world.deploy("s", a_template(T=a_topic()), Tags=[{"Key": "a", "Value": "1"}])
    plan = world.plan("s", a_template(T=a_topic()), kind="UPDATE", Tags=[{"Key": "a", "Value": "2"}])
    (change,) = plan["Changes"]
    assert change["ResourceChange"]["Scope"] == ["Tags"]
    assert change["ResourceChange"]["Replacement"] == "False"
    kept = world.plan("s", a_template(T=a_topic()), kind="UPDATE", name="kept")
    assert kept["Status"] == "FAILED", "absent tags stay as they are"
    gone = world.plan("s", a_template(T=a_topic()), kind="UPDATE", name="gone", Tags=[])
    assert gone["Tags"] == [] or gone["Status"] == "FAILED"


def test_a_parameter_change_names_its_cause(world: World) -> None:
    template = {
        "Parameters": {"Name": {"Type": "String"}},
        **a_template(T=a_topic(DisplayName={"Fn::Sub": "to ${Name}"})),
    }
    world.deploy("s", template, Parameters=[{"ParameterKey": "Name", "ParameterValue": "a"}])
    plan = world.plan("s", template, kind="UPDATE", Parameters=[{"ParameterKey": "Name", "ParameterValue": "b"}])
    (change,) = plan["Changes"]
    static, dynamic = change["ResourceChange"]["Details"]
    assert (static["ChangeSource"], static["CausingEntity"]) == ("ParameterReference", "Name")
    assert (static["Evaluation"], dynamic["Evaluation"]) == ("Static", "Dynamic")
    target = static["Target"]
    assert (target["BeforeValue"], target["AfterValue"]) == ("to a", "to b")
    assert (target["Path"], target["AttributeChangeType"]) == ("/Properties/DisplayName", "Modify")


def test_secret_parameters_are_masked_everywhere(world: World) -> None:
    template = {
        "Parameters": {"Word": {"Type": "String", "NoEcho": True}},
        **a_template(T=a_topic(DisplayName={"Ref": "Word"})),
    }
    world.deploy("s", template, Parameters=[{"ParameterKey": "Word", "ParameterValue": "opensesame"}])
    plan = world.plan(
        "s", template, kind="UPDATE", Parameters=[{"ParameterKey": "Word", "ParameterValue": "opensesame2"}]
    )
    shown = [
        plan,
        world.stack("s"),
        world.cfn.describe_stack_events(StackName="s"),
        world.cfn.describe_stack_resources(StackName="s"),
    ]
    assert plan["Changes"]
    assert "opensesame" not in json.dumps(shown, default=str)


def test_an_instance_type_replaces_the_configuration_and_updates_the_endpoint_in_place(world: World) -> None:
    world.deploy("s", an_endpoint())
    plan = world.plan("s", an_endpoint(instance_type="ml.g5.4xlarge", suffix="2"), kind="UPDATE")
    changes = {item["ResourceChange"]["LogicalResourceId"]: item["ResourceChange"] for item in plan["Changes"]}
    assert sorted(changes) == ["Config", "Endpoint"]
    config, endpoint = changes["Config"], changes["Endpoint"]
    assert (config["Replacement"], config["PolicyAction"]) == ("True", "ReplaceAndDelete")
    assert endpoint["Replacement"] == "False"
    (detail,) = endpoint["Details"]
    assert (detail["Evaluation"], detail["ChangeSource"]) == ("Dynamic", "ResourceAttribute")
    assert detail["CausingEntity"] == "Config.EndpointConfigName"
    assert detail["Target"]["BeforeValue"] == "Config-1"
    assert detail["Target"]["AfterValue"] == "{{changeSet:KNOWN_AFTER_APPLY}}"
    paths = {d["Target"]["Path"]: d["Target"] for d in config["Details"]}
    kind = paths["/Properties/ProductionVariants/0/InstanceType"]
    assert (kind["BeforeValue"], kind["AfterValue"]) == ("ml.g5.2xlarge", "ml.g5.4xlarge")
    assert kind["RequiresRecreation"] == "Always"


def test_a_reference_to_what_may_change_is_conditional(world: World) -> None:
    before = an_endpoint()
    world.deploy("s", before)
    after = json.loads(json.dumps(before))
    after["Resources"]["Model"]["Properties"]["Tags"] = [{"Key": "a", "Value": "b"}]
    plan = world.plan("s", after, kind="UPDATE")
    changes = {item["ResourceChange"]["LogicalResourceId"]: item["ResourceChange"] for item in plan["Changes"]}
    assert changes["Model"]["Replacement"] == "False"
    assert changes["Config"]["Replacement"] == "Conditional"
    world.cfn.execute_change_set(ChangeSetName=plan["ChangeSetId"])
    world.advance()
    assert ("Config", "UPDATE_IN_PROGRESS") not in world.statuses("s"), "nothing changed after all"


def test_removal_says_what_happens_to_the_resource(world: World) -> None:
    kept = {**a_topic(), "DeletionPolicy": "Retain"}
    world.deploy("s", a_template(A=a_topic(), B=a_topic(), C=kept))
    plan = world.plan("s", a_template(A=a_topic()), kind="UPDATE")
    found = {item["ResourceChange"]["LogicalResourceId"]: item["ResourceChange"] for item in plan["Changes"]}
    assert {name: change["PolicyAction"] for name, change in found.items()} == {"B": "Delete", "C": "Retain"}
    assert all(change["Action"] == "Remove" for change in found.values())


def test_without_values_there_are_no_paths_or_contexts(world: World) -> None:
    world.deploy("s", a_template(T=a_topic(DisplayName="a")))
    plan = world.plan("s", a_template(T=a_topic(DisplayName="b")), kind="UPDATE")
    plain = world.cfn.describe_change_set(ChangeSetName=plan["ChangeSetId"])
    change = plain["Changes"][0]["ResourceChange"]
    assert "AfterContext" not in change
    assert change["Details"][0]["Target"] == {
        "Attribute": "Properties",
        "Name": "DisplayName",
        "RequiresRecreation": "Never",
    }


def test_a_long_change_set_has_pages(world: World) -> None:
    world.sandbox.world.pages["DescribeChangeSet"] = 4
    plan = world.plan("s", a_template(**{f"T{i}": a_topic() for i in range(10)}))
    assert len(plan["Changes"]) == 4
    pages = list(world.cfn.get_paginator("describe_change_set").paginate(ChangeSetName="plan", StackName="s"))
    assert [len(page["Changes"]) for page in pages] == [4, 4, 2]
    code, _ = refusal(world.cfn.describe_change_set, ChangeSetName="plan", StackName="s", NextToken="nonsense")
    assert code == "ValidationError"


def test_executing_deletes_the_other_change_sets(world: World) -> None:
    world.deploy("s", a_template(T=a_topic()))
    one = world.plan("s", a_template(T=a_topic(DisplayName="1")), kind="UPDATE", name="one")
    two = world.plan("s", a_template(T=a_topic(DisplayName="2")), kind="UPDATE", name="two")
    world.cfn.execute_change_set(ChangeSetName=one["ChangeSetId"])
    code, _ = refusal(world.cfn.describe_change_set, ChangeSetName=two["ChangeSetId"])
    assert code == "ChangeSetNotFound"


def test_a_stack_that_moved_otherwise_makes_change_sets_obsolete(world: World) -> None:
    world.deploy("s", a_template(T=a_topic()))
    plan = world.plan("s", a_template(T=a_topic(DisplayName="1")), kind="UPDATE", name="one")
    world.cfn.update_stack(StackName="s", TemplateBody=json.dumps(a_template(T=a_topic(DisplayName="2"))))
    world.advance()
    seen = world.cfn.describe_change_set(ChangeSetName=plan["ChangeSetId"])
    assert seen["ExecutionStatus"] == "OBSOLETE"
    code, message = refusal(world.cfn.execute_change_set, ChangeSetName=plan["ChangeSetId"])
    assert code == "InvalidChangeSetStatus"
    assert "[OBSOLETE]" in message


def test_early_validation_fails_a_property_and_says_where(world: World) -> None:
    template = an_endpoint()
    template["Resources"]["Config"]["Properties"]["ProductionVariants"][0]["InitialInstanceCount"] = "1"
    template["Resources"]["Endpoint"]["Properties"]["Oops"] = 1
    plan = world.plan("s", template)
    assert plan["Status"] == "FAILED"
    assert "AWS::EarlyValidation::PropertyValidation" in plan["StatusReason"]
    events = world.cfn.describe_events(ChangeSetName=plan["ChangeSetId"], Filters={"FailedEvents": True})
    found = {event["ValidationPath"]: event for event in events["OperationEvents"]}
    assert sorted(found) == [
        "/Resources/Config/Properties/ProductionVariants/0/InitialInstanceCount",
        "/Resources/Endpoint/Properties/Oops",
    ]
    assert {event["ValidationFailureMode"] for event in found.values()} == {"FAIL"}
    reason = found["/Resources/Config/Properties/ProductionVariants/0/InitialInstanceCount"]
    assert "expected type: Integer, found: String" in reason["ValidationStatusReason"]


def test_early_validation_finds_a_name_that_is_taken(world: World) -> None:
    world.deploy("a", an_endpoint())
    plan = world.plan("b", an_endpoint())
    assert "AWS::EarlyValidation::ResourceExistenceCheck" in plan["StatusReason"]


def test_early_validation_warns_of_a_quota_and_stays_executable(world: World) -> None:
    world.sandbox.world.faults.add("quota", {"instance_type": "ml.g5.2xlarge"})
    plan = world.plan("s", an_endpoint())
    assert (plan["Status"], plan["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
    events = world.cfn.describe_events(ChangeSetName=plan["ChangeSetId"])["OperationEvents"]
    (warning,) = [event for event in events if event["EventType"] == "VALIDATION_ERROR"]
    assert warning["ValidationFailureMode"] == "WARN"
    assert "'ml.g5.2xlarge for endpoint usage' is 0 Instances" in warning["ValidationStatusReason"]


def test_an_unknown_operation_is_an_error_and_not_a_page(world: World) -> None:
    code, message = refusal(world.cfn.list_stack_sets)
    assert code == "NotImplemented"
    assert "does not support" in message
