"""CloudWatch: alarms about an endpoint, for the environment's topic."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from troposphere import cloudwatch

from esmcfn.domain.stack import ModelStack
from esmcfn.resources import Part, Parts, arn, tags

PERIOD_SECONDS = 300

MICROSECONDS = 1000
"""In a millisecond: SageMaker counts latency in microseconds.

https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
"""


class _Watched(Struct, frozen=True, kw_only=True):
    """One metric, and from which value on it is an alarm.

    Attributes:
        title: logical id; `name` ends the alarm's name.
        statistic: of CloudWatch's; one that begins with "p" is a percentile.
        periods: how many in a row.
        said: what the alarm means, for whoever gets the mail.
    """

    key: str
    title: str
    name: str
    namespace: str
    metric: str
    statistic: str
    threshold: int
    periods: int
    said: str


def alarms(stack: ModelStack) -> Parts:
    """An alarm for each threshold; none while the endpoint is parked."""
    if stack.parked:
        return
    for watched in _watched(stack):
        statistic = "ExtendedStatistic" if watched.statistic.startswith("p") else "Statistic"
        name = f"{stack.endpoint_name}-{watched.name}"
        resource = cloudwatch.Alarm(
            watched.title,
            AlarmName=name,
            AlarmDescription=f"{stack.model} in {stack.environment}: {watched.said}",
            Namespace=watched.namespace,
            MetricName=watched.metric,
            Dimensions=[
                cloudwatch.MetricDimension(Name="EndpointName", Value=stack.endpoint_name),
                cloudwatch.MetricDimension(Name="VariantName", Value=stack.variant.name),
            ],
            Period=PERIOD_SECONDS,
            EvaluationPeriods=watched.periods,
            Threshold=watched.threshold,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
            # Without requests there are no values, and nobody to be told.
            TreatMissingData="notBreaching",
            Tags=tags(stack),
            **{statistic: watched.statistic},
            **_actions(stack),
        )
        lines = {"": stack.written("alarms"), "Threshold": stack.written(f"alarms.{watched.key}")}
        yield Part(resource=resource, name=name, lines=lines)


def _watched(stack: ModelStack) -> Iterator[_Watched]:
    wanted = stack.alarms
    if wanted is None:
        return
    if wanted.invocation_5xx_errors is not None:
        yield _Watched(
            key="invocation_5xx_errors",
            title="ErrorAlarm",
            name="5xx-errors",
            namespace="AWS/SageMaker",
            metric="Invocation5XXErrors",
            statistic="Sum",
            threshold=wanted.invocation_5xx_errors,
            periods=1,
            said=f"{wanted.invocation_5xx_errors} or more answers of 5xx within 5 minutes",
        )
    if wanted.model_latency_p99_ms is not None:
        yield _Watched(
            key="model_latency_p99_ms",
            title="LatencyAlarm",
            name="model-latency",
            namespace="AWS/SageMaker",
            metric="ModelLatency",
            statistic="p99",
            threshold=wanted.model_latency_p99_ms * MICROSECONDS,
            periods=2,
            said=f"one request in a hundred takes {wanted.model_latency_p99_ms} ms or more; SageMaker waits 60 seconds",
        )
    if wanted.disk_percent is not None:
        yield _Watched(
            key="disk_percent",
            title="DiskAlarm",
            name="disk",
            namespace="/aws/sagemaker/Endpoints",
            metric="DiskUtilization",
            statistic="Maximum",
            threshold=wanted.disk_percent,
            periods=1,
            said=f"{wanted.disk_percent} percent or more of an instance's disk are in use",
        )


def _actions(stack: ModelStack) -> dict[str, object]:
    """Who is told, also when it is over; nobody where the environment has no topic."""
    if not (stack.alarm_topic_arn or stack.alarm_topic_name):
        return {}
    topic = [stack.alarm_topic_arn or arn("sns", stack.alarm_topic_name)]
    return {"AlarmActions": topic, "OKActions": topic}
