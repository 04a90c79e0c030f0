"""Nothing that an unknown template asks for is answered by silence: every place, and whatever is put there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from esmcfn.sandbox.refusal import Refusal

from .templates import TRUST, an_endpoint
from .test_parameters import Door

POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sns:Publish", "Resource": "*"}]}
GIVEN = [{"ParameterKey": "Word", "ParameterValue": "opensesame"}]


def everything() -> dict[str, Any]:
    """A template with every section and function that the sandbox has."""
    template = an_endpoint()
    resources = template["Resources"]
    resources["Role"] = {
        "Type": "AWS::IAM::Role",
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Delete",
        "Metadata": {"why": "because"},
        "Properties": {
            "RoleName": {"Fn::Join": ["-", ["esm", {"Fn::FindInMap": ["Names", {"Ref": "Stage"}, "short"]}]]},
            "AssumeRolePolicyDocument": deepcopy(TRUST),
            "Policies": [{"PolicyName": "p", "PolicyDocument": POLICY}],
            "Tags": [{"Key": "stage", "Value": {"Fn::Sub": "${Stage}-${AWS::Region}"}}],
        },
    }
    resources["Topic"] = {
        "Type": "AWS::SNS::Topic",
        "Condition": "Dev",
        "DependsOn": ["Role"],
        "Properties": {
            "DisplayName": {"Fn::If": ["Dev", {"Ref": "Word"}, {"Ref": "AWS::NoValue"}]},
            "Subscription": [{"Protocol": "email", "Endpoint": {"Fn::Select": [0, {"Ref": "Mails"}]}}],
        },
    }
    resources["Model"]["Properties"]["ExecutionRoleArn"] = {"Fn::GetAtt": ["Role", "Arn"]}
    return {
        **template,
        "Description": "everything",
        "Metadata": {"of": {"the": ["template"]}},
        "Parameters": {
            "Stage": {"Type": "String", "Default": "dev", "AllowedValues": ["dev", "prod"], "Description": "which"},
            "Word": {"Type": "String", "NoEcho": True, "MinLength": 2, "MaxLength": 20, "AllowedPattern": "[a-z]+"},
            "Mails": {"Type": "CommaDelimitedList", "Default": "a@example.com,b@example.com"},
        },
        "Mappings": {"Names": {"dev": {"short": "d"}, "prod": {"short": "p"}}},
        "Conditions": {
            "Dev": {"Fn::Equals": [{"Ref": "Stage"}, "dev"]},
            "Both": {"Fn::And": [{"Condition": "Dev"}, {"Fn::Not": [{"Fn::Equals": ["a", "b"]}]}]},
        },
        "Outputs": {
            "Arn": {
                "Condition": "Both",
                "Description": "of the role",
                "Value": {"Fn::GetAtt": ["Role", "Arn"]},
                "Export": {"Name": {"Fn::Sub": "${AWS::StackName}-role"}},
            }
        },
    }


Path = tuple[str | int, ...]


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the path of every value in a template, the whole of it first."""
    yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, (*path, index))


def at(value: Any, path: Path) -> Any:
    for step in path:
        value = value[step]
    return value


def with_put(path: Path, value: Any) -> Any:
    """Return the template with another value at a path."""
    if not path:
        return value
    template = deepcopy(everything())
    at(template, path[:-1])[path[-1]] = value
    return template


def said(template: Any) -> str:
    """Plan and, where that is allowed, create a stack: returns how it ended, and fails where the sandbox has a bug."""
    door = Door()
    capabilities = ["CAPABILITY_NAMED_IAM"]
    asked = {"StackName": "s", "TemplateBody": json.dumps(template), "Parameters": GIVEN, "Capabilities": capabilities}
    try:
        plan = {**asked, "ChangeSetName": "plan", "ChangeSetType": "CREATE"}
        made = door.call("cloudformation", "CreateChangeSet", "us-east-2", plan)
    except Refusal as refusal:
        return "refused" if refusal.status < 500 else "a bug"
    door.world.clock.advance(1)
    planned = door.call("cloudformation", "DescribeChangeSet", "us-east-2", {"ChangeSetName": made["Id"]})
    if planned["Status"] == "FAILED":
        return "failed"
    door.do("cloudformation", "ExecuteChangeSet", ChangeSetName=made["Id"])
    assert door.world.cloudformation.bugs == []
    (stack,) = door.world.cloudformation.live("us-east-2")
    reasons = [event.reason for event in stack.events if "the sandbox has a bug" in event.reason]
    assert reasons == [], template
    return stack.status


