"""What AWS takes as the six fields of a cron expression, as far as it is documented.

https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cron-expressions.html
"""

from __future__ import annotations

import re
from calendar import isleap, monthrange
from collections.abc import Iterable

from msgspec import Struct, field

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


class Part(Struct, frozen=True, kw_only=True):
    """One of the fields: its bounds, the names of its values, and the forms that it alone knows."""

    name: str
    least: int
    most: int
    names: tuple[str, ...] = ()
    alone: str = r"(?!)"
    """Stands for the whole field."""
    listed: str = r"(?!)"
    """May be one of several; its group is a value."""
    ordered: bool = field(default=False)
    """Does a range that begins later than it ends mean nothing? Hours may go over midnight."""

    @property
    def must(self) -> str:
        return f"{self.least} to {self.most}" + (f" or {self.names[0]} to {self.names[-1]}" if self.names else "")

    def number(self, text: str) -> int | None:
        """A value, by its number or its name."""
        if text in self.names:
            return self.names.index(text) + self.least
        return int(text) if re.fullmatch(r"[0-9]{1,4}", text) and self.least <= int(text) <= self.most else None


PARTS = (
    Part(name="minutes", least=0, most=59),
    Part(name="hours", least=0, most=23),
    Part(name="day of the month", least=1, most=31, alone=r"\?|L", listed=r"([0-9]+)W"),
    Part(name="month", least=1, most=12, names=_MONTHS),
    Part(name="day of the week", least=1, most=7, names=_DAYS, alone=r"\?|L|(\w+)#[1-5]", listed=r"(\w+)L"),
    Part(name="year", least=1970, most=2199, ordered=True),
)
_RANGE = re.compile(r"(?P<first>\w+|\*)(?:-(?P<last>\w+))?(?:/(?P<step>[0-9]{1,4}))?")


def fault(expression: str) -> str:
    """What is wrong with six fields; empty where AWS takes them, and there is a day on which they come true."""
    written = expression.split()
    if len(written) != len(PARTS):
        return f"six fields, and not {len(written)}"
    for part, text in zip(PARTS, written, strict=True):
        if values(part, text) is None:
            return f"{part.name}: {text} is not made of {part.must}"
    if (written[2] == "?") == (written[4] == "?"):
        return "exactly one of the two days must be a ?"
    return "" if _comes_true(written[2], written[3], written[5]) else "there is no such day"


def last_year(expression: str) -> int | None:
    """The last year in which it comes true; None where it has no end, or is none."""
    years = expression.split()[-1:]
    if fault(expression) or years == ["*"]:
        return None
    return max(values(PARTS[5], years[0]) or {PARTS[5].most})


def values(part: Part, text: str) -> set[int] | None:
    """The values that a field names: all where it says ?, * or L, None where it is wrong."""
    alone = re.fullmatch(part.alone, text)
    if alone:
        return _every(part) if all(part.number(each) is not None for each in _said(alone)) else None
    found: set[int] = set()
    for item in text.split(","):
        named = _listed(part, item)
        if named is None:
            return None
        found |= named
    return found


def _listed(part: Part, item: str) -> set[int] | None:
    """The values of one item of a field's list."""
    special = re.fullmatch(part.listed, item)
    if special:
        value = part.number(special[1])
        return None if value is None else {value}
    match = _RANGE.fullmatch(item)
    if match is None:
        return None
    first, last, step = match["first"], match["last"], int(match["step"] or 1)
    if first == "*":
        return None if last else _stepped(part, part.least, part.most, step)
    start = part.number(first)
    end = part.number(last) if last else part.most if match["step"] else start
    return None if start is None or end is None else _stepped(part, start, end, step)


def _stepped(part: Part, start: int, end: int, step: int) -> set[int] | None:
    if not 1 <= step <= part.most or (part.ordered and start > end):
        return None
    width = part.most - part.least + 1
    last = end if end >= start else end + width
    return {(value - part.least) % width + part.least for value in range(start, last + 1, step)}


def _comes_true(days: str, months: str, years: str) -> bool:
    """Has one of these months one of these days, in one of these years?"""
    leap = any(map(isleap, values(PARTS[5], years) or ()))
    longest = {month: monthrange(2024 if leap else 2025, month)[1] for month in values(PARTS[3], months) or ()}
    first = min(values(PARTS[2], days) or {PARTS[2].least})
    return any(first <= length for length in longest.values())


def _every(part: Part) -> set[int]:
    return set(range(part.least, part.most + 1))


def _said(match: re.Match[str]) -> Iterable[str]:
    return (group for group in match.groups() if group)
