"""A pull request from its opening to its deployment: every `run:` of the workflows, in a sandbox and a small GitHub."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from gh import BOT
from runner import Runner, machine

from esmcfn import documents, sandbox

REPOSITORY = Path(__file__).parents[2]
OURS = "owner/repository"
MARKER = "<!-- esmcfn:plan "


class World:
    """A repository with pull requests, its GitHub, and an AWS account that is a sandbox."""

    def __init__(self, folder, machine_variables):
        self.folder, self.origin, self.runs = folder, folder / "origin", folder / "runs"
        self.runs.mkdir()
        (folder / "cloud").mkdir()
        self.file = folder / "github.json"
        self.save(
            {"repository": OURS, "calls": [], "refusals": 0, "comments": [], "open": [], "merges": {}, "runs": []}
        )
        self.variables = machine(folder, {**machine_variables, "FAKE_GITHUB": str(self.file)})
        address = sandbox.ensure(folder / "cloud")
        sandbox.set_clock(folder / "cloud", speed=100)
        keys = {"AWS_ACCESS_KEY_ID": "sandbox", "AWS_SECRET_ACCESS_KEY": "sandbox", "AWS_REGION": "us-east-2"}
        self.aws = {**keys, "AWS_ENDPOINT_URL": address.endpoint_url}
        self.begin()

    def begin(self):
        for name in ("catalogs", "environments", "policies"):
            shutil.copytree(REPOSITORY / name, self.origin / name)
        text = (self.origin / "environments/staging.yaml").read_text(encoding="utf-8")
        for name in ("staging", "prod"):
            (self.origin / f"environments/{name}.yaml").unlink()
        live = text.replace("staging", "live").replace("111122223333", sandbox.ACCOUNT)
        (self.origin / "environments/live.yaml").write_text(live, encoding="utf-8")
        self.git("init", "-q")
        self.commit()

    def git(self, *words, folder=None):
        who = ("-c", "user.name=someone", "-c", "user.email=someone@example.com", "-c", "init.defaultBranch=main")
        done = subprocess.run(
            ["git", *who, *words], cwd=folder or self.origin, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def commit(self):
        self.git("add", "-A")
        self.git("commit", "-qm", "as it stands")
        return self.git("rev-parse", "HEAD")

    @property
    def github(self):
        return json.loads(self.file.read_text())

    def save(self, github):
        self.file.write_text(json.dumps(github))

    def update(self, **changes):
        self.save({**self.github, **changes})

    def pull(self, number, old, new, *, file="environments/live.yaml"):
        """Push a branch with one edit."""
        branch = f"pull-{number}"
        known = self.git("branch", "--list", branch)
        self.git("checkout", "-q", *(() if known else ("-b",)), branch)
        path = self.origin / file
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        assert old in text
        path.write_text(text.replace(old, new) if old else new, encoding="utf-8")
        head = self.commit()
        self.git("checkout", "-q", "main")
        self.update(open=sorted({*self.github["open"], number}))
        return head

    def planned(self, number, *, repository=OURS):
        """The plan workflow, on the merge of a pull request's head into main."""
        head = self.git("rev-parse", f"pull-{number}")

        def checkout(workspace, depth):
            self.git("clone", "-q", str(self.origin), str(workspace))
            self.git("merge", "-q", "--no-ff", "-m", "merge", f"origin/pull-{number}", folder=workspace)

        event = {"pull_request": {"number": number, "head": {"repo": {"full_name": repository}}}}
        run = self.run("plan.yml", {"event_name": "pull_request", "event": event}, checkout)
        told = {"id": run.id, "run_number": run.id, "head_sha": head, "head_repository": {"full_name": repository}}
        self.update(runs=[*self.github["runs"], told])
        return run

    def merged(self, number):
        """Squash it onto main, so that the commit is another one than was planned; then the deploy workflow."""
        before, head = self.git("rev-parse", "main"), self.git("rev-parse", f"pull-{number}")
        self.git("merge", "-q", "--squash", f"pull-{number}")
        after = self.commit()
        pull = {"merged_at": "2026-01-01T00:00:00Z", "base": {"ref": "main"}, "head": {"sha": head}}
        github = self.github
        github["merges"][after] = [pull]
        github["open"].remove(number)
        self.save(github)
        return self.deployed(before)

    def deployed(self, before, **inputs):
        def checkout(workspace, depth):
            self.git("clone", "-q", str(self.origin), str(workspace))

        event = {} if inputs else {"before": before}
        given = {"before": before, **inputs} if inputs else {}
        after = self.git("rev-parse", "main")
        words = {"event_name": "push", "event": event, "sha": after, "ref": "refs/heads/main"}
        return self.run("deploy.yml", words, checkout, inputs=given)

    def run(self, workflow, github, checkout, inputs=None):
        number = 1000 + len(list(self.folder.glob("artifacts/*"))) + len(self.github["runs"]) * 10
        (self.folder / "artifacts" / str(number)).mkdir(parents=True)
        context = {"repository": OURS, **github}
        runner = Runner(self.runs, context, checkout, self.aws, self.variables, inputs or {})
        try:
            return runner.run(workflow, number)
        finally:
            for workspace in self.runs.glob("*/workspace"):
                sandbox.stop(workspace)

    def comments(self):
        return [each for each in self.github["comments"] if each["body"].startswith(MARKER)]

    def artifact(self, run, environment="live"):
        return self.folder / "artifacts" / str(run.id) / f"plan-{environment}" / f"{environment}.json"

    def stacks(self):
        import boto3

        client = boto3.client(
            "cloudformation",
            region_name="us-east-2",
            endpoint_url=self.aws["AWS_ENDPOINT_URL"],
            aws_access_key_id="sandbox",
            aws_secret_access_key="sandbox",
        )
        return {stack["StackName"]: stack["StackStatus"] for stack in client.describe_stacks()["Stacks"]}


