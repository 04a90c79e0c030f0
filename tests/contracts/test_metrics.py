"""CloudWatch's metrics: what was put or told is summed up as it was asked, and nothing is made up."""

from __future__ import annotations

import http.client
import subprocess
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from esmcfn.sandbox.clock import Clock
from esmcfn.sandbox.world import World as Whole

from .conftest import World
from .test_aws_cli import AWS

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
WHO = [{"Name": "EndpointName", "Value": "e"}, {"Name": "VariantName", "Value": "v"}]


def put(world: World, *values: float, every: int = 60, **more: Any) -> None:
    """Put values a minute apart, from noon on."""
    points = [
        {
            "MetricName": "Invocations",
            "Dimensions": WHO,
            "Timestamp": NOON + timedelta(seconds=every * number),
            "Value": value,
            **more,
        }
        for number, value in enumerate(values)
    ]
    world.client("cloudwatch").put_metric_data(Namespace="AWS/SageMaker", MetricData=points)


def a_query(stat: str = "Sum", period: int = 300, name: str = "q", **more: Any) -> dict[str, Any]:
    metric = {"Namespace": "AWS/SageMaker", "MetricName": "Invocations", "Dimensions": WHO, **more}
    return {"Id": name, "MetricStat": {"Metric": metric, "Period": period, "Stat": stat}}


def data(world: World, *queries: dict[str, Any], **more: Any) -> dict[str, list[float]]:
    """Return values by query, oldest first unless it is said otherwise, of all pages."""
    given = {"StartTime": NOON, "EndTime": NOON + timedelta(hours=1), "ScanBy": "TimestampAscending", **more}
    pages = (
        world.client("cloudwatch").get_paginator("get_metric_data").paginate(MetricDataQueries=list(queries), **given)
    )
    found: dict[str, list[float]] = {}
    for page in pages:
        for result in page["MetricDataResults"]:
            found.setdefault(result["Id"], []).extend(result["Values"])
    return found


@pytest.mark.parametrize(
    ("stat", "values"),
    [
        ("Sum", [10, 11]),
        ("Average", [2, 5.5]),
        ("Minimum", [0, 5]),
        ("Maximum", [4, 6]),
        ("SampleCount", [5, 2]),
        ("p50", [2, 5]),
        ("p100", [4, 6]),
    ],
)
def test_a_statistic_is_of_what_was_put(world: World, stat: str, values: list[float]) -> None:
    put(world, 0, 1, 2, 3, 4, 5, 6)
    assert data(world, a_query(stat)) == {"q": values}


def test_dimensions_are_part_of_a_metric(world: World) -> None:
    put(world, 1)
    assert data(world, a_query(Dimensions=WHO[:1]), a_query(name="all", Dimensions=WHO[::-1])) == {"q": [], "all": [1]}
    found = world.client("cloudwatch").list_metrics(Namespace="AWS/SageMaker", Dimensions=WHO[1:])["Metrics"]
    assert found == [{"Namespace": "AWS/SageMaker", "MetricName": "Invocations", "Dimensions": WHO}]
    assert world.client("cloudwatch").list_metrics(MetricName="Other")["Metrics"] == []


def test_intervals_begin_at_the_start_and_the_end_is_outside(world: World) -> None:
    put(world, 1, 2, 4, 8)
    late = {"StartTime": NOON + timedelta(minutes=1, seconds=20), "EndTime": NOON + timedelta(minutes=3)}
    assert data(world, a_query(period=60), **late) == {"q": [2, 4]}
    given = {"StartTime": NOON, "EndTime": NOON + timedelta(hours=1)}
    answer = world.client("cloudwatch").get_metric_data(MetricDataQueries=[a_query(period=60)], **given)
    (result,) = answer["MetricDataResults"]
    assert result["Values"] == [8, 4, 2, 1], "the newest first by default"
    assert result["Timestamps"][-1] == NOON


def test_values_may_be_counted_and_have_units(world: World) -> None:
    given = {"MetricName": "Invocations", "Dimensions": WHO, "Timestamp": NOON}
    counted = [{**given, "Values": [1.0, 5.0], "Counts": [3.0, 1.0], "Unit": "Count"}]
    world.client("cloudwatch").put_metric_data(Namespace="AWS/SageMaker", MetricData=counted)
    assert data(world, a_query("Sum"), a_query("SampleCount", name="n")) == {"q": [8], "n": [4]}
    asked = {
        "Namespace": "AWS/SageMaker",
        "MetricName": "Invocations",
        "Dimensions": WHO,
        "StartTime": NOON,
        "EndTime": NOON + timedelta(hours=1),
        "Period": 3600,
    }
    cloudwatch = world.client("cloudwatch")
    (point,) = cloudwatch.get_metric_statistics(**asked, Statistics=["Sum", "Average"])["Datapoints"]
    assert (point["Sum"], point["Average"], point["Unit"]) == (8, 2, "Count")
    (point,) = cloudwatch.get_metric_statistics(**asked, ExtendedStatistics=["p90"])["Datapoints"]
    assert point["ExtendedStatistics"] == {"p90": 5}
    assert cloudwatch.get_metric_statistics(**asked, Statistics=["Sum"], Unit="Bytes")["Datapoints"] == []


