"""Plain JSON on disk: dataclasses to JSON and back, and a folder that keeps them.

One file a document, replaced atomically. Documents that change together go through a journal first, so that a crash
leaves all of them old or all of them new: what stacks say and what services hold never contradict each other.
"""

from __future__ import annotations

import json
import os
import threading
import types
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from esmcfn.sandbox.running import JOURNAL

Json = Any
"""A JSON value: its shape belongs to whoever wrote the template or the request."""

T = TypeVar("T")

PLAIN = frozenset({str, int, float, bool, type(None)})
"""What most of a document is, and goes to disk as it is."""


def encode(value: object) -> Json:
    """Return dataclasses, lists and dicts as what `json` can write."""
    kind: type = type(value)
    if kind in PLAIN:
        return value
    names = _names(kind)
    if names:
        return {name: encode(getattr(value, name)) for name in names}
    if isinstance(value, dict):
        return {key: encode(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    return value


def decode(kind: type[T], data: Json) -> T:
    """Return the `kind` that `encode` wrote; fields that the file does not have keep their default."""
    made: T = _decode(kind, data)
    return made


def _decode(kind: Any, data: Json) -> Any:
    origin = get_origin(kind)
    if data is None or kind is Any:
        return data
    if origin in (Union, types.UnionType):
        inner = [option for option in get_args(kind) if option is not type(None)]
        return _decode(inner[0], data) if len(inner) == 1 else data
    if origin is list:
        (item,) = get_args(kind)
        return [_decode(item, entry) for entry in data]
    if origin is dict:
        _, item = get_args(kind)
        return {key: _decode(item, entry) for key, entry in data.items()}
    if isinstance(kind, type) and is_dataclass(kind):
        known = _hints(kind)
        return kind(**{name: _decode(known[name], entry) for name, entry in data.items() if name in known})
    return data


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


UNKEPT = 507
"""HTTP's Insufficient Storage: AWS clients try again for minutes after a 500, and end at once with this one."""


class Damaged(ValueError):
    """A file holds what nobody here wrote; the message names it."""


class Unwritable(Exception):
    """The disk does not take what should be kept; the message names the folder and the reason."""


class Store:
    """A folder of JSON documents, `kind/key.json`; without a folder it remembers nothing.

    Raises:
        Damaged: what a crash left to be written cannot be read.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._lock = threading.RLock()  # held for moments, and nothing else is waited for under it
        self._together = 0
        self._pending: dict[str, object] = {}
        self.problem = ""
        """Why the last write failed, until one succeeds."""
        if folder is not None and (folder / JOURNAL).exists():
            self._apply(folder, _read(folder / JOURNAL, dict[str, Json]))

    @contextmanager
    def together(self) -> Iterator[None]:
        """Write each document once, at the end, however often it was put, and all of them or none.

        Raises:
            Unwritable: the disk did not take them; they are tried again with the next.
        """
        with self._lock:
            self._together += 1
        try:
            yield
        finally:
            with self._lock:
                self._together -= 1
                if not self._together and self._pending:
                    self._write()

    def put(self, kind: str, key: str, document: object) -> None:
        """Write a document, or replace it."""
        with self.together(), self._lock:
            self._pending[f"{kind}/{key}.json"] = document

    def all(self, kind: str, held: type[T]) -> Iterator[tuple[str, T]]:
        """Yield every document of a kind with its key, in the order of the keys.

        Raises:
            Damaged: one of them is no such document.
        """
        if self._folder is None:
            return
        for path in sorted((self._folder / kind).glob("*.json")):
            yield path.stem, _read(path, held)

    def lost(self, kind: str, key: str, *, why: str) -> Damaged:
        """Return the error that a document is gone which has to be there."""
        return Damaged(f"{(self._folder or Path()) / kind / key}.json is gone: {why}")

    def clear(self) -> None:
        """Forget every document.

        Raises:
            Unwritable: the disk does not let them go.
        """
        with self._lock:
            self._pending.clear()
            if self._folder is not None:
                self._forget(self._folder)

    def _forget(self, folder: Path) -> None:
        try:
            for path in (folder / JOURNAL, *folder.glob("*/*.json")):
                path.unlink(missing_ok=True)
        except OSError as error:
            raise Unwritable(f"The sandbox cannot forget what is in {folder}: {error.strerror}") from error

    def _write(self) -> None:
        if self._folder is None:
            self._pending.clear()
            return
        documents = {name: encode(document) for name, document in self._pending.items()}
        try:
            if len(documents) > 1:
                self._replace(self._folder / JOURNAL, documents)
            self._apply(self._folder, documents)
        except OSError as error:
            self.problem = f"it cannot keep its state in {self._folder}: {error.strerror}"
            raise Unwritable(f"The sandbox answers, but {self.problem}") from error
        self._pending.clear()
        self.problem = ""

    def _apply(self, folder: Path, documents: dict[str, Json]) -> None:
        for name, document in documents.items():
            self._replace(folder / name, document)
        (folder / JOURNAL).unlink(missing_ok=True)

    def _replace(self, path: Path, document: Json) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_suffix(".tmp")
        try:
            draft.write_text(json.dumps(document, separators=(",", ":")), encoding="utf-8")
            os.replace(draft, path)
        except OSError:
            draft.unlink(missing_ok=True)  # half of it, on a disk that has no room for that
            raise


def _read(path: Path, held: type[T]) -> T:
    try:
        return decode(held, json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise Damaged(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Damaged(f"{path} cannot be read: {_how_damaged(error)}") from error


def _how_damaged(error: Exception) -> str:
    """What is wrong with a file, in words: Python's own name its insides."""
    if isinstance(error, json.JSONDecodeError):
        return f"it is not JSON from line {error.lineno}, column {error.colno} on"
    if isinstance(error, UnicodeDecodeError):
        return f"it is not UTF-8 from byte {error.start} on"
    return "it is JSON, but not what a sandbox writes"
