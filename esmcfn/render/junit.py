"""Findings as JUnit's XML, which most build servers read: a suite an environment, a case a finding.

What blocks is a failure, what is waived is skipped, advice is a case that passes and has something to say.
https://github.com/testmoapp/junitxml
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape, quoteattr

from esmcfn.domain.finding import INPUT_RULE, Finding
from esmcfn.domain.report import Outcome
from esmcfn.errors import visible
from esmcfn.render import words
from esmcfn.render.escape import hostless
from esmcfn.render.judged import Judged, judged, path, sentence


def render(outcomes: Sequence[Outcome]) -> str:
    """The whole file."""
    suites = [judged(outcome) for outcome in outcomes]
    lines = [line for suite in suites for line in _suite(suite)]
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>", *lines, "</testsuites>", ""])


def _suite(judged: Judged) -> Iterator[str]:
    cases = max(1, len(judged.findings))
    counts = {
        "tests": cases,
        "failures": 0 if judged.failed else sum(finding.blocks for finding in judged.findings),
        "errors": cases if judged.failed else 0,
        "skipped": sum(finding.waiver is not None for finding in judged.findings),
    }
    yield f"  <testsuite {_attributes(name=f'esmcfn {judged.environment}', **counts)}>"
    for finding in judged.findings:
        yield from _case(judged, finding)
    if not judged.findings:
        yield f"    <testcase {_attributes(classname='esmcfn', name='policy')}>"
        if judged.failed:
            yield f"      <error {_attributes(message=judged.failed)}/>"
        yield "    </testcase>"
    yield "  </testsuite>"


def _case(judged: Judged, finding: Finding) -> Iterator[str]:
    about = "/".join(name for name in (finding.stack, finding.logical_id) if name) or judged.environment
    line = finding.origin.line if finding.origin else 1
    named = {"classname": f"{finding.engine}.{finding.rule}", "name": f"{about}: {finding.message}"}
    yield f"    <testcase {_attributes(**named, file=path(judged, finding), line=line)}>"
    text = escape(_told(f"{words.place(finding)} {sentence(finding)} See: esmcfn explain {finding.rule}"))
    if finding.waiver:
        yield f"      <skipped {_attributes(message=f'waived: {words.signed(finding.waiver)}')}/>"
    elif finding.blocks:
        kind = "error" if finding.rule == INPUT_RULE else "failure"
        yield f"      <{kind} {_attributes(message=finding.message, type=finding.level.value)}>{text}</{kind}>"
    else:
        yield f"      <system-out>{text}</system-out>"
    yield "    </testcase>"


def _attributes(**values: object) -> str:
    """Attributes of an element."""
    return " ".join(f"{name}={quoteattr(_told(str(value)))}" for name, value in values.items())


def _told(text: str) -> str:
    """Text that may stand in XML, which knows no way to write some characters: they are written out.

    https://www.w3.org/TR/xml/#charsets
    """
    return re.sub("[\ufffe\uffff]", lambda found: f"\\u{ord(found[0]):04x}", visible(hostless(text)))
