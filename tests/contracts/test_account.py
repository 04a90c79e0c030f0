"""Quotas, prices and costs: what the account knows about itself."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from esmcfn.sandbox.refusal import Refusal

from .conftest import World
from .templates import an_endpoint

DIMENSION = "sagemaker:variant:DesiredInstanceCount"
OTHER = "sagemaker:inference-component:DesiredCopyCount"


def test_the_caller_is_the_sandbox(world: World) -> None:
    assert world.client("sts").get_caller_identity()["Account"] == "123456789012"


def test_quotas_have_pages_and_follow_the_fault(world: World) -> None:
    world.sandbox.world.faults.add("quota", {"instance_type": "ml.g5.2xlarge", "limit": 3})
    pages = world.client("service-quotas").get_paginator("list_service_quotas").paginate(ServiceCode="sagemaker")
    found = {quota["QuotaName"]: quota for page in pages for quota in page["Quotas"]}
    assert found["ml.g5.2xlarge for endpoint usage"]["Value"] == 3
    assert found["Number of instances across active endpoints"]["QuotaCode"] == "L-7A3DF611"
    with pytest.raises(ClientError, match="does not exist"):
        world.client("service-quotas").get_service_quota(ServiceCode="sagemaker", QuotaCode="L-00000000")


def test_prices_are_what_was_told(world: World) -> None:
    pricing = world.client("pricing", "us-east-1")
    assert pricing.get_products(ServiceCode="AmazonSageMaker")["PriceList"] == []
    price = {"instance_type": "ml.g5.2xlarge", "region": "us-east-2", "usd_per_hour": "1.515"}
    world.sandbox.world.seeds.add({"prices": [price, {**price, "region": "eu-west-1"}]})
    filters = [{"Type": "TERM_MATCH", "Field": "regionCode", "Value": "us-east-2"}]
    (found,) = pricing.get_products(ServiceCode="AmazonSageMaker", Filters=filters)["PriceList"]
    assert '"USD": "1.515"' in (found if isinstance(found, str) else json.dumps(found))


def test_costs_are_filtered_and_grouped(world: World) -> None:
    told: list[dict[str, Any]] = [
        {"date": "2026-11-01", "usd": "10.5", "tags": {"esmcfn:model": "a"}},
        {"date": "2026-11-02", "usd": "1.5", "tags": {"esmcfn:model": "a"}},
        {"date": "2026-11-02", "usd": "2", "tags": {"esmcfn:model": "b"}},
        {"date": "2026-11-02", "usd": "99", "service": "Amazon S3"},
    ]
    world.sandbox.world.seeds.add({"costs": told})
    answer = world.client("ce", "us-east-1").get_cost_and_usage(
        TimePeriod={"Start": "2026-11-01", "End": "2026-12-01"},
        Granularity="MONTHLY",
        Metrics=["UnblendedCost"],
        GroupBy=[{"Type": "TAG", "Key": "esmcfn:model"}],
        Filter={"Dimensions": {"Key": "SERVICE", "Values": ["Amazon SageMaker"]}},
    )
    (month,) = answer["ResultsByTime"]
    assert {group["Keys"][0]: group["Metrics"]["UnblendedCost"]["Amount"] for group in month["Groups"]} == {
        "esmcfn:model$a": "12.0",
        "esmcfn:model$b": "2",
    }
    with pytest.raises(ClientError, match="granularity HOURLY"):
        world.client("ce", "us-east-1").get_cost_and_usage(
            TimePeriod={"Start": "2026-11-01", "End": "2026-11-02"}, Granularity="HOURLY", Metrics=["UnblendedCost"]
        )


def test_costs_have_pages_and_filters_match_whole_values(world: World) -> None:
    told = [{"date": f"2026-1{month}-02", "usd": "1", "tags": {"m": name}} for month in (0, 1) for name in "abc"]
    world.sandbox.world.seeds.add({"costs": told})
    world.sandbox.world.pages["GetCostAndUsage"] = 4
    asked: dict[str, Any] = {
        "TimePeriod": {"Start": "2026-10-01", "End": "2026-12-01"},
        "Granularity": "MONTHLY",
        "Metrics": ["UnblendedCost"],
        "GroupBy": [{"Type": "TAG", "Key": "m"}],
    }
    costs = world.client("ce", "us-east-1")
    first = costs.get_cost_and_usage(**asked)
    second = costs.get_cost_and_usage(**asked, NextPageToken=first["NextPageToken"])
    assert "NextPageToken" not in second
    found = [
        (period["TimePeriod"]["Start"], [group["Keys"][0] for group in period["Groups"]])
        for page in (first, second)
        for period in page["ResultsByTime"]
    ]
    assert found == [
        ("2026-10-01", ["m$a", "m$b", "m$c"]),
        ("2026-11-01", ["m$a"]),
        ("2026-11-01", ["m$b", "m$c"]),
    ]
    loose = {"Tags": {"Key": "m", "Values": ["a"], "MatchOptions": ["STARTS_WITH"]}}
    with pytest.raises(ClientError, match="does not support the match option STARTS_WITH"):
        costs.get_cost_and_usage(**asked, Filter=loose)


def test_tags_are_of_the_time_that_is_asked_for(world: World) -> None:
    told = [
        {"date": "2026-10-02", "usd": "1", "tags": {"old": "a"}},
        {"date": "2026-11-02", "usd": "1", "tags": {"m": "b"}},
    ]
    world.sandbox.world.seeds.add({"costs": told})
    november = {"Start": "2026-11-01", "End": "2026-12-01"}
    costs = world.client("ce", "us-east-1")
    assert costs.get_tags(TimePeriod=november)["Tags"] == ["m"]
    assert costs.get_tags(TimePeriod=november, TagKey="m")["Tags"] == ["b"]
    with pytest.raises(ClientError, match="does not support SearchString"):
        costs.get_tags(TimePeriod=november, SearchString="m")


@pytest.mark.parametrize(
    "asked", [{"ServiceNamespace": "ecs"}, {"ServiceNamespace": "sagemaker", "ScalableDimension": OTHER}]
)
def test_of_what_the_sandbox_does_not_scale_there_is_nothing(world: World, asked: Any) -> None:
    world.deploy("s", an_endpoint())
    scaling = world.client("application-autoscaling")
    named = {"ResourceId": "endpoint/Endpoint-ESMC-300M-1/variant/variant-1", "ScalableDimension": DIMENSION}
    scaling.register_scalable_target(ServiceNamespace="sagemaker", **named, MinCapacity=1, MaxCapacity=2)
    given = {"ServiceNamespace": "sagemaker", "ScalableDimension": DIMENSION}
    assert len(scaling.describe_scalable_targets(**given)["ScalableTargets"]) == 1
    assert scaling.describe_scalable_targets(**asked)["ScalableTargets"] == []
    assert scaling.describe_scaling_policies(**asked)["ScalingPolicies"] == []
    assert scaling.describe_scheduled_actions(**asked)["ScheduledActions"] == []


def test_a_seed_that_is_wrong_is_refused(world: World) -> None:
    with pytest.raises(Refusal, match="weather cannot be seeded"):
        world.sandbox.world.seeds.add({"weather": []})
    with pytest.raises(Refusal, match="is not a date"):
        world.sandbox.world.seeds.add({"costs": [{"date": "today", "usd": "1"}]})


@pytest.mark.parametrize(
    ("name", "options", "code"),
    [
        ("throttle", {"action": "sns:ListTopics", "times": 1}, "Throttling"),
        ("access-denied", {"action": "sns:ListTopics", "times": 1}, "AccessDenied"),
        ("expired-token", {"times": 1}, "ExpiredToken"),
    ],
)
def test_faults_reach_the_services_of_moto_too(world: World, name: str, options: Any, code: str) -> None:
    world.sandbox.world.faults.add(name, options)
    with pytest.raises(ClientError) as caught:
        world.client("sns").list_topics()
    assert caught.value.response["Error"]["Code"] == code
    assert world.client("sns").list_topics()["Topics"] == []


def test_what_nobody_has_is_refused_in_the_services_own_words(world: World) -> None:
    for service, call in (("sns", "list_origination_numbers"), ("marketplace-catalog", "list_entities")):
        given = {"Catalog": "AWSMarketplace", "EntityType": "Offer"} if call == "list_entities" else {}
        with pytest.raises(ClientError) as caught:
            getattr(world.client(service), call)(**given)
        assert caught.value.response["Error"]["Code"] == "NotImplemented"
