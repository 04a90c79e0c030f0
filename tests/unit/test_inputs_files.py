"""Files of the root: none from outside, none too large, none in another encoding."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from builders import CATALOG_TEXT, ENVIRONMENT_TEXT, a_root

from esmcfn import inputs
from esmcfn.errors import InputError
from esmcfn.inputs import files

HINT = "write a path relative to this file, such as ../catalogs/esm.yaml"


def complaints(root: Path, name: str = "dev") -> list[str]:
    try:
        return [str(problem) for problem in inputs.load(root, name).problems]
    except InputError as error:
        return [str(problem) for problem in error.problems]


def with_catalog_at(folder: Path, path: str) -> Path:
    return a_root(folder, environment=ENVIRONMENT_TEXT.replace("../catalogs/esm.yaml", path))


@pytest.mark.parametrize(
    "path", ["../../catalogs/esm.yaml", "/etc/passwd", "../catalogs/../../x.yaml", "..\\catalogs\\esm.yaml"]
)
def test_a_catalog_outside_of_the_root_is_refused(tmp_path: Path, path: str) -> None:
    (tmp_path / "catalogs").mkdir()
    (tmp_path / "catalogs/esm.yaml").write_text(CATALOG_TEXT)

    assert complaints(with_catalog_at(tmp_path / "root", path)) == [
        f"environments/dev.yaml:4:1: catalog: {path} lies outside of the root ({HINT})"
    ]


def test_a_link_out_of_the_root_is_refused(tmp_path: Path) -> None:
    root = a_root(tmp_path / "root")
    (tmp_path / "esm.yaml").write_text(CATALOG_TEXT)
    (root / "catalogs/esm.yaml").unlink()
    (root / "catalogs/esm.yaml").symlink_to(tmp_path / "esm.yaml")

    assert complaints(root) == [
        "environments/dev.yaml:4:1: catalogs/esm.yaml lies outside of the root"
        " (keep every file inside the folder that --root names)"
    ]


def test_an_environment_that_is_a_link_out_of_the_root_is_refused(tmp_path: Path) -> None:
    root = a_root(tmp_path / "root")
    (tmp_path / "x.yaml").write_text(ENVIRONMENT_TEXT)
    (root / "environments/x.yaml").symlink_to(tmp_path / "x.yaml")

    assert complaints(root, "x") == [
        "environments/x.yaml:1:1: the file lies outside of the root"
        " (keep every file inside the folder that --root names)"
    ]


def test_a_link_inside_of_the_root_is_as_good_as_a_file(tmp_path: Path) -> None:
    root = a_root(tmp_path)
    (root / "catalogs/esm.yaml").rename(root / "catalogs/v2.yaml")
    (root / "catalogs/esm.yaml").symlink_to("v2.yaml")

    assert complaints(root) == []


def test_a_root_may_itself_be_a_link(tmp_path: Path) -> None:
    a_root(tmp_path / "real")
    (tmp_path / "link").symlink_to("real")

    assert complaints(tmp_path / "link") == []


def test_a_link_to_itself_is_refused(tmp_path: Path) -> None:
    root = a_root(tmp_path)
    (root / "catalogs/esm.yaml").unlink()
    (root / "catalogs/esm.yaml").symlink_to("esm.yaml")

    (complaint,) = complaints(root)

    assert complaint.startswith("environments/dev.yaml:4:1: catalogs/esm.yaml ")


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("../catalogs/ems.yaml", "catalogs/ems.yaml does not exist (did you mean esm.yaml?)"),
        ("../catalogs/old.yaml", "catalogs/old.yaml does not exist (rename old.yml to old.yaml)"),
        ("../nowhere/esm.yaml", "nowhere/esm.yaml does not exist"),
        ("../catalogs", "catalogs is a folder"),
    ],
)
def test_a_catalog_that_is_not_there_is_told_where_it_is_named(tmp_path: Path, path: str, complaint: str) -> None:
    root = with_catalog_at(tmp_path, path)
    (root / "catalogs/old.yml").touch()

    assert complaints(root) == [f"environments/dev.yaml:4:1: {complaint}"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    root = a_root(tmp_path)
    (root / "catalogs/esm.yaml").chmod(0)

    assert complaints(root) == ["environments/dev.yaml:4:1: catalogs/esm.yaml cannot be read: Permission denied"]


def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    root = a_root(tmp_path)
    (root / "catalogs/esm.yaml").unlink()
    os.mkfifo(root / "catalogs/esm.yaml")

    assert complaints(root) == ["environments/dev.yaml:4:1: catalogs/esm.yaml is no regular file"]


def test_a_file_has_a_size_that_a_person_writes(tmp_path: Path) -> None:
    root = a_root(tmp_path, catalog=CATALOG_TEXT + "#" * files.MAX_BYTES)

    assert complaints(root) == ["environments/dev.yaml:4:1: catalogs/esm.yaml is larger than 1024 KiB"]


def test_text_that_is_not_utf_8_is_told_at_its_byte(tmp_path: Path) -> None:
    root = a_root(tmp_path)
    (root / "environments/dev.yaml").write_bytes("environment: dev\nä: ".encode() + b"\xff\n")

    assert complaints(root) == ["environments/dev.yaml:2:4: the file is not UTF-8 (save it as UTF-8)"]


def test_utf_16_is_not_utf_8(tmp_path: Path) -> None:
    root = a_root(tmp_path)
    (root / "environments/dev.yaml").write_bytes(ENVIRONMENT_TEXT.encode("utf-16"))

    assert complaints(root) == ["environments/dev.yaml:1:1: the file is not UTF-8 (save it as UTF-8)"]


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    root = a_root(tmp_path)
    text = ENVIRONMENT_TEXT.replace("\n", "\r\n").replace("us-east-2", "here")
    (root / "environments/dev.yaml").write_bytes(text.encode("utf-8-sig"))

    assert complaints(root) == ["environments/dev.yaml:3:1: region: must be a region such as us-east-2, not here"]
