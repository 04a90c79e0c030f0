"""What the formats for other programs have in common: an environment's findings, whatever verb they came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from esmcfn.domain.finding import Finding, Severity
from esmcfn.domain.origin import Origin
from esmcfn.domain.plan import Plan
from esmcfn.domain.report import Checked, Failure, Outcome


class Judged(Struct, frozen=True, kw_only=True):
    """One environment.

    Attributes:
        engines: name to version of whoever was asked; empty where the report does not say.
        failed: why there are no findings; empty where there may be.
    """

    environment: str
    findings: tuple[Finding, ...] = ()
    engines: Mapping[str, str] = field(default_factory=dict)
    failed: str = ""


def judged(outcome: Outcome) -> Judged:
    """The findings of an outcome; a report without a judgement has none."""
    if isinstance(outcome, Failure):
        return Judged(environment=outcome.environment, failed=str(outcome.error))
    body = outcome.body
    if isinstance(body, Checked):
        return Judged(environment=outcome.environment, findings=body.findings, engines=body.engines)
    return Judged(environment=outcome.environment, findings=body.findings if isinstance(body, Plan) else ())


def loudness(finding: Finding) -> str:
    """ "error" for what blocks, "warning" for what is worth a look, "note" for the rest."""
    if finding.blocks:
        return "error"
    return "note" if finding.waiver or finding.severity is Severity.INFO else "warning"


def path(judged: Judged, finding: Finding) -> str:
    """The file of a finding; the environment's own where no line is to blame."""
    return finding.origin.path if finding.origin else f"environments/{judged.environment}.yaml"


def sentence(finding: Finding) -> str:
    """What is wrong, why that matters, and what to do."""
    told = [f"{finding.message}.", finding.why, f"To mend it: {finding.advice}." if finding.advice else ""]
    return " ".join(each for each in told if each)


def rebased(outcomes: Sequence[Outcome], folder: str) -> tuple[Outcome, ...]:
    """The same outcomes, their files seen from where the root is a folder: from a repository's top, for example."""
    return tuple(_rebased(outcome, folder) for outcome in outcomes)


def _rebased(outcome: Outcome, folder: str) -> Outcome:
    if isinstance(outcome, Failure) or not isinstance(outcome.body, Checked | Plan):
        return outcome
    findings = tuple(_moved(finding, folder, outcome.environment) for finding in outcome.body.findings)
    return replace(outcome, body=replace(outcome.body, findings=findings))


def _moved(finding: Finding, folder: str, environment: str) -> Finding:
    origin = finding.origin or Origin(f"environments/{environment}.yaml", 1)
    waiver = finding.waiver
    if waiver:
        waiver = replace(waiver, origin=replace(waiver.origin, path=f"{folder}/{waiver.origin.path}"))
    return replace(finding, origin=replace(origin, path=f"{folder}/{origin.path}"), waiver=waiver)
