"""How endpoints are run, from YAML to templates, costs and plans: autoscaling, alarms, keys, logs."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from builders import CATALOG_TEXT, ENVIRONMENT_TEXT, a_base_stack, a_root, a_selection, a_stack
from msgspec.structs import replace

from esmcfn import cost, inputs, plan
from esmcfn.domain.finding import Level
from esmcfn.domain.hosting import Alarms, AlarmTopic, Autoscaling, ScalingMetric, ScheduledScaling
from esmcfn.domain.plan import Action, Change, Headroom, Impact, PropertyChange, StackAction, StackPlan
from esmcfn.domain.project import Policy
from esmcfn.errors import InputError
from esmcfn.plan.impact import assessed
from esmcfn.policy import house
from esmcfn.policy.cures import advice, cure
from esmcfn.policy.graph import CHECKS
from esmcfn.reference.instance_types import HOSTING
from esmcfn.reference.prices import price_book
from esmcfn.reference.storage import own_disks
from esmcfn.selection import select
from esmcfn.template import synthesize, without

BOUNDS = "{min_capacity: 1, max_capacity: 4, target_value: 70}"
NIGHT = ScheduledScaling(name="night", cron="0 19 ? * * *", timezone="UTC", min_capacity=1, max_capacity=1)
RUSH = ScheduledScaling(name="rush", cron="0 8 ? * * *", timezone="UTC", min_capacity=2, max_capacity=6)
SCALED = Autoscaling(min_capacity=1, max_capacity=4, target_value=Decimal(70))


def with_model(text: str) -> str:
    """dev with more keys in its one selected model."""
    return ENVIRONMENT_TEXT + "".join(f"    {line}\n" for line in text.splitlines())


def complaints(folder: Path, environment: str = ENVIRONMENT_TEXT, catalog: str = CATALOG_TEXT) -> list[str]:
    project = inputs.load(a_root(folder, environment=environment, catalog=catalog), "dev")
    try:
        select(project.project, problems=project.problems)
    except InputError as error:
        return [str(problem) for problem in error.problems]
    return []


def selected(folder: Path, environment: str = ENVIRONMENT_TEXT, catalog: str = CATALOG_TEXT):
    project = inputs.load(a_root(folder, environment=environment, catalog=catalog), "dev")
    (stack,) = select(project.project, problems=project.problems).models
    return stack


def resource(stack, logical_id: str):
    return synthesize(stack).body["Resources"].get(logical_id)


class TestWritten:
    @pytest.mark.parametrize(
        ("written", "complaint"),
        [
            (
                "autoscaling: true",
                "14:5: prototype_model.autoscaling: must be a mapping with min_capacity, max_capacity and "
                "target_value, or false for none, not true",
            ),
            (
                "autoscaling: {min_capacity: 1, max_capacity: 4}",
                "14:5: prototype_model.autoscaling.target_value: is missing (it must be a number above 0)",
            ),
            (
                "autoscaling: {min_capacity: 1, max_capacity: 4, target_value: 0}",
                "14:53: prototype_model.autoscaling.target_value: must be a number above 0",
            ),
            (
                "autoscaling: {min_capacity: 0, max_capacity: 4, target_value: 70}",
                "14:19: prototype_model.autoscaling.min_capacity: must be a whole number, 1 or more "
                "(parked: true is what stops an endpoint), not 0",
            ),
            (
                "autoscaling: {min_capacity: 5, max_capacity: 4, target_value: 70}",
                "14:19: prototype_model.autoscaling: min_capacity 5 is more than max_capacity 4",
            ),
            (
                "autoscaling: {min_capacity: 1, max_capacty: 4, target_value: 70}",
                "14:36: prototype_model.autoscaling.max_capacty: unknown key (did you mean max_capacity?)",
            ),
            (
                "autoscaling: {min_capacity: 1, max_capacity: 4, target_value: 70, metric: concurent_requests}",
                "14:71: prototype_model.autoscaling.metric: must be invocations or concurrent_requests, not "
                "concurent_requests (did you mean concurrent_requests?)",
            ),
            (
                "autoscaling: {min_capacity: 1, max_capacity: 4, target_value: 70, scale_in_cooldown: 1h}",
                "14:71: prototype_model.autoscaling.scale_in_cooldown: must be seconds, 0 to 3600, not the text 1h",
            ),
            (
                f"instance_count: 5\nautoscaling: {BOUNDS}",
                "14:5: prototype_model: instance_count is 5, and autoscaling moves between 1 and 4 "
                "(start with 1 to 4 instances, or change the bounds)",
            ),
            (
                "autoscaling: {min_capacity: 2, max_capacity: 4, target_value: 70}",
                "14:5: prototype_model: the instance_count of ESMC-300M is 1, and autoscaling moves between 2 and 4 "
                "(start with 2 to 4 instances, or change the bounds)",
            ),
        ],
    )
    def test_what_is_wrong_is_told_at_its_key(self, tmp_path, written, complaint):
        found = complaints(tmp_path, with_model(written))
        assert f"environments/dev.yaml:{complaint}" in found

    @pytest.mark.parametrize(
        ("moment", "complaint"),
        [
            ("cron: 0 19 * * MON-FRI, min_capacity: 1, max_capacity: 2", "cron: must be six fields"),
            ("cron: 0 19 * * * *, min_capacity: 1, max_capacity: 2", "cron: must be six fields"),
            (
                "cron: 0 19 ? * * *, timezone: Europe/Berln, min_capacity: 1, max_capacity: 2",
                "timezone: there is no time zone Europe/Berln (did you mean Europe/Berlin?)",
            ),
            ("cron: 0 19 ? * * *, min_capacity: 3, max_capacity: 2", "min_capacity 3 is more than max_capacity 2"),
            ("cron: 0 19 ? * * *, max_capacity: 2", "min_capacity: is missing"),
            (
                "cron: 61 25 ? * MON *, min_capacity: 1, max_capacity: 2",
                "prototype_model.autoscaling.schedule[0].cron: minutes: 61 is not made of 0 to 59",
            ),
            (
                "cron: 0 19 ? * mon-fri *, min_capacity: 1, max_capacity: 2",
                "day of the week: mon-fri is not made of 1 to 7 or SUN to SAT (did you mean 0 19 ? * MON-FRI *?)",
            ),
            ("cron: 0 0 30 2 ? *, min_capacity: 1, max_capacity: 2", "cron: there is no such day"),
            ("cron: 0 19 ? * * *, min_capacity: 0, max_capacity: 0", "(parked: true is what stops an endpoint), not 0"),
        ],
    )
    def test_a_moment_that_cannot_be_is_told_at_its_line(self, tmp_path, moment, complaint):
        bounds = "autoscaling:\n  min_capacity: 1\n  max_capacity: 4\n  target_value: 70\n  schedule:"
        (found, *_) = complaints(tmp_path, with_model(f"{bounds}\n    - {{{moment}}}"))
        assert found.startswith("environments/dev.yaml:19:")
        assert complaint in found

    @pytest.mark.parametrize(
        ("only", "missing"), [("min_capacity: 3", "max_capacity"), ("max_capacity: 2", "min_capacity")]
    )
    def test_a_moment_with_one_bound_lacks_the_other_and_nothing_else(self, tmp_path, only, missing):
        bounds = "autoscaling:\n  min_capacity: 1\n  max_capacity: 4\n  target_value: 70\n  schedule:"
        (found,) = complaints(tmp_path, with_model(f"{bounds}\n    - {{cron: 0 19 ? * * *, {only}}}"))
        assert f"{missing}: is missing" in found

    def test_two_moments_of_one_name_are_told(self, tmp_path):
        moment = "{name: night, cron: 0 19 ? * * *, min_capacity: 1, max_capacity: 2}"
        written = (
            f"autoscaling:\n  min_capacity: 1\n  max_capacity: 4\n  target_value: 70\n  schedule: [{moment}, {moment}]"
        )
        assert any(
            "another moment is called night already" in each for each in complaints(tmp_path, with_model(written))
        )

    def test_a_burstable_type_is_not_scaled(self, tmp_path):
        written = ENVIRONMENT_TEXT.replace("ml.g5.2xlarge", "ml.t2.medium") + f"    autoscaling: {BOUNDS}\n"
        assert complaints(tmp_path, written) == [
            "environments/dev.yaml:14:5: prototype_model.autoscaling: SageMaker does not scale ml.t2.medium "
            "(choose an instance type of another family, or leave it out)"
        ]

    def test_the_environment_replaces_all_that_the_catalog_says(self, tmp_path):
        catalog = CATALOG_TEXT + f"    autoscaling: {BOUNDS[:-1]}, metric: concurrent_requests}}\n"
        assert selected(tmp_path, catalog=catalog).autoscaling.metric is ScalingMetric.CONCURRENT_REQUESTS
        own = with_model("autoscaling: {min_capacity: 1, max_capacity: 2, target_value: 5.5}")
        assert selected(tmp_path, own, catalog).autoscaling == Autoscaling(
            min_capacity=1, max_capacity=2, target_value=Decimal("5.5")
        )
        assert selected(tmp_path, with_model("autoscaling: false"), catalog).autoscaling is None

    def test_what_is_wrong_with_the_catalogs_bounds_is_told_in_the_catalog(self, tmp_path):
        catalog = CATALOG_TEXT + "    autoscaling: {min_capacity: 3, max_capacity: 2, target_value: 5}\n"
        (found,) = complaints(tmp_path, catalog=catalog)
        assert found.startswith("catalogs/esm.yaml:9:19: prototype_model.autoscaling: min_capacity 3")


class TestTemplates:
    def test_without_the_key_nothing_changes(self):
        template = synthesize(a_stack())
        assert set(template.body["Resources"]) == {"Model", "EndpointConfig", "Endpoint"}
        assert "RetainAllVariantProperties" not in template.text

    def test_scaling_renames_neither_model_nor_configuration(self):
        assert synthesize(a_stack(autoscaling=SCALED)).names == synthesize(a_stack()).names

    def test_the_target_names_the_variant_and_waits_for_the_endpoint(self):
        stack = a_stack(autoscaling=replace(SCALED, schedule=(NIGHT,)))
        target = resource(stack, "ScalableTarget")
        assert target["DependsOn"] == "Endpoint"
        properties = target["Properties"]
        assert properties["ResourceId"] == f"endpoint/{stack.endpoint_name}/variant/variant-1"
        assert properties["ScalableDimension"] == "sagemaker:variant:DesiredInstanceCount"
        assert (properties["MinCapacity"], properties["MaxCapacity"]) == (1, 4)
        assert "RoleARN" not in properties, "the service has a role of its own"
        assert properties["ScheduledActions"] == [
            {
                "ScheduledActionName": "night",
                "Schedule": "cron(0 19 ? * * *)",
                "Timezone": "UTC",
                "ScalableTargetAction": {"MinCapacity": 1, "MaxCapacity": 1},
            }
        ]

    @pytest.mark.parametrize(
        ("metric", "named"),
        [
            (ScalingMetric.INVOCATIONS, "SageMakerVariantInvocationsPerInstance"),
            (ScalingMetric.CONCURRENT_REQUESTS, "SageMakerVariantConcurrentRequestsPerModelHighResolution"),
        ],
    )
    def test_the_policy_tracks_the_metric(self, metric, named):
        stack = a_stack(autoscaling=replace(SCALED, metric=metric, target_value=Decimal("1.5"), scale_in_cooldown=600))
        assert resource(stack, "ScalingPolicy")["Properties"]["TargetTrackingScalingPolicyConfiguration"] == {
            "TargetValue": 1.5,
            "PredefinedMetricSpecification": {"PredefinedMetricType": named},
            "ScaleInCooldown": 600,
            "ScaleOutCooldown": 300,
        }

    def test_equal_numbers_make_equal_templates(self):
        texts = {synthesize(a_stack(autoscaling=replace(SCALED, target_value=Decimal(n)))).text for n in ("70", "70.0")}
        assert len(texts) == 1

    def test_an_update_keeps_the_instances_that_autoscaling_came_to(self):
        assert resource(a_stack(autoscaling=SCALED), "Endpoint")["Properties"]["RetainAllVariantProperties"] is True

    def test_what_is_parked_is_not_scaled(self):
        assert set(synthesize(a_stack(autoscaling=SCALED, parked=True)).body["Resources"]) == {
            "Model",
            "EndpointConfig",
        }

    def test_every_value_has_its_line(self, tmp_path):
        written = "autoscaling:\n  min_capacity: 1\n  max_capacity: 4\n  target_value: 70"
        template = synthesize(selected(tmp_path, with_model(written)))
        assert template.origin("ScalableTarget/MaxCapacity").line == 16
        assert template.origin("ScalingPolicy/TargetTrackingScalingPolicyConfiguration/TargetValue").line == 17
        cooldown = template.origin("ScalingPolicy/TargetTrackingScalingPolicyConfiguration/ScaleInCooldown")
        assert cooldown.line == 14, "what is not written stands where autoscaling begins"


class TestAlarms:
    @pytest.mark.parametrize(
        ("written", "complaint"),
        [
            ("alarms: {invocation_5xx_errors: 0}", "14:14: prototype_model.alarms.invocation_5xx_errors: must be"),
            ("alarms: on call", "14:5: prototype_model.alarms: must be true, false, or a mapping of thresholds"),
            (
                "alarms: {model_latency_p99: 100}",
                "14:14: prototype_model.alarms.model_latency_p99: unknown key (did you mean model_latency_p99_ms?)",
            ),
            (
                "alarms: {model_latency_p99_ms: 90000}",
                "14:14: prototype_model.alarms.model_latency_p99_ms: 90000 is too large, at most 60000",
            ),
            (
                "alarms: {invocation_5xx_errors: true}",
                "14:14: prototype_model.alarms.invocation_5xx_errors: must be a number of errors, 1 or more, or false "
                "for none, not true",
            ),
        ],
    )
    def test_what_is_wrong_is_told_at_its_key(self, tmp_path, written, complaint):
        (found,) = complaints(tmp_path, with_model(written))
        assert found.startswith(f"environments/dev.yaml:{complaint}")

    @pytest.mark.parametrize(
        ("written", "complaint"),
        [
            ("alarm_topic: {}", "alarm_topic.emails: is missing"),
            ("alarm_topic: {emails: []}", "alarm_topic.emails: nobody is named"),
            ("alarm_topic: {emails: [ops at example.com]}", "alarm_topic.emails: must be an e-mail address"),
            (
                "alarm_topic: {emails: [ü@exämple.de]}",
                "alarm_topic.emails: must be an e-mail address in plain letters",
            ),
            (
                f"alarm_topic: {{emails: [{', '.join(f'a{each}@b.org' for each in range(101))}]}}",
                "alarm_topic.emails: 101 people are named, and at most 100 can be (name a mailing list",
            ),
            ("alarm_topic: {emails: [a@b.org, A@b.org]}", "alarm_topic.emails: a@b.org is named twice"),
            ("alarm_topic_arn: ops", "alarm_topic_arn: must be a topic's ARN"),
            (
                "alarm_topic_arn: arn:aws:sns:eu-west-1:123456789012:ops",
                "alarm_topic_arn: the topic is in eu-west-1, and alarms reach one of us-east-2 only",
            ),
            (
                "alarm_topic: {emails: [a@b.org]}\nalarm_topic_arn: arn:aws:sns:us-east-2:123456789012:ops",
                "may not stand beside",
            ),
        ],
    )
    def test_a_topic_that_tells_nobody_is_told(self, tmp_path, written, complaint):
        found = complaints(tmp_path, ENVIRONMENT_TEXT + written + "\n")
        assert any(complaint in each for each in found), found

    def test_true_is_the_usual_thresholds_and_a_mapping_changes_some(self, tmp_path):
        assert selected(tmp_path, with_model("alarms: true")).alarms == Alarms()
        assert selected(tmp_path, with_model("alarms: {invocation_5xx_errors: 1}")).alarms == Alarms()
        written = "alarms: {invocation_5xx_errors: false, disk_percent: 80}"
        assert selected(tmp_path, with_model(written)).alarms == Alarms(invocation_5xx_errors=None, disk_percent=80)

    def test_the_environment_replaces_the_catalogs(self, tmp_path):
        catalog = CATALOG_TEXT + "    alarms: {disk_percent: 80}\n"
        assert selected(tmp_path, catalog=catalog).alarms == Alarms(disk_percent=80)
        assert selected(tmp_path, with_model("alarms: true"), catalog).alarms == Alarms()
        assert selected(tmp_path, with_model("alarms: false"), catalog).alarms is None

    def test_latency_is_counted_in_microseconds_of_endpoint_and_variant(self):
        stack = a_stack(alarms=Alarms(model_latency_p99_ms=5000))
        alarm = resource(stack, "LatencyAlarm")["Properties"]
        assert (alarm["Threshold"], alarm["ExtendedStatistic"]) == (5_000_000, "p99")
        assert {each["Name"]: each["Value"] for each in alarm["Dimensions"]} == {
            "EndpointName": stack.endpoint_name,
            "VariantName": "variant-1",
        }
        assert alarm["TreatMissingData"] == "notBreaching", "without requests there are no values"
        assert "AlarmActions" not in alarm, "this environment has no topic"

    def test_the_disk_is_a_metric_of_the_container_host(self):
        alarm = resource(a_stack(alarms=Alarms(disk_percent=80)), "DiskAlarm")["Properties"]
        assert (alarm["Namespace"], alarm["Threshold"]) == ("/aws/sagemaker/Endpoints", 80)

    def test_what_is_parked_is_not_watched(self):
        assert resource(a_stack(alarms=Alarms(), parked=True), "ErrorAlarm") is None

    @pytest.mark.parametrize(
        ("topic", "action"),
        [
            (
                {"alarm_topic_name": "esm-dev-alarms"},
                {"Fn::Sub": "arn:${AWS::Partition}:sns:${AWS::Region}:${AWS::AccountId}:esm-dev-alarms"},
            ),
            (
                {"alarm_topic_arn": "arn:aws:sns:us-east-2:123456789012:ops"},
                "arn:aws:sns:us-east-2:123456789012:ops",
            ),
        ],
    )
    def test_the_topic_hears_of_an_alarm_and_of_its_end(self, topic, action):
        alarm = resource(a_stack(alarms=Alarms(), **topic), "ErrorAlarm")["Properties"]
        assert alarm["AlarmActions"] == alarm["OKActions"] == [action]

    def test_the_topic_has_a_key_that_cloudwatch_may_use(self):
        base = a_base_stack(alarm_topic=AlarmTopic(name="esm-dev-alarms", emails=("ops@example.com",)))
        assert resource(base, "AlarmTopic")["Properties"]["KmsMasterKeyId"] == {"Ref": "AlarmKey"}
        _, used = resource(base, "AlarmKey")["Properties"]["KeyPolicy"]["Statement"]
        assert used["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
        assert used["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}

    def test_who_is_added_moves_nobody_else(self):
        def subscriptions(*emails: str) -> set[str]:
            base = a_base_stack(alarm_topic=AlarmTopic(name="esm-dev-alarms", emails=emails))
            return {name for name in synthesize(base).body["Resources"] if name.startswith("AlarmEmail")}

        assert subscriptions("b@example.com") < subscriptions("a@example.com", "b@example.com")

    def test_a_topic_alone_makes_a_base_stack(self, tmp_path):
        written = ENVIRONMENT_TEXT.replace("tags:", "execution_role_arn: arn:aws:iam::123456789012:role/mine\ntags:")
        project = inputs.load(a_root(tmp_path, environment=written + "alarm_topic: {emails: [a@b.org]}\n"), "dev")
        base = select(project.project, problems=project.problems).base
        assert base.execution_role is None
        assert base.alarm_topic == AlarmTopic(name="esm-dev-alarms", emails=("a@b.org",))


KEY = "arn:aws:kms:us-east-2:123456789012:key/0a1b2c3d-0000-4000-8000-000000000000"
OTHER = KEY.replace("0a1b2c3d", "ffffffff")
BARE = ENVIRONMENT_TEXT.replace("ml.g5.2xlarge", "ml.c6i.4xlarge")


class TestKeys:
    def test_a_key_chosen_for_disks_that_take_none_is_told_at_its_line(self, tmp_path):
        assert complaints(tmp_path, with_model(f"kms_key_arn: {KEY}")) == [
            "environments/dev.yaml:14:5: prototype_model.kms_key_arn: ml.g5.2xlarge keeps its data on disks of its "
            "own, which no key encrypts (remove it: their hardware encrypts them, and SageMaker takes none)"
        ]

    @pytest.mark.parametrize(
        ("written", "complaint"),
        [
            ("kms_key_arn: alias/esm", "kms_key_arn: must be a KMS key's ARN"),
            (f"kms_key_arn: {KEY.replace('us-east-2', 'eu-west-1')}", "kms_key_arn: the key is of eu-west-1"),
            (
                f"log_retention_days: 90\nlog_kms_key_arn: {KEY.replace('us-east-2', 'eu-west-1')}",
                "log_kms_key_arn: the key is of eu-west-1",
            ),
            (
                f"kms_key_arn: {KEY.replace('arn:aws:', 'arn:aws-cn:')}",
                "kms_key_arn: an ARN of aws-cn, and us-east-2 is in aws (it begins with arn:aws:)",
            ),
            (
                "alarm_topic_arn: arn:aws-us-gov:sns:us-east-2:123456789012:ops",
                "alarm_topic_arn: an ARN of aws-us-gov, and us-east-2 is in aws",
            ),
            (
                "execution_role: {permissions_boundary: 'arn:aws-cn:iam::123456789012:policy/b'}",
                "execution_role.permissions_boundary: an ARN of aws-cn",
            ),
            (
                "execution_role: {managed_policies: [ReadOnlyAccess, 'arn:aws-cn:iam::aws:policy/b']}",
                "execution_role.managed_policies.1: an ARN of aws-cn",
            ),
            (f"log_kms_key_arn: {KEY}", "log_kms_key_arn: it encrypts nothing"),
            (f"log_kms_key_arn: {KEY}\nlog_retention_days: false", "(write log_retention_days, or remove it)"),
        ],
    )
    def test_a_key_that_cannot_be_is_told(self, tmp_path, written, complaint):
        (found,) = complaints(tmp_path, f"{BARE}{written}\n")
        assert complaint in found

    def test_the_environments_key_is_for_instances_that_can_have_one(self, tmp_path):
        assert selected(tmp_path, f"{BARE}kms_key_arn: {KEY}\n").kms_key_arn == KEY
        assert selected(tmp_path, f"{ENVIRONMENT_TEXT}kms_key_arn: {KEY}\n").kms_key_arn == ""

    @pytest.mark.parametrize(("own", "key"), [(OTHER, OTHER), ("false", "")])
    def test_a_models_own_key_wins(self, tmp_path, own, key):
        stack = selected(tmp_path, f"{BARE}    kms_key_arn: {own}\nkms_key_arn: {KEY}\n")
        assert stack.kms_key_arn == key

    def test_another_key_is_another_configuration_of_the_same_model(self):
        names = [synthesize(a_stack(kms_key_arn=key)).names for key in ("", KEY, OTHER)]
        assert len({each["EndpointConfig"] for each in names}) == 3
        assert len({each["Model"] for each in names}) == 1

    def test_the_role_may_use_the_keys_of_its_models_and_grant_them_to_aws_alone(self, tmp_path):
        project = inputs.load(a_root(tmp_path, environment=f"{BARE}kms_key_arn: {KEY}\n"), "dev")
        base = select(project.project, problems=project.problems).base
        statements = resource(base, "ExecutionRole")["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
        *_, used, granted = statements
        assert used["Resource"] == granted["Resource"] == [KEY]
        assert granted["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}

    def test_the_line_of_a_key_is_where_it_was_written(self, tmp_path):
        template = synthesize(selected(tmp_path, f"{BARE}kms_key_arn: {KEY}\n"))
        assert template.origin("EndpointConfig/KmsKeyId").line == 14

    def test_disks_of_every_known_family_are_written_down(self):
        assert not {each for each in HOSTING if own_disks(each) is None}
        assert own_disks("ml.g5.2xlarge") is True
        assert own_disks("ml.m5.xlarge") is False
        assert own_disks("ml.x99.large") is None


@pytest.mark.parametrize(
    ("written", "rule"),
    [
        ("log_retention_days: false", "ESM035"),
        ("alarms: false", "ESM033"),
        ("kms_key_arn: false", "ESM034"),
        ("alarms: {disk_percent: 99, model_latency_p99_ms: false, invocation_5xx_errors: false}", "ESM033"),
    ],
)
def test_production_is_told_at_the_line_that_switches_off_what_it_owes(tmp_path, written, rule):
    template = synthesize(selected(tmp_path, f"{BARE}    {written}\n"))
    found = {each.rule: each.origin for each in house.findings([template], Policy(production=True))}
    assert (found[rule].path, found[rule].line) == ("environments/dev.yaml", 14)


@pytest.mark.parametrize(
    ("rule", "kind", "said"),
    [
        ("CKV_AWS_158", "AWS::Logs::LogGroup", "write log_kms_key_arn"),
        ("CKV_AWS_66", "AWS::Logs::LogGroup", "write log_retention_days"),
        ("E3006", "AWS::Budgets::Budget", "leave notify out of the budget"),
        ("E3006", "AWS::SNS::Topic", "change what the line says"),
        ("CKV_AWS_1", "", "change what the line says"),
    ],
)
def test_what_another_engine_asks_is_answered_by_a_key_of_ours_where_one_does(rule, kind, said):
    for level in Level:
        assert advice(rule, kind, level).startswith(said)
    assert "waiver" in advice(rule, kind, Level.SOFT)
    assert "waiver" not in advice(rule, kind, Level.HARD)
    assert bool(cure(rule, kind)) == (not said.startswith("change"))


class TestLogs:
    @pytest.mark.parametrize(
        ("written", "complaint"),
        [
            ("log_retention_days: 100", "or false for none, not 100 (did you mean 90?)"),
            ("log_retention_days: true", "or false for none, not true (write the number itself)"),
            ("log_retention_days: 0", "or false for none, not 0 (did you mean 1?)"),
            ("log_retention_days: 3 months", "or false for none, not the text 3 months"),
        ],
    )
    @pytest.mark.parametrize("indent", ["", "    "])
    def test_days_that_cloudwatch_cannot_keep_a_log_for_are_told(self, tmp_path, written, complaint, indent):
        (found,) = complaints(tmp_path, f"{ENVIRONMENT_TEXT}{indent}{written}\n")
        assert "must be one of 1, 3, 5, 7, 14, 30" in found
        assert complaint in found

    def test_the_log_is_made_first_and_outlives_its_stack(self):
        stack = a_stack(log_retention_days=90, log_kms_key_arn=KEY)
        log = resource(stack, "LogGroup")
        assert log["DeletionPolicy"] == log["UpdateReplacePolicy"] == "Retain"
        assert log["Properties"]["LogGroupName"] == f"/aws/sagemaker/Endpoints/{stack.endpoint_name}"
        assert (log["Properties"]["RetentionInDays"], log["Properties"]["KmsKeyId"]) == (90, KEY)
        assert resource(stack, "Endpoint")["DependsOn"] == ["EndpointConfig", "LogGroup"]

    def test_the_log_of_what_is_parked_stays(self):
        assert resource(a_stack(log_retention_days=90, parked=True), "LogGroup")

    @pytest.mark.parametrize(
        ("own", "days"), [("", 90), ("log_retention_days: 7", 7), ("log_retention_days: false", None)]
    )
    def test_a_models_own_days_win(self, tmp_path, own, days):
        written = f"{ENVIRONMENT_TEXT}    {own}\nlog_retention_days: 90\n"
        assert selected(tmp_path, written).log_retention_days == days

    def test_a_log_that_is_taken_over_says_so(self):
        change = Change(
            action=Action.ADD,
            logical_id="LogGroup",
            resource_type="AWS::Logs::LogGroup",
            physical_id=None,
            impact=Impact.UNKNOWN,
        )
        assert "from before" not in assessed(change).meaning
        assert "from before" in assessed(replace(change, physical_id="/aws/sagemaker/Endpoints/x")).meaning


class TestCost:
    def test_the_bounds_of_every_hour_are_the_least_and_the_most(self):
        (variant,) = cost.hosted(a_stack(autoscaling=replace(SCALED, schedule=(NIGHT, RUSH))))
        assert (variant.min_count, variant.expected_count, variant.max_count) == (1, 1, 6)
        assert variant.counts == "1 to 6"
        assert cost.hosted(a_stack())[0].counts == "1"

    def test_what_is_deployed_is_read_alike(self):
        stack = a_stack(autoscaling=replace(SCALED, schedule=(NIGHT, RUSH)))
        read = cost.hosted_in(
            synthesize(stack).body, stack=stack.name, model=stack.model, software={stack.package: None}
        )
        assert read == cost.hosted(stack)

    def test_bounds_that_cannot_be_read_are_unknown_and_not_one_instance(self):
        stack = a_stack(autoscaling=SCALED)
        body = synthesize(stack).body
        body["Resources"]["ScalableTarget"]["Properties"]["MaxCapacity"] = {"Ref": "Most"}
        (variant,) = cost.hosted_in(body, stack=stack.name, model=stack.model, software={})
        assert variant.instance_type == cost.UNREADABLE

    def test_what_is_billed_besides_is_named_and_not_summed(self):
        def note(*models, **changes):
            selection = a_selection(*models, **changes)
            priced = cost.estimate(
                (),
                None,
                region="us-east-2",
                prices=price_book(),
                today=date(2026, 11, 21),
                beside=cost.beside(selection),
            )
            return priced.notes

        assert note() == ()
        assert note(a_stack(alarms=Alarms(invocation_5xx_errors=None, model_latency_p99_ms=None))) == ()
        (said,) = note(a_stack(alarms=Alarms()))
        assert said == "instances only: what AWS bills for alarms is not in the sums"
        topic = a_base_stack(alarm_topic=AlarmTopic(name="esm-dev-alarms", emails=("a@b.org",)))
        (said,) = note(a_stack(alarms=Alarms(), log_retention_days=7), base=topic)
        assert said == "instances only: what AWS bills for alarms, logs and a KMS key is not in the sums"

    def test_parked_costs_nothing(self):
        assert cost.hosted(a_stack(autoscaling=SCALED, parked=True)) == ()


class TestPlans:
    @pytest.mark.parametrize(
        "kind",
        [
            *plan.SCALING,
            "AWS::CloudWatch::Alarm",
            "AWS::KMS::Key",
            "AWS::Logs::LogGroup",
            "AWS::SNS::Subscription",
            "AWS::SNS::Topic",
            "AWS::SNS::TopicPolicy",
        ],
    )
    @pytest.mark.parametrize("action", Action)
    def test_callers_feel_nothing_of_what_scales_watches_and_keeps(self, kind, action):
        change = Change(
            action=action,
            logical_id="It",
            resource_type=kind,
            physical_id=None,
            impact=Impact.UNKNOWN,
            properties=(PropertyChange(path="MaxCapacity", before="1", after="2"),),
        )
        assert assessed(change).impact is Impact.NONE
        assert assessed(change).meaning

    def test_keeping_instances_over_updates_is_in_place_and_says_what_aws_may_do(self):
        change = Change(
            action=Action.MODIFY,
            logical_id="Endpoint",
            resource_type="AWS::SageMaker::Endpoint",
            physical_id=None,
            impact=Impact.UNKNOWN,
            properties=(PropertyChange(path="RetainAllVariantProperties", before=None, after="true"),),
        )
        assert assessed(change).impact is Impact.IN_PLACE
        assert "anew" in assessed(change).meaning

    def test_what_is_deleted_first_takes_its_scaling_along(self):
        made = plan.unscaled_first(self.retyped(), synthesize(a_stack(autoscaling=SCALED)).body)
        stack = a_stack("main", name=made.name)
        row = Headroom(instance_type="ml.g5.2xlarge", limit=1, in_use=0, peak=2, after=1)
        down = plan.deleted_first(made, [row], cost.hosted(stack))
        assert (down.delete_first, down.unscale_first, down.notes) == (True, False, ())

    def retyped(self, *, path: str = "ProductionVariants/0/InstanceType", impact: Impact = Impact.BLUE_GREEN):
        endpoint = Change(
            action=Action.MODIFY,
            logical_id="Endpoint",
            resource_type="AWS::SageMaker::Endpoint",
            physical_id=None,
            impact=impact,
        )
        config = Change(
            action=Action.REPLACE,
            logical_id="EndpointConfig",
            resource_type="AWS::SageMaker::EndpointConfig",
            physical_id=None,
            impact=Impact.NONE,
            properties=(PropertyChange(path=path, before="a", after="b"),),
        )
        return StackPlan(
            name="esm-dev-main", model="main", action=StackAction.UPDATE, template_digest="", changes=(endpoint, config)
        )

    def test_another_instance_type_takes_autoscaling_off_first(self):
        made = plan.unscaled_first(self.retyped(), synthesize(a_stack(autoscaling=SCALED)).body)
        assert made.unscale_first
        assert "two updates" in made.notes[0]

    @pytest.mark.parametrize(
        ("changes", "scaling"),
        [
            ({}, None),
            ({"path": "ProductionVariants/0/InitialInstanceCount"}, SCALED),
            ({"impact": Impact.NONE}, SCALED),
        ],
    )
    def test_anything_else_is_one_update(self, changes, scaling):
        before = self.retyped(**changes)
        assert plan.unscaled_first(before, synthesize(a_stack(autoscaling=scaling)).body) is before

    def test_a_template_without_its_scaling_is_otherwise_the_same(self):
        stack = a_stack(autoscaling=SCALED)
        full = synthesize(stack)
        less = without(stack, full.body, plan.SCALING)
        assert set(full.body["Resources"]) - set(less.body["Resources"]) == {"ScalableTarget", "ScalingPolicy"}
        assert less.body["Resources"]["Endpoint"] == full.body["Resources"]["Endpoint"]
        assert less.digest in less.body["Description"]
        assert less.digest != full.digest


@pytest.mark.parametrize("number", [4, 13])
def test_the_checks_for_checkov_know_the_same_disks(number):
    text = (CHECKS / f"CKV2_ESM_{number}.yaml").read_text("utf-8")
    families = re.search(r"ml\\\\\.\((.*)\)", text)[1].split("|")
    assert {each for each in HOSTING if own_disks(each)} == {each for each in HOSTING if each.split(".")[1] in families}
