"""The state of alarms, as the metrics have it: moto keeps the alarms and takes each for OK.

An alarm is looked at when somebody asks for it, and acts on nothing. One on an expression, or on a statistic that the
sandbox does not know, has insufficient data.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Mapping

from esmcfn.sandbox.account.metrics import Metrics, buckets, statistic
from esmcfn.sandbox.ground import Ground
from esmcfn.sandbox.refusal import Refusal
from esmcfn.sandbox.state import Json

READING = frozenset({"DescribeAlarms", "DescribeAlarmsForMetric", "DescribeAlarmHistory"})
"""What shows an alarm's state."""

BREACHES: Mapping[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}
"""A comparison with a number, and how CloudWatch says it; the others are with a band."""

State = tuple[str, str]
"""A state, and its reason."""


class Alarms:
    """What the alarms of every region say now."""

    def __init__(self, ground: Ground, metrics: Metrics) -> None:
        self.ground = ground
        self.metrics = metrics

    def settle(self, region: str) -> None:
        """Bring every alarm of a region to the state that its metric gives it now."""
        for alarm in list(self._live(region)):
            state, reason = self._state(region, alarm)
            if state and (state, reason) != (alarm["StateValue"], alarm.get("StateReason")):
                asked = {"AlarmName": alarm["AlarmName"], "StateValue": state, "StateReason": reason}
                self.ground.moto.call("cloudwatch", "SetAlarmState", region, asked)

    def _live(self, region: str) -> Iterator[Json]:
        given: Json = {"AlarmTypes": ["MetricAlarm"]}
        while True:
            answer = self.ground.moto.call("cloudwatch", "DescribeAlarms", region, given)
            yield from answer["MetricAlarms"]
            if not answer.get("NextToken"):
                return
            given = {**given, "NextToken": answer["NextToken"]}

    def _state(self, region: str, alarm: Json) -> State:
        """Return the state and its reason; nothing where the alarm keeps the state that it has."""
        measured = _measured(alarm)
        if measured is None or alarm["ComparisonOperator"] not in BREACHES:
            return "INSUFFICIENT_DATA", "The sandbox evaluates no expressions"
        try:
            values = self._values(region, alarm, measured)
        except Refusal as refusal:
            return "INSUFFICIENT_DATA", refusal.message
        return _judged(alarm, values)

    def _values(self, region: str, alarm: Json, measured: Json) -> list[float | None]:
        """Return the value of each of the last whole periods, oldest first; None where nothing was measured."""
        period, periods = int(measured["Period"]), int(alarm["EvaluationPeriods"])
        end = math.floor(self.ground.clock.now() / period) * period
        start = float(end - period * periods)
        points = self.metrics.points(region, measured["Metric"], measured.get("Unit"))
        found = dict(buckets(points, start, end, period, statistic(measured["Stat"])))
        return [found.get(start + number * period) for number in range(periods)]


def _measured(alarm: Json) -> Json:
    """Return the one metric that an alarm looks at, as a MetricStat; None where it looks at an expression."""
    if alarm.get("MetricName"):
        stat = alarm.get("Statistic") or alarm.get("ExtendedStatistic")
        found = {"Metric": alarm, "Period": alarm.get("Period", 60), "Stat": stat}
        return {**found, "Unit": alarm["Unit"]} if alarm.get("Unit") else found
    queries = alarm.get("Metrics") or []
    return queries[0].get("MetricStat") if len(queries) == 1 else None


def _judged(alarm: Json, values: list[float | None]) -> State:
    breaches, words = BREACHES[alarm["ComparisonOperator"]]
    threshold = float(alarm["Threshold"])
    needed = int(alarm.get("DatapointsToAlarm") or alarm["EvaluationPeriods"])
    treated = alarm.get("TreatMissingData") or "missing"
    known = [value for value in values if value is not None]
    bad = [value for value in known if breaches(value, threshold)]
    missing = len(values) - len(known)
    count = len(bad) + (missing if treated == "breaching" else 0)
    told = f"{count} out of the last {len(values)} datapoints"
    if count >= needed:
        return "ALARM", f"Threshold Crossed: {told} were {words} the threshold ({threshold})."
    if not known and treated == "ignore":
        return "", ""
    if not known and treated == "missing":
        return "INSUFFICIENT_DATA", f"Insufficient Data: {missing} datapoints were unknown."
    return "OK", f"Threshold Crossed: {told} were {words} the threshold ({threshold})."
