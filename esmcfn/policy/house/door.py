"""House rules about roles that stand open: anybody may assume them, or hand on any of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from esmcfn.domain.finding import Level, Severity
from esmcfn.policy.house.access import a_role, statements
from esmcfn.policy.house.rule import Complaint, Rule, Subject, items, known, mapping
from esmcfn.policy.house.trust import ROLE, trusts

_WHO = frozenset({"aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:principalorgpaths"})
"""Conditions that say who somebody is, whom a principal of "*" does not name."""
_ANY_ROLE = re.compile(r".*:role/[*?]*\*|\*|arn:\*")


def _open_trust(subject: Subject) -> Iterable[Complaint]:
    for logical_id, _ in subject.resources(ROLE):
        for path, statement in trusts(subject, logical_id):
            if "NotPrincipal" in statement:
                yield Complaint("everybody but those whom NotPrincipal names may assume it", f"{path}/NotPrincipal")
            elif _anybody(subject, statement.get("Principal")) and not _says_who(statement):
                yield Complaint("anybody in any account may assume it", f"{path}/Principal")


def _anybody(subject: Subject, principal: object) -> bool:
    named = mapping(principal).get("AWS") if isinstance(principal, dict) and "AWS" in principal else principal
    return any(known(each, subject.template) == "*" for each in items(named))


def _says_who(statement: Mapping[str, object]) -> bool:
    """Does a condition narrow it down? One that is met where the key is missing, or by all but some, does not."""
    for test, keys in mapping(statement.get("Condition")).items():
        named = {key.lower(): items(values) for key, values in mapping(keys).items()}
        exact = "not" not in test.lower() and not test.lower().endswith(("ifexists", "null"))
        if exact and any(key in _WHO and "*" not in values for key, values in named.items()):
            return True
    return False


def _passes_any_role(subject: Subject) -> Iterable[Complaint]:
    for path, statement in statements(subject):
        actions = [(known(action, subject.template) or "").lower() for action in items(statement.get("Action"))]
        passes = "NotAction" in statement or any(fnmatchcase("iam:passrole", action) for action in actions)
        if not passes or statement.get("Effect") != "Allow":
            continue
        for resource in items(statement.get("Resource")):
            if _ANY_ROLE.fullmatch(known(resource, subject.template) or ""):
                yield Complaint("whichever role of the account may be passed on", f"{path}/Resource")


def _policy(role: str) -> str:
    return f"""\
Policy:
  Type: AWS::IAM::ManagedPolicy
  Properties:
    PolicyDocument:
      Version: "2012-10-17"
      Statement:
        - Effect: Allow
          Action: iam:PassRole
          Resource: arn:aws:iam::123456789012:role/{role}
          Condition:
            StringEquals: {{iam:PassedToService: sagemaker.amazonaws.com}}
"""


_OF_THE_ORGANIZATION = """\
          Condition:
            StringEquals: {aws:PrincipalOrgID: o-0123456789}
"""

DOOR_RULES = (
    Rule(
        id="ESM037",
        severity=Severity.ERROR,
        level=Level.HARD,
        summary="A role names who may assume it",
        why="A trust of everybody lets in every account of AWS: whoever knows the role's name holds what it may do.",
        advice="name roles or accounts, or add a condition such as aws:PrincipalOrgID",
        source="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html",
        check=_open_trust,
        good=a_role('{AWS: "*"}', _OF_THE_ORGANIZATION),
        bad=a_role('"*"'),
    ),
    Rule(
        id="ESM038",
        severity=Severity.ERROR,
        level=Level.SOFT,
        summary="Who may pass a role to a service may pass a role that is named",
        why="Who passes any role passes the most powerful one, to a service that then acts for them.",
        advice="name the role's ARN, or a prefix of the roles that are meant",
        source="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html",
        check=_passes_any_role,
        good=_policy("esm-sagemaker-exec-dev"),
        bad=_policy("*"),
    ),
)
