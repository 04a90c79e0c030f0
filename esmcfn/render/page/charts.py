"""Columns and rows of bars as coordinates: a template draws them as SVG. Where nothing is known, nothing is measured.

Columns stand for days and months, rows for what has a name, since a name is longer than a column is wide.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from math import floor, log10

from msgspec import Struct

WIDTH, HEIGHT, EMPTY_HEIGHT = 600, 240, 110
LEFT, RIGHT, TOP, BOTTOM = 76, 8, 24, 36
"""Units of the drawing's own; the page scales it."""

NAMED_COLUMNS = 7
"""Columns that are named at most: on a phone, where letters are larger, more would touch each other."""

SUMS_FROM = 80
"""Width of a column from which on its sum stands above it."""

ROW, ROW_BAR, ROW_TEXT = 40, 12, 18
"""Height of a row, of its bar, and how far below its top its words stand."""

LONGEST_NAME = 28

_SPARK_WIDTH, _SPARK_HEIGHT = 112, 20
_VERTICAL, _HORIZONTAL = 16, 60
"""Width of a gap from which on it can say so upright, and lying."""


class Bar(Struct, frozen=True, kw_only=True):
    """One rectangle.

    Attributes:
        colour: its number.
        label: what a hand that rests on it is told.
    """

    x: float
    y: float
    width: float
    height: float
    colour: int
    label: str


class Gap(Struct, frozen=True, kw_only=True):
    """Where a bar would be, or several side by side, if somebody knew.

    Attributes:
        says: how "no data" stands in it: "lying", "upright", or not at all.
    """

    x: float
    y: float
    width: float
    height: float
    label: str
    says: str = ""


class Word(Struct, frozen=True, kw_only=True):
    """Text on the drawing.

    Attributes:
        anchor: "start", "middle" or "end" of it stands at x.
        kind: "tick", "name" or "sum".
    """

    x: float
    y: float
    text: str
    anchor: str
    kind: str = "tick"


class Chart(Struct, frozen=True, kw_only=True):
    """A drawing.

    Attributes:
        lines: heights of horizontal lines.
        legend: name of each series and the number of its colour; empty where there is one.
        nothing: what stands there where nothing is drawn: "no data", or that there is none.
    """

    title: str
    summary: str
    bars: tuple[Bar, ...] = ()
    gaps: tuple[Gap, ...] = ()
    words: tuple[Word, ...] = ()
    lines: tuple[float, ...] = ()
    legend: tuple[tuple[str, int], ...] = ()
    nothing: str = ""
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT


class Column(Struct, frozen=True, kw_only=True):
    """What stands at one place of the horizontal axis.

    Attributes:
        values: one a series, bottom first; None where nothing is known.
    """

    name: str
    values: tuple[float | None, ...]

    @property
    def total(self) -> float:
        """Of what is known."""
        return sum(value for value in self.values if value is not None)

    @property
    def height(self) -> float:
        """Of its bars: a refund has none."""
        return sum(value for value in self.values if value is not None and value > 0)

    @property
    def unknown(self) -> bool:
        """Is nothing known of it?"""
        return all(value is None for value in self.values)


class Row(Struct, frozen=True, kw_only=True):
    """What has a name.

    Attributes:
        values: one a series, left first; None where nothing is known.
        says: the same in words.
    """

    name: str
    values: tuple[float | None, ...]
    says: str


def nothing(title: str, summary: str, *, says: str = "no data") -> Chart:
    """A place without axes, since there is nothing to measure."""
    return Chart(title=title, summary=summary, nothing=says, height=EMPTY_HEIGHT)


