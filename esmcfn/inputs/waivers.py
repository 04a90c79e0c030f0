"""policies/waivers.yaml -> waivers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from esmcfn.domain.waiver import LONGEST_DAYS, Waiver
from esmcfn.errors import Problem, shown
from esmcfn.inputs import files, rulebook
from esmcfn.inputs.document import Document
from esmcfn.inputs.folders import POLICIES, names
from esmcfn.inputs.judge import fitting
from esmcfn.inputs.memory import Memory
from esmcfn.inputs.path import labelled
from esmcfn.inputs.scalar import Plain
from esmcfn.inputs.values import Values

NAME = "waivers"
"""The file's name without its ending: one file, so that one line of CODEOWNERS guards every exception."""

SHORTEST_REASON = 10
"""Bytes: "an incident" is one, and so are four signs of Chinese; "." and "legacy" tell nobody why."""
_LETTERS = 4

_WORD = r"[^\W_](?:[\w.'\u2019& -]*[\w.])?"
_MAIL = r"[^\s@<>()\[\],;:/|&]+@[^\s@<>()\[\],;:/|&]+"
_HANDLE = r"@[\w.-]+|@?[\w.-]+/[\w.-]+"
_PERSON = re.compile(rf"{_WORD}(?: *\({_WORD}\))?|{_HANDLE}|{_MAIL}|<{_MAIL}>|\"?{_WORD}\"? *<{_MAIL}>")
"""A name (with a note in brackets), a handle or team, an address, or a name with its address."""

_TEXTS = ("rule", "environment", "resource", "reason", "owner", "approver", "ticket")


def waivers(root: Path, problems: list[Problem], memory: Memory) -> tuple[Waiver, ...]:
    """Every waiver of the root that could be read; what is wrong with the others is added to the problems."""
    if NAME not in names(root, POLICIES):
        return ()
    document = files.document(root, f"{POLICIES}/{NAME}.yaml", memory)
    problems.extend(document.problems)
    if document.top is None:
        return ()
    written = fitting(document, rulebook.WAIVERS, problems).get(NAME)
    if not isinstance(written, list):
        return ()
    return tuple(waiver for waiver in _read(document, written, problems) if waiver)


def _read(document: Document, written: list[Plain], problems: list[Problem]) -> Iterator[Waiver | None]:
    # Items that are wrong are gone from the list, so an item's place is looked up by the item itself.
    every = (document.top or {}).get(NAME)
    kept = iter(written)
    current = next(kept, None)
    for number, item in enumerate(every if isinstance(every, list) else ()):
        if isinstance(item, dict) and isinstance(current, dict):
            yield _waiver(document, number, Values.of(current), problems)
            current = next(kept, None)


def _waiver(document: Document, number: int, values: Values, problems: list[Problem]) -> Waiver | None:
    """One waiver; None where something is missing or wrong, which is then among the problems."""
    at = (NAME, number)
    created, expires = values.day("created"), values.day("expires")
    for name, day in (("created", created), ("expires", expires)):
        if day is None and name in values:
            message = f"{labelled((*at, name))}: there is no day {values.text(name)}"
            problems.append(document.problem((*at, name), message, "write one such as 2027-01-31"))
    if created is None or expires is None:
        return None
    days = (expires - created).days
    lasts = 0 <= days <= LONGEST_DAYS
    if not lasts:
        message = f"{labelled((*at, 'expires'))}: {expires} is {days} days after created"
        problems.append(document.problem((*at, "expires"), message, f"a waiver lasts {LONGEST_DAYS} days at most"))
    texts = {name: values.text(name) for name in _TEXTS}
    said = {"approver": _not_one_person(texts["approver"]), "reason": _no_reason(texts["reason"])}
    for name, (wrong, advice) in said.items():
        if texts[name] and wrong:
            problems.append(document.problem((*at, name), f"{labelled((*at, name))}: {wrong}", advice))
    signed = not any(wrong for wrong, _ in said.values())
    if not lasts or not signed or not all(texts.values()):  # a text that is missing is among the problems already
        return None
    return Waiver(
        **texts,
        created=created,
        expires=expires,
        origin=document.place((*at, "rule")),
        lines=_lines(document, number),
    )


def _not_one_person(approver: str) -> tuple[str, str]:
    """What is wrong with it, and what to write; two times nothing for a name, an address, a handle or a team."""
    text = unicodedata.normalize("NFKC", approver).strip()
    if _PERSON.fullmatch(text) and any(each.isalnum() for each in text):
        return "", ""
    return f"{shown(approver)} is not one person", "write one name, address or handle: security@example.com"


def _no_reason(reason: str) -> tuple[str, str]:
    if len(reason.strip().encode()) >= SHORTEST_REASON and sum(each.isalnum() for each in reason) >= _LETTERS:
        return "", ""
    return f"{shown(reason)} is no reason", "write a sentence: why does the rule not hold here, and until when?"


def _lines(document: Document, number: int) -> tuple[int, ...]:
    """Every line of an entry: from its first to the next entry's, and those of what it repeats by an alias.

    Whoever writes the approver that an alias stands for writes this waiver, too.
    """
    first, following = document.place((NAME, number)).line, document.places.get((NAME, number + 1))
    after = max(following.line, first + 1) if following else document.length + 1
    keys = {document.place((NAME, number, name)).line for name in (*_TEXTS, "created", "expires")}
    at = (NAME, number)
    repeated = (span for path, span in document.repeated.items() if path[: len(at)] == at)
    elsewhere = (line for start, end in repeated for line in range(start, end + 1))
    return tuple(sorted({*range(first, after), *keys, *elsewhere}))
