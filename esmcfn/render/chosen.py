"""Which plans were chosen, and which newer ones were not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from esmcfn.domain.choice import Choice
from esmcfn.errors import shown, visible
from esmcfn.render.canonical import canonical


def render(form: str, choices: Sequence[Choice]) -> str:
    """As text or as JSON."""
    if form == "json":
        return canonical({"schema": "esmcfn.choose/v1", "environments": [_document(each) for each in choices]})
    return "".join(f"{visible(line)}\n" for each in choices for line in _lines(each))


def _document(each: Choice) -> dict[str, object]:
    passed = [{"file": file, "why": why} for file, why in each.passed_over]
    return {
        "environment": each.environment,
        "file": each.file,
        "fits": each.fits,
        "why": each.why or None,
        "passed_over": passed,
    }


def _lines(each: Choice) -> Iterator[str]:
    # A symbol before every name, so that none begins a line: a runner would take ::error:: for a command.
    yield f"{'=' if each.fits else '!'} {shown(each.environment)}: {each.file}" + (f": {each.why}" if each.why else "")
    for file, why in each.passed_over:
        yield f"    not {file}: {why}"
