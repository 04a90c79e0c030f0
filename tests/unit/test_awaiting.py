"""Waiting: sure before it judges, patient with bad reads, and never silent."""

from __future__ import annotations

from datetime import timedelta

import pytest
from builders import a_project, a_selection, a_stack, a_variant
from built import built, template_of
from fakes import NOW, FakeClock, FakeEndpoints, FakeIdentity, FakeStacks, a_world
from msgspec.structs import replace

from esmcfn.domain.endpoint import LogLine
from esmcfn.domain.report import Report
from esmcfn.errors import (
    AccessDenied,
    CloudError,
    DeploymentError,
    ExitCode,
    Interrupted,
    LostSight,
    NotDeployed,
    WrongAccount,
)
from esmcfn.render import render
from esmcfn.verbs.watch.awaiting import wait

ONE = a_selection()
NAME = ONE.models[0].endpoint_name
CONFIG = template_of(ONE.models[0]).names["EndpointConfig"]
STACK = "esm-dev-prototype-model"
THROTTLED = CloudError("rate exceeded", transient=True)


class Waiter:
    """One wait in a world that changes while it sleeps; what was said is in `lines`."""

    def __init__(self, selection=ONE) -> None:
        self.selection = selection
        self.stacks = FakeStacks(*built(selection))
        self.endpoints = FakeEndpoints()
        self.identity = FakeIdentity()
        self.clock = FakeClock()
        self.lines: list[str] = []

    def serve(self, config: str = CONFIG, **changes: object) -> None:
        self.endpoints.serve(NAME, config, **changes)

    def at(self, *moments: tuple[float, object]) -> None:
        """What happens once so many seconds have passed."""
        left = sorted(moments, key=lambda moment: moment[0])

        def then(passed: float) -> None:
            while left and passed >= left[0][0]:
                left.pop(0)[1]()

        self.clock.then = then

    def wait(self, minutes: float = 60) -> Report:
        world = a_world(stacks=self.stacks, endpoints=self.endpoints, identity=self.identity)
        return wait(
            a_project(),
            self.selection,
            world,
            clock=self.clock,
            deadline=self.clock.now() + 60 * minutes,
            heard=self.lines.append,
            again="esmcfn wait dev --model prototype_model",
        )

    @property
    def stack_reads(self) -> int:
        return self.stacks.calls.count("deployed")


@pytest.fixture
def waiter() -> Waiter:
    return Waiter()


class TestNever:
    def test_a_deadline_is_4_and_says_where_everything_stands(self, waiter):
        waiter.serve(status="Creating")
        with pytest.raises(CloudError, match=r"the time is up.*prototype_model \(Creating\)") as caught:
            waiter.wait(minutes=2)
        assert caught.value.exit_code is ExitCode.CLOUD
        assert sum(waiter.clock.slept) == 120
        assert "esmcfn wait dev --model prototype_model goes on waiting" in caught.value.next_step

    def test_a_deadline_that_has_passed_still_looks_once(self, waiter):
        waiter.serve()
        assert waiter.wait(minutes=-1).exit_code is ExitCode.DONE

    def test_a_failed_endpoint_is_5_with_reason_advice_and_log(self, waiter):
        waiter.serve(status="Failed", failure_reason="did not pass the ping health check")
        waiter.endpoints.logs[NAME] = (LogLine(at=NOW, stream="s", text="CUDA out of memory", event_id="1"),)
        with pytest.raises(DeploymentError, match="prototype_model: Failed: did not pass the ping") as caught:
            waiter.wait()
        assert caught.value.exit_code is ExitCode.DEPLOYMENT
        assert "larger instance_type" in caught.value.next_step
        assert waiter.lines[-1] == "00:00  prototype_model log: CUDA out of memory"

    def test_another_configuration_with_nothing_running_is_5(self, waiter):
        waiter.serve("EndpointConfig-old", failure_reason="went back")
        with pytest.raises(DeploymentError, match=f"it serves EndpointConfig-old, not {CONFIG}.*went back"):
            waiter.wait()

    def test_a_file_that_was_changed_and_not_deployed_is_5_and_says_deploy(self, waiter):
        waiter.serve()
        waiter.selection = a_selection(a_stack(variant=a_variant(instance_type="ml.g5.4xlarge")))
        with pytest.raises(DeploymentError) as caught:
            waiter.wait()
        assert caught.value.next_step.endswith("esmcfn deploy dev")

    def test_an_endpoint_that_is_deployed_and_does_not_exist_is_5(self, waiter):
        with pytest.raises(DeploymentError, match=f"SageMaker knows no endpoint {NAME}, though it is deployed"):
            waiter.wait()

    def test_a_first_creation_that_rolled_back_is_5_also_where_its_failure_was_missed(self, waiter):
        waiter.stacks.change(STACK, status="ROLLBACK_COMPLETE", outputs={})
        with pytest.raises(DeploymentError, match="its first creation failed and was rolled back"):
            waiter.wait()

    def test_a_stack_that_goes_away_while_one_waits_is_5(self, waiter):
        waiter.stacks.change(STACK, status="CREATE_IN_PROGRESS", outputs={})
        waiter.at((20, lambda: waiter.stacks.there.pop(STACK)))
        with pytest.raises(DeploymentError, match="its stack was deleted"):
            waiter.wait()

    def test_a_stack_that_stopped_half_way_is_5(self, waiter):
        waiter.stacks.change(STACK, status="CREATE_FAILED", outputs={})
        with pytest.raises(DeploymentError, match="no endpoint, and its stack is CREATE_FAILED"):
            waiter.wait()

    @pytest.mark.parametrize("parked_before", [True, False])
    def test_what_is_not_deployed_is_4_and_says_deploy(self, waiter, parked_before):
        before = a_selection(a_stack(parked=True))
        waiter.stacks = FakeStacks(*built(before)) if parked_before else FakeStacks()
        with pytest.raises(NotDeployed, match="prototype_model: not deployed, and no deployment") as caught:
            waiter.wait()
        assert (caught.value.exit_code, caught.value.next_step) == (ExitCode.CLOUD, "esmcfn deploy dev")

    def test_one_that_fails_is_told_beside_one_that_goes_on(self):
        waiter = Waiter(a_selection(a_stack(), a_stack("performance_model")))
        waiter.serve(status="Failed", failure_reason="no hosts")
        waiter.endpoints.serve(waiter.selection.models[1].endpoint_name, "x", status="Creating")
        with pytest.raises(DeploymentError, match=r"dev: not in service: prototype_model: Failed: no hosts$"):
            waiter.wait()


