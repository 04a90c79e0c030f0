"""Intrinsic functions and conditions, in JSON and in YAML."""

from __future__ import annotations

from typing import Any

import pytest

from esmcfn.sandbox.cloudformation.language import Place, Scope
from esmcfn.sandbox.cloudformation.template import parse
from esmcfn.sandbox.refusal import Refusal

PLACE = Place(account="123456789012", region="eu-west-1", stack_name="s", stack_id="arn:s", notification_arns=())


class Two:
    """A stack with one resource."""

    def ref(self, logical_id: str) -> str:
        return f"id-of-{logical_id}"

    def attribute(self, logical_id: str, name: str) -> str:
        return f"{logical_id}.{name}"


def resolve(value: Any, head: str = "") -> Any:
    template = parse(f"{head}\nResources: {{T: {{Type: 'AWS::SNS::Topic'}}}}")
    scope = Scope(
        template=template,
        place=PLACE,
        parameters={"P": "x", "L": ["a", "b"]},
        resources=Two(),
        exports=lambda name: f"export-{name}",
    )
    return scope.resolve(value)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ({"Ref": "P"}, "x"),
        ({"Ref": "T"}, "id-of-T"),
        ({"Ref": "AWS::Partition"}, "aws"),
        ({"Fn::GetAtt": ["T", "Arn"]}, "T.Arn"),
        ({"Fn::GetAtt": "T.A.B"}, "T.A.B"),
        ({"Fn::Sub": "${P}-${T.Arn}-${!Lit}-${AWS::Region}"}, "x-T.Arn-${Lit}-eu-west-1"),
        ({"Fn::Sub": ["${V}", {"V": {"Ref": "P"}}]}, "x"),
        ({"Fn::Join": ["-", [{"Ref": "P"}, "y", 3, True]]}, "x-y-3-true"),
        ({"Fn::Join": [",", {"Ref": "L"}]}, "a,b"),
        ({"Fn::Select": [1, {"Fn::Split": [",", "a,b"]}]}, "b"),
        ({"Fn::Base64": "a"}, "YQ=="),
        ({"Fn::ImportValue": "e"}, "export-e"),
        ({"A": {"Ref": "AWS::NoValue"}, "B": [1, {"Ref": "AWS::NoValue"}]}, {"B": [1]}),
        ({"Fn::If": ["Both", "a", "b"]}, "a"),
        ({"Fn::If": ["Isnt", "a", {"Ref": "AWS::NoValue"}]}, None),
        ({"Fn::FindInMap": ["M", "k", "v"]}, 7),
    ],
)
def test_functions(value: Any, wanted: Any) -> None:
    head = (
        "Mappings: {M: {k: {v: 7}}}\n"
        "Conditions:\n  Is: !Equals [!Ref P, x]\n  Isnt: !Not [!Condition Is]\n"
        "  Both: !And [!Condition Is, !Or [!Condition Isnt, !Condition Is]]"
    )
    found = resolve({"it": value}, head)
    assert found.get("it") == wanted


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"Fn::Select": [5, ["a"]]}, "nonexistent value at index 5"),
        ({"Fn::FindInMap": ["M", "k", "v"]}, "Unable to get mapping for M::k::v"),
        ({"Fn::Length": [1]}, "does not support Fn::Length"),
    ],
)
def test_what_cannot_be_resolved_is_refused(value: Any, message: str) -> None:
    with pytest.raises(Refusal, match=message):
        resolve(value)
