"""The real clock."""

from __future__ import annotations

import time


class RealClock:
    """The port Clock, by the machine's own."""

    def now(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
