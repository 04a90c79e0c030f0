"""Plain JSON on disk: dataclasses to JSON and back, and a folder that keeps them.

One file a document, replaced atomically, so a crash leaves the old or the new document and never half of one.
"""

from __future__ import annotations

import json
import os
import types
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

Json = Any
"""A JSON value: its shape belongs to whoever wrote the template or the request."""

T = TypeVar("T")


def encode(value: object) -> Json:
    """Return dataclasses, lists and dicts as what `json` can write."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: encode(getattr(value, field.name)) for field in fields(value)}
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
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


class Store:
    """A folder of JSON documents, `kind/key.json`; without a folder it remembers nothing."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._together = 0
        self._pending: dict[tuple[str, str], object] = {}

    @contextmanager
    def together(self) -> Iterator[None]:
        """Write each document once, at the end, however often it was put; a crash before leaves all as they were."""
        self._together += 1
        try:
            yield
        finally:
            self._together -= 1
            if not self._together:
                pending, self._pending = self._pending, {}
                for (kind, key), document in pending.items():
                    self._write(kind, key, document)

    def put(self, kind: str, key: str, document: object) -> None:
        """Write a document, or replace it."""
        if self._together:
            self._pending[kind, key] = document
        else:
            self._write(kind, key, document)

    def _write(self, kind: str, key: str, document: object) -> None:
        if self._folder is None:
            return
        path = self._folder / kind / f"{key}.json"
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_suffix(".tmp")
        draft.write_text(json.dumps(encode(document), separators=(",", ":")), encoding="utf-8")
        os.replace(draft, path)

    def delete(self, kind: str, key: str) -> None:
        """Remove a document; one that does not exist is fine."""
        self._pending.pop((kind, key), None)
        if self._folder is not None:
            (self._folder / kind / f"{key}.json").unlink(missing_ok=True)

    def all(self, kind: str) -> Iterator[tuple[str, Json]]:
        """Yield every document of a kind with its key, in the order of the keys."""
        if self._folder is None:
            return
        for path in sorted((self._folder / kind).glob("*.json")):
            yield path.stem, json.loads(path.read_text(encoding="utf-8"))

    def clear(self) -> None:
        """Forget every document."""
        self._pending.clear()
        if self._folder is None:
            return
        for path in self._folder.glob("*/*.json"):
            path.unlink(missing_ok=True)
