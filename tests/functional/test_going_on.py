"""A command that writes and is interrupted: what it advises does what was begun, and nothing else."""

from __future__ import annotations

import shlex
import signal

from awaited import HANG_SECONDS

from esmcfn import sandbox
from esmcfn.errors import ExitCode

ONE = "prototype_model"


def interrupted(root, *words, **variables):
    """The next step that a command line names, once CloudFormation is at work and somebody said stop."""
    process = root.begun(*words, **variables)
    assert process.stderr is not None
    before = []
    for line in process.stderr:
        before.append(line)
        if "_IN_PROGRESS" in line:
            break
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == ExitCode.TERMINATED, err
    (step,) = (line for line in err.splitlines() if line.startswith("next: "))
    return before, step.partition("; ")[2].partition(" goes on from there")[0]


def test_parking_one_model_goes_on_with_that_one_whoever_named_it(root_of):
    root = root_of("multi_model").deployed()
    sandbox.set_clock(root.folder, speed=1, resource_seconds=3600)
    said, again = interrupted(root, "park", "dev", "--yes", ESMCFN_MODEL=ONE)
    assert again == f"esmcfn park dev --model {ONE} --yes --wait-for-stack 30m"
    assert any(line.startswith("· plan of dev (") and "1 to delete" in line for line in said)
    assert any(line.startswith("· callers: deletes: prototype_model") for line in said)
    assert any(line.startswith("· cost: ") and " -> " in line for line in said)
    sandbox.set_clock(root.folder, speed=100000)
    done = root.esmcfn(*shlex.split(again)[1:])
    assert done.code == ExitCode.DONE, done.err
    assert root.read("environments/dev.yaml").count("parked: true") == 1
    endpoints = root.client("sagemaker").list_endpoints()["Endpoints"]
    assert len(endpoints) == 1
