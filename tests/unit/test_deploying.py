"""Executing a plan: unhappy paths first; neighbours go on, and nothing is ever left behind."""

from __future__ import annotations

import signal
import sys
import threading
from concurrent import futures

import pytest
from awaited import HANG_SECONDS, until
from builders import a_project, a_selected_model, a_selection, a_stack, a_variant, an_environment
from built import built
from fakes import NOW, FakePerson, FakeStacks, FakeWatch, a_world, an_event
from msgspec.structs import replace
from test_verbs import BIGGER, ONE, a_finding, deployed, planned

from esmcfn.domain.deployment import Execution, Kind
from esmcfn.errors import (
    CloudError,
    ExitCode,
    Interrupted,
    LostSight,
    NotBegun,
    StackBusyError,
    StalePlanError,
)
from esmcfn.render import render
from esmcfn.signals import Signals
from esmcfn.verbs.deploy.deploying import Wishes, deploy
from esmcfn.verbs.deploy.steps import Terms
from esmcfn.verbs.world import Stop

MODEL = "esm-dev-prototype-model"


def deploying(stacks, selection=ONE, *, wishes=None, **world):
    return deploy(a_project(), selection, a_world(stacks=stacks, **world), wishes or Wishes())


def failed(status="ROLLBACK_COMPLETE", reason="no capacity", **changes):
    return Execution(status=status, events=(an_event("Endpoint", "CREATE_FAILED", reason=reason, **changes),))


def nothing_to_do() -> bool:
    """Does the main thread sit and wait for what others do?"""
    frame = sys._current_frames().get(threading.main_thread().ident)
    waits = frame is not None and frame.f_code is threading.Condition.wait.__code__
    while frame and frame.f_code is not futures.wait.__code__:
        frame = frame.f_back
    return waits and frame is not None


def outcomes(report):
    return {stack.name: stack for stack in report.body.stacks}


class TestSettingsAlone:
    def test_a_stack_of_which_only_protection_is_switched_has_no_status_that_nobody_said(self):
        stacks = deployed()
        protected = replace(ONE, environment=an_environment(termination_protection=True))
        report = deploying(stacks, protected)
        assert report.exit_code is ExitCode.DONE
        assert "execute" not in stacks.calls
        assert {outcome.execution.status for outcome in report.body.stacks} == {None}
        assert "UPDATE_COMPLETE" not in render("text", (report,)) + render("json", (report,))

    def test_an_endpoint_that_fell_is_told_beside_no_status_that_nobody_said(self):
        stacks = deployed()
        (name,) = stacks.endpoints.there
        stacks.endpoints.serve(name, stacks.endpoints.there[name][0].config_name, status="Failed")
        report = deploying(stacks)
        assert report.exit_code is ExitCode.DEPLOYMENT
        said = render("text", (report,))
        assert f"= {MODEL}: CloudFormation had nothing to do, endpoint Failed" in said
        assert "UPDATE_COMPLETE" not in said


def test_a_stack_that_is_stopped_between_its_two_steps_has_been_begun():
    stacks = FakeStacks(*built(ONE))
    stacks.change(MODEL, status="ROLLBACK_COMPLETE")  # goes before it comes anew
    stacks.fail["execute"] = NotBegun("stopped")
    with pytest.raises(Interrupted, match=f"CloudFormation goes on with: {MODEL}$"):
        deploying(stacks)
    assert "delete" in stacks.calls
    assert stacks.open == {}


class TestTheGate:
    def test_policy_blocks_before_anything_is_executed(self):
        stacks = FakeStacks()
        report = deploying(stacks, findings=[a_finding()])
        assert report.exit_code is ExitCode.FINDINGS
        assert "execute" not in stacks.calls
        assert stacks.open == {}

    @pytest.mark.parametrize("person", [FakePerson(agrees=False)])
    def test_declining_leaves_nothing_behind(self, person):
        stacks = FakeStacks()
        with pytest.raises(Interrupted, match="declined"):
            deploying(stacks, person=person)
        assert stacks.open == {}
        assert stacks.there == {}

    def test_nobody_is_asked_where_there_is_nothing_to_do(self):
        person = FakePerson(agrees=False)
        report = deploying(deployed(), person=person)
        assert report.body.stacks == ()
        assert report.exit_code is ExitCode.DONE
        assert person.asked == []


