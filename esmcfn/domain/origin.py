"""The place in a YAML file that caused something."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field


class Origin(Struct, frozen=True, order=True):
    """The place in a YAML file that caused something.

    Attributes:
        path: relative to the root, with forward slashes.
        line: counted from 1.
        column: counted from 1.
    """

    path: str
    line: int
    column: int = 1


class Origins(Struct, frozen=True, kw_only=True):
    """Where a mapping of the YAML and its keys stand.

    Attributes:
        at: the mapping itself (the line of its key).
        keys: a key's name to the place of that key's line; nested keys are joined by a dot.
    """

    at: Origin
    keys: Mapping[str, Origin] = field(default_factory=dict)

    def of(self, key: str) -> Origin:
        """The place of a key, or of the whole where the key was not written."""
        return self.keys.get(key, self.at)
