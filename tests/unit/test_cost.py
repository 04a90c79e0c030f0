"""What instances cost a month, against what is deployed; what is unknown stays unknown."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from builders import PACKAGE, a_catalog, a_catalog_entry, a_container, a_stack, a_variant
from msgspec.structs import replace

from esmcfn import cost
from esmcfn.domain.cost import Cost, HostedVariant, Price, PriceBook
from esmcfn.reference.prices import price_book

TODAY = date(2026, 11, 21)
REGION = "us-east-2"


def a_price(instance_type: str = "ml.g5.2xlarge", usd_per_hour: str = "1.515", **changes: object) -> Price:
    price = Price(
        region=REGION,
        instance_type=instance_type,
        usd_per_hour=Decimal(usd_per_hour),
        source="a list",
        as_of=TODAY - timedelta(days=10),
    )
    return replace(price, **changes)


def a_price_book(*prices: Price) -> PriceBook:
    listed = prices or (a_price(), a_price("ml.g5.4xlarge", "2.03"), a_price("ml.m5.xlarge", "0.23"))
    return PriceBook(prices={(price.region, price.instance_type): price for price in listed})


def a_hosted_variant(instance_type: str = "ml.g5.2xlarge", count: int = 1, **changes: object) -> HostedVariant:
    """One endpoint's variant whose seller charges nothing."""
    hosted = HostedVariant(
        stack="esm-dev-prototype-model",
        model="prototype_model",
        variant="variant-1",
        instance_type=instance_type,
        min_count=count,
        expected_count=count,
        max_count=count,
        software_usd_per_hour=Decimal(0),
        marketplace=True,
    )
    return replace(hosted, **changes)


def estimated(
    after: list[HostedVariant],
    before: list[HostedVariant] | None = None,
    *,
    prices: PriceBook | None = None,
    today: date = TODAY,
) -> Cost:
    return cost.estimate(after, before, region=REGION, prices=prices or a_price_book(), today=today)


def test_a_month_has_730_hours_and_no_cent_is_rounded():
    found = estimated([a_hosted_variant("ml.m5.xlarge")])
    assert found.after_monthly == Decimal("167.900")
    assert found.hours_per_month == 730
    assert Decimal("0.23") * 720 == Decimal("165.60")


def test_figures_with_many_digits_are_kept_whole():
    prices = a_price_book(a_price("ml.p4d.24xlarge", "25.251286"))
    assert estimated([a_hosted_variant("ml.p4d.24xlarge", 3)], prices=prices).after_monthly == Decimal("55300.316340")


def test_a_selected_model_wants_its_instances_and_its_seller_s_charge():
    stack = a_stack(variant=a_variant(instance_count=2), software_usd_per_hour=Decimal("1.50"))
    (hosted,) = cost.hosted(stack)
    assert (hosted.model, hosted.variant, hosted.expected_count) == ("prototype_model", "variant-1", 2)
    found = estimated([hosted])
    assert found.items[0].infrastructure_monthly == Decimal("1.515") * 2 * 730
    assert found.items[0].software_monthly == Decimal("1.50") * 2 * 730
    assert found.after_monthly == Decimal("3.015") * 2 * 730
    assert found.complete
    assert not found.infrastructure_only


def test_a_parked_model_wants_nothing():
    assert cost.hosted(a_stack(parked=True)) == ()


def test_a_container_of_one_s_own_has_no_seller():
    (hosted,) = cost.hosted(a_stack(package="", container=a_container()))
    found = estimated([hosted])
    assert found.items[0].software_monthly == Decimal(0)
    assert found.complete
    assert found.after_monthly == Decimal("1.515") * 730


def test_an_unknown_seller_s_charge_leaves_the_infrastructure_and_says_so():
    found = estimated(list(cost.hosted(a_stack())), [])
    assert found.after_monthly == Decimal("1.515") * 730
    assert found.delta_monthly == found.after_monthly
    assert not found.complete
    assert found.infrastructure_only
    assert any(note.startswith("infrastructure only") and "prototype_model" in note for note in found.notes)


