"""A file that was found right is not judged again; one that changed is, and nothing wrong is ever forgiven."""

from __future__ import annotations

from builders import a_root

from esmcfn.inputs import load


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
