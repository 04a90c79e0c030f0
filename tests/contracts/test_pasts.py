"""`sandbox seed`: what an endpoint is told of its past is what CloudWatch, SageMaker and Cost Explorer then say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from esmcfn.errors import InputError
from esmcfn.inputs.seeds import Hosted, seeds
from esmcfn.sandbox.account.pasts import remember
from esmcfn.sandbox.refusal import Refusal

from .conftest import REGION, World
from .templates import an_endpoint

NAME = "Endpoint-ESMC-300M-1"


@pytest.fixture
def hosted(world: World) -> World:
    world.deploy("s", an_endpoint(), Tags=[{"Key": "esmcfn:model", "Value": "m"}])
    return world


def told(world: World, **said: Any) -> datetime:
    """Seed a past that ends now; returns now."""
    now = datetime.fromtimestamp(world.sandbox.world.clock.now(), UTC)
    asked = {"region": REGION, "name": NAME, "until": now.isoformat(), **said}
    with world.sandbox.world.lock:
        remember(world.sandbox.world, {"endpoints": [asked]})
    return now


def summed(world: World, name: str, now: datetime, days: int) -> list[float]:
    found = world.client("cloudwatch").get_metric_statistics(
        Namespace="/aws/sagemaker/Endpoints" if name.endswith("Utilization") else "AWS/SageMaker",
        MetricName=name,
        Dimensions=[{"Name": "EndpointName", "Value": NAME}, {"Name": "VariantName", "Value": "variant-1"}],
        StartTime=now - timedelta(days=days + 1),
        EndTime=now,
        Period=86_400,
        Statistics=["Sum"],
    )
    return [each["Sum"] for each in found["Datapoints"]]


def test_age_calls_loads_and_costs_are_what_the_services_say(hosted: World) -> None:
    said = {"age_days": 3, "calls_per_hour": 2, "from_hour": 8, "to_hour": 10, "latency_ms": 5, "gpu_percent": 70}
    now = told(hosted, **said, usd_per_day=12.5)
    made = hosted.client("sagemaker").describe_endpoint(EndpointName=NAME)["CreationTime"]
    assert abs(made - (now - timedelta(days=3))) < timedelta(seconds=1)
    assert sum(summed(hosted, "Invocations", now, 3)) == 3 * 2 * 2
    assert sum(summed(hosted, "ModelLatency", now, 3)) == 3 * 2 * 5000
    assert sum(summed(hosted, "GPUUtilization", now, 3)) == 3 * 70
    assert summed(hosted, "CPUUtilization", now, 3) == [], "what was not said is not there"
    costs = hosted.sandbox.world.seeds.told.costs
    assert [(cost.usd, cost.tags["esmcfn:model"]) for cost in costs] == [("12.500000", "m")] * 3


def test_an_endpoint_never_gets_younger(hosted: World) -> None:
    now = told(hosted, age_days=30)
    told(hosted, age_days=3)
    made = hosted.client("sagemaker").describe_endpoint(EndpointName=NAME)["CreationTime"]
    assert abs(made - (now - timedelta(days=30))) < timedelta(seconds=1)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"name": "Nope"}, "Could not find endpoint"),
        ({"cpu": 1}, "an endpoint has no cpu; it has: age_days"),
        ({"cpu_percent": -1}, "cpu_percent is between 0 and 10000"),
        ({"usd_per_day": float("nan")}, "usd_per_day is between 0"),
        ({"from_hour": 9, "to_hour": 9, "calls_per_hour": 1}, "to_hour comes after from_hour"),
        ({"until": "2026-11-01T09:00:00"}, "has no time zone"),
    ],
)
def test_a_past_that_cannot_be_is_refused_and_nothing_is_told(hosted: World, said: Any, why: str) -> None:
    before = hosted.client("sagemaker").describe_endpoint(EndpointName=NAME)["CreationTime"]
    with pytest.raises(Refusal, match=why):
        told(hosted, **{"usd_per_day": 1, **said})
    assert hosted.sandbox.world.seeds.told.costs == []
    assert hosted.client("sagemaker").describe_endpoint(EndpointName=NAME)["CreationTime"] == before


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("", (1, 1), "the file is empty"),
        ("endpoints: [", (2, 1), "not YAML"),
        ("endpoint: {}", (1, 1), "endpoint: unknown key"),
        ('{"endpoints": {"N": {"age_days": 0}}}', (1, 22), "a whole number from 1 to 90, not 0"),
        ("endpoints:\n  N: {from_hour: 9, to_hour: 9}", (2, 21), "endpoints.N: to_hour (9) must come after"),
        ("endpoints:\n  N: {calls_per_hour: many}", (2, 7), "a number from 0 to 1000000, not "),
    ],
)
def test_a_file_that_is_wrong_is_told_with_its_place(tmp_path: Any, text: str, place: Any, message: str) -> None:
    file = tmp_path / "past.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        seeds(file, (Hosted(name="N", region=REGION, stack=""),))
    assert [(each.line, each.column) for each in caught.value.problems if message in each.message] == [place]


def test_a_key_is_an_endpoint_or_its_stack_and_one_only(tmp_path: Any) -> None:
    there = tuple(Hosted(name=f"E-{region}", region=region, stack="s") for region in ("eu-west-1", "us-east-2"))
    file = tmp_path / "past.yaml"
    file.write_text("endpoints:\n  E-us-east-2: {cpu_percent: 0.5}\n", encoding="utf-8")
    assert seeds(file, there) == ({"cpu_percent": 0.5, "name": "E-us-east-2", "region": "us-east-2"},)
    file.write_text("endpoints:\n  s: {}\n  E-us-east: {}\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        seeds(file, there)
    assert [(each.line, each.message, each.suggestion) for each in caught.value.problems] == [
        (2, "endpoints: s has an endpoint in eu-west-1 and us-east-2", "write E-eu-west-1 or E-us-east-2"),
        (
            3,
            "endpoints: the sandbox has no endpoint E-us-east, and no stack of that name has one",
            "did you mean E-us-east-2?",
        ),
    ]
