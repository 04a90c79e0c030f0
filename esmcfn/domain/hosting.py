"""How an endpoint is run: how far it scales by itself, when somebody is told, what its instances are encrypted with."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

COOLDOWN_SECONDS = 300
"""Seconds between two changes in the same direction, where nobody says otherwise.

https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling-prerequisites.html
"""


LOG_RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
"""Days for which CloudWatch can keep a log.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
"""


VOLUME_ACTIONS = ("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKeyWithoutPlaintext")
"""What the execution role needs of the key of its instances' volumes, besides the grant for AWS's own services.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ebs-encryption-requirements.html
"""


class ScalingMetric(StrEnum):
    """What autoscaling keeps at its target: requests a minute and instance, or requests under way at a time."""

    INVOCATIONS = "invocations"
    CONCURRENT_REQUESTS = "concurrent_requests"


class ScheduledScaling(Struct, frozen=True, kw_only=True):
    """From a moment on, other bounds.

    Attributes:
        name: unique within its endpoint.
        cron: minutes, hours, day of month, month, day of week, year; one of the two days is a question mark.
        timezone: of the IANA's list.
        min_capacity, max_capacity: instances.
    """

    name: str
    cron: str
    timezone: str
    min_capacity: int
    max_capacity: int


class Autoscaling(Struct, frozen=True, kw_only=True):
    """Bounds between which Application Auto Scaling moves the instances of the one variant.

    Attributes:
        min_capacity, max_capacity: instances, 1 or more; a real-time endpoint cannot scale to 0.
        target_value: of the metric, per instance.
        scale_in_cooldown, scale_out_cooldown: seconds.
    """

    min_capacity: int
    max_capacity: int
    target_value: Decimal
    metric: ScalingMetric = ScalingMetric.INVOCATIONS
    scale_in_cooldown: int = COOLDOWN_SECONDS
    scale_out_cooldown: int = COOLDOWN_SECONDS
    schedule: tuple[ScheduledScaling, ...] = ()

    @property
    def least(self) -> int:
        """Instances at the quietest moment, schedule included."""
        return min(self.min_capacity, *(each.min_capacity for each in self.schedule), self.max_capacity)

    @property
    def most(self) -> int:
        """Instances at the busiest moment, schedule included."""
        return max(self.max_capacity, *(each.max_capacity for each in self.schedule), self.min_capacity)


LATENCY_MS = 48_000
"""Milliseconds that a model may take where nobody says otherwise: 80 percent of the 60 seconds after which SageMaker
gives up on a container.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
"""


class Alarms(Struct, frozen=True, kw_only=True):
    """When somebody is told about an endpoint; None where nobody is, of this.

    Attributes:
        invocation_5xx_errors: answers of 5xx in 5 minutes, 1 or more.
        model_latency_p99_ms: milliseconds that the slowest hundredth of the requests takes, up to 60,000.
        disk_percent: of an instance's disk in use, 1 to 100.
    """

    invocation_5xx_errors: int | None = 1
    model_latency_p99_ms: int | None = LATENCY_MS
    disk_percent: int | None = None

    @property
    def any(self) -> bool:
        """Is there one at all?"""
        return (self.invocation_5xx_errors, self.model_latency_p99_ms, self.disk_percent) != (None, None, None)


class AlarmTopic(Struct, frozen=True, kw_only=True):
    """Where alarms go.

    Attributes:
        emails: who is told; everybody has to confirm the mail that AWS sends first.
    """

    name: str
    emails: tuple[str, ...]
