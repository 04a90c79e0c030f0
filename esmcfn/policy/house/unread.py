"""House rules about what a template makes and does not show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from esmcfn.domain.finding import Level, Severity
from esmcfn.policy.house.rule import Complaint, Rule, Subject, items, mapping, text
from esmcfn.policy.house.walk import walk

_ELSEWHERE: Mapping[str, str] = {
    "AWS::CloudFormation::CustomResource": "a function decides what a custom resource makes",
    "AWS::CloudFormation::Stack": "a nested stack's template stands elsewhere",
    "AWS::CloudFormation::StackSet": "a stack set's template is not a part of this one",
    "AWS::ServiceCatalog::CloudFormationProvisionedProduct": "a product's template stands elsewhere",
}
_MARKS = ("Fn::ForEach::", "Fn::Transform", "\\u")
"""One of them stands in a template with a loop or a macro inside; the last may be any letter of the others."""
_HARMLESS = ("AWS::LanguageExtensions",)
"""Adds functions to the language, of which only the loop makes resources."""


def _unread(subject: Subject) -> Iterable[Complaint]:
    body = subject.template.body
    for name in items(body.get("Transform")):
        if name not in _HARMLESS:
            said = text(name) or text(mapping(name).get("Name")) or "a macro"
            yield Complaint(f"{said} rewrites the template before it is deployed", "Transform")
    if "Fn::Transform" in body:
        yield Complaint("a macro rewrites the template before it is deployed", "Fn::Transform")
    resources = mapping(body.get("Resources"))
    for logical_id, resource in resources.items():
        kind = text(mapping(resource).get("Type"))
        why = _ELSEWHERE.get(kind, "")
        if kind.startswith("Custom::"):
            why = _ELSEWHERE["AWS::CloudFormation::CustomResource"]
        elif kind.endswith("::MODULE"):
            why = "a module's resources stand in the registry"
        if why:
            yield Complaint(f"{kind}: {why}, and no rule here judges it", logical_id)
    whole = subject.template.text
    for path in _rewritten(resources) if any(mark in whole for mark in _MARKS) else ():
        yield Complaint(
            f"{path.rpartition('/')[2]} is resolved by CloudFormation, and no rule judges what it makes", path
        )


def _rewritten(resources: Mapping[str, object]) -> Iterator[str]:
    """Paths of loops and macros inside resources."""
    for path, value in walk(resources, ""):
        for key in mapping(value):
            if key == "Fn::Transform" or str(key).startswith("Fn::ForEach::"):
                where = f"{path}/{key}" if path else str(key)
                yield where.replace("/Properties/", "/", 1)


_TOPIC = """\
Topic:
  Type: AWS::SNS::Topic
  Properties:
    KmsMasterKeyId: alias/aws/sns
"""
_NESTED = """\
Nested:
  Type: AWS::CloudFormation::Stack
  Properties:
    TemplateURL: https://s3.us-east-2.amazonaws.com/bucket/endpoints.json
"""

UNREAD_RULES = (
    Rule(
        id="ESM039",
        severity=Severity.ERROR,
        level=Level.SOFT,
        summary="A template shows every resource that it makes",
        why=(
            "What a nested stack, a custom resource, a macro or a loop makes stands in no template that is judged "
            "here: 500 instances there pass every limit."
        ),
        advice="write the resources out, or judge the template that they stand in and let somebody sign for this one",
        source="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-nested-stacks.html",
        check=_unread,
        good=_TOPIC,
        bad=_NESTED,
    ),
)
