"""Tags that AWS takes: https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html"""

from __future__ import annotations

import re
from collections.abc import Iterator

from esmcfn.domain.project import Environment
from esmcfn.errors import Problem, shown
from esmcfn.selection.complaint import at

MAX_TAGS = 48
"""Tags of an environment: AWS takes 50 a resource, and two are esmcfn's own."""

_RESERVED = ("aws:", "esmcfn:")
_CHARACTERS = re.compile(r"[\w .:/=+@-]*")
_RULES = "letters, digits, spaces and _.:/=+-@"


def impossible_tags(environment: Environment) -> Iterator[Problem]:
    """Tags that AWS, or esmcfn's own, leave no room for."""
    origins = environment.origins
    seen: dict[str, str] = {}
    for key, value in environment.tags.items():
        for complaint in _complaints(key, value, seen.setdefault(key.casefold(), key)):
            place = origins.keys.get(f"tags.{key}") or origins.of("tags")
            yield at(place, f"tags.{shown(key)}: {complaint}")
    if len(environment.tags) > MAX_TAGS:
        message = f"tags: {len(environment.tags)} tags, at most {MAX_TAGS}"
        yield at(origins.of("tags"), message, "two more are esmcfn's own")


def _complaints(key: str, value: str, first: str) -> Iterator[str]:
    if not 1 <= len(key) <= 128:
        yield f"a key has 1 to 128 characters, not {len(key)}"
    if len(value) > 256:
        yield f"a value has at most 256 characters, not {len(value)}"
    if not _CHARACTERS.fullmatch(key) or not key.strip():
        yield f"a key consists of {_RULES}"
    if not _CHARACTERS.fullmatch(value):
        yield f"a value consists of {_RULES}"
    if key.casefold().startswith(_RESERVED):
        yield f"keys that begin with {' or '.join(_RESERVED)} are reserved"
    if first != key:
        yield f"IAM takes it for the same key as {shown(first)}"
