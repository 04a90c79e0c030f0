"""prices refresh through the real adapter, over HTTP: exactly one product, or what was found."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest

from esmcfn.aws import Reach, connect
from esmcfn.aws.session import _home
from esmcfn.errors import AccessDenied, CloudError
from esmcfn.sandbox.account import prices as priced

from .conftest import World

TODAY = date(2026, 11, 21)
KIND = "ml.g5.2xlarge"


@pytest.fixture
def price_list(world: World):
    return connect(
        Reach(
            region="us-east-2",
            endpoint_url=world.sandbox.endpoint_url,
            credentials=("sandbox", "sandbox"),
            attempts=1,
        )
    ).price_list


def seed(world: World, *rows: tuple[str, str, str]) -> None:
    prices = [{"region": region, "instance_type": kind, "usd_per_hour": usd} for region, kind, usd in rows]
    world.sandbox.world.seeds.add({"prices": prices})


def test_a_type_that_is_not_sold_is_said_to_be_none(world, price_list):
    seed(world, ("us-east-1", KIND, "1.515"), ("us-east-2", "ml.g5.4xlarge", "2.03"))
    with pytest.raises(CloudError, match=r"one product was expected, 0 were found \(none\)"):
        price_list.price("us-east-2", KIND, today=TODAY)


def test_two_products_are_named_and_neither_is_taken(world, price_list):
    seed(world, ("us-east-2", KIND, "1.515"), ("us-east-2", KIND, "1.6"))
    with pytest.raises(CloudError, match=r"2 were found \(us-east-2-ml.g5.2xlarge, us-east-2-ml.g5.2xlarge\)"):
        price_list.price("us-east-2", KIND, today=TODAY)


@pytest.mark.parametrize(
    ("dimensions", "found"),
    [
        ([], "0 were found"),
        ([{"unit": "GB-Mo", "pricePerUnit": {"USD": "0.1"}}], "0 were found"),
        ([{"unit": "Hrs", "pricePerUnit": {"CNY": "9"}}], "0 were found"),
        ([{"unit": "Hrs", "pricePerUnit": {"USD": "much"}}], "0 were found"),
        ([{"unit": "Hrs", "pricePerUnit": {"USD": usd}} for usd in ("1", "2")], r"2 were found \(1, 2\)"),
    ],
)
def test_a_product_without_exactly_one_price_an_hour_is_refused(world, price_list, monkeypatch, dimensions, found):
    seed(world, ("us-east-2", KIND, "1.515"))
    terms = {"term": {"priceDimensions": {str(number): each for number, each in enumerate(dimensions)}}}
    product = {"product": {"sku": "S", "attributes": {}}, "terms": {"OnDemand": terms}}
    monkeypatch.setattr(priced, "_product", lambda price: json.dumps(product))
    with pytest.raises(CloudError, match=found):
        price_list.price("us-east-2", KIND, today=TODAY)


def test_a_missing_permission_is_named(world, price_list):
    world.sandbox.world.faults.add("access-denied", {"action": "pricing:GetProducts"})
    with pytest.raises(AccessDenied, match="pricing:GetProducts"):
        price_list.price("us-east-2", KIND, today=TODAY)


def test_one_product_is_the_price_with_its_source_and_day(world, price_list):
    seed(world, ("us-east-2", KIND, "1.5150000000"), ("us-east-1", KIND, "1.6"))
    price = price_list.price("us-east-2", KIND, today=TODAY)
    assert (price.usd_per_hour, price.as_of) == (Decimal("1.515"), TODAY)
    assert "usagetype Host:ml.g5.2xlarge" in price.source


@pytest.mark.parametrize(
    ("region", "home"), [("eu-west-1", "us-east-1"), ("cn-north-1", "cn-northwest-1"), ("us-east-2", "us-east-1")]
)
def test_the_price_list_answers_in_a_region_of_its_own(region, home):
    assert _home("pricing", region) == home
    assert _home("ce", region) == region
