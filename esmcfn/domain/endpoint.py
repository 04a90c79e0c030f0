"""What SageMaker says of an endpoint, and what its container wrote."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

IN_SERVICE = "InService"

MOVING = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"})
"""EndpointStatus of an endpoint that will be something else soon, by itself.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html
"""

STILL_SERVING = frozenset({IN_SERVICE, "Updating", "SystemUpdating", "RollingBack", "UpdateRollbackFailed"})
"""EndpointStatus under which callers are answered, possibly by an older configuration."""


class ObservedVariant(Struct, frozen=True, kw_only=True):
    """One production variant as it runs.

    Attributes:
        current_count, desired_count: instances; None where SageMaker does not say.
        weight: traffic relative to the sum over all variants; None where SageMaker does not say.
        status: its own VariantStatus with the message, empty where there is none ("ActivatingTraffic", "Baking", ...).
        images: the container images that run, by digest where SageMaker resolved it.
    """

    name: str
    current_count: int | None = None
    desired_count: int | None = None
    weight: float | None = None
    status: str = ""
    images: tuple[str, ...] = ()


class ObservedEndpoint(Struct, frozen=True, kw_only=True):
    """One endpoint as it runs.

    Attributes:
        status: SageMaker's EndpointStatus.
        config_name: the configuration that it serves; while it is updated, still the old one.
        failure_reason: SageMaker's own words, empty where it has none.
        created_at, modified_at: in UTC.
    """

    name: str
    status: str
    config_name: str
    failure_reason: str = ""
    variants: tuple[ObservedVariant, ...] = ()
    created_at: datetime
    modified_at: datetime

    @property
    def moving(self) -> bool:
        """Will it be something else soon, by itself?"""
        return self.status in MOVING

    @property
    def answers(self) -> bool:
        """Are callers answered, possibly by an older configuration?"""
        return self.status in STILL_SERVING

    def serves(self, config_name: str) -> bool:
        """Is it in service, on this configuration and no other?"""
        return self.status == IN_SERVICE and self.config_name == config_name


class LogLine(Struct, frozen=True, kw_only=True):
    """One line that a container wrote.

    Attributes:
        at: in UTC.
        stream: "variant-1/i-0123..." where the line comes from.
        event_id: CloudWatch's, unique.
    """

    at: datetime
    stream: str
    text: str
    event_id: str


class ContainerLog(Struct, frozen=True, kw_only=True):
    """What an endpoint's containers wrote.

    Attributes:
        started: False where there is no log group: no container ever started, which is capacity, quota, image or role.
        lines: oldest first.
    """

    started: bool
    lines: tuple[LogLine, ...] = ()
