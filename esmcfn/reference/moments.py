"""When the six fields of a cron expression come true, as minutes of a week or of a year on the clock of their own zone.

Days are counted as EventBridge documents them: `L` is the last day of the month, `15W` the weekday next to the 15th
in the same month; in the days of a week, which begins on Sunday, `L` is its last one, `6L` the month's last Friday, and
`MON#2` its second Monday. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cron-expressions.html
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, timedelta

from esmcfn.reference.cron import PARTS, values

WEEK_MINUTES = 7 * 24 * 60
YEAR_MINUTES = 365 * 24 * 60

REFERENCE_YEAR = 2027
"""The year that stands for every one, where something repeats by the year: any would do that has no leap day."""

_SUNDAY = date(REFERENCE_YEAR, 1, 3)
_NEW_YEAR = date(REFERENCE_YEAR, 1, 1)
_MINUTES, _HOURS, _DAYS, _MONTHS, _WEEKDAYS, _YEARS = range(6)
_SATURDAY = 5
_PLAIN_WEEKDAYS = re.compile(r"L|[^L#]*")


def endless(expression: str) -> bool:
    """Does it come true in every year? Of an expression without fault only."""
    return values(PARTS[_YEARS], expression.split()[_YEARS]) == _all(_YEARS)


def weekly(expression: str) -> bool:
    """Does every week look the same? Of an expression without fault only."""
    written = expression.split()
    plain = written[_DAYS] in {"?", "*"} and _PLAIN_WEEKDAYS.fullmatch(written[_WEEKDAYS]) is not None
    return plain and endless(expression) and values(PARTS[_MONTHS], written[_MONTHS]) == _all(_MONTHS)


def a_day(expression: str) -> int:
    """How often it comes true on a day on which it does. Of an expression without fault only."""
    return len(_minutes_of_a_day(expression.split()))


def of_a_week(expression: str) -> list[int]:
    """Minutes since the beginning of Sunday, in order; of a weekly one only."""
    return _minutes(expression.split(), _SUNDAY, days=7)


def of_a_year(expression: str) -> list[int]:
    """Minutes since the beginning of the reference year, in order; of an endless one only."""
    return _minutes(expression.split(), _NEW_YEAR, days=365)


def _minutes(written: list[str], first: date, *, days: int) -> list[int]:
    of_day = _minutes_of_a_day(written)
    return [
        number * 24 * 60 + minute
        for number in range(days)
        if _on(written, first + timedelta(days=number))
        for minute in of_day
    ]


def _minutes_of_a_day(written: list[str]) -> list[int]:
    minutes = values(PARTS[_MINUTES], written[_MINUTES]) or ()
    return sorted(hour * 60 + minute for hour in values(PARTS[_HOURS], written[_HOURS]) or () for minute in minutes)


def _on(written: list[str], day: date) -> bool:
    months = values(PARTS[_MONTHS], written[_MONTHS]) or ()
    return day.month in months and _day_of_month(written[_DAYS], day) and _day_of_week(written[_WEEKDAYS], day)


def _day_of_month(text: str, day: date) -> bool:
    last = monthrange(day.year, day.month)[1]
    if text == "L":
        return day.day == last
    return any(day.day in found for found in (_days(item, day, last) for item in text.split(",")))


def _days(item: str, day: date, last: int) -> set[int]:
    near = re.fullmatch(r"([0-9]+)W", item)
    return {_working_day(int(near[1]), day, last)} if near else values(PARTS[_DAYS], item) or set()


def _working_day(wanted: int, day: date, last: int) -> int:
    """The day from Monday to Friday next to this one, without leaving the month; 0 where the month has no such day."""
    if wanted > last:
        return 0
    weekday = day.replace(day=wanted).weekday()
    if weekday == _SATURDAY:
        return wanted - 1 if wanted > 1 else wanted + 2
    if weekday > _SATURDAY:
        return wanted + 1 if wanted < last else wanted - 2
    return wanted


def _day_of_week(text: str, day: date) -> bool:
    number = (day.weekday() + 1) % 7 + 1  # Sunday is 1
    if text == "L":
        return number == PARTS[_WEEKDAYS].most
    return any(_is(item, number, day) for item in text.split(","))


def _is(item: str, number: int, day: date) -> bool:
    nth = re.fullmatch(r"(\w+)#([1-5])", item)
    last = re.fullmatch(r"(\w+)L", item)
    if nth:
        return PARTS[_WEEKDAYS].number(nth[1]) == number and (day.day - 1) // 7 + 1 == int(nth[2])
    if last:
        return PARTS[_WEEKDAYS].number(last[1]) == number and day.day + 7 > monthrange(day.year, day.month)[1]
    return number in (values(PARTS[_WEEKDAYS], item) or ())


def _all(part: int) -> set[int]:
    return set(range(PARTS[part].least, PARTS[part].most + 1))
