"""The text form of long tables: a line names a key (or several), the indented lines below it its words.

Such text loads from bytecode in microseconds, can be read in a diff, and is split when first asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property


def sections(text: str) -> dict[str, tuple[str, ...]]:
    """Return each unindented line with the words of the indented lines below it."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line.startswith(" "):
            found[next(reversed(found))].extend(line.split())
        elif line:
            found[line] = []
    return {key: tuple(words) for key, words in found.items()}


class LazyTable(Mapping[str, frozenset[str]]):
    """A mapping that is made when somebody first looks into it."""

    def __init__(self, make: Callable[[], Mapping[str, frozenset[str]]]) -> None:
        self._make = make

    @cached_property
    def _table(self) -> Mapping[str, frozenset[str]]:
        return self._make()

    def __getitem__(self, key: str) -> frozenset[str]:
        return self._table[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)
