"""Every exit code that a plan can reach, from outside: argv in, status and streams out."""

from __future__ import annotations

import signal
import sys
import types

import pytest
from awaited import HANG_SECONDS, until

from esmcfn import sandbox
from esmcfn.cli.program import run
from esmcfn.errors import ExitCode


def remaining(root) -> list[str]:
    """Change sets and stacks in REVIEW_IN_PROGRESS: what a plan must not leave behind."""
    client = root.client("cloudformation")
    stacks = client.describe_stacks()["Stacks"]
    sets = [
        summary["ChangeSetName"]
        for stack in stacks
        for summary in client.list_change_sets(StackName=stack["StackName"])["Summaries"]
    ]
    return sets + [stack["StackName"] for stack in stacks if stack["StackStatus"] == "REVIEW_IN_PROGRESS"]


def test_0_a_plan_leaves_nothing_behind(root):
    done = root.esmcfn("plan", "dev")
    assert done.code == ExitCode.DONE, done.err
    assert "Plan     4 to add" in done.out
    assert remaining(root) == []


def test_1_a_bug_says_that_it_is_one_and_how_to_report_it(monkeypatch, capsys):
    module = types.ModuleType("esmcfn.cli.broken")
    monkeypatch.setitem(sys.modules, "esmcfn.cli.broken", module)
    monkeypatch.setitem(sys.modules["esmcfn.cli.program"].COMMANDS, "broken", "broken")
    assert run(["broken"]) == ExitCode.BUG
    assert "this is a bug in esmcfn" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ("plan",),
        ("plan", "dev", "--all"),
        ("plan", "dev", "--format", "xml"),
        ("plna", "dev"),
        ("plan", "dev", "--model", "nobody"),
        ("plan", "dev", "--read-only", "--out", "plan.json"),
        ("plan", "dev", "--out", "/nowhere/plan.json"),
        ("deploy", "dev"),
        ("explain", "nothing"),
        ("--root", "/nowhere-at-all", "plan", "--all"),
    ],
    ids=" ".join,
)
def test_2_words_that_cannot_be_meant(root, words):
    done = root.esmcfn(*words)
    assert done.code == ExitCode.USAGE, (done.out, done.err)
    assert done.out == ""
    assert "Traceback" not in done.err
    said, step = done.err.splitlines()
    assert said.startswith("error: ")
    assert step.startswith("next: ")


def test_3_every_problem_of_the_input_with_its_place_and_nothing_is_called(root):
    root.edit("ESMC-300M", "ESMC-300")
    root.edit("instance_type", "instance_typ")
    done = root.esmcfn("plan", "dev")
    assert done.code == ExitCode.INPUT
    assert "environments/dev.yaml:15:" in done.err
    assert "did you mean ESMC-300M?" in done.err
    assert "did you mean instance_type?" in done.err
    assert done.out == ""
    assert sandbox.find(root.folder) is None


def test_3_an_environment_that_does_not_exist(root):
    done = root.esmcfn("plan", "def")
    assert done.code == ExitCode.INPUT
    assert "did you mean dev?" in done.err


