"""Policies: narrowed to one environment, nothing for what is never made, and no way to more."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from builders import a_base_stack, a_selection, a_service_account, a_stack, an_environment
from msgspec.structs import replace

from esmcfn.cli.program import COMMANDS, program, run
from esmcfn.domain.budget import BudgetNotice, MonthlyBudget
from esmcfn.domain.hosting import Alarms, AlarmTopic, Autoscaling
from esmcfn.domain.stack import ExecutionRole
from esmcfn.permissions import VERBS, WRITES, document, of_handlers, of_verbs, scope_of
from esmcfn.permissions.handlers import (
    ACCOUNT_TYPES,
    ALARM_TYPES,
    BUDGET_TYPES,
    LOG_TYPES,
    MODEL_TYPES,
    ONLY_FOR,
    ROLE_TYPES,
    SCALING_TYPES,
    TOPIC_TYPES,
)
from esmcfn.template import synthesize_all

REQUESTED, CARRIED = ({f"aws:{key}/esmcfn:environment": "dev"} for key in ("RequestTag", "ResourceTag"))
MADE = {"StringEquals": REQUESTED}
SPARED = {**REQUESTED, **CARRIED}
SERVICE_ROLE = "arn:aws:iam::123456789012:role/esmcfn/service"
FEATURE_TYPES = (*SCALING_TYPES, *ALARM_TYPES, *LOG_TYPES, *TOPIC_TYPES, *BUDGET_TYPES)
SCALED = Autoscaling(min_capacity=1, max_capacity=4, target_value=Decimal(70))
KEY = "arn:aws:kms:us-east-2:123456789012:key/0a1b2c3d-0000-4000-8000-000000000000"
WATCHED = a_stack(
    autoscaling=SCALED, alarms=Alarms(), alarm_topic_name="esm-dev-alarms", kms_key_arn=KEY, log_retention_days=90
)
TOPIC = AlarmTopic(name="esm-dev-alarms", emails=("ops@example.com",))
BUDGET = MonthlyBudget(usd_per_month=Decimal(2000), notice=BudgetNotice(emails=("ops@example.com",)))
EVERYTHING = a_selection(
    WATCHED, base=a_base_stack(service_account=a_service_account(), alarm_topic=TOPIC, budget=BUDGET)
)


def statements(grants) -> list[dict]:
    return document(grants)["Statement"]


def allowing(action, grants) -> list[dict]:
    return [each for each in statements(grants) if action in each["Action"]]


def a_scope(selection=EVERYTHING, **environment):
    return scope_of(replace(selection, environment=an_environment(**environment)))


def test_no_action_is_a_pattern_and_only_what_knows_no_resource_is_allowed_everywhere():
    found = statements([*of_verbs(VERBS, a_scope()), *of_handlers(a_scope())])
    assert not [action for each in found for action in each["Action"] if "*" in action]
    everywhere = {action for each in found if each["Resource"] == "*" for action in each["Action"]}
    assert everywhere == {
        "application-autoscaling:DescribeScalableTargets",
        "application-autoscaling:DescribeScalingPolicies",
        "application-autoscaling:DescribeScheduledActions",
        "aws-marketplace:SearchAgreements",
        "aws-marketplace:ViewSubscriptions",
        "ce:GetCostAndUsage",
        "cloudformation:BatchDescribeTypeConfigurations",
        "cloudformation:DescribeStackDriftDetectionStatus",
        "cloudwatch:GetMetricData",
        "kms:CreateKey",
        "logs:DescribeIndexPolicies",
        "logs:DescribeLogGroups",
        "logs:DescribeResourcePolicies",
        "pricing:GetProducts",
        "sagemaker:ListEndpoints",
        "servicequotas:ListServiceQuotas",
        "sns:GetSubscriptionAttributes",
        "sns:Unsubscribe",
        "sns:SetSubscriptionAttributes",
    }


def test_stacks_are_those_of_the_environment_and_not_of_one_whose_name_begins_alike():
    (statement,) = allowing("cloudformation:GetTemplate", of_verbs(["cost"], a_scope()))
    assert statement["Resource"] == [
        "arn:aws:cloudformation:us-east-2:123456789012:stack/esm-dev-*/*",
        "arn:aws:cloudformation:us-east-2:123456789012:stack/esm-dev/*",
    ]


def test_whoever_only_plans_deletes_nothing_that_was_ever_executed():
    (planning,) = allowing("cloudformation:DeleteStack", of_verbs(["plan"], a_scope()))
    assert planning["Condition"] == {"Null": {"aws:ResourceTag/esmcfn:environment": "true"}}
    (deploying,) = allowing("cloudformation:DeleteStack", of_verbs(["deploy"], a_scope()))
    assert deploying["Condition"] == {"StringEqualsIfExists": CARRIED}


@pytest.mark.parametrize(
    "action",
    [
        *("CancelUpdateStack", "ContinueUpdateRollback", "DeleteChangeSet", "DeleteStack", "ExecuteChangeSet"),
        *("RollbackStack", "UpdateTerminationProtection", "CreateChangeSet", "TagResource"),
    ],
)
def test_whoever_deploys_dev_alters_no_stack_of_dev_prod(action):
    """Its names begin alike, so that only the tag tells them apart."""
    for allowed in allowing(f"cloudformation:{action}", of_verbs(WRITES, a_scope(service_role_arn=SERVICE_ROLE))):
        assert allowed["Condition"]["StringEqualsIfExists"]["aws:ResourceTag/esmcfn:environment"] == "dev"


def test_every_call_that_alters_a_stack_says_whose_it_may_be():
    reads = ("Describe", "Get", "List", "Batch", "Detect")
    allowed = [
        each for each in statements(of_verbs(VERBS, a_scope())) if each["Action"][0].startswith("cloudformation:")
    ]
    bare = {action for each in allowed if "Condition" not in each for action in each["Action"]}
    assert {each for each in bare if not each.partition(":")[2].startswith(reads)} == set()


def test_change_sets_are_ours_and_work_with_the_service_role_alone():
    scope = a_scope(service_role_arn=SERVICE_ROLE)
    (proposing,) = allowing("cloudformation:CreateChangeSet", of_verbs(["plan"], scope))
    assert proposing["Condition"]["StringEquals"] == {"cloudformation:RoleArn": SERVICE_ROLE}
    assert proposing["Condition"]["StringLike"]["cloudformation:ChangeSetName"][0] == "esmcfn-*"
    (passing,) = allowing("iam:PassRole", of_verbs(["plan"], scope))
    assert passing["Resource"] == SERVICE_ROLE
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "cloudformation.amazonaws.com"}}


@pytest.mark.parametrize("verb", ["plan --read-only", "outputs", "status"])
def test_whoever_proposes_nothing_passes_no_role(verb):
    assert not allowing("iam:PassRole", of_verbs([verb], a_scope(service_role_arn=SERVICE_ROLE)))


def test_models_are_made_with_our_tag_and_changed_where_they_have_it():
    grants = list(of_handlers(a_scope()))
    (creating,) = allowing("sagemaker:CreateEndpoint", grants)
    assert creating["Condition"] == MADE
    (deleting,) = allowing("sagemaker:DeleteEndpoint", grants)
    assert deleting["Condition"] == {"StringEquals": {"aws:ResourceTag/esmcfn:environment": "dev"}}
    (reading,) = allowing("sagemaker:DescribeEndpoint", grants)
    assert "Condition" not in reading, "what does not exist has no tags, and must be found not to exist"


def test_the_execution_role_is_passed_to_sagemaker_alone():
    (passing,) = allowing("iam:PassRole", of_handlers(a_scope()))
    assert passing["Resource"] == "arn:aws:iam::123456789012:role/esm-sagemaker-exec-dev"
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}


def test_no_policy_can_be_attached_that_the_environment_does_not_name():
    assert not allowing("iam:AttachRolePolicy", of_handlers(a_scope()))
    role = ExecutionRole(name="esm-sagemaker-exec-dev", managed_policies=("CloudWatchReadOnlyAccess",))
    (attaching,) = allowing(
        "iam:AttachRolePolicy", of_handlers(a_scope(a_selection(base=a_base_stack(execution_role=role))))
    )
    assert attaching["Condition"] == {
        "ArnEquals": {"iam:PolicyARN": ["arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess"]}
    }


def test_a_boundary_cannot_be_left_out_nor_taken_off():
    boundary = "arn:aws:iam::123456789012:policy/limits"
    role = ExecutionRole(name="esm-sagemaker-exec-dev", permissions_boundary=boundary)
    grants = list(of_handlers(a_scope(a_selection(base=a_base_stack(execution_role=role)))))
    (creating,) = allowing("iam:PutRolePolicy", grants)
    assert creating["Condition"] == {"StringEquals": {"iam:PermissionsBoundary": boundary}}
    assert not allowing("iam:DeleteRolePermissionsBoundary", grants)


def test_an_environment_that_shares_nothing_makes_no_role_and_no_user():
    own = a_scope(a_selection(base=None), execution_role_arn="arn:aws:iam::123456789012:role/mine")
    actions = {action for each in statements(of_handlers(own)) for action in each["Action"]}
    assert {action for action in actions if action.startswith("iam:")} == {"iam:PassRole"}


def test_the_templates_consist_of_the_types_that_are_allowed_for_and_set_no_property_that_is_not():
    resources = [each for template in synthesize_all(EVERYTHING) for each in template.body["Resources"].values()]
    assert {each["Type"] for each in resources} == {*MODEL_TYPES, *ROLE_TYPES, *ACCOUNT_TYPES, *FEATURE_TYPES}
    made = {f"{each['Type']} {name}" for each in resources for name in each["Properties"]}
    assert made & set(ONLY_FOR) == {"AWS::SageMaker::EndpointConfig KmsKeyId"}, "which of_keys allows for"


def test_autoscaling_is_of_sagemaker_alone_and_makes_one_linked_role():
    grants = list(of_handlers(a_scope()))
    (registering,) = allowing("application-autoscaling:RegisterScalableTarget", grants)
    assert registering["Condition"] == {
        "StringEquals": {"application-autoscaling:service-namespace": "sagemaker"},
        "StringEqualsIfExists": SPARED,
    }
    (linking,) = allowing("iam:CreateServiceLinkedRole", grants)
    assert linking["Resource"].endswith("/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint")
    scaled = a_scope(a_selection(a_stack(autoscaling=SCALED)))
    (alarming,) = allowing("cloudwatch:PutMetricAlarm", of_handlers(scaled))
    assert alarming["Resource"].endswith(":alarm:TargetTracking-endpoint/*")


def test_alarms_and_the_topics_key_are_made_with_our_tag_and_changed_where_they_have_it():
    grants = list(of_handlers(a_scope()))
    (deleting,) = (each for each in allowing("cloudwatch:DeleteAlarms", grants) if "Condition" in each)
    assert deleting["Condition"] == {"StringEquals": {"aws:ResourceTag/esmcfn:environment": "dev"}}
    (making,) = allowing("kms:CreateKey", grants)
    assert making["Condition"] == {"StringEquals": {"aws:RequestTag/esmcfn:environment": "dev"}}
    (ending,) = allowing("kms:ScheduleKeyDeletion", grants)
    assert ending["Condition"] == {"StringEquals": {"aws:ResourceTag/esmcfn:environment": "dev"}}
    (publishing,) = allowing("sns:CreateTopic", grants)
    assert publishing["Resource"] == "arn:aws:sns:us-east-2:123456789012:esm-dev-alarms"
    assert not allowing("iam:GetRole", [each for each in grants if each.resources == ("*",)])


@pytest.mark.parametrize(
    "action",
    [
        *(f"application-autoscaling:{each}ScalableTarget" for each in ("Register", "Deregister")),
        *("sagemaker:AddTags", "cloudwatch:TagResource", "cloudwatch:PutMetricAlarm"),
        "budgets:ModifyBudget",
        "budgets:TagResource",
        *("kms:EnableKeyRotation", "kms:TagResource"),
        *(f"application-autoscaling:{each}" for each in ("PutScalingPolicy", "DeleteScalingPolicy", "TagResource")),
        *(f"application-autoscaling:{each}" for each in ("PutScheduledAction", "DeleteScheduledAction")),
    ],
)
def test_what_may_not_have_its_tag_yet_is_told_from_what_has_another_environments(action):
    grants = [each for each in of_handlers(a_scope()) if "TargetTracking" not in each.resources[0]]
    (changing,) = allowing(action, grants)
    assert changing["Condition"]["StringEqualsIfExists"] == SPARED


def test_who_may_use_a_key_is_changed_on_ours_alone():
    (sharing,) = allowing("kms:PutKeyPolicy", of_handlers(a_scope()))
    assert sharing["Condition"] == {"StringEquals": CARRIED}


@pytest.mark.parametrize(
    "action",
    [
        "application-autoscaling:RegisterScalableTarget",
        "iam:CreateServiceLinkedRole",
        "cloudwatch:PutMetricAlarm",
        "sns:CreateTopic",
        "kms:CreateKey",
        "kms:CreateGrant",
        "logs:PutRetentionPolicy",
    ],
)
def test_an_environment_without_these_features_needs_nothing_of_them(action):
    plain = a_scope(a_selection())
    assert not allowing(action, [*of_handlers(plain), *of_verbs(VERBS, plain)])


def test_keys_are_used_as_aws_services_use_them_and_logs_are_never_deleted():
    grants = list(of_handlers(a_scope()))
    (granting,) = allowing("kms:CreateGrant", grants)
    assert (granting["Resource"], granting["Condition"]) == (KEY, {"Bool": {"kms:GrantIsForAWSResource": "true"}})
    (keeping,) = allowing("logs:PutRetentionPolicy", grants)
    assert keeping["Resource"].endswith(":log-group:/aws/sagemaker/Endpoints/*")
    assert not allowing("logs:DeleteLogGroup", grants)


def test_whoever_asks_for_drift_may_read_what_only_cloudformation_compares():
    grants = list(of_verbs(["drift"], a_scope()))
    for action in ("cloudwatch:DescribeAlarms", "kms:GetKeyPolicy", "application-autoscaling:DescribeScalableTargets"):
        assert allowing(action, grants)


def test_every_verb_that_reaches_an_account_is_in_the_table():
    context = program.make_context("esmcfn", ["validate"], resilient_parsing=True)
    reaching = {
        name
        for name in COMMANDS
        for parameter in parameters(program.get_command(context, name))
        if parameter.name == "profile"
    }
    assert reaching - {"bootstrap"} == {verb.split()[0] for verb in VERBS}


@pytest.mark.parametrize(
    ("words", "said"),
    [(("doctor", "dve"), "dev"), (("doctor", "--permissions", "plna"), "plan")],
)
def test_words_that_mean_nothing_are_usage(root_of_ours, words, said, capsys):
    assert run(["--root", str(root_of_ours), *words]) == 2
    assert said in capsys.readouterr().err


def test_the_command_prints_what_the_tables_say(root_of_ours, capsys):
    assert run(["--root", str(root_of_ours), "doctor", "--permissions", "dev", "plan", "-f", "json"]) == 0
    document_ = json.loads(capsys.readouterr().out)
    assert document_["schema"] == "esmcfn.permissions/v1"
    (dev,) = document_["environments"]
    assert dev["verbs"] == {"plan": sorted(VERBS["plan"])}
    assert dev["cloudformation"] is None
    assert run(["--root", str(root_of_ours), "doctor", "--permissions", "deploy"]) == 0
    text = capsys.readouterr().out
    assert "CloudFormation, as whoever deploys" in text
    assert '"sagemaker:CreateEndpoint"' in text


@pytest.fixture
def root_of_ours(tmp_path):
    from builders import a_root

    return a_root(tmp_path)


def parameters(command):
    """Of a command, or of all that stand below it."""
    return [*command.params, *(each for below in getattr(command, "commands", {}).values() for each in below.params)]