class TestReads:
    def test_a_bad_read_decides_nothing(self, waiter):
        waiter.serve()
        waiter.endpoints.fail["observe"] = THROTTLED
        waiter.at((300, waiter.endpoints.fail.clear))
        assert waiter.wait().exit_code is ExitCode.DONE
        assert waiter.lines[0] == "00:00  AWS: no answer, asking again: rate exceeded"
        assert waiter.lines[-1].endswith("prototype_model: InService")

    def test_bad_reads_until_the_deadline_are_4(self, waiter):
        waiter.stacks.fail["deployed"] = THROTTLED
        with pytest.raises(CloudError, match="AWS gave no answer in time: rate exceeded"):
            waiter.wait(minutes=5)

    def test_a_bad_read_at_the_deadline_says_both(self, waiter):
        waiter.serve(status="Creating")
        waiter.at((60, lambda: waiter.endpoints.fail.update(observe=THROTTLED)))
        with pytest.raises(CloudError, match=r"prototype_model \(Creating\); AWS could not be read last: rate"):
            waiter.wait(minutes=2)

    @pytest.mark.parametrize("error", [AccessDenied("denied"), CloudError("expired", next_step="log in again")])
    def test_what_does_not_pass_by_itself_is_lost_sight_4(self, waiter, error):
        waiter.serve(status="Creating")
        waiter.at((60, lambda: waiter.endpoints.fail.update(observe=error)))
        with pytest.raises(LostSight, match="whose endpoints go on without us") as caught:
            waiter.wait()
        assert caught.value.exit_code is ExitCode.CLOUD
        assert "esmcfn wait dev --model prototype_model goes on waiting" in caught.value.next_step

    def test_a_refusal_at_the_first_look_is_what_it_is(self, waiter):
        waiter.stacks.fail["deployed"] = AccessDenied("denied")
        with pytest.raises(AccessDenied, match=r"^denied$"):
            waiter.wait()

    def test_another_account_is_refused(self, waiter):
        waiter.stacks = FakeStacks()
        waiter.identity = FakeIdentity("999999999999")
        with pytest.raises(WrongAccount):
            waiter.wait()


class TestStop:
    @pytest.mark.parametrize(
        ("stop", "code"),
        [
            (KeyboardInterrupt(), ExitCode.INTERRUPTED),
            (Interrupted("terminated", exit_code=ExitCode.TERMINATED), ExitCode.TERMINATED),
        ],
    )
    def test_ctrl_c_says_what_goes_on_and_how_to_go_on(self, waiter, stop, code):
        def stopping() -> None:
            raise stop

        waiter.serve(status="Updating")
        waiter.at((10, stopping))
        with pytest.raises(Interrupted, match=r"AWS goes on with prototype_model \(Updating\)") as caught:
            waiter.wait()
        assert caught.value.exit_code is code
        assert "esmcfn wait dev" in caught.value.next_step


