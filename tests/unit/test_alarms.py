"""Alarms and who hears of them: as they are written, and as they are built."""

from __future__ import annotations

import pytest
from builders import CATALOG_TEXT, ENVIRONMENT_TEXT, a_base_stack, a_root, a_stack
from hosted import complaints, resource, selected, with_model

from esmcfn import inputs
from esmcfn.domain.hosting import Alarms, AlarmTopic
from esmcfn.selection import select
from esmcfn.template import synthesize


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
