"""The generated facts against the libraries that they were read from."""

from __future__ import annotations

import importlib.util
import sys
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import pytest

from esmcfn.reference import instance_types, timezones
from esmcfn.reference.create_only import CREATE_ONLY
from esmcfn.reference.instance_types import HOSTING, OFFERED

TOOL = Path(__file__).resolve().parents[2] / "tools" / "generate_reference.py"
MEND = "run `python tools/generate_reference.py`, read the difference, and commit it"


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    """The generator; it is a script and no part of the package."""
    spec = importlib.util.spec_from_file_location("generate_reference", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def made_from_installed() -> bool:
    """Are the checked-in facts from the very versions that are installed here?"""
    zones = f"python-dateutil {version('python-dateutil')}" == timezones.MADE_FROM
    return zones and f"cfn-lint {version('cfn-lint')}, botocore {version('botocore')}" == instance_types.MADE_FROM


def test_generating_again_changes_nothing(generator):
    stale = [path.name for path in generator.stale()]
    if stale and not made_from_installed():
        pytest.skip(f"made from {instance_types.MADE_FROM}; the installed ones may know more: {MEND}")
    assert not stale, MEND


def test_what_replaces_by_our_table_still_replaces_by_the_installed_schemas(generator):
    now = generator.schema_paths("createOnlyProperties")
    gone = {name: sorted(paths - now[name]) for name, paths in CREATE_ONLY.items() if paths - now[name]}
    assert not gone, MEND


def test_the_installed_lists_do_not_lose_what_a_user_would_pick(generator):
    gpus = {name for name in HOSTING if name.split(".")[1] in {"g5", "g6", "g6e", "p5"}}
    assert gpus <= generator.accepted() | set().union(*generator.offers().values()), MEND
    assert set(OFFERED) <= generator.offers().keys(), MEND


def test_rewriting_touches_only_the_generated_block(generator):
    source = f"before\n{generator.BEGIN}old = 1\n{generator.END}after\n"
    assert generator.rewritten(source, "new = 2\n") == source.replace("old = 1", "new = 2")


def test_check_mode_writes_nothing_and_fails_when_stale(generator, tmp_path, monkeypatch, capsys):
    path = tmp_path / "create_only.py"
    path.write_text("old")
    monkeypatch.setattr(generator, "stale", lambda: {path: "new"})
    assert generator.main(["--check"]) == 1
    assert path.read_text() == "old"
    assert generator.main([]) == 0
    assert path.read_text() == "new"
    assert capsys.readouterr().out.splitlines() == ["stale: create_only.py", "wrote: create_only.py"]


def test_reading_the_data_files_imports_neither_library(generator):
    before = set(sys.modules)
    generator.blocks()
    assert not {name for name in set(sys.modules) - before if name.split(".")[0] in {"cfnlint", "botocore"}}
