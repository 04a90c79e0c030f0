"""Nothing in a template is passed over in silence: what is not honoured is refused, with no stack left behind."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .conftest import World
from .templates import a_template, a_topic


def with_resource(**attributes: Any) -> dict[str, Any]:
    return a_template(T={**a_topic(), **attributes})


def shown(value: Any) -> dict[str, Any]:
    return a_template(T=a_topic(DisplayName=value))


def with_section(section: str, name: str, value: Any) -> dict[str, Any]:
    return {**a_template(T=a_topic()), section: {name: value}}


def with_outputs(**outputs: Any) -> dict[str, Any]:
    return {**a_template(T=a_topic()), "Outputs": outputs}


@pytest.mark.parametrize(
    ("template", "told"),
    [
        (with_resource(CreationPolicy={"ResourceSignal": {"Count": 1}}), "does not support CreationPolicy"),
        (with_resource(UpdatePolicy={}), "does not support UpdatePolicy"),
        (with_resource(DeletionPolicy="Snapshot"), "does not support DeletionPolicy Snapshot"),
        (with_resource(UpdateReplacePolicy="Snapshot"), "does not support UpdateReplacePolicy Snapshot"),
        (with_resource(DependsOn={"A": 1}), "DependsOn must be a string or list of strings"),
        (with_resource(Condition={"Fn::Equals": ["a", "a"]}), "Condition] must be a string"),
        (shown({"Fn::Join": ["", ["a"]], "Ref": "AWS::Region"}), "Fn::Join object must have one key only"),
        (shown({"Fn::Join": ["a"]}), "Fn::Join object has the wrong arguments"),
        (shown({"Fn::Sub": ["a", {}, {}]}), "Fn::Sub object has the wrong arguments"),
        (shown({"Fn::Select": ["x", ["a"]]}), "Fn::Select object has the wrong arguments"),
        (shown({"Fn::Split": [1, "a"]}), "Fn::Split object has the wrong arguments"),
        (shown({"Fn::GetAtt": ["T"]}), "Fn::GetAtt object has the wrong arguments"),
        (shown({"Ref": ["T"]}), "Unresolved resource dependencies"),
        (shown({"Fn::If": [{"Ref": "T"}, "a", "b"]}), "Fn::If requires a list argument with three parameters"),
        (with_section("Mappings", "M", {"a": "b"}), "Every Mappings attribute must be a String or a List"),
        (with_section("Mappings", "M", {"a": {"b": {"c": "d"}}}), "Every Mappings attribute must be"),
        (with_section("Conditions", "C", True), "must be an object with one function"),
        (with_section("Conditions", "C", {"Fn::Equals": ["a"]}), "requires a list of 2 arguments"),
        (with_section("Conditions", "C", {"Fn::And": [{"Condition": "C"}]}), "requires a list of 2 to 10 arguments"),
        (with_section("Conditions", "C", {"Fn::Contains": [[], "a"]}), "is not a condition function"),
        (with_section("Conditions", "C", {"Condition": "C"}), r"Circular dependency between conditions: \[C\]"),
        (with_section("Conditions", "C", {"Fn::Equals": [{"Ref": "T"}, "a"]}), "Cannot reference resources in the"),
        (with_section("Parameters", "P", {"Type": "String", "Colour": 1}), "Invalid template parameter property"),
        (with_section("Parameters", "P", {"Default": "a"}), "must contain a Type member"),
        (with_section("Parameters", "P", {"Type": "AWS::EC2::VPC::Id"}), "does not support the parameter type"),
        (with_section("Parameters", "P", {"Type": "Text"}), "does not support the parameter type Text"),
        (with_section("Parameters", "P", {"Type": "Number", "MinLength": 1}), "for the type String only"),
        (with_section("Parameters", "P", {"Type": "String", "Default": ["a"]}), "Default member must be a string"),
        (with_section("Parameters", "P", {"Type": "List<Number>", "Default": "1,a"}), "must be a list of numbers"),
        (
            with_section("Parameters", "P", {"Type": "CommaDelimitedList", "Default": "a,c", "AllowedValues": ["a"]}),
            "must be one of AllowedValues",
        ),
        (with_section("Parameters", "P-Q", {"Type": "String"}), "Parameter name P-Q is non alphanumeric"),
        (with_outputs(A={"Value": "1", "Colour": "red"}), "Invalid template output property 'Colour'"),
        (with_outputs(A={"Value": ["1"]}), "must evaluate to a String"),
        (with_outputs(A={"Value": {"a": "b"}}), "must evaluate to a String"),
        (with_outputs(A={"Value": {"Ref": "AWS::NoValue"}}), "must evaluate to a String"),
        (with_outputs(A={"Value": "1", "Export": "e"}), "must have a Name and nothing else"),
        (
            with_outputs(A={"Value": "1", "Export": {"Name": "e"}}, B={"Value": "2", "Export": {"Name": "e"}}),
            "two Outputs export e",
        ),
        ({**a_template(T=a_topic()), "Metadata": "text"}, "Metadata] must be an object"),
    ],
)
def test_what_is_wrong_or_without_effect_is_refused(world: World, template: Any, told: str) -> None:
    with pytest.raises(ClientError, match=told):
        world.plan("s", template)
    with pytest.raises(ClientError, match=told):
        world.cfn.create_stack(StackName="s", TemplateBody=json.dumps(template))
    assert world.cfn.describe_stacks()["Stacks"] == []


def test_an_output_that_turns_out_to_be_a_list_fails_the_stack(world: World) -> None:
    world.cfn.create_stack(
        StackName="s", TemplateBody=json.dumps(with_outputs(A={"Value": {"Fn::Split": [",", "a,b"]}}))
    )
    world.advance()
    assert world.stack("s")["StackStatus"] == "ROLLBACK_COMPLETE"
    reasons = [
        event.get("ResourceStatusReason", "") for event in world.cfn.describe_stack_events(StackName="s")["StackEvents"]
    ]
    assert any("must evaluate to a String" in reason for reason in reasons)


def test_two_exports_that_turn_out_to_be_one_fail_the_stack(world: World) -> None:
    outputs = with_outputs(
        A={"Value": "1", "Export": {"Name": "us-east-2-e"}},
        B={"Value": "2", "Export": {"Name": {"Fn::Sub": "${AWS::Region}-e"}}},
    )
    world.cfn.create_stack(StackName="s", TemplateBody=json.dumps(outputs))
    world.advance()
    assert world.stack("s")["StackStatus"] == "ROLLBACK_COMPLETE"
    assert world.cfn.list_exports()["Exports"] == []


def test_a_template_nested_too_deeply_is_an_error_and_not_a_page(world: World) -> None:
    body = '{"Resources": {"T": {"Type": "AWS::SNS::Topic", "Metadata": ' + "[" * 3000 + "]" * 3000 + "}}}"
    with pytest.raises(ClientError) as caught:
        world.cfn.create_stack(StackName="s", TemplateBody=body)
    assert caught.value.response["Error"]["Code"] in ("ValidationError", "InternalFailure")
    assert world.cfn.describe_stacks()["Stacks"] == []