@pytest.fixture
def world(machine, tmp_path, monkeypatch):
    for name in ("XDG_STATE_HOME", "HOME"):
        monkeypatch.setenv(name, machine[name])
    made = World(tmp_path, machine)
    yield made
    sandbox.stop(tmp_path / "cloud")


def noise(count, issue):
    """Comments of other people, one of them with our marker."""
    said = [{"issue": issue, "user": {"login": "mallory"}, "body": f"{MARKER}" + '{"v":1} -->\nforged'}]
    said += [{"issue": issue, "user": {"login": f"person{number}"}, "body": "+1"} for number in range(count)]
    return [{"id": number, **each} for number, each in enumerate(said, start=1)]


def test_a_pull_request_is_planned_pushed_again_merged_and_deployed(world):
    world.update(comments=noise(250, 7))
    world.pull(7, "ml.g5.2xlarge", "ml.g5.4xlarge")
    opened = world.planned(7)
    assert opened.failed == set(), [job.log for job in opened.jobs]
    assert opened.names == {"changed environments", "plan live", "comment", "planned"}
    assert opened.job("plan live").role == "role of live-plan"
    first = world.comments()[-1]
    assert first["user"]["login"] == BOT
    assert "| `live` | 4 |" in first["body"]
    assert len(world.comments()) == 2  # ours, and the forged one, untouched
    assert world.comments()[0]["body"].endswith("forged")
    assert "| `live` | 4 |" in opened.job("comment").summary

    world.pull(7, "ml.g5.4xlarge", "ml.g5.12xlarge")
    world.update(refusals=1)
    again = world.planned(7)
    assert again.failed == set(), [job.log for job in again.jobs]
    assert (world.folder / "slept").read_text() == "20\n"
    assert len(world.comments()) == 2
    assert world.comments()[-1]["body"] != first["body"]

    deployed = world.merged(7)
    assert deployed.failed == set(), [job.log for job in deployed.jobs]
    assert deployed.job("deploy live").role == "role of live"
    assert world.stacks() == {"esm-live": "CREATE_COMPLETE", "esm-live-prototype-model": "CREATE_COMPLETE"}