def test_an_unpriced_type_makes_the_sum_unknown_and_names_the_nearest():
    found = estimated([a_hosted_variant(), a_hosted_variant("ml.g5.3xlarge", stack="other")], [])
    assert found.after_monthly is None
    assert found.delta_monthly is None
    assert not found.complete
    assert found.before_monthly == Decimal(0)
    assert "no price is known for ml.g5.3xlarge in us-east-2; the nearest known is ml.g5.2xlarge" in found.notes[0]


def test_an_unpriced_type_that_is_deployed_makes_the_difference_unknown():
    found = estimated([a_hosted_variant()], [a_hosted_variant("ml.p3.2xlarge")])
    assert found.after_monthly == Decimal("1.515") * 730
    assert found.before_monthly is None
    assert found.delta_monthly is None
    assert not found.complete
    assert found.notes[0].startswith("deployed: prototype_model: no price is known for ml.p3.2xlarge")


def test_in_a_region_without_prices_another_region_s_is_named():
    prices = a_price_book(a_price(region="us-west-2"), a_price(region="eu-west-1", usd_per_hour=Decimal("1.69")))
    found = estimated([a_hosted_variant()], prices=prices)
    assert found.after_monthly is None
    assert found.notes[0].endswith("the nearest known is ml.g5.2xlarge in eu-west-1, 1.69 USD an hour")


def test_where_nothing_is_near_nothing_is_suggested():
    found = estimated([a_hosted_variant("ml.x1.large")], prices=a_price_book(a_price(region="eu-west-1")))
    assert found.notes == ("prototype_model: no price is known for ml.x1.large in us-east-2",)


def test_nothing_read_is_not_nothing_deployed():
    unread, empty = estimated([a_hosted_variant()], None), estimated([a_hosted_variant()], [])
    assert (unread.before_monthly, unread.delta_monthly) == (None, None)
    assert (empty.before_monthly, empty.delta_monthly) == (Decimal(0), empty.after_monthly)
    assert unread.complete
    assert empty.complete


def test_a_larger_type_costs_the_difference():
    found = estimated([a_hosted_variant("ml.g5.4xlarge")], [a_hosted_variant("ml.g5.2xlarge")])
    assert found.delta_monthly == (Decimal("2.03") - Decimal("1.515")) * 730


def test_everything_parked_is_free_and_known():
    found = estimated([], [a_hosted_variant()])
    assert found.after_monthly == Decimal(0)
    assert found.delta_monthly == -Decimal("1.515") * 730
    assert found.complete


def test_between_fewest_and_most_instances_the_expected_ones_count():
    hosted = a_hosted_variant(min_count=1, expected_count=2, max_count=4)
    (item,) = estimated([hosted]).items
    hour = Decimal("1.515") * 730
    assert (item.min_monthly, item.expected_monthly, item.max_monthly) == (hour, hour * 2, hour * 4)


def test_a_price_of_a_day_that_is_still_to_come_is_doubted():
    said = "the price of ml.g5.2xlarge is of a day that is still to come: correct its as_of"
    for days, notes in ((0, ()), (1, ()), (2, (said,))):  # tomorrow has begun somewhere on Earth
        prices = a_price_book(a_price(as_of=TODAY + timedelta(days=days)))
        assert estimated([a_hosted_variant()], prices=prices).notes == notes


@pytest.mark.parametrize(
    ("days", "words"),
    [(0, None), (90, None), (91, "it may have changed"), (180, "it may have changed"), (181, "stale")],
)
def test_old_prices_are_doubted_and_then_not_believed(days, words):
    found = estimated([a_hosted_variant()], prices=a_price_book(a_price(as_of=TODAY - timedelta(days=days))))
    assert (words is None) == (found.notes == ())
    assert all(words in note and "ml.g5.2xlarge in us-east-2" in note for note in found.notes)


