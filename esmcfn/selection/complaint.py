"""A problem at a place."""

from __future__ import annotations

from esmcfn.domain.origin import Origin
from esmcfn.errors import Problem


def at(place: Origin, message: str, suggestion: str = "") -> Problem:
    """Something wrong with what stands there."""
    return Problem(place.path, place.line, place.column, message, suggestion)
