"""The embedded AWS: a server on 127.0.0.1 that keeps running between commands, one per user and root.

This module holds its life only and imports the standard library only: a plan that changes nothing calls `ensure` each
time. Everything the server knows lies in one folder, `$XDG_STATE_HOME/esmcfn/sandbox/<hash of the root>`, mode 0700:
`run.json` (pid, port, token of the running server), `server.log`, `start.lock`, `server.lock` and `state/`. All of it
is under the state folder and none under XDG_RUNTIME_DIR, so that a shell without a login session finds the same server.
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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from esmcfn.errors import SandboxError

ACCOUNT = "123456789012"
FAKE_KEY = "sandbox"
START_SECONDS = 20.0
"""How long a start may take on a slow machine before it counts as failed."""
LEADING_ASTRAY = ("AWS_", "MOTO_", "BOTO")
"""Variables of the caller that the server must not see."""
_ISOLATED = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_ACCESS_KEY_ID": FAKE_KEY,
    "AWS_SECRET_ACCESS_KEY": FAKE_KEY,
}
ANSWER_SECONDS = 5.0
"""How long a running server may take to say that it lives; it may be busy with another command."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the sandbox answers.

    Attributes:
        started: this call had to start it.
    """

    endpoint_url: str
    account: str
    pid: int
    started: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What `esmcfn sandbox status` says.

    Attributes:
        faults: names of the faults in force.
    """

    running: bool
    endpoint_url: str = ""
    pid: int = 0
    uptime_seconds: float = 0.0
    stacks: int = 0
    faults: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """The status in one line."""
        if not self.running:
            return "stopped"
        faults = f", faults: {', '.join(self.faults)}" if self.faults else ""
        stacks = "1 stack" if self.stacks == 1 else f"{self.stacks} stacks"
        return f"running at {self.endpoint_url} (pid {self.pid}), up {_span(self.uptime_seconds)}, {stacks}{faults}"


def ensure(root: Path, *, on_start: Callable[[str], None] = lambda _: None) -> Address:
    """Return the running sandbox of a root, starting it if need be; safe when two commands do so at once.

    `on_start` is told, once, that a start takes place.

    Raises:
        SandboxError: moto is not installed, or the server did not start; the message has the log's last lines.
    """
    folder = state_folder(root)
    running = _running(folder)
    if running is not None and running.stamp == code_stamp():
        return running.address(started=False)
    with _locked(folder / "start.lock"):
        running = _running(folder)
        if running is not None and running.stamp == code_stamp():
            return running.address(started=False)
        if running is not None:
            _stop(folder, running)
        on_start(f"starting the sandbox for {root}")
        return _start(folder).address(started=True)


def serve(root: Path) -> int:
    """Serve in this process until Ctrl-C or SIGTERM, in place of a server in the background; returns the exit code."""
    stop(root)
    folder = state_folder(root)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in [name for name in os.environ if name.startswith(LEADING_ASTRAY)]:
        del os.environ[name]
    os.environ.update(_ISOLATED)
    from esmcfn.sandbox.server import main

    return main(["--folder", str(folder), "--foreground"])


def find(root: Path) -> Address | None:
    """Return the running sandbox, or None."""
    running = _running(state_folder(root))
    return running.address(started=False) if running is not None else None


def stop(root: Path) -> bool:
    """Stop the sandbox and keep its state; returns whether it was running."""
    folder = state_folder(root)
    if not folder.exists():
        return False
    with _locked(folder / "start.lock"):
        running = _running(folder)
        if running is None:
            (folder / "run.json").unlink(missing_ok=True)
            return False
        _stop(folder, running)
        return True


def reset(root: Path) -> Address | None:
    """Forget all stacks, resources, faults and seeds; never prompts. Returns the address where it runs."""
    folder = state_folder(root)
    running = _running(folder)
    if running is not None:
        call(root, "POST", "reset")
        return running.address(started=False)
    for path in (folder / "state").glob("*/*.json"):
        path.unlink(missing_ok=True)
    return None


def status(root: Path) -> Status:
    """Return how the sandbox stands, without starting it."""
    running = _running(state_folder(root))
    if running is None:
        return Status(running=False)
    health = running.health
    return Status(
        running=True,
        endpoint_url=running.endpoint_url,
        pid=running.pid,
        uptime_seconds=float(health["uptime_seconds"]),
        stacks=int(health["stacks"]),
        faults=tuple(health["faults"]),
    )


def environment(address: Address, region: str) -> dict[str, str]:
    """Return the variables with which any AWS client talks to the sandbox and to nothing else.

    Empty values switch off what the shell may have set: AWS_PROFILE, AWS_SESSION_TOKEN and the like.
    """
    nothing = os.devnull
    return {
        "AWS_ENDPOINT_URL": address.endpoint_url,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ACCESS_KEY_ID": FAKE_KEY,
        "AWS_SECRET_ACCESS_KEY": FAKE_KEY,
        "AWS_SESSION_TOKEN": "",
        "AWS_SECURITY_TOKEN": "",
        "AWS_PROFILE": "",
        "AWS_CONFIG_FILE": nothing,
        "AWS_SHARED_CREDENTIALS_FILE": nothing,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
    }


def fault(root: Path, name: str, **options: str | int) -> Mapping[str, Any]:
    """Put a fault in force until `reset` (or `clear_faults`).

    Raises:
        SandboxError: it does not run, or knows no such fault or option; the message lists those there are.
    """
    return call(root, "POST", "faults", {"name": name, "options": options})


def clear_faults(root: Path) -> None:
    """Lift every fault."""
    call(root, "DELETE", "faults")


def known_faults(root: Path) -> Mapping[str, Any]:
    """Return the faults in force and the catalogue of those that can be asked for."""
    return call(root, "GET", "faults")


