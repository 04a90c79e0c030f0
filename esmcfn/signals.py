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
        self._held = 0
        self._stands: list[int] = []

    def __call__(self, number: int, frame: FrameType | None) -> None:
        # Nothing but an assignment: a lock taken here may be held by the very code that was interrupted.
        self.noted = INTERRUPTED if number == signal.SIGINT else TERMINATED
        if self._raises and not self._held:
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
            self._no_alarm()  # whoever clears away after this is not interrupted by it a second time
            raise Signalled(self.noted)

    def hold(self) -> None:
        """From now on signals are noted only; as often as this is called, `release` has to be."""
        self._held += 1

    def release(self) -> bool:
        """What was noted meanwhile stays noted; signals are raised again once everybody has released, which is True."""
        self._held -= 1
        return not self._held

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
        self._no_alarm()  # one that still ran would kill Python while it leaves, with SIGALRM
        while self._stands:
            signal.signal(self._stands.pop(), signal.SIG_DFL)

    def _dropped(self, dropped: UnraisableHookArgs) -> None:
        """Python drops what is raised in a weak reference's callback, and says so: what was ours is raised anew."""
        if issubclass(dropped.exc_type, Signalled):
            signal.setitimer(signal.ITIMER_REAL, SOON_SECONDS)
        else:
            sys.__unraisablehook__(dropped)

    def _anew(self, number: int, frame: FrameType | None) -> None:
        if self._raises and not self._held:
            self.look()

    @staticmethod
    def _no_alarm() -> None:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)


class Held:
    """A stretch of the main thread's work that no signal breaks off; one that comes is raised right after it.

    Around starting threads (Python forgets one that it was interrupted in starting, and joins it nowhere) and around
    clearing away. Other threads are never interrupted: for them this does nothing.
    """

    def __enter__(self) -> None:
        self._signals = Signals.current() if _in_main_thread() else Signals()
        self._before = self._signals.noted
        self._signals.hold()

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if self._signals.release() and error is None and not self._before:
            self._signals.look()


def _in_main_thread() -> bool:
    import threading  # before the handler stands, nothing is imported that need not be

    return threading.current_thread() is threading.main_thread()
