"""outputs, status, wait, logs and moved_from through the real adapters, over HTTP; only time is a fake."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from awaited import HANG_SECONDS
from builders import (
    a_base_stack,
    a_project,
    a_selected_model,
    a_selection,
    a_service_account,
    a_stack,
    a_variant,
    an_environment,
)
from fakes import FakeClock, a_world
from msgspec.structs import replace

from esmcfn.aws import Reach, connect
from esmcfn.domain.plan import Action, Impact, StackAction
from esmcfn.domain.stack import Selection
from esmcfn.domain.standing import Standing
from esmcfn.errors import AccessDenied, CloudError, DeploymentError, Interrupted, LostSight, NotDeployed
from esmcfn.render import render
from esmcfn.selection import select
from esmcfn.template import synthesize, synthesize_all
from esmcfn.verbs.plan.planning import Manner, make_plan
from esmcfn.verbs.watch import watching
from esmcfn.verbs.watch.awaiting import wait
from esmcfn.verbs.watch.logs import follow, logs
from esmcfn.verbs.watch.outputs import outputs

from .conftest import World

ONE = a_selection()
BIGGER = a_selection(a_stack(variant=a_variant(instance_type="ml.g5.4xlarge")))
NAME = ONE.models[0].endpoint_name
STACK = "esm-dev-prototype-model"

READS = ("cloudformation:DescribeStacks", "sagemaker:DescribeEndpoint")
PASSING = ("throttle", "server-error", "connection-reset", "timeout")
"""Faults of a read that pass by themselves."""


class Living:
    """An environment in the sandbox, its clock, and the verbs that look at it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.lines: list[str] = []
        self.made = 0
        self.cloud = connect(
            Reach(
                region="us-east-2",
                endpoint_url=world.sandbox.endpoint_url,
                credentials=("sandbox", "sandbox"),
                attempts=1,
                read_seconds=HANG_SECONDS,
            )
        )

    def begin(self, selection: Selection) -> None:
        """Create or update every stack, and let no time pass after that."""
        known = {stack["StackName"] for stack in self.world.cfn.describe_stacks()["Stacks"]}
        for template in synthesize_all(selection):
            tags = [{"Key": key, "Value": value} for key, value in template.stack.tags.items()]
            self.made += 1
            kind = "UPDATE" if template.stack.name in known else "CREATE"
            planned = self.world.plan(template.stack.name, template.text, kind=kind, name=f"c{self.made}", Tags=tags)
            if planned["Status"] == "CREATE_COMPLETE":
                self.world.cfn.execute_change_set(ChangeSetName=planned["ChangeSetId"])
            if template.stack.model is None:
                self.world.advance(10)

    def put(self, selection: Selection) -> Living:
        """Create or update every stack to its end."""
        self.begin(selection)
        self.world.advance(3600)
        return self

    def fault(self, name: str, **options: object) -> None:
        self.world.sandbox.world.settle()
        self.world.sandbox.world.faults.add(name, options)

    @property
    def verb_world(self):
        now = datetime.fromtimestamp(self.world.sandbox.world.clock.now(), tz=UTC).replace(microsecond=0)
        return replace(a_world(), connect=lambda: self.cloud, now=now)

    def outputs(self, selection: Selection = ONE):
        return outputs(selection, self.verb_world)

    def status(self, selection: Selection = ONE):
        return watching.status(a_project(), selection, self.verb_world)

    def standing(self, selection: Selection = ONE):
        return self.status(selection).body.models[0]

    def until_failed(self):
        """Look again and again, often enough to see an endpoint between its failure and its removal."""
        for _ in range(500):
            self.world.advance(0.02)
            if (seen := self.standing()).standing is Standing.FAILED:
                return seen
        raise AssertionError("it did not fail")

    def wait(self, selection: Selection = ONE, *, minutes: float = 30):
        """Wait; the sandbox's time passes only while it sleeps."""
        clock = FakeClock(then=lambda passed: self.world.advance(clock.slept[-1]))
        return wait(
            a_project(),
            selection,
            self.verb_world,
            clock=clock,
            deadline=clock.now() + 60 * minutes,
            heard=self.lines.append,
            again="esmcfn wait dev",
        )


