"""Autoscaling, alarms and logs as their services tell them; also what CloudFormation does not look at."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from esmcfn.aws.session import Clients, translated
from esmcfn.aws.together import Together
from esmcfn.domain.drift import Reading

VARIANT = "endpoint/{}/variant/{}"
"""What Application Auto Scaling calls a variant: endpoint, variant."""

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

    def __init__(self, clients: Clients, together: Together) -> None:
        self._clients = clients
        self._together = together

    def target(self, resource_id: str, *, tags: bool) -> Reading | None:
        """Bounds, and what is suspended, scheduled, and scales besides."""
        found = self._together.targets(resource_id)
        if not found:
            return None
        suspended = {key: value for key, value in found[0].get("SuspendedState", {}).items() if value}
        said: Mapping[str, str] | None = None
        if tags:
            with translated(f"reading the tags of {resource_id}", operation="ListTagsForResource"):
                client = self._clients.of("application-autoscaling")
                said = client.list_tags_for_resource(ResourceARN=found[0]["ScalableTargetARN"])["Tags"]
        return Reading(
            properties={
                **_only(found[0], _OF_TARGET),
                "SuspendedState": suspended,
                "ScheduledActions": [_only(each, _OF_ACTION) for each in self._together.actions(resource_id)],
                "ScalingPolicies": sorted(each["PolicyName"] for each in self._together.policies(resource_id)),
            },
            tags=said,
        )

    def scaled(self, endpoint: str, variants: Sequence[str]) -> Mapping[str, tuple[int, int]]:
        """Variants that have a scalable target, whoever gave them that, with its bounds."""
        named = ((variant, self._together.targets(VARIANT.format(endpoint, variant))) for variant in variants)
        return {variant: (found[0]["MinCapacity"], found[0]["MaxCapacity"]) for variant, found in named if found}

    def policy(self, arn: str) -> Reading | None:
        """One policy of a target."""
        named = _POLICY.search(arn)
        every = self._together.policies(named["target"]) if named else ()
        found = next((each for each in every if each["PolicyARN"] == arn), None)
        return Reading(properties=_only(found, _OF_POLICY)) if found else None

    def alarm(self, name: str, *, tags: bool) -> Reading | None:
        """What it watches, whether it tells anybody, and whom."""
        found = self._together.alarm(name)
        if not found:
            return None
        if not tags:
            return Reading(properties=_only(found, _OF_ALARM))
        with translated(f"reading the tags of alarm {name}", operation="ListTagsForResource"):
            said = self._clients.of("cloudwatch").list_tags_for_resource(ResourceARN=found["AlarmArn"])["Tags"]
        return Reading(properties=_only(found, _OF_ALARM), tags={tag["Key"]: tag["Value"] for tag in said})

    def log(self, name: str, *, tags: bool) -> Reading | None:
        """How long it is kept, and under which key."""
        client = self._clients.of("logs")
        with translated(f"asking CloudWatch Logs about {name}", operation="DescribeLogGroups"):
            pages = list(client.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=name))
        groups = (group for page in pages for group in page["logGroups"])
        found = next((group for group in groups if group["logGroupName"] == name), None)
        if found is None:
            return None
        days, key, arn = found.get("retentionInDays"), found.get("kmsKeyId"), found["arn"].removesuffix(":*")
        said: Mapping[str, str] | None = None
        if tags:
            with translated(f"reading the tags of {name}", operation="ListTagsForResource"):
                said = client.list_tags_for_resource(resourceArn=arn)["tags"]
        return Reading(properties={"LogGroupName": name, "RetentionInDays": days, "KmsKeyId": key}, tags=said)


def _only(found: Any, names: tuple[str, ...]) -> dict[str, object]:
    return {name: found[name] for name in names if name in found}
