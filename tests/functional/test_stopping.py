"""Ctrl-C and SIGTERM at any moment, in processes of their own: the exit code is theirs, and nothing is begun after."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from awaited import HANG_SECONDS, until

from esmcfn import sandbox
from esmcfn.errors import ExitCode

MOMENTS = 12

SWALLOWING = """
import signal, sys

class Swallowing:
    name = sys.argv.pop(1)

    def find_spec(self, name, path=None, target=None):
        if name == self.name:
            sys.meta_path.remove(self)
            try:
                signal.raise_signal(signal.SIGTERM)
            except BaseException:
                sys.stderr.write("swallowed\\n")

sys.meta_path.insert(0, Swallowing())
from esmcfn.cli import main
main()
"""


def stacks(root):
    return [stack["StackName"] for stack in root.client("cloudformation").describe_stacks()["Stacks"]]


def listens(process, number):
    """Does a handler of its own stand? Before, Python itself is still starting."""
    (caught,) = [
        line.split()[1]
        for line in Path(f"/proc/{process.pid}/status").read_text().splitlines()
        if line.startswith("SigCgt:")
    ]
    return int(caught, 16) >> (number - 1) & 1


@pytest.fixture
def known(root):
    """A root whose templates the engines have judged before, so that a command takes its usual time."""
    assert root.esmcfn("plan", "dev").code == ExitCode.DONE
    return root


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells who listens to signals")
def test_at_whatever_moment_a_deployment_is_stopped_all_that_is_left_is_named(known):
    began = time.monotonic()
    assert known.esmcfn("plan", "dev").code == ExitCode.DONE
    lasts = time.monotonic() - began
    for moment in range(MOMENTS):
        sandbox.set_clock(known.folder, speed=1, change_set_seconds=0, resource_seconds=3600)  # none ends by itself
        number = (signal.SIGINT, signal.SIGTERM)[moment % 2]
        process = known.begun("deploy", "dev", "--yes")
        until(lambda process=process: listens(process, signal.SIGTERM), "it listens to signals")
        time.sleep(lasts * moment / MOMENTS)
        process.send_signal(number)
        _, err = process.communicate(timeout=HANG_SECONDS)
        told = f"moment {moment} of {lasts:.2f} s: {process.returncode}\n{err}"
        assert process.returncode == 128 + number, told
        assert not any(word in err for word in ("Traceback", "bug", "ignored")), told
        left = stacks(known)
        named = [name for name in left if name in err.partition("error: ")[2]]
        assert left == named, told
        sandbox.reset(known.folder)


def test_a_signal_that_an_import_swallows_stops_a_deployment_all_the_same(known):
    for module in ("esmcfn.cli.program", "esmcfn.cli.deploy", "botocore.session", "esmcfn.render.brief"):
        done = subprocess.run(
            [sys.executable, "-c", SWALLOWING, module, "deploy", "dev", "--yes"],
            env=known.environment,
            cwd=known.folder,
            capture_output=True,
            text=True,
            timeout=HANG_SECONDS,
        )
        assert done.returncode == ExitCode.TERMINATED, (module, done.stderr)
        assert ("swallowed" in done.stderr) == (module != "esmcfn.cli.program")  # before, it is noted and not raised
        assert "error: " in done.stderr
        assert stacks(known) == []