class TestWaiting:
    def test_what_is_in_service_already_takes_one_look(self, waiter):
        waiter.serve()
        done = waiter.wait()
        assert (done.exit_code, done.body.seconds, waiter.clock.slept) == (ExitCode.DONE, 0, [])
        assert "in service after 0 s" in render("text", (done,))

    def test_a_creation_is_followed_with_a_line_a_change(self, waiter):
        waiter.stacks.change(STACK, status="CREATE_IN_PROGRESS", outputs={})
        waiter.at(
            (5, lambda: waiter.serve(status="Creating")),
            (25, lambda: waiter.serve()),
        )
        done = waiter.wait()
        assert done.body.seconds == 25
        assert done.body.status.as_of == NOW + timedelta(seconds=25)
        assert waiter.lines == [
            "00:00  prototype_model: no endpoint yet, stack CREATE_IN_PROGRESS",
            "00:05  prototype_model: Creating",
            "00:25  prototype_model: InService",
        ]

    def test_an_update_that_has_not_reached_the_endpoint_yet_is_waited_for(self, waiter):
        waiter.serve("EndpointConfig-old")
        waiter.stacks.change(STACK, status="UPDATE_IN_PROGRESS")
        waiter.at(
            (5, lambda: waiter.serve("EndpointConfig-old", status="Updating", pending_config=CONFIG)), (9, waiter.serve)
        )
        assert waiter.wait().body.seconds == 9
        assert waiter.lines[:2] == [
            "00:00  prototype_model: InService, serves EndpointConfig-old",
            "00:05  prototype_model: Updating",
        ]

    def test_an_operation_that_is_seen_a_moment_late_is_no_failure(self, waiter):
        waiter.serve("EndpointConfig-old")
        waiter.at((0.5, lambda: waiter.stacks.change(STACK, status="UPDATE_IN_PROGRESS")), (9, waiter.serve))
        assert waiter.wait().exit_code is ExitCode.DONE

    def test_it_looks_often_at_first_and_seldom_later(self, waiter):
        waiter.serve(status="Creating")
        waiter.at((600, waiter.serve))
        waiter.wait()
        soon, later = waiter.clock.slept[:60], waiter.clock.slept[60:]
        assert set(soon) == {0.5}
        assert later[0] == 1.0
        assert later == sorted(later)
        assert max(later) == 10.0

    def test_stacks_are_not_read_again_while_an_endpoint_moves(self, waiter):
        waiter.serve(status="Creating")
        waiter.at((300, waiter.serve))
        waiter.wait()
        assert waiter.stack_reads == 1

    def test_a_heartbeat_every_half_minute_says_what_it_waits_for(self, waiter):
        waiter.serve(status="Creating")
        waiter.at((100, waiter.serve))
        waiter.wait()
        beats = [line for line in waiter.lines if "still waiting" in line]
        assert len(beats) == 3
        assert beats[0] == "00:30  still waiting for prototype_model (Creating)"

    def test_what_is_parked_is_not_waited_for(self):
        waiter = Waiter(a_selection(a_stack(parked=True)))
        done = waiter.wait()
        assert done.body.status.models == ()
        assert "nothing to wait for" in render("text", (done,))

    def test_narrowing_waits_for_nothing_else(self):
        both = a_selection(a_stack(), a_stack("performance_model"))
        waiter = Waiter(both)
        waiter.selection = replace(both, models=both.models[:1], narrowed=frozenset({"prototype_model"}))
        waiter.serve()
        assert waiter.wait().exit_code is ExitCode.DONE

    def test_a_word_that_nobody_knows_is_waited_out(self, waiter):
        waiter.serve(status="Hibernating")
        waiter.at((20, waiter.serve))
        assert waiter.wait().exit_code is ExitCode.DONE

    def test_a_variants_own_stage_is_a_change_that_is_told(self, waiter):
        from esmcfn.domain.endpoint import ObservedVariant

        def baking() -> None:
            variant = ObservedVariant(name="variant-1", status="Baking")
            waiter.serve("EndpointConfig-old", status="Updating", pending_config=CONFIG, variants=(variant,))

        waiter.serve("EndpointConfig-old", status="Updating", pending_config=CONFIG)
        waiter.at((3, baking), (6, waiter.serve))
        waiter.wait()
        assert "00:03  prototype_model: Updating, variant-1 Baking" in waiter.lines
