"""`esmcfn sandbox` as it is typed: one line each, exit codes, and never a traceback."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from esmcfn import sandbox
from esmcfn.cli.program import run
from esmcfn.errors import ExitCode
from esmcfn.sandbox.running import state_folder

Typed = Callable[..., tuple[int, str, str]]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    made = tmp_path / "root"
    made.mkdir()
    yield made
    sandbox.stop(made)


@pytest.fixture
def typed(root: Path, capsys: pytest.CaptureFixture[str]) -> Typed:
    """Runs `esmcfn sandbox WORDS`; returns exit code, stdout and stderr."""

    def call(*words: str, at: Path = root) -> tuple[int, str, str]:
        code = run(["--root", str(at), "sandbox", *words])
        told = capsys.readouterr()
        assert "Traceback" not in told.out + told.err
        return code, told.out, told.err

    return call


def test_a_day_in_its_life_a_line_each(typed: Typed, root: Path) -> None:
    assert typed("status") == (0, "stopped\n", "")
    assert typed("stop") == (0, "was not running\n", "")
    code, out, err = typed("start")
    assert (code, err) == (0, f"· starting the sandbox for {root}\n")
    assert out.startswith("running at http://127.0.0.1:")
    assert typed("start")[2] == "", "it runs already"
    assert len(typed("status")[1].splitlines()) == 1
    assert typed("fault", "throttle", "action=sts:*", "times=2")[1].startswith(
        "in force 2 times, or until reset: throttle"
    )
    assert "faults: throttle" in typed("status")[1]
    assert typed("fault", "--clear")[1] == "no fault is in force\n"
    shown = typed("clock", "endpoint_seconds=9")[1]
    assert "endpoint_seconds=9\n" in shown
    assert re.search(r"^now=20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$", shown, re.MULTILINE)
    assert typed("reset") == (0, "empty\n", "")
    assert typed("stop") == (0, "stopped\n", "")


def test_env_starts_it_and_a_shell_can_evaluate_what_it_prints(typed: Typed, root: Path) -> None:
    code, out, err = typed("env", "--region", "eu-west-1")
    assert (code, err.startswith("· starting the sandbox")) == (0, True)
    script = f'{out}\nprintf "%s %s" "$AWS_REGION" "$AWS_ENDPOINT_URL"'
    shown = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True).stdout
    running = sandbox.find(root)
    assert running is not None
    assert shown == f"eu-west-1 {running.endpoint_url}"


def test_each_root_has_its_own(typed: Typed, root: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    try:
        typed("fault", "quota")
        assert "faults" not in typed("start", at=other)[1]
        assert typed("status", at=other)[1] != typed("status")[1]
        assert state_folder(root) != state_folder(other)
    finally:
        sandbox.stop(other)


def test_it_listens_on_loopback_only(root: Path) -> None:
    port = int(sandbox.ensure(root).endpoint_url.rpartition(":")[2])
    listening = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:] if line.split()[3] == "0A"]
    hosts = {address.partition(":")[0] for _, address, *_ in listening if int(address.partition(":")[2], 16) == port}
    assert hosts == {"0100007F"}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["fault", "nope"], "no fault is called 'nope'; there are: quota"),
        (["fault", "quota", "limit=x"], "limit is a whole number, not 'x'"),
        (["fault", "quota", "limit"], "limit is not of the form name=value"),
        (["fault", "quota", "=1"], "=1 is not of the form name=value"),
        (["fault", "quota", "limit=1", "limit=2"], "limit= is there twice: 1 and 2"),
        (["fault", "capacity", "times=0"], "times is 1 or more"),
        (["fault", "--clear", "quota"], "--clear lifts every fault and takes no name"),
        (["break", "s", "T"], "no stack is called s; there are: none"),
        (["break", "s", "T", "x"], "x is not of the form name=value"),
        (["clock", "speed=fast"], "a setting of the clock is a number"),
        (["clock", "speed=nan"], "speed is between 0 and 1000000"),
        (["clock", "now=5"], "the clock has no now"),
        (["env", "--region", "nowhere"], "'nowhere' is no region"),
        (["env", "--region", ""], "'' is no region"),
    ],
)
def test_words_that_cannot_be_meant_are_usage(typed: Typed, words: list[str], told: str) -> None:
    code, out, err = typed(*words)
    assert (code, out) == (ExitCode.USAGE, "")
    assert told in err


def test_a_past_that_cannot_be_is_the_inputs_fault_with_its_place(typed: Typed, root: Path) -> None:
    (root / "past.yaml").write_text("endpoints:\n  Nope: {}\n  N: {cpu_percnt: 1}\n", encoding="utf-8")
    code, out, err = typed("seed", str(root / "past.yaml"))
    assert (code, out) == (ExitCode.INPUT, "")
    assert "past.yaml:2:3: endpoints: nothing is deployed in the sandbox yet" in err
    assert "past.yaml:3:7: endpoints.N.cpu_percnt: unknown key (did you mean cpu_percent?)" in err
    assert "nothing was seeded" in err


def test_a_past_of_a_file_that_is_not_there_is_usage(typed: Typed, root: Path) -> None:
    assert typed("seed", str(root / "nope.yaml"))[0] == ExitCode.USAGE
    assert typed("status")[1] == "stopped\n", "nothing was started for it"


def test_a_root_that_is_no_folder_has_no_sandbox(typed: Typed, tmp_path: Path) -> None:
    code, _, err = typed("start", at=tmp_path / "nowhere")
    assert (code, "is no folder" in err) == (ExitCode.USAGE, True)


def test_what_is_broken_is_told(typed: Typed, root: Path) -> None:
    """A property by the text of the command line, and what it says of it."""
    import boto3

    address = sandbox.ensure(root)
    given = {"endpoint_url": address.endpoint_url, "region_name": "us-east-2"}
    keys = {"aws_access_key_id": "sandbox", "aws_secret_access_key": "sandbox"}
    cfn = boto3.client("cloudformation", **given, **keys)
    alarm = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "x"}}
    cfn.create_stack(StackName="s", TemplateBody=json.dumps({"Resources": {"T": alarm}}))
    sandbox.set_clock(root, advance_seconds=5)
    code, out, _ = typed("break", "s", "T", "property=DisplayName", "value=by hand")
    assert (code, out) == (0, "T of s is not what CloudFormation thinks any more\n")
    assert typed("break", "s", "T", "property=DisplayName", "value=x")[0] == 0
