"""Findings for a person at a terminal: what is wrong, on which line, what to do, and where to read why.

hard ESM001: 500 instances, and the limit is 8 (max_instance_count)
  --> environments/dev.yaml:17:5  prototype_model, EndpointConfig
   |
17 |     instance_count: 500
   |     ^^^^^^^^^^^^^^
   = why: GPU instances cost hundreds of dollars a month each.
   = to mend it: write a smaller instance_count
   = more: esmcfn explain ESM001
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from esmcfn.domain.finding import Finding
from esmcfn.errors import visible
from esmcfn.render import words

LONGEST_LINE = 160
"""Characters of a line of YAML that are shown."""

_KEY = re.compile(r"""(?:"[^"]*"|'[^']*'|[^\s:#,{}\[\]]+)""")


def findings(findings: Sequence[Finding]) -> Iterator[str]:
    """What counts, each with its line; then what is waived, a line each. No message makes a line of its own."""
    if findings:
        yield ""
    for finding in findings:
        if finding.waiver is None:
            yield from map(visible, _block(finding))
    for finding in findings:
        if finding.waiver is not None:
            signed = words.signed(finding.waiver)
            yield visible(f"waived {finding.rule}  {words.place(finding)}  {finding.message}  ({signed})")


def _block(finding: Finding) -> Iterator[str]:
    yield f"{finding.level} {finding.rule}: {finding.message}"
    width = len(str(finding.origin.line)) if finding.origin else 1
    margin = " " * width
    if finding.origin:
        yield f"{margin}--> {words.place(finding)}{_about(finding)}"
    if finding.origin and finding.excerpt.strip():
        line, column = visible(finding.excerpt)[:LONGEST_LINE], finding.origin.column
        yield f"{margin} |"
        yield f"{finding.origin.line} | {line.rstrip()}"
        if column <= len(line):
            yield f"{margin} | {' ' * (column - 1)}{'^' * _length(line[column - 1 :])}"
    if finding.why:
        yield f"{margin} = why: {finding.why}"
    if finding.advice:
        yield f"{margin} = to mend it: {finding.advice}"
    yield f"{margin} = more: esmcfn explain {finding.rule}"
    yield ""


def _about(finding: Finding) -> str:
    named = [name for name in (finding.model or finding.stack, finding.logical_id) if name]
    return f"  {', '.join(named)}" if named else ""


def _length(rest: str) -> int:
    """Characters of the key that begins here; of a list's item, of its dash's neighbour."""
    found = _KEY.match(rest)
    return len(found[0]) if found else 1
