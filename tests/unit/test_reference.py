"""The facts that ship with esmcfn: what they say, and where they must admit that they do not know."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from esmcfn.reference.create_only import CONDITIONAL, CREATE_ONLY, requires_replacement
from esmcfn.reference.instance_types import HOSTING, OFFERED, offered
from esmcfn.reference.marketplace import ACCOUNTS, transferred
from esmcfn.reference.partitions import BY_PREFIX, REGIONS, Partition, partition
from esmcfn.reference.prices import LISTED, price_book
from esmcfn.reference.tables import sections

PACKAGE = "arn:aws:sagemaker:us-east-2:057799348421:model-package/esmc-300m-0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("resource_type", "path", "replaces"),
    [
        ("AWS::SageMaker::Model", "PrimaryContainer/ModelPackageName", True),
        ("AWS::SageMaker::Model", "Tags", False),
        ("AWS::SageMaker::EndpointConfig", "ProductionVariants/0/InstanceType", True),
        ("AWS::SageMaker::EndpointConfig", "Tags/0/Value", False),
        ("AWS::SageMaker::Endpoint", "EndpointName", True),
        ("AWS::SageMaker::Endpoint", "EndpointConfigName", False),
        ("AWS::Budgets::Budget", "Budget/BudgetName", True),
        ("AWS::Budgets::Budget", "Budget/BudgetLimit/Amount", False),
        ("AWS::IAM::Role", "PathLikeName", False),
        ("AWS::KMS::Key", "KeyPolicy", False),
        ("AWS::KMS::Key", "", False),
    ],
)
def test_a_property_replaces_if_it_is_one_that_only_creation_can_set(resource_type, path, replaces):
    assert requires_replacement(resource_type, path) is replaces


def test_a_change_around_such_a_property_may_hide_a_change_of_it():
    assert requires_replacement("AWS::Budgets::Budget", "Budget") is True
    assert requires_replacement("AWS::SageMaker::Endpoint", "") is True


def test_a_property_that_replaces_in_some_cases_only_is_not_judged():
    assert "Region" in CONDITIONAL["AWS::SNS::Subscription"]
    assert requires_replacement("AWS::SNS::Subscription", "Region") is None


def test_a_type_that_the_table_does_not_hold_is_not_judged():
    assert requires_replacement("AWS::EC2::Instance", "ImageId") is None


def test_every_type_that_is_emitted_is_in_the_table():
    sagemaker = {"AWS::SageMaker::Model", "AWS::SageMaker::EndpointConfig", "AWS::SageMaker::Endpoint"}
    iam = {f"AWS::IAM::{name}" for name in ("Role", "User", "ManagedPolicy", "AccessKey", "OIDCProvider")}
    assert sagemaker | iam | {"AWS::SecretsManager::Secret", "AWS::SNS::Topic"} <= set(CREATE_ONLY)
    assert len(CREATE_ONLY) == len(list(CREATE_ONLY))


def test_a_type_is_offered_not_offered_or_unknown():
    assert offered("us-east-2", "ml.g5.2xlarge") is True
    assert offered("us-west-1", "ml.g5.2xlarge") is False
    assert offered("us-east-2", "ml.g5.huge") is None
    assert offered("xx-nowhere-1", "ml.g5.2xlarge") is None


def test_every_offered_type_is_a_hosting_type():
    assert frozenset().union(*OFFERED.values()) <= HOSTING
    assert all(name.startswith("ml.") for name in HOSTING)


def test_every_region_with_an_offer_or_a_marketplace_account_is_a_region():
    assert set(OFFERED) <= REGIONS
    assert set(ACCOUNTS) <= REGIONS


def test_marketplace_accounts_are_twelve_digits_and_all_different():
    assert all(len(account) == 12 and account.isdigit() for account in ACCOUNTS.values())
    assert len(set(ACCOUNTS.values())) == len(ACCOUNTS)


def test_a_marketplace_package_keeps_its_name_in_another_region():
    there = transferred(PACKAGE, "eu-west-1")
    assert there == PACKAGE.replace("us-east-2:057799348421", "eu-west-1:985815980388")


@pytest.mark.parametrize(
    ("arn", "region"),
    [
        (PACKAGE, "xx-nowhere-1"),
        (PACKAGE.replace("057799348421", "111122223333"), "eu-west-1"),
        ("not an arn", "eu-west-1"),
    ],
)
def test_a_package_whose_place_elsewhere_is_unknown_is_not_guessed(arn, region):
    assert transferred(arn, region) is None


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        ("us-east-2", ("aws", "amazonaws.com")),
        ("cn-north-1", ("aws-cn", "amazonaws.com.cn")),
        ("us-gov-west-1", ("aws-us-gov", "amazonaws.com")),
        ("us-iso-east-1", ("aws-iso", "c2s.ic.gov")),
        ("us-isob-east-1", ("aws-iso-b", "sc2s.sgov.gov")),
        ("eu-isoe-west-1", ("aws-iso-e", "cloud.adc-e.uk")),
        ("us-isof-south-1", ("aws-iso-f", "csp.hci.ic.gov")),
        ("eusc-de-east-1", ("aws-eusc", "amazonaws.eu")),
        ("eu-somewhere-9", ("aws", "amazonaws.com")),
    ],
)
def test_a_region_belongs_to_one_partition(region, expected):
    assert partition(region) == Partition(*expected)
    assert sum(region.startswith(prefix) for prefix, _ in BY_PREFIX) <= 1


def test_every_price_is_of_a_hosting_type_and_has_a_source_and_a_day():
    for (region, instance_type), price in price_book().prices.items():
        assert (price.region, price.instance_type) == (region, instance_type)
        assert instance_type in HOSTING
        assert region in REGIONS
        assert price.usd_per_hour > 0
        assert price.source
        assert price.as_of >= LISTED


def test_prices_keep_every_digit_of_their_source():
    book = price_book()
    assert book.prices["us-east-2", "ml.p4d.24xlarge"].usd_per_hour == Decimal("25.251286")
    assert book.prices["us-east-1", "ml.m5.xlarge"].usd_per_hour * 720 == Decimal("165.60")


def test_a_figure_that_was_read_again_carries_the_newer_day():
    assert price_book().prices["us-east-2", "ml.p5en.48xlarge"].as_of == date(2026, 10, 3)


def test_where_sources_disagree_the_dated_list_stands_and_says_so():
    price = price_book().prices["us-east-1", "ml.p5.48xlarge"]
    assert price.usd_per_hour == Decimal("63.296")
    assert "113.068" in price.source


def test_what_the_list_does_not_hold_is_unknown():
    assert price_book().price("eu-west-1", "ml.g6e.2xlarge") is None


def test_a_section_may_be_empty_and_may_span_lines():
    assert sections("a\n    x y\n    z\nb\n\nc\n    w\n") == {"a": ("x", "y", "z"), "b": (), "c": ("w",)}
