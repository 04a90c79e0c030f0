"""Every call that deploying makes, and every way in which it can go wrong: over HTTP, nothing patched."""

from __future__ import annotations

import _thread
import threading
import time

import pytest
from awaited import HANG_SECONDS
from builders import a_project, a_selection, a_stack, a_variant, an_environment
from fakes import FakePerson
from msgspec.structs import replace

from esmcfn.diagnosis import causes
from esmcfn.errors import AccessDenied, CloudError, ExitCode, Interrupted, LostSight
from esmcfn.sandbox.server import Sandbox
from esmcfn.verbs.deploy.deploying import Wishes, deploy
from esmcfn.verbs.deploy.steps import Terms

from .conftest import World
from .deploying import SPEED, Account
from .nesting import a_nested, child_of, uploaded
from .templates import a_template, a_topic
from .test_deploying import BIGGER, MODEL, ONE, client, outcome, propose_by_hand, remaining, status

BEFORE = (
    "cloudformation:CreateChangeSet",
    "cloudformation:DescribeChangeSet",
    "cloudformation:DescribeStacks",
    "cloudformation:GetTemplate",
)
"""Calls without whose answer nothing is executed."""

HINTS = (
    "cloudformation:DescribeEvents",
    "sagemaker:DescribeEndpointConfig",
    "sagemaker:ListEndpoints",
    "servicequotas:ListServiceQuotas",
    "cloudformation:ListStackResources",
    "sagemaker:DescribeModel",
    "sagemaker:ListTags",
    "application-autoscaling:DescribeScalableTargets",
)
"""Calls whose answer makes a plan better, and whose absence is said and stops nothing."""

DURING = (
    "cloudformation:DeleteStack",
    "cloudformation:DescribeStackEvents",
    "cloudformation:ExecuteChangeSet",
    "cloudformation:ListChangeSets",
    "cloudformation:UpdateTerminationProtection",
    "sagemaker:DescribeEndpoint",
)
"""Calls of the execution itself."""

TROUBLES = (
    ("throttle", {}),
    ("server-error", {}),
    ("connection-reset", {}),
    ("connection-reset", {"processed": "true"}),
    ("timeout", {"seconds": 3}),
    ("timeout", {"seconds": 3, "processed": "true"}),
)

IMPATIENT = {"read_seconds": 1.0}
"""Where nobody answers; a call that is slow for another reason is tried again, as often as AWS is."""

STRANGER = a_selection(a_stack("stranger"))
PROTECTED = a_selection(
    a_stack(variant=a_variant(instance_type="ml.g5.4xlarge")), environment=an_environment(termination_protection=True)
)


@pytest.fixture
def deployed(_running: Sandbox) -> Account:
    """Two models, of which the next deployment changes one and deletes the other."""
    account = Account.emptied(_running)
    assert account.deploy(a_selection(a_stack(), a_stack("dropped"))).exit_code is ExitCode.DONE
    return account


def test_these_are_all_the_calls_that_a_deployment_makes(deployed):
    made = calls(deployed)
    deployed.deploy(PROTECTED)
    deployed.deploy(replace(PROTECTED, base=None, models=(), environment=an_environment(termination_protection=False)))
    deployed.deploy(ONE)
    # A refused change set removes itself, which a deployment that goes well never needs.
    assert made <= {*BEFORE, *HINTS, *DURING}
    assert {*BEFORE, *HINTS, *DURING} - made <= {"sagemaker:DescribeEndpointConfig"}


def calls(account) -> set[str]:
    """What is called from now on, as the sandbox hears it."""
    faults, heard = account.sandbox.world.faults, set()
    before = type(faults).before_call

    def listening(service: str, operation: str) -> None:
        from esmcfn.sandbox.faults import action_name

        heard.add(action_name(service, operation))
        before(faults, service, operation)

    faults.before_call = listening
    return heard


@pytest.mark.parametrize(("name", "options"), TROUBLES, ids=lambda value: str(value))
@pytest.mark.parametrize("action", [*BEFORE, *DURING, *HINTS])
def test_a_bad_moment_of_any_call_is_waited_out(deployed, action, name, options):
    deployed.fault(name, action=action, times=1, **options)
    report = deployed.deploy(PROTECTED, **(IMPATIENT if name == "timeout" else {}))
    assert report.exit_code is ExitCode.DONE, outcome(report)
    assert status(deployed) == "UPDATE_COMPLETE"
    assert client(deployed).describe_stacks(StackName=MODEL)["Stacks"][0]["EnableTerminationProtection"]
    assert {stack["StackName"] for stack in client(deployed).describe_stacks()["Stacks"]} == {"esm-dev", MODEL}
    assert remaining(deployed) == []


