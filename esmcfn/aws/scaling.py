"""What a hand may have done to autoscaling and alarms, and CloudFormation does not look at: suspended, muted, added."""

from __future__ import annotations

from typing import Any

from esmcfn.aws.session import Clients, translated
from esmcfn.domain.drift import Reading

_SAGEMAKER = {"ServiceNamespace": "sagemaker"}
_OF_ACTION = ("ScheduledActionName", "Schedule", "Timezone", "ScalableTargetAction")
_OF_ALARM = ("ActionsEnabled", "AlarmActions", "OKActions", "InsufficientDataActions")


class ScalingReader:
    """Scalable targets and alarms, in the words of CloudFormation's properties."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def target(self, resource_id: str) -> Reading | None:
        """What is suspended, scheduled, and scales besides: whatever stands on a target of SageMaker."""
        found = self._all("describe_scalable_targets", "ScalableTargets", ResourceIds=[resource_id])
        if not found:
            return None
        suspended = {key: value for key, value in found[0].get("SuspendedState", {}).items() if value}
        actions = self._all("describe_scheduled_actions", "ScheduledActions", ResourceId=resource_id)
        policies = self._all("describe_scaling_policies", "ScalingPolicies", ResourceId=resource_id)
        return Reading(
            properties={
                "SuspendedState": suspended,
                "ScheduledActions": [{key: each[key] for key in _OF_ACTION if key in each} for each in actions],
                "ScalingPolicies": sorted(each["PolicyName"] for each in policies),
            }
        )

    def alarm(self, name: str) -> Reading | None:
        """Whether it tells anybody, and whom."""
        with translated(f"asking CloudWatch about alarm {name}", operation="DescribeAlarms"):
            found = self._clients.of("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
        return Reading(properties={key: found[0].get(key) for key in _OF_ALARM}) if found else None

    def _all(self, operation: str, key: str, **asked: object) -> list[Any]:
        client = self._clients.of("application-autoscaling")
        about = next(iter(asked.values()))
        with translated(f"asking Application Auto Scaling about {about}", operation=operation):
            pages = list(client.get_paginator(operation).paginate(**_SAGEMAKER, **asked))
        return [item for page in pages for item in page[key]]
