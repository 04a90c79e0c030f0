"""What `doctor` found, as text and as `esmcfn.doctor/v1`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from esmcfn.domain.examination import Check, Examined, Health
from esmcfn.errors import visible
from esmcfn.render.canonical import canonical
from esmcfn.render.words import counted

SYMBOLS = {Health.OK: "=", Health.WARNING: "~", Health.FAILED: "!", Health.UNKNOWN: "?"}


def render(form: str, tools: Sequence[Check], environments: Sequence[Examined]) -> str:
    """All of it, in the order in which it was looked at."""
    if form == "json":
        return canonical(_document(tools, environments))
    return "".join(f"{visible(line)}\n" for line in _text(tools, environments))


def _document(tools: Sequence[Check], environments: Sequence[Examined]) -> dict[str, object]:
    return {
        "schema": "esmcfn.doctor/v1",
        "tools": [_check(each) for each in tools],
        "environments": [
            {
                "environment": each.environment,
                "account": each.account or None,
                "region": each.region or None,
                "checks": [_check(check) for check in each.checks],
            }
            for each in environments
        ],
        "summary": {health.value: count for health, count in _counts(tools, environments).items()},
    }


def _check(check: Check) -> dict[str, object]:
    return {
        "check": check.name,
        "subject": check.subject or None,
        "health": check.health.value,
        "said": check.said,
        "next_step": check.next_step or None,
    }


def _text(tools: Sequence[Check], environments: Sequence[Examined]) -> Iterator[str]:
    yield "This machine"
    yield from _lines(tools)
    for each in environments:
        yield ""
        yield " · ".join(filter(None, (each.environment, each.account and f"account {each.account}", each.region)))
        yield from _lines(each.checks)
    yield ""
    said = [f"{count} {health}" for health, count in _counts(tools, environments).items() if count]
    yield f"{counted(sum(_counts(tools, environments).values()), 'check')}: {', '.join(said)}"


def _lines(checks: Sequence[Check]) -> Iterator[str]:
    for each in checks:
        about = f"{each.name} {each.subject}".rstrip()
        yield f"    {SYMBOLS[each.health]} {about}: {each.said}"
        if each.next_step:
            yield f"        next: {each.next_step}"


def _counts(tools: Sequence[Check], environments: Sequence[Examined]) -> dict[Health, int]:
    every = [*tools, *(check for each in environments for check in each.checks)]
    return {health: sum(check.health is health for check in every) for health in Health}
