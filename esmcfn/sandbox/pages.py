"""Pages of a list, as every service hands them out."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from esmcfn.sandbox.refusal import Refusal

if TYPE_CHECKING:
    from esmcfn.sandbox.wire import Call

T = TypeVar("T")

TOKEN = re.compile(r"(\d{6,})([0-9a-f]{10})")
"""The next entry's number, and a digest of what was asked: the strictest of AWS's patterns for tokens allows it."""

PAGING = frozenset({"NextToken", "NextPageToken", "MaxResults", "MaxRecords", "MaxDatapoints", "nextToken", "limit"})
"""What may differ from one page to the next."""


def page(items: Sequence[T], token: str | None, size: int, call: Call) -> tuple[list[T], str | None]:
    """Return one page and the token of the next, which is good for the same question only.

    Raises:
        Refusal: the token is not one of ours, or another question's.
    """
    start, asked = 0, _asked(call)
    if token:
        found = TOKEN.fullmatch(token)
        if found is None or found[2] != asked:
            raise Refusal("ValidationError", "NextToken is invalid")
        start = int(found[1])
    rest = start + size
    return list(items[start:rest]), f"{rest:06}{asked}" if rest < len(items) else None


def _asked(call: Call) -> str:
    given = dict.items(call.parameters)  # looking at them here is no answer to what they say
    asked = [call.operation, call.region, sorted((name, value) for name, value in given if name not in PAGING)]
    return hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()[:10]
