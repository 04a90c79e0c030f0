"""The files that a comment is made of: what is no plan, was changed or stands twice is told, the others are shown."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from esmcfn import documents
from esmcfn.cli.program import program
from esmcfn.domain.review import (
    Expected,
    Unplanned,
)
from esmcfn.errors import ExitCode
from esmcfn.inputs.planned import seen


def a_document(tmp_path, name="dev", **changes):
    """A plan's file, whole unless it is changed afterwards."""
    document = {
        "schema": "esmcfn.plan/v1",
        "environment": name,
        "account": "1",
        "region": "us-east-2",
        "expires_at": "2026-01-02T00:00:00Z",
        "summary": {},
        "stacks": [],
        "findings": [],
        "cost": {"currency": "USD", "before_monthly": None, "after_monthly": "1.00", "delta_monthly": None},
        "verdict": {"blocked": False, "reasons": []},
        **changes,
    }
    document["plan_id"] = documents.plan_id(document)
    path = tmp_path / f"{name}.json"
    path.write_text(json.dumps(document))
    return path


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{",
        "null",
        '{"schema": "esmcfn.plan/v1"}',
        '{"schema": 1}',
        "\ud800",
        "[" * 100_000,
        '{"schema": "esmcfn.plans/v1"}',
    ],
)
def test_a_file_that_is_no_plan_is_an_environment_without_one_and_the_others_are_shown(tmp_path, content):
    bad = tmp_path / "prod.json"
    bad.write_bytes(content.encode("utf-8", "surrogatepass"))
    done = CliRunner().invoke(program, ["comment", str(bad), str(a_document(tmp_path))], standalone_mode=False)
    assert done.return_value == 6
    assert "| `prod` | | | | | **no plan**: exit code 6 | | | |" in done.stdout
    assert "| `dev` | 0 |" in done.stdout


@pytest.mark.parametrize("amount", ["NaN", "1e99", "Infinity", "1\n", 1.0, "٣"])
def test_an_amount_that_is_no_amount_is_refused(tmp_path, amount):
    cost = {"currency": "USD", "before_monthly": None, "after_monthly": amount, "delta_monthly": None}
    (found,) = seen([a_document(tmp_path, cost=cost)])
    assert isinstance(found, Unplanned)


def test_a_file_that_was_changed_afterwards_is_refused_and_said_to_be(tmp_path):
    path = a_document(tmp_path, account="111122223333")
    path.write_text(path.read_text().replace("111122223333", "444455556666"))
    (found,) = seen([path])
    assert isinstance(found, Unplanned)
    assert found.exit_code is ExitCode.STALE
    assert "was changed after esmcfn wrote it" in found.message


def test_a_second_plan_of_an_environment_and_one_that_nobody_asked_for_are_refused(tmp_path):
    one = a_document(tmp_path)
    other = tmp_path / "zzz.json"
    other.write_text(one.read_text())
    stranger = a_document(tmp_path, "prod")
    found = {each.environment: each for each in seen([one, other, stranger], Expected(environments=("dev", "qa")))}
    assert "more than one plan" in found["dev"].message
    assert "nothing of it has changed" in found["prod"].message
    assert "no plan arrived" in found["qa"].message


def test_a_failure_is_named_after_its_file(tmp_path):
    path = tmp_path / "prod.json"
    path.write_text(json.dumps({"schema": "esmcfn.error/v1", "exit_code": 7, "message": "busy", "next_step": ""}))
    (found,) = seen([path])
    assert (found.environment, found.exit_code, found.message) == ("prod", ExitCode.BUSY, "busy")


@pytest.mark.parametrize(
    "words",
    [
        ["comment"],
        ["comment", "missing.json"],
        ["comment", "x", "--run-url", "a) [b](c"],
        ["comment", "x", "--commit", "HEAD"],
    ],
)
def test_a_command_line_that_cannot_be_meant_is_refused(words):
    from esmcfn.cli.program import run

    assert run(words) == 2