@pytest.fixture
def living(world: World) -> Living:
    return Living(world)


class TestOutputs:
    def test_nothing_deployed_is_said_so(self, living):
        with pytest.raises(NotDeployed):
            living.outputs()

    def test_what_was_planned_is_what_is_told_once_it_is_deployed(self, living):
        planned = make_plan(a_project(), ONE, living.verb_world, Manner(read_only=True)).body
        living.put(ONE)
        assert living.outputs().body.endpoints == planned.endpoints
        described = living.world.client("sagemaker").describe_endpoint(EndpointName=NAME)
        assert described["EndpointConfigName"] == planned.endpoints["prototype_model"].endpoint_config_name

    def test_the_shared_user_is_told_and_its_secret_never(self, living):
        living.put(a_selection(base=a_base_stack(service_account=a_service_account())))
        body = living.outputs().body
        user = "esm-shared-invoke-dev"
        secrets = living.world.client("secretsmanager")
        secret = json.loads(secrets.get_secret_value(SecretId=body.secret_arns[user])["SecretString"])
        assert (body.user_names, body.access_key_ids) == ({user: user}, {user: secret["access_key_id"]})
        for form in ("text", "json", "markdown", "env", "terraform", "python"):
            assert secret["secret_access_key"] not in render(form, (living.outputs(),))


class TestStatus:
    def test_a_creation_an_update_and_what_is_left_after_them(self, living):
        assert living.standing().standing is Standing.NOT_DEPLOYED
        living.begin(ONE)
        living.world.advance(1)
        assert living.standing().standing is Standing.CHANGING
        living.put(ONE)
        first = living.standing()
        assert (first.standing, first.endpoint.status) == (Standing.IN_SERVICE, "InService")
        assert first.endpoint.config_name == first.wanted_config == first.deployed_config
        (variant,) = first.endpoint.variants
        assert (variant.current_count, variant.desired_count, variant.weight) == (1, 1, 1.0)

        living.begin(BIGGER)
        living.world.advance(1)
        moving = living.standing(BIGGER)
        assert (moving.standing, moving.endpoint.status) == (Standing.CHANGING, "Updating")
        assert moving.endpoint.config_name == first.wanted_config
        assert moving.endpoint.pending_config == moving.wanted_config
        living.world.advance(3600)
        assert living.standing(BIGGER).standing is Standing.IN_SERVICE
        assert living.standing(ONE).standing is Standing.OTHER

    def test_a_parked_model(self, living):
        parked = a_selection(a_stack(parked=True))
        assert living.put(ONE).put(parked).standing(parked).standing is Standing.PARKED
        assert living.outputs(parked).body.absent[0].why == "parked"

    def test_an_endpoint_that_was_deleted_by_hand(self, living):
        living.put(ONE).world.client("sagemaker").delete_endpoint(EndpointName=NAME)
        living.world.advance(60)
        assert living.standing().standing is Standing.MISSING

    def test_what_failed_comes_with_what_the_container_wrote(self, living):
        living.fault("health")
        living.begin(ONE)
        seen = living.until_failed()
        assert "did not pass the ping health check" in seen.failure_reason
        assert seen.log.started
        assert seen.log.lines

    def test_no_hosts_and_so_no_log(self, living):
        living.fault("capacity")
        living.begin(ONE)
        seen = living.until_failed()
        assert seen.log.started is False
        assert "no such host free" in seen.next_step

    def test_an_environment_without_a_file_is_found_without_another_call(self, living):
        old = replace(ONE.models[0], name="esm-old-a", tags={"esmcfn:environment": "old", "esmcfn:model": "a"})
        living.put(ONE)
        tags = [{"Key": key, "Value": value} for key, value in old.tags.items()]
        topic = json.dumps({"Resources": {"T": {"Type": "AWS::SNS::Topic"}}})
        living.world.cfn.create_stack(StackName=old.name, TemplateBody=topic, Tags=tags)
        living.world.plan("esm-older", topic, Tags=[{"Key": "esmcfn:environment", "Value": "older"}])
        living.world.advance(60)
        living.fault("throttle", action="cloudformation:DescribeStacks", after=1)
        (stray,) = living.status().body.strays
        assert (stray.environment, stray.stacks) == ("old", ("esm-old-a",))

    def test_a_missing_permission_is_named(self, living):
        living.put(ONE).fault("access-denied", action="sagemaker:DescribeEndpoint")
        with pytest.raises(AccessDenied, match="sagemaker:DescribeEndpoint"):
            living.status()


