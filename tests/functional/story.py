"""A repository that `esmcfn init` made, with pull requests, its GitHub, and an AWS account that is a sandbox."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import yaml
from runner import Runner, machine

from esmcfn import sandbox
from esmcfn.cli.program import run as esmcfn

REPOSITORY = Path(__file__).parents[2]
OURS = "owner/repository"
MARKER = "<!-- esmcfn:plan "
PINNED = f"esmcfn[sandbox] @ git+https://github.com/acme/esmcfn@{'0123456789' * 4}"
KEYS = {"AWS_ACCESS_KEY_ID": "sandbox", "AWS_SECRET_ACCESS_KEY": "sandbox", "AWS_REGION": "us-east-2"}


class World:
    """A repository with pull requests, its GitHub, and an AWS account that is a sandbox."""

    def __init__(self, folder, variables, cloud, server):
        self.folder, self.origin, self.runs, self.cloud = folder, folder / "origin", folder / "runs", cloud
        self.runs.mkdir()
        self.file = folder / "github.json"
        nothing = {
            "calls": [],
            "refusals": 0,
            "comments": [],
            "issues": [],
            "open": [],
            "heads": {},
            "merges": {},
            "runs": [],
        }
        self.save({"repository": OURS, **nothing})
        self.variables = machine(folder, {**variables, "FAKE_GITHUB": str(self.file)}, server)
        self.kept = self.cancel = None
        self.aws = {**KEYS, "AWS_ENDPOINT_URL": sandbox.ensure(cloud).endpoint_url}
        assert esmcfn(["init", str(self.origin), "--esmcfn", PINNED]) == 0
        self.write("live")
        self.git("init", "-q")
        self.commit()

    def write(self, name):
        """An environment in the account, as small as the sandbox's own, so that its engines have little to read."""
        text = (self.origin / "environments/dev.yaml").read_text(encoding="utf-8")
        text = text.replace("environment: dev", f"environment: {name}")
        text = text.replace("account: sandbox", f'account: "{sandbox.ACCOUNT}"').replace(
            "ml.g5.4xlarge", "ml.g5.2xlarge"
        )
        (self.origin / f"environments/{name}.yaml").write_text(text, encoding="utf-8")

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
        self.pushed(number, head)
        return head

    def pushed(self, number, head):
        """GitHub knows of a pull request's newest commit."""
        self.update(heads={**self.github["heads"], str(number): head})

    def planned(self, number, *, repository=OURS, head=None, again=None):
        """The plan workflow, on the merge of a pull request's head into main.

        Args:
            head: the commit that was pushed; the newest where none is given.
            again: the run whose jobs are run again.
        """
        newest = self.git("rev-parse", f"pull-{number}")
        head = head or newest
        self.pushed(number, newest)

        def checkout(workspace, depth):
            self.git("clone", "-q", str(self.origin), str(workspace))
            self.git("fetch", "-q", "origin", head, folder=workspace)
            self.git("merge", "-q", "--no-ff", "-m", "merge", head, folder=workspace)

        event = {"pull_request": {"number": number, "head": {"sha": head, "repo": {"full_name": repository}}}}
        run = self.run("plan.yml", {"event_name": "pull_request", "event": event}, checkout, before=again)
        self.tell(run, "plan.yml", head, repository)
        return run

    def happened(self, number, action, *, base="main"):
        """What GitHub does when something happens to a pull request: the plan workflow, or nothing."""
        text = (self.origin / ".github/workflows/plan.yml").read_text(encoding="utf-8")
        trigger = yaml.safe_load(text)[True]["pull_request"]  # YAML 1.1 reads `on` as a truth
        return self.planned(number) if action in trigger["types"] and base in trigger["branches"] else None

    def tell(self, run, workflow, head, repository=OURS):
        """GitHub knows of a run."""
        where = {"head_sha": head, "head_repository": {"full_name": repository}}
        told = {"id": run.id, "run_number": run.id, "path": f".github/workflows/{workflow}", **where}
        told["conclusion"] = run.conclusion
        self.update(runs=[*(each for each in self.github["runs"] if each["id"] != run.id), told])

    def merged(self, number):
        """Squash it onto main, so that the commit is another one than was planned; then the deploy workflow."""
        before = self.git("rev-parse", "main")
        self.squashed(number)
        return self.deployed(before)

    def squashed(self, number):
        head = self.git("rev-parse", f"pull-{number}")
        self.git("merge", "-q", "--squash", f"pull-{number}")
        after = self.commit()
        pull = {"merged_at": "2026-01-01T00:00:00Z", "base": {"ref": "main"}, "head": {"sha": head}}
        github = self.github
        github["merges"][after] = [pull]
        github["open"].remove(number)
        self.save(github)

    def reviewed(self, run):
        """The runs whose plans a deployment looked at, the newest first."""
        return (self.folder / "artifacts" / str(run.id) / "reviewed" / "runs").read_text().split()

    def deployed(self, before, *, again=None, **inputs):
        def checkout(workspace, depth):
            self.git("clone", "-q", str(self.origin), str(workspace))

        event = {} if inputs else {"before": before}
        given = {"before": before, **inputs} if inputs else {}
        after = self.git("rev-parse", "main")
        words = {"event_name": "push", "event": event, "sha": after, "ref": "refs/heads/main"}
        run = self.run("deploy.yml", words, checkout, inputs=given, before=again)
        self.tell(run, "deploy.yml", after)
        return run

    def run(self, workflow, github, checkout, inputs=None, before=None):
        number = (
            before.id if before else 1000 + len(list(self.folder.glob("artifacts/*"))) + len(self.github["runs"]) * 10
        )
        (self.folder / "artifacts" / str(number)).mkdir(parents=True, exist_ok=before is not None)
        context = {"repository": OURS, **github}
        runner = Runner(
            self.origin, self.runs, context, checkout, self.aws, self.variables, inputs or {}, self.kept, self.cancel
        )
        try:
            return runner.run(workflow, number, before)
        finally:
            for workspace in self.runs.glob("*/workspace"):
                sandbox.stop(workspace)

    def comments(self):
        return [each for each in self.github["comments"] if each["body"].startswith(MARKER)]

    def artifact(self, run, environment="live"):
        return self.folder / "artifacts" / str(run.id) / f"plan-{environment}" / f"{environment}.json"

    def nightly(self, workflow="drift.yml"):
        """A scheduled run, on main."""

        def checkout(workspace, depth):
            self.git("clone", "-q", str(self.origin), str(workspace))

        return self.run(workflow, {"event_name": "schedule", "event": {}, "ref": "refs/heads/main"}, checkout)

    def said(self, number):
        """What was commented on an issue."""
        return [each["body"] for each in self.github["comments"] if each["issue"] == number]

    def signalled(self):
        """From now on planning and deploying are processes of their own, which a signal reaches."""
        path = self.folder / "bin" / "esmcfn"
        served = path.read_text().partition("\n")[2]
        real = f'case "$1" in plan|deploy) exec {sys.executable} -m esmcfn "$@" ;; esac'
        path.write_text(f"#!/bin/sh\n{real}\n{served}")

    def client(self, service):
        import boto3

        return boto3.client(
            service,
            region_name="us-east-2",
            endpoint_url=self.aws["AWS_ENDPOINT_URL"],
            aws_access_key_id="sandbox",
            aws_secret_access_key="sandbox",
        )

    def stacks(self):
        return {
            stack["StackName"]: stack["StackStatus"]
            for stack in self.client("cloudformation").describe_stacks()["Stacks"]
        }
