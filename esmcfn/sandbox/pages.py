"""Pages of a list, as every service hands them out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from esmcfn.sandbox.refusal import Refusal

T = TypeVar("T")


def page(items: Sequence[T], token: str | None, size: int) -> tuple[list[T], str | None]:
    """Return one page and the token of the next.

    Raises:
        Refusal: the token is not one of ours.
    """
    start = 0
    if token:
        kind, _, number = token.partition("-")
        if kind != "next" or not number.isdigit():
            raise Refusal("ValidationError", "NextToken is invalid")
        start = int(number)
    rest = start + size
    return list(items[start:rest]), f"next-{rest}" if rest < len(items) else None
