"""Rules that are not the house's: whose they are, and what their engine itself says about them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct

from esmcfn.domain.finding import INPUT_RULE, Engine, Level, Severity
from esmcfn.domain.waiver import BUDGET_RULE, SOON_DAYS
from esmcfn.errors import did_you_mean
from esmcfn.policy import cfnlint, checkov
from esmcfn.policy.cfnlint import CFN_LINT
from esmcfn.policy.checkov import CHECKOV
from esmcfn.policy.engine import Adapter, Surroundings
from esmcfn.policy.process import EngineProcess, Fault
from esmcfn.policy.remark import ENVIRONMENT_RULE, LEVELS_RULE
from esmcfn.policy.waivers import AUTHOR_RULE, EXPIRED_RULE, EXPIRING_RULE, SELF_RULE, UNUSED_RULE

_PATIENCE_SECONDS = 120.0

FORMS: Sequence[tuple[re.Pattern[str], Adapter, str]] = (
    (
        re.compile(cfnlint.IDS),
        CFN_LINT,
        "https://github.com/aws-cloudformation/cfn-lint/blob/main/docs/rules.md",
    ),
    (
        re.compile(checkov.IDS),
        CHECKOV,
        "https://www.checkov.io/5.Policy%20Index/cloudformation.html",
    ),
)
"""What an engine's ids look like, and where it lists its rules."""


class Explanation(Struct, frozen=True, kw_only=True):
    """Why a rule exists.

    Attributes:
        level: what holds where policy does not say.
        severity, summary, why: empty where nobody could be asked.
        source: address of a page that explains the rule, or lists it.
        unasked: why the engine could not be asked whether there is such a rule; empty where it was.
    """

    rule: str
    engine: Engine
    level: Level
    severity: str = ""
    summary: str = ""
    why: str = ""
    source: str = ""
    unasked: str = ""


class Unknown(Struct, frozen=True):
    """There is no such rule.

    Attributes:
        near: the nearest one as a suggestion, or empty.
    """

    near: str = ""


def _silence(adapter: Adapter, more: str = "") -> Explanation:
    return Explanation(
        rule=adapter.fault_rule,
        engine=adapter.engine,
        level=Level.HARD,
        severity=Severity.ERROR.value,
        summary=f"{adapter.engine} judges every template",
        why=(
            "An engine that is missing, crashes, hangs or does not answer in JSON has consented to nothing. "
            "The finding's message names the command that mends it; no level and no waiver changes it."
            f"{more}"
        ),
    )


def _of_waivers(rule: str, level: Level, summary: str, why: str) -> Explanation:
    severity = Severity.ERROR if level is Level.HARD else Severity.WARNING
    return Explanation(
        rule=rule, engine=Engine.HOUSE, level=level, severity=severity.value, summary=summary, why=f"{why} {_FIXED}"
    )


_FIXED = "No level and no waiver changes this finding."

