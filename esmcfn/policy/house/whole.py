"""House rules about a template as a whole: its size, what it tells, what it keeps, and what it would switch off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from esmcfn.domain.finding import Level, Severity
from esmcfn.domain.template import INLINE_BYTES, UPLOADED_BYTES
from esmcfn.policy.house.container import reads_like_a_secret
from esmcfn.policy.house.rule import Complaint, Rule, Subject, mapping
from esmcfn.policy.house.walk import walk

MOST_RESOURCES = 500
MOST_OUTPUTS = 200
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""

_DYNAMIC = ("{{resolve:secretsmanager:", "{{resolve:ssm-secure:")
_HOLDING = ("AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::Logs::LogGroup", "AWS::RDS::DBInstance", "AWS::S3::Bucket")
_HOLDING_NOTHING = ("AWS::SageMaker::Endpoint", "AWS::SageMaker::EndpointConfig", "AWS::SageMaker::Model")
_KEPT = ("Retain", "RetainExceptOnCreate", "Snapshot")


def _too_large(subject: Subject) -> Iterable[Complaint]:
    body = subject.template.body
    size, most = len(subject.template.text.encode()), subject.limits.get("max_template_bytes")
    if most == INLINE_BYTES and subject.template.stack.target.artifact_bucket:
        most = UPLOADED_BYTES
    if most is not None and size > most:
        yield Complaint(
            f"{size:,} bytes, and a template that is sent along may have {most:,} (max_template_bytes)", "Resources"
        )
    for section, limit in (("Resources", MOST_RESOURCES), ("Outputs", MOST_OUTPUTS)):
        count = len(mapping(body.get(section)))
        if count > limit:
            yield Complaint(f"{count} {section}, and CloudFormation takes {limit}", section)


def _tells_secrets(subject: Subject) -> Iterable[Complaint]:
    body = subject.template.body
    for path, value in walk(body.get("Outputs"), "Outputs"):
        if isinstance(value, str) and any(each in value for each in _DYNAMIC):
            yield Complaint("an output shows a secret to everybody who may describe the stack", path)
    for name, parameter in mapping(body.get("Parameters")).items():
        facts = mapping(parameter)
        hidden = str(facts.get("NoEcho", "")).lower() == "true"
        if hidden or reads_like_a_secret(name):
            yield Complaint(f"the parameter {name} carries a secret through whoever deploys", f"Parameters/{name}")


def _kept_or_not(subject: Subject) -> Iterable[Complaint]:
    for logical_id, resource in mapping(subject.template.body.get("Resources")).items():
        facts = mapping(resource)
        for attribute in ("DeletionPolicy", "UpdateReplacePolicy"):
            kept = facts.get(attribute) in _KEPT
            if facts.get("Type") in _HOLDING and not kept and not _of_topics_alone(subject, logical_id):
                yield Complaint(f"it holds data, and no {attribute} keeps it", logical_id)
            if facts.get("Type") in _HOLDING_NOTHING and kept:
                said = f"{attribute} {facts[attribute]} leaves its name behind, and the next stack cannot take it"
                yield Complaint(said, logical_id)


def _of_topics_alone(subject: Subject, logical_id: str) -> bool:
    """Is it a key that only topics of its own stack use? A topic keeps nothing that would be lost with it."""
    users = {
        path.split("/")[1]
        for path, value in walk(subject.template.body, "")
        if path.startswith("Resources/") and value == {"Ref": logical_id}
    }
    told = any(value == {"Ref": logical_id} for _, value in walk(subject.template.body.get("Outputs"), "Outputs"))
    types = {subject.template.resource_type(each) for each in users}
    return subject.template.resource_type(logical_id) == "AWS::KMS::Key" and types == {"AWS::SNS::Topic"} and not told


def _switched_off(subject: Subject) -> Iterable[Complaint]:
    for place, metadata in _metadata(subject):
        for engine in ("checkov", "cfn-lint", "guard"):
            if engine in metadata:
                yield Complaint(f"Metadata tells {engine} what to leave out; here it leaves out nothing", place)


def _metadata(subject: Subject) -> Iterator[tuple[str, Mapping[str, object]]]:
    body = subject.template.body
    yield "Metadata", mapping(body.get("Metadata"))
    for logical_id, resource in mapping(body.get("Resources")).items():
        yield logical_id, mapping(mapping(resource).get("Metadata"))


def _topic(description: str) -> str:
    return f"""\
Topic:
  Type: AWS::SNS::Topic
  Properties:
    KmsMasterKeyId: alias/aws/sns
    DisplayName: {description}
"""


def _bucket(attributes: str) -> str:
    return f"""\
Bucket:
  Type: AWS::S3::Bucket
{attributes}  Properties:
    VersioningConfiguration: {{Status: Enabled}}
"""


def _parameter(name: str) -> str:
    return f"""\
Parameters:
  {name}: {{Type: String}}
Resources:
  Topic:
    Type: AWS::SNS::Topic
    Properties:
      DisplayName: !Ref {name}
"""


_SKIP = """\
Topic:
  Type: AWS::SNS::Topic
  Metadata:
    checkov:
      skip:
        - {id: CKV_AWS_26, comment: not now}
"""

WHOLE_RULES = (
    Rule(
        id="ESM026",
        severity=Severity.ERROR,
        level=Level.HARD,
        summary="A template is within CloudFormation's limits",
        why=(
            "A template that is sent along with a request has 51,200 bytes at most, 500 resources and 200 outputs; one "
            "that goes through an artifact_bucket may have 1 MB. "
            "CloudFormation refuses more only when it is asked, after everything else was ready."
        ),
        advice="split what does not belong together into environments of their own",
        source="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html",
        check=_too_large,
        good=_topic("short"),
        bad=_topic("x" * 52_000),
    ),
    Rule(
        id="ESM027",
        severity=Severity.ERROR,
        level=Level.HARD,
        summary="No secret goes through an output or a parameter",
        why="Outputs are shown to whoever may describe the stack; parameters stay in the history of whoever deploys.",
        advice="let whoever needs it read it from Secrets Manager",
        source="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/security-best-practices.html",
        check=_tells_secrets,
        good=_parameter("Title"),
        bad=_parameter("ApiToken"),
    ),
    Rule(
        id="ESM028",
        severity=Severity.WARNING,
        level=Level.SOFT,
        summary="What holds data outlives its stack, and what holds none does not",
        why=(
            "A bucket, a table, a log group or a key that goes with its stack takes the data along. A model or an "
            "endpoint that stays keeps its name, and going back to an earlier state then fails."
        ),
        advice="set DeletionPolicy and UpdateReplacePolicy to Retain on data, and on nothing of SageMaker hosting",
        source="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html",
        check=_kept_or_not,
        good=_bucket("  DeletionPolicy: Retain\n  UpdateReplacePolicy: Retain\n"),
        bad=_bucket(""),
    ),
    Rule(
        id="ESM029",
        severity=Severity.ERROR,
        level=Level.HARD,
        summary="Nothing inside a template switches a rule off",
        why="Who breaks a rule would sign for it, with no last day. Such words lift nothing here; a waiver does.",
        advice="remove it, and write a waiver into policies/waivers.yaml",
        source="https://www.checkov.io/2.Basics/Suppressing%20and%20Skipping%20Policies.html",
        check=_switched_off,
        good=_topic("short"),
        bad=_SKIP,
    ),
)
