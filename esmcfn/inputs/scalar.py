"""What a scalar of YAML is: text, number, date, or what people write and YAML 1.1 misreads, which stays visible."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import TypeAlias

from msgspec import Struct

TAG = "tag:yaml.org,2002:"
_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})\.[0-9]{0,18}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
LEADING_ZERO = re.compile(r"[-+]?0[0-9]+")
KINDS = {
    TAG + "bool": "a truth value",
    TAG + "float": "a number",
    TAG + "int": "a number",
    TAG + "null": "nothing",
    TAG + "str": "a number",
    TAG + "timestamp": "a date",
    TAG + "value": "a default",
}


class Unfit(Struct, frozen=True):
    """A value that no field takes.

    Attributes:
        kind: what YAML makes of it, for example "a date"; empty where its problem is already known.
    """

    kind: str = ""


Plain: TypeAlias = "str | int | Decimal | date | dict[str, Plain] | list[Plain] | Unfit | None"
"""What a file may hold; a bool is an int. Decimal instead of float: money is read as it is written."""


def kind_of(value: Plain) -> str:
    """What a value is, in words."""
    match value:
        case bool():
            return "a truth value"
        case int() | Decimal():
            return "a number"
        case str():
            return "text"
        case date():
            return "a date"
        case None:
            return "nothing"
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case Unfit(kind=kind):
            return kind


def plain(tag: str, text: str) -> Plain:
    """A scalar without quotes, as YAML 1.1 resolves it."""
    match tag.removeprefix(TAG):
        case "null":
            return None
        case "bool":
            return text.lower() in ("true", "yes", "on")
        case "int":
            return int(text) if _WHOLE.fullmatch(text) else Unfit(KINDS[tag])
        case "float":
            return Decimal(text) if _DECIMAL.fullmatch(text) else Unfit(KINDS[tag])
        case "timestamp":
            return _date(text) or Unfit(KINDS[tag])
        case _:
            # 0123 is octal to YAML 1.1, 0189 is text to it, and both are numbers to YAML 1.2.
            return Unfit(KINDS[tag]) if LEADING_ZERO.fullmatch(text) else text


def _date(text: str) -> date | None:
    """A day that exists, written as 2027-01-31; None for any other, and for times."""
    with suppress(ValueError):
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    return None
