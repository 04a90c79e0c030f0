"""The table of permissions against the calls that verbs really make: nothing is missing, nothing is too much."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from builders import (
    a_base_stack,
    a_project,
    a_selected_model,
    a_selection,
    a_service_account,
    a_stack,
    a_target,
    a_variant,
    an_environment,
)
from fakes import FakeClock
from msgspec.structs import replace

from esmcfn.domain.budget import BudgetNotice, MonthlyBudget
from esmcfn.domain.hosting import Alarms, AlarmTopic, Autoscaling
from esmcfn.domain.report import Report
from esmcfn.errors import CloudError, EsmcfnError, ExitCode, Interrupted, StackBusyError
from esmcfn.permissions.calls import READS, UNCHECKED, VERBS, WRITES
from esmcfn.sandbox.clock import Clock
from esmcfn.sandbox.faults import Faults, action_name
from esmcfn.sandbox.server import Sandbox
from esmcfn.verbs.cost.auditing import audit
from esmcfn.verbs.cost.pricing import price
from esmcfn.verbs.cost.refreshing import refresh
from esmcfn.verbs.deploy.deploying import Wishes
from esmcfn.verbs.deploy.destroying import destroy
from esmcfn.verbs.deploy.parking import park
from esmcfn.verbs.drift.drifting import find_drift
from esmcfn.verbs.examining import examine
from esmcfn.verbs.watch.logs import QUIET_SECONDS, follow, logs
from esmcfn.verbs.watch.outputs import outputs
from esmcfn.verbs.watch.watching import status

from .deploying import SPEED, Account
from .test_deploying import client, deploy_kept, kept

BUDGET = MonthlyBudget(usd_per_month=Decimal(9), notice=BudgetNotice(emails=("ops@example.com",)))
TOPIC = AlarmTopic(name="esm-dev-alarms", emails=("ops@example.com",))
DROPPED = a_selection(a_stack(), a_stack("dropped"))
BIGGER = a_selection(a_stack(variant=a_variant(instance_type="ml.g5.4xlarge")))
ONLY = replace(BIGGER, narrowed=frozenset({"prototype_model"}))
PROTECTED = replace(BIGGER, environment=an_environment(termination_protection=True))
MODEL = "esm-dev-prototype-model"

Scenario = Callable[[Account], object]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    sandbox = Sandbox(tmp_path_factory.mktemp("state"), clock=Clock(speed=SPEED))
    sandbox.start()
    yield sandbox
    # moto is one for all sandboxes of a process: what is left there would be in the next one's way.
    with sandbox.world.lock:
        sandbox.world.reset()
    sandbox.stop()


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """What the sandbox was asked, in IAM's words; a reset brings it new faults, so their class listens."""
    called, before = set[str](), Faults.before_call

    def listening(faults: Faults, service: str, operation: str) -> None:
        called.add(action_name(service, operation))
        before(faults, service, operation)

    monkeypatch.setattr(Faults, "before_call", listening)
    return called


@pytest.fixture
def account(running: Sandbox, heard: set[str]) -> Account:
    """An account with two models in service."""
    with running.world.lock:
        running.world.reset()
        running.world.pages.clear()
    running.world.clock.run_at(SPEED)
    there = Account(running)
    assert there.deploy(DROPPED).exit_code is ExitCode.DONE
    there.forget = heard.clear  # type: ignore[attr-defined]
    overhear(there)
    heard.clear()
    return there


def overhear(there: Account) -> None:
    """What moto answers is only heard while there is a fault; this one strikes nobody."""
    there.fault("throttle", action="cloudformation:ListImports")


def an_empty_account(there: Account) -> None:
    there.sandbox.world.reset()
    there.sandbox.world.clock.run_at(SPEED)
    overhear(there)


def first(there: Account) -> None:
    an_empty_account(there)
    there.plan(BIGGER)


def busy(there: Account, *, read_only: bool = False) -> None:
    """A stack that somebody is deleting."""
    with there.frozen():
        client(there).delete_stack(StackName=MODEL)
        there.forget()
        with pytest.raises(StackBusyError):
            there.plan(BIGGER, read_only=read_only)


def reading_busy(there: Account) -> None:
    busy(there, read_only=True)


def failing(there: Account) -> None:
    an_empty_account(there)
    there.fault("health")
    there.deploy(BIGGER)
    there.clear()


def stuck(there: Account) -> None:
    """What the ways out of a stuck stack call, and giving an update up; that CloudFormation refuses it is no matter."""
    cloud = there.world().connect()
    (stack,) = cloud.stacks.deployed(base_name=MODEL, environment="dev")
    for status_ in ("UPDATE_ROLLBACK_FAILED", "CREATE_FAILED"):
        with pytest.raises(EsmcfnError):
            cloud.operations.recover(replace(stack, status=status_), lambda event: None, within=1)
    cancelling(there)


