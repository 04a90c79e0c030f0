"""Engine time: what every state machine of the sandbox reads instead of the wall clock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime


class Clock:
    """Seconds since the epoch that run at `speed` times real time and can be pushed forward.

    A speed of 0 freezes it: tests then move time only by `advance`. It never runs backwards, unless everything is
    forgotten.
    """

    def __init__(
        self, *, real: Callable[[], float] = time.time, speed: float = 1.0, start: float | None = None
    ) -> None:
        self._real = real
        self._lock = threading.Lock()
        self._anchor_real = real()
        self._anchor = max(self._anchor_real, start or 0.0)
        self._speed = self._usual_speed = speed

    @property
    def speed(self) -> float:
        """Engine seconds that pass in one real second."""
        return self._speed

    def now(self) -> float:
        """Return engine time in seconds since the epoch."""
        with self._lock:
            return self._now()

    def advance(self, seconds: float) -> float:
        """Push the clock forward.

        Raises:
            ValueError: seconds is negative.
        """
        if seconds < 0:
            raise ValueError("a clock cannot be turned back")
        with self._lock:
            self._anchor, self._anchor_real = self._now() + seconds, self._real()
            return self._anchor

    def run_at(self, speed: float) -> None:
        """Change the speed from now on.

        Raises:
            ValueError: speed is negative.
        """
        if speed < 0:
            raise ValueError("a clock cannot run backwards")
        with self._lock:
            self._anchor, self._anchor_real = self._now(), self._real()
            self._speed = speed

    def start_anew(self) -> None:
        """Return to real time and the speed at first: nothing is left that happened at any time."""
        with self._lock:
            self._anchor = self._anchor_real = self._real()
            self._speed = self._usual_speed

    def _now(self) -> float:
        return self._anchor + max(0.0, self._real() - self._anchor_real) * self._speed


def moment(seconds: float) -> datetime:
    """Return engine seconds as a UTC datetime with the millisecond precision AWS has."""
    return datetime.fromtimestamp(int(seconds * 1000) / 1000, UTC)


def iso(seconds: float) -> str:
    """Return engine seconds as CloudFormation prints a time: 2026-11-21T10:00:00.000Z."""
    return moment(seconds).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
