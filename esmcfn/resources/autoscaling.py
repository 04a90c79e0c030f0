"""Application Auto Scaling: the bounds of an endpoint's instances, and what moves them between.

The service works with a role of its own that is linked to it, so no RoleARN is given. An instance count of 0 is not
for real-time endpoints.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from troposphere import applicationautoscaling as scaling

from esmcfn.domain.hosting import Autoscaling, ScalingMetric, ScheduledScaling
from esmcfn.domain.origin import Origin
from esmcfn.domain.stack import ModelStack
from esmcfn.resources import Part, Parts, tags

DIMENSION = "sagemaker:variant:DesiredInstanceCount"
POLICY_NAME = "target-tracking"

_METRICS = {
    ScalingMetric.INVOCATIONS: "SageMakerVariantInvocationsPerInstance",
    ScalingMetric.CONCURRENT_REQUESTS: "SageMakerVariantConcurrentRequestsPerModelHighResolution",
}
"""https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling-add-code-define.html"""


def autoscaling(stack: ModelStack) -> Parts:
    """The target and its one policy; neither while the endpoint is parked."""
    wanted = stack.autoscaling
    if wanted is None or stack.parked:
        return
    scaled = f"endpoint/{stack.endpoint_name}/variant/{stack.variant.name}"
    identity = {"ServiceNamespace": "sagemaker", "ResourceId": scaled, "ScalableDimension": DIMENSION}
    scheduled = {"ScheduledActions": [_action(each) for each in wanted.schedule]} if wanted.schedule else {}
    target = scaling.ScalableTarget(
        "ScalableTarget",
        DependsOn="Endpoint",
        MinCapacity=wanted.min_capacity,
        MaxCapacity=wanted.max_capacity,
        Tags=tags(stack),
        **identity,
        **scheduled,
    )
    yield Part(resource=target, lines=_target_lines(stack, wanted))
    policy = scaling.ScalingPolicy(
        "ScalingPolicy",
        DependsOn="ScalableTarget",
        PolicyName=POLICY_NAME,
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=scaling.TargetTrackingScalingPolicyConfiguration(
            TargetValue=_number(wanted.target_value),
            PredefinedMetricSpecification=scaling.PredefinedMetricSpecification(
                PredefinedMetricType=_METRICS[wanted.metric]
            ),
            ScaleInCooldown=wanted.scale_in_cooldown,
            ScaleOutCooldown=wanted.scale_out_cooldown,
        ),
        **identity,
    )
    yield Part(resource=policy, lines=_policy_lines(stack))


def _action(each: ScheduledScaling) -> scaling.ScheduledAction:
    return scaling.ScheduledAction(
        ScheduledActionName=each.name,
        Schedule=f"cron({each.cron})",
        Timezone=each.timezone,
        ScalableTargetAction=scaling.ScalableTargetAction(MinCapacity=each.min_capacity, MaxCapacity=each.max_capacity),
    )


def _number(value: Decimal) -> int | float:
    """A JSON number: whole where it is whole, so that 70 and 70.0 make the same template."""
    return int(value) if value == value.to_integral_value() else float(value)


def _target_lines(stack: ModelStack, wanted: Autoscaling) -> Mapping[str, Origin]:
    lines = {
        "": stack.written("autoscaling"),
        "MinCapacity": stack.written("autoscaling.min_capacity"),
        "MaxCapacity": stack.written("autoscaling.max_capacity"),
    }
    for number, _ in enumerate(wanted.schedule):
        place = f"autoscaling.schedule.{number}"
        action = f"ScheduledActions/{number}"
        lines[action] = stack.written(place)
        lines[f"{action}/Schedule"] = stack.written(f"{place}.cron")
        lines[f"{action}/Timezone"] = stack.written(f"{place}.timezone")
        lines[f"{action}/ScalableTargetAction/MinCapacity"] = stack.written(f"{place}.min_capacity")
        lines[f"{action}/ScalableTargetAction/MaxCapacity"] = stack.written(f"{place}.max_capacity")
    return lines


def _policy_lines(stack: ModelStack) -> Mapping[str, Origin]:
    inside = "TargetTrackingScalingPolicyConfiguration"
    return {
        "": stack.written("autoscaling"),
        f"{inside}/TargetValue": stack.written("autoscaling.target_value"),
        f"{inside}/PredefinedMetricSpecification": stack.written("autoscaling.metric"),
        f"{inside}/ScaleInCooldown": stack.written("autoscaling.scale_in_cooldown"),
        f"{inside}/ScaleOutCooldown": stack.written("autoscaling.scale_out_cooldown"),
    }
