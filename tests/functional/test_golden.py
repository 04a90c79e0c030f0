"""What a person sees of the shipped roots: templates, plans in every format. A diff here is for a reviewer's eye."""

from __future__ import annotations

import json
from pathlib import Path

import golden
import pytest
from fakes import FakeStacks, a_world
from msgspec.structs import replace

from esmcfn.errors import InputError
from esmcfn.inputs import environment_names, load
from esmcfn.render import FORMATS, render
from esmcfn.selection import select
from esmcfn.template import synthesize_all
from esmcfn.verbs.cost.pricing import price
from esmcfn.verbs.offline import build, validate
from esmcfn.verbs.plan.planning import make_plan

REPOSITORY = Path(__file__).parents[2]
EXAMPLES = ("basic", "basic_shared_user", "multi_model")
ROOTS = {"shipped": REPOSITORY, **{name: REPOSITORY / "examples" / name for name in EXAMPLES}}
SUFFIXES = {"text": "txt", "json": "json", "markdown": "md"}


def selected(case: str, environment: str = "dev"):
    loaded = load(ROOTS[case], environment)
    return loaded.project, select(loaded.project, problems=loaded.problems)


@pytest.mark.parametrize(
    ("case", "environment"),
    [(case, environment) for case, root in ROOTS.items() for environment in environment_names(root)],
)
def test_the_templates_are_what_was_reviewed(case, environment, update_golden):
    _, selection = selected(case, environment)
    for template in synthesize_all(selection):
        golden.check(f"templates/{case}/{environment}/{template.stack.name}.json", template.text, update=update_golden)


@pytest.mark.parametrize("case", ROOTS)
@pytest.mark.parametrize("form", FORMATS)
def test_a_first_plan_reads_as_reviewed(case, form, update_golden):
    project, selection = selected(case)
    report = make_plan(project, selection, a_world())
    golden.check(f"plans/{case}/first.{SUFFIXES[form]}", render(form, (report,)), update=update_golden)


@pytest.mark.parametrize("form", FORMATS)
def test_a_bigger_instance_reads_as_reviewed(form, update_golden):
    """multi_model with its first model on another instance type, and its second one gone."""
    project, selection = selected("multi_model")
    stacks = FakeStacks(*synthesize_all(selection))
    first = project.environment.selected_models[0]
    environment = replace(project.environment, selected_models=(replace(first, instance_type="ml.g5.12xlarge"),))
    changed = replace(project, environment=environment)
    report = make_plan(changed, select(changed), a_world(stacks=stacks))
    golden.check(f"plans/multi_model/changed.{SUFFIXES[form]}", render(form, (report,)), update=update_golden)


def test_the_readmes_bigger_instance_reads_as_reviewed(update_golden):
    project, selection = selected("shipped")
    (model,) = project.environment.selected_models
    bigger = replace(project.environment, selected_models=(replace(model, instance_type="ml.g5.12xlarge"),))
    changed = replace(project, environment=bigger)
    report = make_plan(changed, select(changed), a_world(stacks=FakeStacks(*synthesize_all(selection))))
    golden.check("plans/shipped/bigger.txt", render("text", (report,)), update=update_golden)


@pytest.mark.parametrize("form", FORMATS)
def test_nothing_to_do_reads_as_reviewed(form, update_golden):
    project, selection = selected("shipped")
    report = make_plan(project, selection, a_world(stacks=FakeStacks(*synthesize_all(selection))))
    golden.check(f"plans/shipped/unchanged.{SUFFIXES[form]}", render(form, (report,)), update=update_golden)


@pytest.mark.parametrize("form", FORMATS)
def test_what_it_costs_reads_as_reviewed(form, update_golden):
    project, selection = selected("multi_model")
    report = price(project, selection, a_world(), compared=False)
    golden.check(f"costs/multi_model.{SUFFIXES[form]}", render(form, (report,)), update=update_golden)


@pytest.mark.parametrize("form", FORMATS)
def test_several_environments_read_as_reviewed(form, update_golden):
    reports = [validate(selected("shipped", name)[1]) for name in environment_names(REPOSITORY)]
    golden.check(f"validations/shipped.{SUFFIXES[form]}", render(form, reports), update=update_golden)


def test_mistakes_read_as_reviewed(update_golden):
    """Every problem of a root at once, as it stands on standard error."""
    loaded = load(golden.FOLDER / "mistakes", "dev")
    with pytest.raises(InputError) as caught:
        select(loaded.project, problems=loaded.problems)
    text = "".join(f"{problem}\n" for problem in caught.value.problems)
    golden.check("mistakes/problems.txt", f"{text}error: {caught.value}\n", update=update_golden)


def test_a_build_on_standard_output_is_a_yaml_stream_of_the_exact_templates():
    import yaml

    _, selection = selected("multi_model")
    stream = render("text", (build(selection),))
    assert list(yaml.safe_load_all(stream)) == [json.loads(each.text) for each in synthesize_all(selection)]
