"""Ctrl-C and its like: noted where they come in, so that whatever swallows an exception swallows no signal.

A handler can only raise into whatever happens to run: import locks and weak references drop what is raised in them, and
libraries catch what they meant to be their own. So the handler notes the signal first. The note is looked at before
each call that changes something in AWS, before each stage of a command, and for the exit code of the process.
"""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

STOPPING = ("SIGINT", "SIGTERM", "SIGHUP")
"""Signals that stop a command; Windows has no SIGHUP."""

SOON_SECONDS = 0.05
"""After how long a signal is raised again whose exception Python had to drop."""

INTERRUPTED, TERMINATED = 130, 143
"""Exit codes, as errors.ExitCode has them; that room is not imported before the handler stands."""


class Signalled(KeyboardInterrupt):
    """A signal said stop. It is no Exception, so that `except Exception` lets it pass; Click knows it as Ctrl-C.

    Attributes:
        exit_code: what the process ends with.
    """

    def __init__(self, exit_code: int) -> None:
        super().__init__("interrupted" if exit_code == INTERRUPTED else "terminated")
        self.exit_code = exit_code


class Signals:
    """What a process was told; it is the handler itself, and so there is one for each process that has one.

    Attributes:
        noted: the exit code that a signal asked for; 0 where none came, or a person chose to go on.
    """

    def __init__(self) -> None:
        self.noted = 0
        self._raises = False
        self._stands: list[int] = []

    def __call__(self, number: int, frame: FrameType | None) -> None:
        # Nothing but an assignment: a lock taken here may be held by the very code that was interrupted.
        self.noted = INTERRUPTED if number == signal.SIGINT else TERMINATED
        if self._raises:
            raise Signalled(self.noted)

    @classmethod
    def standing(cls) -> Signals:
        """A handler for all of them that notes only, so that no import is broken off; `heed` lets it raise."""
        made = cls()
        for name in STOPPING:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:  # nohup asked for silence
                signal.signal(number, made)
                made._stands.append(number)
        if hasattr(signal, "setitimer"):
            signal.signal(signal.SIGALRM, made._anew)
            sys.unraisablehook = made._dropped
        return made

    @classmethod
    def current(cls) -> Signals:
        """The handler of this process; one that nothing calls where none stands."""
        handlers = (signal.getsignal(getattr(signal, name)) for name in STOPPING if hasattr(signal, name))
        return next((handler for handler in handlers if isinstance(handler, cls)), None) or cls()

    def heed(self) -> None:
        """From now on a signal is raised at once; one that came before is raised now.

        Raises:
            Signalled: it came before.
        """
        self._raises = True
        self.look()

    def look(self) -> None:
        """Raise what was noted, in case it was swallowed.

        Raises:
            Signalled: a signal came.
        """
        if self.noted:
            raise Signalled(self.noted)

    def forgive(self) -> None:
        """A person was asked, and decides."""
        self.noted = 0

    def again(self) -> None:
        """They decided to stop."""
        self.noted = INTERRUPTED

    def let_go(self) -> None:
        """The command is over: a signal now ends the process by itself, with nothing left to clean up."""
        self._raises = False
        sys.unraisablehook = sys.__unraisablehook__
        if hasattr(signal, "setitimer"):  # one that still ran would kill Python while it leaves, with SIGALRM
            signal.setitimer(signal.ITIMER_REAL, 0)
        while self._stands:
            signal.signal(self._stands.pop(), signal.SIG_DFL)

    def _dropped(self, dropped: UnraisableHookArgs) -> None:
        """Python drops what is raised in a weak reference's callback, and says so: what was ours is raised anew."""
        if issubclass(dropped.exc_type, Signalled):
            signal.setitimer(signal.ITIMER_REAL, SOON_SECONDS)
        else:
            sys.__unraisablehook__(dropped)

    def _anew(self, number: int, frame: FrameType | None) -> None:
        if self._raises:
            self.look()
