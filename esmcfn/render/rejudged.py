"""What changed policies block, lift and say otherwise: for `check --base`, and for the comment on a pull request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from enum import IntEnum

from esmcfn.domain.rejudged import Effect, Entry, Setting, Shift, Since, Worth, Written
from esmcfn.render.escape import code, safe
from esmcfn.render.reviewing import SENTENCE_LENGTH, short

HEADS = {
    Effect.BLOCKS: "blocks now",
    Effect.LIFTS: "lifts",
    Effect.ALTERS: "judges otherwise",
}

Say = Callable[[str], str]


def _named(text: str) -> str:
    """Somebody's name for something, as code."""
    return code(short(text))


class Words(IntEnum):
    """In how many words it is said."""

    ALL = 0
    COUNTED = 1


def text(since: Since) -> Iterator[str]:
    """For a terminal."""
    at = since.base + (f" ({since.commit[:12]})" if since.commit else "")
    if since.wrong:
        yield f"Since    {at}: unknown, its policies could not be read: {since.wrong}"
        return
    if since.empty:
        yield f"Since    {at}: policies block and lift the same"
        return
    yield f"Since    {at}: {verdict(since)}"
    for shift in since.shifts:
        yield f"    {_shift(shift, str, str)}"
    for setting in since.settings:
        yield f"    {_setting(setting, str, str)}"
    for entry in since.waivers:
        yield f"    {_entry(entry, str, str)}"


def markdown(since: Since) -> Iterator[str]:
    """For a summary."""
    yield ""
    if since.wrong:
        yield f"**Since {_named(since.base)}** unknown: its policies could not be read: {safe(since.wrong)}"
    elif since.empty:
        yield f"**Since {_named(since.base)}** policies block and lift the same."
    else:
        yield f"**Since {_named(since.base)}** {verdict(since)}"
        yield ""
        yield from (f"- {_shift(shift, _named, safe)}" for shift in since.shifts)
        yield from (f"- {_setting(setting, _named, safe)}" for setting in since.settings)
        yield from (f"- {_entry(entry, _named, safe)}" for entry in since.waivers)


def verdict(since: Since) -> str:
    """Whether the environment may be deployed, then and now."""
    words = {True: "blocked", False: "passes", None: "unknown"}
    before, after = words[since.blocked_before], words[since.blocked]
    return f"{before}, as before" if before == after else f"{before} -> {after}"


def warnings(found: Mapping[str, Since], words: Words) -> list[str]:
    """What a reviewer must not miss, over all environments; what holds in several is said once."""
    said: dict[str, list[str]] = {}
    for environment, since in found.items():
        for line in _lines(since, words):
            said.setdefault(line, []).append(environment)
    return [f"{', '.join(_named(name) for name in names)}: {line}" for line, names in said.items()]


def _lines(since: Since, words: Words) -> Iterator[str]:
    if since.wrong:
        why = safe(short(since.wrong, SENTENCE_LENGTH))
        yield f"what is lifted is **unknown**: the policies of before could not be read: {why}"
    if since.blocked_before is not None and since.blocked_before != since.blocked:
        yield f"**{verdict(since)}**"
    if words is Words.COUNTED:
        counted = Counter((shift.effect, shift.rule, _worth(shift.after, safe)) for shift in since.shifts)
        for (effect, rule, after), count in counted.items():
            yield f"{HEADS[effect]} {count} of {_named(rule)}: {after}"
    else:
        yield from (_shift(shift, _named, safe) for shift in since.shifts)
    yield from (_setting(setting, _named, safe) for setting in since.settings)
    yield from (_entry(entry, _named, safe) for entry in since.waivers)


def _shift(shift: Shift, quoted: Say, plain: Say) -> str:
    place = f"{shift.file}:{shift.line}" if shift.file and shift.line else shift.file or "(no line)"
    worth = f"{_worth(shift.before, plain)} -> {_worth(shift.after, plain)}"
    head = HEADS[shift.effect]
    bold = f"**{head}**" if quoted is _named and shift.effect is not Effect.ALTERS else head
    return f"{bold} {quoted(shift.rule)} {quoted(place)}: {worth}; {plain(short(shift.message, SENTENCE_LENGTH))}"


def _worth(worth: Worth, plain: Say) -> str:
    if worth.level is None:
        return "no finding"
    if worth.waiver is None:
        return worth.level.value
    by = worth.waiver
    return f"{worth.level}, " + plain(f"waived by {by.ticket}, approved by {by.approver}, until {by.expires}")


def _setting(setting: Setting, quoted: Say, plain: Say) -> str:
    before, after = (_some(each) for each in (setting.before, setting.after))
    return f"sets {quoted(setting.name)}: {plain(before)} -> {plain(after)}"


def _some(value: str | None) -> str:
    return "(not set)" if value is None else short(value, 200)


def _entry(entry: Entry, quoted: Say, plain: Say) -> str:
    what = f"waiver {entry.written} {quoted(entry.ticket)}: {quoted(entry.rule)} for {quoted(entry.resource)}"
    what += f" in {quoted(entry.environment)}"
    if entry.written is Written.REMOVED:
        return what
    wrote = ", ".join(entry.authors) or (f"unknown ({entry.untold})" if entry.untold else "unknown")
    signed = f", approved by {entry.approver}, owned by {entry.owner}, until {entry.expires}, written by {wrote}"
    differs = f"; {'; '.join(entry.differs)}" if entry.differs else ""
    return what + plain(short(f"{signed}{differs}; reason: {entry.reason}", 2 * SENTENCE_LENGTH))
