"""CloudWatch: alarms about an endpoint, for the environment's topic."""

from __future__ import annotations

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
    """One metric that may become an alarm; its threshold stands in the YAML under `key`.

    Attributes:
        title: logical id; `name` ends the alarm's name.
        statistic: of CloudWatch's; one that begins with "p" is a percentile.
        scale: what the metric counts in one of the YAML's unit.
        periods: how many in a row.
        said: what the alarm means, for whoever gets the mail.
    """

    key: str
    title: str
    name: str
    namespace: str
    metric: str
    statistic: str
    scale: int = 1
    periods: int = 1
    said: str


WATCHED = (
    _Watched(
        key="invocation_5xx_errors",
        title="ErrorAlarm",
        name="5xx-errors",
        namespace="AWS/SageMaker",
        metric="Invocation5XXErrors",
        statistic="Sum",
        said="{} or more answers of 5xx within 5 minutes",
    ),
    _Watched(
        key="model_latency_p99_ms",
        title="LatencyAlarm",
        name="model-latency",
        namespace="AWS/SageMaker",
        metric="ModelLatency",
        statistic="p99",
        scale=MICROSECONDS,
        periods=2,
        said="one request in a hundred takes {} ms or more; SageMaker waits 60 seconds",
    ),
    _Watched(
        key="disk_percent",
        title="DiskAlarm",
        name="disk",
        namespace="/aws/sagemaker/Endpoints",
        metric="DiskUtilization",
        statistic="Maximum",
        said="{} percent or more of an instance's disk are in use",
    ),
)


def alarms(stack: ModelStack) -> Parts:
    """An alarm for each threshold; none while the endpoint is parked."""
    if stack.parked or stack.alarms is None:
        return
    for watched in WATCHED:
        threshold: int | None = getattr(stack.alarms, watched.key)
        if threshold is None:
            continue
        statistic = "ExtendedStatistic" if watched.statistic.startswith("p") else "Statistic"
        name = f"{stack.endpoint_name}-{watched.name}"
        resource = cloudwatch.Alarm(
            watched.title,
            AlarmName=name,
            AlarmDescription=f"{stack.model} in {stack.environment}: {watched.said.format(threshold)}",
            Namespace=watched.namespace,
            MetricName=watched.metric,
            Dimensions=[
                cloudwatch.MetricDimension(Name="EndpointName", Value=stack.endpoint_name),
                cloudwatch.MetricDimension(Name="VariantName", Value=stack.variant.name),
            ],
            Period=PERIOD_SECONDS,
            EvaluationPeriods=watched.periods,
            Threshold=threshold * watched.scale,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
            # Without requests there are no values, and nobody to be told.
            TreatMissingData="notBreaching",
            Tags=tags(stack),
            **{statistic: watched.statistic},
            **_actions(stack),
        )
        lines = {"": stack.written("alarms"), "Threshold": stack.written(f"alarms.{watched.key}")}
        yield Part(resource=resource, name=name, lines=lines)


def _actions(stack: ModelStack) -> dict[str, object]:
    """Who is told, also when it is over; nobody where the environment has no topic."""
    if not (stack.alarm_topic_arn or stack.alarm_topic_name):
        return {}
    topic = [stack.alarm_topic_arn or arn("sns", stack.alarm_topic_name)]
    return {"AlarmActions": topic, "OKActions": topic}