FREE = ("Metadata", "AssumeRolePolicyDocument", "PolicyDocument")
"""Below these anything may stand: CloudFormation does not look into it."""


def free(path: Path) -> bool:
    return any(step in FREE for step in path)


def test_the_template_itself_is_fine() -> None:
    assert said(everything()) == "CREATE_COMPLETE"


def names_of_our_own(path: Path) -> bool:
    """Whether keys there are made up by whoever writes the template, as rows of a mapping are."""
    return path[:1] == ("Mappings",) and len(path) >= 2


@pytest.mark.parametrize(
    "path",
    [
        p
        for p in places(everything())
        if isinstance(at(everything(), p), dict) and not free(p) and not names_of_our_own(p)
    ],
    ids=lambda path: "/".join(map(str, path)) or "(the template)",
)
def test_a_key_that_nobody_knows_is_refused(path: Path) -> None:
    assert said(with_put((*path, "Colour"), "red")) in TOLD


TOLD = ("refused", "failed", "ROLLBACK_COMPLETE")
"""How CloudFormation says no: at once, in the change set, or when an output cannot be told."""

NOWHERE = (
    {"Ref": "Nowhere"},
    {"Fn::GetAtt": ["Role", "Nowhere"]},
    {"Fn::GetAtt": ["Nowhere", "Arn"]},
    {"Fn::GetAtt": "Nowhere.Arn"},
    {"Fn::Sub": "${Nowhere}"},
    {"Fn::Sub": "${Role.Nowhere}"},
    {"Fn::Sub": "${Unclosed"},
    {"Fn::ImportValue": "nowhere"},
    {"Fn::FindInMap": ["Nowhere", "a", "b"]},
    {"Fn::FindInMap": ["Names", "nowhere", "short"]},
    {"Fn::If": ["Nowhere", "a", "b"]},
    {"Fn::Cidr": ["10.0.0.0/16", 1, 8]},
    {"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": "s3://b/k"}}},
    {"Fn::ForEach::X": ["Y", ["a"], {"${Y}": 1}]},
    {"Fn::Length": [1]},
    {"Fn::Nope": 1},
    "{{resolve:ssm:/name}}",
    "a {{resolve:secretsmanager:x:SecretString:y}} b",
)
"""What refers to nothing, or asks for what the sandbox does not have."""


@pytest.mark.parametrize("value", NOWHERE, ids=json.dumps)
def test_what_refers_to_nothing_is_refused_wherever_it_stands(value: Any) -> None:
    asked = [
        path for path in places(everything()) if not (free(path) or words_only(path, value) or unasked(path, value))
    ]
    assert [path for path in asked if said(with_put(path, value)) not in TOLD] == []


def unasked(path: Path, value: Any) -> bool:
    """Whether nobody asks another stack for it: the branch of Fn::If that is not taken."""
    return path[-2:] == ("Fn::If", 2) and "Fn::ImportValue" in value


def words_only(path: Path, value: Any) -> bool:
    """Whether plain words stand there: a description, a pattern, an allowed value is a text like any other."""
    literal = path[:1] in (("Description",), ("Parameters",), ("Mappings",)) or path[-1:] == ("Description",)
    return literal and isinstance(value, str)


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(
        ["", "x", "Dev", "Topic", "Role.Arn", "${Stage}", "AWS::Region", "\\u0000", "ä" * 300, *map(str, range(3))]
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "Ref",
                    "Fn::Sub",
                    "Fn::GetAtt",
                    "Fn::If",
                    "Fn::Join",
                    "Fn::Select",
                    "Fn::Split",
                    "Fn::FindInMap",
                    "Type",
                    "Value",
                    "Properties",
                    "Fn::Base64",
                    "Fn::GetAZs",
                    "Fn::ImportValue",
                    "Fn::Equals",
                    "Condition",
                    "Key",
                    "Name",
                ]
            ),
            inner,
            max_size=2,
        )
    ),
    max_leaves=6,
)


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.sampled_from(list(places(everything()))), JUNK), min_size=1, max_size=2))
def test_whatever_stands_in_a_template_is_judged_and_never_a_bug(changes: Any) -> None:
    template = everything()
    for path, value in changes:
        try:
            owner = at(template, path[:-1]) if path else None
            if owner is None:
                template = value
            else:
                owner[path[-1]] = value
        except (LookupError, TypeError):
            continue  # an earlier change took the place away
    assert said(template) != "a bug"
