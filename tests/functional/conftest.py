"""A command line in a process of its own, with a home of its own, against a real sandbox and the real engines."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from esmcfn import sandbox

if TYPE_CHECKING:
    from story import World

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Done:
    """What a command line came to."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """Its one JSON document; anything before or after it is an error."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Root:
    """A root in a folder of its own, and the sandbox that belongs to it."""

    folder: Path
    environment: dict[str, str]

    def esmcfn(self, *words: str, **variables: str) -> Done:
        """Run a command line to its end."""
        done = subprocess.run(
            self.command(*words),
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            env={**self.environment, **variables},
            cwd=self.folder,
            timeout=300,  # only a hang takes so long
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def begun(self, *words: str, **variables: str) -> subprocess.Popen[str]:
        """Begin a command line, whose outputs are pipes, and let it run."""
        return subprocess.Popen(
            self.command(*words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**self.environment, **variables},
            cwd=self.folder,
        )

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "esmcfn", *words]

    def deployed(self) -> Root:
        """Deploy dev, in a sandbox whose clock runs a hundred times as fast."""
        sandbox.ensure(self.folder)
        sandbox.set_clock(self.folder, speed=100)
        done = self.esmcfn("deploy", "dev", "--yes")
        assert done.code == 0, done.err
        return self

    def edit(self, old: str, new: str, *, file: str = "environments/dev.yaml") -> None:
        """Replace a text that must be there."""
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def read(self, file: str) -> str:
        """The text of a file of this root."""
        return (self.folder / file).read_text(encoding="utf-8")

    def write(self, file: str, text: str) -> None:
        """Put a text into a file of this root, in place of what was there."""
        path = self.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def client(self, service: str) -> Any:
        """A boto3 client of this root's sandbox."""
        import boto3

        address = sandbox.ensure(self.folder)
        return boto3.client(
            service,
            region_name="us-east-2",
            endpoint_url=address.endpoint_url,
            aws_access_key_id="sandbox",
            aws_secret_access_key="sandbox",
        )


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The variables of a machine with nothing but esmcfn on it; verdicts are shared by all tests."""
    folder = tmp_path_factory.mktemp("machine")
    kept = {key: os.environ[key] for key in ("PATH", "LANG", "ESMCFN_CHECKOV") if key in os.environ}
    xdg = {f"XDG_{name}_HOME": str(folder / name.lower()) for name in ("CACHE", "STATE", "CONFIG", "DATA")}
    return {**kept, **xdg, "HOME": str(folder), "NO_COLOR": "1", "AWS_EC2_METADATA_DISABLED": "true"}


@pytest.fixture
def root_of(
    machine: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], Root]]:
    """Copies an example into a folder of its own; its sandbox is stopped afterwards."""
    made: list[Root] = []
    for name in ("XDG_STATE_HOME", "HOME"):
        monkeypatch.setenv(name, machine[name])

    def copy(example: str) -> Root:
        folder = tmp_path / example
        shutil.copytree(REPOSITORY / "examples" / example, folder)
        made.append(Root(folder, machine))
        return made[-1]

    yield copy
    for root in made:
        sandbox.stop(root.folder)


@pytest.fixture
def root(root_of: Callable[[str], Root]) -> Root:
    return root_of("basic")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The address of a process that forks for every command line."""
    from forking import start

    address = tmp_path_factory.mktemp("server") / "socket"
    process = start(address)
    yield address
    process.terminate()
    process.wait()


@pytest.fixture(scope="session")
def account(machine: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of one sandbox that many tests use, each after a reset."""
    folder = tmp_path_factory.mktemp("account")
    home = {name: machine[name] for name in ("XDG_STATE_HOME", "HOME")}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in home.items():
            patch.setenv(name, value)
        sandbox.ensure(folder)
    yield folder
    with pytest.MonkeyPatch.context() as patch:
        for name, value in home.items():
            patch.setenv(name, value)
        sandbox.stop(folder)


@pytest.fixture
def world(
    machine: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, account: Path, server: Path
) -> World:
    """A repository with pull requests, its GitHub, and an empty account."""
    from story import World

    for name in ("XDG_STATE_HOME", "HOME"):
        monkeypatch.setenv(name, machine[name])
    sandbox.reset(account)
    sandbox.set_clock(account, speed=1000)
    return World(tmp_path, machine, account, server)
