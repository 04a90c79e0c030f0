"""Drift of what scales and watches: bounds that a schedule sets are none, and what a hand suspends or mutes is."""

from __future__ import annotations

from copy import deepcopy
from decimal import Decimal

import pytest
from builders import a_stack, a_target
from msgspec.structs import replace
from subjects import IN_SYNC, resources, subject

from esmcfn import drift
from esmcfn.domain.drift import Difference, NativeDrift, Reading, State
from esmcfn.domain.hosting import Alarms, Autoscaling, ScheduledScaling
from esmcfn.template import synthesize

SCALED = a_stack(
    autoscaling=Autoscaling(
        min_capacity=1,
        max_capacity=4,
        target_value=Decimal(70),
        schedule=(ScheduledScaling(name="rush", cron="", timezone="UTC", min_capacity=2, max_capacity=6),),
    ),
    alarms=Alarms(),
    log_retention_days=90,
)


def modified(**observed: str) -> NativeDrift:
    """CloudFormation finds these bounds otherwise."""
    differences = tuple(Difference(path=path, expected="0", observed=found) for path, found in observed.items())
    return NativeDrift(status="MODIFIED", differences=differences)


class TestScaled:
    def observed(self, logical_id, native=IN_SYNC, **properties):
        """A resource as deployed, but for these properties."""
        made = subject(logical_id, of=SCALED, native=native)
        return drift.judge(replace(made, observed=Reading(properties={**made.observed.properties, **properties})))

    def scaled(self, native=IN_SYNC, **properties):
        return self.observed("ScalableTarget", native, **properties)

    @pytest.mark.parametrize(
        ("bounds", "state"),
        [
            ({"MinCapacity": "2", "MaxCapacity": "6"}, State.IN_SYNC),
            ({"MinCapacity": "2"}, State.DRIFTED),
            ({"MinCapacity": "2", "MaxCapacity": "5"}, State.DRIFTED),
            ({"MinCapacity": "2", "MaxCapacity": "6", "SuspendedState": "{}"}, State.DRIFTED),
            ({"MinCapacity": "2", "MaxCapacity": "many"}, State.DRIFTED),
        ],
    )
    def test_bounds_that_the_schedule_has_set_are_no_drift(self, bounds, state):
        assert self.scaled(modified(**bounds)).state is state

    def test_an_alarm_that_somebody_muted_is_unmuted_by_hand_since_no_template_says_that_it_is_on(self):
        judged = self.observed("ErrorAlarm", ActionsEnabled=False)
        assert judged.next_step == f"aws cloudwatch enable-alarm-actions --alarm-names {judged.name}"
        both = self.observed("ErrorAlarm", ActionsEnabled=False, Threshold=99)
        assert "enable-alarm-actions" in both.next_step
        assert both.next_step.endswith("--revert-drift puts back what the template writes")

    def test_what_no_template_writes_is_not_promised_to_go_back(self):
        judged = self.observed("ErrorAlarm", InsufficientDataActions=["arn:aws:sns:us-east-2:123456789012:mine"])
        assert "by hand" in judged.next_step
        assert "--revert-drift" not in judged.next_step

    def test_bounds_of_anything_else_are_drift_whatever_they_are(self):
        native = modified(MinCapacity="2", MaxCapacity="6")
        assert drift.judge(subject("EndpointConfig", of=SCALED, native=native)).state is State.DRIFTED

    @pytest.mark.parametrize(
        ("found", "path"),
        [
            ({"SuspendedState": {"DynamicScalingOutSuspended": True}}, "SuspendedState"),
            ({"ScalingPolicies": ["by-hand", "target-tracking"]}, "ScalingPolicies/by-hand"),
            ({"ScalingPolicies": []}, "ScalingPolicies/target-tracking"),
            ({"ScheduledActions": []}, "ScheduledActions/rush"),
        ],
    )
    def test_what_cloudformation_does_not_look_at_is_drift_all_the_same(self, found, path):
        judged = self.scaled(**found)
        assert (judged.state, [each.path for each in judged.differences]) == (State.DRIFTED, [path])

    def test_a_policy_may_name_its_target_by_its_id(self):
        body = deepcopy(dict(synthesize(SCALED).body))
        policy = body["Resources"]["ScalingPolicy"]["Properties"]
        del policy["ResourceId"]
        policy["ScalingTargetId"] = {"Ref": "ScalableTarget"}
        found = drift.expected(body, resources(body), a_target())["ScalableTarget"]
        assert found.properties["ScalingPolicies"] == ["target-tracking"]

    @pytest.mark.parametrize(
        ("observed", "state"),
        [
            ({"ActionsEnabled": True}, State.IN_SYNC),
            ({"ActionsEnabled": False}, State.DRIFTED),
            ({"AlarmActions": ["arn:aws:sns:us-east-2:123456789012:mine"]}, State.DRIFTED),
        ],
    )
    def test_an_alarm_that_was_muted_or_tells_somebody_else_is_drift(self, observed, state):
        assert self.observed("ErrorAlarm", **observed).state is state

    def test_bounds_that_our_reader_sees_are_folded_alike(self):
        assert self.scaled(None, MinCapacity=2, MaxCapacity=6).state is State.IN_SYNC
        judged = self.scaled(None, MinCapacity=2, MaxCapacity=5)
        assert [each.path for each in judged.differences] == ["MaxCapacity", "MinCapacity"]

    def test_a_policy_that_never_removes_instances_is_drift(self):
        name = "TargetTrackingScalingPolicyConfiguration"
        usual = synthesize(SCALED).body["Resources"]["ScalingPolicy"]["Properties"][name]
        assert self.observed("ScalingPolicy", **{name: {**usual, "DisableScaleIn": False}}).state is State.IN_SYNC
        judged = self.observed("ScalingPolicy", **{name: {**usual, "DisableScaleIn": True}})
        assert [each.path for each in judged.differences] == [f"{name}/DisableScaleIn"]

    @pytest.mark.parametrize(
        "logical_id", ["ScalableTarget", "ScalingPolicy", "ErrorAlarm", "LatencyAlarm", "LogGroup"]
    )
    def test_a_plan_needs_nobody_else_to_compare_these(self, logical_id):
        judged = self.observed(logical_id, None)
        assert (judged.state, judged.why) == (State.IN_SYNC, "")

    def test_a_log_that_a_hand_keeps_for_ever_is_drift(self):
        judged = self.observed("LogGroup", RetentionInDays=None)
        assert [each.path for each in judged.differences] == ["RetentionInDays"]
