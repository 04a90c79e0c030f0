"""The server process: `python -m esmcfn.sandbox.server --folder STATE`, started by `esmcfn.sandbox.ensure`."""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import secrets
import select
import signal
import socket
import struct
import sys
import threading
import time
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from esmcfn.sandbox import code_stamp
from esmcfn.sandbox.clock import Clock
from esmcfn.sandbox.control import Control
from esmcfn.sandbox.front import Front
from esmcfn.sandbox.refusal import Lost
from esmcfn.sandbox.state import Damaged, Unwritable
from esmcfn.sandbox.world import World

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

IDLE_SECONDS = 12 * 3600.0
"""A server that nobody has talked to for this long ends; its state stays and the next command starts it again."""


WATCH_SECONDS = 5.0
"""How often a server looks whether it is still wanted."""

STOP_SECONDS = 0.1
"""How long a server may take to hear that it is to stop."""


class QuietHandler(WSGIRequestHandler):
    """Requests without a line in the log each, and without Nagle's wait between header and body."""

    disable_nagle_algorithm = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""

    def connection_dropped(self, error: BaseException, environ: WSGIEnvironment | None = None) -> None:
        """End a connection without an answer, where a fault asked for it.

        A reset is a close without lingering; a client that waits for an answer may hang up before we do.
        """
        if not isinstance(error, Lost):
            return
        if error.seconds:
            select.select([self.connection], [], [], error.seconds)
        else:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()


class Sandbox:
    """A server with its world; in a thread for tests, in a process of its own for people."""

    def __init__(self, folder: Path | None = None, *, clock: Clock | None = None, port: int = 0) -> None:
        self.token = secrets.token_hex(16)
        self.world = World(folder, clock=clock)
        self.last_request = time.monotonic()
        front = Front(self.world, Control(self.world, self.token))

        def application(environ, start_response):  # type: ignore[no-untyped-def]
            self.last_request = time.monotonic()
            return front(environ, start_response)

        self.server: BaseWSGIServer = make_server(
            "127.0.0.1", port, application, threaded=True, request_handler=QuietHandler
        )
        self.server.daemon_threads = True  # type: ignore[attr-defined]
        self.world.port = self.port

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.server.server_port)

    @property
    def endpoint_url(self) -> str:
        """What AWS_ENDPOINT_URL should say."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Serve in a thread."""
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """End the server and keep the clock."""
        self.server.shutdown()
        self.server.server_close()
        self.kept()

    def kept(self) -> bool:
        """Bring everything to the present and keep it, with the clock; says so where the disk does not take it."""
        try:
            with self.world.lock, self.world.store.together():
                self.world.settle()
                self.world.keep_clock()
        except Unwritable as error:
            print(error, file=sys.stderr)
            return False
        return True


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM, until idle too long, or until the folder is gone."""
    parser = argparse.ArgumentParser(prog="esmcfn.sandbox.server")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--foreground", action="store_true")
    folder: Path = (given := parser.parse_args(arguments)).folder
    os.umask(0o077)
    if not _locked(folder / "server.lock"):
        print(f"another sandbox serves {folder}", file=sys.stderr)
        return 1
    try:
        sandbox = Sandbox(folder / "state", port=given.port)
    except Damaged as error:
        print(f"{error}\n`esmcfn sandbox reset` forgets what was deployed and starts anew", file=sys.stderr)
        return 1
    _announce(folder, sandbox)
    threading.Thread(target=_preload, args=(sandbox,), daemon=True).start()
    threading.Thread(target=_watch, args=(folder, sandbox), daemon=True).start()
    signal.signal(signal.SIGTERM, _shut_down(sandbox))
    signal.signal(signal.SIGINT, _shut_down(sandbox) if given.foreground else signal.SIG_IGN)
    if given.foreground:
        print(f"serving {sandbox.endpoint_url}; Ctrl-C ends it", file=sys.stderr)
    sandbox.server.serve_forever(poll_interval=STOP_SECONDS)
    return 0 if sandbox.kept() else 1


def _locked(path: Path) -> bool:
    """Hold the folder for as long as this process lives, and note who does.

    A server that lost its run.json ends within WATCH_SECONDS.
    """
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + 2 * WATCH_SECONDS
    while time.monotonic() < deadline:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.05)
        else:
            os.ftruncate(lock, 0)
            os.pwrite(lock, str(os.getpid()).encode("ascii"), 0)
            return True
    return False


def _announce(folder: Path, sandbox: Sandbox) -> None:
    note = {"pid": os.getpid(), "port": sandbox.port, "token": sandbox.token, "stamp": code_stamp()}
    draft = folder / "run.tmp"
    draft.write_text(json.dumps(note), encoding="utf-8")
    os.replace(draft, folder / "run.json")


def _shut_down(sandbox: Sandbox):  # type: ignore[no-untyped-def]
    def handle(_number: int, _frame: FrameType | None) -> None:
        threading.Thread(target=sandbox.server.shutdown, daemon=True).start()

    return handle


def _watch(folder: Path, sandbox: Sandbox) -> None:
    """End the server when it is not needed: no request for long, or its folder was removed."""
    while (folder / "run.json").exists() and time.monotonic() - sandbox.last_request < IDLE_SECONDS:
        time.sleep(WATCH_SECONDS)
    sandbox.server.shutdown()


def _preload(sandbox: Sandbox) -> None:
    """Import what the first call needs, while the client is still on its way.

    Under the lock: two threads that import modules with circles at once may see half of one.
    """
    with sandbox.world.lock:
        import moto.core.parse
        import moto.core.serialize  # noqa: F401
        from moto.core.utils import get_service_model

        get_service_model("cloudformation")


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)  # everything is kept; taking moto apart piece by piece would take as long as starting it
