"""Threads that wait for AWS side by side, and whom a signal in the wrong moment does not lose."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from esmcfn.signals import Held

Words = ParamSpec("Words")
Answer = TypeVar("Answer")


class Pool(ThreadPoolExecutor):
    """The standard library's, where a signal is raised before or after a thread is started, and never while.

    A thread whose start is interrupted runs, but the pool does not know of it, and nobody waits for what it does.
    """

    def submit(self, fn: Callable[Words, Answer], /, *args: Words.args, **kwargs: Words.kwargs) -> Future[Answer]:
        with Held():
            return super().submit(fn, *args, **kwargs)
