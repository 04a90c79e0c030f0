"""The embedded AWS: a server on 127.0.0.1 that keeps running between commands, one per user and root.

This module holds its life only and imports the standard library only: a plan that changes nothing calls `ensure` each
time. Everything the server knows lies in one folder, `$XDG_STATE_HOME/esmcfn/sandbox/<hash of the root>`, mode 0700:
`run.json` (pid, port, token of the running server), `server.log`, `start.lock`, `server.lock` and `state/`. All of it
is under the state folder and none under XDG_RUNTIME_DIR, so that a shell without a login session finds the same server.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from esmcfn.errors import ExitCode, SandboxError
from esmcfn.sandbox import running as process
from esmcfn.sandbox.running import (
    ACCOUNT,
    ANSWER_SECONDS,
    FAKE_KEY,
    JOURNAL,
    LEADING_ASTRAY,
    START_SECONDS,
    Address,
    code_stamp,
    state_folder,
)

__all__ = [
    "ACCOUNT",
    "FAKE_KEY",
    "START_SECONDS",
    "Address",
    "Status",
    "break_resource",
    "call",
    "clear_faults",
    "code_stamp",
    "ensure",
    "environment",
    "fault",
    "find",
    "known_faults",
    "reset",
    "seed",
    "serve",
    "set_clock",
    "state_folder",
    "status",
    "stop",
]


class Refused(SandboxError):
    """What was asked of it cannot be meant: no such fault, resource or setting."""

    exit_code = ExitCode.USAGE


class Status(Struct, frozen=True, kw_only=True):
    """What `esmcfn sandbox status` says.

    Attributes:
        faults: names of the faults in force.
        pid: of its process, also where that does not answer.
        problem: what keeps it from keeping its state.
    """

    running: bool
    endpoint_url: str = ""
    pid: int = 0
    uptime_seconds: float = 0.0
    stacks: int = 0
    faults: tuple[str, ...] = ()
    problem: str = ""

    @property
    def line(self) -> str:
        """The status in one line."""
        if self.pid and not self.running:
            return f"does not answer (pid {self.pid}): `esmcfn sandbox stop` ends it, and every command that needs it"
        if not self.running:
            return "stopped"
        faults = f", faults: {', '.join(self.faults)}" if self.faults else ""
        stacks = "1 stack" if self.stacks == 1 else f"{self.stacks} stacks"
        problem = f"; {self.problem}" if self.problem else ""
        where = f"running at {self.endpoint_url} (pid {self.pid}), up {_span(self.uptime_seconds)}"
        return f"{where}, {stacks}{faults}{problem}"


def ensure(root: Path, *, on_start: Callable[[str], None] = lambda _: None) -> Address:
    """Return the running sandbox of a root, starting it if need be; safe when two commands do so at once.

    `on_start` is told, once, that a start takes place.

    Raises:
        SandboxError: moto is not installed, or the server did not start; the message has the log's last lines.
    """
    folder = state_folder(root)
    running = process.running(folder)
    if running is not None and running.stamp == code_stamp():
        return running.address(started=False)
    with process.locked(folder / "start.lock"):
        running = process.running(folder)
        if running is not None and running.stamp == code_stamp():
            return running.address(started=False)
        pid = process.holder(folder, running)
        if pid:  # of older code, or it does not answer any more
            process.stop(folder, pid)
        on_start(f"starting the sandbox for {root.resolve()}")
        return process.start(folder).address(started=True)


def serve(root: Path) -> int:
    """Serve in this process until Ctrl-C or SIGTERM, in place of a server in the background; returns the exit code."""
    stop(root)
    folder = state_folder(root)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in [name for name in os.environ if name.startswith(LEADING_ASTRAY)]:
        del os.environ[name]
    os.environ.update(process.ISOLATED)
    from esmcfn.sandbox.server import main

    return main(["--folder", str(folder), "--foreground"])


def find(root: Path) -> Address | None:
    """Return the running sandbox, or None."""
    running = process.running(state_folder(root))
    return running.address(started=False) if running is not None else None


def stop(root: Path) -> bool:
    """Stop the sandbox and keep its state; returns whether it was running."""
    folder = state_folder(root)
    if not folder.exists():
        return False
    with process.locked(folder / "start.lock"):
        running = process.running(folder)
        pid = process.holder(folder, running)
        if not pid:
            (folder / "run.json").unlink(missing_ok=True)
            return False
        process.stop(folder, pid)
        return True


def reset(root: Path) -> Address | None:
    """Forget all stacks, resources, faults and seeds; never prompts. Returns the address where it runs."""
    folder = state_folder(root)
    running = process.running(folder)
    if running is not None:
        call(root, "POST", "reset")
        return running.address(started=False)
    stop(root)  # one that does not answer would write it all down again
    try:
        for path in (folder / "state" / JOURNAL, *(folder / "state").glob("*/*.json")):
            path.unlink(missing_ok=True)
    except OSError as error:
        raise SandboxError(f"{error.filename} cannot be forgotten: {error.strerror}") from error
    return None


def status(root: Path) -> Status:
    """Return how the sandbox stands, without starting it."""
    folder = state_folder(root)
    running = process.running(folder)
    if running is None:
        return Status(running=False, pid=process.held(folder))
    health = running.health
    return Status(
        running=True,
        endpoint_url=running.endpoint_url,
        pid=running.pid,
        uptime_seconds=float(health["uptime_seconds"]),
        stacks=int(health["stacks"]),
        faults=tuple(health["faults"]),
        problem=str(health.get("problem", "")),
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


def fault(root: Path, name: str, **options: str | float) -> Mapping[str, Any]:
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
    """Do to a resource what a hand in the console would: `breaking.ACTIONS` has the actions and their options.

    Raises:
        SandboxError: there is no such resource, or it cannot be changed so.
    """
    return call(root, "POST", "break", {"stack": stack, "logical_id": logical_id, **options})


def seed(
    root: Path,
    *,
    prices: Sequence[Mapping[str, str]] = (),
    costs: Sequence[Mapping[str, Any]] = (),
    metrics: Sequence[Mapping[str, Any]] = (),
    endpoints: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Tell the sandbox prices, past costs and metrics, which it cannot know; `account.seeds` has their form.

    `endpoints` has the past of endpoints in a few numbers each, and their age: `account.pasts` has its form.

    Raises:
        SandboxError: it does not run, or a seed is not as it should be.
    """
    told = {"prices": list(prices), "costs": list(costs), "metrics": list(metrics), "endpoints": list(endpoints)}
    call(root, "POST", "seed", told)


def set_clock(root: Path, **settings: float) -> Mapping[str, Any]:
    """Read or set engine time: advance_seconds, speed, endpoint_seconds, and the other paces."""
    return call(root, "POST" if settings else "GET", "clock", settings or None)


def call(root: Path, method: str, what: str, body: object = None) -> Mapping[str, Any]:
    """Call the running server's control API, `/_esmcfn/<what>`.

    Raises:
        SandboxError: it does not run, or refused.
    """
    running = process.running(state_folder(root))
    if running is None:
        raise SandboxError("the sandbox is not running", next_step="esmcfn sandbox start")
    try:
        code, answer = process.http(running.port, method, f"/_esmcfn/{what}", running.token, body, ANSWER_SECONDS * 6)
    except (OSError, ValueError, LookupError) as error:
        raise SandboxError(
            f"the sandbox ended, or hangs, before it answered: {error}",
            next_step="esmcfn sandbox status says how it stands, and `esmcfn sandbox start` starts it again",
        ) from error
    if code != 200:
        kind = Refused if code == 400 else SandboxError
        raise kind(str(answer.get("message", f"the sandbox answered {code}")))
    return answer


def _span(seconds: float) -> str:
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
