"""YAML text -> plain values, each with the place where it was written.

Stricter than YAML, because people are misread otherwise: a key counts once, tags and merge keys are refused,
and what YAML 1.1 makes of some plain words (times, octal and sexagesimal numbers) stays visible as `Unfit`.
It reads events instead of building objects: no constructor runs, depth is limited before anything recurses,
and an alias is expanded within a limit, so neither tags nor bombs have anything to work on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NoReturn

import yaml
from msgspec import Struct, field
from yaml.resolver import Resolver

from esmcfn.domain.origin import Origin
from esmcfn.errors import INVISIBLE, UNSEEN, Problem, shown
from esmcfn.inputs.memory import Memory, digest_of
from esmcfn.inputs.path import Path, labelled
from esmcfn.inputs.scalar import KINDS, LEADING_ZERO, TAG, Plain, Unfit, kind_of, plain

MAX_DEPTH = 12
"""Levels of nesting; the deepest field of ours stands on the fifth."""

MAX_EVENTS = 100_000
"""Keys and values in a file; a thousand selected models need ten thousand."""

MAX_EXPANDED = 10_000
"""Keys and values that aliases may add to a file."""


class Document(Struct, frozen=True, kw_only=True):
    """A file as far as it could be read.

    Attributes:
        path: relative to the root, with forward slashes.
        top: the mapping that the file is, None where it is not one.
        places: of keys and list items; of the whole file under ().
        repeated: first and last line of what an alias repeats, by the path at which the alias stands.
        texts: values that are no text, as they were written.
        length: lines of the file.
        digest: of the file's bytes.
        memory: which files were found right before.
    """

    path: str
    top: Mapping[str, Plain] | None = None
    places: Mapping[Path, Origin] = field(default_factory=dict)
    repeated: Mapping[Path, tuple[int, int]] = field(default_factory=dict)
    texts: Mapping[Path, str] = field(default_factory=dict)
    length: int = 1
    problems: tuple[Problem, ...] = ()
    digest: str = ""
    memory: Memory = Memory(None)

    def name_of(self, judge: object) -> str:
        """What the memory calls this text, judged so."""
        return digest_of(f"{self.digest} {judge!r}".encode())

    def place(self, path: Path) -> Origin:
        """Where something stands; the nearest thing around it where it is not in the file."""
        for length in range(len(path), 0, -1):
            found = self.places.get(path[:length])
            if found:
                return found
        return Origin(self.path, 1)

    def problem(self, path: Path, message: str, suggestion: str = "") -> Problem:
        """Something wrong with what stands there."""
        place = self.place(path)
        return Problem(place.path, place.line, place.column, message, suggestion)


def parse(path: str, text: str) -> Document:
    """Read one YAML document; never raises for what the text says."""
    reading = _Reading(path, text)
    top: Mapping[str, Plain] | None = None
    try:
        top = reading.document()
    except _HopelessError:
        pass
    except yaml.YAMLError as error:
        reading.refuse_syntax(error)
    return Document(
        path=path,
        top=top,
        places=reading.places,
        length=text.count("\n") + (not text.endswith("\n")),
        repeated=reading.repeated,
        texts=reading.texts,
        problems=tuple(reading.problems),
    )


class _HopelessError(Exception):
    """Nothing more can be read; the reason is among the problems."""


_Loader: Callable[[str], yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_UNPRINTABLE = re.compile(rf"(?![\t\n\r]){INVISIBLE}|[\ufffe\uffff]")
_UNFIT = re.compile(f"{INVISIBLE}|{UNSEEN}")
_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_DEPTH: Mapping[type, int] = {
    yaml.MappingStartEvent: 1,
    yaml.SequenceStartEvent: 1,
    yaml.MappingEndEvent: -1,
    yaml.SequenceEndEvent: -1,
}


def _unfit(text: str) -> str:
    """A character of a key or a value that people cannot see or that does what they do not expect; empty for none."""
    if text.isascii() and text.isprintable():
        return ""
    found = _UNFIT.search(text)
    return found[0] if found else ""


class _Reading:
    """One pass over a file's events."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self.places: dict[Path, Origin] = {(): Origin(path, 1)}
        self.repeated: dict[Path, tuple[int, int]] = {}
        self.texts: dict[Path, str] = {}
        self.problems: list[Problem] = []
        self._anchored: dict[str, list[yaml.Event] | None] = {}
        self._expanded = 0
        self._resolver = Resolver()

    def document(self) -> Mapping[str, Plain]:
        """The mapping at the top.

        Raises:
            _HopelessError: the file is none, or not to be read to its end.
            yaml.YAMLError: the text is not YAML.
        """
        if found := _UNPRINTABLE.search(self.text):
            line, column = _line_column(self.text, found.start())
            self._stop(line, column, f"the character {found.group()!r} may not stand in a YAML file")
        events = iter(self._events())
        first = next(events, None)
        if first is None or (isinstance(first, yaml.ScalarEvent) and _is_nothing(first)):
            self._stop(1, 1, "the file is empty", "write what it is to say, or delete it")
        top = self._value(first, events, ())
        if not isinstance(top, dict):
            line, column = _at(first)
            self._stop(line, column, f"the file must be a mapping of keys to values, not {kind_of(top)}")
        return top

    def refuse_syntax(self, error: yaml.YAMLError) -> None:
        """Say where the text stops being YAML."""
        mark = getattr(error, "problem_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        lines = _BREAK.split(self.text)
        here = lines[line - 1] if line <= len(lines) else ""
        if "\t" in here[: len(here) - len(here.lstrip())]:
            column = here.index("\t") + 1
            self._add(line, column, "a tab may not indent", "use spaces")
            return
        what = getattr(error, "problem", None) or "it cannot be read"
        begun = getattr(error, "context_mark", None)
        hint = f"look from line {begun.line + 1} on" if begun and begun.line + 1 < line else ""
        self._add(line, column, f"not YAML: {what}", hint)

    def _events(self) -> list[yaml.Event]:
        """What the document consists of, its depth and size judged before anybody recurses into it."""
        loader = _Loader(self.text)
        events: list[yaml.Event] = []
        depth = documents = 0
        try:
            while loader.check_event():
                event: yaml.Event = loader.get_event()  # type: ignore[no-untyped-call]
                depth += _DEPTH.get(type(event), 0)
                if depth > MAX_DEPTH:
                    self._stop(*_at(event), f"nested deeper than {MAX_DEPTH} levels")
                if len(events) >= MAX_EVENTS:
                    self._stop(*_at(event), f"more than {MAX_EVENTS} keys and values")
                if isinstance(event, yaml.DocumentStartEvent):
                    documents += 1
                    if documents > 1:
                        self._stop(*_at(event), "a file holds one document only", "remove this ---")
                elif isinstance(event, yaml.NodeEvent | yaml.CollectionEndEvent):
                    events.append(event)
        finally:
            loader.dispose()
        return events

    def _value(self, event: yaml.Event, events: Iterator[yaml.Event], path: Path) -> Plain:
        if len(path) > MAX_DEPTH:
            self._stop(*_at(event), f"nested deeper than {MAX_DEPTH} levels")
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, path)
        if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            return self._anchor(event, events, path)
        if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
            self._refuse_tag(event)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(events, path)
        return self._mapping(events, path)

    def _alias(self, event: yaml.AliasEvent, path: Path) -> Plain:
        """The anchored value once more, its places where it was first written."""
        if event.anchor not in self._anchored:
            self._add(*_at(event), f"the alias *{shown(event.anchor or '')} has no anchor above it")
            return Unfit()
        anchored = self._anchored[event.anchor]
        if anchored is None:
            self._stop(*_at(event), f"the alias *{shown(event.anchor or '')} stands inside what it repeats")
        self._expanded += len(anchored)
        if self._expanded > MAX_EXPANDED:
            self._stop(*_at(event), f"aliases expand to more than {MAX_EXPANDED} keys and values")
        self.repeated[path] = _span(anchored)
        again = iter(anchored)
        return self._value(next(again), again, path)

    def _anchor(self, event: yaml.NodeEvent, events: Iterator[yaml.Event], path: Path) -> Plain:
        """Remember what an alias may repeat, then read it as if the anchor were not there."""
        name, event.anchor = event.anchor or "", None
        recorded = [event, *_rest(event, events)]
        self._anchored[name] = None
        again = iter(recorded)
        value = self._value(next(again), again, path)
        self._anchored[name] = recorded
        return value

    def _sequence(self, events: Iterator[yaml.Event], path: Path) -> Plain:
        items: list[Plain] = []
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            inner = (*path, len(items))
            self._mark(inner, event)
            items.append(self._value(event, events, inner))
        return items

    def _mapping(self, events: Iterator[yaml.Event], path: Path) -> Plain:
        mapping: dict[str, Plain] = {}
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self._key(event, events)
            if key is None or key in mapping:
                if key is not None:
                    first = self.places[(*path, key)].line
                    message = f"{shown(key)}: written twice, first on line {first}"
                    self._add(*_at(event), message, "remove one of them")
                _rest(next(events), events)
                continue
            inner = (*path, key)
            self._mark(inner, event)
            mapping[key] = self._value(next(events), events, inner)
        return mapping

    def _key(self, event: yaml.Event, events: Iterator[yaml.Event]) -> str | None:
        """A key that is text; None, and a problem, for any other."""
        if isinstance(event, yaml.ScalarEvent) and not event.tag:
            if found := _unfit(event.value):
                self._add(*_at(event), f"the key {shown(event.value)} may not hold the character {found!a}")
                return None
            if not event.implicit[0]:
                return str(event.value)
            tag = self._tag(event)
            if tag == TAG + "merge":
                self._add(*_at(event), "merge keys (<<) are not supported", "write the keys out")
                return None
            if tag == TAG + "str" and not LEADING_ZERO.fullmatch(event.value):
                return str(event.value)
            message = f"the key {shown(event.value or 'null')} must be text, but YAML reads it as {KINDS[tag]}"
            self._add(*_at(event), message, f'write it in quotes: "{shown(event.value)}"')
            return None
        if isinstance(event, yaml.CollectionStartEvent):
            _rest(event, events)
        self._add(*_at(event), "a key must be plain text")
        return None

    def _scalar(self, event: yaml.ScalarEvent, path: Path) -> Plain:
        text: str = event.value
        if found := _unfit(text):
            place = self.places.get(path, Origin(self.path, *_at(event)))
            message = f"{labelled(path)}: may not hold the character {found!a}"
            advice = "it shows nothing: write the text anew" if re.match(UNSEEN, found) else ""
            self._add(place.line, place.column, message, "write it on one line" if found == "\n" else advice)
            return Unfit()
        if event.tag and event.tag not in ("!", TAG + "str"):
            return Unfit()
        if event.tag or not event.implicit[0]:
            return text
        value = plain(self._tag(event), text)
        if not isinstance(value, str):
            self.texts[path] = text
        return value

    def _tag(self, event: yaml.ScalarEvent) -> str:
        """What YAML 1.1 takes a scalar without quotes for."""
        tag: str = self._resolver.resolve(yaml.ScalarNode, event.value, event.implicit)  # type: ignore[no-untyped-call]
        return tag

    def _refuse_tag(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        harmless = (None, "!", TAG + "str") if isinstance(event, yaml.ScalarEvent) else (None,)
        if event.tag and event.tag not in harmless:
            name = shown(event.tag.replace(TAG, "!!"))
            self._add(*_at(event), f"the tag {name} is not supported", "write a plain value")

    def _mark(self, path: Path, event: yaml.Event) -> None:
        self.places[path] = Origin(self.path, *_at(event))

    def _add(self, line: int, column: int, message: str, suggestion: str = "") -> None:
        self.problems.append(Problem(self.path, line, column, message, suggestion))

    def _stop(self, line: int, column: int, message: str, suggestion: str = "") -> NoReturn:
        self._add(line, column, message, suggestion)
        raise _HopelessError


def _rest(event: yaml.Event, events: Iterator[yaml.Event]) -> list[yaml.Event]:
    """The events that still belong to the value which this one begins."""
    rest: list[yaml.Event] = []
    depth = _DEPTH.get(type(event), 0)
    while depth:
        inner = next(events)
        depth += _DEPTH.get(type(inner), 0)
        rest.append(inner)
    return rest


def _is_nothing(event: yaml.ScalarEvent) -> bool:
    return event.value == "" and event.implicit[0]


def _at(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _span(events: list[yaml.Event]) -> tuple[int, int]:
    """The first and the last line of what stands there; that a collection ended is read off from what follows it."""
    last = first = _at(events[0])[0]
    for event in events:
        last = max(last, _at(event)[0])
        mark = event.end_mark
        if isinstance(event, yaml.ScalarEvent) and mark:
            last = max(last, mark.line + (mark.column > 0))  # a block's text ends where the next line begins
    return first, last


def _line_column(text: str, position: int) -> tuple[int, int]:
    lines = _BREAK.split(text[:position])
    return len(lines), len(lines[-1]) + 1