class TestWhatDoesNotPass:
    @pytest.mark.parametrize("action", BEFORE)
    @pytest.mark.parametrize("name", ["throttle", "access-denied"])
    def test_before_the_execution_it_is_exit_4_and_nothing_is_left(self, deployed, action, name):
        deployed.fault(name, action=action)
        with pytest.raises(CloudError) as caught:
            deployed.deploy(BIGGER, attempts=1)
        assert isinstance(caught.value, AccessDenied) is (name == "access-denied")
        deployed.clear()
        assert remaining(deployed) == []
        assert status(deployed) == "CREATE_COMPLETE"

    @pytest.mark.parametrize("action", HINTS)
    def test_a_hint_that_cannot_be_had_stops_nothing(self, deployed, action):
        deployed.fault("access-denied", action=action)
        assert deployed.deploy(BIGGER).exit_code is ExitCode.DONE

    def test_an_execution_that_is_refused_leaves_no_change_set(self, deployed):
        deployed.fault("access-denied", action="cloudformation:ExecuteChangeSet")
        report = deployed.deploy(BIGGER)
        assert report.exit_code is ExitCode.CLOUD
        assert "cloudformation:ExecuteChangeSet" in outcome(report).error.message
        deployed.clear()
        assert remaining(deployed) == []

    @pytest.mark.parametrize("name", ["access-denied", "throttle"])
    def test_events_that_cannot_be_read_are_lost_sight_and_no_failure(self, deployed, name):
        deployed.fault(name, action="cloudformation:DescribeStackEvents")
        report = deployed.deploy(BIGGER, Wishes(terms=Terms(within=1.0)), attempts=1)
        assert report.exit_code is ExitCode.CLOUD
        assert isinstance(outcome(report).error, LostSight)
        assert "CloudFormation goes on" in outcome(report).error.message

    def test_credentials_that_expire_while_watching_are_lost_sight_and_no_failure(self, deployed):
        deployed.person.agrees = lambda plan, question: deployed.fault("expired-token", after=2) or True
        report = deployed.deploy(BIGGER)
        assert report.exit_code is ExitCode.CLOUD
        assert isinstance(outcome(report).error, LostSight)
        assert "log in again" in outcome(report).error.next_step
        deployed.clear()
        deployed.person = FakePerson()
        assert deployed.deploy(BIGGER, Wishes(wait_for_stack=30.0)).exit_code is ExitCode.DONE

    def test_what_takes_longer_than_the_deadline_goes_on_without_us(self, deployed):
        with deployed.frozen():
            deployed.sandbox.world.clock.run_at(0.05)
            report = deployed.deploy(BIGGER, Wishes(terms=Terms(within=0.5)))
        assert report.exit_code is ExitCode.CLOUD
        assert "--wait-for-stack" in outcome(report).error.next_step


