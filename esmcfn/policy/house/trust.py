"""House rules about who may assume a role, and whom a policy lets in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase

from esmcfn.domain.finding import Level, Severity
from esmcfn.policy.house.access import a_role, statements
from esmcfn.policy.house.rule import Complaint, Rule, Subject, items, mapping, text

ROLE = "AWS::IAM::Role"
_HOSTING = "sagemaker.amazonaws.com"
_SAME_ACCOUNT = frozenset({"aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid"})


def _shared_trust(subject: Subject) -> Iterable[Complaint]:
    for logical_id, _ in subject.resources(ROLE):
        trusted = [who for _, statement in trusts(subject, logical_id) for who in _principals(statement)]
        others = sorted({who for who in trusted if who != _HOSTING})
        if _HOSTING in trusted and others:
            yield Complaint(
                f"SageMaker's role may be assumed by {', '.join(others)} too", f"{logical_id}/AssumeRolePolicyDocument"
            )


def _confused_deputy(subject: Subject) -> Iterable[Complaint]:
    for logical_id, _ in subject.resources(ROLE):
        for path, statement in trusts(subject, logical_id):
            named = {key.lower() for test in mapping(statement.get("Condition")).values() for key in mapping(test)}
            services = items(mapping(statement.get("Principal")).get("Service"))
            if services and named.isdisjoint(_SAME_ACCOUNT):
                yield Complaint(f"{text(services[0])} may assume it on behalf of any account", f"{path}/Condition")


def _invokes_any(subject: Subject) -> Iterable[Complaint]:
    for path, statement in statements(subject):
        actions = [text(action).lower() for action in items(statement.get("Action"))]
        invokes = any(fnmatchcase("sagemaker:invokeendpoint", action) for action in actions)
        for resource in items(statement.get("Resource")) if invokes and statement.get("Effect") == "Allow" else ():
            name = text(resource).rpartition(":endpoint/")[2] if ":endpoint/" in text(resource) else ""
            if "*" in name or "?" in name:
                yield Complaint(f"endpoint/{name} is whatever endpoint will ever have such a name", f"{path}/Resource")


def trusts(subject: Subject, logical_id: str) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Path and text of every statement that lets somebody assume this role."""
    properties = dict(subject.resources(ROLE))[logical_id]
    document = mapping(properties.get("AssumeRolePolicyDocument"))
    for index, statement in enumerate(items(document.get("Statement"))):
        if mapping(statement).get("Effect") == "Allow":
            yield f"{logical_id}/AssumeRolePolicyDocument/Statement/{index}", mapping(statement)


def _principals(statement: Mapping[str, object]) -> Iterator[str]:
    principal = statement.get("Principal")
    for who in mapping(principal).values() if isinstance(principal, dict) else [principal]:
        yield from (text(each) or "somebody" for each in items(who))


def _role(principal: str, condition: str = "") -> str:
    return a_role(f"{{{principal}}}", condition)


_OF_THIS_ACCOUNT = """\
          Condition:
            StringEquals: {aws:SourceAccount: !Ref AWS::AccountId}
"""


def _policy(name: str) -> str:
    return f"""\
Policy:
  Type: AWS::IAM::ManagedPolicy
  Properties:
    PolicyDocument:
      Version: "2012-10-17"
      Statement:
        - Effect: Allow
          Action: sagemaker:InvokeEndpoint
          Resource: arn:aws:sagemaker:us-east-2:123456789012:endpoint/{name}
"""


TRUST_RULES = (
    Rule(
        id="ESM023",
        severity=Severity.ERROR,
        level=Level.HARD,
        summary="A role that SageMaker assumes is assumed by nobody else",
        why="Who may assume an execution role reads and writes what models do, under SageMaker's name.",
        advice="give whoever else needs it a role of their own",
        source="https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html",
        check=_shared_trust,
        good=_role(f"Service: {_HOSTING}", _OF_THIS_ACCOUNT),
        bad=_role(f'Service: {_HOSTING}, AWS: "arn:aws:iam::123456789012:root"', _OF_THIS_ACCOUNT),
    ),
    Rule(
        id="ESM024",
        severity=Severity.ERROR,
        level=Level.SOFT,
        summary="A service assumes a role for this account only",
        why=(
            "A service acts for everybody. Without aws:SourceAccount somebody else's resource makes it use "
            "your role: the confused deputy."
        ),
        advice="add the condition aws:SourceAccount (or aws:SourceArn) to the role's trust",
        source="https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html",
        check=_confused_deputy,
        good=_role(f"Service: {_HOSTING}", _OF_THIS_ACCOUNT),
        bad=_role(f"Service: {_HOSTING}"),
    ),
    Rule(
        id="ESM025",
        severity=Severity.ERROR,
        level=Level.SOFT,
        summary="Who may invoke an endpoint may invoke it by its name, not by a pattern",
        why="A pattern also covers endpoints that do not exist yet, whosever they will be.",
        advice="name each endpoint, in lower case",
        source="https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html",
        check=_invokes_any,
        good=_policy("endpoint-esmc-300m-1-0a1b2c3d"),
        bad=_policy("endpoint-esmc-*"),
    ),
)