def break_resource(root: Path, *, stack: str, logical_id: str, **options: str) -> Mapping[str, Any]:
    """Change or delete a resource behind CloudFormation's back.

    Options: `action` (delete, the default, or change), `property` and `value` for a change, `region`.

    Raises:
        SandboxError: there is no such resource, or it cannot be changed so.
    """
    return call(root, "POST", "break", {"stack": stack, "logical_id": logical_id, **options})


def seed(root: Path, *, prices: Sequence[Mapping[str, str]] = (), costs: Sequence[Mapping[str, Any]] = ()) -> None:
    """Tell the sandbox prices and past costs, which it cannot know; `esmcfn.sandbox.account.seeds` has their form.

    Raises:
        SandboxError: it does not run, or a seed is not as it should be.
    """
    call(root, "POST", "seed", {"prices": list(prices), "costs": list(costs)})


def set_clock(root: Path, **settings: float) -> Mapping[str, Any]:
    """Read or set engine time: advance_seconds, speed, endpoint_seconds, and the other paces."""
    return call(root, "POST" if settings else "GET", "clock", settings or None)


def call(root: Path, method: str, what: str, body: object = None) -> Mapping[str, Any]:
    """Call the running server's control API, `/_esmcfn/<what>`.

    Raises:
        SandboxError: it does not run, or refused.
    """
    running = _running(state_folder(root))
    if running is None:
        raise SandboxError("the sandbox is not running", next_step="esmcfn sandbox start")
    code, answer = _http(running.port, method, f"/_esmcfn/{what}", running.token, body, ANSWER_SECONDS * 6)
    if code != 200:
        raise SandboxError(str(answer.get("message", f"the sandbox answered {code}")))
    return answer


# Where things lie


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
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


# The running server


@dataclass(frozen=True, slots=True, kw_only=True)
class _Running:
    pid: int
    port: int
    token: str
    stamp: str
    health: Mapping[str, Any]

    @property
    def endpoint_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def address(self, *, started: bool) -> Address:
        return Address(self.endpoint_url, ACCOUNT, self.pid, started)


def _running(folder: Path) -> _Running | None:
    """Return the server that `run.json` names, if it lives and is ours: it must echo its token."""
    try:
        noted = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        code, health = _http(noted["port"], "GET", "/_esmcfn/health", noted["token"], None, ANSWER_SECONDS)
    except (OSError, ValueError, KeyError):
        return None
    if code != 200 or health.get("token") != noted["token"]:
        return None
    return _Running(
        pid=int(noted["pid"]),
        port=int(noted["port"]),
        token=noted["token"],
        stamp=noted["stamp"],
        health=health,
    )


def _start(folder: Path) -> _Running:
    import importlib.util
    import subprocess

    if importlib.util.find_spec("moto") is None or importlib.util.find_spec("flask") is None:
        raise SandboxError(
            "the sandbox needs moto's server, which is not installed",
            next_step="pip install 'esmcfn[sandbox]'",
        )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    (folder / "run.json").unlink(missing_ok=True)
    log_path = folder / "server.log"
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "esmcfn.sandbox.server", "--folder", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd=folder,
            env=_server_environment(),
        )
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        running = _running(folder)
        if running is not None:
            process.returncode = 0  # it outlives us: nobody waits for it
            return running
        if process.poll() is not None:
            break
        time.sleep(0.01)
    else:
        process.kill()
        process.wait()
    raise SandboxError(f"the sandbox did not start\n{_last_lines(log_path)}", next_step=f"see {log_path}")


def _server_environment() -> dict[str, str]:
    """Return the caller's environment without anything that could lead the server to a real account."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(LEADING_ASTRAY)}
    here = str(Path(__file__).resolve().parents[2])
    path = [here, *filter(None, kept.get("PYTHONPATH", "").split(os.pathsep))]
    return {**kept, **_ISOLATED, "PYTHONPATH": os.pathsep.join(path)}


def _stop(folder: Path, running: _Running) -> None:
    try:
        os.kill(running.pid, signal.SIGTERM)
        deadline = time.monotonic() + ANSWER_SECONDS
        while _alive(running.pid):
            if time.monotonic() > deadline:
                os.kill(running.pid, signal.SIGKILL)
                deadline = float("inf")
            time.sleep(0.01)
    except ProcessLookupError:
        pass
    (folder / "run.json").unlink(missing_ok=True)


def _alive(pid: int) -> bool:
    try:
        done, _ = os.waitpid(pid, os.WNOHANG)  # when this very process started it
        if done:
            return False
    except ChildProcessError:
        pass
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _last_lines(path: Path) -> str:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join(lines[-8:])


def _http(port: int, method: str, path: str, token: str, body: object, timeout: float) -> tuple[int, Mapping[str, Any]]:
    """One request with a plain socket: importing an HTTP client would cost more than the call."""
    content = b"" if body is None else json.dumps(body).encode()
    head = (
        f"{method} {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nX-Esmcfn-Token: {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", int(port)), timeout=timeout) as connection:
        connection.sendall(head.encode() + content)
        answer = b""
        while not _complete(answer) and (chunk := connection.recv(65536)):
            answer += chunk
    header, _, text = answer.partition(b"\r\n\r\n")
    found: Mapping[str, Any] = json.loads(text)
    return int(header.split(b" ", 2)[1]), found


def _complete(answer: bytes) -> bool:
    """Whether the whole body is there: the server lingers 10 ms before it closes a connection."""
    header, _, text = answer.partition(b"\r\n\r\n")
    _, _, rest = header.lower().partition(b"content-length:")
    return bool(rest) and len(text) >= int(rest.partition(b"\r\n")[0])


def _span(seconds: float) -> str:
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
