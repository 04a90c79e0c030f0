"""What the formats for other programs have in common: an environment's findings, whatever verb they came from."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from esmcfn.domain.finding import Finding, Severity
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
    """What is wrong, and what to do."""
    return f"{finding.message}. To mend it: {finding.advice}." if finding.advice else f"{finding.message}."
