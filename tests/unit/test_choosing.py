"""Of the plans of several runs the one that the checkout builds to is taken; what is none is never taken for one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from builders import a_project, a_selection, a_stack, a_variant
from fakes import FakeStacks, a_world

from esmcfn import documents
from esmcfn.cli.program import run as esmcfn
from esmcfn.domain.choice import Candidate
from esmcfn.errors import InputError, Problem
from esmcfn.inputs.reviewed import candidates
from esmcfn.verbs.plan.choosing import chosen
from esmcfn.verbs.plan.planning import make_plan

SMALL, LARGE = (
    a_selection(a_stack(variant=a_variant(instance_type=f"ml.g5.{size}"))) for size in ("xlarge", "4xlarge")
)

EXAMPLE = Path(__file__).parents[2] / "examples/basic"


def a_plan(selection):
    return documents.plan(make_plan(a_project(), selection, a_world(stacks=FakeStacks())).body)


def run(folder, number, document, name="dev"):
    """The folder of a run's artifacts."""
    path = folder / str(number) / f"plan-{name}" / f"{name}.json"
    path.parent.mkdir(parents=True)
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return folder / str(number)


def choice(selection, *folders):
    found = [each for folder in folders for each in candidates(folder, ("dev", "prod"))]
    choices = chosen(found, lambda name: (a_project(), selection))
    assert len(choices) == 1
    return choices[0]


def test_the_newest_that_fits_is_taken_and_newer_ones_that_do_not_are_named(tmp_path):
    newest, fitting, older = (
        run(tmp_path, 3, a_plan(LARGE)),
        run(tmp_path, 2, a_plan(SMALL)),
        run(tmp_path, 1, a_plan(SMALL)),
    )
    found = choice(SMALL, newest, fitting, older)
    assert found.fits
    assert Path(found.file).is_relative_to(fitting)
    ((file, why),) = found.passed_over
    assert Path(file).is_relative_to(newest)
    assert why == "the checkout builds another template of esm-dev-prototype-model"


def test_where_none_fits_the_newest_plan_is_taken_so_that_its_refusal_says_why(tmp_path):
    broken, newest, older = run(tmp_path, 3, "{"), run(tmp_path, 2, a_plan(LARGE)), run(tmp_path, 1, a_plan(LARGE))
    found = choice(SMALL, broken, newest, older)
    assert not found.fits
    assert Path(found.file).is_relative_to(newest)
    assert "another template" in found.why


def test_a_plan_of_some_models_alone_is_no_plan_of_the_environment(tmp_path):
    document = a_plan(SMALL) | {"narrowed_to": ["prototype_model"]}
    found = choice(SMALL, run(tmp_path, 1, document | {"plan_id": documents.plan_id(document)}))
    assert "--model" in found.why


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("{", "is no plan of esmcfn"),
        ("[" * 100_000, "is no plan of esmcfn"),
        ('{"a":' * 50_000, "is no plan of esmcfn"),
        ("", "is no plan of esmcfn"),
        ('{"schema": "esmcfn.error/v1", "exit_code": 10}', "its schema is esmcfn.error/v1"),
        ('{"schema": "esmcfn.plan/v1"}', "is no plan of esmcfn"),
        ('{"schema": "esmcfn.plans/v1", "environments": []}', "it names no environment"),
    ],
)
def test_what_is_no_plan_is_taken_only_where_there_is_nothing_else(tmp_path, content, why):
    forged = run(tmp_path, 2, content)
    assert why in choice(SMALL, forged).why
    assert choice(SMALL, forged, run(tmp_path, 1, a_plan(SMALL))).fits


def test_a_plan_that_somebody_changed_or_renamed_or_linked_fits_nothing(tmp_path):
    changed = a_plan(SMALL)
    changed["account"] = "210987654321"
    assert "was changed after esmcfn wrote it" in choice(SMALL, run(tmp_path, 1, changed)).why
    assert choice(SMALL, run(tmp_path, 2, a_plan(SMALL), name="prod")).why == "it is a plan of dev"
    linked = tmp_path / "3"
    linked.mkdir()
    (linked / "dev.json").symlink_to(tmp_path / "1/plan-dev/dev.json")
    assert list(candidates(linked, ("dev",))) == []


def test_names_that_are_no_environment_of_the_checkout_are_none_of_ours(tmp_path):
    folder = run(tmp_path, 1, a_plan(SMALL))
    (folder / "plan-dev" / "::error::x.json").write_text("{}")
    assert [each.environment for each in candidates(folder, ("dev",))] == ["dev"]


def test_a_checkout_that_cannot_be_built_fits_nothing_and_says_why(tmp_path):
    def broken(name):
        raise InputError((Problem("environments/dev.yaml", 7, 1, "unknown key"),))

    plan = next(iter(candidates(run(tmp_path, 1, a_plan(SMALL)), ("dev",))))
    (found,) = chosen([plan], broken)
    assert "environments/dev.yaml:7:1: unknown key" in found.why


def test_nothing_to_choose_from_is_no_choice():
    assert chosen([], lambda name: (a_project(), SMALL)) == ()
    (only,) = chosen([Candidate(environment="dev", file="dev.json", wrong="bad")], lambda name: (a_project(), SMALL))
    assert (only.fits, only.why) == (False, "bad")


def test_the_command_copies_what_it_chose_and_says_it_in_json(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(EXAMPLE)
    folder = run(tmp_path, 1, "{")
    assert esmcfn(["choose", str(folder), "--out", str(tmp_path / "out"), "-f", "json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["environments"]
    assert (found["environment"], found["fits"]) == ("dev", False)
    assert (tmp_path / "out" / "dev.json").read_text() == "{"


def test_an_out_that_cannot_be_written_is_a_usage_error(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(EXAMPLE)
    (tmp_path / "out").write_text("")
    assert esmcfn(["choose", str(run(tmp_path, 1, "{")), "--out", str(tmp_path / "out" / "deeper")]) == 2
    assert "cannot copy plans" in capsys.readouterr().err
