"""Where something stands in a file."""

from __future__ import annotations

from esmcfn.errors import shown

Path = tuple[str | int, ...]
"""Keys and list positions from the top of a file to a value."""


def labelled(path: Path) -> str:
    """A path as a message names it: entries of a list that have no name by their place, the first being 1."""
    if len(path) > 1 and path[0] in _NUMBERED and isinstance(path[1], int):
        entry = f"{_NUMBERED[path[0]]} {path[1] + 1}"
        return f"{entry}: {labelled(path[2:])}" if path[2:] else entry
    names = [part for part in path if isinstance(part, str)]
    return ".".join(map(shown, names[1:] if len(names) > 1 and names[0] in _COLLECTIONS else names))


_NUMBERED = {"waivers": "waiver"}
"""Keys of lists whose entries have no name, and what one of them is called."""

_COLLECTIONS = ("selected_models", "models")
"""Keys that a message leaves out: the names below them say enough."""
