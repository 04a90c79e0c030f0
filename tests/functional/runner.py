"""A runner: jobs in order of their needs, matrices, every `run:` in bash with GitHub's files, artifacts as folders."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from awaited import HANG_SECONDS
from expressions import evaluated, filled, holds, written
from forking import command

LARGEST_SUMMARY = 1024 * 1024


@dataclass
class Job:
    """What a job of a run came to: one of its matrix."""

    name: str
    result: str
    summary: str
    log: str
    permissions: dict[str, str]
    outputs: dict[str, Any]
    role: str | None


@dataclass
class Run:
    """What a run of a workflow came to."""

    id: int
    jobs: list[Job] = field(default_factory=list)
    attempt: int = 1
    cancelled: bool = False
    done: dict[str, dict[str, Any]] = field(default_factory=dict)

    def job(self, name: str) -> Job:
        return next(job for job in self.jobs if job.name == name)

    @property
    def names(self) -> set[str]:
        return {job.name for job in self.jobs if job.result != "skipped"}

    @property
    def failed(self) -> set[str]:
        return {job.name for job in self.jobs if job.result == "failure"}

    @property
    def anew(self) -> Run:
        """All of its jobs, to be run again: of the run itself only those are that did not succeed."""
        return Run(self.id, attempt=self.attempt)

    @property
    def conclusion(self) -> str:
        """What GitHub says of it."""
        return "cancelled" if self.cancelled else "failure" if self.failed else "success"


@dataclass
class Runner:
    """Runs workflows of a repository.

    Attributes:
        repository: whose .github is run.
        folder: for workspaces and artifacts.
        checkout: makes the workspace of a job, given the depth of its history (0: all of it).
        aws: variables that somebody with AWS credentials has.
        kept: told of each folder that was uploaded as an artifact, which it may change; None for nobody.
        variables: of the machine, and of the fake GitHub.
        cancel: asked while a script runs, with its job's name, whether somebody cancels the run now; None for nobody.
    """

    repository: Path
    folder: Path
    github: dict[str, Any]
    checkout: Any
    aws: dict[str, str]
    variables: dict[str, str]
    inputs: dict[str, str] = field(default_factory=dict)
    kept: Any = None
    cancel: Any = None

    def run(self, workflow: str, number: int, before: Run | None = None) -> Run:
        """Run a workflow to its end.

        Args:
            before: the attempt whose jobs are run again; what succeeded in it is not, unless it needs what is.
        """
        text = (self.repository / ".github" / "workflows" / workflow).read_text(encoding="utf-8")
        self.workflow = yaml.safe_load(text)
        assert self.workflow["permissions"] == {}
        run = Run(number, attempt=before.attempt + 1 if before else 1)
        where = {"run_id": number, "run_number": number, "run_attempt": run.attempt}
        self.github = {**self.github, **where, "server_url": "https://github.example"}
        done = run.done
        for name, each in before.done.items() if before else ():
            if each["result"] == "success" and set(needs_of(self.workflow, name)) <= set(done):
                done[name] = each
        jobs = {name: job for name, job in self.workflow["jobs"].items() if name not in done}
        while jobs:
            name = next(name for name, job in jobs.items() if set(needs(job)) <= set(done))
            done[name] = self._job(run, jobs.pop(name), {each: done[each] for each in needs_of(self.workflow, name)})
        return run

    def _job(self, run: Run, job: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
        good = all(each["result"] == "success" for each in before.values())
        contexts = {"github": self.github, "inputs": self.inputs, "needs": before}
        contexts["job"] = {"status": "cancelled" if run.cancelled else "success" if good else "failure"}
        if not holds(job.get("if"), contexts):
            run.jobs.append(Job(job["name"].partition(" $")[0], "skipped", "", "", {}, {}, None))
            return {"result": "skipped", "outputs": {}}
        made: list[Job] = []
        for each in matrix(job, contexts):
            if made and run.cancelled:
                break
            made.append(self._once(run, job, {**contexts, "matrix": each}))
        run.jobs.extend(made)
        results = {each.result for each in made}
        result = next((each for each in ("failure", "cancelled") if each in results), "success")
        return {"result": result, "outputs": made[-1].outputs}

    def _once(self, run: Run, job: dict[str, Any], contexts: dict[str, Any]) -> Job:
        permissions = job["permissions"]
        name = filled(job["name"], contexts)
        place = (
            self.folder / f"{run.id}-{len(run.jobs)}-{re.sub(r'[^a-z]', '_', name)}-{len(list(self.folder.iterdir()))}"
        )
        (place / "temp").mkdir(parents=True)
        environment = filled(job.get("environment"), contexts)
        steps = Steps(self, run, place, permissions, environment)
        steps.job = name
        token = json.dumps(permissions)
        contexts = {**contexts, "job": {"status": "success"}, "steps": {}, "vars": steps.vars}
        contexts["github"] = {**self.github, "token": token}
        for step in job["steps"]:
            if holds(step.get("if"), contexts):
                steps.step(step, contexts)
        outputs = filled(job.get("outputs", {}), contexts)
        summary = steps.summary.read_text(encoding="utf-8") if steps.summary.exists() else ""
        return Job(name, contexts["job"]["status"], summary, steps.log, permissions, outputs, steps.role)


class Steps:
    """The steps of one job, one after the other."""

    def __init__(self, runner: Runner, run: Run, place: Path, permissions: dict[str, str], environment: str | None):
        self.runner, self.run, self.place, self.permissions = runner, run, place, permissions
        self.workspace, self.summary, self.log = place / "workspace", place / "summary", ""
        self.role: str | None = None
        self.secrets: dict[str, str] = {}
        self.vars = {"AWS_ROLE_ARN": f"role of {environment}"}
        self.job, self.stopped = "", False

    def step(self, step: dict[str, Any], contexts: dict[str, Any]) -> None:
        assert "${{" not in step.get("run", "")
        try:
            if step.get("uses", "").startswith("$/"):
                outputs = self.ours(self.runner.repository / step["uses"].removeprefix("$/"), contexts)
            elif "uses" in step:
                action = step["uses"].partition("@")[0].partition("/")[2].replace("-", "_")
                getattr(self, action)(
                    **{key.replace("-", "_"): each for key, each in filled(step.get("with", {}), contexts).items()}
                )
                outputs: dict[str, str] = {}
            else:
                outputs = self.bash(step["run"], filled(step.get("env", {}), contexts))
        except (subprocess.CalledProcessError, FileNotFoundError) as error:
            self.log += f"{error}\n"
            if not step.get("continue-on-error"):
                contexts["job"]["status"] = "failure"
            return
        finally:
            if self.stopped:
                contexts["job"]["status"] = "cancelled"
        if "id" in step:
            contexts["steps"][step["id"]] = {"outputs": outputs}

    def ours(self, folder: Path, contexts: dict[str, Any]) -> dict[str, Any]:
        """An action of the repository itself, as the workflow's own commit has it: steps of its own, in one of ours."""
        action = yaml.safe_load((folder / "action.yml").read_text(encoding="utf-8"))
        inside = {**contexts, "steps": {}, "github": {**contexts["github"], "action_path": str(folder)}}
        for step in action["runs"]["steps"]:
            assert "run" not in step or step["shell"] == "bash"
            self.step(step, inside)
            if inside["job"]["status"] != "success":
                break
        return {name: filled(each["value"], inside) for name, each in action.get("outputs", {}).items()}

    def bash(self, script: str, variables: dict[str, Any]) -> dict[str, str]:
        """Run a script as `shell: bash` does, with the files that a step may write."""
        assert self.runner.workflow["defaults"]["run"]["shell"] == "bash"
        self.workspace.mkdir(exist_ok=True)
        output, text = self.place / "output", self.place / "script.sh"
        output.write_text("")
        text.write_text(script)
        before = self.summary.stat().st_size if self.summary.exists() else 0
        process = subprocess.Popen(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(text)],
            cwd=self.workspace,
            env={
                **self.runner.variables,
                **self.secrets,
                **{key: written(value) for key, value in variables.items()},
                "GITHUB_OUTPUT": str(output),
                "GITHUB_STEP_SUMMARY": str(self.summary),
                "GITHUB_RUN_ID": str(self.run.id),
                "GITHUB_ACTIONS": "true",
                "RUNNER_TEMP": str(self.place / "temp"),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.log += "".join(self.ended(process))
        after = self.summary.stat().st_size if self.summary.exists() else 0
        assert after - before <= LARGEST_SUMMARY
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, text)
        return dict(line.split("=", 1) for line in output.read_text(encoding="utf-8").splitlines())

    def ended(self, process: subprocess.Popen[str]) -> tuple[str, str]:
        """What a script printed. A run that is cancelled tells its shell alone, once and again, then kills all of it.

        A runner waits 7.5 seconds after the first signal and 2.5 after the second, this one as long as only a hang
        takes: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-cancellation
        """
        told = [signal.SIGINT, signal.SIGTERM, signal.SIGKILL]
        until = time.monotonic() + 300
        while True:
            try:
                return process.communicate(timeout=0.05)
            except subprocess.TimeoutExpired:
                asked = self.runner.cancel and not self.run.cancelled
                if (asked and self.runner.cancel(self.job)) or (self.stopped and time.monotonic() > until and told):
                    self.run.cancelled = self.stopped = True
                    number, until = told.pop(0), time.monotonic() + HANG_SECONDS
                    (os.killpg if number == signal.SIGKILL else os.kill)(process.pid, number)
                assert time.monotonic() < until or self.stopped

    def checkout(self, *, persist_credentials: bool, fetch_depth: int = 1) -> None:
        assert persist_credentials is False
        assert self.permissions["contents"] == "read"
        self.runner.checkout(self.workspace, fetch_depth)

    def configure_aws_credentials(
        self, *, role_to_assume: str, aws_region: str, role_duration_seconds: int = 0
    ) -> None:
        assert self.permissions["id-token"] == "write"
        assert role_duration_seconds in {0, 21600}
        assert aws_region
        self.role, self.secrets = role_to_assume, self.runner.aws

    def setup_python(self, *, python_version: str) -> None:
        assert python_version

    def upload_artifact(self, *, name: str, path: str, if_no_files_found: str, overwrite: bool = False) -> None:
        target = self.artifacts(self.run.id) / name
        assert overwrite or not target.exists()
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(self.workspace / path, target)
        assert any(target.iterdir())
        assert if_no_files_found == "error"
        if self.runner.kept:
            self.runner.kept(target)

    def download_artifact(self, *, path: str, name: str = "", pattern: str = "", run_id: str = "", **rest: Any) -> None:
        if run_id:
            assert self.permissions["actions"] == "read"
        there = self.artifacts(int(run_id) if run_id else self.run.id)
        for folder in sorted(there.glob(pattern)) if pattern else [there / name]:
            shutil.copytree(folder, self.workspace / path, dirs_exist_ok=True)

    def artifacts(self, run: int) -> Path:
        folder = self.runner.folder.parent / "artifacts" / str(run)
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def needs(job: dict[str, Any]) -> list[str]:
    found = job.get("needs", [])
    return [found] if isinstance(found, str) else found


