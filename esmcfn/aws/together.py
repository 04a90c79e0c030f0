"""What a service tells of many at once, read when the first of them is asked about: alarms by a hundred names, scalable
targets by fifty, and all policies and schedules of the account's endpoints where many targets are looked at.

An answer that AWS refuses is refused to each who asks, as if each had asked for itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

from esmcfn.aws.session import Clients, translated
from esmcfn.errors import CloudError

ALARM = "AWS::CloudWatch::Alarm"
SCALABLE_TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"

_SAGEMAKER = {"ServiceNamespace": "sagemaker"}
_ALARMS_A_CALL = 100
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html"""
_TARGETS_A_CALL = 50
"""https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DescribeScalableTargets.html"""
_FEW = 5
"""Targets up to which each is asked about its policies by itself: a page of all of them has ten.

https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DescribeScalingPolicies.html
"""

Answer = TypeVar("Answer")


class Together:
    """What the readers of alarms and of autoscaling ask.

    Args:
        wanted: type to the names that will be asked about; others are asked about one by one.
    """

    def __init__(self, clients: Clients, wanted: Mapping[str, Sequence[str]]) -> None:
        self._clients = clients
        self._alarms, self._targets = sorted({*wanted.get(ALARM, ())}), sorted({*wanted.get(SCALABLE_TARGET, ())})
        self._said_of_alarms = _Once(lambda: self._by_name(self._alarms))
        self._said_of_targets = _Once(lambda: self._by_resource(self._targets))
        self._every_policy = _Once(lambda: self._every("describe_scaling_policies", "ScalingPolicies"))
        self._every_action = _Once(lambda: self._every("describe_scheduled_actions", "ScheduledActions"))

    def alarm(self, name: str) -> Any:
        """One alarm, None where there is none.

        Raises:
            CloudError: AWS refused or did not answer.
        """
        return (self._said_of_alarms() if name in self._alarms else self._by_name([name])).get(name)

    def targets(self, resource_id: str) -> Sequence[Any]:
        """The scalable targets of one variant.

        Raises:
            CloudError: AWS refused or did not answer.
        """
        said = self._said_of_targets() if resource_id in self._targets else self._by_resource([resource_id])
        return said.get(resource_id, ())

    def policies(self, resource_id: str) -> Sequence[Any]:
        """The scaling policies of one variant.

        Raises:
            CloudError: AWS refused or did not answer.
        """
        if self._many:
            return self._every_policy().get(resource_id, ())
        return self._every("describe_scaling_policies", "ScalingPolicies", resource_id).get(resource_id, ())

    def actions(self, resource_id: str) -> Sequence[Any]:
        """The scheduled actions of one variant.

        Raises:
            CloudError: AWS refused or did not answer.
        """
        if self._many:
            return self._every_action().get(resource_id, ())
        return self._every("describe_scheduled_actions", "ScheduledActions", resource_id).get(resource_id, ())

    @property
    def _many(self) -> bool:
        return len(self._targets) > _FEW

    def _by_name(self, names: Sequence[str]) -> Mapping[str, Any]:
        client, found = self._clients.of("cloudwatch"), {}
        for some in _parts(names, _ALARMS_A_CALL):
            with translated(f"asking CloudWatch about {_words('alarm', some)}", operation="DescribeAlarms"):
                pages = client.get_paginator("describe_alarms").paginate(AlarmNames=list(some))
                found.update({alarm["AlarmName"]: alarm for page in pages for alarm in page["MetricAlarms"]})
        return found

    def _by_resource(self, resource_ids: Sequence[str]) -> Mapping[str, Sequence[Any]]:
        found: dict[str, list[Any]] = {}
        for some in _parts(resource_ids, _TARGETS_A_CALL):
            with translated(_asking(_words("variant", some)), operation="DescribeScalableTargets"):
                pages = self._scaling.get_paginator("describe_scalable_targets")
                for page in pages.paginate(**_SAGEMAKER, ResourceIds=list(some)):
                    for target in page["ScalableTargets"]:
                        found.setdefault(target["ResourceId"], []).append(target)
        return found

    def _every(self, operation: str, key: str, resource_id: str = "") -> Mapping[str, Sequence[Any]]:
        """By variant: those of one, or of all there are."""
        asked = {"ResourceId": resource_id} if resource_id else {}
        called = "".join(word.capitalize() for word in operation.split("_"))
        found: dict[str, list[Any]] = {}
        with translated(_asking(resource_id or "every variant"), operation=called):
            for page in self._scaling.get_paginator(operation).paginate(**_SAGEMAKER, **asked):
                for item in page[key]:
                    found.setdefault(item["ResourceId"], []).append(item)
        return found

    @property
    def _scaling(self) -> Any:
        return self._clients.of("application-autoscaling")


class _Once(Generic[Answer]):
    """An answer that is asked for once, by whoever comes first; the others wait for it, and share its refusal."""

    def __init__(self, ask: Callable[[], Answer]) -> None:
        self._ask = ask
        self._lock = threading.Lock()
        self._said: list[Answer] = []
        self._refused: CloudError | None = None

    def __call__(self) -> Answer:
        with self._lock:
            if self._refused is not None:
                raise self._refused
            if not self._said:
                try:
                    self._said.append(self._ask())
                except CloudError as error:
                    self._refused = error
                    raise
            return self._said[0]


def _parts(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    yield from (items[start : start + size] for start in range(0, len(items), size))


def _words(noun: str, names: Sequence[str]) -> str:
    return f"{noun} {names[0]}" if len(names) == 1 else f"{len(names)} {noun}s"


def _asking(about: str) -> str:
    return f"asking Application Auto Scaling about {about}"
