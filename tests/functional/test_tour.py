"""From the first plan to the last deletion, as whole processes; and killed in the middle of it."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import time
from functools import partial
from pathlib import Path

import pytest
from awaited import HANG_SECONDS, until
from test_bad_days import ask
from test_exit_codes import remaining

from esmcfn import sandbox
from esmcfn.errors import ExitCode

MODEL = "esm-dev-prototype-model"


@pytest.fixture
def fast(root):
    """A root whose sandbox runs a hundred times as fast."""
    sandbox.ensure(root.folder)
    sandbox.set_clock(root.folder, speed=100)
    return root


def names(root) -> list[str]:
    return sorted(stack["StackName"] for stack in root.client("cloudformation").describe_stacks()["Stacks"])


def standing(client) -> set[tuple[str, str]]:
    """The name and status of each stack."""
    return {(stack["StackName"], stack["StackStatus"]) for stack in client.describe_stacks()["Stacks"]}


def pending(root) -> list[str]:
    """Change sets that could still be executed, and stacks in review."""
    client, left = root.client("cloudformation"), remaining(root)
    executed = {
        summary["ChangeSetName"]
        for name in names(root)
        for summary in client.list_change_sets(StackName=name)["Summaries"]
        if summary["ExecutionStatus"].startswith("EXECUTE_")
    }
    return [each for each in left if each not in executed]


def test_the_tour(fast):
    assert fast.esmcfn("plan", "dev").code == ExitCode.DONE
    first = fast.esmcfn("deploy", "dev", "--yes", "-f", "json")
    assert first.code == ExitCode.DONE, first.err
    (base, model) = first.document["stacks"]
    assert (base["status"], model["status"], model["endpoint_status"]) == (
        "CREATE_COMPLETE",
        "CREATE_COMPLETE",
        "InService",
    )
    outputs = fast.esmcfn("outputs", "dev", "-f", "json").document
    assert outputs["sagemaker_endpoints"] == first.document["outputs"]["sagemaker_endpoints"]

    ask(fast, "capacity", instance_type="ml.g5.12xlarge")
    fast.edit("ml.g5.2xlarge", "ml.g5.12xlarge")
    failed = fast.esmcfn("deploy", "dev", "--yes")
    assert failed.code == ExitCode.DEPLOYMENT
    assert "capacity: AWS has no such host free" in failed.out
    assert "everything is as it was before" in failed.out
    sandbox.clear_faults(fast.folder)
    assert fast.esmcfn("deploy", "dev", "--yes").code == ExitCode.DONE

    assert fast.esmcfn("park", "dev", "--yes").code == ExitCode.DONE
    assert "parked: true" in (fast.folder / "environments/dev.yaml").read_text(encoding="utf-8")
    assert fast.esmcfn("plan", "dev", "--detailed-exitcode").code == ExitCode.DONE
    assert fast.client("sagemaker").list_endpoints()["Endpoints"] == []
    assert fast.esmcfn("resume", "dev", "--yes").code == ExitCode.DONE
    assert "parked" not in (fast.folder / "environments/dev.yaml").read_text(encoding="utf-8")
    assert (
        fast.esmcfn("outputs", "dev", "-f", "json").document["sagemaker_endpoints"]["prototype_model"]["endpoint_name"]
        == outputs["sagemaker_endpoints"]["prototype_model"]["endpoint_name"]
    )

    gone = fast.esmcfn("destroy", "dev", "--yes", "--delete-logs", "-f", "json")
    assert gone.code == ExitCode.DONE
    assert gone.document["schema"] == "esmcfn.destroy/v1"
    assert gone.document["left"] == []
    assert names(fast) == []
    assert fast.client("sagemaker").list_models()["Models"] == []
    assert fast.client("logs").describe_log_groups()["logGroups"] == []
    assert pending(fast) == []


def test_the_reviewed_plan_and_nothing_else(fast):
    fast.deployed()
    fast.edit("ml.g5.2xlarge", "ml.g5.4xlarge")
    planned = fast.esmcfn("plan", "dev", "--out", "plan.json", "-f", "json")
    assert planned.code == ExitCode.DONE
    file = fast.folder / "plan.json"
    document = json.loads(file.read_text(encoding="utf-8"))
    assert document == planned.document

    for forged in (
        {**document, "account": "111122223333"},
        {**document, "plan_id": "sha256:" + "0" * 64},
        {**document, "stacks": []},
        {"schema": "esmcfn.plan/v1"},
        {"schema": "esmcfn.deploy/v1"},
        [],
    ):
        (fast.folder / "forged.json").write_text(json.dumps(forged), encoding="utf-8")
        refused = fast.esmcfn("deploy", "--plan", "forged.json", "--yes")
        assert refused.code == ExitCode.STALE, (forged, refused.err)
        assert "Traceback" not in refused.err
    assert fast.esmcfn("deploy", "--plan", "nowhere.json", "--yes").code == ExitCode.USAGE
    assert fast.esmcfn("deploy", "dev", "--plan", "plan.json", "--model", "prototype_model", "--yes").code == 2

    fast.edit("ml.g5.4xlarge", "ml.g5.8xlarge")
    stale = fast.esmcfn("deploy", "--plan", "plan.json", "--yes", "-f", "json")
    assert stale.code == ExitCode.STALE
    assert "ml.g5.4xlarge was reviewed, ml.g5.8xlarge is built" in stale.document["message"]

    fast.edit("ml.g5.8xlarge", "ml.g5.4xlarge")
    done = fast.esmcfn("deploy", "--plan", "plan.json", "--yes", "-f", "json")
    assert done.code == ExitCode.DONE, done.err
    assert done.document["plan_id"] == document["plan_id"]
    assert pending(fast) == []
    assert fast.esmcfn("deploy", "--plan", "plan.json", "--yes").code == ExitCode.STALE


def test_the_readme_shows_the_snippet_that_is_printed(root):
    root.deployed()
    shown = root.esmcfn("outputs", "dev", "-f", "python")
    assert shown.code == ExitCode.DONE, shown.err
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    assert f"```python\n{shown.out}```\n" in readme


def test_a_plan_of_a_dry_run_has_nothing_to_execute(fast):
    planned = fast.esmcfn("plan", "dev", "-f", "json")
    (fast.folder / "plan.json").write_text(planned.out, encoding="utf-8")
    refused = fast.esmcfn("deploy", "--plan", "plan.json", "--yes")
    assert refused.code == ExitCode.STALE
    assert "no change set of it was reviewed" in refused.err


def test_the_shared_accounts_secret_is_in_no_output(root_of):
    root = root_of("basic_shared_user")
    sandbox.ensure(root.folder)
    sandbox.set_clock(root.folder, speed=100)
    runs = [
        root.esmcfn("-v", *words)
        for words in (
            ("plan", "dev", "-f", "json", "--out", "plan.json"),
            ("deploy", "--plan", "plan.json", "--yes", "-f", "json"),
            ("outputs", "dev"),
            ("outputs", "dev", "-f", "json"),
            ("outputs", "dev", "-f", "terraform"),
            ("status", "dev", "-f", "json"),
        )
    ]
    assert {run.code for run in runs} == {ExitCode.DONE}
    (secret,) = root.client("secretsmanager").list_secrets()["SecretList"]
    value = json.loads(root.client("secretsmanager").get_secret_value(SecretId=secret["ARN"])["SecretString"])
    hidden = max(value.values(), key=len)
    assert len(hidden) > 30
    assert not any(hidden in run.out or hidden in run.err for run in runs)


@pytest.mark.parametrize("moment", ["change set", "base", "model"])
def test_killed_at_any_moment_a_rerun_converges(root, moment):
    sandbox.ensure(root.folder)
    slow = {
        "change set": {"change_set_seconds": 3600},
        "base": {"stack_seconds": 3600},
        "model": {"endpoint_seconds": 3600},
    }
    sandbox.set_clock(root.folder, **slow[moment])
    process = subprocess.Popen(
        root.command("deploy", "dev", "--yes"),
        env=root.environment,
        cwd=root.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    client = root.client("cloudformation")
    awaited = {"change set": "REVIEW_IN_PROGRESS", "base": "CREATE_IN_PROGRESS", "model": "CREATE_IN_PROGRESS"}[moment]
    name = MODEL if moment == "model" else "esm-dev"
    until(lambda: (name, awaited) in standing(client), f"{name} is in {awaited}")
    process.send_signal(signal.SIGKILL)
    process.wait(HANG_SECONDS)
    sandbox.set_clock(root.folder, speed=10_000, change_set_seconds=0.05, stack_seconds=0.05, endpoint_seconds=2)
    done = root.esmcfn("deploy", "dev", "--yes", "--wait-for-stack", "60s")
    assert done.code == ExitCode.DONE, done.err
    assert names(root) == ["esm-dev", MODEL]
    assert root.esmcfn("plan", "dev", "--detailed-exitcode").code == ExitCode.DONE


def test_at_a_terminal_ctrl_c_asks_and_cancelling_goes_back(root):
    root.deployed()
    root.edit("ml.g5.2xlarge", "ml.g5.4xlarge")
    sandbox.set_clock(root.folder, speed=1, endpoint_seconds=3600)
    screen = Terminal(root, "deploy", "dev", "--yes")
    screen.until("Endpoint")
    (endpoint,) = root.client("sagemaker").list_endpoints()["Endpoints"]
    describe = partial(root.client("sagemaker").describe_endpoint, EndpointName=endpoint["EndpointName"])
    until(lambda: describe()["EndpointStatus"] == "Updating", "CloudFormation waits for SageMaker")
    screen.type("\x03")
    screen.until("What now")
    screen.type("c\r")
    sandbox.set_clock(root.folder, speed=10_000)
    code, shown = screen.ended()
    assert code == ExitCode.DEPLOYMENT, shown
    assert "UPDATE_ROLLBACK_COMPLETE" in shown
    assert "it was cancelled" in shown


class Terminal:
    """A command line at a terminal of its own."""

    def __init__(self, root, *words: str) -> None:
        self._mine, theirs = pty.openpty()
        self._process = subprocess.Popen(
            root.command(*words),
            env={**root.environment, "TERM": "xterm", "COLUMNS": "160"},
            cwd=root.folder,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=_own_terminal,
        )
        os.close(theirs)
        self._shown = ""

    def type(self, text: str) -> None:
        os.write(self._mine, text.encode())

    def until(self, text: str) -> None:
        """Read until this is on the screen."""
        deadline = time.monotonic() + HANG_SECONDS
        while text not in self._shown and time.monotonic() < deadline:
            self._read()
        assert text in self._shown, self._shown

    def ended(self) -> tuple[int, str]:
        """Its exit code, and all that it wrote: the screen is read until nobody has it any more."""
        deadline = time.monotonic() + HANG_SECONDS
        while self._read() and time.monotonic() < deadline:
            pass
        return self._process.wait(HANG_SECONDS), self._shown

    def _read(self) -> bool:
        """Read what is there; False once the other side is closed."""
        ready, _, _ = select.select([self._mine], [], [], 0.1)
        if ready:
            try:
                self._shown += os.read(self._mine, 65536).decode(errors="replace")
            except OSError:
                return False
        return True


def _own_terminal() -> None:
    """The terminal sends Ctrl-C to whoever controls it."""
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
