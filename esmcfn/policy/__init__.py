"""Policy: what three engines say about templates, as findings that point at lines of YAML.

cfn-lint and checkov run side by side, each in a process of its own, while the caller does something else;
what they said about a template is remembered. The house rules are a few pure functions and always run.

    with policy.begin(templates, policy=project.policy, region="us-east-2", cache=folder) as judgement:
        ...                            # ask AWS meanwhile
        findings = judgement.findings()

An engine that is missing, crashes, hangs or babbles becomes a finding that blocks; the others still speak.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from esmcfn.domain.cost import HostedVariant
from esmcfn.domain.finding import Engine, Finding, Level, Severity
from esmcfn.domain.origin import Origin
from esmcfn.domain.project import Policy
from esmcfn.domain.stack import ModelStack
from esmcfn.domain.template import Template
from esmcfn.domain.waiver import JUDGED_ELSEWHERE, Waiver, Writers
from esmcfn.naming import stack_name
from esmcfn.policy import cfnlint, checkov
from esmcfn.policy.cfnlint import CFN_LINT
from esmcfn.policy.checkov import CHECKOV
from esmcfn.policy.cures import advice
from esmcfn.policy.engine import Adapter, Surroundings
from esmcfn.policy.hearing import Asking, Hearing, Prepared, prepare
from esmcfn.policy.process import Fault
from esmcfn.policy.remark import LEVELS_RULE, Remark
from esmcfn.policy.verdicts import Verdicts

if TYPE_CHECKING:
    from esmcfn.policy.house.rule import Described

__all__ = ["DEADLINE_SECONDS", "ENGINES", "Judgement", "Matter", "Together", "begin"]

ENGINES: tuple[Adapter, ...] = (CHECKOV, CFN_LINT)
"""Who is asked, slowest first."""

DEADLINE_SECONDS = 180.0
"""How long an engine may think: it needs 1 second, and 4 for a hundred templates, on two cores."""


def _unread(origin: Origin) -> str:
    return ""


def _unsigned(waiver: Waiver) -> Writers:
    return Writers(untold="nobody was asked")


def begin(
    templates: Sequence[Template],
    *,
    policy: Policy,
    region: str,
    cache: Path,
    today: date,
    tools: Path | None = None,
    checks: Path | None = None,
    engines: Sequence[Adapter] = ENGINES,
    deadline_seconds: float = DEADLINE_SECONDS,
    beside: Sequence[Template] = (),
    lines: Callable[[Origin], str] = _unread,
    authors: Callable[[Waiver], Writers] = _unsigned,
    together: Together | None = None,
) -> Judgement:
    """Ask the engines about every template that they have not judged before; returns at once.

    Args:
        cache: folder that remembers verdicts; made when needed.
        today: the day on which waivers have to hold.
        tools: folder of the tools' environments, None for the usual place.
        checks: folder of the root's own checkov checks; it need not exist.
        beside: other templates of the environment; what holds for all of it together counts them.
        lines: what stands on a line of YAML, for excerpts.
        authors: who wrote a waiver, so that nobody approves a waiver of their own.
        together: what engines are being asked for several environments at once.
    """
    asked = partial(
        Hearing.open,
        surroundings=surroundings_of(policy, region=region, tools=tools, checks=checks),
        policy_digest=policy.digest,
        verdicts=Verdicts(cache / "verdicts"),
        deadline_seconds=deadline_seconds,
        elsewhere=together.questions if together else None,
    )
    hearings = tuple(asked(adapter, templates) for adapter in engines)
    return Judgement(
        tuple(templates), policy, hearings, today=today, lines=lines, authors=authors, beside=tuple(beside)
    )


def surroundings_of(
    policy: Policy, *, region: str, tools: Path | None = None, checks: Path | None = None
) -> Surroundings:
    """What engines have to know besides templates."""
    named = tuple(sorted({*policy.named, *policy.levels}))
    informational = tuple(rule for rule in named if rule.startswith("I"))
    return Surroundings(region=region, tools=tools, checks=checks, informational=informational, levels=named)


class Matter(Struct, frozen=True, kw_only=True):
    """What one environment has to be judged."""

    templates: tuple[Template, ...]
    policy: Policy
    region: str


class Together:
    """Engines at work on the templates of several environments: one process answers whatever is asked alike."""

    def __init__(
        self,
        matters: Sequence[Matter],
        *,
        cache: Path,
        tools: Path | None = None,
        checks: Path | None = None,
        engines: Sequence[Adapter] = ENGINES,
        deadline_seconds: float = DEADLINE_SECONDS,
    ) -> None:
        verdicts = Verdicts(cache / "verdicts")
        found: dict[tuple[str, ...], Prepared] = {}
        new: dict[tuple[str, ...], dict[str, str]] = {}
        for adapter in engines:
            for matter in matters:
                prepared = prepare(
                    adapter,
                    matter.templates,
                    surroundings=surroundings_of(matter.policy, region=matter.region, tools=tools, checks=checks),
                    policy_digest=matter.policy.digest,
                    verdicts=verdicts,
                )
                if isinstance(prepared, Prepared) and prepared.new:
                    found[prepared.question] = prepared
                    new.setdefault(prepared.question, {}).update(prepared.new)
        self.questions: Mapping[tuple[str, ...], Asking] = {
            question: Asking(prepared.found, new[question], deadline_seconds) for question, prepared in found.items()
        }

    def close(self) -> None:
        """Stop whatever still runs."""
        for asking in self.questions.values():
            asking.cancel()


class Judgement:
    """What was asked and may still be thought about; leaving its context stops every engine."""

    def __init__(
        self,
        templates: tuple[Template, ...],
        policy: Policy,
        hearings: tuple[Hearing, ...],
        *,
        today: date,
        lines: Callable[[Origin], str],
        authors: Callable[[Waiver], Writers],
        beside: tuple[Template, ...] = (),
    ) -> None:
        self._templates = templates
        self._beside = beside
        self._policy = policy
        self._hearings = hearings
        self._today = today
        self._lines = lines
        self._authors = authors
        self._findings: tuple[Finding, ...] | None = None

    @property
    def engines(self) -> Mapping[str, str]:
        """Engine to version, for reports; the word "missing" for one that is not there."""
        from esmcfn import __version__

        return {h.adapter.engine.value: h.version for h in self._hearings} | {Engine.HOUSE.value: __version__}

    def findings(self, staying: Sequence[HostedVariant] = ()) -> tuple[Finding, ...]:
        """Wait for the engines; every finding, the ones that block first, then by file, line and rule.

        Args:
            staying: what runs on although the environment does not select it any more: its limits count that, too.
        """
        if self._findings is None:
            from esmcfn.policy import house

            told = house.findings(
                self._templates, self._policy, today=self._today, beside=self._beside, staying=staying
            )
            found = list(told)
            for hearing in self._hearings:
                found.extend(self._heard(hearing))
            judged = [self._shown(finding) for finding in self._waived(found)]
            self._findings = tuple(marked(sorted(judged, key=_order), self._name))
        return self._findings

    def cancel(self) -> None:
        """Stop whatever still runs."""
        for hearing in self._hearings:
            hearing.cancel()

    def __enter__(self) -> Judgement:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cancel()

    @property
    def _name(self) -> str:
        return self._policy.environment.name if self._policy.environment else ""

    @property
    def _base(self) -> str:
        environment = self._policy.environment
        return stack_name(environment.iam_role_name_prefix, environment.name) if environment else ""

    def _waived(self, found: Sequence[Finding]) -> Iterable[Finding]:
        """The findings, and what the root's waivers do to them; without waivers there is nothing to import."""
        if not self._policy.waivers:
            return found
        from esmcfn.policy.waivers import Signatures, waived

        signed = Signatures(
            environment=self._name,
            known=self._policy.known,
            today=self._today,
            authors=self._authors,
            heard=self._all_heard(found),
            base=self._base,
            keys=self._policy.keys,
        )
        return waived(found, self._policy.waivers, signed)

    def _all_heard(self, found: Sequence[Finding]) -> Callable[[str], bool]:
        """Did the engine of a rule judge everything that is selected?"""
        environment = self._policy.environment
        judged = {template.stack.model for template in self._templates if isinstance(template.stack, ModelStack)}
        all_judged = environment is None or judged == {model.key for model in environment.selected_models}
        said = {finding.rule for finding in found}
        silent = {adapter.engine for adapter in ENGINES if adapter.fault_rule in said}

        def heard(rule: str) -> bool:
            return all_judged and rule not in JUDGED_ELSEWHERE and _engine_of(rule) not in silent

        return heard

    def _shown(self, finding: Finding) -> Finding:
        line = self._lines(finding.origin) if finding.origin else ""
        return replace(finding, excerpt=_without_values(line) if _delicate(finding, line) else line)

    def _heard(self, hearing: Hearing) -> list[Finding]:
        said = hearing.close()
        if isinstance(said, Fault):
            return [_fault(hearing.adapter, said)]
        found = (
            _finding(remark, hearing.adapter, template, self._policy)
            for template, remarks in zip(self._templates, said, strict=True)
            for remark in remarks
        )
        return list(dict.fromkeys(found))  # what is wrong with the policy is told of every template


