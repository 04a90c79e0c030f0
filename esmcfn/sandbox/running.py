"""The running server of one root: where its files lie, how it is found, started and stopped.

The standard library, and what every command has loaded: one that finds the server running pays for nothing else.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from esmcfn.errors import SandboxError

if TYPE_CHECKING:
    import subprocess

ACCOUNT = "123456789012"
FAKE_KEY = "sandbox"
START_SECONDS = 20.0
"""How long a start may take on a slow machine before it counts as failed."""
JOURNAL = "journal.json"
"""In `state/`: what is being written; there after a crash in the middle of it, and then written again."""
LEADING_ASTRAY = ("AWS_", "MOTO_", "BOTO")
"""Variables of the caller that the server must not see."""
ISOLATED = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_ACCESS_KEY_ID": FAKE_KEY,
    "AWS_SECRET_ACCESS_KEY": FAKE_KEY,
}
LOCK_SECONDS = 60.0
"""How long a command waits for another one that starts or stops the server: longer than both take at worst."""
ANSWER_SECONDS = 5.0
"""How long a running server may take to say that it lives; it may be busy with another command."""


class Address(Struct, frozen=True):
    """Where the sandbox answers.

    Attributes:
        started: this call had to start it.
    """

    endpoint_url: str
    account: str
    pid: int
    started: bool


def state_folder(root: Path) -> Path:
    """Return the folder of a root's sandbox; it need not exist."""
    base = os.environ.get("XDG_STATE_HOME", "")
    state = Path(base) if base.startswith("/") else Path.home() / ".local" / "state"
    name = hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:16]
    return state / "esmcfn" / "sandbox" / name


def code_stamp() -> str:
    """Return what changes when the sandbox's own code does: a server of other code is replaced."""
    newest = 0
    stack = [os.path.dirname(__file__)]
    while stack:
        with os.scandir(stack.pop()) as entries:
            for entry in entries:
                if entry.is_dir() and entry.name != "__pycache__":
                    stack.append(entry.path)
                elif entry.name.endswith(".py"):
                    newest = max(newest, entry.stat().st_mtime_ns)
    return str(newest)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock that other processes see.

    Raises:
        SandboxError: the folder cannot be made or written, or somebody else does not let go of it.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise SandboxError(
            f"the sandbox cannot keep its state in {path.parent}: {error.strerror}",
            next_step="make that folder writable, or set XDG_STATE_HOME to one that is",
        ) from error
    try:
        deadline = time.monotonic() + LOCK_SECONDS
        while not _taken(descriptor):
            if time.monotonic() > deadline:
                raise SandboxError(
                    f"another command has held {path} for {LOCK_SECONDS:.0f} seconds",
                    next_step=f"end it (lsof {path} names it), and try again",
                )
            time.sleep(0.01)
        yield
    finally:
        os.close(descriptor)


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def held(folder: Path) -> int:
    """Return the process that holds a folder, whether it answers or not; 0 for nobody, or nobody who can be named.

    A server notes its pid in `server.lock`, and nobody else can take that as long as it lives. Who may be sent a signal
    is asked of the kernel where it says so: a note can be edited, and `run.json` proves nothing.
    """
    if not _serving(folder):
        return 0
    lock = folder / "server.lock"
    named = _holder_by_kernel(lock)
    if named is not None:
        return named
    try:
        return int(lock.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0


def _holder_by_kernel(lock: Path) -> int | None:
    """Return who holds a file's lock; 0 for somebody in another container, None where the kernel does not tell.

    https://man7.org/linux/man-pages/man5/proc_locks.5.html
    """
    try:
        table, at = Path("/proc/locks").read_text(encoding="ascii"), lock.stat()
    except OSError:
        return None
    wanted = f"{os.major(at.st_dev):02x}:{os.minor(at.st_dev):02x}:{at.st_ino}"
    for line in table.splitlines():
        words = line.split()
        if len(words) > 5 and words[1] == "FLOCK" and words[5] == wanted:
            return max(0, int(words[4]))
    return None


def _serving(folder: Path) -> bool:
    """Does a server live there? A dead one that nobody has reaped still has its pid, but no lock any more."""
    try:
        descriptor = os.open(folder / "server.lock", os.O_RDWR)
    except OSError:
        return False
    try:
        return not _taken(descriptor)
    finally:
        os.close(descriptor)


# The running server


class Running(Struct, frozen=True, kw_only=True):
    """A server that answered and echoed its token; `stamp` is that of its code."""

    pid: int
    port: int
    token: str
    stamp: str
    health: Mapping[str, Any]

    @property
    def endpoint_url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def address(self, *, started: bool) -> Address:
        """Its address for a command."""
        return Address(self.endpoint_url, ACCOUNT, self.pid, started)


def running(folder: Path) -> Running | None:
    """Return the server that `run.json` names, if it lives and is ours: it must echo its token."""
    try:
        noted = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        found = Running(
            pid=int(noted["pid"]),
            port=int(noted["port"]),
            token=str(noted["token"]),
            stamp=str(noted["stamp"]),
            health={},
        )
        code, health = http(found.port, "GET", "/_esmcfn/health", found.token, None, ANSWER_SECONDS)
    except (OSError, ValueError, LookupError, TypeError):  # not there, cut short, or not what a server writes
        return None
    if code != 200 or not isinstance(health, dict) or health.get("token") != found.token:
        return None
    return replace(found, pid=int(health.get("pid", found.pid)), health=health)


def start(folder: Path) -> Running:
    """Start a server in a process of its own and wait until it answers.

    Raises:
        SandboxError: moto is not installed, or it did not start.
    """
    import importlib.util

    if importlib.util.find_spec("moto") is None or importlib.util.find_spec("flask") is None:
        raise SandboxError(
            "the sandbox needs moto's server, which is not installed",
            next_step="pip install 'esmcfn[sandbox]'",
        )
    log_path = folder / "server.log"
    process = _spawned(folder, log_path)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        found = running(folder)
        if found is not None:
            process.returncode = 0  # it outlives us: nobody waits for it
            return found
        if process.poll() is not None:
            break
        time.sleep(0.01)
    else:
        process.kill()
        process.wait()
    raise SandboxError(
        f"the sandbox did not start\n{_last_lines(log_path) or _why_unwritten(log_path)}",
        next_step=f"see {log_path}; `esmcfn sandbox reset` begins with nothing deployed",
    )


def _spawned(folder: Path, log_path: Path) -> subprocess.Popen[bytes]:
    """Return a server's process that outlives this one, in its own folder, with its own log."""
    import subprocess

    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    (folder / "run.json").unlink(missing_ok=True)
    with log_path.open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "esmcfn.sandbox.server", "--folder", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd=folder,
            env=_server_environment(),
        )


