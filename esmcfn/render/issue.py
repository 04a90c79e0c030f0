"""A report of drift or audit as a GitHub issue, within GitHub's limits whatever is in it.

What deviates is named in any case, in fewer words where there is very much of it; should not even the names fit, they
are counted, and the issue says how many it does not name. GitHub's limits are those of a comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import takewhile
from typing import assert_never

from msgspec import Struct, to_builtins

from esmcfn.domain.issue import (
    MARKER,
    AuditReport,
    DriftReport,
    Looked,
    News,
    SeenModel,
    SeenMonth,
    SeenResource,
    Standing,
    Text,
    Unreported,
    marker_of,
)
from esmcfn.errors import visible
from esmcfn.render.comment import COMMENT, Limit
from esmcfn.render.escape import GAP, code, hidden, safe
from esmcfn.render.reviewing import SENTENCE_LENGTH, short, within
from esmcfn.render.words import VALUE_LENGTH, counted, dollars, shortened

DIFFERENCES = 20
"""Properties of one resource that are named at most; the report has all."""

MOST = 100_000
"""Characters of a value that are looked at; a policy has at most a tenth of that."""

CONTEXT = 20
"""Characters that are shown before the first difference of two long values."""

NAMED = 50
"""Things that a comment names at most; the issue has all."""

TITLES = {"drift": "Drift in {}", "audit": "What could be saved in {}"}


class _Told(Struct, frozen=True):
    """One thing of a report, in many words and in few."""

    lines: tuple[str, ...]
    brief: str


class _Parts(Struct, frozen=True, kw_only=True):
    """A report in pieces.

    Attributes:
        tail: paragraphs that are left out where there is no room for them, the last one first.
    """

    head: tuple[str, ...]
    told: tuple[_Told, ...]
    tail: tuple[tuple[str, ...], ...]
    foot: str


def issue(looked: Looked, *, run: str = "", limit: Limit = COMMENT) -> Text:
    """Title and body.

    Args:
        run: address of the workflow's run, which has the whole report; empty where nobody said.
    """
    title = TITLES[looked.report].format(short(looked.environment))
    parts = _parts(looked, run)
    first = f"{MARKER}{hidden({'v': 1, **to_builtins(marker_of(looked))})} -->"
    return Text(title=title, body=_body(first, parts, limit))


def failed(report: Unreported) -> str:
    """What is said in place of a report, in a run's summary."""
    name = code(short(report.environment))
    lines = [f"{name}: **nobody could look** (exit code {int(report.exit_code)}): {_sentence(report.message)}"]
    lines += [f"- {_sentence(str(problem))}" for problem in report.problems]
    lines += ["", f"Next: {_sentence(report.next_step)}"] if report.next_step else []
    return "".join(f"{line}\n" for line in lines)


def vanished(environment: str, *, run: str = "") -> str:
    """The comment on an issue of an environment that the repository has no more."""
    name, where = code(short(environment)), f" ([run]({run}))" if run else ""
    return (
        f"**{name} is no longer in the repository**, so nobody looks at it any more{where}. This closes for that "
        "reason, and not because anything was put right: stacks of it that nobody destroyed run on and are paid for "
        "(`esmcfn destroy`, in the last commit that has its file, removes them).\n"
    )


def news(looked: Looked, before: Standing, said: News, *, run: str = "") -> str:
    """The comment on an issue that says something else than before.

    Args:
        before: BAD where the issue was open, CLEAN where it was closed.
    """
    where = f" ([run]({run}))" if run else ""
    if looked.standing is Standing.CLEAN:
        lines = [f"{_clean(looked)}{where}. This closes by itself."]
    elif before is Standing.CLEAN:
        lines = [f"**It is back**, or was never gone{where}. A waiver accepts what shall stay as it is."]
    else:
        lines = [f"**It has changed**{where}."]
    if said.known:
        for word, names in (("New", said.added), ("Otherwise than before", said.changed), ("Gone", said.gone)):
            if names:
                lines += ["", f"{word}: {_names(names)}"]
    return "".join(f"{line}\n" for line in lines)


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(code(short(name)) for name in names[:NAMED])
    return f"{shown} and {len(names) - NAMED} more" if len(names) > NAMED else shown


