"""One engine at work, in a process and a folder of its own.

Question and answer go through files, not pipes: neither side ever waits for the other to read. The process
sees an environment of a few harmless variables: no credentials, no proxies, nobody's configuration.
"""

from __future__ import annotations

import json
import os
import re
import signal
import time
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from esmcfn.signals import Held

if TYPE_CHECKING:
    import subprocess

_INHERITED = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")
_TAIL = 400
"""Characters of an engine's last words that a message repeats."""

_LAST_WORDS = 64 * 1024
"""Bytes of what an engine said in which the telling line is looked for."""

_EXCEPTION = re.compile(r"(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Exit|Interrupt|Timeout)(?::|$)")


class Fault(Struct, frozen=True):
    """Why an engine has no answer.

    Attributes:
        reason: the second half of a sentence that begins with "it".
        mend: the command that mends it, empty where one of the adapter's does.
        uninstalled: the installation is to blame, so that a new one mends it.
    """

    reason: str
    mend: str = ""
    uninstalled: bool = False


class EngineProcess:
    """An engine that was asked and has not answered yet."""

    def __init__(self, process: subprocess.Popen[bytes], folder: str, deadline_seconds: float) -> None:
        self._process = process
        self._folder = folder
        self._deadline_seconds = deadline_seconds
        self._deadline = time.monotonic() + deadline_seconds
        self._late = False
        # Also where nobody comes to cancel it: a signal may come before anybody holds what was started.
        self._ended = weakref.finalize(self, _end, process, folder)

    @classmethod
    def start(
        cls,
        command: Sequence[str],
        question: Mapping[str, object],
        *,
        scratch: Path | None = None,
        deadline_seconds: float,
    ) -> EngineProcess | Fault:
        """Ask; returns at once."""
        with Held():
            return cls._started(command, question, scratch, deadline_seconds)

    @classmethod
    def _started(
        cls, command: Sequence[str], question: Mapping[str, object], scratch: Path | None, deadline_seconds: float
    ) -> EngineProcess | Fault:
        import subprocess  # these two take 15 ms to import, and a run without news needs neither
        import tempfile

        folder = ""
        try:
            folder = tempfile.mkdtemp(prefix="esmcfn-policy-")
            with open(os.path.join(folder, "question.json"), "w", encoding="utf-8") as file:
                json.dump(question, file)
            with (
                open(os.path.join(folder, "question.json"), "rb") as asked,
                open(os.path.join(folder, "answer.json"), "wb") as answer,
                open(os.path.join(folder, "errors.txt"), "wb") as errors,
            ):
                process = subprocess.Popen(
                    command,
                    stdin=asked,
                    stdout=answer,
                    stderr=errors,
                    cwd=folder,
                    env=_environment(folder, scratch),
                    # Ctrl-C is for us to pass on: an engine that gets it too prints a traceback.
                    start_new_session=True,
                )
        except OSError as error:
            _remove(folder)
            return Fault(f"did not start: {error.strerror or error}")
        return cls(process, folder, deadline_seconds)

    def answer(self) -> object | Fault:
        """Wait for the answer, and clear everything away."""
        import threading

        if self._process.poll() is not None:  # whoever asked may have been busy for longer than an engine may think
            self._deadline = float("inf")
        # Popen.wait(timeout) looks every 50 ms; this wakes when the engine ends.
        alarm = threading.Timer(min(self._deadline - time.monotonic(), threading.TIMEOUT_MAX), self._give_up)
        try:
            alarm.start()
            status = self._process.wait()
            if self._late:
                return Fault(f"did not answer within {self._deadline_seconds:g} seconds")
            return self._read("answer.json") if status == 0 else self._crash(status)
        finally:
            alarm.cancel()
            self.cancel()

    def cancel(self) -> None:
        """Stop it, if it still runs, with every process it may have started; clear everything away."""
        self._ended()

    def _give_up(self) -> None:
        self._late = True
        _kill(self._process)

    def _read(self, name: str) -> object | Fault:
        try:
            with open(os.path.join(self._folder, name), "rb") as file:
                answer: object = json.loads(file.read())
        except (OSError, ValueError):
            return Fault("answered with something that is not JSON")
        return answer

    def _crash(self, status: int) -> Fault:
        with suppress(OSError), open(os.path.join(self._folder, "errors.txt"), "rb") as file:
            told = _telling(file.read()[-_LAST_WORDS:].decode("utf-8", "replace"))
            how = f"by signal {-status}" if status < 0 else f"with status {status}"
            uninstalled = told.startswith(("ImportError", "ModuleNotFoundError"))
            return Fault(f"ended {how}: {told}", uninstalled=uninstalled)
        return Fault(f"ended with status {status}")


def _telling(errors: str) -> str:
    """The line that says what went wrong: the last exception's, or the last of all where there is none."""
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    raised = [line for line in lines if _EXCEPTION.match(line)]
    line = (raised or lines or ["without a word"])[-1][:_TAIL]
    return line if line.isprintable() else repr(line)


def _environment(folder: str, scratch: Path | None) -> dict[str, str]:
    kept = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    own = {"HOME": folder, "TMPDIR": folder, "AWS_EC2_METADATA_DISABLED": "true"}
    with suppress(OSError):
        if scratch:
            os.makedirs(scratch, exist_ok=True)
            own["TMPDIR"] = str(scratch)
    return kept | own


def _end(process: subprocess.Popen[bytes], folder: str) -> None:
    with Held():
        if process.poll() is None:
            _kill(process)
            process.wait()
        _remove(folder)


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()


def _remove(folder: str) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)
