"""A file that was found right is not judged again; one that changed is, and nothing wrong is ever forgiven."""

from __future__ import annotations

import subprocess
import sys

import pytest
from builders import a_root

from esmcfn.inputs import load
from esmcfn.inputs.memory import MOST, Memory


def test_what_is_known_gives_the_same_project(tmp_path):
    root = a_root(tmp_path / "root")
    first = load(root, "dev", cache=tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir())
    assert load(root, "dev", cache=tmp_path / "cache") == first == load(root, "dev")


def test_an_edit_is_judged(tmp_path):
    root = a_root(tmp_path / "root")
    load(root, "dev", cache=tmp_path / "cache")
    path = root / "environments" / "dev.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "strange: 1\n", encoding="utf-8")
    for _ in range(2):
        assert any("strange" in problem.message for problem in load(root, "dev", cache=tmp_path / "cache").problems)


def test_a_folder_that_cannot_be_written_changes_no_answer(tmp_path):
    root = a_root(tmp_path / "root")
    (tmp_path / "file").write_text("")
    assert load(root, "dev", cache=tmp_path / "file" / "cache") == load(root, "dev")


def test_names_do_not_grow_for_ever(tmp_path):
    memory = Memory(tmp_path)
    for number in range(MOST):
        (tmp_path / str(number)).touch()
    memory.add("new")
    assert [path.name for path in tmp_path.iterdir()] == ["new"]
    assert memory.holds("new")


@pytest.mark.parametrize(("times", "imported"), [(0, True), (1, False)])
def test_cerberus_is_imported_only_for_what_is_new(tmp_path, times, imported):
    root = a_root(tmp_path / "root")
    for _ in range(times):
        load(root, "dev", cache=tmp_path / "cache")
    code = (
        "import sys; from pathlib import Path; from esmcfn.inputs import load; "
        f"load(Path({str(root)!r}), 'dev', cache=Path({str(tmp_path / 'cache')!r})); print('cerberus' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(imported)