def _engine_of(rule: str) -> Engine:
    """Whose a rule is, by what its id looks like."""
    if re.fullmatch(cfnlint.IDS, rule):
        return Engine.CFN_LINT
    return Engine.CHECKOV if re.fullmatch(checkov.IDS, rule) else Engine.HOUSE


def _delicate(finding: Finding, line: str) -> bool:
    """Does a variable's value stand there, which may be a secret that no report repeats?"""
    return "/Environment/" in finding.path or re.search(r"\benvironment\s*:\s*\{", line) is not None


def _without_values(line: str) -> str:
    key, colon, value = line.partition(":")
    return f"{key}{colon} ..." if value.strip() else line


def marked(findings: Iterable[Finding], environment: str) -> Iterator[Finding]:
    """The findings, each with its fingerprint; the second of the same rule at the same place is another."""
    counted: Counter[tuple[str, ...]] = Counter()
    for finding in findings:
        place = (finding.rule, finding.stack or environment, finding.path)
        counted[place] += 1
        whole = "\0".join((*place, str(counted[place])))
        yield replace(finding, fingerprint=hashlib.sha256(whole.encode()).hexdigest()[:32])


def _finding(remark: Remark, adapter: Adapter, template: Template, policy: Policy) -> Finding:
    if remark.rule == LEVELS_RULE:
        return _levels(remark, adapter, policy)
    if remark.rule == adapter.fault_rule:
        return _left_out(remark, adapter, policy)
    ours = _described(remark, policy)
    kind = template.resource_type(remark.logical_id)
    level = policy.levels.get(remark.rule) or (ours.level if ours else adapter.level(remark.severity))
    return Finding(
        rule=remark.rule,
        engine=adapter.engine,
        severity=remark.severity,
        level=level,
        message=remark.message,
        why=ours.why if ours else "",
        advice=ours.advice if ours else advice(remark.rule, kind, level),
        origin=template.origin(f"{remark.logical_id}/{ours.about}" if ours and ours.about else remark.path),
        stack=template.stack.name,
        model=template.stack.model,
        logical_id=remark.logical_id,
        resource_type=kind,
        path=remark.path,
        source=remark.source,
    )


