"""Where the engines are looked for, and what is said where they are not."""

from __future__ import annotations

import gc
import importlib
import os
import re
import sys
from pathlib import Path

import pytest

from esmcfn.policy import cfnlint, checkov, tools
from esmcfn.policy.engine import Installation, Surroundings, installed_version
from esmcfn.policy.process import Fault

SURROUNDINGS = Surroundings(region="us-east-2")


def an_environment(folder: Path, *, version: str = "3.3.30", stamp: str | None = None) -> Path:
    """A folder that looks like a virtual environment with checkov in it."""
    python = checkov.interpreter(folder)
    python.parent.mkdir(parents=True)
    python.touch()
    (folder / "lib" / "python3.11" / "site-packages" / f"checkov-{version}.dist-info").mkdir(parents=True)
    if stamp is not None:
        (folder / checkov.STAMP).write_text(stamp, "utf-8")
    return folder


@pytest.fixture(autouse=True)
def _unnamed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(checkov.VARIABLE, raising=False)


def test_the_environment_of_our_own_making_is_found(tmp_path: Path) -> None:
    an_environment(tmp_path / "checkov", stamp=checkov.requirements_digest())

    found = checkov.find(Surroundings(region="us-east-2", tools=tmp_path))

    assert isinstance(found, Installation)
    assert found.version == "3.3.30"
    assert found.command[0] == str(checkov.interpreter(tmp_path / "checkov"))


def test_the_environment_that_the_variable_names_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    an_environment(tmp_path / "checkov", stamp=checkov.requirements_digest())
    monkeypatch.setenv(checkov.VARIABLE, str(an_environment(tmp_path / "mine", version="9.9.9")))

    found = checkov.find(Surroundings(region="us-east-2", tools=tmp_path))

    assert isinstance(found, Installation)
    assert found.version == "9.9.9"


def test_a_relative_folder_counts_from_where_esmcfn_was_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    an_environment(tmp_path / "mine")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(checkov.VARIABLE, "mine")

    found = checkov.find(SURROUNDINGS)

    assert isinstance(found, Installation)
    assert found.command[0] == str(checkov.interpreter(tmp_path / "mine"))


def test_a_variable_that_names_nothing_is_no_reason_to_look_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    an_environment(tmp_path / "checkov", stamp=checkov.requirements_digest())
    monkeypatch.setenv(checkov.VARIABLE, "/nowhere")

    found = checkov.find(Surroundings(region="us-east-2", tools=tmp_path))

    assert found == Fault(
        "is not installed in ESMCFN_CHECKOV=/nowhere", mend="unset ESMCFN_CHECKOV; python -m esmcfn.policy.tools"
    )


@pytest.mark.parametrize(
    ("stamp", "reason"),
    [(None, "is not the one that this esmcfn pins"), ("old", "is not the one that this esmcfn pins")],
)
def test_half_an_installation_and_an_old_one_do_not_count(tmp_path: Path, stamp: str | None, reason: str) -> None:
    an_environment(tmp_path / "checkov", stamp=stamp)

    found = checkov.find(Surroundings(region="us-east-2", tools=tmp_path))

    assert found == Fault(reason, mend="python -m esmcfn.policy.tools")


def test_nothing_there_names_the_command_that_installs_it(tmp_path: Path) -> None:
    found = checkov.find(Surroundings(region="us-east-2", tools=tmp_path))
    assert found == Fault("is not installed", mend="python -m esmcfn.policy.tools")


def test_tools_stand_inside_our_own_environment_and_go_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "prefix", "/somewhere/.venv")
    assert checkov.tools_folder() == Path("/somewhere/.venv/esmcfn-tools")


def test_without_an_environment_tools_stand_in_the_user_s_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert checkov.tools_folder() == tmp_path / "esmcfn" / "tools"