def columns(
    found: Sequence[Column], *, title: str, summary: str, unit: str, each: str, legend: Sequence[str] = ()
) -> Chart:
    """Columns of stacked bars; what is no money is counted in whole numbers.

    Args:
        each: what a column stands for: a day, a month.
    """
    if all(column.unknown for column in found):
        return nothing(title, summary)
    most = max(column.height for column in found)
    step = _step(most, whole=unit != "USD")
    top = step * max(1, -int(-most // step))
    room = (WIDTH - LEFT - RIGHT) / len(found)
    every = -(-len(found) // NAMED_COLUMNS)
    named = f"; every {_ordinal(every)} {each} is named" if every > 1 else ""
    return Chart(
        title=title,
        summary=summary + named,
        bars=tuple(
            bar for number, column in enumerate(found) for bar in _bars(column, number, room, top, legend, unit)
        ),
        gaps=tuple(_gaps(found, room)),
        words=(
            *_axis(step, top),
            *(
                Word(x=_middle(number, room), y=HEIGHT - BOTTOM + 26, text=column.name, anchor="middle")
                for number, column in enumerate(found)
                if number % every == 0
            ),
            *(
                Word(
                    x=_middle(number, room),
                    y=round(_y(column.height, top) - 5, 1),
                    text=f"{column.total:,.0f}" if abs(column.total) >= 1 else f"{column.total:,.2f}",
                    anchor="middle",
                    kind="sum",
                )
                for number, column in enumerate(found)
                if room >= SUMS_FROM and not column.unknown
            ),
        ),
        lines=tuple(round(_y(step * line, top), 1) for line in range(round(top / step) + 1)),
        legend=tuple((name, number) for number, name in enumerate(legend)),
    )


def rows(
    found: Sequence[Row], *, title: str, summary: str, legend: Sequence[tuple[str, int]] = (), unit: str = ""
) -> Chart:
    """Rows of bars below their names, all to one scale.

    Args:
        legend: name of each series and its colour; only those that are drawn are told.
    """
    most = max((sum(max(0.0, value or 0.0) for value in row.values) for row in found), default=0.0)
    drawn = {number for row in found for number, value in enumerate(row.values) if value}
    return Chart(
        title=title,
        summary=summary,
        bars=tuple(bar for number, row in enumerate(found) for bar in _lying(row, number, most, legend, unit)),
        gaps=tuple(
            Gap(x=1, y=_bar_top(number), width=WIDTH - 2, height=ROW_BAR, label=f"{row.name}: {row.says}")
            for number, row in enumerate(found)
            if all(value is None for value in row.values)
        ),
        words=tuple(word for number, row in enumerate(found) for word in _said(row, number)),
        legend=tuple(each for number, each in enumerate(legend) if number in drawn),
        height=ROW * len(found),
    )


def spark(values: Sequence[int | None]) -> str:
    """A row of small bars as one SVG path; a day of which nothing is known has none, a day without a call a line."""
    most = max((value for value in values if value is not None), default=0)
    room = _SPARK_WIDTH / max(1, len(values))
    parts = []
    for number, value in enumerate(values):
        if value is not None:
            height = max(1.0, _SPARK_HEIGHT * value / most) if most else 1.0
            parts.append(f"M{room * number:.1f} {_SPARK_HEIGHT}v-{height:.1f}h{room * 0.8:.1f}V{_SPARK_HEIGHT}z")
    return "".join(parts)


def shortened(name: str) -> str:
    """Both ends of a name: what tells names apart is mostly at the end."""
    kept = LONGEST_NAME - 1
    return name if len(name) <= LONGEST_NAME else f"{name[: kept // 2]}…{name[-(kept - kept // 2) :]}"


def _bars(column: Column, number: int, room: float, top: float, legend: Sequence[str], unit: str) -> Iterator[Bar]:
    below = 0.0
    for series, value in enumerate(column.values):
        if value and value > 0:
            name = f"{legend[series]}, " if legend else ""
            upper, lower = _y(below + value, top), _y(below, top)
            below += value
            yield Bar(
                x=round(LEFT + room * (number + 0.15), 1),
                y=round(upper, 1),
                width=round(room * 0.7, 1),
                height=round(lower - upper, 1),
                colour=series,
                label=f"{name}{column.name}: {_amount(value, unit)}",
            )


def _lying(row: Row, number: int, most: float, legend: Sequence[tuple[str, int]], unit: str) -> Iterator[Bar]:
    x = 0.0
    for series, value in enumerate(row.values):
        if value and value > 0:
            name, colour = legend[series] if legend else ("", 0)
            width = WIDTH * value / most
            yield Bar(
                x=round(x, 1),
                y=_bar_top(number),
                width=round(width, 1),
                height=ROW_BAR,
                colour=colour,
                label=f"{row.name}{', ' if name else ''}{name}: {_amount(value, unit)}",
            )
            x += width


def _bar_top(number: int) -> int:
    return ROW * number + ROW_TEXT + 6


def _said(row: Row, number: int) -> Iterator[Word]:
    y = ROW * number + ROW_TEXT
    yield Word(x=0, y=y, text=shortened(row.name), anchor="start", kind="name")
    yield Word(x=WIDTH, y=y, text=row.says, anchor="end", kind="sum")


def _gaps(found: Sequence[Column], room: float) -> Iterator[Gap]:
    """Runs of columns of which nothing is known."""
    for unknown, run in groupby(enumerate(found), key=lambda pair: pair[1].unknown):
        if unknown:
            numbered = list(run)
            (first, begin), (last, end) = numbered[0], numbered[-1]
            width = room * (last - first + 1)
            yield Gap(
                x=round(LEFT + room * first, 1),
                y=TOP,
                width=round(width, 1),
                height=HEIGHT - BOTTOM - TOP,
                label=f"{begin.name}: no data" if first == last else f"{begin.name} to {end.name}: no data",
                says="lying" if width >= _HORIZONTAL else "upright" if width >= _VERTICAL else "",
            )


def _axis(step: float, top: float) -> Iterator[Word]:
    for line in range(round(top / step) + 1):
        yield Word(x=LEFT - 8, y=round(_y(step * line, top) + 4, 1), text=_tick(step * line, step, top), anchor="end")


def _tick(value: float, step: float, top: float) -> str:
    """One unit for the whole axis, so that its figures can be compared at a glance."""
    for unit, size in (("M", 1e6), ("k", 1e4)):
        if top >= size:
            size = 1e6 if unit == "M" else 1e3
            return f"{value / size:g}{unit}" if value else "0"
    return f"{value:,.0f}" if step >= 1 else f"{value:.{max(2, -floor(log10(step)))}f}"


def _amount(value: float, unit: str) -> str:
    return f"{value:,.2f} USD" if unit == "USD" else f"{value:,.0f} {unit}"


def _middle(number: int, room: float) -> float:
    return round(LEFT + room * (number + 0.5), 1)


def _y(value: float, top: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * value / top


def _ordinal(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number % 100 not in {11, 12, 13} else "th"
    return f"{number}{ending}"


def _step(most: float, *, whole: bool) -> float:
    """A round distance between lines: 1, 2 or 5 times a power of ten, five lines at most."""
    if most <= 0:
        return 1.0
    power = 10.0 ** floor(log10(most / 5))
    step = next(times * power for times in (1, 2, 5, 10) if times * power * 5 >= most)
    return max(1.0, step) if whole else step
