"""How a deployment goes, as a table in a terminal that is drawn again and again."""

from __future__ import annotations

import time
from typing import TextIO

from msgspec import Struct
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from esmcfn.errors import visible
from esmcfn.render.words import duration

STARTS = "10 to 25 min on AWS"
"""How long an endpoint usually takes to start, as EvolutionaryScale says of its models; of anything else nobody does.

https://github.com/evolutionaryscale/esm
"""


WIDE = 120
"""Columns of a terminal that has room for more than stack, stage and time."""

ELAPSED = len("59 min 59 s")


class Row(Struct, kw_only=True):
    """One stack's line; it changes while the stack is worked on."""

    stack: str
    stage: str
    waits_for: str = ""
    starts: bool = False
    began: float
    ended: float | None = None
    well: bool | None = None


class LiveTable:
    """A table of stacks: stage, elapsed, usual time, and what each waits for."""

    def __init__(self, stream: TextIO, *, colour: bool) -> None:
        self._console = Console(file=stream, no_color=not colour, highlight=False, soft_wrap=False)
        self._rows: dict[str, Row] = {}
        self._live = Live(
            console=self._console,
            get_renderable=self._table,
            refresh_per_second=4,
            transient=True,
            redirect_stdout=False,
        )

    def stage(self, stack: str, stage: str, *, waits_for: str = "", starts: bool = False) -> None:
        row = self._rows.get(stack)
        if row is None:
            self._rows[stack] = Row(
                stack=stack, stage=stage, waits_for=waits_for, starts=starts, began=time.monotonic()
            )
        else:
            row.stage, row.waits_for, row.starts = stage, waits_for, starts
        self._live.start()

    def ended(self, stack: str, how: str, *, well: bool) -> None:
        self.stage(stack, how)
        row = self._rows[stack]
        row.ended, row.well = time.monotonic(), well

    def pause(self) -> None:
        """Take the table away, for a question or the report; what happens next brings it back."""
        self._live.stop()
        self._rows = {name: row for name, row in self._rows.items() if row.ended is None}

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False)
        wide = self._console.width >= WIDE
        table.add_column("stack", no_wrap=True, overflow="ellipsis", max_width=self._console.width // 2)
        table.add_column("stage", no_wrap=True, overflow="ellipsis")
        table.add_column("elapsed", no_wrap=True, min_width=ELAPSED)
        if wide:
            table.add_column("usually", no_wrap=True, min_width=len(STARTS))
            table.add_column("waits for", no_wrap=True, overflow="ellipsis")
        for row in tuple(self._rows.values()):
            style = {None: "", True: "green", False: "bold red"}[row.well]
            elapsed = duration((row.ended or time.monotonic()) - row.began)
            cells = [row.stack, visible(row.stage), elapsed]
            if wide:
                cells += [STARTS if row.starts else "", row.waits_for]
            table.add_row(*(Text(cell, style=style) for cell in cells))
        return table
