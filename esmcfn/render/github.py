"""Findings as workflow commands: GitHub shows them on the lines of a pull request.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands

GitHub shows 10 errors, 10 warnings and 10 notices of a step; what blocks comes first. Everything is in the log.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from esmcfn.domain.finding import Finding
from esmcfn.domain.report import Outcome
from esmcfn.errors import visible
from esmcfn.render import words
from esmcfn.render.escape import hostless
from esmcfn.render.judged import Judged, judged, loudness, path, sentence

_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def render(outcomes: Sequence[Outcome]) -> str:
    """A command a finding."""
    return "".join(f"{line}\n" for outcome in outcomes for line in _commands(judged(outcome)))


def _commands(judged: Judged) -> Iterator[str]:
    if judged.failed and not judged.findings:
        yield f"::error title={_property(f'{judged.environment}: failed')}::{_message(judged.failed)}"
    for finding in judged.findings:
        yield _command(judged, finding)


def _command(judged: Judged, finding: Finding) -> str:
    waived = f", waived: {words.signed(finding.waiver)}" if finding.waiver else ""
    title = f"{judged.environment}: {finding.level} {finding.rule}{waived}"
    line, column = (finding.origin.line, finding.origin.column) if finding.origin else (1, 1)
    place = f"file={_property(path(judged, finding))},line={line},col={column},title={_property(title)}"
    return f"::{_COMMANDS[loudness(finding)]} {place}::{_message(sentence(finding))}"


def _message(text: str) -> str:
    """Text that ends no command: whatever is left of control characters is written out."""
    return visible(hostless(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A"))


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
