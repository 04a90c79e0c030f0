"""Bars as coordinates: a template draws them as SVG. Where nothing is known, the space says "no data"."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, log10

from msgspec import Struct

WIDTH, HEIGHT = 720, 240
LEFT, RIGHT, TOP, BOTTOM = 72, 8, 16, 28
"""Units of the drawing's own; the page scales it."""

_SPARK_WIDTH, _SPARK_HEIGHT = 112, 20


class Bar(Struct, frozen=True, kw_only=True):
    """One rectangle.

    Attributes:
        series: number of what it belongs to, for its colour.
        label: what a reader without eyes is told.
    """

    x: float
    y: float
    width: float
    height: float
    series: int
    label: str


class Slot(Struct, frozen=True, kw_only=True):
    """One place on the horizontal axis.

    Attributes:
        tick: what stands below it, empty where there is no room for all.
        unknown: nothing is known here.
    """

    x: float
    width: float
    tick: str
    unknown: bool


class Grid(Struct, frozen=True, kw_only=True):
    """One line of the vertical axis."""

    y: float
    label: str


class Chart(Struct, frozen=True, kw_only=True):
    """A drawing.

    Attributes:
        legend: name of each series and the number of its colour; empty where there is one.
        nothing: what stands there where nothing is drawn: "no data", or that there is none.
    """

    title: str
    summary: str
    bars: tuple[Bar, ...]
    slots: tuple[Slot, ...]
    grid: tuple[Grid, ...]
    legend: tuple[tuple[str, int], ...] = ()
    nothing: str = "no data"
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM

    @property
    def empty(self) -> bool:
        """Is nothing known at all?"""
        return all(slot.unknown for slot in self.slots)


class Column(Struct, frozen=True, kw_only=True):
    """What stands in one slot.

    Attributes:
        values: one a series, bottom first; None where nothing is known.
    """

    name: str
    values: tuple[float | None, ...]


def stacked(
    columns: Sequence[Column],
    *,
    title: str,
    summary: str,
    legend: Sequence[str] = (),
    unit: str = "",
    colours: Sequence[int] = (),
    nothing: str = "no data",
) -> Chart:
    """Columns of stacked bars.

    Args:
        colours: number of each series' colour; in order where none is said.
        nothing: what stands there where there is no column.
    """
    sums = [sum(value for value in column.values if value is not None) for column in columns]
    step = _step(max(sums, default=0.0))
    top = step * max(1, -int(-max(sums, default=0.0) // step))
    room = (WIDTH - LEFT - RIGHT) / max(1, len(columns))
    every = max(1, -(-len(columns) // 10))
    return Chart(
        title=title,
        summary=summary,
        bars=tuple(
            bar
            for number, column in enumerate(columns)
            for bar in _bars(column, number, room, top, legend, unit, colours)
        ),
        slots=tuple(
            Slot(
                x=round(LEFT + room * number, 1),
                width=round(room, 1),
                tick=column.name if number % every == 0 else "",
                unknown=all(value is None for value in column.values),
            )
            for number, column in enumerate(columns)
        ),
        grid=tuple(
            Grid(y=round(_y(step * line, top), 1), label=f"{step * line:,.0f}" if step >= 1 else f"{step * line:,.2f}")
            for line in range(round(top / step) + 1)
        ),
        legend=tuple(zip(legend, colours or range(len(legend)), strict=True)),
        nothing=nothing,
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


def _bars(
    column: Column, number: int, room: float, top: float, legend: Sequence[str], unit: str, colours: Sequence[int]
) -> Sequence[Bar]:
    found, below = [], 0.0
    for series, value in enumerate(column.values):
        if value:
            name = f"{legend[series]}, " if legend else ""
            upper, lower = _y(below + value, top), _y(below, top)
            below += value
            found.append(
                Bar(
                    x=round(LEFT + room * (number + 0.15), 1),
                    y=round(upper, 1),
                    width=round(room * 0.7, 1),
                    height=round(lower - upper, 1),
                    series=colours[series] if colours else series,
                    label=f"{name}{column.name}: {value:,.2f} {unit}"
                    if unit == "USD"
                    else f"{name}{column.name}: {value:,.0f} {unit}",
                )
            )
    return found


def _y(value: float, top: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * value / top


def _step(most: float) -> float:
    """A round distance between lines: 1, 2 or 5 times a power of ten, five lines at most."""
    if most <= 0:
        return 1.0
    power = 10.0 ** floor(log10(most / 5))
    return next(times * power for times in (1, 2, 5, 10) if times * power * 5 >= most)
