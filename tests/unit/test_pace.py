"""How often AWS is asked: a few at once, and after that at most so many a second, however many ask."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from esmcfn.aws.pace import BURST, Pace


@pytest.mark.parametrize("side_by_side", [1, 8])
def test_no_second_holds_more_turns_than_it_may(side_by_side):
    pace = Pace(per_second=4.0)
    began = time.monotonic()

    def taken(_: int) -> float:
        before = time.monotonic()
        return before + pace.turn()

    with ThreadPoolExecutor(side_by_side) as pool:
        turns = sorted(pool.map(taken, range(60)))
    # A turn is at the earliest where the pace put it; only the clock between our look and its look is not ours.
    for number, turn in enumerate(turns):
        assert turn >= began + (number - BURST) / 4.0 - 0.001


def test_who_has_not_asked_for_a_while_need_not_wait():
    pace = Pace(per_second=1.0)
    assert [pace.turn() for _ in range(BURST)] == [0.0] * BURST