def _described(remark: Remark, policy: Policy) -> Described | None:
    """What we say about a check of our own; None about another's, and about a root's in the place of ours."""
    if not remark.rule.startswith("CKV2_ESM_") or remark.rule in policy.checks:
        return None
    from esmcfn.policy.graph import BY_ID

    ours = BY_ID.get(remark.rule)
    return ours if ours and ours.summary == remark.message else None


def _levels(remark: Remark, adapter: Adapter, policy: Policy) -> Finding:
    """A level of no rule is nobody's resource to blame; no level changes this one."""
    return Finding(
        rule=remark.rule,
        engine=adapter.engine,
        severity=remark.severity,
        level=Level.HARD,
        message=remark.message,
        origin=policy.places.get(remark.path),
        path=remark.path,
    )


def _left_out(remark: Remark, adapter: Adapter, policy: Policy) -> Finding:
    """A check of the root's own that the engine does not run: told where the check says what cannot be run."""
    way = remark.path.split("/")
    known = ("/".join(way[:length]) for length in range(len(way), 0, -1))
    return Finding(
        rule=remark.rule,
        engine=adapter.engine,
        severity=remark.severity,
        level=Level.HARD,
        message=remark.message,
        origin=next((policy.places[each] for each in known if each in policy.places), None),
        path=remark.path,
    )


def _fault(adapter: Adapter, fault: Fault) -> Finding:
    """An engine that says nothing is no consent. No level and no waiver changes this one."""
    mend = fault.mend or (adapter.mend if fault.uninstalled else adapter.by_hand)
    return Finding(
        rule=adapter.fault_rule,
        engine=adapter.engine,
        severity=Severity.ERROR,
        level=Level.HARD,
        message=f"{adapter.engine} judged nothing: it {fault.reason}. Mend it: {mend}",
        origin=None,
    )


def _order(finding: Finding) -> tuple[bool, str, int, str, str, str, str]:
    path, line = (finding.origin.path, finding.origin.line) if finding.origin else ("", 0)
    return (not finding.blocks, path, line, finding.rule, finding.stack, finding.logical_id, finding.message)
