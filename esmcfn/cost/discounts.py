"""Discounts that do not hold, in sentences: nobody should believe in one that is over or fits nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from esmcfn.domain.cost import Discount, HostedVariant, PriceBook


def discount_notes(hosted: Sequence[HostedVariant], *, region: str, prices: PriceBook) -> Iterator[str]:
    """Yield which of them are over that would count for what is hosted, and which fit no type that anybody knows.

    Args:
        prices: of a day.
    """
    types = sorted({each.instance_type for each in hosted})
    for each in prices.discounts:
        counts = [kind for kind in types if each.fits(region, kind)]
        if counts and prices.today is not None and each.over(prices.today):
            yield (
                f"{_place(each)}: the discount on {each.instance_type} ended on {each.expires} and counts no more "
                f"({each.reason}); renew it or take it out"
            )
        elif not counts and not any(each.fits(*listed) for listed in prices.prices):
            yield (
                f"{_place(each)}: the discount on {each.instance_type} in {each.region} fits nothing that is hosted "
                "here, nor any type and region with a price: correct it or take it out"
            )


def _place(discount: Discount) -> str:
    return f"{discount.origin.path}:{discount.origin.line}"
