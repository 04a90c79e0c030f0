"""Parking, resuming and destroying: what is asked, what is written and when, what is left."""

from __future__ import annotations

import pytest
from builders import a_project, a_selected_model, a_selection, an_environment
from fakes import FakePerson, FakeStacks, a_world
from msgspec.structs import replace
from test_verbs import a_finding

from esmcfn.domain.deployment import Execution
from esmcfn.domain.plan import StackAction
from esmcfn.errors import CloudError, ExitCode, Interrupted, UsageError
from esmcfn.render import render
from esmcfn.selection import select
from esmcfn.verbs.deploy.deploying import Wishes, deploy
from esmcfn.verbs.deploy.destroying import destroy, vanished
from esmcfn.verbs.deploy.parking import park

PROJECT = a_project(environment=an_environment(a_selected_model("a"), a_selected_model("b")))
MODEL_A = "esm-dev-a"


def running(project=PROJECT) -> FakeStacks:
    stacks = FakeStacks()
    assert deploy(project, select(project), a_world(stacks=stacks), Wishes()).exit_code is ExitCode.DONE
    stacks.calls.clear()
    return stacks


def parking(stacks, *keys, parked=True, project=PROJECT, written=None, **world):
    written = [] if written is None else written
    return park(
        project,
        a_world(stacks=stacks, **world),
        Wishes(),
        keys=frozenset(keys),
        parked=parked,
        write=lambda chosen: written.append((sorted(chosen), "execute" in stacks.calls)),
    )


def resources(stacks, name=MODEL_A):
    return set(stacks.there[name][1]["Resources"])


class TestPark:
    def test_only_the_endpoint_goes_and_only_of_the_model_that_was_named(self):
        stacks = running()
        assert parking(stacks, "a").exit_code is ExitCode.DONE
        assert resources(stacks) == {"Model", "EndpointConfig"}
        assert resources(stacks, "esm-dev-b") == {"Model", "EndpointConfig", "Endpoint"}

    def test_without_a_name_all_are_parked(self):
        stacks = running()
        parking(stacks)
        assert resources(stacks) == resources(stacks, "esm-dev-b") == {"Model", "EndpointConfig"}

    def test_the_file_is_written_before_anything_is_executed_and_after_it_was_agreed(self):
        written = []
        parking(running(), "a", written=written)
        assert written == [(["a"], False)]

    @pytest.mark.parametrize(
        "world", [{"person": FakePerson(agrees=False)}, {"findings": [a_finding()]}], ids=["declined", "blocked"]
    )
    def test_what_is_not_executed_is_not_written_and_leaves_nothing(self, world):
        stacks, written = running(), []
        try:
            parking(stacks, "a", written=written, **world)
        except Interrupted:
            assert "person" in world
        assert written == []
        assert stacks.open == {}
        assert "Endpoint" in resources(stacks)

    def test_a_file_that_cannot_be_written_stops_it_before_anything_is_executed(self):
        stacks = running()

        def refuse(keys):
            raise UsageError("no")

        with pytest.raises(UsageError):
            park(PROJECT, a_world(stacks=stacks), Wishes(), keys=frozenset("a"), parked=True, write=refuse)
        assert "execute" not in stacks.calls
        assert stacks.open == {}

    def test_a_key_that_is_not_selected_is_refused(self):
        with pytest.raises(UsageError, match="no selected model"):
            parking(running(), "c")

    def test_models_that_are_not_selected_any_more_are_not_touched(self):
        stacks = running()
        fewer = a_project(environment=an_environment(a_selected_model("a")))
        parking(stacks, project=fewer)
        assert "esm-dev-b" in stacks.there

    def test_resuming_brings_the_endpoint_back_under_its_name(self):
        stacks = running()
        before = set(stacks.endpoints.there)
        parking(stacks, "a")
        assert parking(stacks, "a", parked=False).exit_code is ExitCode.DONE
        assert "Endpoint" in resources(stacks)
        assert set(stacks.endpoints.there) == before