class TestFailures:
    def test_when_the_base_stack_fails_nothing_is_built_on_it(self):
        stacks = FakeStacks()
        stacks.ends["esm-dev"] = failed()
        report = deploying(stacks)
        assert report.exit_code is ExitCode.DEPLOYMENT
        assert outcomes(report)["esm-dev"].execution.status == "ROLLBACK_COMPLETE"
        assert outcomes(report)[MODEL].execution is None
        assert stacks.open == {}

    def test_one_model_that_fails_does_not_stop_its_neighbours(self):
        stacks = FakeStacks()
        stacks.ends["esm-dev-a"] = failed(reason="InsufficientInstanceCapacity")
        report = deploying(stacks, a_selection(a_stack("a"), a_stack("b")))
        assert report.exit_code is ExitCode.DEPLOYMENT
        assert set(stacks.there) == {"esm-dev", "esm-dev-b"}
        assert outcomes(report)["esm-dev-a"].diagnosis.kind is Kind.CAPACITY

    @pytest.mark.parametrize(
        ("error", "code"),
        [
            (CloudError("refused"), ExitCode.CLOUD),
            (StalePlanError("gone"), ExitCode.STALE),
            (StackBusyError("somebody else was first"), ExitCode.BUSY),
        ],
    )
    def test_what_was_refused_is_that_stacks_own_trouble_and_leaves_no_change_set(self, error, code):
        stacks = FakeStacks()
        executed = stacks.execute

        def execute(change_set_id, stack_id, heard, *, within):
            if "-a/" in stack_id:
                raise error
            return executed(change_set_id, stack_id, heard, within=within)

        stacks.execute = execute
        report = deploying(stacks, a_selection(a_stack("a"), a_stack("b")))
        assert report.exit_code is code
        assert outcomes(report)["esm-dev-a"].error is error
        assert outcomes(report)["esm-dev-b"].succeeded
        assert stacks.open == {}

    def overtaken(self, meanwhile, selection=BIGGER):
        """What becomes of an update whose change set is gone, after this has happened."""
        stacks = deployed()

        def execute(change_set_id, stack_id, heard, *, within):
            meanwhile(stacks)
            raise StalePlanError("gone", next_step="plan again and review what has changed")

        stacks.execute = execute
        report = deploying(stacks, selection)
        return report.exit_code, outcomes(report)[MODEL].error

    def test_who_deployed_meanwhile_is_named(self):
        code, error = self.overtaken(lambda stacks: stacks.change(MODEL, updated_at=NOW))
        assert code is ExitCode.BUSY
        said = "somebody else deployed it after this was planned: UPDATE_IN_PROGRESS since 12:00:00 UTC by somebody"
        assert error.message == f"{MODEL}: {said}"
        assert error.next_step == "esmcfn plan dev shows what is still to do"

    def test_that_somebody_deleted_it_meanwhile_is_said(self):
        code, error = self.overtaken(lambda stacks: stacks.there.pop(MODEL))
        assert code is ExitCode.BUSY
        assert "somebody else deleted it" in error.message

    def test_where_nobody_deployed_the_change_set_is_only_gone(self):
        code, error = self.overtaken(lambda stacks: None)
        assert (code, error.message) == (ExitCode.STALE, "gone")

    @pytest.mark.parametrize(
        ("call", "known", "said"),
        [
            ("deployed", ExitCode.STALE, "gone"),
            ("holder", ExitCode.BUSY, f"{MODEL}: somebody else deployed it after this was planned"),
        ],
    )
    def test_what_cannot_be_read_of_it_hides_nothing_of_what_is_known(self, call, known, said):
        def meanwhile(stacks):
            stacks.change(MODEL, updated_at=NOW)
            stacks.fail[call] = CloudError("no permission")

        code, error = self.overtaken(meanwhile)
        assert (code, error.message) == (known, said)

    def test_a_change_set_that_goes_on_without_us_is_not_removed(self):
        stacks = FakeStacks()
        stacks.fail["execute"] = LostSight("expired")
        report = deploying(stacks)
        assert report.exit_code is ExitCode.CLOUD
        assert [template.stack.name for template in stacks.open.values()] == ["esm-dev"]

    def test_nothing_goes_after_a_failure(self):
        stacks = deployed(a_selection(a_stack("kept"), a_stack("dropped")))
        stacks.ends["esm-dev-kept"] = failed("UPDATE_ROLLBACK_COMPLETE")
        bigger = a_stack("kept", variant=a_variant(instance_type="ml.g5.4xlarge"))
        report = deploying(stacks, a_selection(bigger))
        assert report.exit_code is ExitCode.DEPLOYMENT
        assert "esm-dev-dropped" in stacks.there

    def test_a_stack_that_has_to_be_recovered_is_no_success_and_says_how(self):
        stacks = deployed()
        stacks.change(MODEL, status="UPDATE_ROLLBACK_FAILED")
        report = deploying(stacks, BIGGER)
        assert report.exit_code is ExitCode.DEPLOYMENT
        assert "--recover" in outcomes(report)[MODEL].error.next_step

    def test_a_bug_in_one_thread_ends_the_wait_for_the_others(self):
        stacks = FakeStacks()
        stopped = threading.Event()
        stacks.stop = stopped.set

        def execute(change_set_id, stack_id, heard, *, within):
            if "-a/" in stack_id:
                raise ZeroDivisionError
            assert stopped.wait(HANG_SECONDS)
            raise Interrupted("stopped")

        deploying(stacks, a_selection())
        stacks.execute = execute
        with pytest.raises(ZeroDivisionError):
            deploying(stacks, a_selection(a_stack("a"), a_stack("b")))


