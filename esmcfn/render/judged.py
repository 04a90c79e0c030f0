"""What the formats for other programs have in common: an environment's findings, whatever verb they came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256

from msgspec import Struct, field
from msgspec.structs import replace

from esmcfn.domain.finding import INPUT_RULE, Engine, Finding, Level, Severity
from esmcfn.domain.origin import Origin
from esmcfn.domain.plan import Plan
from esmcfn.domain.report import Checked, Failure, Outcome
from esmcfn.errors import InputError, Problem


class Judged(Struct, frozen=True, kw_only=True):
    """One environment.

    Attributes:
        engines: name to version of whoever was asked; empty where the report does not say.
        failed: why nothing was judged; empty where it was. What is wrong with the input is in `findings`, too.
    """

    environment: str
    findings: tuple[Finding, ...] = ()
    engines: Mapping[str, str] = field(default_factory=dict)
    failed: str = ""


def judged(outcome: Outcome) -> Judged:
    """The findings of an outcome; a report without a judgement has none."""
    if isinstance(outcome, Failure):
        wrong = outcome.error.problems if isinstance(outcome.error, InputError) else ()
        findings = tuple(_wrong(problem) for problem in wrong)
        return Judged(environment=outcome.environment, findings=findings, failed=str(outcome.error))
    body = outcome.body
    if isinstance(body, Checked):
        return Judged(environment=outcome.environment, findings=body.findings, engines=body.engines)
    return Judged(environment=outcome.environment, findings=body.findings if isinstance(body, Plan) else ())


def _wrong(problem: Problem) -> Finding:
    """What is wrong with a line, as whoever reads findings is told; a folder has no line, and formats want one."""
    named = f"{INPUT_RULE}\n{problem.file}\n{problem.message}"
    hint = f" ({problem.suggestion})" if problem.suggestion else ""
    return Finding(
        rule=INPUT_RULE,
        engine=Engine.HOUSE,
        severity=Severity.ERROR,
        level=Level.HARD,
        message=f"{problem.message}{hint}",
        origin=Origin(problem.file, max(1, problem.line), max(1, problem.column)),
        fingerprint=sha256(named.encode()).hexdigest()[:32],
    )


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
    if isinstance(outcome, Failure) and isinstance(outcome.error, InputError):
        moved = tuple(replace(each, file=f"{folder}/{each.file}") for each in outcome.error.problems)
        return replace(outcome, error=InputError(moved, next_step=outcome.error.next_step))
    if isinstance(outcome, Failure) or not isinstance(outcome.body, Checked | Plan):
        return outcome
    findings = tuple(_moved(finding, folder, outcome.environment) for finding in outcome.body.findings)
    return replace(outcome, body=replace(outcome.body, findings=findings))


def _moved(finding: Finding, folder: str, environment: str) -> Finding:
    origin = finding.origin or Origin(f"environments/{environment}.yaml", 1)
    if origin.path != finding.stack:  # a template that somebody else wrote is named from where the command runs
        origin = replace(origin, path=f"{folder}/{origin.path}")
    waiver = finding.waiver
    if waiver:
        waiver = replace(waiver, origin=replace(waiver.origin, path=f"{folder}/{waiver.origin.path}"))
    return replace(finding, origin=origin, waiver=waiver)