OWN: Mapping[str, Explanation] = {
    explanation.rule: explanation
    for explanation in (
        _silence(
            CHECKOV,
            " It drops a check of policies/checkov with an operator, a cond_type or a resource type that it does not "
            "know, and says nothing: the finding then names the check's line.",
        ),
        _silence(CFN_LINT),
        Explanation(
            rule=INPUT_RULE,
            engine=Engine.HOUSE,
            level=Level.HARD,
            severity=Severity.ERROR.value,
            summary="Catalog, environment and policies can be read and fit together",
            why=(
                "What is wrong with a line of YAML stands among the findings of code scanning, annotations and build "
                f"servers, with exit code 3: nothing of the environment was judged. {_FIXED}"
            ),
        ),
        Explanation(
            rule=LEVELS_RULE,
            engine=Engine.HOUSE,
            level=Level.HARD,
            severity=Severity.ERROR.value,
            summary="A level in policies/*.yaml is of a rule that exists",
            why=(
                "A level of no rule changes nothing: the gate that it was meant for stands elsewhere than its writer "
                f"thinks. Correct the rule's id. {_FIXED}"
            ),
        ),
        Explanation(
            rule=ENVIRONMENT_RULE,
            engine=Engine.HOUSE,
            level=Level.ADVISORY,
            severity=Severity.WARNING.value,
            summary="An environment that policies/*.yaml names is one of the root's",
            why=f"What holds in an environment that is not there holds nowhere: a misspelt one stands open. {_FIXED}",
        ),
        Explanation(
            rule=BUDGET_RULE,
            engine=Engine.HOUSE,
            level=Level.SOFT,
            severity=Severity.ERROR.value,
            summary="What is selected costs no more than the environment's hard budget",
            why=(
                "plan, cost and deploy end with 13 where it does. A waiver with this rule and the resource `budget` "
                "lifts that for a while, signed and dated as every other; it stays in every report. A soft budget "
                "needs none."
            ),
        ),
        _of_waivers(
            EXPIRED_RULE,
            Level.HARD,
            "No waiver outlives its last day",
            "An exception that nobody renews is a rule that nobody keeps: what it covered counts again, and the entry "
            "itself blocks until it is removed or approved anew.",
        ),
        _of_waivers(
            EXPIRING_RULE,
            Level.ADVISORY,
            f"A waiver does not run out unnoticed: its last {SOON_DAYS} days are told",
            "Mending what it covers, or asking again, takes longer than a build that is suddenly red leaves time for.",
        ),
        _of_waivers(
            SELF_RULE,
            Level.HARD,
            "Whoever writes a waiver is not who approves it",
            "A rule that anybody may lift alone protects from nothing. git blame tells who wrote each of the entry's "
            "lines: whoever changed its approver or its last day is an author, too.",
        ),
        _of_waivers(
            AUTHOR_RULE,
            Level.ADVISORY,
            "It is known who wrote a waiver that lifts something",
            "In a shallow clone, or without git, nobody can tell whether its approver wrote it. Nobody is accused "
            "then, but a gate that judges there is no gate against a waiver of one's own.",
        ),
        _of_waivers(
            UNUSED_RULE,
            Level.ADVISORY,
            "A waiver lifts something",
            "One that covers nothing waits for somebody to break the rule unseen. It may also be misspelt, be of a "
            "rule that is hard here, or not have begun.",
        ),
    )
}
"""Findings that no rule makes: what goes wrong with judging itself."""


def explain(
    rule: str, surroundings: Surroundings, *, forms: Sequence[tuple[re.Pattern[str], Adapter, str]] = FORMS
) -> Explanation | Unknown:
    """What there is to say about a rule that is not the house's; asks its engine."""
    own = OWN.get(rule)
    if own:
        return own
    for pattern, adapter, page in forms:
        if pattern.fullmatch(rule):
            return _asked(adapter, rule, page, surroundings)
    return Unknown()


def _asked(adapter: Adapter, rule: str, page: str, surroundings: Surroundings) -> Explanation | Unknown:
    answer = _answer(adapter, rule, surroundings)
    if isinstance(answer, Fault):
        level = adapter.level(Severity.ERROR if rule.startswith("E") else Severity.WARNING)
        mend = answer.mend or (adapter.mend if answer.uninstalled else adapter.by_hand)
        unasked = f"{adapter.engine} could not be asked whether it has this rule: it {answer.reason}. Mend it: {mend}"
        return Explanation(rule=rule, engine=adapter.engine, level=level, source=page, unasked=unasked)
    known = [rule_id for rule_id in answer if rule_id != rule]
    said = answer.get(rule)
    if said is None:
        return Unknown(did_you_mean(rule, known))
    return Explanation(
        rule=rule,
        engine=adapter.engine,
        level=adapter.level(Severity(said["severity"])),
        severity=said["severity"],
        summary=said["name"],
        why=said["why"],
        source=said["source"] or page,
    )


def _answer(adapter: Adapter, rule: str, surroundings: Surroundings) -> Mapping[str, Mapping[str, str]] | Fault:
    """The engine's rules by id: this one with its words, the others without."""
    found = adapter.find(surroundings)
    if isinstance(found, Fault):
        return found
    question = {**found.question, "explain": rule}
    process = EngineProcess.start(found.command, question, scratch=found.scratch, deadline_seconds=_PATIENCE_SECONDS)
    answer = process if isinstance(process, Fault) else process.answer()
    if isinstance(answer, Fault):
        return answer
    rules = answer.get("rules") if isinstance(answer, dict) else None
    if not isinstance(rules, dict) or not _whole(rules.get(rule)):
        return Fault("answered with something else than rules")
    return rules


def _whole(said: object) -> bool:
    """Nothing, or everything that an explanation needs."""
    if said is None:
        return True
    words = [said.get(word) for word in ("name", "why", "source", "severity")] if isinstance(said, dict) else [None]
    return all(isinstance(word, str) for word in words) and words[-1] in {severity.value for severity in Severity}
