"""Streams that are full, closed or not read to the end, folders that are gone, Pythons without docstrings: no bugs."""

from __future__ import annotations

import shlex
import subprocess

import pytest
from awaited import HANG_SECONDS

from esmcfn import sandbox
from esmcfn.errors import ExitCode


def shell(root, line, **variables):
    """Run a line of bash, in which esmcfn stands for the command."""
    line = line.replace("esmcfn", shlex.join(root.command()), 1)
    return subprocess.run(
        ["/bin/bash", "-c", line],
        env={**root.environment, **variables},
        cwd=root.folder,
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
    )


@pytest.mark.parametrize("words", ["--help", "explain ESM001", "sandbox status", "sandbox clock --help"])
@pytest.mark.parametrize(
    ("goes", "code", "said"),
    [
        (">/dev/full", 2, "error: cannot write to standard output: No space left on device\nnext: "),
        ("| head -c 0; exit ${PIPESTATUS[0]}", 0, ""),
    ],
)
def test_what_is_printed_and_cannot_be_is_no_bug(root, words, goes, code, said):
    done = shell(root, f"esmcfn {words} {goes}")
    assert done.returncode == code, done.stderr
    assert done.stderr.startswith(said)
    assert bool(done.stderr) == bool(said)


@pytest.mark.parametrize("words", ["validate dev", "sandbox status", "deploy dev --yes"])
def test_a_report_that_nobody_could_see_is_refused(root, words):
    done = shell(root, f"esmcfn {words} >&-")
    assert done.returncode == ExitCode.USAGE
    assert "error: standard output is closed" in done.stderr
    assert sandbox.find(root.folder) is None


def test_a_report_into_a_file_needs_no_standard_output(root):
    assert shell(root, "esmcfn validate dev --output report >&-").returncode == ExitCode.DONE
    assert "valid" in root.read("report")


@pytest.mark.parametrize(
    ("words", "code"),
    [("--root {root} validate dev", 0), ("--root {root} plan dev --out plan.json", 2), ("sandbox status", 2)],
)
def test_the_current_folder_may_be_gone(root, tmp_path, words, code):
    gone = tmp_path / "gone"
    gone.mkdir()
    words = words.format(root=shlex.quote(str(root.folder)))
    done = shell(root, f"cd {gone} && rmdir {gone} && esmcfn {words}")
    assert done.returncode == code, done.stderr
    assert ("error: the current folder does not exist any more\nnext: cd " in done.stderr) == bool(code)


def test_a_python_without_docstrings_is_said_to_be_one(root):
    for words in ("check dev", "explain ESM001", "plan dev"):
        done = shell(root, f"esmcfn {words}", PYTHONOPTIMIZE="2")
        assert done.returncode == ExitCode.USAGE
        assert done.stderr.endswith("next: unset PYTHONOPTIMIZE\n")


def test_a_plan_whose_file_cannot_be_written_leaves_nothing_behind(root):
    done = shell(root, "esmcfn plan dev --out /dev/full")
    assert done.returncode == ExitCode.USAGE
    assert "cannot write /dev/full: No space left on device" in done.stderr
    assert root.client("cloudformation").describe_stacks()["Stacks"] == []


def test_a_file_that_cannot_be_written_is_told_with_what_is_in_the_way(root):
    (root.folder / "file").touch()
    for path, why in (
        ("nowhere/report", f"there is no folder {root.folder}/nowhere"),
        ("file/report", f"{root.folder}/file is no folder"),
    ):
        assert f"cannot write {root.folder}/{path}: {why}\n" in root.esmcfn("validate", "dev", "--output", path).err


def test_folders_and_files_that_lead_back_to_themselves(root):
    file = root.folder / "environments/dev.yaml"
    file.unlink()
    file.symlink_to("dev.yaml")
    said = root.esmcfn("validate", "dev")
    assert said.code == ExitCode.INPUT
    assert (
        "environments/dev.yaml:1:1: the file cannot be read: a link on the way to it leads back to itself" in said.err
    )
    file.unlink()
    file.mkdir()
    assert "environments/dev.yaml:1:1: the file is a folder" in root.esmcfn("validate", "dev").err
    file.rmdir()
    file.parent.rmdir()
    file.parent.symlink_to("environments")
    said = root.esmcfn("validate", "dev")
    assert (said.code, "environments/: the folder cannot be read: Too many levels" in said.err) == (3, True), said.err
    said = root.esmcfn("validate", "--all")
    assert (said.code, "environments: Too many levels of symbolic links" in said.err) == (2, True), said.err