def test_a_plan_that_another_deployment_overtook_is_refused_made_again_and_deployed_by_hand(world):
    world.pull(1, "ml.g5.2xlarge", "ml.g5.4xlarge")
    world.pull(2, "Project: esm-partner", "Project: other")
    for number in (1, 2):
        assert world.planned(number).failed == set()
    assert "esmcfn:outdated" not in json.dumps(world.comments())
    assert world.merged(1).failed == set()
    (other,) = [each for each in world.comments() if each["issue"] == 2]
    assert other["body"].splitlines()[1] == "<!-- esmcfn:outdated -->"
    assert other["body"].startswith(MARKER)

    before = world.git("rev-parse", "main")
    stale = world.merged(2)
    assert stale.failed == {"deploy live"}
    job = stale.job("deploy live")
    assert "the plan" in job.log or "change set" in job.log
    assert "**Not deployed**" in job.summary
    assert f"`run: {stale.id}`" in job.summary
    assert world.artifact(stale).exists()

    by_hand = world.deployed(before, run=str(stale.id))
    assert by_hand.failed == set(), [job.log for job in by_hand.jobs]
    assert set(world.stacks().values()) == {"UPDATE_COMPLETE"}


def test_a_pull_request_of_a_fork_is_judged_and_gets_neither_credentials_nor_a_comment(world):
    world.pull(3, "ml.g5.2xlarge", "ml.g5.4xlarge")
    run = world.planned(3, repository="mallory/repository")
    assert run.failed == set(), [job.log for job in run.jobs]
    assert run.names == {"changed environments", "judge live of a fork", "planned"}
    assert {scope for job in run.jobs for scope in job.permissions} == {"contents"}
    assert {job.role for job in run.jobs} == {None}
    assert world.comments() == []
    summary = run.job("judge live of a fork").summary
    assert "esm-live-prototype-model" in summary
    assert "policy" in summary
    assert "USD a month" in summary


def test_forged_plans_and_swapped_change_sets_get_nowhere(world):
    world.pull(4, "ml.g5.2xlarge", "ml.g5.4xlarge")
    path = world.artifact(world.planned(4))
    before, honest = world.git("rev-parse", "main"), path.read_text()
    # The run of a fork on the same commit, newer: its own workflow may have uploaded anything.
    github = world.github
    ours = github["runs"][-1]
    github["runs"].append({**ours, "id": 99, "run_number": 10**6, "head_repository": {"full_name": "mallory/r"}})
    path.write_text("{}")
    world.save(github)
    empty = world.merged(4)
    assert "**Not deployed**" in empty.job("deploy live").summary
    assert empty.job("changed environments").outputs["run"] == str(ours["id"])

    hidden, swapped = json.loads(honest), json.loads(honest)
    hidden["stacks"][1]["changes"] = []
    hidden["plan_id"] = documents.plan_id(hidden)
    swapped["stacks"][0]["change_set_id"] = swapped["stacks"][1]["change_set_id"]
    for forged, said in ((hidden, "the plan is stale"), (swapped, "its change set is of stack")):
        path.write_text(json.dumps(forged))
        refused = world.deployed(before, run=str(ours["id"]))
        assert refused.failed == {"deploy live"}
        assert said in refused.job("deploy live").log
    assert set(world.stacks().values()) == {"REVIEW_IN_PROGRESS"}


def test_evil_names_and_a_large_plan_become_one_comment_without_markup_or_commands(world):
    evil = "::error::x<img src=x>@octocat"
    text = (world.origin / "environments/live.yaml").read_text(encoding="utf-8")
    world.pull(5, "", text, file=f"environments/{evil}.yaml")
    keys = "".join(f"  model_{number:03}:\n    selector: ESMC-300M\n" for number in range(40))
    large = text.replace("live", "large").replace(f'"{sandbox.ACCOUNT}"', "sandbox").partition("  prototype_model")[0]
    world.pull(5, "", large + keys, file="environments/large.yaml")
    run = world.planned(5)
    assert run.failed >= {f"plan {evil} without credentials", "planned"}
    assert {job.role for job in run.jobs} == {None}
    (comment,) = world.comments()
    assert "| `large` | 121 |" in comment["body"]
    assert "not deployed by a workflow: `large`" in comment["body"]
    assert f"| `{evil}` | | | | | **no plan**: exit code 3 | | |" in comment["body"]
    logs = "\n".join(job.log for job in run.jobs)
    assert not [line for line in logs.splitlines() if line.lstrip().startswith("::")]


def test_what_changes_nothing_that_is_built_is_no_reason_to_comment(world):
    world.pull(6, "environment: live", "# a remark\nenvironment: live")
    run = world.planned(6)
    assert run.failed == set()
    assert run.names == {"changed environments", "comment", "planned"}
    assert world.comments() == []
