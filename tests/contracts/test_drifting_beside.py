"""Over HTTP: what a hand puts beside what the templates write is found as well, and nothing AWS itself put there."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from builders import a_base_stack, a_selection, a_service_account, a_stack, a_variant
from msgspec.structs import replace

from esmcfn.domain.budget import BudgetNotice, MonthlyBudget
from esmcfn.domain.drift import State
from esmcfn.domain.hosting import AlarmTopic, Autoscaling
from esmcfn.domain.overwriting import Fate
from esmcfn.errors import ExitCode, TemplateRefused
from esmcfn.render import render
from esmcfn.sandbox import breaking
from esmcfn.sandbox.server import Sandbox
from esmcfn.template import synthesize
from esmcfn.verbs.deploy.deploying import Wishes

from .deploying import Account
from .test_drifting import MAIN, client, deviating, drift

ACCOUNT = "123456789012"
BASE = a_base_stack(
    service_account=a_service_account(),
    alarm_topic=AlarmTopic(name="esm-dev-alarms", emails=("ops@example.com",)),
    budget=MonthlyBudget(usd_per_month=Decimal(2000), notice=BudgetNotice(emails=("ops@example.com",))),
)
PLAIN = a_stack("main")
ALL = a_selection(PLAIN, base=BASE)
ENDPOINT = synthesize(PLAIN).names["Endpoint"]
TARGET = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": f"endpoint/{ENDPOINT}/variant/variant-1",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
TOPIC = f"arn:aws:sns:us-east-2:{ACCOUNT}:esm-dev-alarms"
READING = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "secretsmanager:GetSecretValue", "Resource": "*"}
ANYBODY = json.dumps({"Version": "2012-10-17", "Statement": [READING]})


@pytest.fixture
def deployed(_running: Sandbox) -> Account:
    account = Account.emptied(_running)
    assert account.deploy(ALL).exit_code is ExitCode.DONE
    return account


def step(report, logical_id):
    return next(each.next_step for each in report.body.resources if each.logical_id == logical_id)


def only(account, logical_id, *paths, stack="esm-dev"):
    """That is all there is, with 12; what the report says of the way back."""
    report = drift(account, ALL)
    assert deviating(report) == {(stack, logical_id): list(paths)}
    assert report.exit_code is ExitCode.DRIFT
    return step(report, logical_id)


def test_a_fresh_one_has_everything_compared_by_us_even_without_cloudformation(deployed):
    deployed.fault("access-denied", action="cloudformation:DetectStackDrift")
    report = drift(deployed, ALL, strict=True)
    assert {each.logical_id: each.why for each in report.body.resources if not each.covered} == {}
    assert (deviating(report), report.exit_code) == ({}, ExitCode.DONE)


class TestUnread:
    @pytest.mark.parametrize(
        ("action", "logical_id"),
        [
            ("application-autoscaling:DescribeScalableTargets", "Endpoint"),
            ("kms:ListGrants", "AlarmKey"),
            ("kms:GetKeyRotationStatus", "AlarmKey"),
            ("sns:ListSubscriptionsByTopic", "AlarmTopic"),
            ("secretsmanager:GetResourcePolicy", "InvokeSecret"),
            ("budgets:ViewBudget", "Budget"),
        ],
    )
    def test_a_missing_permission_is_not_checked_and_named(self, deployed, action, logical_id):
        deployed.fault("access-denied", action=action)
        report = drift(deployed, ALL, strict=True)
        (unread,) = (each for each in report.body.resources if not each.covered)
        assert (unread.logical_id, unread.state) == (logical_id, State.NOT_CHECKED)
        assert action in unread.why
        assert report.exit_code is ExitCode.DRIFT


class TestDeleted:
    @pytest.mark.parametrize("logical_id", ["ExecutionRole", "AlarmKey", "Budget", "InvokeSecret"])
    def test_what_is_made_again_is_made_in_full(self, deployed, logical_id):
        breaking.break_resource(
            deployed.sandbox.world, {"stack": "esm-dev", "logical_id": logical_id, "action": "delete"}
        )
        assert (("esm-dev", logical_id), []) in deviating(drift(deployed, ALL)).items()
        assert deployed.deploy(ALL, Wishes(revert=True)).exit_code is ExitCode.DONE
        assert deviating(drift(deployed, ALL)) == {}

    def test_a_topic_comes_back_without_its_policy_which_is_told_with_the_way_back(self, deployed):
        client(deployed, "sns").delete_topic(TopicArn=TOPIC)
        assert deployed.deploy(ALL, Wishes(revert=True)).exit_code is ExitCode.DONE
        assert "set-topic-attributes" in only(deployed, "AlarmTopicPolicy", "PolicyDocument")

    def test_a_key_that_a_hand_deleted_is_missing_once(self, deployed):
        iam, user = client(deployed, "iam"), BASE.service_account.user_name
        (key,) = iam.list_access_keys(UserName=user)["AccessKeyMetadata"]
        iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
        assert only(deployed, "InvokeAccessKey")


class TestScaling:
    def test_a_licence_to_scale_that_no_stack_gave_is_drift_before_anything_scaled(self, deployed):
        scaling = client(deployed, "application-autoscaling")
        scaling.register_scalable_target(**TARGET, MinCapacity=1, MaxCapacity=20)
        way = only(deployed, "Endpoint", "ScalableTargets/variant-1", stack=MAIN)
        assert "deregister-scalable-target" in way
        assert TARGET["ResourceId"] in way
        scaling.deregister_scalable_target(**TARGET)
        assert deviating(drift(deployed, ALL)) == {}

    def test_a_plan_says_that_it_stays_and_a_target_of_the_files_own_has_to_wait_for_it(self, deployed):
        scaling = client(deployed, "application-autoscaling")
        scaling.register_scalable_target(**TARGET, MinCapacity=1, MaxCapacity=4)
        bigger = replace(PLAIN, variant=a_variant(instance_count=2))
        (found,) = deployed.plan(replace(ALL, models=(bigger,))).body.stacks[1].drift.found
        assert [(each.path, each.deployed, each.now, each.fate) for each in found.properties] == [
            ("ScalableTargets/variant-1", None, "1 to 4 instances", Fate.KEPT)
        ]
        wanted = Autoscaling(min_capacity=1, max_capacity=4, target_value=Decimal(70))
        scaled = replace(ALL, models=(replace(PLAIN, autoscaling=wanted),))
        with pytest.raises(TemplateRefused, match="already exists") as caught:
            deployed.plan(scaled)
        assert "is there and of no stack of dev: delete it" in caught.value.next_step
        scaling.deregister_scalable_target(**TARGET)
        assert deployed.deploy(scaled).exit_code is ExitCode.DONE

    def test_that_of_a_stack_with_autoscaling_is_its_own(self, deployed):
        wanted = Autoscaling(min_capacity=1, max_capacity=4, target_value=Decimal(70))
        scaled = replace(ALL, models=(replace(PLAIN, autoscaling=wanted),))
        assert deployed.deploy(scaled).exit_code is ExitCode.DONE
        assert deviating(drift(deployed, scaled, strict=True)) == {}


class TestTopic:
    def test_a_stranger_who_hears_of_it_is_told_without_the_address(self, deployed):
        client(deployed, "sns").subscribe(TopicArn=TOPIC, Protocol="email", Endpoint="stranger@example.com")
        report = drift(deployed, ALL)
        ((path,),) = deviating(report).values()
        assert path.startswith("Subscriptions/email-")
        assert "stranger@example.com" not in repr(report)
        assert "s***@example.com" in repr(report)
        assert "alarm_topic.emails" in step(report, "AlarmTopic")

    def test_another_name_in_mails_is_told(self, deployed):
        sns = client(deployed, "sns")
        sns.set_topic_attributes(TopicArn=TOPIC, AttributeName="DisplayName", AttributeValue="winner")
        assert "set-topic-attributes" in only(deployed, "AlarmTopic", "DisplayName")

    def test_one_of_the_stack_that_unsubscribed_is_missing_once(self, deployed):
        sns = client(deployed, "sns")
        (one,) = sns.list_subscriptions_by_topic(TopicArn=TOPIC)["Subscriptions"]
        sns.unsubscribe(SubscriptionArn=one["SubscriptionArn"])
        ((_, logical_id),) = deviating(drift(deployed, ALL))
        assert logical_id.startswith("AlarmEmail")


class TestSecret:
    def test_a_policy_that_lets_others_read_it_is_drift_that_nobody_may_accept(self, deployed):
        secrets = client(deployed, "secretsmanager")
        (secret,) = secrets.list_secrets()["SecretList"]
        secrets.put_resource_policy(SecretId=secret["ARN"], ResourcePolicy=ANYBODY)
        assert "delete-resource-policy" in only(deployed, "InvokeSecret", "ResourcePolicy")
        secrets.delete_resource_policy(SecretId=secret["ARN"])
        assert deviating(drift(deployed, ALL)) == {}

    def test_one_that_waits_for_its_deletion_is_missing_and_may_be_restored(self, deployed):
        secrets = client(deployed, "secretsmanager")
        (secret,) = secrets.list_secrets()["SecretList"]
        secrets.delete_secret(SecretId=secret["ARN"], RecoveryWindowInDays=7)
        assert "restore-secret" in only(deployed, "InvokeSecret")


class TestKey:
    @pytest.fixture
    def key(self, deployed):
        found = client(deployed, "cloudformation").describe_stack_resource(
            StackName="esm-dev", LogicalResourceId="AlarmKey"
        )
        return found["StackResourceDetail"]["PhysicalResourceId"]

    def test_a_grant_to_a_person_is_drift_and_one_to_a_service_is_not(self, deployed, key):
        kms, operations = client(deployed, "kms"), ["Decrypt"]
        kms.create_grant(KeyId=key, GranteePrincipal="sns.us-east-2.amazonaws.com", Operations=operations)
        linked = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX"
        kms.create_grant(KeyId=key, GranteePrincipal=linked, Operations=operations)
        assert deviating(drift(deployed, ALL)) == {}
        someone = f"arn:aws:iam::{ACCOUNT}:user/someone"
        grant = kms.create_grant(KeyId=key, GranteePrincipal=someone, Operations=operations)["GrantId"]
        assert only(deployed, "AlarmKey", f"Grants/{grant}") == (
            f"aws kms revoke-grant --key-id {key} --grant-id {grant}"
        )

    def test_one_that_is_off_does_not_rotate_and_lets_others_in_is_told_so(self, deployed, key):
        kms = client(deployed, "kms")
        policy = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
        policy["Statement"].append({"Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"})
        kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(policy))
        kms.disable_key_rotation(KeyId=key)
        kms.disable_key(KeyId=key)
        assert only(deployed, "AlarmKey", "EnableKeyRotation", "Enabled", "KeyPolicy")

    def test_one_that_is_being_deleted_is_missing_and_may_be_kept(self, deployed, key):
        client(deployed, "kms").schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
        assert "cancel-key-deletion" in only(deployed, "AlarmKey")


class TestBudget:
    @pytest.fixture
    def given(self, deployed):
        (budget,) = client(deployed, "budgets").describe_budgets(AccountId=ACCOUNT)["Budgets"]
        return {"AccountId": ACCOUNT, "BudgetName": budget["BudgetName"]}

    def test_another_amount_is_told_and_goes_back(self, deployed, given):
        budgets = client(deployed, "budgets")
        budget = budgets.describe_budget(**given)["Budget"]
        budget["BudgetLimit"]["Amount"] = "9000"
        for name in ("CalculatedSpend", "LastUpdatedTime"):
            budget.pop(name, None)
        budgets.update_budget(AccountId=ACCOUNT, NewBudget=budget)
        only(deployed, "Budget", "Budget/BudgetLimit/Amount")
        said = render("text", (drift(deployed, ALL),))
        assert "9000" in said
        assert "9000.0" not in said
        assert deployed.deploy(ALL, Wishes(revert=True)).exit_code is ExitCode.DONE
        assert deviating(drift(deployed, ALL)) == {}

    def test_somebody_who_hears_of_it_besides_is_told_without_the_address(self, deployed, given):
        budgets = client(deployed, "budgets")
        notification = budgets.describe_notifications_for_budget(**given)["Notifications"][0]
        budgets.create_subscriber(
            **given,
            Notification=notification,
            Subscriber={"SubscriptionType": "EMAIL", "Address": "stranger@example.com"},
        )
        kind, threshold = notification["NotificationType"], notification["Threshold"]
        path = f"NotificationsWithSubscribers/{kind} over {threshold:g}/Subscribers"
        only(deployed, "Budget", path)
        assert "stranger@example.com" not in repr(drift(deployed, ALL))

    def test_a_notification_that_was_taken_away_is_told(self, deployed, given):
        budgets = client(deployed, "budgets")
        gone = budgets.describe_notifications_for_budget(**given)["Notifications"][0]
        budgets.delete_notification(**given, Notification=gone)
        path = f"NotificationsWithSubscribers/{gone['NotificationType']} over {gone['Threshold']:g}"
        assert only(deployed, "Budget", path)

    def test_its_tags_are_compared_as_tags(self, deployed, given):
        arn = f"arn:aws:budgets::{ACCOUNT}:budget/{given['BudgetName']}"
        client(deployed, "budgets").tag_resource(ResourceARN=arn, ResourceTags=[{"Key": "Project", "Value": "mine"}])
        assert only(deployed, "Budget", "Tags/Project")