def needs_of(workflow: dict[str, Any], name: str) -> list[str]:
    return needs(workflow["jobs"][name])


def matrix(job: dict[str, Any], contexts: dict[str, Any]) -> list[dict[str, Any]]:
    """What a job is run for."""
    axes = job.get("strategy", {}).get("matrix")
    if axes is None:
        return [{}]
    axes = filled(axes, contexts)
    if "include" in axes:
        return list(axes["include"])
    ((key, values),) = axes.items()
    return [{key: value} for value in values]


def machine(folder: Path, variables: dict[str, str], server: Path) -> dict[str, str]:
    """A runner's commands: ours in place of `gh`, `sleep`, and of what installs esmcfn, which is installed already."""
    commands = folder / "bin"
    commands.mkdir()
    scripts = {
        "gh": command(server, "gh"),
        "sleep": f'echo "$1" >> "{folder}/slept"',
        "make": f'[ "$*" = .venv/.plan ] && mkdir -p .venv/bin && ln -sf "{commands}/esmcfn" .venv/bin/esmcfn',
        "esmcfn": command(server, "esmcfn"),
        # A virtual environment is a folder with these two; pip writes down what it was asked for.
        # Both are told to leave the checkout alone, which may hold a venv.py or a pip.py of somebody's.
        "python": f'[ "$1 $2 $3" = "-I -m venv" ] && mkdir -p "$4/bin" && ln -sf "{commands}/pip" "$4/bin/python" '
        f'&& ln -sf "{commands}/esmcfn" "$4/bin/esmcfn"',
        "pip": '[ "$1 $2 $3" = "-I -m pip" ] || exit 1; '
        'case " $* " in *" --disable-pip-version-check "*) ;; *) exit 1; esac; '
        f'echo "$*" >> "{folder}/pip"; '
        f'while [ "$#" -gt 1 ]; do [ "$1" != --requirement ] || cat "$2" >> "{folder}/installed"; shift; done',
    }
    for name, script in scripts.items():
        (commands / name).write_text(f"#!/bin/sh\n{script}\n")
        (commands / name).chmod(0o755)
    return {**variables, "PATH": f"{commands}{os.pathsep}{variables['PATH']}"}


__all__ = ["Job", "Run", "Runner", "evaluated", "machine"]