def cancelling(there: Account) -> None:
    if not there.world().connect().stacks.deployed(base_name=MODEL, environment="dev"):
        there.deploy(BIGGER)
        there.forget()
    cloud = there.world().connect()
    (stack,) = cloud.stacks.deployed(base_name=MODEL, environment="dev")
    with pytest.raises(CloudError):
        cloud.operations.cancel(stack.stack_id)


def destroyed(there: Account) -> None:
    there.deploy(PROTECTED)
    there.forget()
    assert destroying(there).exit_code is ExitCode.DONE


def not_destroyed(there: Account) -> None:
    there.deploy(BIGGER)
    there.fault("handler", logical_id="Model", operation="delete", message="still in use")
    there.forget()
    assert destroying(there).exit_code is ExitCode.DEPLOYMENT
    there.clear()


def destroying(there: Account) -> Report:
    unprotected = replace(PROTECTED, environment=an_environment(termination_protection=False))
    return destroy(a_project(), unprotected, there.world(), Wishes(), delete_logs=True)


def looked(there: Account) -> None:
    failing(there)
    there.forget()
    status(a_project(), BIGGER, there.world())


def audited(there: Account) -> None:
    """Somebody has the endpoint serve a configuration of theirs, and the audit prices that."""
    sagemaker, name = client(there, "sagemaker"), a_stack().endpoint_name
    config = sagemaker.describe_endpoint(EndpointName=name)["EndpointConfigName"]
    (variant,) = sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
    dearer = {**variant, "InstanceType": "ml.g5.12xlarge", "InitialInstanceCount": 4}
    sagemaker.create_endpoint_config(EndpointConfigName="mine", ProductionVariants=[dearer])
    sagemaker.update_endpoint(EndpointName=name, EndpointConfigName="mine")
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    there.forget()
    found = audit(a_project(), a_selection(), there.world(), days=14, billed=True, edit=lambda text, *more: text).body
    (runs, written) = next((each.instances, each.deployed) for each in found.models if each.deployed)
    assert (runs, written) == (("4 x ml.g5.12xlarge",), ("1 x ml.g5.2xlarge",))


SCALED = Autoscaling(min_capacity=1, max_capacity=4, target_value=Decimal(70))
SHARED = a_selection(
    a_stack(autoscaling=SCALED, alarms=Alarms(), log_retention_days=90),
    base=a_base_stack(service_account=a_service_account(), alarm_topic=TOPIC, budget=BUDGET),
)
TAGGED = replace(
    SHARED,
    base=replace(SHARED.base, tags={**SHARED.base.tags, "Team": "x"}),
    models=tuple(replace(model, tags={**model.tags, "Team": "x"}) for model in SHARED.models),
)


def overwriting(there: Account, **options: bool) -> None:
    """A change of everything that a shared user consists of."""
    there.deploy(SHARED)
    policy = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
    user = SHARED.base.service_account.user_name
    client(there, "iam").put_user_policy(UserName=user, PolicyName="by-hand", PolicyDocument=policy)
    sagemaker = client(there, "sagemaker")
    (arn,) = (each["ModelArn"] for each in sagemaker.list_models()["Models"] if "dropped" not in each["ModelName"])
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "Mine", "Value": "x"}])
    retagged(there)
    there.forget()
    there.plan(TAGGED, **options)


def overwriting_deployed(there: Account) -> None:
    overwriting(there)
    there.deploy(TAGGED)


def reviewed(there: Account) -> None:
    """A plan of what drifted, with CloudFormation's own word on it, executed from its file."""
    overwriting(there, wholly=True)
    plan = kept(there, TAGGED, wholly=True)
    assert deploy_kept(there, plan, TAGGED).exit_code is ExitCode.DONE


def audited_with_drift(there: Account) -> None:
    drifted(there)
    audit(a_project(), SHARED, there.world(), days=14, billed=True, edit=lambda text, *more: text, drifting=True)


def drifted(there: Account) -> None:
    """With a shared user, a policy by hand, an endpoint beside, and tags that CloudFormation finds changed."""
    selection = SHARED
    there.deploy(selection)
    there.forget()
    anything = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
    iam, sagemaker = client(there, "iam"), client(there, "sagemaker")
    user = selection.base.service_account.user_name
    iam.put_user_policy(UserName=user, PolicyName="by-hand", PolicyDocument=anything)
    name = selection.models[0].endpoint_name
    config = sagemaker.describe_endpoint(EndpointName=name)["EndpointConfigName"]
    sagemaker.create_endpoint(EndpointName="beside", EndpointConfigName=config)
    retagged(there)
    there.forget()
    assert find_drift(a_project(), selection, there.world()).exit_code is ExitCode.DRIFT


def retagged(there: Account) -> None:
    """Tags by hand where they are asked for only when CloudFormation did not find them in sync."""
    scaling, alarms, logs = (client(there, name) for name in ("application-autoscaling", "cloudwatch", "logs"))
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    scaling.tag_resource(ResourceARN=target["ScalableTargetARN"], Tags={"Mine": "x"})
    alarm = alarms.describe_alarms(AlarmNamePrefix="Endpoint")["MetricAlarms"][0]
    alarms.tag_resource(ResourceARN=alarm["AlarmArn"], Tags=[{"Key": "Mine", "Value": "x"}])
    for group in logs.describe_log_groups(logGroupNamePrefix="/aws/sagemaker/")["logGroups"]:
        logs.tag_resource(resourceArn=group["arn"].removesuffix(":*"), tags={"Mine": "x"})