def _clean(looked: Looked) -> str:
    match looked:
        case DriftReport():
            count = counted(looked.coverage.resources, "resource")
            signed = _accepted(sum(each.waiver is not None for _, each in looked.told))
            return f"**{signed}**" if signed else f"**In sync again**: {count} compared, none otherwise than deployed"
        case AuditReport():
            return "**Nothing to be saved any more**: what idled is in use, parked or gone"
    assert_never(looked)


def _body(first: str, parts: _Parts, limit: Limit) -> str:
    """As much as there is room for: all, all in few words, or as many of those as fit."""
    whole = [line for each in parts.told for line in each.lines]
    brief = [each.brief for each in parts.told]
    for told, tail in ((whole, parts.tail), (whole, ()), (brief, ())):
        text = _joined(first, parts, told, tail)
        if limit.holds(text):
            return text
    room = limit.characters - len(_joined(first, parts, [], ())) - 200
    kept = within(brief, room)
    rest = [f"- and {len(brief) - len(kept)} more, too many for an issue: read the report"]
    return _joined(first, parts, [*kept, *rest], ())


def _joined(first: str, parts: _Parts, told: Sequence[str], tail: Sequence[Sequence[str]]) -> str:
    paragraphs = [parts.head, told, *tail, (parts.foot,)]
    return "\n\n".join([first, *("\n".join(each) for each in paragraphs if each)]) + "\n"


def _parts(looked: Looked, run: str) -> _Parts:
    report = f" [The whole report]({run}) is an artifact of the run." if run else ""
    seen = (
        f"Looked at {_sentence(looked.as_of)}.{report} This text is written anew by every run; "
        "what changed stands in the comments."
    )
    match looked:
        case DriftReport():
            return _drift(looked, seen)
        case AuditReport():
            return _audit(looked, seen)
    assert_never(looked)


def _drift(drift: DriftReport, foot: str) -> _Parts:
    counting = sum(each.counts for _, each in drift.told)
    cover = drift.coverage
    signed = sum(each.waiver is not None for _, each in drift.told)
    verdict = (
        f"{counted(counting, 'resource')} otherwise than deployed" if counting else _accepted(signed) or "No drift"
    )
    covered = f"{cover.checked} of {counted(cover.resources, 'resource')} could be compared"
    head = [f"**{verdict}** in {_place(drift)}; {covered}."]
    if drift.unmanaged.why_not_read:
        head += ["", f"Endpoints beside could not be listed: {_sentence(drift.unmanaged.why_not_read)}"]
    notes = [f"- {code(short(stack.name))}: {_sentence(note)}" for stack in drift.stacks for note in stack.notes]
    beside = [
        f"- {code(short(each.name))}, {safe(short(each.status))}, {_money(each.monthly_usd)} USD a month"
        for each in drift.unmanaged.endpoints or ()
    ]
    return _Parts(
        head=tuple(head),
        told=tuple(_resource(stack, each) for stack, each in drift.told),
        tail=tuple(
            (title, "", *lines)
            for title, lines in (("Endpoints that no stack of esmcfn's has:", beside), ("Notes:", notes))
            if lines
        ),
        foot=foot,
    )


def _accepted(signed: int) -> str:
    """Empty where nothing is: what somebody signed for is no news, and drift all the same."""
    return f"No drift but what a waiver accepts ({counted(signed, 'resource')})" if signed else ""


def _resource(stack: str, resource: SeenResource) -> _Told:
    name = code(short(f"{stack}/{resource.logical_id}" if resource.logical_id else stack, 2 * SENTENCE_LENGTH))
    signed = " (accepted)" if resource.waiver else ""
    state = f"**{safe(short(resource.state))}**{signed}"
    return _Told((f"- {name} {code(short(resource.resource_type))}: {state}", *_why(resource)), f"- {name}: {state}")