class TestServing:
    def test_deployed_but_not_serving_is_a_failure_that_says_so(self):
        stacks = FakeStacks()
        stacks.endpoints.serve = lambda *names: None
        report = deploying(stacks)
        assert report.exit_code is ExitCode.DEPLOYMENT
        diagnosis = outcomes(report)[MODEL].diagnosis
        assert diagnosis.kind is Kind.NOT_SERVING
        assert "knows no such endpoint" in diagnosis.causes[0].reason

    def test_an_endpoint_that_went_back_by_itself_is_a_failure_with_sagemakers_reason(self):
        stacks = deployed()
        before = stacks.endpoints.serve
        stacks.endpoints.serve = lambda name, config: before(
            name, "the-old-one", failure_reason="InsufficientInstanceCapacity"
        )
        report = deploying(stacks, BIGGER)
        diagnosis = outcomes(report)[MODEL].diagnosis
        assert "serves the-old-one" in diagnosis.causes[0].reason
        assert diagnosis.failure_reason == "InsufficientInstanceCapacity"
        assert "another instance_type" in diagnosis.advice

    def test_an_endpoint_that_still_moves_is_waited_for(self):
        stacks = FakeStacks()
        serve = stacks.endpoints.serve

        def moving(name, config):
            serve(name, config)
            (settled,) = stacks.endpoints.there[name]
            stacks.endpoints.there[name] = [replace(settled, status="Updating"), settled]

        stacks.endpoints.serve = moving
        assert deploying(stacks).exit_code is ExitCode.DONE

    def test_sight_that_is_lost_after_success_is_no_failure_of_the_deployment(self):
        stacks = FakeStacks()
        stacks.endpoints.fail["observe"] = CloudError("no permission")
        assert deploying(stacks).exit_code is ExitCode.CLOUD


class TestStopping:
    @pytest.mark.parametrize(
        ("error", "code"),
        [
            (KeyboardInterrupt(), ExitCode.INTERRUPTED),
            (Interrupted("terminated", exit_code=ExitCode.TERMINATED), ExitCode.TERMINATED),
        ],
    )
    def test_who_stops_watching_is_told_what_goes_on_and_what_was_never_begun(self, error, code):
        stacks = FakeStacks()
        executed = stacks.execute

        def execute(change_set_id, stack_id, heard, *, within):
            if f"/{MODEL}/" in stack_id:
                raise error
            return executed(change_set_id, stack_id, heard, within=within)

        stacks.execute = execute
        with pytest.raises(Interrupted) as caught:
            deploying(stacks)
        assert caught.value.exit_code is code
        assert f"CloudFormation goes on with: {MODEL}" in caught.value.message
        assert "done: esm-dev" in caught.value.message

    def test_what_was_not_begun_when_it_stopped_leaves_no_change_set(self):
        stacks = FakeStacks()
        stacks.fail["execute"] = KeyboardInterrupt()
        with pytest.raises(Interrupted, match=f"not begun: {MODEL}"):
            deploying(stacks)
        assert [template.stack.name for template in stacks.open.values()] == ["esm-dev"]

    @pytest.mark.parametrize("choice", [Stop.CANCEL, Stop.WATCH])
    def test_a_person_may_cancel_the_update_or_keep_watching(self, choice):
        stacks, asked = deployed(), threading.Event()

        class Person(FakePerson):
            def interrupted(self, running, updates):
                asked.set()
                return super().interrupted(running, updates)

        def execute(change_set_id, stack_id, heard, *, within):
            stacks.open.pop(change_set_id)
            until(nothing_to_do, "the main thread has nothing to do but wait")
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
            assert asked.wait(HANG_SECONDS)
            return Execution(status="UPDATE_ROLLBACK_COMPLETE")

        stacks.execute, person = execute, Person(stops=[choice])
        report = deploying(stacks, BIGGER, person=person)
        assert report.exit_code is ExitCode.DEPLOYMENT
        assert person.asked == ["plan", f"stop {MODEL}"]
        assert ("cancel" in stacks.calls) is (choice is Stop.CANCEL)

    def test_a_signal_that_was_swallowed_while_nothing_is_begun_ends_the_watch(self, signals):
        stacks, looked, asked = deployed(), threading.Event(), threading.Event()

        class Person(FakePerson):
            def interrupted(self, running, updates):
                asked.set()
                return super().interrupted(running, updates)

        def look():
            Signals.look(signals)
            looked.set()

        def execute(change_set_id, stack_id, heard, *, within):
            looked.clear()
            assert looked.wait(HANG_SECONDS)  # or it would be raised where this thread is started, and nobody is asked
            signals.noted = ExitCode.TERMINATED
            assert asked.wait(HANG_SECONDS)
            return Execution(status="UPDATE_COMPLETE")

        signals.look, stacks.execute = look, execute
        with pytest.raises(Interrupted, match="stopped watching") as caught:
            deploying(stacks, BIGGER, person=Person())
        assert caught.value.exit_code is ExitCode.TERMINATED
        assert asked.is_set()


