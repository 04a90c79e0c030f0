"""Pages of a list, as every service hands them out."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from typing import TypeVar

from esmcfn.sandbox.refusal import Refusal

T = TypeVar("T")

TOKEN = re.compile(r"[A-Za-z0-9]{8}")
"""The next entry's number in base64: the strictest of AWS's patterns for tokens allows it."""


def page(items: Sequence[T], token: str | None, size: int) -> tuple[list[T], str | None]:
    """Return one page and the token of the next.

    Raises:
        Refusal: the token is not one of ours.
    """
    start = 0
    if token:
        number = base64.b64decode(token).decode(errors="replace") if TOKEN.fullmatch(token) else ""
        if not number.isdigit():
            raise Refusal("ValidationError", "NextToken is invalid")
        start = int(number)
    rest = start + size
    return list(items[start:rest]), base64.b64encode(f"{rest:06}".encode()).decode() if rest < len(items) else None
