"""Showing how a deployment goes: a table where somebody looks, a line a change where a log is kept."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from esmcfn.cli.streams import is_terminal, told

HEARTBEAT_SECONDS = 30.0
"""After how long without a line a log is told what still goes on; CI kills what is silent for long."""


class Display(Protocol):
    """A Watch that can be taken away for a question; what happens next brings it back."""

    def stage(self, stack: str, stage: str, *, waits_for: str = "", starts: bool = False) -> None: ...

    def ended(self, stack: str, how: str, *, well: bool) -> None: ...

    def pause(self) -> None: ...


class Lines:
    """One line a change, and a heartbeat while nothing changes."""

    def __init__(self) -> None:
        self._stages: dict[str, tuple[str, float]] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._spoke = time.monotonic()
        self._heart: threading.Thread | None = None

    def stage(self, stack: str, stage: str, *, waits_for: str = "", starts: bool = False) -> None:
        with self._lock:
            if self._stages.get(stack, ("", 0.0))[0] == stage:
                return
            began = self._stages.get(stack, ("", time.monotonic()))[1]
            self._stages[stack] = (stage, began)
            if self._heart is None:
                self._heart = threading.Thread(target=self._beat, daemon=True)
                self._heart.start()
            self._over.clear()
        self._say(f"· {stack}  {stage}")

    def ended(self, stack: str, how: str, *, well: bool) -> None:
        with self._lock:
            self._stages.pop(stack, None)
        self._say(f"{'·' if well else '!'} {stack}  {how}")

    def pause(self) -> None:
        self._over.set()

    def _say(self, line: str) -> None:
        self._spoke = time.monotonic()
        told(line)

    def _beat(self) -> None:
        while True:
            time.sleep(1.0)
            if self._over.is_set() or time.monotonic() - self._spoke < HEARTBEAT_SECONDS:
                continue
            with self._lock:
                running = [
                    f"{stack} ({stage}, {time.monotonic() - began:.0f} s)"
                    for stack, (stage, began) in self._stages.items()
                ]
            if running:
                self._say(f"· still at work: {', '.join(running)}")


@contextmanager
def watching() -> Iterator[Display]:
    """What fits the terminal; it is taken away at the end, so that the report stands alone."""
    display: Display
    if (
        is_terminal(sys.stderr)
        and os.environ.get("TERM") != "dumb"
        and os.environ.get("CI", "false").lower() in {"", "0", "false"}
    ):
        from esmcfn.render.live import LiveTable

        display = LiveTable(sys.stderr, colour=not os.environ.get("NO_COLOR"))
    else:
        display = Lines()
    try:
        yield display
    finally:
        display.pause()
