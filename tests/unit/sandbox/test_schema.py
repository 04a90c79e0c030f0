"""The registry's schemas: what replaces, what is judged, what is converted."""

from __future__ import annotations

from typing import Any

import pytest

from esmcfn.sandbox.cloudformation import schema


@pytest.mark.parametrize(
    ("kind", "path", "recreation"),
    [
        ("AWS::SageMaker::EndpointConfig", "ProductionVariants/0/InstanceType", "Always"),
        ("AWS::SageMaker::EndpointConfig", "Tags/0/Value", "Never"),
        ("AWS::SageMaker::Endpoint", "EndpointName", "Always"),
        ("AWS::SageMaker::Endpoint", "EndpointConfigName", "Never"),
        ("AWS::SageMaker::Model", "PrimaryContainer/Image", "Always"),
        ("AWS::IAM::Role", "Policies/0/PolicyDocument", "Never"),
        ("AWS::IAM::Role", "Path", "Always"),
        ("AWS::Budgets::Budget", "Budget/BudgetName", "Always"),
        ("AWS::Budgets::Budget", "Budget/BudgetLimit/Amount", "Never"),
    ],
)
def test_replacement_is_the_registrys(kind: str, path: str, recreation: str) -> None:
    assert schema.must_load(kind, "us-east-2").recreation(path) == recreation


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"DisplayName": "x"}, ""),
        ({"DisplayName": {"Ref": "Name"}}, ""),
        ({"Displayname": "x"}, "extraneous key [Displayname] is not permitted"),
        ({"FifoTopic": "maybe"}, "expected type: Boolean, found: String"),
        ({"Tags": {"a": "b"}}, "expected type: Array, found: JSONObject"),
        ({"Tags": [{"Key": "a"}]}, "required key [Value] not found"),
        ({"TopicArn": "arn"}, "it is read-only"),
    ],
)
def test_property_syntax(properties: dict[str, Any], message: str) -> None:
    found = schema.problems(schema.must_load("AWS::SNS::Topic", "us-east-2"), properties)
    assert [message in problem.message for problem in found] == ([True] if message else [])


def test_a_region_may_lack_a_type() -> None:
    assert schema.load("AWS::SageMaker::Endpoint", "me-central-1") is None
    assert schema.load("AWS::SageMaker::Endpoint", "us-east-2") is not None


def test_resolved_text_becomes_what_the_schema_wants() -> None:
    kind = schema.must_load("AWS::SageMaker::EndpointConfig", "us-east-2")
    given = {"ProductionVariants": [{"InitialInstanceCount": "2", "InitialVariantWeight": "1", "VariantName": 7}]}
    (variant,) = schema.coerced(kind, given)["ProductionVariants"]
    assert variant == {"InitialInstanceCount": 2, "InitialVariantWeight": 1, "VariantName": "7"}
