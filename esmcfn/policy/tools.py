"""Install the tools that need their own environment: `python -m esmcfn.policy.tools`. Twice is harmless."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from esmcfn.policy.checkov import (
    REQUIREMENTS,
    STAMP,
    complete,
    installation,
    interpreter,
    requirements_digest,
    tools_folder,
)
from esmcfn.policy.engine import read_answer
from esmcfn.policy.process import EngineProcess, Fault

_PATIENCE_SECONDS = 300.0


class InstallError(Exception):
    """A step of the installation failed; the message holds what it printed."""


def main(words: Sequence[str]) -> int:
    """Install checkov where it is not complete yet or --force is said; return the process's status."""
    if set(words) - {"--force"}:
        _say("usage: python -m esmcfn.policy.tools [--force]")
        return 2
    environment = tools_folder() / "checkov"
    if not words and complete(environment) and installation(environment):
        _say(f"checkov is in place: {environment}")
        return 0
    try:
        install(environment)
    except (InstallError, OSError) as error:
        _say(f"error: checkov was not installed: {error}")
        return 1
    _say(f"checkov is installed: {environment}")
    return 0


def install(environment: Path) -> None:
    """Make the environment from nothing. The stamp comes last, so half an installation never counts as one.

    Raises:
        InstallError: the environment could not be made, or a package not installed.
        OSError: the folder cannot be written.
    """
    if environment.exists():
        shutil.rmtree(environment)
    environment.parent.mkdir(parents=True, exist_ok=True)
    python, requirements = str(interpreter(environment)), str(REQUIREMENTS)
    _say("installing checkov in an environment of its own; this takes about a minute, once")
    uv = shutil.which("uv")
    if uv:
        _run(uv, "venv", "--quiet", "--python", sys.executable, str(environment), cwd=environment.parent)
        # The list is complete, so nobody has to work out what it needs.
        _run(
            uv, "pip", "install", "--quiet", "--no-deps", "--python", python, "-r", requirements, cwd=environment.parent
        )
    else:
        _run(sys.executable, "-I", "-m", "venv", str(environment), cwd=environment.parent)
        pip = ("-I", "-m", "pip", "--disable-pip-version-check", "--quiet")
        _run(python, *pip, "install", "--no-deps", "-r", requirements, cwd=environment.parent)
    _say("compiling it, so that it starts in a third of the time")
    # Its status says that some file of some package is no Python; that file will not be imported either.
    compiling = [python, "-I", "-m", "compileall", "-q", str(environment)]
    subprocess.run(compiling, env=_environment(), cwd=environment.parent, capture_output=True)
    _say("asking it for the first time")
    _try_out(environment)
    (environment / STAMP).write_text(requirements_digest(), "utf-8")


def _try_out(environment: Path) -> None:
    """Put one template to it: it works, and what its libraries work out once is worked out."""
    installed = installation(environment)
    if installed is None:
        raise InstallError(f"{environment} holds no checkov")
    topic = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
    question = {"templates": [{"name": "topic", "text": topic}]}
    process = EngineProcess.start(
        installed.command, question, scratch=installed.scratch, deadline_seconds=_PATIENCE_SECONDS
    )
    answer = process if isinstance(process, Fault) else process.answer()
    said = answer if isinstance(answer, Fault) else read_answer(answer, installed.version, ["topic"])
    if isinstance(said, Fault):
        raise InstallError(f"it {said.reason}")


def _run(*command: str, cwd: Path) -> None:
    """Run it elsewhere than here: a folder that somebody judges may hold a venv.py, or what configures uv."""
    done = subprocess.run(command, env=_environment(), cwd=cwd, capture_output=True, text=True)
    if done.returncode != 0:
        raise InstallError(f"{' '.join(command)}\n{(done.stderr or done.stdout).strip()}")


def _environment() -> dict[str, str]:
    """Our own, except for what would keep bytecode away or point Python elsewhere."""
    unwanted: Sequence[str] = ("PYTHONDONTWRITEBYTECODE", "PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV")
    return {name: value for name, value in os.environ.items() if name not in unwanted}


def _say(message: str) -> None:
    sys.stderr.write(f"{message}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
