"""How often AWS is asked: one pace for all that wait side by side."""

from __future__ import annotations

import random
import threading
import time

READS_PER_SECOND = 5.0
"""Describe calls of CloudFormation a second, of all stacks together, per account and region; the limit cannot be
raised, and support has named about this figure: https://github.com/aws/aws-sam-cli/issues/2671
"""

SOON_SECONDS = (0.1, 0.5)
"""Between two looks while things happen: from, growing to."""

SOON_FOR_SECONDS = 30.0
"""How long after something happened one looks that often."""

BURST = 10
"""Turns that may be taken at once by those who have not asked for a while."""

LATER_SECONDS = (2.0, 10.0)
"""Between two looks after that: from, growing to; an endpoint takes 10 to 25 minutes."""


class Pace:
    """Hands out turns, in the order of asking, at most so many a second."""

    def __init__(self, per_second: float = READS_PER_SECOND) -> None:
        self._gap = 1 / per_second
        self._next = 0.0
        self._lock = threading.Lock()

    def turn(self) -> float:
        """Seconds to wait until one may ask; the turn is taken."""
        with self._lock:
            now = time.monotonic()
            turn = max(now - BURST * self._gap, self._next)
            self._next = turn + self._gap
            return max(0.0, turn - now)


class Rhythm:
    """Seconds between two looks at one thing: soon at first and after each event, then more and more seldom."""

    def __init__(self) -> None:
        self.again()

    def again(self) -> None:
        """Something happened."""
        self._since, self._soon, self._later = time.monotonic(), SOON_SECONDS[0], LATER_SECONDS[0]

    def seconds(self) -> float:
        """Until the next look."""
        if time.monotonic() - self._since < SOON_FOR_SECONDS:
            wait, self._soon = self._soon, min(self._soon * 1.5, SOON_SECONDS[1])
            return wait
        wait, self._later = self._later, min(self._later * 1.5, LATER_SECONDS[1])
        return wait * random.uniform(0.8, 1.2)  # noqa: S311 - spreads calls, hides nothing
