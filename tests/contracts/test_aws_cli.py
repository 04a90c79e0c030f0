"""The unmodified aws command line, against the sandbox, with nothing but the variables of `esmcfn sandbox env`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from esmcfn import sandbox

AWS = Path(sys.prefix) / "esmcfn-tools" / "awscli" / "bin" / "aws"
STACK = "from-the-shell"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not AWS.exists(), reason="make test installs the aws command line"),
]


@pytest.fixture
def aws(tmp_path, monkeypatch):
    """Runs aws cloudformation; returns its JSON, or None where it printed none."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    root = tmp_path / "root"
    root.mkdir()
    address = sandbox.ensure(root)
    variables = {name: value for name, value in sandbox.environment(address, "us-east-2").items() if value}
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "AWS_PAGER": "", **variables}

    def run(*words: str):
        command = [str(AWS), "cloudformation", *words, "--output", "json"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    run.root = root
    yield run
    sandbox.stop(root)


def test_it_creates_describes_executes_drifts_and_deletes_a_stack(aws, tmp_path):
    template = tmp_path / "topic.json"
    body = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "first"}}}}
    template.write_text(json.dumps(body), encoding="utf-8")
    named = ("--stack-name", STACK, "--change-set-name", "first")

    aws("create-change-set", *named, "--change-set-type", "CREATE", "--template-body", f"file://{template}")
    aws("wait", "change-set-create-complete", *named)
    described = aws("describe-change-set", *named, "--include-property-values")
    (change,) = described["Changes"]
    assert change["ResourceChange"]["Action"] == "Add"

    aws("execute-change-set", *named)
    sandbox.set_clock(aws.root, advance_seconds=10)
    aws("wait", "stack-create-complete", "--stack-name", STACK)
    (stack,) = aws("describe-stacks", "--stack-name", STACK)["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert aws("get-template", "--stack-name", STACK)["TemplateBody"] == body

    sandbox.break_resource(
        aws.root, stack=STACK, logical_id="Topic", action="change", property="DisplayName", value="x"
    )
    detection = aws("detect-stack-drift", "--stack-name", STACK)["StackDriftDetectionId"]
    sandbox.set_clock(aws.root, advance_seconds=10)
    status = aws("describe-stack-drift-detection-status", "--stack-drift-detection-id", detection)
    assert status["StackDriftStatus"] == "DRIFTED"
    (drift,) = aws("describe-stack-resource-drifts", "--stack-name", STACK)["StackResourceDrifts"]
    assert drift["PropertyDifferences"][0]["PropertyPath"] == "/DisplayName"

    aws("delete-stack", "--stack-name", STACK)
    sandbox.set_clock(aws.root, advance_seconds=10)
    aws("wait", "stack-delete-complete", "--stack-name", STACK)
    assert aws("describe-stacks")["Stacks"] == []


def test_deploy_and_validate_template_work_as_people_use_them(aws, tmp_path):
    template = tmp_path / "topic.json"
    template.write_text(json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}), encoding="utf-8")
    aws("validate-template", "--template-body", f"file://{template}")
    sandbox.set_clock(aws.root, speed=100)
    command = [str(AWS), "cloudformation", "deploy", "--stack-name", STACK, "--template-file", str(template)]
    address = sandbox.ensure(aws.root)
    variables = {name: value for name, value in sandbox.environment(address, "us-east-2").items() if value}
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **variables}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert "Successfully created/updated stack" in done.stdout
