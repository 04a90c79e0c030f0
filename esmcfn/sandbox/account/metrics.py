"""CloudWatch's metrics: what was put or told, summed up as it was asked. Dashboards are moto's.

PutMetricData takes AWS's own namespaces too, which AWS would refuse: nothing here measures anything by itself.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from esmcfn.sandbox.clock import moment
from esmcfn.sandbox.ground import Ground
from esmcfn.sandbox.pages import page
from esmcfn.sandbox.refusal import Refusal
from esmcfn.sandbox.state import Json
from esmcfn.sandbox.wire import Call, Operation

MOST_DATAPOINTS = 100_800
"""Of one answer of GetMetricData, and what it has unless it says."""
MOST_STATISTICS = 1_440
"""Datapoints of one answer of GetMetricStatistics."""
MOST_METRICS = 500
"""Metrics of one page of ListMetrics."""

PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,10})?|100)")


@dataclass(slots=True, kw_only=True)
class Point:
    """A value that was measured so many times; `at` in seconds since the epoch."""

    at: float
    value: float
    count: float = 1.0
    unit: str = "None"


@dataclass(slots=True, kw_only=True)
class Series:
    """One metric: a namespace, a name and dimensions together; other dimensions are another metric."""

    region: str
    namespace: str
    name: str
    dimensions: dict[str, str] = field(default_factory=dict)
    points: list[Point] = field(default_factory=list)

    @property
    def key(self) -> str:
        """The name of its file."""
        return hashlib.sha256(_identity(self.region, self.namespace, self.name, self.dimensions).encode()).hexdigest()

    @property
    def shown(self) -> dict[str, Json]:
        """The metric as the API shows it."""
        dimensions = [{"Name": name, "Value": value} for name, value in self.dimensions.items()]
        return {"Namespace": self.namespace, "MetricName": self.name, "Dimensions": dimensions}


STATISTICS: Mapping[str, Callable[[Sequence[Point]], float]] = {
    "SampleCount": lambda points: sum(point.count for point in points),
    "Sum": lambda points: sum(point.value * point.count for point in points),
    "Average": lambda points: sum(p.value * p.count for p in points) / sum(p.count for p in points),
    "Minimum": lambda points: min(point.value for point in points),
    "Maximum": lambda points: max(point.value for point in points),
}


class Metrics:
    """Every metric, by what identifies it."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self._series: dict[str, Series] = {}
        for _, found in ground.store.all("metrics", Series):
            self._series[_identity(found.region, found.namespace, found.name, found.dimensions)] = found

    @property
    def series(self) -> list[Series]:
        """Every metric there is."""
        return list(self._series.values())

    @property
    def operations(self) -> dict[str, Operation]:
        """Operation name to function."""
        return {
            "PutMetricData": self.put,
            "GetMetricData": self.data,
            "GetMetricStatistics": self.statistics,
            "ListMetrics": self.listed,
        }

    def add(self, region: str, namespace: str, name: str, dimensions: Mapping[str, str], points: list[Point]) -> None:
        """Put points of a metric."""
        identity = _identity(region, namespace, name, dimensions)
        found = self._series.setdefault(
            identity, Series(region=region, namespace=namespace, name=name, dimensions=dict(dimensions))
        )
        found.points = sorted([*found.points, *points], key=lambda point: point.at)
        self.ground.store.put("metrics", found.key, found)

    def put(self, call: Call) -> Json:
        """PutMetricData."""
        given = call.parameters
        if not given.get("MetricData"):
            raise _wrong("The parameter MetricData is required.")
        told = [(datum, list(self._points(datum))) for datum in given["MetricData"]]
        for datum, points in told:
            self.add(call.region, given["Namespace"], datum["MetricName"], _dimensions(datum), points)
        return {}

    def _points(self, datum: Json) -> Iterator[Point]:
        if "StatisticValues" in datum:
            raise _wrong("The sandbox does not support StatisticValues: put Value, or Values and Counts")
        if ("Value" in datum) == ("Values" in datum):
            raise _wrong(
                "The parameters MetricData.member.1.Value and MetricData.member.1.Values: specify exactly one."
            )
        values = datum.get("Values", [datum.get("Value")])
        counts = datum.get("Counts", [1.0] * len(values))
        if len(counts) != len(values):
            raise _wrong("The parameters Values and Counts must be of the same size.")
        at = _seconds(datum["Timestamp"]) if "Timestamp" in datum else self.ground.clock.now()
        for value, count in zip(values, counts, strict=True):
            yield Point(at=at, value=float(value), count=float(count), unit=datum.get("Unit", "None"))

    # Reading

    def data(self, call: Call) -> Json:
        """GetMetricData: the newest first, unless ScanBy says otherwise."""
        given = call.parameters
        start, end = _window(given)
        newest_first = given.get("ScanBy", "TimestampDescending") == "TimestampDescending"
        queries = [query for query in given["MetricDataQueries"] if _checked(query).get("ReturnData", True)]
        if len({query["Id"] for query in given["MetricDataQueries"]}) != len(given["MetricDataQueries"]):
            raise _wrong("The Ids of MetricDataQueries must be unique.")
        values: list[tuple[str, float, float]] = []
        for query in queries:
            stat = query["MetricStat"]
            found = self.points(call.region, stat["Metric"], stat.get("Unit"))
            rows = list(buckets(found, start, end, int(stat["Period"]), statistic(stat["Stat"])))
            values += [(query["Id"], at, value) for at, value in (rows[::-1] if newest_first else rows)]
        most = int(given.get("MaxDatapoints", self.ground.pages.get("GetMetricData", MOST_DATAPOINTS)))
        some, token = page(values, given.get("NextToken"), most, call)
        shown: dict[str, list[tuple[float, float]]] = {}
        for name, at, value in some:
            shown.setdefault(name, []).append((at, value))
        later = {name for name, _, _ in page(values, token, len(values), call)[0]} if token else set()
        return {
            "MetricDataResults": [
                _result(query, shown.get(query["Id"], []), partial=query["Id"] in later) for query in queries
            ],
            "NextToken": token,
            "Messages": [],
        }

    def statistics(self, call: Call) -> Json:
        """GetMetricStatistics."""
        given = call.parameters
        start, end = _window(given)
        named, extended = given.get("Statistics", ()), given.get("ExtendedStatistics", ())
        if bool(named) == bool(extended):
            raise _wrong("Must specify either Statistics or ExtendedStatistics")
        found, period = self.points(call.region, given, given.get("Unit")), int(given["Period"])
        points: dict[float, dict[str, Json]] = {}
        for name in (*named, *extended):
            for at, value in buckets(found, start, end, period, statistic(name)):
                point = points.setdefault(at, {"Timestamp": moment(at), "Unit": found[0].unit})
                if name in named:
                    point[name] = value
                else:
                    point.setdefault("ExtendedStatistics", {})[name] = value
        if len(points) > MOST_STATISTICS:
            raise Refusal(
                "InvalidParameterCombination",
                f"You have requested up to {len(points):,} datapoints, which exceeds the limit of "
                f"{MOST_STATISTICS:,}. You may reduce the datapoints requested by increasing Period, or decreasing "
                "the time range.",
            )
        return {"Label": given["MetricName"], "Datapoints": list(points.values())}

    def listed(self, call: Call) -> Json:
        """ListMetrics."""
        given = call.parameters
        wanted, name = given.get("Namespace"), given.get("MetricName")
        filters = given.get("Dimensions", ())
        found = [
            series.shown
            for series in self._series.values()
            if series.region == call.region
            and wanted in (None, series.namespace)
            and name in (None, series.name)
            and all(_has(series, item) for item in filters)
        ]
        size = self.ground.pages.get("ListMetrics", MOST_METRICS)
        some, token = page(found, given.get("NextToken"), size, call)
        return {"Metrics": some, "NextToken": token}

    def points(self, region: str, metric: Json, unit: str | None) -> list[Point]:
        """Return the points of a metric, oldest first."""
        identity = _identity(region, metric["Namespace"], metric["MetricName"], _dimensions(metric))
        found = self._series.get(identity)
        return [point for point in found.points if unit in (None, point.unit)] if found is not None else []


