"""How long a schedule holds which bounds: moments -> Timetable. Pure, without a clock.

Over the 168 hours of a week where every moment comes by the week, over the 8,760 of a year without a leap day
otherwise, and where several clocks move against each other. What was before the first moment is what the last one of
the span before left: a schedule is taken to have run for ever. A moment that sets one bound leaves the other as it is.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from msgspec import Struct

from esmcfn.domain.cost import Held, Span, Timetable
from esmcfn.domain.hosting import Autoscaling
from esmcfn.reference import clocks, moments
from esmcfn.reference.cron import fault

MOST_MOMENTS = 100_000
"""Moments of a span beyond which nobody counts: AWS takes 200 actions, each of which may come every minute."""

_CRON = re.compile(r"cron\((?P<fields>.*)\)")
_ONCE = re.compile(r"at\(.*\)")


class Moment(Struct, frozen=True, kw_only=True):
    """From here on, other bounds.

    Attributes:
        when: `cron(...)`, `rate(...)` or `at(...)`.
        least, most: instances; None where the moment leaves that bound alone.
        bounded: it begins or ends on some day.
    """

    name: str
    when: str
    timezone: str
    least: int | None
    most: int | None
    bounded: bool = False


def scheduled(scaling: Autoscaling) -> Timetable | None:
    """What an environment's file says."""
    return timetable(
        scaling.min_capacity,
        scaling.max_capacity,
        tuple(
            Moment(
                name=each.name,
                when=f"cron({each.cron})",
                timezone=each.timezone,
                least=each.min_capacity,
                most=each.max_capacity,
            )
            for each in scaling.schedule
        ),
    )


@lru_cache(maxsize=256)
def timetable(least: int, most: int, schedule: tuple[Moment, ...]) -> Timetable | None:
    """How long which bounds hold; None without a moment.

    Args:
        least, most: the bounds that hold where no moment sets one.
    """
    if not schedule:
        return None
    once = tuple(each.name for each in schedule if _ONCE.fullmatch(each.when))
    repeating = [each for each in schedule if not _ONCE.fullmatch(each.when)]
    why_not = _why_not(repeating)
    if why_not:
        return Timetable(why_not=why_not, left_out=once)
    zones = tuple(sorted({each.timezone for each in repeating}))
    span = _span(repeating, zones)
    found = _held(repeating, span, (least, most), several=len(zones) > 1)
    if isinstance(found, str):
        return Timetable(why_not=found, left_out=once)
    return Timetable(span=span, held=found, timezones=zones, left_out=once)


def _why_not(repeating: Sequence[Moment]) -> str:
    """Why nobody can say the hours, as far as one moment tells it; empty where it does not."""
    if not repeating:
        return "it has only moments that come once"
    for each in repeating:
        wrong = _wrong(each)
        if wrong:
            return f"{each.name} {wrong}"
    return ""


def _span(repeating: Sequence[Moment], zones: Sequence[str]) -> Span:
    """A week, unless something comes otherwise, or clocks move against each other."""
    still = len(zones) == 1 or all(len(clocks.steps(zone)) == 1 for zone in zones)
    return Span.WEEK if still and all(moments.weekly(_fields(each)) for each in repeating) else Span.YEAR


def _wrong(each: Moment) -> str:
    fields = _fields(each)
    if each.bounded:
        return "begins or ends on some day"
    if each.when.startswith("rate("):
        return f"comes at a rate, {each.when}, and nobody knows from when on"
    if not fields or fault(fields):
        return f"comes at {each.when or 'a moment'}, which cannot be read"
    if not moments.endless(fields):
        return f"comes in some years only, {each.when}"
    if not clocks.steps(each.timezone):
        return f"follows {each.timezone or 'a clock'}, which is no time zone"
    return "sets no bound" if each.least is None and each.most is None else ""


def _held(repeating: Sequence[Moment], span: Span, first: tuple[int, int], *, several: bool) -> tuple[Held, ...] | str:
    """The bounds and their minutes; or why nobody can say.

    Args:
        several: they follow more than one clock.
    """
    if sum(_number(each, span) for each in repeating) > MOST_MOMENTS:
        return f"it has more than {MOST_MOMENTS:,} moments"
    by_minute: dict[int, Moment] = {}
    for each in repeating:
        minutes = _in_utc(each, span) if several else _minutes(each, span)
        if not minutes:
            return f"{each.name} comes on no day of {moments.REFERENCE_YEAR}"
        for minute in minutes:
            met = by_minute.setdefault(minute, each)
            if (met.least, met.most) != (each.least, each.most):
                return f"{met.name} and {each.name} come at the same minute"
    return _walked(sorted(by_minute.items()), span, first)


def _walked(ordered: Sequence[tuple[int, Moment]], span: Span, first: tuple[int, int]) -> tuple[Held, ...] | str:
    """Go through the span twice: what the first time leaves is what the second begins with."""
    whole = _whole(span)
    least, most = first
    for _, moment in ordered:
        least, most = _after(moment, least, most)
    minutes: Counter[tuple[int, int]] = Counter()
    since = 0
    for minute, moment in ordered:
        minutes[least, most] += minute - since
        since = minute
        least, most = _after(moment, least, most)
    minutes[least, most] += whole - since
    wrong = next((bounds for bounds, held in minutes.items() if held and bounds[0] > bounds[1]), None)
    if wrong:
        return f"it comes to a lower bound of {wrong[0]} above an upper one of {wrong[1]}"
    return tuple(
        Held(min_count=low, max_count=high, minutes=held)
        for (low, high), held in sorted(minutes.items(), key=lambda pair: (-pair[1], pair[0]))
        if held
    )


def _after(moment: Moment, least: int, most: int) -> tuple[int, int]:
    return least if moment.least is None else moment.least, most if moment.most is None else moment.most


def _number(each: Moment, span: Span) -> int:
    return moments.a_day(_fields(each)) * (7 if span is Span.WEEK else 365)


def _minutes(each: Moment, span: Span) -> Sequence[int]:
    fields = _fields(each)
    return moments.of_a_week(fields) if span is Span.WEEK else moments.of_a_year(fields)


def _in_utc(each: Moment, span: Span) -> Sequence[int]:
    """The same by one clock for all; what falls out at one end of the span comes in at the other."""
    return [clocks.in_utc(minute, each.timezone) % _whole(span) for minute in _minutes(each, span)]


def _whole(span: Span) -> int:
    return moments.WEEK_MINUTES if span is Span.WEEK else moments.YEAR_MINUTES


def _fields(each: Moment) -> str:
    found = _CRON.fullmatch(each.when)
    return found["fields"] if found else ""
