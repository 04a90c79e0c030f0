"""House rules: what neither cfn-lint nor checkov knows, as values. Pure: a template in, findings out.

hosting     instances, offers, model packages
access      roles, policies, access keys
container   images and variables of own containers
choice      what an environment may choose: types, registries, tags, quotas
production  what an environment owes to people who depend on it
refused     what SageMaker refuses a model package
trust       who may assume a role, and whom a policy lets in
whole       a template's size, what it tells, keeps and would switch off
amount      prices, and what autoscaling may add
value       variables' values
watched     alarms, keys and logs in production
schedule    moments that lie behind us
door        roles that anybody may take, or pass on
unread      what a template makes and does not show
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from fnmatch import fnmatchcase

from esmcfn.domain.cost import HostedVariant
from esmcfn.domain.finding import Engine, Finding, Level, Severity
from esmcfn.domain.origin import Origin
from esmcfn.domain.project import Policy
from esmcfn.domain.template import Template
from esmcfn.errors import did_you_mean
from esmcfn.policy.house.access import ACCESS_RULES
from esmcfn.policy.house.amount import AMOUNT_RULES
from esmcfn.policy.house.choice import CHOICE_RULES
from esmcfn.policy.house.container import CONTAINER_RULES
from esmcfn.policy.house.door import DOOR_RULES
from esmcfn.policy.house.hosting import HOSTING_RULES
from esmcfn.policy.house.production import PRODUCTION_RULES
from esmcfn.policy.house.refused import REFUSED_RULES
from esmcfn.policy.house.rule import ENVIRONMENT, Rule, Subject
from esmcfn.policy.house.schedule import SCHEDULE_RULES
from esmcfn.policy.house.trust import TRUST_RULES
from esmcfn.policy.house.unread import UNREAD_RULES
from esmcfn.policy.house.value import VALUE_RULES
from esmcfn.policy.house.watched import WATCHED_RULES
from esmcfn.policy.house.whole import WHOLE_RULES
from esmcfn.policy.remark import ENVIRONMENT_RULE, LEVELS_RULE

__all__ = ["RULES", "Rule", "Subject", "find", "findings"]

RULES: tuple[Rule, ...] = (
    *HOSTING_RULES,
    *ACCESS_RULES,
    *CONTAINER_RULES,
    *CHOICE_RULES,
    *PRODUCTION_RULES,
    *REFUSED_RULES,
    *TRUST_RULES,
    *WHOLE_RULES,
    *AMOUNT_RULES,
    *VALUE_RULES,
    *WATCHED_RULES,
    *SCHEDULE_RULES,
    *DOOR_RULES,
    *UNREAD_RULES,
)

_HOUSE = re.compile(r"ESM\d{3}")


def find(rule_id: str) -> Rule | None:
    """The rule of this id, None where it is not ours."""
    return next((rule for rule in RULES if rule.id == rule_id.upper()), None)


def findings(
    templates: Sequence[Template],
    policy: Policy,
    *,
    today: date | None = None,
    beside: Sequence[Template] = (),
    staying: Sequence[HostedVariant] = (),
) -> Iterator[Finding]:
    """Everything that the house rules say about these templates, and about the policy itself, on this day.

    Args:
        beside: other templates of the environment: judged only in so far as rules look at all of it together.
        staying: what runs on although the environment does not select it any more, counted with them.
    """
    yield from _unknown_levels(policy)
    yield from _unknown_environments(policy)
    for template in templates:
        subject = Subject(template=template, others=(*templates, *beside), policy=policy, today=today, staying=staying)
        for rule in RULES:
            for message, path in rule.check(subject):
                yield _finding(rule, template, message, path, policy)


def _unknown_levels(policy: Policy) -> Iterator[Finding]:
    """A level of no rule is a slip of the finger, and somewhere a gate does not stand as it was meant to."""
    ids = [rule.id for rule in RULES]
    for named in sorted({*policy.named, *policy.levels}):
        if _HOUSE.fullmatch(named) and named not in ids:
            near = did_you_mean(named, ids) or f"house rules are {ids[0]} to {ids[-1]}"
            yield Finding(
                rule=LEVELS_RULE,
                engine=Engine.HOUSE,
                severity=Severity.ERROR,
                level=Level.HARD,
                message=f"levels.{named} in policies/: there is no rule {named} ({near})",
                origin=policy.places.get(f"levels/{named}"),
                path=f"levels/{named}",
            )


def _unknown_environments(policy: Policy) -> Iterator[Finding]:
    """What holds in an environment that is not there holds nowhere; a glob may wait for one that is still to come."""
    for mentioned in sorted(set(policy.mentioned)):
        meant = mentioned.strip("*?")
        near = did_you_mean(meant, policy.known) or (
            "" if meant != mentioned else f"there are {', '.join(policy.known)}"
        )
        if policy.known and near and not any(fnmatchcase(known, mentioned) for known in policy.known):
            yield Finding(
                rule=ENVIRONMENT_RULE,
                engine=Engine.HOUSE,
                severity=Severity.WARNING,
                level=Level.ADVISORY,
                message=f"policies/ names an environment {mentioned}, and there is none ({near})",
                origin=policy.places.get(f"environments/{mentioned}"),
                path=f"environments/{mentioned}",
            )


def _finding(rule: Rule, template: Template, message: str, path: str, policy: Policy) -> Finding:
    whole = path.startswith(ENVIRONMENT)
    logical_id = "" if whole else path.split("/", 1)[0]
    resource_type = template.resource_type(logical_id)
    return Finding(
        rule=rule.id,
        engine=Engine.HOUSE,
        severity=rule.severity,
        level=policy.levels.get(rule.id, rule.level),
        message=message,
        why=rule.why,
        advice=rule.advice,
        origin=_of_environment(policy, template, path.removeprefix(ENVIRONMENT)) if whole else template.origin(path),
        stack="" if whole else template.stack.name,
        model=None if whole else template.stack.model,
        logical_id=logical_id if resource_type else "",
        resource_type=resource_type,
        path=path,
        source=rule.source,
    )


def _of_environment(policy: Policy, template: Template, key: str) -> Origin:
    """Where a key of the environment stands; its first line of ours where it was not written.

    A base stack knows as well, where only templates are judged.
    """
    origins = policy.environment.origins if policy.environment else template.stack.origins
    return origins.of(key if key in origins.keys else "environment")