def _identity(region: str, namespace: str, name: str, dimensions: Mapping[str, str]) -> str:
    return json.dumps([region, namespace, name, sorted(dimensions.items())])


def _dimensions(given: Json) -> dict[str, str]:
    found = {item["Name"]: item["Value"] for item in given.get("Dimensions", ())}
    if len(found) != len(given.get("Dimensions", ())):
        raise _wrong("No two dimensions may have the same name.")
    return found


def _has(series: Series, wanted: Json) -> bool:
    return wanted["Name"] in series.dimensions and wanted.get("Value") in (None, series.dimensions[wanted["Name"]])


def _checked(query: Json) -> Json:
    """Refuse a query that cannot be answered: silence would look like a metric without data."""
    if "Expression" in query:
        raise _wrong("The sandbox evaluates no Expression: ask for a MetricStat")
    if "AccountId" in query:
        raise _wrong("The sandbox has one account: no AccountId")
    if "MetricStat" not in query:
        raise _wrong("Each of MetricDataQueries must have a MetricStat or an Expression.")
    return query


def statistic(name: str) -> Callable[[Sequence[Point]], float]:
    """Return how the points of an interval become one value.

    Raises:
        Refusal: it is none that the sandbox knows.
    """
    if name in STATISTICS:
        return STATISTICS[name]
    percent = PERCENTILE.fullmatch(name)
    if percent is None:
        raise _wrong(f"The sandbox knows {', '.join(STATISTICS)} and percentiles such as p99, not the statistic {name}")
    share = float(percent[1]) / 100
    return lambda points: _percentile(points, share)


