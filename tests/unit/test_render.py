"""What is rendered says the same in every dress, and a name cannot break out of it."""

from __future__ import annotations

import json
import re

import pytest
from builders import a_selection, a_stack, a_waiver
from built import built
from fakes import FakeStacks, a_world, an_event
from msgspec.structs import replace
from test_verbs import a_finding

from esmcfn.domain.deployment import Execution
from esmcfn.domain.finding import Level
from esmcfn.domain.plan import Plan
from esmcfn.domain.report import Failure
from esmcfn.errors import CloudError
from esmcfn.render import FORMATS, render
from esmcfn.render.canonical import canonical
from esmcfn.render.colour import on_screen
from esmcfn.verbs.deploy.deploying import Wishes, deploy
from esmcfn.verbs.offline import check
from esmcfn.verbs.plan.planning import make_plan

ANSI = re.compile(r"\x1b\[[0-9;]*m")


def a_plan(selection=None, **options):
    from builders import a_project

    return make_plan(a_project(), selection or a_selection(), a_world(**options))


def a_deployment(stacks):
    from builders import a_project

    return deploy(a_project(), a_selection(), a_world(stacks=stacks), Wishes())


def test_colour_is_put_on_and_nothing_else_changes():
    text = render("text", (a_plan(findings=[a_finding(message="long " * 60)]),))
    shown = on_screen(text, [Plan], columns=2000, colours=True)
    assert shown != text
    assert ANSI.sub("", shown) == text


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_report_is_the_same_bytes(form):
    assert render(form, (a_plan(),)) == render(form, (a_plan(),))


def test_json_is_indented_as_python_does_it_and_holds_nothing_that_a_file_refuses():
    document = {"ü": [], "b": {}, "c": [1, 2.5, None, True, {"x": [[]]}], "s": 'a"\\/\n\t'}
    assert canonical(document) == json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    hostile = {"file": "environments/\udcff.yaml", "message": "\u202egnp.exe\x9b"}
    text = canonical(hostile)
    assert text.isascii()
    assert json.loads(text) == {**hostile, "file": r"environments/\udcff.yaml"}


def test_json_is_one_document_for_one_and_for_several():
    plan = a_plan()
    failed = Failure(verb="plan", environment="qa", error=CloudError("no", next_step="wait"))
    assert json.loads(render("json", (plan,)))["schema"] == "esmcfn.plan/v1"
    both = json.loads(render("json", (plan, failed)))
    assert both["schema"] == "esmcfn.plans/v1"
    assert both["environments"][1]["next_step"] == "wait"
    assert "qa" in render("text", (plan, failed))
    assert "qa: failed" in render("markdown", (plan, failed))


def test_markdown_cannot_be_broken_out_of():
    stack = a_stack(tags={"Team|`<b>": "@everyone </details> *x* \n# heading"})
    shown = render("markdown", (a_plan(a_selection(stack), stacks=deployed_with_other_tags()),))
    outside_of_code = re.sub(r"`[^`\n]*`", "", shown)
    assert "@everyone" not in outside_of_code
    assert outside_of_code.count("<details>") == outside_of_code.count("</details>") == 1
    assert "\n# heading" not in shown


def deployed_with_other_tags():

    return FakeStacks(*built(a_selection()))


@pytest.mark.parametrize("form", FORMATS)
def test_a_waived_finding_is_shown_with_its_waiver(form):
    shown = render(form, (a_plan(findings=[a_finding(waiver=a_waiver(ticket="W-7")), a_finding(Level.ADVISORY)]),))
    assert "W-7" in shown
    assert "blocks" not in shown.replace('"blocks', "")


@pytest.mark.parametrize("form", FORMATS)
def test_a_failed_deployment_names_its_cause(form):
    stacks = FakeStacks()
    failed = an_event("ExecutionRole", "CREATE_FAILED", reason="denied")
    stacks.ends["esm-dev"] = Execution(status="ROLLBACK_COMPLETE", events=(failed,))
    shown = render(form, (a_deployment(stacks),))
    assert "ROLLBACK\\_COMPLETE" in shown or "ROLLBACK_COMPLETE" in shown
    assert "denied" in shown


def test_nothing_to_deploy_is_said():
    stacks = FakeStacks()
    a_deployment(stacks)
    assert "nothing to do" in render("text", (a_deployment(stacks),))


@pytest.mark.parametrize("deployed_before", [True, False])
def test_a_deployment_that_leaves_something_never_says_that_all_is_as_it_should_be(deployed_before):
    stacks = FakeStacks()
    report = a_deployment(stacks)
    report = a_deployment(stacks) if deployed_before else report
    left = "esm-dev/InvokeAccessKey Status: CloudFormation does not put it back"
    report = replace(report, body=replace(report.body, left=(left,)))
    shown = render("text", (report,))
    assert "everything was as it should be" not in shown
    assert "nothing to do" not in shown
    assert f"Left     {left}" in shown
    done = "nothing changed" if deployed_before else "2 stacks changed"
    assert f"Done     {done}, and 1 thing left: named above" in shown
    assert "### dev: done, and 1 thing left: named below" in render("markdown", (report,))
    document = json.loads(render("json", (report,)))
    assert (document["succeeded"], document["left"]) == (True, [left])


@pytest.mark.parametrize("form", FORMATS)
def test_findings_of_a_check_stand_with_their_line(form):
    from builders import a_project

    shown = render(form, (check(a_project(), a_selection(), a_world(findings=[a_finding()])),))
    assert "ESM001" in shown
    assert "environments/dev.yaml" in shown