def _server_environment() -> dict[str, str]:
    """Return the caller's environment without anything that could lead the server to a real account."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(LEADING_ASTRAY)}
    here = str(Path(__file__).resolve().parents[2])
    path = [here, *filter(None, kept.get("PYTHONPATH", "").split(os.pathsep))]
    return {**kept, **ISOLATED, "PYTHONPATH": os.pathsep.join(path)}


def stop(folder: Path, pid: int) -> None:
    """End a server, kindly at first.

    Args:
        pid: who holds the folder, as `held` has it, or the server itself said.

    Raises:
        SandboxError: it is not ours to end, or does not end.
    """
    for number in (signal.SIGTERM, signal.SIGKILL):
        if not _serving(folder) or held(folder) not in (0, pid):  # gone, and another one may have come
            break
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            break
        except OSError as error:
            raise _unending(folder, f"process {pid}, which cannot be ended: {error.strerror}") from error
        if _ended(folder):
            break
    else:
        raise _unending(folder, f"process {pid}, which does not end")
    (folder / "run.json").unlink(missing_ok=True)


def _ended(folder: Path) -> bool:
    deadline = time.monotonic() + ANSWER_SECONDS
    while _serving(folder):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def _unending(folder: Path, whose: str) -> SandboxError:
    lock = folder / "server.lock"
    return SandboxError(
        f"{lock} is held by {whose}", next_step=f"end it yourself (lsof {lock} names it), and try again"
    )


def holder(folder: Path, found: Running | None) -> int:
    """Return the pid of the server that holds a folder; 0 where nobody does.

    Args:
        found: the server that answered.

    Raises:
        SandboxError: somebody holds it, and who that is cannot be told.
    """
    pid = held(folder) or (int(found.health.get("pid", 0)) if found is not None else 0)
    if not pid and _serving(folder):
        raise _unending(folder, "a process that cannot be named")
    return pid


def _last_lines(path: Path) -> str:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join(lines[-8:])


def _why_unwritten(log_path: Path) -> str:
    """Why a server that did not start could not even say so."""
    probe = log_path.with_suffix(".probe")
    try:
        probe.write_bytes(b"x" * PROBE_BYTES)
    except OSError as error:
        return f"cannot write into {log_path.parent}: {error.strerror}"
    finally:
        probe.unlink(missing_ok=True)
    return "it ended without a word"


PROBE_BYTES = 4096
"""What a disk has to have room for, at the least: one block."""


def http(port: int, method: str, path: str, token: str, body: object, timeout: float) -> tuple[int, Mapping[str, Any]]:
    """One request with a plain socket: importing an HTTP client would cost more than the call."""
    content = b"" if body is None else json.dumps(body).encode()
    head = (
        f"{method} {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nX-Esmcfn-Token: {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", int(port)), timeout=timeout) as connection:
        connection.sendall(head.encode() + content)
        answer, deadline = b"", time.monotonic() + timeout
        while not _complete(answer) and (chunk := connection.recv(65536)):
            answer += chunk
            if time.monotonic() > deadline:
                raise TimeoutError(f"no whole answer within {timeout:.0f} seconds")
    header, _, text = answer.partition(b"\r\n\r\n")
    found: Mapping[str, Any] = json.loads(text)
    return int(header.split(b" ", 2)[1]), found


def _complete(answer: bytes) -> bool:
    """Whether the whole body is there: the server lingers 10 ms before it closes a connection."""
    header, _, text = answer.partition(b"\r\n\r\n")
    _, _, rest = header.lower().partition(b"content-length:")
    return bool(rest) and len(text) >= int(rest.partition(b"\r\n")[0])