def test_4_an_account_without_credentials(root):
    root.edit("account: sandbox", 'account: "111122223333"')
    done = root.esmcfn("plan", "dev", AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert done.code == ExitCode.CLOUD
    assert "next: log in" in done.err


def test_4_credentials_of_another_account(root):
    root.edit("account: sandbox", 'account: "111122223333"')
    url = sandbox.ensure(root.folder).endpoint_url
    keys = {"AWS_ACCESS_KEY_ID": "sandbox", "AWS_SECRET_ACCESS_KEY": "sandbox"}
    done = root.esmcfn("plan", "dev", AWS_ENDPOINT_URL=url, **keys)
    assert done.code == ExitCode.CLOUD
    assert "belongs to account 111122223333, the credentials to 123456789012" in done.err


def test_4_a_role_is_assumed_and_refused_by_name(root):
    role = "arn:aws:iam::123456789012:role/planner"
    root.edit("account: sandbox", f'account: "123456789012"\nrole_arn: {role}')
    url = sandbox.ensure(root.folder).endpoint_url
    reach = {"AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "sandbox", "AWS_SECRET_ACCESS_KEY": "sandbox"}
    assert root.esmcfn("plan", "dev", **reach).code == ExitCode.DONE
    sandbox.fault(root.folder, "access-denied", action="sts:AssumeRole")
    done = root.esmcfn("plan", "dev", **reach)
    assert done.code == ExitCode.CLOUD
    assert "sts:AssumeRole" in done.err


def test_4_the_shells_aws_is_never_reached_from_the_sandbox(root):
    strange = {"AWS_PROFILE": "nobody", "AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_REGION": "eu-west-1"}
    assert root.esmcfn("plan", "dev", HTTP_PROXY="http://127.0.0.1:9", **strange).code == ExitCode.DONE


def test_7_somebody_else_is_changing_the_stack(root):
    root.deployed()
    root.edit("ml.g5.2xlarge", "ml.g5.4xlarge")
    assert root.esmcfn("plan", "dev", "--out", "plan.json").code == ExitCode.DONE
    sandbox.set_clock(root.folder, speed=0)
    client = root.client("cloudformation")
    name = "esm-dev-prototype-model"
    sets = client.list_change_sets(StackName=name)["Summaries"]
    (waiting,) = [each for each in sets if each["ExecutionStatus"] == "AVAILABLE"]
    client.execute_change_set(ChangeSetName=waiting["ChangeSetId"])
    done = root.esmcfn("plan", "dev")
    assert done.code == ExitCode.BUSY
    assert f"{name} (UPDATE_IN_PROGRESS)" in done.err


def test_10_findings_block_and_the_plan_is_still_shown(root):
    root.edit("instance_type: ml.g5.2xlarge", "instance_type: ml.g5.2xlarge\n    instance_count: 500")
    done = root.esmcfn("plan", "dev", "-f", "json")
    assert done.code == ExitCode.FINDINGS
    document = done.document
    assert document["verdict"]["blocked"]
    blocking = [each for each in document["findings"] if each["level"] == "hard"]
    assert [(each["rule"], each["file"], each["line"]) for each in blocking] == [
        ("ESM002", "environments/dev.yaml", 13),
        ("ESM001", "environments/dev.yaml", 17),
    ]
    assert document["summary"]["add"] == 4
    assert root.esmcfn("check", "dev").code == ExitCode.FINDINGS
    assert root.esmcfn("deploy", "dev", "--yes").code == ExitCode.FINDINGS
    assert remaining(root) == []


def test_11_changes_are_news_when_asked_for(root):
    assert root.esmcfn("plan", "dev", "--detailed-exitcode").code == ExitCode.CHANGES
    root.deployed()
    assert root.esmcfn("plan", "dev", "--detailed-exitcode").code == ExitCode.DONE


def test_13_over_budget(root):
    root.edit("account: sandbox", "account: sandbox\nbudget: 100")
    done = root.esmcfn("plan", "dev")
    assert done.code == ExitCode.BUDGET
    assert "over budget" in done.out
    assert root.esmcfn("cost", "dev").code == ExitCode.BUDGET


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, ExitCode.INTERRUPTED), (signal.SIGTERM, ExitCode.TERMINATED)]
)
def test_130_143_an_interrupted_plan_cleans_up(root, hangups, number, code):
    sandbox.ensure(root.folder)
    sandbox.set_clock(root.folder, speed=0)  # change sets stay in CREATE_IN_PROGRESS
    process = root.begun("-v", "plan", "dev")
    client = root.client("cloudformation")
    until(lambda: client.describe_stacks()["Stacks"], "a change set is asked for")
    process.send_signal(number)
    _, err = process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == code, err
    assert "Traceback" not in err
    sandbox.set_clock(root.folder, speed=1)
    assert remaining(root) == []


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, ExitCode.INTERRUPTED), (signal.SIGHUP, ExitCode.TERMINATED)]
)
def test_130_143_an_interrupted_deployment_says_what_goes_on_in_aws(root, hangups, number, code):
    sandbox.ensure(root.folder)
    sandbox.set_clock(root.folder, endpoint_seconds=3600)
    process = root.begun("deploy", "dev", "--yes")
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("· esm-dev-prototype-model") and "_IN_PROGRESS" in line:
            break
    process.send_signal(number)
    _, err = process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == code, err
    assert "CloudFormation goes on with: esm-dev-prototype-model; done: esm-dev" in err
    assert "next: esmcfn status dev shows where it stands; esmcfn deploy dev --yes --wait-for-stack 30m goes on" in err


def test_several_environments_end_with_the_worst_and_show_them_all(root):
    first = (root.folder / "environments/dev.yaml").read_text(encoding="utf-8")
    (root.folder / "environments/qa.yaml").write_text(
        first.replace("environment: dev", "environment: qa").replace("ESMC-300M", "ESMC-9"), encoding="utf-8"
    )
    done = root.esmcfn("plan", "--all", "-f", "json")
    assert done.code == ExitCode.INPUT
    assert done.document["schema"] == "esmcfn.plans/v1"
    good, bad = done.document["environments"]
    assert (good["schema"], good["environment"]) == ("esmcfn.plan/v1", "dev")
    assert (bad["schema"], bad["environment"], bad["exit_code"]) == ("esmcfn.error/v1", "qa", 3)
    assert bad["problems"][0]["suggestion"]
