"""Whose turn it is: the moments at which stacks want their next step, soonest first."""

from __future__ import annotations

import heapq

NEVER = float("inf")


class Agenda:
    """One moment for each stack; the last one noted counts, and an older one is skipped when it comes up."""

    def __init__(self) -> None:
        self._moments: dict[str, float] = {}
        self._queue: list[tuple[float, str]] = []

    def note(self, stack_id: str, moment: float) -> None:
        """Say when a stack wants its next step; NEVER for not at all."""
        if self._moments.get(stack_id, NEVER) == moment:
            return
        self._moments[stack_id] = moment
        if moment < NEVER:
            heapq.heappush(self._queue, (moment, stack_id))

    def next(self) -> tuple[float, str] | None:
        """Return the soonest moment and its stack."""
        while self._queue:
            moment, stack_id = self._queue[0]
            if self._moments.get(stack_id) == moment:
                return moment, stack_id
            heapq.heappop(self._queue)
        return None
