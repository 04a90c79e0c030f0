"""Workflows parse, pin what they run, give away nothing, and run what exists."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from esmcfn.cli.program import COMMANDS
from esmcfn.resources.github import DEPLOYING_SECONDS

REPOSITORY = Path(__file__).parents[2]
WORKFLOWS = sorted((REPOSITORY / ".github" / "workflows").glob("*.yml"))
ACTIONS = [
    REPOSITORY / file
    for file in ("action.yml", ".github/actions/esmcfn/action.yml", "esmcfn/scaffold/files/action.yml")
]
EVERY = [*WORKFLOWS, *ACTIONS]

every = pytest.mark.parametrize("path", EVERY, ids=lambda path: f"{path.parent.name}/{path.name}")
workflows = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)


def parsed(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def jobs(path):
    return parsed(path)["jobs"].values()


def steps(path):
    if path in ACTIONS:
        return parsed(path)["runs"]["steps"]
    return [step for job in jobs(path) for step in job["steps"]]


def installed(name):
    """A tool beside this Python, or on the PATH; the test is skipped where there is none."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    return found or pytest.skip(f"{name} is not installed")


def complaints(*command):
    """What a tool says where it finds something; nothing where it is content."""
    done = subprocess.run([str(each) for each in command], capture_output=True, text=True, check=False, cwd=REPOSITORY)
    return f"{done.returncode}: {done.stdout}{done.stderr}" if done.returncode else ""


def test_zizmor_finds_nothing_as_an_auditor():
    assert (
        complaints(installed("zizmor"), "--offline", "--quiet", "--persona", "auditor", "--strict-collection", *EVERY)
        == ""
    )


def test_actionlint_finds_nothing_but_a_syntax_that_it_does_not_know_yet():
    """`uses: $/...` is of 2026-07: https://github.blog/changelog/2026-07-30-reference-same-repository-actions-with-self-repository-syntax/"""
    unknown = (r'specifying action "\$/', r'unexpected key "queue" for "concurrency"')
    assert (
        complaints(installed("actionlint"), *(word for each in unknown for word in ("-ignore", each)), *WORKFLOWS) == ""
    )


@every
def test_githubs_own_schema_accepts_it(path):
    kind = "actions" if path in ACTIONS else "workflows"
    assert complaints(installed("check-jsonschema"), "--builtin-schema", f"vendor.github-{kind}", path) == ""


@every
def test_every_action_is_pinned_to_a_commit_with_its_version_beside_it(path):
    """Actions of the repository itself are those of the commit that runs."""
    used = re.findall(r"^ +(?:- )?uses: (?!\$/)(.*)", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert used or path == ACTIONS[0]
    assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action) for action in used)


@workflows
def test_permissions_are_given_one_by_one_each_with_its_reason(path):
    text = path.read_text(encoding="utf-8")
    assert parsed(path)["permissions"] == {}
    given = [name for job in jobs(path) for name in job["permissions"]]
    assert len(re.findall(r"^ +[a-z-]+: (?:read|write) # \w", text, re.MULTILINE)) == len(given)


@workflows
def test_every_job_ends_and_says_what_it_is(path):
    assert all(job["timeout-minutes"] <= 360 and job["name"] for job in jobs(path))


@workflows
def test_no_trigger_runs_a_strangers_code_with_more_than_it_has(path):
    triggers = parsed(path)[True]  # YAML 1.1 reads `on` as a truth
    assert set(triggers) <= {"push", "pull_request", "merge_group", "workflow_dispatch", "schedule"}


@every
def test_no_expression_stands_in_a_script_and_no_checkout_keeps_a_token(path):
    for step in steps(path):
        assert "${{" not in step.get("run", "")
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@workflows
def test_whoever_judges_has_the_history_that_says_who_wrote_a_waiver(path):
    for job in jobs(path):
        ran = " ".join(step.get("run", "") for step in job["steps"])
        if re.search(r'"\$ESMCFN" (?:plan|deploy|check|drift|cost)\b', ran):
            (checkout,) = (step for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@"))
            assert checkout["with"]["fetch-depth"] == 0, job["name"]


@every
def test_no_secret_is_used_and_aws_is_asked_by_oidc(path):
    text = path.read_text(encoding="utf-8")
    assert "secrets." not in text
    for step in steps(path):
        if "configure-aws-credentials" in step.get("uses", ""):
            given = dict(step["with"])
            seconds = given.pop("role-duration-seconds", None)
            assert set(given) == {"role-to-assume", "aws-region"}
            assert seconds == (DEPLOYING_SECONDS if path.name == "deploy.yml" else None)
            assert not seconds or all(60 * job["timeout-minutes"] <= seconds for job in jobs(path))


def test_a_check_is_passed_against_main_alone():
    """Against another branch it would be passed by that branch's policies, and stay with the commit."""
    triggers = parsed(REPOSITORY / ".github/workflows/plan.yml")[True]
    types = ["opened", "synchronize", "reopened", "ready_for_review"]
    assert triggers["pull_request"] == {"branches": ["main"], "types": types}, (
        "and no `edited`: a title would replace a check that failed"
    )
    assert triggers["merge_group"] is None


def test_whoever_may_change_aws_hears_that_its_run_was_cancelled_and_in_one_way():
    """A runner tells only the shell; what that runs in the foreground hears nothing, and is killed seconds later."""
    ways = set()
    for path in WORKFLOWS:
        scripts = [
            step.get("run", "") for job in jobs(path) if "id-token" in job["permissions"] for step in job["steps"]
        ]
        for script in scripts:
            for line in re.findall(r'^ *(.*"\$ESMCFN" (?:plan|deploy)\b)', script, re.MULTILINE):
                assert line.startswith('heard "$ESMCFN"'), (path.name, line)
                ways.add(re.search(r"^heard\(\) \{\n.*?^\}\n", script, re.MULTILINE | re.DOTALL)[0])
    assert len(ways) == 1


def test_only_deploying_has_the_role_that_deploys():
    text = {path.stem: path.read_text(encoding="utf-8") for path in WORKFLOWS}
    assert {name for name in text if "vars.ESMCFN_PLAN_ROLE_ARN" in text[name]} == {"plan", "drift", "audit"}
    assert {name for name in text if "vars.ESMCFN_DEPLOY_ROLE_ARN" in text[name]} == {"deploy"}


@workflows
def test_no_job_has_credentials_and_the_right_to_write_at_github(path):
    for job in jobs(path):
        if "id-token" in job["permissions"]:
            assert {name for name, level in job["permissions"].items() if level == "write"} == {"id-token"}


@workflows
def test_the_commands_that_are_run_exist(path):
    run = re.findall(r'"\$ESMCFN" (\w+)', path.read_text(encoding="utf-8"))
    assert set(run) <= set(COMMANDS)


def test_ci_calls_the_readmes_test_command():
    assert "\nmake test\n" in (REPOSITORY / ".ci" / "run").read_text(encoding="utf-8")
    assert "make test " in (REPOSITORY / "README.md").read_text(encoding="utf-8")