def test_a_check_of_the_root_s_own_that_changes_asks_another_question(tmp_path: Path) -> None:
    environment = an_environment(tmp_path / "checkov")
    checks = tmp_path / "checks"
    checks.mkdir()
    (checks / "tags.yaml").write_text("one", "utf-8")
    one = checkov.installation(environment, checks)
    (checks / "tags.yaml").write_text("two", "utf-8")
    two = checkov.installation(environment, checks)
    none = checkov.installation(environment, tmp_path / "nowhere")

    assert one is not None
    assert two is not None
    assert none is not None
    assert one.question["checks"] == two.question["checks"] == str(checks)
    assert one.question != two.question
    assert set(none.question) == {"ours", "ours_digest"}


def test_cfn_lint_is_the_one_that_this_interpreter_imports() -> None:
    from importlib import metadata

    found = cfnlint.find(SURROUNDINGS)

    assert isinstance(found, Installation)
    assert found.version == metadata.version("cfn-lint")
    assert found.command[0] == sys.executable


def test_without_cfn_lint_it_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert cfnlint.find(SURROUNDINGS) == Fault("is not installed", uninstalled=True)


def test_a_version_is_read_off_a_folder_s_name(tmp_path: Path) -> None:
    (tmp_path / "cfn_lint_extra-7.dist-info").mkdir()
    (tmp_path / "cfn_lint-1.2.3.dist-info").mkdir()
    assert installed_version(tmp_path, "cfn_lint") == "1.2.3"
    assert installed_version(tmp_path, "checkov") is None
    assert installed_version(tmp_path / "nowhere", "checkov") is None


def test_every_requirement_is_pinned_and_names_no_place() -> None:
    lines = checkov.REQUIREMENTS.read_text("utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert "checkov==3.3.30" in pins
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9._-]+", pin) for pin in pins)


def test_installing_twice_does_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "tools_folder", lambda: tmp_path)
    monkeypatch.setattr(tools, "install", lambda environment: pytest.fail("installed again"))
    an_environment(tmp_path / "checkov", stamp=checkov.requirements_digest())
    assert tools.main([]) == 0


def test_an_installation_that_fails_says_so_and_carries_no_stamp(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tools, "tools_folder", lambda: tmp_path)
    monkeypatch.setattr(tools.shutil, "which", lambda name: None)
    monkeypatch.setattr(sys, "executable", "/bin/false")

    assert tools.main(["--force"]) == 1

    assert "error: checkov was not installed: /bin/false -I -m venv" in capsys.readouterr().err
    assert not checkov.complete(tmp_path / "checkov")


def test_it_is_installed_away_from_the_folder_that_is_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which may hold a venv.py, or a uv.toml that names another index."""
    judged, home, installer = tmp_path / "judged", tmp_path / "home", tmp_path / "uv"
    judged.mkdir()
    installer.write_text("#!/bin/sh\necho here: $(pwd) >&2\nexit 1\n")
    installer.chmod(0o755)
    monkeypatch.chdir(judged)
    monkeypatch.setattr(tools, "tools_folder", lambda: home)
    monkeypatch.setattr(tools.shutil, "which", lambda name: str(installer))

    assert tools.main(["--force"]) == 1

    assert f"here: {home.resolve()}" in capsys.readouterr().err


def test_other_words_are_no_reason_to_install(capsys: pytest.CaptureFixture[str]) -> None:
    assert tools.main(["--help"]) == 2
    assert "usage:" in capsys.readouterr().err


@pytest.mark.parametrize("runner", ["checkov_runner", "cfnlint_runner"])
def test_a_runner_that_is_only_imported_leaves_the_process_as_it_is(
    runner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"esmcfn.policy.{runner}"
    monkeypatch.delitem(sys.modules, name, raising=False)
    emptied = ("aiohttp", "boto3", "docker", "numpy")
    gc.enable()
    before = gc.isenabled(), os.environ.get("LOG_LEVEL"), [sys.modules.get(each, "none") for each in emptied]

    importlib.import_module(name)

    assert before == (gc.isenabled(), os.environ.get("LOG_LEVEL"), [sys.modules.get(each, "none") for each in emptied])
