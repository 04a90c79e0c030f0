"""The words with which a command that writes goes on: those that were typed, and none of them lost."""

from __future__ import annotations

import shlex
from datetime import timedelta

import click
import pytest
from fakes import NOW

from esmcfn.cli.deploy import _replanned
from esmcfn.cli.mandate import Repeatable, again
from esmcfn.cli.program import COMMANDS, program
from esmcfn.domain.plan import ReviewedPlan

PATIENT = " --wait-for-stack 30m"


def context(line: str):
    """What Click made of a command line; nothing is run."""
    top = program.make_context("esmcfn", shlex.split(line))
    top.obj = {"root": top.params["root"]}
    name, command, rest = program.resolve_command(top, [*top._protected_args, *top.args])
    return command.make_context(name, rest, parent=top)


@pytest.mark.parametrize(
    "line",
    [
        "park dev --model big --yes",
        "park dev --model a --model b",
        "resume dev prod",
        "park --all --timeout 90m --discard-others --profile 'my profile'",
        "--root examples/basic park dev",
        "park dev --root examples/basic",
        "deploy dev --revert-drift --recover --skip Endpoint --format json --output out.json",
        "deploy dev --delete-first --model=-odd",
        "destroy old --like dev --delete-logs --yes",
        "bootstrap dev --repository acme/models --branch release --plan-workflow a.yml --plan-workflow b.yml --yes",
    ],
)
def test_no_word_of_it_is_lost_and_it_waits_for_what_still_goes_on(line):
    typed = context(line)
    said = again(typed)
    assert said.endswith(PATIENT)
    meant = context(said.removeprefix("esmcfn "))
    assert meant.params == {**typed.params, "wait_for_stack": 1800.0}
    assert meant.obj == typed.obj


def test_who_only_waits_waits_for_the_same():
    assert again(context("wait dev --model a --timeout 20m")) == "esmcfn wait dev --model a --timeout 20m"


def test_who_waits_already_waits_as_long_again():
    assert again(context("park dev --wait-for-stack 2h")) == "esmcfn park dev --wait-for-stack 2h"


def test_what_the_shell_says_is_written_out_since_the_next_one_may_not_say_it(monkeypatch):
    monkeypatch.setenv("ESMCFN_MODEL", "a b")
    monkeypatch.setenv("ESMCFN_YES", "1")
    monkeypatch.setenv("ESMCFN_REVERT_DRIFT", "0")
    monkeypatch.setenv("ESMCFN_ROOT", "/repository")
    monkeypatch.setenv("ESMCFN_FORMAT", "json")
    said = again(context("deploy dev"))
    assert said == "esmcfn deploy dev --model a --model b --root /repository --yes" + PATIENT


def test_a_folder_that_is_typed_is_stronger_than_the_shell_s(monkeypatch):
    monkeypatch.setenv("ESMCFN_ROOT", "/shell")
    typed = context("--root /typed park dev")
    assert str(typed.obj["root"]) == "/typed"
    assert again(typed) == "esmcfn --root /typed park dev" + PATIENT


def test_what_was_reviewed_is_stale_once_a_part_of_it_is_done_so_that_it_is_planned_again():
    plan = ReviewedPlan(
        plan_id="sha256:1",
        environment="dev",
        account="123456789012",
        region="us-east-2",
        created_at=NOW,
        expires_at=NOW + timedelta(hours=24),
        narrowed=frozenset("ba"),
        delete_first=False,
        blocked=False,
        document={},
        reverts=True,
    )
    with context("deploy dev prod --timeout 2h --yes"):
        said = _replanned(plan)
    assert said == "esmcfn deploy --yes --timeout 2h dev --model a --model b --revert-drift" + PATIENT


def test_every_command_that_asks_can_say_how_it_goes_on():
    top = click.Context(program)
    commands = {name: program.get_command(top, name) for name in COMMANDS}
    asking = {
        name: command
        for name, command in commands.items()
        if {"yes", "wait_for_stack"} <= {option.name for option in command.params}
    }
    assert set(asking) == {"deploy", "park", "resume", "destroy", "bootstrap"}
    assert all(isinstance(command, Repeatable) for command in asking.values())
