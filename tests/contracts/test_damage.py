"""Files that are not what the server wrote: said plainly, with the way out, and never a traceback."""

from __future__ import annotations

import json
import os

import pytest

from esmcfn import sandbox
from esmcfn.errors import SandboxError
from esmcfn.sandbox import running


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = tmp_path / "root"
    folder.mkdir()
    yield folder
    sandbox.stop(folder)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", '"x"', "{}", '{"port": null}', '{"pid": "abc", "port": 1, "token": "t"}']
)
def test_a_run_file_that_no_server_wrote_is_no_server(root, content):
    folder = running.state_folder(root)
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(content, encoding="utf-8")
    assert sandbox.find(root) is None
    assert sandbox.status(root).line == "stopped"
    assert sandbox.stop(root) is False
    assert sandbox.reset(root) is None


def test_a_server_whose_run_file_was_damaged_is_succeeded(root):
    first = sandbox.ensure(root)
    (running.state_folder(root) / "run.json").write_text("[]", encoding="utf-8")
    second = sandbox.ensure(root)
    assert second.pid != first.pid
    assert sandbox.find(root) is not None


def test_damaged_state_names_the_file_and_the_way_out(root):
    stacks = running.state_folder(root) / "state" / "stacks"
    stacks.mkdir(parents=True)
    (stacks / "broken.json").write_text(json.dumps({}), encoding="utf-8")
    with pytest.raises(SandboxError) as caught:
        sandbox.ensure(root)
    assert "cannot be read" in caught.value.message
    assert "Traceback" not in caught.value.message
    assert "esmcfn sandbox reset" in caught.value.next_step
    sandbox.reset(root)
    assert sandbox.ensure(root).started


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_state_folder_that_cannot_be_written_is_said_so(root, tmp_path, monkeypatch):
    (tmp_path / "locked").mkdir(mode=0o500)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "locked"))
    with pytest.raises(SandboxError, match="cannot keep its state"):
        sandbox.ensure(root)


def test_a_file_in_place_of_the_state_folder_is_said_so(root, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    with pytest.raises(SandboxError, match="cannot keep its state") as caught:
        sandbox.ensure(root)
    assert "XDG_STATE_HOME" in caught.value.next_step
