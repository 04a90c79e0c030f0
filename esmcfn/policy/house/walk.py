"""Every node of a template, with its path."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def walk(value: object, path: str) -> Iterator[tuple[str, object]]:
    """This node and all below it."""
    yield path, value
    inner: Iterable[tuple[object, object]] = ()
    if isinstance(value, dict):
        inner = value.items()
    elif isinstance(value, list):
        inner = enumerate(value)
    for key, each in inner:
        yield from walk(each, f"{path}/{key}" if path else str(key))