def test_of_two_deployments_at_once_one_wins_and_the_other_says_so(deployed):
    reports = []
    together = threading.Barrier(2)

    def agrees(plan, question):
        together.wait(HANG_SECONDS)
        return True

    accounts = [Account(deployed.sandbox), Account(deployed.sandbox)]
    for account in accounts:
        account.person.agrees = agrees

    def one(account):
        reports.append(account.deploy(BIGGER))

    threads = [threading.Thread(target=one, args=(account,)) for account in accounts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(HANG_SECONDS)
    codes = sorted(report.exit_code for report in reports)
    assert codes[0] is ExitCode.DONE
    assert codes[1] is ExitCode.BUSY
    assert status(deployed) == "UPDATE_COMPLETE"


def overtaken(account, other, selection):
    """What a deployment comes to where somebody else's is done while the person still reads the plan."""

    def meanwhile(plan, question):
        assert other.deploy(selection).exit_code is ExitCode.DONE
        return True

    account.person.agrees = meanwhile
    return account.deploy(selection)


def test_who_was_overtaken_is_told_that_somebody_else_deployed_and_who(deployed):
    report = overtaken(deployed, Account(deployed.sandbox), BIGGER)
    assert report.exit_code is ExitCode.BUSY
    error = outcome(report).error
    assert f"{MODEL}: somebody else deployed it after this was planned: UPDATE_" in error.message
    assert " by esmcfn-" in error.message
    assert "esmcfn plan dev" in error.next_step


def test_who_was_overtaken_by_a_first_creation_is_told_so_too(deployed):
    empty, other = Account.emptied(deployed.sandbox), Account(deployed.sandbox)
    report = overtaken(empty, other, ONE)
    assert report.exit_code is ExitCode.BUSY
    (first, *_) = report.body.stacks
    assert "somebody else deployed it after this was planned: CREATE_" in first.error.message
    assert status(deployed) == "CREATE_COMPLETE"


def test_an_execution_whose_answer_is_lost_and_whose_events_cannot_be_read_for_long_is_not_given_up(deployed):
    deployed.fault("connection-reset", action="cloudformation:ExecuteChangeSet", processed="true")
    deployed.fault("throttle", action="cloudformation:DescribeStackEvents", times=12)
    assert deployed.deploy(BIGGER, attempts=1).exit_code is ExitCode.DONE


@pytest.mark.parametrize("first", [True, False])
def test_a_change_set_whose_making_was_never_answered_is_not_left_behind(deployed, first):
    account = Account.emptied(deployed.sandbox) if first else deployed
    account.fault("connection-reset", action="cloudformation:CreateChangeSet", processed="true")
    with pytest.raises(CloudError):
        account.deploy(BIGGER, attempts=1)
    account.clear()
    assert remaining(account) == []
    names = {stack["StackName"] for stack in client(account).describe_stacks()["Stacks"]}
    assert names == (set() if first else {"esm-dev", MODEL, "esm-dev-dropped"})


def test_who_declines_after_somebody_else_has_deployed_deletes_nothing_of_theirs(deployed):
    empty, other = Account.emptied(deployed.sandbox), Account(deployed.sandbox)

    def meanwhile(plan, question):
        assert other.deploy(ONE).exit_code is ExitCode.DONE
        deployed.fault("stale")  # DescribeStacks still tells of a review
        return False

    empty.person.agrees = meanwhile
    with pytest.raises(Interrupted):
        empty.deploy(ONE)
    deployed.clear()
    assert status(deployed) == "CREATE_COMPLETE"
    assert status(deployed, "esm-dev") == "CREATE_COMPLETE"


def test_a_change_set_that_was_asked_for_on_the_way_is_not_left_behind(deployed):
    account = Account.emptied(deployed.sandbox)
    account.fault("capacity", times=1)
    assert account.deploy(ONE).exit_code is ExitCode.DEPLOYMENT
    account.fault("access-denied", action="cloudformation:ExecuteChangeSet")
    assert account.deploy(ONE).exit_code is ExitCode.CLOUD
    account.clear()
    assert remaining(account) == []


def test_what_does_not_serve_fails_the_next_run_too(deployed):
    deployed.fault("silent-rollback", times=1)
    two = a_selection(BIGGER.models[0], a_stack("dropped"))
    assert deployed.deploy(two).exit_code is ExitCode.DEPLOYMENT
    again = deployed.deploy(two)
    assert again.exit_code is ExitCode.DEPLOYMENT
    assert [stack.name for stack in again.body.stacks] == [MODEL]
    assert "esmcfn deploy dev --revert-drift" in outcome(again).diagnosis.advice


def test_protection_that_is_refused_leaves_the_deployment_a_success_that_says_so(deployed):
    deployed.fault("access-denied", action="cloudformation:UpdateTerminationProtection")
    report = deployed.deploy(PROTECTED)
    assert report.exit_code is ExitCode.CLOUD
    assert outcome(report, "esm-dev").execution.succeeded
    assert "UpdateTerminationProtection" in outcome(report, "esm-dev").error.message


def test_a_busy_answer_in_the_middle_of_planning_is_waited_for_like_any_other(deployed):
    world = deployed.sandbox.world
    template = propose_by_hand(deployed, "theirs", selection=BIGGER)
    busy = iter([True])
    reached = deployed.world(attempts=2)
    cloud = reached.connect()
    survey = cloud.stacks.survey

    def late(**names):
        found = survey(**names)
        if next(busy, False):  # somebody begins between our look and our change set
            world.clock.run_at(0)
            client(deployed).execute_change_set(ChangeSetName=template)
        return found

    def pause(seconds):
        paused.append(seconds)
        world.clock.run_at(SPEED)  # they come to their end only because somebody waits for it
        time.sleep(seconds)

    cloud.stacks.survey, paused = late, []
    bigger_still = a_selection(a_stack(variant=a_variant(instance_type="ml.g5.8xlarge")), a_stack("dropped"))
    report = deploy(a_project(), bigger_still, replace(reached, pause=pause), Wishes(wait_for_stack=HANG_SECONDS))
    assert report.exit_code is ExitCode.DONE, outcome(report)
    assert paused


def test_whoever_stops_begins_nothing_more(deployed):
    account = Account.emptied(deployed.sandbox)
    many = a_selection(*(a_stack(f"model_{number}") for number in range(30)))
    account.deploy(replace(many, models=()))
    reached = account.world()
    cloud = reached.connect()
    stop, stopped, begun, heard = cloud.stacks.stop, threading.Event(), [], []

    def stopping():
        stop()
        stopped.set()

    def stage(stack, stage, *, waits_for="", starts=False):
        if stage == "begins":
            begun.append(stack)
            assert len(begun) <= 5 or stopped.wait(HANG_SECONDS)  # the sixth is about to begin when the person stops
        elif "IN_PROGRESS" in stage:
            heard.append(stack)
            if len(heard) == 1:
                _thread.interrupt_main()

    cloud.stacks.stop = stopping
    account.watch.stage = stage
    deployed.sandbox.world.clock.run_at(1.0)
    with pytest.raises(Interrupted) as caught:
        deploy(a_project(), many, reached, Wishes())
    there = [stack["StackName"] for stack in client(account).describe_stacks()["Stacks"]]
    deployed.sandbox.world.clock.run_at(SPEED)
    assert "not begun" in caught.value.message
    assert set(heard) <= set(there)
    assert set(there) <= {"esm-dev", *begun[:5]}
    assert all(name in caught.value.message for name in there if name != "esm-dev")
    assert not [each for each in remaining(account) if each.startswith("esmcfn-")]


def test_describing_that_lags_behind_makes_no_false_success(deployed):
    deployed.fault("stale", stack=MODEL, times=20)
    report = deployed.deploy(BIGGER)
    assert report.exit_code is ExitCode.DONE
    assert outcome(report).execution.status == "UPDATE_COMPLETE"
    assert outcome(report).endpoint.config_name == report.body.endpoints["prototype_model"].endpoint_config_name


def test_an_update_that_sagemaker_takes_back_in_silence_is_a_failure(deployed):
    deployed.fault("silent-rollback")
    report = deployed.deploy(BIGGER)
    assert outcome(report).execution.status == "UPDATE_COMPLETE"
    assert report.exit_code is ExitCode.DEPLOYMENT
    assert "deployed, but what was deployed does not serve" in outcome(report).diagnosis.aftermath


def test_what_cannot_be_cleaned_up_is_said_and_the_update_is_a_success(deployed):
    deployed.fault("handler", logical_id="EndpointConfig", operation="delete", message="still in use")
    report = deployed.deploy(a_selection(BIGGER.models[0], a_stack("dropped")))
    assert report.exit_code is ExitCode.DONE
    assert any("EndpointConfig" in left for left in report.body.left)


def test_a_deletion_that_fails_is_said_and_mended_by_the_next_run(deployed):
    deployed.fault("handler", logical_id="Model", operation="delete", message="still in use")
    report = deployed.deploy(ONE)
    assert report.exit_code is ExitCode.DEPLOYMENT
    assert "still in use" in str(outcome(report, "esm-dev-dropped").diagnosis.causes[0])
    deployed.clear()
    assert deployed.deploy(ONE).exit_code is ExitCode.DONE
    assert {stack["StackName"] for stack in client(deployed).describe_stacks()["Stacks"]} == {"esm-dev", MODEL}


def test_inside_nested_stacks_the_first_resource_that_failed_is_the_cause(world: World) -> None:
    from esmcfn.aws import Reach, connect

    url = uploaded(world, a_template(Inner=a_topic()))
    world.deploy("s", a_template(Child=a_nested(url)))
    changed = uploaded(world, a_template(Inner=a_topic(DisplayName="x")), "changed.json")
    plan = world.plan("s", a_template(Child=a_nested(changed)), kind="UPDATE", name="go")
    world.sandbox.world.faults.add("handler", {"logical_id": "Inner", "message": "deep down"})
    world.sandbox.world.clock.run_at(SPEED)
    try:
        reach = Reach(region="us-east-2", endpoint_url=world.sandbox.endpoint_url, credentials=("sandbox", "sandbox"))
        heard = []
        operations = connect(reach).operations
        ended = operations.execute(plan["ChangeSetId"], plan["StackId"], heard.append, within=60.0)
    finally:
        world.sandbox.world.clock.run_at(0)
    assert ended.status == "UPDATE_ROLLBACK_COMPLETE"
    (cause,) = causes(ended.events)
    assert cause.logical_id == "Child/Inner"
    assert "deep down" in cause.reason
    assert [event.event_id for event in heard] == [event.event_id for event in ended.events]
    assert child_of(world, "s")