def test_a_long_answer_has_pages_and_says_what_is_partial(world: World) -> None:
    put(world, 1, 2, 3, 4, 5)
    world.sandbox.world.pages["GetMetricData"] = 2
    given = {"StartTime": NOON, "EndTime": NOON + timedelta(hours=1)}
    first = world.client("cloudwatch").get_metric_data(MetricDataQueries=[a_query(period=60)], **given)
    assert (first["MetricDataResults"][0]["StatusCode"], bool(first["NextToken"])) == ("PartialData", True)
    assert data(world, a_query(period=60), a_query("Maximum", name="m")) == {"q": [1, 2, 3, 4, 5], "m": [5]}


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"Id": "q", "Expression": "SUM(METRICS())"}, "evaluates no Expression"),
        ({"Id": "q"}, "must have a MetricStat or an Expression"),
        (a_query("tm99"), "not the statistic tm99"),
        (a_query(period=90), "multiple of 60"),
    ],
)
def test_what_cannot_be_answered_is_refused_and_not_empty(world: World, query: Any, told: str) -> None:
    put(world, 1)
    with pytest.raises(ClientError, match=told):
        data(world, query)


def test_metrics_can_be_told_and_survive_a_restart(world: World) -> None:
    told = {"region": "us-east-2", "namespace": "AWS/SageMaker", "name": "Invocations", "value": 7}
    dimensions = {item["Name"]: item["Value"] for item in WHO}
    seeds = world.sandbox.world.seeds
    seeds.add({"metrics": [{**told, "dimensions": dimensions, "at": "2026-11-01T12:00:30Z"}]})
    assert data(world, a_query()) == {"q": [7]}
    again = Whole(world.sandbox.world.store._folder, clock=Clock(speed=0))
    assert again.metrics._series == world.sandbox.world.metrics._series
    for wrong in ({"at": "2026-11-01T12:00:30"}, {"at": "noon"}, {"at": "2026-11-01T12:00:30Z", "colour": "red"}):
        with pytest.raises(Exception, match="a seed is not as it should be"):
            seeds.add({"metrics": [{**told, **wrong}]})


def test_many_points_are_sent_compressed(world: World) -> None:
    put(world, *range(900), every=1)
    assert data(world, a_query(period=3600)) == {"q": [sum(range(900))]}


def test_a_body_that_is_not_gzip_is_refused(world: World) -> None:
    port = int(world.sandbox.endpoint_url.rpartition(":")[2])
    connection = http.client.HTTPConnection("127.0.0.1", port)
    scope = "AWS4-HMAC-SHA256 Credential=k/20260101/us-east-2/monitoring/aws4_request, SignedHeaders=host, Signature=0"
    connection.request("POST", "/", body=b"no", headers={"Content-Encoding": "gzip", "Authorization": scope})
    answer = connection.getresponse()
    assert (answer.status, b"SerializationException" in answer.read()) == (400, True)
    connection.close()


@pytest.mark.skipif(not AWS.exists(), reason="make test installs the aws command line")
def test_the_command_line_puts_and_reads_metrics(world: World) -> None:
    environment = {
        "AWS_ENDPOINT_URL": world.sandbox.endpoint_url,
        "AWS_ACCESS_KEY_ID": "sandbox",
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_DEFAULT_REGION": "us-east-2",
        "AWS_EC2_METADATA_DISABLED": "true",
    }

    def aws(*words: str) -> str:
        done = subprocess.run(
            [str(AWS), "cloudwatch", *words], env=environment, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    who = "EndpointName=e,VariantName=v"
    at = NOON.isoformat()
    named = ("--namespace", "AWS/SageMaker", "--metric-name", "Invocations", "--dimensions")
    aws("put-metric-data", *named, who, "--value", "3", "--timestamp", at)
    pairs = [f"Name={item['Name']},Value={item['Value']}" for item in WHO]
    window = ("--start-time", at, "--end-time", (NOON + timedelta(hours=1)).isoformat(), "--period", "3600")
    shown = aws("get-metric-statistics", *named, *pairs, *window, "--statistics", "Sum", "--output", "text")
    assert "3.0" in shown