def test_the_note_about_age_reads_the_same_on_the_next_day():
    hosted, prices = [a_hosted_variant()], a_price_book(a_price(as_of=TODAY - timedelta(days=185)))
    tomorrow = TODAY + timedelta(days=1)
    assert estimated(hosted, prices=prices) == estimated(hosted, prices=prices, today=tomorrow)


def test_only_the_oldest_price_in_use_is_spoken_of():
    old, older = TODAY - timedelta(days=100), TODAY - timedelta(days=200)
    prices = a_price_book(a_price(as_of=old), a_price("ml.g5.4xlarge", "2.03", as_of=older))
    assert str(old) in estimated([a_hosted_variant()], prices=prices).notes[0]
    both = estimated([a_hosted_variant()], [a_hosted_variant("ml.g5.4xlarge")], prices=prices)
    assert len(both.notes) == 1
    assert str(older) in both.notes[0]


def test_charges_are_found_by_package():
    catalog = a_catalog(
        a_catalog_entry(software_usd_per_hour=Decimal("1.50")),
        a_catalog_entry(selector="other", packages={REGION: "arn:other"}),
        a_catalog_entry(selector="own", packages={}, container=a_container()),
    )
    assert cost.software_prices(catalog) == {PACKAGE: Decimal("1.50"), "arn:other": None}


def test_ml_m5_xlarge_of_the_book_is_165_60_for_720_hours_in_us_east_1():
    (item,) = cost.estimate(
        [a_hosted_variant("ml.m5.xlarge")], None, region="us-east-1", prices=price_book(), today=TODAY
    ).items
    assert item.price
    assert item.price.usd_per_hour * 720 == Decimal("165.60")
    assert item.expected_monthly == Decimal("167.90")


class TestSurge:
    def test_new_instances_run_beside_the_old_ones_while_they_are_updated(self):
        found = surging(a_hosted_variant(count=2), updating={"prototype_model"})
        assert (found.updating, found.surge_usd_per_hour) == (("prototype_model",), Decimal("3.03"))

    def test_the_seller_charges_both(self):
        hosted = a_hosted_variant(software_usd_per_hour=Decimal("0.50"))
        assert surging(hosted, updating={"prototype_model"}).surge_usd_per_hour == Decimal("2.015")

    def test_an_unknown_price_makes_an_unknown_surge(self):
        found = surging(a_hosted_variant("ml.x1.large"), updating={"prototype_model"})
        assert (found.updating, found.surge_usd_per_hour) == (("prototype_model",), None)

    def test_without_an_update_there_is_none(self):
        found = surging(a_hosted_variant(), updating={"another"})
        assert (found.updating, found.surge_usd_per_hour) == ((), None)


class TestParked:
    def test_what_is_parked_is_in_no_sum_and_its_saving_is_said(self):
        found = parked_beside(a_hosted_variant())
        assert (found.after_monthly, found.parked_monthly) == (0, Decimal("1.515") * 730)
        assert found.items == ()

    def test_an_unknown_price_makes_an_unknown_saving(self):
        assert parked_beside(a_hosted_variant("ml.x1.large")).parked_monthly is None

    def test_where_nothing_is_parked_nothing_is_saved(self):
        assert parked_beside().parked_monthly is None

    def test_a_parked_stack_wants_nothing_and_would_run_what_it_selects(self):
        stack = a_stack(parked=True)
        assert cost.hosted(stack) == ()
        assert cost.unparked(stack) == cost.hosted(a_stack())


def surging(*hosted: HostedVariant, updating: set[str]) -> Cost:
    return cost.estimate(
        hosted, hosted, region=REGION, prices=a_price_book(), today=TODAY, updating=frozenset(updating)
    )


def parked_beside(*hosted: HostedVariant) -> Cost:
    return cost.estimate((), None, region=REGION, prices=a_price_book(), today=TODAY, parked=hosted)
