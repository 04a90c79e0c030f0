"""House rules about what scales, is watched and goes with its stack."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest
from builders import a_stack
from housed import POLICY, a_template, config
from msgspec.structs import replace

from esmcfn.domain.project import Policy
from esmcfn.policy import house


def scaled(most: int, *, least: int = 1, moment: tuple[int, int] | None = None) -> dict[str, object]:
    """A configuration of one instance whose variant is scaled."""
    properties: dict[str, object] = {
        "ServiceNamespace": "sagemaker",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        "ResourceId": "endpoint/main/variant/variant-1",
        "MinCapacity": least,
        "MaxCapacity": most,
    }
    if moment:
        action = {"MinCapacity": moment[0], "MaxCapacity": moment[1]}
        properties["ScheduledActions"] = [{"ScheduledActionName": "rush", "ScalableTargetAction": action}]
    body = config(count=least)
    (written,) = (each for each in body["Resources"].values() if each["Type"].endswith("::EndpointConfig"))
    written["Properties"]["ProductionVariants"][0]["VariantName"] = "variant-1"
    body["Resources"]["Target"] = {"Type": "AWS::ApplicationAutoScaling::ScalableTarget", "Properties": properties}
    return body


def said(body: Mapping[str, object], policy: Policy, **changes: object) -> dict[str, str]:
    """Rule to the path that it complains about."""
    template = a_template(body)
    return {each.rule: each.path for each in house.findings([replace(template, **changes)], policy)}


class TestAutoscaling:
    def test_the_maximum_of_any_hour_is_held_against_the_limit(self) -> None:
        found = said(scaled(4, moment=(2, 9)), POLICY)
        assert found == {"ESM031": "Target/ScheduledActions/0/ScalableTargetAction/MaxCapacity"}
        assert said(scaled(8, moment=(2, 8)), POLICY) == {}

    def test_an_environment_counts_what_autoscaling_may_add(self) -> None:
        policy = Policy(limits={"max_instances_per_environment": 5})
        assert said(scaled(5), policy) == {}
        assert said(scaled(6), policy) == {"ESM002": "environment:selected_models"}

    def test_a_quota_needs_room_for_the_maximum_twice(self) -> None:
        quota = {"ml.g5.2xlarge": 8}
        assert said(scaled(4), Policy(quotas=quota)) == {}
        assert said(scaled(5), Policy(quotas=quota)) == {"ESM017": "environment:selected_models"}

    @pytest.mark.parametrize(
        ("body", "path"),
        [
            (scaled(4, least=2, moment=(1, 4)), "Target/ScheduledActions/0/ScalableTargetAction/MinCapacity"),
            (scaled(4, least=2), None),
        ],
    )
    def test_production_keeps_two_instances_at_every_hour(self, body: dict[str, object], path: str | None) -> None:
        assert said(body, Policy(production=True)).get("ESM018") == path
        assert "ESM018" not in said(body, Policy())


class TestWatched:
    NAME = "endpoint-main"

    def body(self, *resources: Mapping[str, object]) -> dict[str, object]:
        endpoint = {"Type": "AWS::SageMaker::Endpoint", "Properties": {"EndpointName": self.NAME}}
        return {"Resources": {"Endpoint": endpoint, **{f"R{number}": each for number, each in enumerate(resources)}}}

    def alarm(self, name: str, *actions: str, metric: str = "Invocation5XXErrors") -> dict[str, object]:
        dimensions = [{"Name": "EndpointName", "Value": name}]
        facts = {"MetricName": metric, "Dimensions": dimensions, "AlarmActions": [*actions]}
        return {"Type": "AWS::CloudWatch::Alarm", "Properties": facts}

    def log(self, **properties: object) -> dict[str, object]:
        name = f"/aws/sagemaker/Endpoints/{self.NAME}"
        return {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": name, **properties}}

    @pytest.mark.parametrize(
        ("name", "actions", "path"),
        [
            ("endpoint-main", (), "R0"),
            ("endpoint-other", ("arn",), "Endpoint/alarms"),
            ("endpoint-main", ("arn",), None),
        ],
    )
    def test_an_alarm_is_about_this_endpoint_and_somebody_is_told(self, name, actions, path) -> None:
        assert said(self.body(self.alarm(name, *actions)), Policy(production=True)).get("ESM033") == path

    @pytest.mark.parametrize(
        ("properties", "path"), [({}, "Endpoint/log_retention_days"), ({"RetentionInDays": 7}, None)]
    )
    def test_a_log_is_this_endpoints_and_says_how_long(self, properties, path) -> None:
        assert said(self.body(self.log(**properties)), Policy(production=True)).get("ESM035") == path

    @pytest.mark.parametrize(
        ("metric", "path"),
        [
            ("DiskUtilization", "Endpoint/alarms/invocation_5xx_errors"),
            *((felt, None) for felt in ("Invocation5XXErrors", "InvocationModelErrors", "ModelLatency")),
        ],
    )
    def test_an_alarm_that_hears_of_no_failing_call_is_not_enough(self, metric, path) -> None:
        body = self.body(self.alarm(self.NAME, "arn", metric=metric))
        assert said(body, Policy(production=True)).get("ESM033") == path

    @pytest.mark.parametrize("kind", ["ml.g5.2xlarge", "ml.unheard-of.large"])
    def test_no_key_is_asked_for_where_none_can_be(self, kind) -> None:
        assert "ESM034" not in said(config(kind), Policy(production=True))
        assert said(config("ml.m5.xlarge"), Policy(production=True))["ESM034"].endswith("/KmsKeyId")

    def test_what_is_parked_or_no_production_is_not_asked(self) -> None:
        of_production = {"ESM033", "ESM035"}
        assert of_production <= said(self.body(), Policy(production=True)).keys()
        assert not of_production & said(self.body(), Policy()).keys()
        parked = a_stack(parked=True)
        assert not of_production & said(self.body(), Policy(production=True), stack=parked).keys()


KEY = {"Type": "AWS::KMS::Key", "Properties": {}}
TOPIC = {"Type": "AWS::SNS::Topic", "Properties": {"KmsMasterKeyId": {"Ref": "Key"}}}


KEPT = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}


BUCKET = {"Type": "AWS::S3::Bucket", "Properties": {"Key": {"Ref": "Key"}}, **KEPT}


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ({"Resources": {"Key": KEY, "Topic": TOPIC}}, True),
        ({"Resources": {"Key": KEY}}, False),
        ({"Resources": {"Key": KEY, "Topic": TOPIC, "Bucket": BUCKET}}, False),
        ({"Resources": {"Key": KEY, "Topic": TOPIC}, "Outputs": {"Key": {"Value": {"Ref": "Key"}}}}, False),
    ],
)
def test_only_a_key_that_nothing_but_topics_use_may_go_with_its_stack(body: dict[str, object], kept: bool) -> None:
    assert ("ESM028" not in said(body, Policy())) is kept


@pytest.mark.parametrize(
    ("cron", "today", "told"),
    [
        ("0 19 ? * MON 2026", date(2027, 1, 1), True),
        ("0 19 ? * MON 2026", date(2026, 12, 31), False),
        ("0 19 ? * MON *", date(2027, 1, 1), False),
        ("0 19 ? * MON 2026", None, False),
        ("never", date(2027, 1, 1), False),
    ],
)
def test_a_moment_that_lies_behind_us_is_told(cron: str, today: date | None, told: bool) -> None:
    action = {"Schedule": f"cron({cron})", "ScalableTargetAction": {"MinCapacity": 1, "MaxCapacity": 1}}
    properties = {"MinCapacity": 1, "MaxCapacity": 1, "ScheduledActions": [action]}
    body = {"Resources": {"Target": {"Type": "AWS::ApplicationAutoScaling::ScalableTarget", "Properties": properties}}}
    found = {each.rule: each.path for each in house.findings([a_template(body)], POLICY, today=today)}
    assert found.get("ESM036") == ("Target/ScheduledActions/0/Schedule" if told else None)
