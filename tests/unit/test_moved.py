"""moved_from: a renamed key keeps its stack and its endpoint, and every claim that cannot be meant is told."""

from __future__ import annotations

import pytest
from builders import (
    a_catalog,
    a_catalog_entry,
    a_neighbour,
    a_project,
    a_selected_model,
    an_environment,
    some_origins,
)
from built import built
from fakes import FakeStacks, a_world

from esmcfn.domain.plan import Action, Impact, StackAction
from esmcfn.domain.project import Project, SelectedModel
from esmcfn.errors import InputError, UsageError
from esmcfn.selection import select
from esmcfn.template import synthesize_all
from esmcfn.verbs.plan.planning import make_plan


def moved(key: str, old: str, *, line: int = 9, **changes: object) -> SelectedModel:
    origins = some_origins("environments/dev.yaml", line, ("selector", "moved_from"), column=3)
    return a_selected_model(key, moved_from=old, origins=origins, **changes)


def selecting(*models: SelectedModel, **changes: object) -> Project:
    return a_project(environment=an_environment(*models, **changes))


def complaints(project: Project) -> list[str]:
    try:
        select(project)
    except InputError as error:
        return [str(problem) for problem in error.problems]
    return []


def planned(project: Project, *, before: Project):
    stacks = FakeStacks(*built(select(before)))
    return make_plan(project, select(project), a_world(stacks=stacks)).body


class TestClaims:
    def test_the_key_itself_is_no_other_key(self):
        assert complaints(selecting(moved("a", "a"))) == [
            "environments/dev.yaml:11:5: a: moved_from is the key itself "
            "(remove moved_from, or name the key that it was deployed under)"
        ]

    def test_two_models_cannot_be_one_that_was(self):
        assert complaints(selecting(moved("b", "a"), moved("c", "a", line=20))) == [
            "environments/dev.yaml:22:5: c: b was moved from a too, and only one can keep the stack esm-dev-a "
            "(remove moved_from from the one that is new)"
        ]

    @pytest.mark.parametrize("first", [True, False])
    def test_a_key_that_is_still_selected_keeps_its_own_stack(self, first):
        new, old = moved("b", "a"), a_selected_model("a", line=20)
        assert complaints(selecting(*((new, old) if first else (old, new)))) == [
            "environments/dev.yaml:11:5: b: moved_from names a, but a is still selected and makes the stack esm-dev-a "
            "(remove a (environments/dev.yaml:20) if it was renamed, else remove moved_from)"
        ]

    def test_a_stack_is_met_under_another_spelling_too(self):
        (complaint,) = complaints(selecting(moved("c", "a_b"), a_selected_model("a-b", line=20)))
        assert "moved_from names a_b, but a-b is still selected and makes the stack esm-dev-a-b" in complaint

    def test_a_neighbours_stack_is_nobody_elses_old_one(self):
        project = a_project(
            environment=an_environment(moved("x", "eu")),
            neighbours=(a_neighbour(name="dev-eu", account="sandbox"),),
        )
        (complaint,) = complaints(project)
        assert complaint.startswith("environments/dev.yaml:11:5: the stack esm-dev-eu would also be dev-eu's")

    def test_an_old_key_that_is_too_long_is_told_where_it_is_written(self):
        (complaint,) = complaints(selecting(moved("a", "k" * 121)))
        assert complaint.startswith("environments/dev.yaml:11:5: the stack esm-dev-kkk")

    def test_a_key_that_is_none_is_told_where_it_is_written(self):
        (complaint,) = complaints(selecting(moved("a", "-")))
        assert complaint.startswith("environments/dev.yaml:11:5: a.moved_from: must be letters and digits")

    def test_two_keys_may_change_places(self):
        assert complaints(selecting(moved("a", "b"), moved("b", "a", line=20))) == []

    def test_the_old_key_is_not_selected_any_more_and_says_what_it_is_called_now(self):
        with pytest.raises(UsageError) as caught:
            select(selecting(moved("new", "old")), only=frozenset({"old"}))
        assert caught.value.next_step == "it is called new now"


class TestNames:
    def test_every_name_and_hash_is_the_old_keys(self):
        (before,) = select(selecting(a_selected_model("prototype_model"))).models
        (after,) = select(selecting(moved("main", "prototype_model"))).models
        assert after.name == before.name == "esm-dev-prototype-model"
        assert after.endpoint_name == before.endpoint_name == "Endpoint-ESMC-300M-1-b8fd8d87"
        built = {
            key: synthesize_all(select(selecting(model)))[1].names
            for key, model in (("old", a_selected_model("prototype_model")), ("new", moved("main", "prototype_model")))
        }
        assert built["old"] == built["new"]

    def test_what_is_shown_is_the_new_key(self):
        (stack,) = select(selecting(moved("main", "prototype_model"))).models
        assert stack.model == "main"
        assert stack.tags["esmcfn:model"] == "main"


class TestPlans:
    BEFORE = selecting(a_selected_model("prototype_model"))

    def test_a_renaming_changes_tags_in_place_and_nothing_goes(self):
        plan = planned(selecting(moved("main", "prototype_model")), before=self.BEFORE)
        assert [(stack.name, stack.model, stack.action) for stack in plan.stacks] == [
            ("esm-dev", None, StackAction.UNCHANGED),
            ("esm-dev-prototype-model", "main", StackAction.UPDATE),
        ]
        changes = plan.stacks[1].changes
        assert {change.action for change in changes} == {Action.MODIFY}
        assert {change.impact for change in changes} <= {Impact.NONE, Impact.IN_PLACE}
        assert {each.path for change in changes for each in change.properties} == {"Tags/esmcfn:model"}
        assert list(plan.endpoints) == ["main"]

    def test_a_key_that_went_beside_one_like_it_is_told_how_its_endpoint_stays(self):
        plan = planned(selecting(a_selected_model("main")), before=self.BEFORE)
        going = next(stack for stack in plan.stacks if stack.action is StackAction.DELETE)
        assert going.notes == (
            "if prototype_model is now called main, say `moved_from: prototype_model` under main "
            "(environments/dev.yaml:9) and the endpoint stays",
        )

    def test_a_second_renaming_names_the_key_that_the_stack_is_named_by(self):
        before = selecting(moved("main", "prototype_model"))
        plan = planned(selecting(moved("primary", "main")), before=before)
        going = next(stack for stack in plan.stacks if stack.action is StackAction.DELETE)
        assert "say `moved_from: prototype-model` under primary" in going.notes[0]
        again = planned(selecting(moved("primary", "prototype-model")), before=before)
        assert [stack.action for stack in again.stacks] == [StackAction.UNCHANGED, StackAction.UPDATE]

    def test_another_model_is_no_renaming(self):
        catalog = a_catalog(a_catalog_entry(), a_catalog_entry(selector="other"))
        project = a_project(environment=an_environment(a_selected_model("main", selector="other")), catalog=catalog)
        plan = planned(project, before=self.BEFORE)
        assert [stack.notes for stack in plan.stacks if stack.action is StackAction.DELETE] == [()]

    def test_a_model_that_was_there_before_is_no_renaming(self):
        both = selecting(a_selected_model("prototype_model"), a_selected_model("main", line=20))
        plan = planned(selecting(a_selected_model("main")), before=both)
        assert [stack.notes for stack in plan.stacks if stack.action is StackAction.DELETE] == [()]