def _why(resource: SeenResource) -> Iterator[str]:
    for each in resource.differences[:DIFFERENCES]:
        before, after = (code(shortened(value)) for value in _apart(_some(each.expected), _some(each.observed)))
        yield f"  - {code(short(each.path))}: {before} → {after}"
    if len(resource.differences) > DIFFERENCES:
        yield f"  - and {len(resource.differences) - DIFFERENCES} more properties"
    if resource.why_not_checked:
        yield f"  - not checked, or not in full: {_sentence(resource.why_not_checked)}"
    if resource.next_step:
        yield f"  - next: {_sentence(resource.next_step)}"


def _apart(before: str | None, after: str | None) -> tuple[str | None, str | None]:
    """Two values; of long ones without most of what they begin with alike, since the difference is what counts."""
    if before is None or after is None or max(len(before), len(after)) <= VALUE_LENGTH:
        return before, after
    alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False)))
    cut = max(0, alike - CONTEXT)
    return (f"…{before[cut:]}", f"…{after[cut:]}") if cut else (before, after)


def _audit(audit: AuditReport, foot: str) -> _Parts:
    saving = sum(bool(model.savings) for model in audit.models)
    verdict = f"{counted(saving, 'model')} could cost less" if saving else "Nothing was seen to idle"
    parking = f"; parking what idles saves {_money(audit.saving_monthly)} USD a month by list" if saving else ""
    head = [f"**{verdict}** in {_place(audit)}{parking}."]
    if audit.why_no_bill:
        head += ["", f"The bill is unknown: {_sentence(audit.why_no_bill)}"]
    tail = []
    if audit.patch.text:
        tail.append(("What idles, parked; `git apply` takes it:", "", *_fenced(audit.patch.text)))
    billed = [_month(each) for each in audit.months if each.actual is not None]
    if billed:
        names = ("| month | model | billed USD | estimated USD | difference |", "| --- | --- | ---: | ---: | ---: |")
        tail.append((*names, *billed))
    return _Parts(head=tuple(head), told=tuple(_model(each) for each in audit.told), tail=tuple(tail), foot=foot)


def _model(model: SeenModel) -> _Told:
    name = code(short(model.model))
    ways = ", ".join(dict.fromkeys(each.remedy for each in model.savings))
    brief = f"- {name}: **{safe(short(model.activity))}**{f', {safe(short(ways))}' if ways else ''}"
    runs = f", {safe(short(', '.join(model.instances)))}" if model.instances else ""
    price = f" for {_money(model.expected_monthly)} USD a month by list" if model.instances else ""
    lines = [f"- {name}: **{safe(short(model.activity))}**{runs}{price}", f"  - {_sentence(model.why)}"]
    for each in model.savings:
        saved = f"saves {_money(each.monthly)} USD a month"
        lines.append(f"  - **{safe(short(each.remedy))}** {saved}: {_sentence(each.how)}")
    return _Told(tuple(lines), brief)


def _month(month: SeenMonth) -> str:
    model = code(short(month.model)) if month.model else "(shared)"
    figures = " | ".join(_money(each) for each in (month.actual, month.estimate, month.difference))
    return f"| {safe(short(month.month, 20))} | {model} | {figures} |"


def _fenced(text: str) -> Iterator[str]:
    """A patch as it is; what would end the fence, or be obeyed by a runner, is not in one of ours."""
    fence = "`" * 4
    harmless = text.replace(fence, "'" * 4).replace("##[", f"#{GAP}#[").rstrip("\n").split("\n")
    yield f"{fence}diff"
    yield from (visible(_COMMAND.sub(GAP, line)) for line in harmless)
    yield fence


_COMMAND = re.compile(r"^(?=\s*::)")
"""How a line begins that a runner obeys."""


def _place(looked: Looked) -> str:
    return f"{code(short(looked.environment))}, account {code(short(looked.account, 20))}, {safe(short(looked.region))}"


def _sentence(text: str) -> str:
    """Never nothing: a line of a hyphen alone would make a heading of the line before it."""
    return safe(short(text, SENTENCE_LENGTH)) or "(no words)"


def _money(amount: str | None) -> str:
    return dollars(None if amount is None else Decimal(amount))


def _some(value: str | None) -> str | None:
    """As much of a value as a line may need."""
    return None if value is None else value[:MOST]