class TestDestroy:
    def destroyed(self, stacks, *, project=PROJECT, delete_logs=False, **world):
        return destroy(project, select(project), a_world(stacks=stacks, **world), Wishes(), delete_logs=delete_logs)

    def test_everything_goes_the_base_stack_last(self):
        stacks = running()
        report = self.destroyed(stacks)
        assert report.exit_code is ExitCode.DONE
        assert stacks.there == {}
        assert [stack.name for stack in report.body.stacks] == [MODEL_A, "esm-dev-b", "esm-dev"]
        assert {stack.action for stack in report.body.stacks} == {StackAction.DELETE}
        assert report.body.cost.after_monthly == 0

    def test_who_declines_keeps_everything(self):
        stacks = running()
        with pytest.raises(Interrupted):
            self.destroyed(stacks, person=FakePerson(agrees=False))
        assert len(stacks.there) == 3

    @pytest.mark.parametrize("wanted", [True, None])
    def test_a_protected_environment_is_refused_until_its_file_says_otherwise(self, wanted):
        stacks = running()
        stacks.change("esm-dev", termination_protection=True)
        project = a_project(environment=replace(PROJECT.environment, termination_protection=wanted))
        with pytest.raises(CloudError, match="termination protection is on: esm-dev") as caught:
            self.destroyed(stacks, project=project)
        assert "termination_protection: false" in caught.value.next_step
        assert "delete" not in stacks.calls

    def test_the_file_lifts_it(self):
        stacks = running()
        stacks.change("esm-dev", termination_protection=True)
        project = a_project(environment=replace(PROJECT.environment, termination_protection=False))
        assert self.destroyed(stacks, project=project).exit_code is ExitCode.DONE

    @pytest.mark.parametrize("delete_logs", [True, False])
    def test_logs_that_no_stack_owns_are_named_or_deleted_when_asked(self, delete_logs):
        stacks = running()
        name = next(iter(stacks.endpoints.there))
        stacks.endpoints.logs[name] = ()
        report = self.destroyed(stacks, delete_logs=delete_logs)
        assert any(name in left for left in report.body.left) is not delete_logs
        assert (name in stacks.endpoints.logs) is not delete_logs

    def left_over(self) -> tuple[FakeStacks, str]:
        """Nothing but the log of an endpoint."""
        stacks = running()
        name = next(iter(stacks.endpoints.there))
        stacks.endpoints.logs[name] = ()
        self.destroyed(stacks)
        assert stacks.there == {}
        return stacks, name

    def test_logs_go_only_when_somebody_agreed_to_it_even_where_nothing_else_does(self):
        stacks, name = self.left_over()
        person = FakePerson(agrees=False)
        with pytest.raises(Interrupted):
            self.destroyed(stacks, delete_logs=True, person=person)
        assert name in stacks.endpoints.logs
        (question,) = person.questions
        assert question.by_name == "dev"
        assert [name in said and "for good" in said for said in question.besides] == [True]

    def test_logs_that_went_are_named_even_where_nothing_else_did(self):
        stacks, name = self.left_over()
        report = self.destroyed(stacks, delete_logs=True)
        assert name not in stacks.endpoints.logs
        assert [name in said for said in report.body.deleted] == [True]
        said = render("text", (report,))
        assert f"Deleted  the container log of {name}" in said
        assert "nothing to do" not in said

    def test_logs_that_cannot_be_looked_for_stop_it_before_anything_goes(self):
        stacks = running()
        stacks.endpoints.fail["log"] = CloudError("no permission: logs:DescribeLogStreams")
        with pytest.raises(CloudError, match="logs:DescribeLogStreams"):
            self.destroyed(stacks, delete_logs=True)
        assert len(stacks.there) == 3

    def test_logs_stay_where_a_deletion_failed_since_they_may_say_why(self):
        stacks = running()
        name = next(iter(stacks.endpoints.there))
        stacks.endpoints.logs[name] = ()
        stacks.ends[f"delete {MODEL_A}"] = Execution(status="DELETE_FAILED")
        report = self.destroyed(stacks, delete_logs=True)
        assert report.exit_code is ExitCode.DEPLOYMENT
        assert name in stacks.endpoints.logs
        assert any(name in left for left in report.body.left)

    def test_nothing_deployed_is_nothing_to_do(self):
        report = self.destroyed(FakeStacks(), person=FakePerson(agrees=False))
        assert (report.exit_code, report.body.stacks) == (ExitCode.DONE, ())

    def test_an_environment_whose_file_is_gone_is_found_where_another_one_is(self):
        selection = vanished(a_selection(environment=an_environment(termination_protection=True)), "old")
        assert selection.environment.name == "old"
        assert selection.environment.termination_protection is None
        assert selection.stacks == ()