class TestWait:
    def test_a_creation_from_its_first_moment(self, living):
        living.begin(ONE)
        done = living.wait()
        assert done.body.status.models[0].standing is Standing.IN_SERVICE
        assert any("Creating" in line for line in living.lines)

    def test_an_update_from_its_first_moment(self, living):
        living.put(ONE).begin(BIGGER)
        assert (
            living.wait(BIGGER).body.status.models[0].endpoint.config_name
            == (synthesize(BIGGER.models[0]).names["EndpointConfig"])
        )

    @pytest.mark.parametrize(("fault", "wrote"), [("capacity", False), ("health", True)])
    def test_a_creation_that_fails_is_5_with_whatever_the_container_wrote(self, living, fault, wrote):
        living.fault(fault)
        living.begin(ONE)
        with pytest.raises(DeploymentError, match="its first creation failed and was rolled back"):
            living.wait()
        assert any("prototype_model log: " in line for line in living.lines) is wrote
        assert living.standing().deployed.gone

    @pytest.mark.parametrize("fault", ["capacity", "silent-rollback"])
    def test_an_update_after_which_the_old_configuration_serves_is_5(self, living, fault):
        living.put(ONE)
        living.fault(fault)
        living.begin(BIGGER)
        with pytest.raises(DeploymentError, match=r"it serves .*, not .*, and nothing is under way"):
            living.wait(BIGGER)

    def test_an_endpoint_that_was_deleted_by_hand_is_5(self, living):
        living.put(ONE).world.client("sagemaker").delete_endpoint(EndpointName=NAME)
        with pytest.raises(DeploymentError, match="SageMaker knows no endpoint"):
            living.wait()

    def test_nothing_deployed_is_4(self, living):
        with pytest.raises(NotDeployed):
            living.wait()

    def test_a_deadline_is_4(self, living, monkeypatch):
        monkeypatch.setattr(living.world.sandbox.world.sagemaker, "seconds", 3600)
        living.begin(ONE)
        with pytest.raises(CloudError, match=r"the time is up.*Creating"):
            living.wait(minutes=5)

    @pytest.mark.parametrize("action", READS)
    @pytest.mark.parametrize("fault", PASSING)
    def test_no_read_that_fails_for_a_moment_decides(self, living, fault, action):
        living.begin(ONE)
        seconds = {"seconds": 0.1} if fault == "timeout" else {}
        living.fault(fault, action=action, times=3, **seconds)
        assert living.wait().body.status.models[0].standing is Standing.IN_SERVICE
        assert any("asking again" in line for line in living.lines)

    def test_expired_credentials_are_lost_sight_and_no_failure(self, living):
        living.begin(ONE)
        living.fault("expired-token", after=6)
        with pytest.raises(LostSight, match="go on without us") as caught:
            living.wait()
        assert "log in again" in caught.value.next_step

    def test_a_permission_that_is_missing_from_the_start_is_named(self, living):
        living.begin(ONE)
        living.fault("access-denied", action="cloudformation:DescribeStacks")
        with pytest.raises(AccessDenied):
            living.wait()