class TestOthers:
    def test_somebody_elses_change_set_is_respected(self):
        stacks = deployed()
        stacks.of_others = ("pr-42-plan",)
        report = deploying(stacks, BIGGER)
        assert report.exit_code is ExitCode.BUSY
        assert "pr-42-plan" in outcomes(report)[MODEL].error.message
        assert stacks.open == {}

    def test_unless_told_otherwise(self):
        stacks = deployed()
        stacks.of_others = ("pr-42-plan",)
        wishes = Wishes(terms=Terms(discard_others=True))
        assert deploying(stacks, BIGGER, wishes=wishes).exit_code is ExitCode.DONE

    def test_a_busy_stack_is_waited_for_and_then_planned_again(self):
        stacks = deployed()
        listed, looks = stacks.deployed, []

        def deployed_later(**names):
            looks.append(1)
            stacks.change(MODEL, status="UPDATE_IN_PROGRESS" if len(looks) < 4 else "UPDATE_COMPLETE")
            return listed(**names)

        stacks.deployed = deployed_later
        assert deploying(stacks, BIGGER, wishes=Wishes(wait_for_stack=60.0)).exit_code is ExitCode.DONE
        assert len(looks) == 4

    def test_patience_ends_and_says_who_holds_it(self):
        stacks = deployed()
        stacks.change(MODEL, status="UPDATE_IN_PROGRESS")
        with pytest.raises(StackBusyError, match="by somebody"):
            deploying(stacks, BIGGER, wishes=Wishes(wait_for_stack=10.0))


class TestRecovery:
    @pytest.mark.parametrize("status", ["UPDATE_ROLLBACK_FAILED", "UPDATE_FAILED"])
    def test_a_stuck_stack_is_recovered_and_then_deployed(self, status):
        stacks, person = deployed(), FakePerson()
        stacks.change(MODEL, status=status)
        assert deploying(stacks, BIGGER, person=person, wishes=Wishes(recover=True)).exit_code is ExitCode.DONE
        assert f"{MODEL} is {status}" in person.asked[0]
        assert stacks.calls.index("recover") < stacks.calls.index("execute")

    def test_who_does_not_consent_to_the_consequence_keeps_everything_as_it_is(self):
        stacks = deployed()
        stacks.change(MODEL, status="UPDATE_ROLLBACK_FAILED")
        with pytest.raises(Interrupted):
            deploying(stacks, BIGGER, person=FakePerson(consents=False), wishes=Wishes(recover=True))
        assert "recover" not in stacks.calls

    def test_a_recovery_that_fails_names_the_resource_and_the_way_around_it(self):
        stacks = deployed()
        stacks.change(MODEL, status="UPDATE_ROLLBACK_FAILED")
        event = an_event("Endpoint", "UPDATE_FAILED", reason="still no")
        stacks.ends[f"recover {MODEL}"] = Execution(status="UPDATE_ROLLBACK_FAILED", events=(event,))
        with pytest.raises(Exception, match="still no") as caught:
            deploying(stacks, BIGGER, wishes=Wishes(recover=True))
        assert caught.value.exit_code is ExitCode.DEPLOYMENT
        assert "--skip" in caught.value.next_step

    def test_a_status_without_a_way_out_is_said_to_have_none(self):
        stacks = deployed()
        stacks.change(MODEL, status="IMPORT_ROLLBACK_FAILED")
        with pytest.raises(Exception, match="knows no way out"):
            deploying(stacks, BIGGER, wishes=Wishes(recover=True))


