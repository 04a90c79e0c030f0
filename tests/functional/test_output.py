"""Where a report goes: whole or not at all, and never in place of something that is no file."""

from __future__ import annotations

import os
import stat
import threading

import pytest

from esmcfn.cli.program import run
from esmcfn.cli.reports import written
from esmcfn.errors import UsageError


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text(encoding="utf-8")))
    reader.start()
    written(pipe, "report\n")
    reader.join(timeout=180)
    assert read == ["report\n"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real").write_text("old", encoding="utf-8")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    written(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text(encoding="utf-8") == "new"


@pytest.mark.parametrize("where", ["missing/report", "."])
def test_what_cannot_be_written_is_said_and_leaves_nothing(tmp_path, where):
    with pytest.raises(UsageError, match="cannot write"):
        written(tmp_path / where, "report")
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_goes_away_is_no_error(root):

    process = root.begun("build", "dev")
    assert process.stdout is not None
    process.stdout.close()
    _, err = process.communicate(timeout=180)
    assert (process.returncode, err) == (0, "")


@pytest.mark.parametrize(
    "words",
    [
        ("plan", "dev", "--out", "environments/dev.yaml"),
        ("cost", "dev", "--offline", "--output", "environments/dev.yaml"),
        ("audit", "dev", "--also", "json=environments/dev.yaml"),
        ("changed", "--base", "HEAD", "--output", "environments/dev.yaml"),
    ],
)
def test_no_report_replaces_yaml_that_somebody_wrote(tmp_path, monkeypatch, capsys, words):
    (tmp_path / "environments").mkdir()
    (tmp_path / "environments/dev.yaml").write_text("environment: dev\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert run(words) == 2
    assert "is YAML that somebody wrote" in capsys.readouterr().err
    assert (tmp_path / "environments/dev.yaml").read_text(encoding="utf-8") == "environment: dev\n"