class TestLogs:
    @pytest.fixture
    def group(self, living):
        """An endpoint that is in service, and whose container has written its lines."""
        return living.put(ONE)

    def write(self, living, text: str) -> None:
        world = living.world.sandbox.world
        world.settle()
        world.containers.write("us-east-2", NAME, "variant-1", text, at=world.clock.now())

    def test_no_log_group_is_no_container(self, living):
        assert logs(ONE, living.verb_world, since=None, most=None).body.log.started is False

    @pytest.mark.parametrize(
        ("action", "since"),
        [("logs:DescribeLogStreams", None), ("logs:GetLogEvents", None), ("logs:FilterLogEvents", timedelta(days=1))],
    )
    def test_a_missing_permission_is_named(self, group, action, since):
        group.fault("access-denied", action=action)
        with pytest.raises(AccessDenied, match=action):
            logs(ONE, group.verb_world, since=since, most=None)

    def test_several_instances_are_mixed_in_order_of_time_and_cut_at_the_front(self, living):
        three = a_selection(a_stack(variant=a_variant(instance_count=3)))
        living.put(three)
        body = logs(three, living.verb_world, since=None, most=1000).body
        assert len({line.stream for line in body.log.lines}) == 3
        assert [line.at for line in body.log.lines] == sorted(line.at for line in body.log.lines)
        self.write(living, "last")
        few = logs(three, living.verb_world, since=None, most=2).body
        assert len(few.log.lines) == 2
        assert few.log.lines[-1].text == "last"

    def test_a_time_and_a_number_give_the_last_of_that_time(self, group):
        self.write(group, "one\ntwo\nthree")
        early = logs(ONE, group.verb_world, since=timedelta(minutes=10), most=None).body
        assert [line.text for line in early.log.lines] == ["one", "two", "three"]
        few = logs(ONE, group.verb_world, since=timedelta(minutes=10), most=2).body
        assert [line.text for line in few.log.lines] == ["two", "three"]

    def test_following_tells_each_line_once(self, group):
        self.write(group, "before")
        heard: list[str] = []
        clock = FakeClock()

        def then(passed: float) -> None:
            if passed >= 8:
                raise KeyboardInterrupt
            group.world.advance(clock.slept[-1])
            self.write(group, f"after {passed:g}")

        clock.then = then
        with pytest.raises(Interrupted, match="stopped following"):
            self.follow(group, clock, lambda line: heard.append(line.text) or True, most=1)
        assert heard == ["before", "after 2", "after 4", "after 6"]

    @pytest.mark.parametrize("fault", PASSING)
    def test_following_outlives_a_read_that_fails_for_a_moment(self, group, fault):
        seconds = {"seconds": 0.1} if fault == "timeout" else {}
        group.fault(fault, action="logs:FilterLogEvents", times=2, **seconds)
        told: list[str] = []
        self.follow(group, FakeClock(), lambda line: False, told=told)
        assert told
        assert all("asking again" in line for line in told)

    def follow(self, living, clock, heard, *, most=None, told=None) -> None:
        said = [] if told is None else told
        follow(ONE, living.verb_world, since=None, most=most, clock=clock, heard=heard, told=said.append)


class TestMoved:
    def test_a_renamed_model_keeps_its_endpoint_and_changes_tags_in_place(self, living):
        before = select(a_project(environment=an_environment(a_selected_model("prototype_model"))))
        renamed = an_environment(a_selected_model("main", moved_from="prototype_model"))
        after = select(a_project(environment=renamed))
        living.put(before)
        first = living.standing(before).endpoint
        planned = make_plan(a_project(environment=renamed), after, living.verb_world, Manner(read_only=True)).body
        stack = planned.stacks[1]
        assert (stack.name, stack.model, stack.action) == (STACK, "main", StackAction.UPDATE)
        assert {change.action for change in stack.changes} == {Action.MODIFY}
        assert {change.impact for change in stack.changes} <= {Impact.NONE, Impact.IN_PLACE}
        assert list(living.outputs(after).body.endpoints) == ["main"]

        last = living.put(after).standing(after)
        assert (last.model, last.standing) == ("main", Standing.IN_SERVICE)
        assert (last.endpoint.name, last.endpoint.config_name) == (first.name, first.config_name)
        assert last.endpoint.created_at == first.created_at
        tags = living.world.stack(STACK)["Tags"]
        assert {"Key": "esmcfn:model", "Value": "main"} in tags
        empty = make_plan(a_project(environment=renamed), after, living.verb_world, Manner(read_only=True)).body
        assert empty.empty
