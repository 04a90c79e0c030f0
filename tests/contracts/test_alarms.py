"""Alarms have the state that the metrics give them, as far as the sandbox was told any."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from .conftest import REGION, World
from .templates import a_template

ALARM = {
    "AlarmName": "errors",
    "Namespace": "AWS/SageMaker",
    "MetricName": "Invocation5XXErrors",
    "Dimensions": [{"Name": "EndpointName", "Value": "e"}],
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 3,
    "DatapointsToAlarm": 2,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanThreshold",
}


def told(world: World, *values: float | None) -> None:
    """Tell one value for each of the last whole minutes, oldest first."""
    now = world.sandbox.world.clock.now()
    end = now - now % 60
    metrics = [
        {
            "region": REGION,
            "namespace": ALARM["Namespace"],
            "name": ALARM["MetricName"],
            "dimensions": {"EndpointName": "e"},
            "at": datetime.fromtimestamp(end - 60 * (len(values) - number), UTC).isoformat(),
            "value": value,
        }
        for number, value in enumerate(values)
        if value is not None
    ]
    world.sandbox.world.seeds.add({"metrics": metrics})


def state(world: World, **changes: Any) -> str:
    """Put the alarm through a stack, and ask for its state."""
    given = {key: value for key, value in {**ALARM, **changes}.items() if value is not None}
    world.deploy("s", a_template(A={"Type": "AWS::CloudWatch::Alarm", "Properties": given}))
    return asked(world)


def asked(world: World) -> str:
    (found,) = world.client("cloudwatch").describe_alarms(AlarmNames=["errors"])["MetricAlarms"]
    assert found["StateReason"]
    return str(found["StateValue"])


@pytest.mark.parametrize(
    ("values", "changes", "wanted"),
    [
        ((), {}, "INSUFFICIENT_DATA"),
        ((), {"TreatMissingData": "notBreaching"}, "OK"),
        ((), {"TreatMissingData": "breaching"}, "ALARM"),
        ((0, 0, 0), {}, "OK"),
        ((5, 0, 0), {}, "OK"),
        ((5, 0, 5), {}, "ALARM"),
        ((5, None, 0), {"TreatMissingData": "breaching"}, "ALARM"),
        ((5, None, None), {}, "OK"),
        ((5, 5, 5, 0, 0), {}, "OK"),
        ((1, 1, 1), {}, "OK"),
        ((1, 1, 1), {"ComparisonOperator": "GreaterThanOrEqualToThreshold"}, "ALARM"),
        ((0, 0, 0), {"ComparisonOperator": "LessThanThreshold"}, "ALARM"),
        ((5, 5, 5), {"Statistic": None, "ExtendedStatistic": "p99"}, "ALARM"),
        ((5, 5, 5), {"Dimensions": [{"Name": "EndpointName", "Value": "other"}]}, "INSUFFICIENT_DATA"),
        ((5, 5, 5), {"Period": 300}, "INSUFFICIENT_DATA"),
    ],
)
def test_an_alarm_says_what_its_metric_says(world: World, values: Any, changes: Any, wanted: str) -> None:
    world.advance(-world.sandbox.world.clock.now() % 300 + 230)  # past a deployment, it is still before the next five
    state(world, **changes)
    told(world, *values)
    assert asked(world) == wanted


def test_an_alarm_changes_with_time_and_one_that_ignores_keeps_its_state(world: World) -> None:
    state(world, TreatMissingData="ignore")
    told(world, 5, 5, 5)
    assert asked(world) == "ALARM"
    world.advance(3600)
    assert asked(world) == "ALARM"
    told(world, 0, 0, 0)
    assert asked(world) == "OK"


def test_an_alarm_on_an_expression_knows_nothing(world: World) -> None:
    told(world, 5, 5, 5)
    stat = {
        "Metric": {key: ALARM[key] for key in ("Namespace", "MetricName", "Dimensions")},
        "Period": 60,
        "Stat": "Sum",
    }
    query = {"Id": "m", "MetricStat": stat, "ReturnData": True}
    nothing = dict.fromkeys(("Namespace", "MetricName", "Dimensions", "Statistic", "Period"))
    assert state(world, **nothing, Metrics=[query]) == "ALARM"
    twice = {"Id": "e", "Expression": "m * 2", "ReturnData": True}
    assert state(world, **nothing, Metrics=[{**query, "ReturnData": False}, twice]) == "INSUFFICIENT_DATA"


def several(world: World, count: int) -> Any:
    """Deploy alarms on one metric, the last with an action; returns CloudWatch."""
    alarms = {
        f"A{number}": {"Type": "AWS::CloudWatch::Alarm", "Properties": {**ALARM, "AlarmName": f"errors-{number}"}}
        for number in range(count)
    }
    topic = f"arn:aws:sns:{REGION}:123456789012:pager"
    alarms[f"A{count - 1}"]["Properties"] |= {"OKActions": [topic], "Threshold": 100.0}
    world.deploy("s", a_template(**alarms))
    return world.client("cloudwatch")


def names(answer: Any) -> list[str]:
    return [alarm["AlarmName"] for alarm in answer["MetricAlarms"]]


def test_who_asks_for_one_alarm_waits_for_no_other(world: World) -> None:
    cloudwatch, moto = several(world, 5), world.sandbox.world.moto
    told(world, 5, 5, 5)
    before = moto.touched("monitoring")
    (found,) = cloudwatch.describe_alarms(AlarmNames=["errors-1"])["MetricAlarms"]
    assert (found["StateValue"], moto.touched("monitoring") - before) == ("ALARM", 1)
    assert len(cloudwatch.describe_alarms(AlarmNamePrefix="errors-")["MetricAlarms"]) == 5
    assert moto.touched("monitoring") - before == 5  # each once, and no alarm again whose state stays
    cloudwatch.describe_alarms()
    assert moto.touched("monitoring") - before == 5


def test_what_changes_an_alarm_is_seen_by_who_reads_next(world: World) -> None:
    cloudwatch = several(world, 2)
    assert names(cloudwatch.describe_alarms()) == ["errors-0", "errors-1"]
    cloudwatch.disable_alarm_actions(AlarmNames=["errors-1"])
    assert [alarm["ActionsEnabled"] for alarm in cloudwatch.describe_alarms()["MetricAlarms"]] == [True, False]
    cloudwatch.delete_alarms(AlarmNames=["errors-0"])
    assert names(cloudwatch.describe_alarms()) == ["errors-1"]
    world.cfn.delete_stack(StackName="s")
    world.advance()
    assert names(cloudwatch.describe_alarms()) == []


def test_alarms_have_pages_and_every_filter_counts(world: World) -> None:
    cloudwatch = several(world, 5)
    told(world, 5, 5, 5)
    pages = list(cloudwatch.get_paginator("describe_alarms").paginate(PaginationConfig={"PageSize": 2}))
    assert [len(page["MetricAlarms"]) for page in pages] == [2, 2, 1]
    assert names(cloudwatch.describe_alarms(AlarmNamePrefix="errors-", StateValue="OK")) == ["errors-4"]
    assert len(names(cloudwatch.describe_alarms(StateValue="ALARM"))) == 4
    assert names(cloudwatch.describe_alarms(ActionPrefix="arn:aws:sns")) == ["errors-4"]
    assert names(cloudwatch.describe_alarms(AlarmNames=["errors-4"], StateValue="ALARM")) == []
    assert names(cloudwatch.describe_alarms(AlarmTypes=["CompositeAlarm"])) == []
    with pytest.raises(cloudwatch.exceptions.ClientError, match="AlarmNamePrefix"):
        cloudwatch.describe_alarms(AlarmNames=["errors-4"], AlarmNamePrefix="errors")


def test_the_alarms_of_a_metric_are_those_with_its_dimensions(world: World) -> None:
    cloudwatch = several(world, 2)
    told(world, 5, 5, 5)
    metric = {"Namespace": ALARM["Namespace"], "MetricName": ALARM["MetricName"]}
    named = {**metric, "Dimensions": ALARM["Dimensions"]}
    found = cloudwatch.describe_alarms_for_metric(**named)["MetricAlarms"]
    assert {alarm["AlarmName"]: alarm["StateValue"] for alarm in found} == {"errors-0": "ALARM", "errors-1": "OK"}
    assert cloudwatch.describe_alarms_for_metric(**metric)["MetricAlarms"] == []
    assert (
        cloudwatch.describe_alarms_for_metric(**metric, Dimensions=ALARM["Dimensions"], Period=300)["MetricAlarms"]
        == []
    )
