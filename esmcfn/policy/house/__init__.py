"""House rules: what neither cfn-lint nor checkov knows, as values. Pure: a template in, findings out.

hosting   instances, offers, model packages
access    roles, policies, access keys
page      docs/rules.md, made from RULES
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from esmcfn.domain.finding import Engine, Finding
from esmcfn.domain.project import Policy
from esmcfn.domain.template import Template
from esmcfn.policy.house.access import ACCESS_RULES
from esmcfn.policy.house.hosting import HOSTING_RULES
from esmcfn.policy.house.rule import Rule, Subject

__all__ = ["RULES", "Rule", "Subject", "find", "findings"]

RULES: tuple[Rule, ...] = (*HOSTING_RULES, *ACCESS_RULES)


def find(rule_id: str) -> Rule | None:
    """The rule of this id, None where it is not ours."""
    return next((rule for rule in RULES if rule.id == rule_id.upper()), None)


def findings(templates: Sequence[Template], policy: Policy) -> Iterator[Finding]:
    """Everything that the house rules say about these templates."""
    for template in templates:
        subject = Subject(template=template, others=templates, limits=policy.limits)
        for rule in RULES:
            for message, path in rule.check(subject):
                yield _finding(rule, template, message, path, policy)


def _finding(rule: Rule, template: Template, message: str, path: str, policy: Policy) -> Finding:
    logical_id = path.split("/", 1)[0]
    resources = template.body.get("Resources")
    return Finding(
        rule=rule.id,
        engine=Engine.HOUSE,
        severity=rule.severity,
        level=policy.levels.get(rule.id, rule.level),
        message=message,
        origin=template.origin(path),
        stack=template.stack.name,
        model=template.stack.model,
        logical_id=logical_id if isinstance(resources, dict) and logical_id in resources else "",
        source=rule.source,
    )
