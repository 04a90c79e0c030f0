"""What SageMaker says of an endpoint, and what its container wrote."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

IN_SERVICE = "InService"

MOVING = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"})
"""EndpointStatus of an endpoint that will be something else soon, by itself.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html
"""

STILL_SERVING = frozenset({IN_SERVICE, "Updating", "SystemUpdating", "RollingBack", "UpdateRollbackFailed"})
"""EndpointStatus under which callers are answered, possibly by an older configuration."""

BROKEN = frozenset({"Failed", "OutOfService", "UpdateRollbackFailed"})
"""EndpointStatus that stays until somebody does something."""

ENDPOINT_STATUSES: Mapping[str, str] = {
    "OutOfService": "it takes no requests, and nothing is under way that would change that",
    "Creating": "SageMaker starts the instances, pulls the image and loads the model: 10 to 25 minutes",
    "Updating": "new instances are started beside the old ones, which go on answering",
    "SystemUpdating": "AWS maintains it: it answers, and takes no changes until that is done",
    "RollingBack": "the update failed, and SageMaker goes back; the old instances answer",
    IN_SERVICE: "",
    "Deleting": "it is being deleted",
    "Failed": "it could not be made: it answers nobody, and costs nothing",
    "UpdateRollbackFailed": "the update failed and so did going back: old and new instances answer side by side",
}
"""Every EndpointStatus to what it means for callers, empty where that goes without saying.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html
"""

VARIANT_STATUSES: Mapping[str, str] = {
    "Creating": "instances are started",
    "Updating": "instances are changed",
    "Deleting": "instances are stopped",
    "ActivatingTraffic": "traffic moves to it",
    "Baking": "its alarms are watched before the old instances go",
}
"""Every VariantStatus to what it means.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProductionVariantStatus.html
"""


class ObservedVariant(Struct, frozen=True, kw_only=True):
    """One production variant as it runs.

    Attributes:
        current_count, desired_count: instances; None where SageMaker does not say.
        weight, desired_weight: traffic relative to the sum over all variants; None where SageMaker does not say.
        status: its own VariantStatus with the message, empty where there is none ("ActivatingTraffic", "Baking", ...).
        images: the container images that run, by digest where SageMaker resolved it.
    """

    name: str
    current_count: int | None = None
    desired_count: int | None = None
    weight: float | None = None
    desired_weight: float | None = None
    status: str = ""
    images: tuple[str, ...] = ()


class ObservedEndpoint(Struct, frozen=True, kw_only=True):
    """One endpoint as it runs.

    Attributes:
        status: SageMaker's EndpointStatus.
        config_name: the configuration that it serves; while it is updated, still the old one.
        pending_config: the configuration that it is being updated to, empty where it is not.
        failure_reason: SageMaker's own words, empty where it has none.
        created_at, modified_at: in UTC.
    """

    name: str
    status: str
    config_name: str
    pending_config: str = ""
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


LOG_GROUP = "/aws/sagemaker/Endpoints/{}"
"""Where SageMaker puts what an endpoint's containers write.

https://docs.aws.amazon.com/sagemaker/latest/dg/logging-cloudwatch.html
"""


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
        started: False where nothing was ever written: no container started, which is capacity, quota, image or role.
        exists: False where there is not even a log group; a stack may have made one that nobody wrote into.
        lines: oldest first.
    """

    started: bool
    exists: bool = True
    lines: tuple[LogLine, ...] = ()


class Logged(Struct, frozen=True, kw_only=True):
    """What the containers of one model's endpoint wrote, as `logs` shows it.

    Attributes:
        since: only what was written at or after this moment was asked for, in UTC; None for the last lines whenever.
    """

    environment: str
    model: str
    endpoint_name: str
    log: ContainerLog
    since: datetime | None = None

    @property
    def log_group(self) -> str:
        """CloudWatch's name for it, whether it exists or not."""
        return LOG_GROUP.format(self.endpoint_name)
