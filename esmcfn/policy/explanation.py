"""Rules that are not the house's: whose they are, and what their engine itself says about them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct

from esmcfn.domain.finding import Engine, Level, Severity
from esmcfn.errors import did_you_mean
from esmcfn.policy import cfnlint, checkov
from esmcfn.policy.cfnlint import CFN_LINT
from esmcfn.policy.checkov import CHECKOV
from esmcfn.policy.engine import Adapter, Surroundings
from esmcfn.policy.process import EngineProcess, Fault
from esmcfn.policy.remark import LEVELS_RULE

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


def _silence(adapter: Adapter) -> Explanation:
    return Explanation(
        rule=adapter.fault_rule,
        engine=adapter.engine,
        level=Level.HARD,
        severity=Severity.ERROR.value,
        summary=f"{adapter.engine} judges every template",
        why=(
            "An engine that is missing, crashes, hangs or does not answer in JSON has consented to nothing. "
            "The finding's message names the command that mends it; no level and no waiver changes it."
        ),
    )


OWN: Mapping[str, Explanation] = {
    explanation.rule: explanation
    for explanation in (
        _silence(CHECKOV),
        _silence(CFN_LINT),
        Explanation(
            rule=LEVELS_RULE,
            engine=Engine.HOUSE,
            level=Level.HARD,
            severity=Severity.ERROR.value,
            summary="A level in policies/*.yaml is of a rule that exists",
            why=(
                "A level of no rule changes nothing: the gate that it was meant for stands elsewhere than its writer "
                "thinks. No level and no waiver changes this finding; correct the rule's id."
            ),
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
