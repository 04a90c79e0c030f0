"""SageMaker hosting, read only, and its containers' logs."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from esmcfn.aws.session import Clients, error_code, error_message, translated
from esmcfn.domain.endpoint import LOG_GROUP, ContainerLog, LogLine, ObservedEndpoint, ObservedVariant

STREAMS = 5
"""Log streams that are read for the last lines, the most recent ones; an endpoint has one an instance."""


class SageMakerEndpoints:
    """The port Endpoints, by SageMaker and CloudWatch Logs."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def observe(self, name: str) -> ObservedEndpoint | None:
        with translated(f"asking SageMaker about endpoint {name}", operation="DescribeEndpoint"):
            try:
                described = self._clients.of("sagemaker").describe_endpoint(EndpointName=name)
            except ClientError as error:
                if _unknown(error):
                    return None
                raise
        return _observed(described)

    def log(self, name: str, *, since: datetime | None = None, most: int = 20) -> ContainerLog:
        group = LOG_GROUP.format(name)
        with translated(f"reading the container log of {name}", operation="FilterLogEvents"):
            try:
                streams = None if since else self._streams(group)
                lines = list(self._since(group, since, most) if since else self._last(group, streams or (), most))
            except ClientError as error:
                if error_code(error) == "ResourceNotFoundException":
                    return ContainerLog(started=False, exists=False)
                raise
        lines.sort(key=lambda line: line.at)
        # A stack of ours may have made the group: only a stream says that a container was there.
        return ContainerLog(started=streams is None or bool(streams), lines=tuple(lines[-most:]))

    def delete_log(self, name: str) -> None:
        with translated(f"deleting the container log of {name}", operation="DeleteLogGroup"):
            try:
                self._clients.of("logs").delete_log_group(logGroupName=LOG_GROUP.format(name))
            except ClientError as error:
                if error_code(error) != "ResourceNotFoundException":
                    raise

    def _streams(self, group: str) -> list[str]:
        """The most recent streams, the latest first."""
        found = self._clients.of("logs").describe_log_streams(
            logGroupName=group, orderBy="LastEventTime", descending=True, limit=STREAMS
        )
        return [stream["logStreamName"] for stream in found["logStreams"]]

    def _last(self, group: str, streams: Iterable[str], most: int) -> Iterator[LogLine]:
        """The ends of these streams."""
        logs = self._clients.of("logs")
        for name in streams:
            events = logs.get_log_events(logGroupName=group, logStreamName=name, limit=most, startFromHead=False)
            for number, event in enumerate(events["events"]):
                yield _line(event, stream=name, event_id=f"{name}/{event['timestamp']}/{number}")

    def _since(self, group: str, since: datetime, most: int) -> Iterable[LogLine]:
        """The last of all streams; CloudWatch gives them oldest first, so all of them are read and few are kept."""
        kept: deque[LogLine] = deque(maxlen=most)
        pages = self._clients.of("logs").get_paginator("filter_log_events")
        for page in pages.paginate(logGroupName=group, startTime=int(since.timestamp() * 1000)):
            kept.extend(
                _line(event, stream=event["logStreamName"], event_id=event["eventId"]) for event in page["events"]
            )
        return kept


def _unknown(error: ClientError) -> bool:
    """Does SageMaker say that there is no such endpoint? It has no error code of its own for that."""
    return error_code(error) == "ValidationException" and "Could not find endpoint" in error_message(error)


def _observed(described: Mapping[str, Any]) -> ObservedEndpoint:
    return ObservedEndpoint(
        name=described["EndpointName"],
        status=described["EndpointStatus"],
        config_name=described.get("EndpointConfigName", ""),
        pending_config=described.get("PendingDeploymentSummary", {}).get("EndpointConfigName", ""),
        failure_reason=described.get("FailureReason", ""),
        variants=tuple(_variant(variant) for variant in described.get("ProductionVariants", [])),
        created_at=described["CreationTime"].astimezone(UTC),
        modified_at=described["LastModifiedTime"].astimezone(UTC),
    )


def _variant(described: Mapping[str, Any]) -> ObservedVariant:
    statuses = [
        ": ".join(filter(None, (status["Status"], status.get("StatusMessage"))))
        for status in described.get("VariantStatus", [])
    ]
    images = (
        image.get("ResolvedImage") or image.get("SpecifiedImage") for image in described.get("DeployedImages", [])
    )
    return ObservedVariant(
        name=described["VariantName"],
        current_count=described.get("CurrentInstanceCount"),
        desired_count=described.get("DesiredInstanceCount"),
        weight=described.get("CurrentWeight"),
        desired_weight=described.get("DesiredWeight"),
        status=", ".join(statuses),
        images=tuple(image for image in images if image),
    )


def _line(event: Mapping[str, Any], *, stream: str, event_id: str) -> LogLine:
    moment = datetime.fromtimestamp(event["timestamp"] / 1000, tz=UTC)
    return LogLine(at=moment, stream=stream, text=event["message"].rstrip("\n"), event_id=event_id)
