"""Values as a report may show them: what may be a secret becomes a hash that stays while the value stays.

An address of a person is shown as plans show it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping

from esmcfn.domain import address

_DELICATE = re.compile(
    r"environment|secret|passw|token|credential|private|api_?key|access_?key$|connection|\bauth", re.IGNORECASE
)
"""Names of properties and of a container's variables whose values nobody repeats."""

TAGS = "Tags"
"""Tags are for everybody to read, whatever their keys are called."""

_HASH_LENGTH = 8
"""Hex digits: enough to see that two values differ, too few to prove what one of them is."""


def shown(path: str, value: object, *, salt: str) -> str | None:
    """A value as text, None where there is none.

    Args:
        salt: whatever makes the same value hash otherwise elsewhere, for example the account.
    """
    if value is None:
        return None
    if isinstance(value, str):
        value = _parsed(value)
    return _text(_masked(path, value, salt=salt, hidden=_delicate(path)))


def _delicate(path: str) -> bool:
    top, *parts = path.split("/")
    return top != TAGS and any(_DELICATE.search(part) for part in (top, *parts))


def _masked(path: str, value: object, *, salt: str, hidden: bool) -> object:
    if isinstance(value, Mapping):
        return {
            key: _masked(f"{path}/{key}", inner, salt=salt, hidden=hidden or _delicate(f"{path}/{key}"))
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_masked(f"{path}/{number}", item, salt=salt, hidden=hidden) for number, item in enumerate(value)]
    if not hidden or value is None or isinstance(value, bool):
        return address.masked(value) if isinstance(value, str) else value
    digits = hashlib.sha256(f"{salt}\0{path}\0{value}".encode()).hexdigest()[:_HASH_LENGTH]
    return f"(hidden, hash {digits})"


def _parsed(text: str) -> object:
    """JSON inside of a text, which CloudFormation answers with; any other text as it is."""
    if text[:1] in {"{", "["}:
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            return text
    return text


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
