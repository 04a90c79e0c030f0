"""What a payload says about autoscaling, as the catalog says it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from esmcfn.errors import shown

LEAST, MOST = "autoscalingMinCapacity", "autoscalingMaxCapacity"
POLICY = "targetTrackingScalingPolicyConfiguration"
FIELDS = (LEAST, MOST, POLICY)

USUAL: Mapping[str, object] = {
    "TargetValue": 5000,
    "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
    "ScaleOutCooldown": 60,
    "ScaleInCooldown": 300,
}
"""What such a deployment scales by where its input names no policy.

https://github.com/aws-samples/amazon-sagemaker-h2o-blog, folder sagemaker-endpoint-deployer
"""

_METRICS = {
    "SageMakerVariantInvocationsPerInstance": "invocations",
    "SageMakerVariantConcurrentRequestsPerModelHighResolution": "concurrent_requests",
}
_KNOWN = frozenset({*USUAL, "DisableScaleIn"})


class Scaling(Struct, frozen=True, kw_only=True):
    """Autoscaling of a payload.

    Attributes:
        yaml: lines of the catalog's entry; empty where nothing scales.
        count: instances to start with, which must lie within the bounds.
        left: what could not be carried over, a sentence each.
    """

    yaml: str = ""
    count: int = 1
    left: tuple[str, ...] = ()


def wrong(payload: Mapping[str, object]) -> Iterator[str]:
    """Fields that cannot be what they should be."""
    for name in (LEAST, MOST):
        value = payload.get(name, 1)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 10_000:
            yield f"{name}: it is {shown(str(value))}, and it must be a number of instances"
    policy = payload.get(POLICY, {})
    if not isinstance(policy, dict):
        yield f"{POLICY}: it is {shown(str(policy))}, and it must be an object"
        return
    for name, most in (("TargetValue", 1_000_000_000), ("ScaleInCooldown", 3600), ("ScaleOutCooldown", 3600)):
        value = policy.get(name, 1)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
            yield f"{POLICY}.{name}: it is {shown(str(value))}, and it must be a number up to {most}"


def carried(payload: Mapping[str, object], count: int) -> Scaling:
    """Autoscaling of a payload in which nothing is wrong.

    Args:
        count: instances that it starts with.
    """
    given = [name for name in FIELDS if name in payload]
    if not given:
        return Scaling(count=count)
    low, high, policy = payload.get(LEAST), payload.get(MOST), payload.get(POLICY, USUAL)
    if not (isinstance(low, int) and isinstance(high, int) and isinstance(policy, dict)):
        missing = " and ".join(name for name in (LEAST, MOST) if name not in payload)
        return Scaling(count=count, left=(f"{', '.join(given)}: nothing scales without {missing}",))
    specification = policy.get("PredefinedMetricSpecification")
    kind = specification.get("PredefinedMetricType") if isinstance(specification, dict) else None
    metric, target = _METRICS.get(str(kind)), policy.get("TargetValue")
    if metric is None or not target or max(low, 1) > high:
        said = f"it needs a maximum above {LEAST}, a TargetValue, and one of the metrics {', '.join(_METRICS)}"
        return Scaling(count=count, left=(f"{', '.join(given)}: not carried over; {said}",))
    start = min(max(count, low, 1), high)
    return Scaling(
        yaml=_YAML.format(
            low=max(low, 1),
            high=high,
            target=f"{target:g}",
            metric=metric,
            scale_in=_seconds(policy, "ScaleInCooldown"),
            scale_out=_seconds(policy, "ScaleOutCooldown"),
        ),
        count=start,
        left=tuple(_left(policy, low=low, count=count, start=start)),
    )


def _left(policy: Mapping[str, object], *, low: int, count: int, start: int) -> Iterator[str]:
    if low < 1:
        yield f"{LEAST} {low}: a real-time endpoint keeps one instance or more; park it to stop it"
    if start != count:
        yield f"productionVariants[0].InitialInstanceCount {count}: outside of the bounds, and {start} now"
    if policy.get("DisableScaleIn"):
        yield f"{POLICY}.DisableScaleIn: esmcfn's autoscaling also removes instances"
    for name in sorted({*policy} - _KNOWN):
        yield f"{POLICY}.{shown(str(name))}: esmcfn sets no such property"


def _seconds(policy: Mapping[str, object], name: str) -> int:
    value = policy.get(name, 300)
    return int(value) if isinstance(value, int | float) else 300


_YAML = """\
    autoscaling:
      min_capacity: {low}
      max_capacity: {high}
      target_value: {target}
      metric: {metric}
      scale_in_cooldown: {scale_in}
      scale_out_cooldown: {scale_out}
"""
