"""Files that are not what the server wrote: said plainly, with the way out, and never a traceback."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from esmcfn import sandbox
from esmcfn.aws.session import Clients, Reach, translated
from esmcfn.errors import CloudError, SandboxError
from esmcfn.sandbox import running
from esmcfn.sandbox.cloudformation.operations import operations
from esmcfn.sandbox.server import Sandbox
from esmcfn.sandbox.state import Damaged
from esmcfn.sandbox.wire import Call
from esmcfn.sandbox.world import World

from .conftest import REGION
from .templates import an_endpoint


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = tmp_path / "root"
    folder.mkdir()
    yield folder
    sandbox.stop(folder)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", '"x"', "{}", '{"port": null}', '{"pid": "abc", "port": 1, "token": "t"}']
)
def test_a_run_file_that_no_server_wrote_is_no_server(root, content):
    folder = running.state_folder(root)
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(content, encoding="utf-8")
    assert sandbox.find(root) is None
    assert sandbox.status(root).line == "stopped"
    assert sandbox.stop(root) is False
    assert sandbox.reset(root) is None


def test_a_server_whose_run_file_was_damaged_is_succeeded(root):
    first = sandbox.ensure(root)
    (running.state_folder(root) / "run.json").write_text("[]", encoding="utf-8")
    second = sandbox.ensure(root)
    assert second.pid != first.pid
    assert sandbox.find(root) is not None


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"{}", "it is JSON, but not what a sandbox writes"),
        (b"[1]", "it is JSON, but not what a sandbox writes"),
        (b'{"a":\n 1', "it is not JSON from line 2, column 3 on"),
        (b"\xff", "it is not UTF-8 from byte 0 on"),
    ],
)
def test_damaged_state_names_the_file_and_the_way_out(root, content, why):
    stacks = running.state_folder(root) / "state" / "stacks"
    stacks.mkdir(parents=True)
    (stacks / "broken.json").write_bytes(content)
    with pytest.raises(SandboxError) as caught:
        sandbox.ensure(root)
    assert f"broken.json cannot be read: {why}" in caught.value.message
    assert "Error" not in caught.value.message
    assert "Traceback" not in caught.value.message
    assert "esmcfn sandbox reset" in caught.value.next_step
    sandbox.reset(root)
    assert sandbox.ensure(root).started


def test_a_file_of_sagemakers_that_is_gone_is_no_drift(tmp_path):
    store = tmp_path / "state"
    sandboxed = Sandbox(store)
    world = sandboxed.world
    call = Call(
        service="cloudformation",
        operation="CreateStack",
        region=REGION,
        parameters={"StackName": "s", "TemplateBody": json.dumps(an_endpoint())},
    )
    with world.lock:
        operations(world.cloudformation)["CreateStack"](call)
        world.clock.advance(60)
        world.settle()
    sandboxed.server.server_close()
    World(store)
    (store / "sagemaker" / f"{REGION}.json").unlink()
    with pytest.raises(Damaged, match=rf"sagemaker/{REGION}\.json is gone: stack s has Model, Config, Endpoint in it"):
        World(store)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_state_folder_that_cannot_be_written_is_said_so(root, tmp_path, monkeypatch):
    (tmp_path / "locked").mkdir(mode=0o500)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "locked"))
    with pytest.raises(SandboxError, match="cannot keep its state"):
        sandbox.ensure(root)


def test_a_file_in_place_of_the_state_folder_is_said_so(root, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    with pytest.raises(SandboxError, match="cannot keep its state") as caught:
        sandbox.ensure(root)
    assert "XDG_STATE_HOME" in caught.value.next_step


def test_a_server_that_hangs_is_told_apart_from_none_and_succeeded(root, monkeypatch):
    monkeypatch.setattr(running, "ANSWER_SECONDS", 0.3)
    first = sandbox.ensure(root)
    os.kill(first.pid, signal.SIGSTOP)
    assert sandbox.status(root).line.startswith(f"does not answer (pid {first.pid})")
    second = sandbox.ensure(root)
    assert second.started
    assert second.pid != first.pid
    os.kill(second.pid, signal.SIGSTOP)
    assert sandbox.stop(root) is True
    assert sandbox.status(root).line == "stopped"


@pytest.fixture
def bystander():
    """A process of somebody else's, which no command of ours may touch."""
    process = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    yield process
    assert process.poll() is None, "somebody sent it a signal"
    process.communicate()


