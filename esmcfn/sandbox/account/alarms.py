"""The state of alarms, as the metrics have it: moto keeps the alarms and takes each for OK.

An alarm is looked at when somebody asks for it, that one and no other, and acts on nothing. One on an expression, or on
a statistic that the sandbox does not know, has insufficient data.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping

from esmcfn.sandbox.account.metrics import Metrics, buckets, statistic
from esmcfn.sandbox.ground import Ground
from esmcfn.sandbox.pages import page
from esmcfn.sandbox.refusal import Refusal
from esmcfn.sandbox.state import Json
from esmcfn.sandbox.wire import Call, Operation

MOST_ALARMS = 50
"""Alarms of one page unless MaxRecords says otherwise, 100 at most; AWS documents no number."""

BREACHES: Mapping[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}
"""A comparison with a number, and how CloudWatch says it; the others are with a band."""

SIGNED_AS = "monitoring"

State = tuple[str, str]
"""A state, and its reason."""


class Alarms:
    """What the alarms of every region say now."""

    def __init__(self, ground: Ground, metrics: Metrics) -> None:
        self.ground = ground
        self.metrics = metrics
        self._read: dict[str, tuple[int, Json]] = {}

    @property
    def operations(self) -> dict[str, Operation]:
        """Operation name to function."""
        return {"DescribeAlarms": self.describe, "DescribeAlarmsForMetric": self.of_metric}

    def describe(self, call: Call) -> Json:
        """DescribeAlarms."""
        given, region = call.parameters, call.region
        names, prefix = given.get("AlarmNames"), given.get("AlarmNamePrefix")
        if names and prefix:
            raise Refusal("ValidationError", "AlarmNamePrefix cannot be specified along with AlarmNames.")
        kinds = given.get("AlarmTypes") or ["MetricAlarm"]
        state, action = given.get("StateValue"), given.get("ActionPrefix")
        kept = self._kept(region, {k: v for k, v in (("AlarmNames", names), ("AlarmNamePrefix", prefix)) if v})
        found = [(kind, alarm) for kind in ("CompositeAlarm", "MetricAlarm") if kind in kinds for alarm in kept[kind]]
        found = [item for item in found if action is None or _acts(item[1], action)]
        if state is not None:
            found = [item for item in self._settled(region, found) if item[1]["StateValue"] == state]
        size = int(given.get("MaxRecords") or self.ground.pages.get("DescribeAlarms", MOST_ALARMS))
        some, token = page(found, given.get("NextToken"), size, call)
        shown = self._settled(region, some)
        return {
            "MetricAlarms": [alarm for kind, alarm in shown if kind == "MetricAlarm"],
            "CompositeAlarms": [alarm for kind, alarm in shown if kind == "CompositeAlarm"],
            "NextToken": token,
        }

    def of_metric(self, call: Call) -> Json:
        """DescribeAlarmsForMetric."""
        given = call.parameters
        wanted = {name: given.get(name) for name in ("Statistic", "ExtendedStatistic", "Period", "Unit")}
        found = [
            ("MetricAlarm", alarm)
            for alarm in self._kept(call.region, {})["MetricAlarm"]
            if (alarm.get("Namespace"), alarm.get("MetricName")) == (given["Namespace"], given["MetricName"])
            and _dimensions(alarm) == _dimensions(given)
            and all(value in (None, alarm.get(name)) for name, value in wanted.items())
        ]
        return {"MetricAlarms": [alarm for _, alarm in self._settled(call.region, found)]}

    def _kept(self, region: str, wanted: Json) -> dict[str, list[Json]]:
        """Return the alarms that moto has, by their type: all, or those that are wanted.

        Asking moto costs a millisecond an alarm, so all of them are asked for once, until one may have changed.
        """
        touched, found = self._read.get(region, (-1, {}))
        if touched != self.ground.moto.touched(SIGNED_AS):
            answer = self.ground.moto.call("cloudwatch", "DescribeAlarms", region, wanted)
            found = {"MetricAlarm": answer["MetricAlarms"], "CompositeAlarm": answer.get("CompositeAlarms") or []}
            if not wanted:
                self._read[region] = self.ground.moto.touched(SIGNED_AS), found
        names, prefix = wanted.get("AlarmNames"), wanted.get("AlarmNamePrefix", "")
        return {
            kind: [
                a for a in alarms if (names is None or a["AlarmName"] in names) and a["AlarmName"].startswith(prefix)
            ]
            for kind, alarms in found.items()
        }

    def _settled(self, region: str, alarms: list[tuple[str, Json]]) -> list[tuple[str, Json]]:
        """Bring alarms to the state that their metrics give them now, and return them so."""
        for kind, alarm in alarms:
            if kind == "MetricAlarm":
                self._settle(region, alarm)
        return alarms

    def _settle(self, region: str, alarm: Json) -> None:
        state, reason = self._state(region, alarm)
        if not state or (state, reason) == (alarm["StateValue"], alarm.get("StateReason")):
            return
        current = self._read.get(region, (-1, {}))[0] == self.ground.moto.touched(SIGNED_AS)
        asked = {"AlarmName": alarm["AlarmName"], "StateValue": state, "StateReason": reason}
        self.ground.moto.call("cloudwatch", "SetAlarmState", region, asked)
        alarm |= {"StateValue": state, "StateReason": reason}
        if current:  # what was read is what moto has, with this change too
            self._read[region] = self.ground.moto.touched(SIGNED_AS), self._read[region][1]

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


def _called(alarm: Json, wanted: Json) -> bool:
    name = alarm["AlarmName"]
    return name in wanted.get("AlarmNames", [name]) and bool(name.startswith(wanted.get("AlarmNamePrefix", "")))


def _acts(alarm: Json, prefix: str) -> bool:
    actions = (alarm.get(name) or () for name in ("AlarmActions", "OKActions", "InsufficientDataActions"))
    return any(action.startswith(prefix) for some in actions for action in some)


def _dimensions(given: Json) -> list[tuple[str, str]]:
    return sorted((item["Name"], item["Value"]) for item in given.get("Dimensions") or ())


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
