"""A process that has esmcfn loaded and forks for every command line, so that a runner's steps need not start Python.

`python forking.py SOCKET` serves. `command(SOCKET, NAME)` is what stands on the PATH in its place: it hands over its
words, folder, variables and streams, and ends as the command did. Every command is still a process of its own.
"""

from __future__ import annotations

import gc
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

CLIENT = """\
import json, os, socket, sys
there = socket.socket(socket.AF_UNIX)
there.connect(sys.argv[1])
asked = json.dumps({"words": sys.argv[2:], "folder": os.getcwd(), "variables": dict(os.environ)}).encode()
socket.send_fds(there, [len(asked).to_bytes(8, "big")], [0, 1, 2])
there.sendall(asked)
answer = there.recv(1)
os._exit(answer[0] if answer else 70)
"""


def command(address: Path, name: str) -> str:
    """The line of a shell script that runs a command by the server."""
    python, client = shlex.quote(sys.executable), shlex.quote(str(address.with_suffix(".py")))
    return f'exec {python} -I -S {client} {shlex.quote(str(address))} {name} "$@"'


def start(address: Path) -> subprocess.Popen[bytes]:
    """Start the server, and return when it listens."""
    address.with_suffix(".py").write_text(CLIENT)
    server = subprocess.Popen([sys.executable, __file__, str(address)], stdin=subprocess.DEVNULL)
    deadline = time.monotonic() + 180
    while not address.exists():
        assert server.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return server


def serve(address: str) -> None:
    commands = loaded()
    gc.collect()
    gc.freeze()
    door = socket.socket(socket.AF_UNIX)
    door.bind(f"{address}.new")
    door.listen(64)
    os.rename(f"{address}.new", address)
    signal.signal(signal.SIGCHLD, reaped)
    while True:
        caller, _ = door.accept()
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            door.close()
            answer(caller, commands)
        caller.close()


def reaped(number: int, frame: object) -> None:
    """Forget whoever has answered."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def loaded() -> dict[str, Callable[[list[str]], int]]:
    """What can be called, with everything imported that it would import first."""
    import botocore.session
    import gh

    import esmcfn.cli.compose
    import esmcfn.cli.program
    import esmcfn.inputs
    import esmcfn.policy
    import esmcfn.render.comment
    import esmcfn.template
    import esmcfn.verbs.deploy.deploying
    from esmcfn import aws

    assert aws
    session = botocore.session.Session()
    for service in ("cloudformation", "sagemaker"):
        session.get_service_model(service)
    return {"esmcfn": esmcfn.cli.program.run, "gh": gh.main}


def tomorrow(days: int) -> None:
    """Let commands believe that so many days have passed."""
    from esmcfn.cli import compose

    class Later(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return datetime.now(tz) + timedelta(days=days)

    compose.datetime = Later  # type: ignore[misc]


def answer(caller: socket.socket, commands: dict[str, Callable[[list[str]], int]]) -> None:
    """Be the command, and never come back."""
    size, streams, _, _ = socket.recv_fds(caller, 8, 3)
    text, wanted = b"", int.from_bytes(size, "big")
    while len(text) < wanted:
        text += caller.recv(wanted - len(text))
    asked = json.loads(text)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["variables"])
    time.tzset()
    if later := os.environ.get("DAYS_LATER"):
        tomorrow(int(later))
    name, *words = asked["words"]
    code = 1
    try:
        code = commands[name](words)
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 1
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        caller.sendall(bytes([code]))
        os._exit(code)


if __name__ == "__main__":
    serve(sys.argv[1])
