"""Policy: what three engines say about templates, as findings that point at lines of YAML.

cfn-lint and checkov run side by side, each in a process of its own, while the caller does something else;
what they said about a template is remembered. The house rules are a few pure functions and always run.

    with policy.begin(templates, policy=project.policy, region="us-east-2", cache=folder) as judgement:
        ...                            # ask AWS meanwhile
        findings = judgement.findings()

An engine that is missing, crashes, hangs or babbles becomes a finding that blocks; the others still speak.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from esmcfn.domain.finding import Engine, Finding, Level, Severity
from esmcfn.domain.project import Policy
from esmcfn.domain.template import Template
from esmcfn.policy.cfnlint import CFN_LINT
from esmcfn.policy.checkov import CHECKOV
from esmcfn.policy.engine import Adapter, Surroundings
from esmcfn.policy.hearing import Hearing
from esmcfn.policy.process import Fault
from esmcfn.policy.remark import LEVELS_RULE, Remark
from esmcfn.policy.verdicts import Verdicts

__all__ = ["DEADLINE_SECONDS", "ENGINES", "Judgement", "begin"]

ENGINES: tuple[Adapter, ...] = (CHECKOV, CFN_LINT)
"""Who is asked, slowest first."""

DEADLINE_SECONDS = 180.0
"""How long an engine may think: it needs 1 second, and 4 for a hundred templates, on two cores."""


def begin(
    templates: Sequence[Template],
    *,
    policy: Policy,
    region: str,
    cache: Path,
    tools: Path | None = None,
    checks: Path | None = None,
    engines: Sequence[Adapter] = ENGINES,
    deadline_seconds: float = DEADLINE_SECONDS,
) -> Judgement:
    """Ask the engines about every template that they have not judged before; returns at once.

    Args:
        cache: folder that remembers verdicts; made when needed.
        tools: folder of the tools' environments, None for the usual place.
        checks: folder of the root's own checkov checks; it need not exist.
    """
    informational = tuple(sorted(rule for rule in policy.levels if rule.startswith("I")))
    surroundings = Surroundings(
        region=region, tools=tools, checks=checks, informational=informational, levels=tuple(sorted(policy.levels))
    )
    verdicts = Verdicts(cache / "verdicts")
    hearings = tuple(
        Hearing.open(
            adapter,
            templates,
            surroundings=surroundings,
            policy_digest=policy.digest,
            verdicts=verdicts,
            deadline_seconds=deadline_seconds,
        )
        for adapter in engines
    )
    return Judgement(tuple(templates), policy, hearings)


class Judgement:
    """What was asked and may still be thought about; leaving its context stops every engine."""

    def __init__(self, templates: tuple[Template, ...], policy: Policy, hearings: tuple[Hearing, ...]) -> None:
        self._templates = templates
        self._policy = policy
        self._hearings = hearings
        self._findings: tuple[Finding, ...] | None = None

    @property
    def engines(self) -> Mapping[str, str]:
        """Engine to version, for reports; the word "missing" for one that is not there."""
        from esmcfn import __version__

        return {h.adapter.engine.value: h.version for h in self._hearings} | {Engine.HOUSE.value: __version__}

    def findings(self) -> tuple[Finding, ...]:
        """Wait for the engines; every finding, the ones that block first, then by file, line and rule."""
        if self._findings is None:
            from esmcfn.policy import house

            found = list(house.findings(self._templates, self._policy))
            for hearing in self._hearings:
                found.extend(self._heard(hearing))
            self._findings = tuple(sorted(found, key=_order))
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


def _finding(remark: Remark, adapter: Adapter, template: Template, policy: Policy) -> Finding:
    if remark.rule == LEVELS_RULE:
        return _levels(remark, adapter)
    return Finding(
        rule=remark.rule,
        engine=adapter.engine,
        severity=remark.severity,
        level=policy.levels.get(remark.rule) or adapter.level(remark.severity),
        message=remark.message,
        origin=template.origin(remark.path),
        stack=template.stack.name,
        model=template.stack.model,
        logical_id=remark.logical_id,
        source=remark.source,
    )


def _levels(remark: Remark, adapter: Adapter) -> Finding:
    """A level of no rule is nobody's resource to blame; no level changes this one."""
    return Finding(
        rule=remark.rule,
        engine=adapter.engine,
        severity=remark.severity,
        level=Level.HARD,
        message=remark.message,
        origin=None,
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