class TestGood:
    def test_what_was_deployed_needs_nothing_the_second_time(self):
        stacks = FakeStacks()
        assert deploying(stacks).exit_code is ExitCode.DONE
        again = deploying(stacks)
        assert again.body.stacks == ()
        assert again.body.succeeded

    def test_a_key_that_is_no_longer_selected_is_deleted_last(self):
        stacks = deployed(a_selection(a_stack("dropped")))
        deploying(stacks, a_selection(a_stack("kept")))
        assert set(stacks.there) == {"esm-dev", "esm-dev-kept"}
        assert stacks.calls.index("execute") < stacks.calls.index("delete")

    def test_or_first_when_asked_for(self):
        stacks = deployed(a_selection(a_stack("dropped")))
        deploying(stacks, a_selection(a_stack("kept")), wishes=Wishes(delete_first=True))
        assert set(stacks.there) == {"esm-dev", "esm-dev-kept"}
        assert stacks.calls.index("delete") < stacks.calls.index("execute")

    def test_the_base_stack_goes_after_everything_that_stands_on_it(self):
        stacks = deployed()
        gone = []
        deleted = stacks.delete

        def delete(stack_id, heard, *, within):
            gone.append(stack_id.split("/")[-2])
            return deleted(stack_id, heard, within=within)

        stacks.delete = delete
        deploying(stacks, replace(a_selection(a_stack(), base=None), models=()))
        assert gone == [MODEL, "esm-dev"]

    def test_a_first_creation_that_rolled_back_is_cleared_away_and_made_anew(self):
        stacks = deployed()
        stacks.change(MODEL, status="ROLLBACK_COMPLETE")
        report = deploying(stacks)
        assert report.exit_code is ExitCode.DONE
        assert stacks.there[MODEL][0].status == "CREATE_COMPLETE"
        assert stacks.calls.index("delete") < stacks.calls.index("execute")

    @pytest.mark.parametrize("wanted", [True, False])
    def test_termination_protection_is_planned_and_switched(self, wanted):
        stacks = deployed()
        for name in list(stacks.there):
            stacks.change(name, termination_protection=not wanted)
        selection = replace(ONE, environment=an_environment(termination_protection=wanted))
        body = planned(selection, stacks=stacks).body
        assert [stack.protection for stack in body.stacks] == [wanted, wanted]
        assert not body.empty
        assert deploying(stacks, selection).exit_code is ExitCode.DONE
        assert {stack.termination_protection for stack, _ in stacks.there.values()} == {wanted}
        assert planned(selection, stacks=stacks).body.empty

    def test_termination_protection_is_left_alone_where_nothing_is_said(self):
        stacks = deployed()
        stacks.change("esm-dev", termination_protection=True)
        assert planned(stacks=stacks).body.empty

    def test_protection_is_lifted_for_a_stack_that_goes_only_where_the_environment_says_so(self):
        two = a_selection(a_stack("kept"), a_stack("dropped"))
        stacks = deployed(two)
        stacks.change("esm-dev-dropped", termination_protection=True)
        left = a_selection(a_stack("kept"))
        assert "is on" in planned(left, stacks=stacks).body.stacks[-1].notes[0]
        lifting = replace(left, environment=an_environment(a_selected_model("kept"), termination_protection=False))
        assert deploying(stacks, lifting).exit_code is ExitCode.DONE
        assert "esm-dev-dropped" not in stacks.there

    def test_how_it_goes_can_be_watched(self):
        stacks, watch = FakeStacks(), FakeWatch()
        stacks.ends["esm-dev"] = Execution(
            status="CREATE_COMPLETE", events=(an_event("ExecutionRole", "CREATE_IN_PROGRESS"),)
        )
        deploying(stacks, watch=watch)
        assert "esm-dev ExecutionRole  CREATE_IN_PROGRESS" in watch.lines
        assert "esm-dev well done: CREATE_COMPLETE" in watch.lines