def waited(there: Account) -> None:
    from esmcfn.verbs.watch.awaiting import wait

    """For a model whose creation was rolled back, beside one that serves another configuration."""
    failing(there)
    there.deploy(replace(a_selection(a_stack("dropped")), narrowed=frozenset({"dropped"})))
    there.forget()
    bigger = a_stack("dropped", variant=a_variant(instance_type="ml.g5.4xlarge"))
    with pytest.raises(EsmcfnError):
        wait(
            a_project(),
            a_selection(a_stack(), bigger),
            there.world(),
            clock=FakeClock(),
            deadline=2000.0,
            heard=lambda line: None,
            again="esmcfn wait dev",
        )


def logged(there: Account) -> None:
    selection = a_selection()
    logs(selection, there.world(), since=None, most=None)
    logs(selection, there.world(), since=timedelta(hours=1), most=None)

    def leave(passed: float) -> None:
        if passed > 2 * QUIET_SECONDS:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted):
        follow(
            selection,
            there.world(),
            since=None,
            most=None,
            clock=FakeClock(leave),
            heard=lambda line: True,
            told=lambda line: None,
        )


def refreshed(there: Account) -> None:
    """From a price list that knows the type."""
    price = {"region": "us-east-2", "instance_type": "ml.g5.2xlarge", "usd_per_hour": "1.5"}
    there.sandbox.world.seeds.add({"prices": [price]})
    refresh(a_project(), a_selection(), there.world(), path="policies/prices.yaml", write=lambda prices: None)


SCENARIOS: dict[str, tuple[Scenario, ...]] = {
    "audit": (audited,),
    "audit --drift": (audited_with_drift,),
    "prices refresh": (refreshed,),
    "doctor": (lambda there: examine(a_project(), BIGGER, there.world()),),
    "cost": (lambda there: price(a_project(), BIGGER, there.world()),),
    "plan": (lambda there: there.plan(ONLY), lambda there: there.plan(BIGGER), overwriting, busy, first),
    "plan --drift": (
        lambda there: there.plan(ONLY, wholly=True),
        lambda there: there.plan(BIGGER, wholly=True),
        lambda there: overwriting(there, wholly=True),
        *(busy, first),
    ),
    "plan --read-only": (
        lambda there: there.plan(ONLY, read_only=True),
        lambda there: overwriting(there, read_only=True),
        reading_busy,
    ),
    "deploy": (
        lambda there: there.deploy(ONLY),
        lambda there: there.deploy(PROTECTED),
        overwriting_deployed,
        *(stuck, first, failing),
    ),
    "deploy --plan": (reviewed, stuck, first, failing, lambda there: there.deploy(PROTECTED)),
    "destroy": (destroyed, cancelling, not_destroyed),
    "drift": (drifted,),
    "outputs": (lambda there: outputs(a_selection(), there.world()),),
    "status": (lambda there: status(a_project(), a_selection(), there.world()), looked),
    "wait": (waited,),
    "logs": (logged,),
}


@pytest.mark.parametrize("verb", SCENARIOS)
def test_a_verb_calls_what_its_row_says_and_nothing_else(verb, account, heard):
    called: set[str] = set()
    for scenario in SCENARIOS[verb]:
        scenario(account)
        called |= heard
        heard.clear()
    assert (called - UNCHECKED - VERBS[verb], VERBS[verb] - called) == (set(), set())


def test_parking_and_coming_back_call_nothing_that_deploying_does_not(account, heard):
    project = a_project(environment=an_environment(a_selected_model()))
    for state in (True, False):
        done = park(project, account.world(), Wishes(), keys=frozenset(), parked=state, write=lambda keys: None)
        assert done.exit_code is ExitCode.DONE
    assert "cloudformation:ExecuteChangeSet" in heard
    assert heard - UNCHECKED <= VERBS["park"] == VERBS["resume"] <= VERBS["deploy"]


def test_cloudformation_works_with_the_service_role_of_the_environment_from_the_first_change_set_on(account):
    role = "arn:aws:iam::123456789012:role/esmcfn/service"
    with_role = a_stack("other", target=a_target(service_role_arn=role))
    selection = replace(a_selection(with_role), narrowed=frozenset({"other"}))
    assert account.deploy(selection).exit_code is ExitCode.DONE
    assert client(account).describe_stacks(StackName=with_role.name)["Stacks"][0]["RoleARN"] == role


def test_whoever_reads_cannot_execute():
    writing = {"cloudformation:ExecuteChangeSet", "logs:DeleteLogGroup", "cloudformation:UpdateTerminationProtection"}
    for verb in READS:
        assert not VERBS[verb] & writing, verb
    assert {*READS, *WRITES} == set(VERBS)