def _percentile(points: Sequence[Point], share: float) -> float:
    """The smallest value that this share of the measurements does not exceed."""
    ordered = sorted(points, key=lambda point: point.value)
    needed, seen = share * sum(point.count for point in ordered), 0.0
    for point in ordered:
        seen += point.count
        if seen >= needed:
            return point.value
    return ordered[-1].value


def _window(given: Json) -> tuple[float, float]:
    """Return the start, in whole minutes, and the end of what is asked for, in seconds since the epoch."""
    start, end = _seconds(given["StartTime"]), _seconds(given["EndTime"])
    if start >= end:
        raise _wrong("The parameter StartTime must be less than the parameter EndTime.")
    return math.floor(start / 60) * 60.0, end


def buckets(
    points: Sequence[Point], start: float, end: float, period: int, statistic: Callable[[Sequence[Point]], float]
) -> Iterator[tuple[float, float]]:
    """Yield the value of each interval that has any, oldest first; intervals begin at the start."""
    if period < 1 or (period >= 60 and period % 60):
        raise _wrong("The parameter Period must be a multiple of 60, or 1, 5, 10, 20 or 30.")
    found: dict[int, list[Point]] = {}
    for point in points:
        if start <= point.at < end:
            found.setdefault(int((point.at - start) // period), []).append(point)
    for number, inside in sorted(found.items()):
        yield start + number * period, statistic(inside)


def _result(query: Json, shown: Sequence[tuple[float, float]], *, partial: bool) -> dict[str, Json]:
    return {
        "Id": query["Id"],
        "Label": query.get("Label", query["MetricStat"]["Metric"]["MetricName"]),
        "Timestamps": [moment(at) for at, _ in shown],
        "Values": [value for _, value in shown],
        "StatusCode": "PartialData" if partial else "Complete",
    }


def _seconds(value: Json) -> float:
    return value.timestamp() if isinstance(value, datetime) else float(value)


def _wrong(message: str) -> Refusal:
    return Refusal("InvalidParameterValue", message)
