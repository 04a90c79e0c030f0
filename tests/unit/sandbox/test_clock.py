"""Engine time: it runs, it jumps, it never goes back."""

from __future__ import annotations

import pytest

from esmcfn.sandbox.clock import Clock, iso


class RealTime:
    """A wall clock that a test turns."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def test_it_runs_at_its_speed_and_can_be_pushed() -> None:
    real = RealTime()
    clock = Clock(real=real, speed=2)
    real.seconds += 10
    assert clock.now() == 1020
    clock.run_at(0)
    real.seconds += 10
    assert clock.now() == 1020
    assert clock.advance(5) == 1025


def test_it_never_runs_backwards() -> None:
    real = RealTime()
    clock = Clock(real=real, start=5000)
    real.seconds -= 500
    assert clock.now() == 5000
    with pytest.raises(ValueError, match="turned back"):
        clock.advance(-1)
    with pytest.raises(ValueError, match="backwards"):
        clock.run_at(-1)


def test_times_have_milliseconds() -> None:
    assert iso(0.1239) == "1970-01-01T00:00:00.123Z"
