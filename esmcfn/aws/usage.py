"""What endpoints are used for, by CloudWatch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from esmcfn.aws.session import Clients, translated
from esmcfn.domain.audit import Metric, Readings, Series, VariantId, Window
from esmcfn.threads import Pool

QUERIES_A_CALL = 500
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html"""

SIDE_BY_SIDE = 4
"""Calls in flight at a time."""

_HOUR, _DAY = 3_600, 86_400

_ASKED: Mapping[Metric, tuple[str, str, int]] = {
    Metric.INVOCATIONS: ("AWS/SageMaker", "Sum", _HOUR),
    Metric.LATENCY: ("AWS/SageMaker", "Average", _DAY),
    Metric.GPU: ("/aws/sagemaker/Endpoints", "Maximum", _DAY),
    Metric.GPU_MEMORY: ("/aws/sagemaker/Endpoints", "Maximum", _DAY),
    Metric.MEMORY: ("/aws/sagemaker/Endpoints", "Maximum", _DAY),
    Metric.CPU: ("/aws/sagemaker/Endpoints", "Maximum", _DAY),
}
"""Namespace, statistic and seconds of an interval: calls by hour, for nights; the busiest minute of each day's load.

https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
"""

Question = tuple[VariantId, Metric]


class CloudWatchUsage:
    """The port Usage, by GetMetricData."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def measure(self, variants: Sequence[VariantId], window: Window) -> Readings:
        questions = [(variant, metric) for variant in variants for metric in _ASKED]
        calls = [questions[at : at + QUERIES_A_CALL] for at in range(0, len(questions), QUERIES_A_CALL)]
        found: dict[Question, Series] = {}
        with Pool(max_workers=SIDE_BY_SIDE) as pool:
            for answered in pool.map(lambda asked: self._asked(asked, window), calls):
                found.update(answered)
        return found

    def _asked(self, questions: Sequence[Question], window: Window) -> dict[Question, Series]:
        names = {f"q{number}": question for number, question in enumerate(questions)}
        points: dict[str, dict[datetime, float]] = {name: {} for name in names}
        status: dict[str, str] = {}
        with translated("asking CloudWatch what endpoints are used for", operation="GetMetricData"):
            pages = self._clients.of("cloudwatch").get_paginator("get_metric_data")
            for page in pages.paginate(
                MetricDataQueries=list(_queries(names)),
                StartTime=window.start,
                EndTime=window.start + timedelta(days=window.days),
                ScanBy="TimestampAscending",
            ):
                for result in page["MetricDataResults"]:
                    points[result["Id"]].update(_points(result))
                    status[result["Id"]] = result.get("StatusCode", "Complete")
        return {
            question: Series(
                points=points[name],
                refused=status.get(name) == "Forbidden",
                # A page says PartialData of what the next one completes; what says so on its last page is cut short.
                partial=status.get(name) in {"PartialData", "InternalError"},
            )
            for name, question in names.items()
        }


def _queries(names: Mapping[str, Question]) -> Iterator[dict[str, Any]]:
    for name, (variant, metric) in names.items():
        namespace, statistic, seconds = _ASKED[metric]
        yield {
            "Id": name,
            "MetricStat": {
                "Metric": {
                    "Namespace": namespace,
                    "MetricName": metric.value,
                    # Either alone finds nothing: SageMaker publishes under both names together.
                    "Dimensions": [
                        {"Name": "EndpointName", "Value": variant.endpoint},
                        {"Name": "VariantName", "Value": variant.variant},
                    ],
                },
                "Period": seconds,
                "Stat": statistic,
            },
        }


def _points(result: Mapping[str, Any]) -> Iterator[tuple[datetime, float]]:
    for moment, value in zip(result.get("Timestamps", ()), result.get("Values", ()), strict=True):
        yield moment.astimezone(UTC), float(value)
