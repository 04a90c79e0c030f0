"""Where something stands in a file."""

from __future__ import annotations

from esmcfn.errors import shown

Path = tuple[str | int, ...]
"""Keys and list positions from the top of a file to a value."""


def labelled(path: Path) -> str:
    """A path as a message names it."""
    names = [part for part in path if isinstance(part, str)]
    return ".".join(map(shown, names[1:] if len(names) > 1 and names[0] in _COLLECTIONS else names))


_COLLECTIONS = ("selected_models", "models")
"""Keys that a message leaves out: the names below them say enough."""
