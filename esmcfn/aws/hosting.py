"""Autoscaling, alarms and logs as their services tell them; also what CloudFormation does not look at."""

from __future__ import annotations

import re
from typing import Any

from esmcfn.aws.session import Clients, translated
from esmcfn.domain.drift import Reading

_SAGEMAKER = {"ServiceNamespace": "sagemaker"}
_POLICY = re.compile(r":resource/sagemaker/(?P<target>.+):policyName/")
_OF_TARGET = ("MinCapacity", "MaxCapacity", "ResourceId", "ScalableDimension", "ServiceNamespace")
_OF_ACTION = ("ScheduledActionName", "Schedule", "Timezone", "ScalableTargetAction")
_OF_POLICY = (
    *("PolicyName", "PolicyType", "ResourceId", "ScalableDimension", "ServiceNamespace"),
    *("TargetTrackingScalingPolicyConfiguration", "StepScalingPolicyConfiguration"),
)
_OF_ALARM = (
    *("AlarmName", "AlarmDescription", "ActionsEnabled", "AlarmActions", "OKActions", "InsufficientDataActions"),
    *("Namespace", "MetricName", "Dimensions", "Statistic", "ExtendedStatistic", "Period", "EvaluationPeriods"),
    *("DatapointsToAlarm", "Threshold", "ComparisonOperator", "TreatMissingData", "Metrics"),
)


class HostingReader:
    """Scalable targets, their policies, alarms and logs, in the words of CloudFormation's properties."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def target(self, resource_id: str) -> Reading | None:
        """Bounds, and what is suspended, scheduled, and scales besides."""
        found = self._all("describe_scalable_targets", "ScalableTargets", ResourceIds=[resource_id])
        if not found:
            return None
        suspended = {key: value for key, value in found[0].get("SuspendedState", {}).items() if value}
        actions = self._all("describe_scheduled_actions", "ScheduledActions", ResourceId=resource_id)
        policies = self._all("describe_scaling_policies", "ScalingPolicies", ResourceId=resource_id)
        arn = found[0]["ScalableTargetARN"]
        with translated(f"reading the tags of {resource_id}", operation="ListTagsForResource"):
            tags = self._scaling.list_tags_for_resource(ResourceARN=arn)["Tags"]
        return Reading(
            properties={
                **_only(found[0], _OF_TARGET),
                "SuspendedState": suspended,
                "ScheduledActions": [_only(each, _OF_ACTION) for each in actions],
                "ScalingPolicies": sorted(each["PolicyName"] for each in policies),
            },
            tags=tags,
        )

    def policy(self, arn: str) -> Reading | None:
        """One policy of a target."""
        named = _POLICY.search(arn)
        every = self._all("describe_scaling_policies", "ScalingPolicies", ResourceId=named["target"]) if named else []
        found = next((each for each in every if each["PolicyARN"] == arn), None)
        return Reading(properties=_only(found, _OF_POLICY)) if found else None

    def alarm(self, name: str) -> Reading | None:
        """What it watches, whether it tells anybody, and whom."""
        client = self._clients.of("cloudwatch")
        with translated(f"asking CloudWatch about alarm {name}", operation="DescribeAlarms"):
            found = client.describe_alarms(AlarmNames=[name])["MetricAlarms"]
        if not found:
            return None
        with translated(f"reading the tags of alarm {name}", operation="ListTagsForResource"):
            tags = client.list_tags_for_resource(ResourceARN=found[0]["AlarmArn"])["Tags"]
        return Reading(properties=_only(found[0], _OF_ALARM), tags={tag["Key"]: tag["Value"] for tag in tags})

    def log(self, name: str) -> Reading | None:
        """How long it is kept, and under which key."""
        client = self._clients.of("logs")
        with translated(f"asking CloudWatch Logs about {name}", operation="DescribeLogGroups"):
            pages = list(client.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=name))
        groups = (group for page in pages for group in page["logGroups"])
        found = next((group for group in groups if group["logGroupName"] == name), None)
        if found is None:
            return None
        days, key, arn = found.get("retentionInDays"), found.get("kmsKeyId"), found["arn"].removesuffix(":*")
        with translated(f"reading the tags of {name}", operation="ListTagsForResource"):
            tags = client.list_tags_for_resource(resourceArn=arn)["tags"]
        return Reading(properties={"LogGroupName": name, "RetentionInDays": days, "KmsKeyId": key}, tags=tags)

    @property
    def _scaling(self) -> Any:
        return self._clients.of("application-autoscaling")

    def _all(self, operation: str, key: str, **asked: object) -> list[Any]:
        about = next(iter(asked.values()))
        with translated(f"asking Application Auto Scaling about {about}", operation=operation):
            pages = list(self._scaling.get_paginator(operation).paginate(**_SAGEMAKER, **asked))
        return [item for page in pages for item in page[key]]


def _only(found: Any, names: tuple[str, ...]) -> dict[str, object]:
    return {name: found[name] for name in names if name in found}
