"""A tag that changes on many resources is said once, and nothing that anybody may feel is said with it."""

from __future__ import annotations

import pytest
from builders import a_base_stack, a_project, a_selection, a_stack, a_variant
from built import built
from fakes import FakeStacks, a_world
from msgspec.structs import replace

from esmcfn.domain.plan import Action, Change, Impact, PropertyChange
from esmcfn.domain.review import SeenChange, SeenProperty, SeenStack, StackAction
from esmcfn.render import render
from esmcfn.render.tags import folds, rest
from esmcfn.verbs.plan.planning import make_plan


def tagged(team, **changes):
    tags = {"team": team}
    return a_selection(a_stack(tags=tags, **changes), base=a_base_stack(tags=tags))


def planned(before, after):
    return make_plan(a_project(), after, a_world(stacks=FakeStacks(*built(before))))


def test_a_tag_of_an_environment_is_one_line_and_every_resource_is_named():
    report = planned(tagged("a"), tagged("b"))
    text = render("text", (report,))
    assert text.count("team: a -> b") == 1
    assert "~ tags of 4 resources in 2 stacks" in text
    assert "esm-dev-prototype-model: Endpoint, EndpointConfig, Model" in text
    markdown = render("markdown", (report,))
    assert markdown.count("`team`: `a` → `b`") == 1
    assert markdown.count("<details>") == markdown.count("</details>") == 1


def test_what_changes_besides_its_tags_is_told_whole():
    report = planned(tagged("a"), tagged("b", variant=a_variant(instance_type="ml.g5.4xlarge")))
    text = render("text", (report,))
    assert "± EndpointConfig" in text
    assert text.count("Tags/team: a -> b") == 2, "of the endpoint and its configuration"
    assert "~ tags of 2 resources in 2 stacks" in text


TAG = PropertyChange(path="Tags/team", before="a", after="b")
CHANGE = Change(
    action=Action.MODIFY,
    logical_id="Model",
    resource_type="AWS::SageMaker::Model",
    physical_id="m",
    impact=Impact.NONE,
    properties=(TAG,),
)


class Stack:
    def __init__(self, *changes):
        self.name, self.changes = "esm-dev", changes


@pytest.mark.parametrize(
    "change",
    [
        replace(CHANGE, impact=Impact.UNKNOWN),
        replace(CHANGE, impact=Impact.REPLACES),
        replace(CHANGE, action=Action.REPLACE),
        replace(CHANGE, action=Action.ADD),
        replace(CHANGE, properties=()),
        replace(CHANGE, properties=(TAG, PropertyChange(path="Name", before="a", after="b"))),
        replace(CHANGE, properties=(replace(TAG, replaces=True),)),
        replace(CHANGE, properties=(replace(TAG, reverts=True),)),
        replace(CHANGE, properties=(replace(TAG, path="Tags"),)),
        replace(CHANGE, properties=(replace(TAG, path="TagsX/team"),)),
        replace(CHANGE, drift="MODIFIED"),
        replace(CHANGE, unexplained="only the change set has it"),
        replace(CHANGE, retained=True),
    ],
)
def test_what_is_more_than_a_tag_is_never_folded(change):
    stack = Stack(change, change)
    assert folds([stack]) == ()
    assert rest(stack.changes, folds([stack])) == (change, change)


def test_one_resource_alone_stays_where_it_is_and_another_value_is_another_line():
    other = replace(CHANGE, properties=(replace(TAG, after="c"),))
    assert folds([Stack(CHANGE, other)]) == ()
    (fold,) = folds([Stack(CHANGE, other, CHANGE)])
    assert fold.count == "2 resources in 1 stack"
    assert rest((CHANGE, other, CHANGE), (fold,)) == (other,)


def test_every_change_is_told_once_folded_or_not():
    many = [Stack(*(replace(CHANGE, logical_id=f"R{number}") for number in range(4))), Stack(CHANGE)]
    found = folds(many)
    folded = [name for fold in found for _, names in fold.where for name in names]
    left = [change.logical_id for stack in many for change in rest(stack.changes, found)]
    assert sorted([*folded, *left]) == sorted(change.logical_id for stack in many for change in stack.changes)


def test_a_forged_plan_with_a_megabyte_in_a_tag_is_cut():
    change = SeenChange(
        Action.MODIFY, "R", "T", Impact.NONE, "tags only", properties=(SeenProperty("Tags/x", "a" * 10**6, None),)
    )
    (fold,) = folds([SeenStack("s", StackAction.UPDATE, (change, change))])
    ((_, before, after),) = fold.differences()
    assert len(before) < 100
    assert after == "(none)"