@contextmanager
def foreign(answer):
    """A server of somebody else's on a port of this machine, that says `answer` to whoever asks."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("answer", [b"HTTP/1.0 200 OK\r\n\r\n{}", b"x\r\n\r\n{}", b"HTTP/1.0 200 OK\r\n\r\n[]", b""])
@pytest.mark.parametrize("verb", ["ensure", "stop"])
def test_a_run_file_that_names_others_costs_them_nothing(root, bystander, answer, verb):
    first = sandbox.ensure(root)
    folder = running.state_folder(root)
    with foreign(answer) as port:
        noted = {"pid": bystander.pid, "port": port, "token": "t", "stamp": running.code_stamp()}
        (folder / "run.json").write_text(json.dumps(noted), encoding="utf-8")
        assert sandbox.status(root).pid == first.pid, "the holder of the lock"
        if verb == "stop":
            assert sandbox.stop(root) is True
            assert sandbox.status(root).line == "stopped"
        else:
            second = sandbox.ensure(root)
            assert second.started
            assert second.pid not in (first.pid, bystander.pid)


def test_a_lock_whose_holder_cannot_be_named_is_said_so_and_nobody_gets_a_signal(root, bystander, monkeypatch):
    monkeypatch.setattr(running, "_holder_by_kernel", lambda _: None)  # as where the kernel does not say it
    first = sandbox.ensure(root)
    folder = running.state_folder(root)
    assert sandbox.status(root).pid == first.pid
    (folder / "run.json").write_text(json.dumps({"pid": bystander.pid}), encoding="utf-8")
    (folder / "server.lock").write_text("", encoding="ascii")
    for ask in (sandbox.stop, sandbox.ensure):
        with pytest.raises(SandboxError, match="is held by a process that cannot be named") as told:
            ask(root)
        assert "lsof" in told.value.next_step
    monkeypatch.undo()


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="this kernel does not say who holds a lock")
def test_a_note_that_was_edited_convinces_nobody(root, bystander):
    first = sandbox.ensure(root)
    folder = running.state_folder(root)
    (folder / "server.lock").write_text(str(bystander.pid), encoding="ascii")
    (folder / "run.json").unlink()
    assert running.held(folder) == first.pid
    assert sandbox.stop(root) is True


def test_a_process_that_does_not_end_is_no_wait_for_ever(root, bystander, monkeypatch):
    monkeypatch.setattr(running, "ANSWER_SECONDS", 0.1)
    folder = running.state_folder(root)
    folder.mkdir(parents=True)
    sent = []
    monkeypatch.setattr(os, "kill", lambda pid, number: sent.append((pid, number)))
    with (folder / "server.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(SandboxError, match=f"is held by process {os.getpid()}, which does not end"):
            running.stop(folder, os.getpid())
        monkeypatch.setattr(running, "_holder_by_kernel", lambda _: bystander.pid)
        running.stop(folder, os.getpid())
    assert sent == [(os.getpid(), signal.SIGTERM), (os.getpid(), signal.SIGKILL)], "none where another one holds it"


def test_a_command_that_does_not_let_go_is_waited_for_so_long_and_then_named(root, monkeypatch):
    monkeypatch.setattr(running, "LOCK_SECONDS", 0.1)
    folder = running.state_folder(root)
    folder.mkdir(parents=True)
    with (folder / "start.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(SandboxError, match="another command has held"):
            sandbox.ensure(root)


def test_a_reset_ends_a_server_that_hangs_and_forgets_what_it_was_writing(root, monkeypatch):
    monkeypatch.setattr(running, "ANSWER_SECONDS", 0.3)
    address = sandbox.ensure(root)
    sandbox.fault(root, "quota")
    os.kill(address.pid, signal.SIGSTOP)
    (running.state_folder(root) / "state" / running.JOURNAL).write_text('{"faults/active.json": [{"name": "health"}]}')
    assert sandbox.reset(root) is None
    assert sandbox.ensure(root).started
    assert sandbox.status(root).faults == ()


def test_a_sandbox_that_was_killed_is_named_and_not_the_network(root):
    address = sandbox.ensure(root)
    os.kill(address.pid, signal.SIGKILL)
    reach = Reach(region="us-east-2", endpoint_url=address.endpoint_url, credentials=("sandbox", "sandbox"), attempts=1)
    with pytest.raises(CloudError) as told, translated("asking"):
        Clients(reach).of("sagemaker").list_models()
    assert "the sandbox has ended, or was killed; run the command again" in told.value.next_step
    assert "network" not in told.value.next_step


def test_what_was_being_written_when_it_was_killed_is_there(root):
    state = running.state_folder(root) / "state"
    state.mkdir(parents=True)
    (state / running.JOURNAL).write_text(
        '{"faults/active.json": [{"name": "health"}], "clock/clock.json": {"now": 9e9}}'
    )
    sandbox.ensure(root)
    assert sandbox.status(root).faults == ("health",)
    assert sandbox.set_clock(root)["now"] >= 9e9
    assert not (state / running.JOURNAL).exists()


def test_a_disk_that_takes_nothing_is_an_error_that_says_so_and_passes(root):
    address = sandbox.ensure(root)
    state = running.state_folder(root) / "state"
    shutil.rmtree(state, ignore_errors=True)
    state.write_text("in the way", encoding="utf-8")
    with pytest.raises(SandboxError, match="cannot keep its state in"):
        sandbox.fault(root, "health")
    sagemaker = boto3.client(
        "sagemaker",
        region_name="us-east-2",
        endpoint_url=address.endpoint_url,
        aws_access_key_id="sandbox",
        aws_secret_access_key="sandbox",
        config=Config(retries={"total_max_attempts": 1}),
    )
    with pytest.raises(ClientError, match="cannot keep its state in") as caught:
        sagemaker.list_models()
    assert caught.value.response["Error"]["Code"] == "InternalFailure"
    reach = Reach(region="us-east-2", endpoint_url=address.endpoint_url, credentials=("sandbox", "sandbox"))
    before = time.monotonic()
    with pytest.raises(CloudError, match="cannot keep its state in") as told, translated("asking"):
        Clients(reach).of("sagemaker").list_models()
    assert not told.value.transient, "nobody waits for a disk"
    assert time.monotonic() - before < 5, "and no client tries seven times"
    assert "; it cannot keep its state in" in sandbox.status(root).line
    state.unlink()
    assert sagemaker.list_models()["Models"] == []
    assert sandbox.status(root).problem == ""
    os.kill(address.pid, signal.SIGKILL)
    assert sandbox.ensure(root).started
    assert sandbox.status(root).faults == ("health",), "it was kept as soon as there was room"


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"speed": float("nan")}, "speed is between 0 and 1000000"),
        ({"advance_seconds": -1.0}, "advance_seconds is between 0 and"),
        ({"advance_seconds": 1e300}, "advance_seconds is between 0 and"),
        ({"pace": 1.0}, "the clock has no pace; it has: advance_seconds"),
    ],
)
def test_a_clock_takes_no_setting_that_would_break_it(root, settings, told):
    sandbox.ensure(root)
    before = sandbox.set_clock(root)["speed"]
    with pytest.raises(sandbox.Refused, match=told):
        sandbox.set_clock(root, **settings)
    assert sandbox.set_clock(root)["speed"] == before


def test_time_ends_before_the_calendar_does_and_a_reset_turns_it_back(root):
    sandbox.ensure(root)
    most = 10 * 365 * 24 * 3600.0

    def for_ever() -> None:
        while True:
            sandbox.set_clock(root, advance_seconds=most)

    with pytest.raises(sandbox.Refused, match="does not go past the year 9892"):
        for_ever()
    sandbox.fault(root, "health")
    sandbox.set_clock(root, speed=50, endpoint_seconds=7)
    sandbox.reset(root)
    found = sandbox.set_clock(root)
    assert (found["speed"], found["endpoint_seconds"]) == (1.0, 2.0)
    assert abs(found["now"] - time.time()) < 60
