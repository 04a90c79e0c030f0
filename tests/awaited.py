"""Waiting for what another thread or process does: an event, and a limit that only a hang reaches."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")

HANG_SECONDS = 180.0
"""After how long nothing comes any more, on a machine that has much else to do. No test is about this figure."""


def until(asked: Callable[[], Answer], what: str) -> Answer:
    """The first answer that is true, asked for again and again."""
    deadline = time.monotonic() + HANG_SECONDS
    while not (answer := asked()):
        assert time.monotonic() < deadline, f"waited {HANG_SECONDS:g} seconds in vain until {what}"
        time.sleep(0.02)  # somebody else is awaited, not our own clock
    return answer
