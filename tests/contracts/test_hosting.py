"""Autoscaling and alarms over HTTP: deployed, scaled, changed, parked; what it does to instances is no surprise."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from builders import a_base_stack, a_project, a_selection, a_stack, a_variant
from msgspec.structs import replace

from esmcfn.domain.drift import State
from esmcfn.domain.hosting import Alarms, AlarmTopic, Autoscaling, ScheduledScaling
from esmcfn.domain.plan import Action, StackAction
from esmcfn.domain.stack import ModelStack, Selection
from esmcfn.errors import CloudError, ExitCode
from esmcfn.sandbox.server import Sandbox
from esmcfn.template import synthesize
from esmcfn.verbs.deploy.deploying import Wishes, deploy_reviewed
from esmcfn.verbs.deploy.destroying import destroy

from .deploying import Account
from .test_deploying import kept, remaining
from .test_drifting import client, deviating, drift, settled

SCALED = Autoscaling(
    min_capacity=1,
    max_capacity=4,
    target_value=Decimal(70),
    schedule=(ScheduledScaling(name="rush", cron="0 8 ? * * *", timezone="UTC", min_capacity=2, max_capacity=6),),
)
TOPIC = AlarmTopic(name="esm-dev-alarms", emails=("ops@example.com",))
KEY = "arn:aws:kms:us-east-2:123456789012:key/0a1b2c3d-0000-4000-8000-000000000000"
STACK = a_stack(
    autoscaling=SCALED,
    alarms=Alarms(disk_percent=80),
    alarm_topic_name=TOPIC.name,
    kms_key_arn=KEY,
    variant=a_variant(instance_type="ml.m5.xlarge"),  # without disks of its own
    log_retention_days=90,
)
SELECTION = a_selection(STACK, base=a_base_stack(alarm_topic=TOPIC))
MODEL = STACK.name
TARGET = f"endpoint/{STACK.endpoint_name}/variant/variant-1"
DIMENSION = {"ServiceNamespace": "sagemaker", "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"}


@pytest.fixture
def account(_running: Sandbox) -> Account:
    there = Account.emptied(_running)
    assert there.deploy(SELECTION).exit_code is ExitCode.DONE
    return there


def selected(stack: ModelStack) -> Selection:
    return replace(SELECTION, models=(stack,))


def scaled_to(account: Account, count: int) -> None:
    client(account, "sagemaker").update_endpoint_weights_and_capacities(
        EndpointName=STACK.endpoint_name,
        DesiredWeightsAndCapacities=[{"VariantName": "variant-1", "DesiredInstanceCount": count}],
    )
    settled(account, STACK.endpoint_name)


def instances(account: Account) -> int:
    described = client(account, "sagemaker").describe_endpoint(EndpointName=STACK.endpoint_name)
    return described["ProductionVariants"][0]["DesiredInstanceCount"]


def targets(account: Account):
    return client(account, "application-autoscaling").describe_scalable_targets(ServiceNamespace="sagemaker")[
        "ScalableTargets"
    ]


def bounded(account: Account, low: int, high: int) -> None:
    client(account, "application-autoscaling").register_scalable_target(
        **DIMENSION, ResourceId=TARGET, MinCapacity=low, MaxCapacity=high
    )


def test_what_is_fresh_has_no_drift_and_nothing_to_plan(account):
    report = drift(account, SELECTION, strict=True)
    assert (deviating(report), report.exit_code) == ({}, ExitCode.DONE)
    assert account.plan(SELECTION).body.empty


@pytest.mark.parametrize(("count", "expected"), [(6, set()), (7, {"Variants/variant-1/DesiredInstanceCount"})])
def test_instances_within_the_bounds_of_any_hour_are_in_sync_and_others_are_drift(account, count, expected):
    scaled_to(account, count)
    found = deviating(drift(account, SELECTION))
    assert {path for paths in found.values() for path in paths} == expected


def test_bounds_that_the_schedule_sets_are_no_drift_and_those_of_a_hand_are(account):
    bounded(account, 2, 6)
    assert deviating(drift(account, SELECTION, strict=True)) == {}
    bounded(account, 2, 5)
    assert deviating(drift(account, SELECTION)) == {(MODEL, "ScalableTarget"): ["MaxCapacity", "MinCapacity"]}


def test_a_target_that_a_hand_took_off_is_missing(account):
    client(account, "application-autoscaling").deregister_scalable_target(**DIMENSION, ResourceId=TARGET)
    assert (MODEL, "ScalableTarget") in deviating(drift(account, SELECTION))


def test_an_alarm_that_a_hand_changed_or_deleted_is_found(account):
    cloudwatch = client(account, "cloudwatch")
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=[f"{STACK.endpoint_name}-disk"])["MetricAlarms"]
    kept = ("AlarmName", "MetricName", "Namespace", "Dimensions", "Period", "EvaluationPeriods", "ComparisonOperator")
    cloudwatch.put_metric_alarm(**{key: alarm[key] for key in kept}, Statistic="Maximum", Threshold=99)
    cloudwatch.delete_alarms(AlarmNames=[f"{STACK.endpoint_name}-5xx-errors"])
    found = deviating(drift(account, SELECTION))
    assert "Threshold" in found[(MODEL, "DiskAlarm")]
    assert found[(MODEL, "ErrorAlarm")] == []


def test_what_a_hand_suspends_mutes_or_adds_is_found_though_cloudformation_does_not_look(account):
    scaling, cloudwatch = client(account, "application-autoscaling"), client(account, "cloudwatch")
    scaling.register_scalable_target(
        **DIMENSION, ResourceId=TARGET, SuspendedState={"DynamicScalingOutSuspended": True}
    )
    scaling.put_scheduled_action(
        **DIMENSION,
        ResourceId=TARGET,
        ScheduledActionName="by-hand",
        Schedule="cron(0 1 ? * * *)",
        ScalableTargetAction={"MinCapacity": 4, "MaxCapacity": 4},
    )
    cloudwatch.disable_alarm_actions(AlarmNames=[f"{STACK.endpoint_name}-disk"])
    found = deviating(drift(account, SELECTION))
    assert found.keys() == {(MODEL, "ScalableTarget"), (MODEL, "DiskAlarm")}
    assert found[(MODEL, "ScalableTarget")] == ["ScheduledActions/by-hand", "SuspendedState"]
    assert found[(MODEL, "DiskAlarm")] == ["ActionsEnabled"]


def test_a_topic_that_a_hand_opened_is_found_though_cloudformation_does_not_look(account):
    topic = "arn:aws:sns:us-east-2:123456789012:esm-dev-alarms"
    anybody = {"Effect": "Allow", "Principal": "*", "Action": "sns:Publish", "Resource": topic}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [anybody]})
    client(account, "sns").set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    assert deviating(drift(account, SELECTION)) == {("esm-dev", "AlarmTopicPolicy"): ["PolicyDocument"]}


def test_a_plan_compares_a_topic_and_who_hears_of_it_by_itself(account):
    sns, topic = client(account, "sns"), "arn:aws:sns:us-east-2:123456789012:esm-dev-alarms"
    tagged = replace(SELECTION, base=replace(SELECTION.base, tags={**SELECTION.base.tags, "Team": "x"}))

    def found():
        (base, *_) = account.plan(tagged).body.stacks
        return {each.logical_id: each for each in base.drift.found}

    assert found() == {}, "without CloudFormation's own detection"
    (subscription,) = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    sns.set_topic_attributes(TopicArn=topic, AttributeName="KmsMasterKeyId", AttributeValue="alias/mine")
    sns.tag_resource(ResourceArn=topic, Tags=[{"Key": "esmcfn:environment", "Value": "prod"}])
    drifted = found()
    (email,) = (name for name in drifted if name.startswith("AlarmEmail"))
    assert drifted[email].state is State.MISSING
    assert [each.path for each in drifted["AlarmTopic"].properties] == ["KmsMasterKeyId", "Tags/esmcfn:environment"]
    sns.delete_topic(TopicArn=topic)
    assert found()["AlarmTopic"].state is State.MISSING


def test_a_subscription_that_has_no_arn_is_not_checked(account):
    with pytest.raises(CloudError, match="PendingConfirmation") as caught:
        account.world().connect().observers.read("AWS::SNS::Subscription", "PendingConfirmation")
    assert caught.value.code == "ValidationError"


def test_a_log_that_the_container_made_is_taken_over_and_what_it_says_is_kept(account):
    logs, group = client(account, "logs"), f"/aws/sagemaker/Endpoints/{STACK.endpoint_name}"
    plain = selected(replace(STACK, log_retention_days=None))
    assert account.deploy(plain).exit_code is ExitCode.DONE
    (there,) = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    logs.delete_retention_policy(logGroupName=group)
    planned = next(stack for stack in account.plan(SELECTION).body.stacks if stack.name == MODEL)
    (taken,) = (change for change in planned.changes if change.logical_id == "LogGroup")
    assert taken.action is Action.ADD
    assert "from before" in taken.meaning
    assert not taken.unexplained
    assert account.deploy(SELECTION).exit_code is ExitCode.DONE
    assert deviating(drift(account, SELECTION)) == {(MODEL, "LogGroup"): ["RetentionInDays"]}
    assert account.deploy(SELECTION, Wishes(revert=True)).exit_code is ExitCode.DONE
    assert deviating(drift(account, SELECTION, strict=True)) == {}
    assert logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["creationTime"] == there["creationTime"]


def test_a_reviewed_plan_takes_a_log_over_alike(account):
    plain = selected(replace(STACK, log_retention_days=None))
    assert account.deploy(plain).exit_code is ExitCode.DONE
    report = deploy_reviewed(a_project(), SELECTION, account.world(), kept(account, SELECTION), Wishes())
    assert report.exit_code is ExitCode.DONE
    assert remaining(account) == []


@pytest.mark.parametrize("delete_logs", [True, False])
def test_destroying_leaves_the_log_and_says_so_or_deletes_it_when_asked(account, delete_logs):
    report = destroy(a_project(), SELECTION, account.world(), Wishes(), delete_logs=delete_logs)
    assert report.exit_code is ExitCode.DONE
    group = f"/aws/sagemaker/Endpoints/{STACK.endpoint_name}"
    left = client(account, "logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert bool(left) is any(group in each for each in report.body.left) is not delete_logs


def test_an_update_keeps_the_instances_that_autoscaling_came_to(account):
    scaled_to(account, 3)
    other = replace(STACK, forge_model_name="other", package=STACK.package.replace("6ad677e3", "00000000"))
    assert account.deploy(selected(other)).exit_code is ExitCode.DONE
    assert instances(account) == 3


def test_another_instance_type_is_deployed_in_two_updates_and_scaled_again(account):
    scaled_to(account, 3)
    bigger = selected(replace(STACK, variant=a_variant(instance_type="ml.m5.4xlarge")))
    planned = next(stack for stack in account.plan(bigger).body.stacks if stack.name == MODEL)
    assert (planned.action, planned.unscale_first) == (StackAction.UPDATE, True)
    assert account.deploy(bigger).exit_code is ExitCode.DONE
    (target,) = targets(account)
    assert (target["ResourceId"], target["MaxCapacity"]) == (TARGET, 4)
    assert instances(account) == 3
    report = drift(account, bigger, strict=True)
    assert (deviating(report), report.exit_code) == ({}, ExitCode.DONE)


def test_a_reviewed_plan_is_deployed_in_two_updates_alike(account):
    bigger = selected(replace(STACK, variant=a_variant(instance_type="ml.m5.4xlarge")))
    reviewed = kept(account, bigger)
    report = deploy_reviewed(a_project(), bigger, account.world(), reviewed, Wishes())
    assert report.exit_code is ExitCode.DONE
    assert len(targets(account)) == 1
    assert remaining(account) == []


def test_where_the_new_instances_fail_the_old_ones_serve_and_the_next_plan_brings_scaling_back(account):
    account.fault("capacity", instance_type="ml.m5.4xlarge")
    bigger = selected(replace(STACK, variant=a_variant(instance_type="ml.m5.4xlarge")))
    assert account.deploy(bigger).exit_code is ExitCode.DEPLOYMENT
    account.clear()
    assert targets(account) == []
    stack = next(stack for stack in account.plan(SELECTION).body.stacks if stack.name == MODEL)
    assert {change.logical_id for change in stack.changes} == {"ScalableTarget", "ScalingPolicy"}
    assert account.deploy(SELECTION).exit_code is ExitCode.DONE
    assert len(targets(account)) == 1


def test_parked_has_no_target_and_resumed_has_it_again(account):
    assert account.deploy(selected(replace(STACK, parked=True))).exit_code is ExitCode.DONE
    assert targets(account) == []
    assert account.deploy(SELECTION).exit_code is ExitCode.DONE
    assert len(targets(account)) == 1


def test_scaling_comes_and_goes_without_another_configuration(account):
    still = a_stack(kms_key_arn=KEY, variant=STACK.variant)
    assert synthesize(still).names.items() <= synthesize(STACK).names.items()
    assert account.deploy(selected(still)).exit_code is ExitCode.DONE
    assert targets(account) == []
    assert account.deploy(SELECTION).exit_code is ExitCode.DONE
    assert len(targets(account)) == 1
