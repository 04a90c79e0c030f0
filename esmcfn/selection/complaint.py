"""A problem at a place."""

from __future__ import annotations

from esmcfn.domain.origin import Origin
from esmcfn.errors import Problem

LONGEST = 80
"""Characters of somebody's text that a message repeats."""


def shown(text: str) -> str:
    """What people wrote, as it is where it can be read, as Python writes it where it cannot."""
    short = text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
    return short if short and short.isprintable() and short == short.strip() else repr(short)


def at(place: Origin, message: str, suggestion: str = "") -> Problem:
    """Something wrong with what stands there."""
    return Problem(place.path, place.line, place.column, message, suggestion)
