"""Waiting for whoever is changing a stack."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from esmcfn.errors import StackBusyError
from esmcfn.verbs.world import World

FIRST_SECONDS, LONGEST_SECONDS = 2.0, 15.0

WAITING = "waiting"
"""What stands in the place of a stack while none of ours is worked on."""

Answer = TypeVar("Answer")


def once_free(attempt: Callable[[], Answer], world: World, patience: float) -> Answer:
    """The attempt's answer, made anew whenever somebody else was at work, until patience ends.

    Args:
        patience: seconds; 0 waits for nobody.

    Raises:
        StackBusyError: they are still at work.
    """
    waited, pause = 0.0, FIRST_SECONDS
    while True:
        try:
            answer = attempt()
        except StackBusyError as error:
            if waited >= patience:
                raise
            world.watch.stage(WAITING, error.message, waits_for="somebody else")
            world.connect().stacks.go_on()  # whoever waited beside was told to stop, and has
        else:
            if waited:
                world.watch.ended(WAITING, "nobody is at work any more", well=True)
            return answer
        world.pause(pause)
        waited += pause
        pause = min(pause * 1.5, LONGEST_SECONDS)
