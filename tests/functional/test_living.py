"""`outputs`, `status`, `wait` and `logs` as they are typed: exit codes, streams, pipes and Ctrl-C."""

from __future__ import annotations

import json
import signal
import subprocess

import pytest
from awaited import HANG_SECONDS

from esmcfn import sandbox
from esmcfn.errors import ExitCode


@pytest.fixture
def deployed(root):
    return root.deployed()


def begun(root, *words):
    """A command line that goes on, once it has written a line to standard error."""
    process = root.begun(*words)
    assert process.stderr is not None
    return process, process.stderr.readline()


def test_before_anything_is_deployed_each_says_what_to_do(root):
    sandbox.ensure(root.folder)
    told = root.esmcfn("outputs", "dev", "-f", "json")
    assert (told.code, told.document["schema"], told.document["next_step"]) == (
        4,
        "esmcfn.error/v1",
        "esmcfn deploy dev",
    )
    assert root.esmcfn("outputs", "dev", "-f", "env").out == ""
    assert root.esmcfn("status", "dev").code == ExitCode.DONE
    assert root.esmcfn("wait", "dev").code == ExitCode.CLOUD
    written = root.esmcfn("logs", "dev", "--model", "prototype_model")
    assert (written.code, "no container has started yet" in written.out) == (ExitCode.DONE, True)


@pytest.mark.parametrize(
    "words",
    [
        ("outputs", "dev", "other", "-f", "env"),
        ("outputs", "dev", "-f", "sarif"),
        ("wait", "dev", "--timeout", "soon"),
        ("wait", "dev", "--timeout", "90"),
        ("logs", "dev", "other"),
        ("logs", "dev", "--lines", "0"),
        ("logs", "dev", "--since", "-5m"),
        ("logs", "dev", "--follow", "--output", "file"),
        ("logs", "dev", "-f", "markdown"),
    ],
    ids=" ".join,
)
def test_words_that_cannot_be_meant(root, words):
    done = root.esmcfn(*words)
    assert (done.code, done.out) == (ExitCode.USAGE, "")
    assert "Traceback" not in done.err


def test_what_is_deployed_is_told_in_every_form(deployed):
    document = deployed.esmcfn("outputs", "dev", "-f", "json").document
    name = document["sagemaker_endpoints"]["prototype_model"]["endpoint_name"]
    (deployed.folder / "variables").write_text(deployed.esmcfn("outputs", "dev", "-f", "env").out, encoding="utf-8")
    script = '. ./variables && printf %s "$ESMCFN_PROTOTYPE_MODEL_ENDPOINT_NAME"'
    read = subprocess.run(["/bin/sh", "-c", script], cwd=deployed.folder, capture_output=True, text=True, check=True)
    assert read.stdout == name
    compile(deployed.esmcfn("outputs", "dev", "-f", "python").out, "snippet", "exec")
    assert deployed.esmcfn("status", "dev", "-f", "json").document["models"][0]["standing"] == "in service"
    waited = deployed.esmcfn("wait", "dev", "-f", "json")
    assert (waited.code, waited.document["schema"]) == (ExitCode.DONE, "esmcfn.wait/v1")
    assert waited.err == "· 00:00  prototype_model: InService\n"


def test_an_environment_whose_file_is_gone_is_named_by_status_and_plan(deployed):
    path = deployed.folder / "environments/dev.yaml"
    text = path.read_text(encoding="utf-8").replace("environment: dev", "environment: qa")
    path.rename(deployed.folder / "environments/qa.yaml").write_text(text, encoding="utf-8")
    assert "! environment dev: 2 stacks, no file" in deployed.esmcfn("status", "qa").out
    planned = deployed.esmcfn("plan", "qa", "--read-only", "-f", "json")
    assert planned.err.startswith("note: environment dev: 2 stacks, no file (esm-dev, esm-dev-prototype-model)")
    assert planned.document["schema"] == "esmcfn.plan/v1"


def test_a_log_is_one_document_and_followed_it_is_an_object_a_line(deployed):
    whole = deployed.esmcfn("logs", "dev", "-f", "json").document
    assert (whole["schema"], whole["started"]) == ("esmcfn.logs/v1", True)
    process = deployed.begun("logs", "dev", "--follow", "-f", "json")
    assert process.stdout is not None
    first = json.loads(process.stdout.readline())
    assert set(first) == {"at", "stream", "text", "event_id"}
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == ExitCode.INTERRUPTED
    assert "stopped following prototype_model; its containers go on" in err


@pytest.mark.parametrize("reader", ["head -1", "(sleep 1; head -1)", "head -c 0"])
def test_a_reader_that_goes_away_ends_the_following(deployed, reader):
    """Also where every line there is was written before it went, and no other comes to tell."""
    line = " ".join(deployed.command("logs", "dev", "--follow"))
    done = subprocess.run(
        ["/bin/bash", "-c", f"{line} | {reader}; exit ${{PIPESTATUS[0]}}"],
        env=deployed.environment,
        cwd=deployed.folder,
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, ExitCode.INTERRUPTED), (signal.SIGTERM, ExitCode.TERMINATED)]
)
def test_an_interrupted_wait_says_what_goes_on(deployed, number, code):
    sandbox.set_clock(deployed.folder, speed=1, endpoint_seconds=3600)
    client = deployed.client("sagemaker")
    (endpoint,) = client.list_endpoints()["Endpoints"]
    name = endpoint["EndpointName"]
    config = client.describe_endpoint(EndpointName=name)["EndpointConfigName"]
    client.update_endpoint(EndpointName=name, EndpointConfigName=config)
    process, first = begun(deployed, "wait", "dev")
    assert "prototype_model: Updating" in first
    process.send_signal(number)
    _, err = process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == code
    assert "AWS goes on with prototype_model (Updating)" in err
    assert "next: esmcfn wait dev goes on waiting" in err
    late = deployed.esmcfn("wait", "dev", "--timeout", "1s", "-f", "json")
    assert (late.code, late.document["exit_code"]) == (ExitCode.CLOUD, 4)
    assert "the time is up" in late.document["message"]


def test_a_renamed_key_keeps_its_endpoint(deployed):
    before = deployed.esmcfn("outputs", "dev", "-f", "json").document["sagemaker_endpoints"]["prototype_model"]
    deployed.edit("prototype_model:", "main:\n    moved_from: prototype_model")
    planned = deployed.esmcfn("plan", "dev", "-f", "json").document
    assert {key: planned["summary"][key] for key in ("add", "replace", "delete")} == {
        "add": 0,
        "replace": 0,
        "delete": 0,
    }
    assert deployed.esmcfn("deploy", "dev", "--yes").code == ExitCode.DONE
    assert deployed.esmcfn("outputs", "dev", "-f", "json").document["sagemaker_endpoints"] == {"main": before}
    assert deployed.esmcfn("plan", "dev", "--detailed-exitcode").code == ExitCode.DONE
