"""What holds for every cost, whatever is hosted."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from esmcfn import cost
from esmcfn.domain.cost import Cost, HostedVariant, Price, PriceBook

TODAY = date(2026, 11, 21)
PRICED = {"ml.g5.2xlarge": "1.515", "ml.p4d.24xlarge": "25.2512883", "ml.m5.large": "0.115"}
BOOK = PriceBook(
    prices={
        ("us-east-2", name): Price(
            region="us-east-2", instance_type=name, usd_per_hour=Decimal(usd), source="a list", as_of=TODAY
        )
        for name, usd in PRICED.items()
    }
)

charges = st.none() | st.decimals(min_value=0, max_value=500, places=4)


@st.composite
def variants(draw: st.DrawFn, types: tuple[str, ...] = (*PRICED, "ml.new.large")) -> HostedVariant:
    least, expected, most = sorted(draw(st.tuples(*[st.integers(0, 100)] * 3)))
    name = draw(st.sampled_from("abc"))
    return HostedVariant(
        stack=f"esm-dev-{name}",
        model=name,
        variant="variant-1",
        instance_type=draw(st.sampled_from(types)),
        min_count=least,
        expected_count=expected,
        max_count=most,
        software_usd_per_hour=draw(charges),
        marketplace=draw(st.booleans()),
    )


hosted = st.lists(variants(), max_size=5)
priced = st.lists(variants(tuple(PRICED)), max_size=5)


def estimated(after: list[HostedVariant], before: list[HostedVariant] | None = None) -> Cost:
    return cost.estimate(after, before, region="us-east-2", prices=BOOK, today=TODAY)


@given(priced, priced)
def test_costs_add(some, others):
    together, one, other = estimated(some + others), estimated(some), estimated(others)
    assert together.after_monthly == one.after_monthly + other.after_monthly
    assert together.complete == (one.complete and other.complete)


@given(priced, priced)
def test_the_difference_is_what_its_name_says(after, before):
    found = estimated(after, before)
    assert found.before_monthly + found.delta_monthly == found.after_monthly


@given(hosted, hosted)
def test_an_unknown_never_disappears(after, before):
    found = estimated(after, before)
    unpriced = [each for each in after if each.instance_type not in PRICED]
    unnamed = [each for each in after + before if each.marketplace and each.software_usd_per_hour is None]
    assert (found.after_monthly is None) == bool(unpriced)
    assert found.infrastructure_only == bool(unnamed)
    assert not (found.complete and (unpriced or unnamed))
    for each in unpriced:
        assert any(each.instance_type in note for note in found.notes)
    for each in unnamed:
        assert any("infrastructure only" in note and each.model in note for note in found.notes)


@given(st.data(), hosted)
def test_the_order_of_variants_does_not_matter(data, some):
    shuffled = data.draw(st.permutations(some))
    assert estimated(shuffled, shuffled) == estimated(some, some)


@given(hosted)
def test_every_variant_has_its_item_with_the_least_first(some):
    found = estimated(some)
    assert len(found.items) == len(some)
    for item in found.items:
        if item.price:
            assert item.min_monthly <= item.expected_monthly <= item.max_monthly
            assert item.infrastructure_monthly <= item.expected_monthly
