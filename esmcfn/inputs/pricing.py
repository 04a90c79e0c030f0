"""policies/prices.yaml and policies/discounts.yaml over the package's price book -> PriceBook."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from esmcfn.domain.cost import Discount, Price, PriceBook
from esmcfn.errors import Problem
from esmcfn.inputs import files
from esmcfn.inputs.document import Document
from esmcfn.inputs.field import Field, Kind
from esmcfn.inputs.folders import POLICIES, names
from esmcfn.inputs.judge import fitting
from esmcfn.inputs.memory import Memory
from esmcfn.inputs.scalar import Plain
from esmcfn.inputs.values import Values
from esmcfn.reference.prices import price_book

PRICES, DISCOUNTS = "prices", "discounts"
"""The files' names without their ending, and the one key of each."""

PATH = f"{POLICIES}/{PRICES}.yaml"

_TEXT = r"[\s\S]*\S[\s\S]*"
_DOLLARS = r"[0-9]{1,9}(?:\.[0-9]{1,12})?"
_REGION = r"[a-z]{2,4}(?:-[a-z]+)+-[0-9]{1,2}"
_TYPE = r"ml\.[a-z0-9-]+\.[a-z0-9-]+"


def _dollars(about: str, *, required: bool = False) -> Field:
    return Field(
        kind=(Kind.DECIMAL, Kind.WHOLE, Kind.TEXT),
        must="US dollars an hour such as 1.515",
        about=about,
        required=required,
        pattern=_DOLLARS,
        least=0,
        most=999_999_999,
    )


def _day(about: str, *, required: bool = False) -> Field:
    return Field(
        kind=(Kind.DATE, Kind.TEXT),
        must="a day such as 2027-01-31",
        about=about,
        required=required,
        pattern=r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
    )


def _words(about: str) -> Field:
    return Field(must="text", about=about, required=True, pattern=_TEXT, longest=1000)


_PRICE = Field(
    kind=Kind.MAPPING,
    must="a mapping with region, instance_type, usd_per_hour, source and as_of",
    fields={
        "region": Field(must="a region such as us-east-2", about="The region.", required=True, pattern=_REGION),
        "instance_type": Field(
            must="an instance type such as ml.g5.2xlarge",
            about="The instance type.",
            required=True,
            pattern=_TYPE,
            prefix="ml.",
        ),
        "usd_per_hour": _dollars("List price of an hour of hosting, US dollars.", required=True),
        "source": _words("Where the figure was read."),
        "as_of": _day("The day on which the source gave it.", required=True),
    },
)

_DISCOUNT = Field(
    kind=Kind.MAPPING,
    must="a mapping with instance_type, reason, and factor or usd_per_hour",
    one_of=("factor", "usd_per_hour"),
    fields={
        "region": Field(
            must="a region or a glob such as us-*",
            about="Where; every region unless it is written.",
            pattern=r"[a-z0-9*?\[\]!-]+",
            longest=63,
            default="*",
        ),
        "instance_type": Field(
            must="an instance type or a glob such as ml.g5.*",
            about="For which types.",
            required=True,
            pattern=r"[a-z0-9.*?\[\]!-]+",
            longest=63,
        ),
        "factor": Field(
            kind=(Kind.DECIMAL, Kind.WHOLE, Kind.TEXT),
            must="a number from 0 to 1 such as 0.72",
            about="What is paid of the list price: 0.72 is 28 percent off.",
            pattern=r"0(?:\.[0-9]{1,9})?|1(?:\.0{1,9})?",
            least=0,
            most=1,
        ),
        "usd_per_hour": _dollars("What an hour costs you, US dollars, in place of the list price."),
        "expires": _day("The last day on which it holds; for good unless it is written."),
        "reason": _words("Why: the contract, the Savings Plan, whoever knows. Every report shows it."),
    },
)


def _listed(key: str, about: str, each: Field) -> Field:
    inner = Field(kind=Kind.LIST, must="a list ([] for none)", about=about, required=True, each=each)
    return Field(kind=Kind.MAPPING, must="a mapping", about=about, fields={key: inner})


BOOK = _listed(PRICES, "List prices that win over the package's; `esmcfn prices refresh` writes them.", _PRICE)
AGREED = _listed(
    DISCOUNTS, "What you pay instead of the list price; of several that fit, the last one counts.", _DISCOUNT
)


def prices(root: Path, problems: list[Problem], memory: Memory) -> PriceBook | None:
    """The book that holds in this root; None where it says nothing, so that the package's own holds."""
    listed, discounts = book(root, problems, memory), tuple(_discounts(root, problems, memory))
    if not listed and not discounts:
        return None
    everything = {**price_book().prices, **{(price.region, price.instance_type): price for price in listed}}
    return PriceBook(prices=everything, discounts=discounts)


def book(root: Path, problems: list[Problem], memory: Memory) -> tuple[Price, ...]:
    """What policies/prices.yaml lists, as far as it can be read."""
    document, written = _entries(root, PRICES, BOOK, problems, memory)
    found: dict[tuple[str, str], Price] = {}
    for number, item in enumerate(written):
        values = Values.of(item)
        usd, day = values.decimal("usd_per_hour"), values.day("as_of")
        key = values.text("region"), values.text("instance_type")
        if day is None and "as_of" in values:
            problems.append(_problem(document, PRICES, number, "as_of", "there is no such day"))
        elif key in found:
            problems.append(_problem(document, PRICES, number, "instance_type", "it stands in the list twice"))
        elif usd is not None and day is not None and all(key) and values.text("source"):
            found[key] = Price(
                region=key[0], instance_type=key[1], usd_per_hour=usd, source=values.text("source"), as_of=day
            )
    return tuple(found.values())


def written(listed: Sequence[Price]) -> str:
    """policies/prices.yaml with these, in an order that does not depend on theirs."""
    lines = [
        "# List prices that win over the package's own. Written by `esmcfn prices refresh`; review the difference."
    ]
    lines.append("prices:" if listed else "prices: []")
    for price in sorted(listed, key=lambda price: (price.region, price.instance_type)):
        lines += [
            f"  - region: {price.region}",
            f"    instance_type: {price.instance_type}",
            f'    usd_per_hour: "{price.usd_per_hour:f}"',
            f"    source: {json.dumps(price.source, ensure_ascii=False)}",
            f"    as_of: {price.as_of}",
        ]
    return "\n".join(lines) + "\n"


def _discounts(root: Path, problems: list[Problem], memory: Memory) -> Iterator[Discount]:
    document, written = _entries(root, DISCOUNTS, AGREED, problems, memory)
    for number, item in enumerate(written):
        values = Values.of(item)
        factor, usd, day = values.decimal("factor"), values.decimal("usd_per_hour"), values.day("expires")
        if day is None and "expires" in values:
            problems.append(_problem(document, DISCOUNTS, number, "expires", "there is no such day"))
        elif document and (factor is None) != (usd is None) and values.text("instance_type"):
            yield Discount(
                region=values.text("region", "*"),
                instance_type=values.text("instance_type"),
                factor=factor,
                usd_per_hour=usd,
                reason=values.text("reason"),
                expires=day,
                origin=document.place((DISCOUNTS, number)),
            )


def _entries(
    root: Path, name: str, field: Field, problems: list[Problem], memory: Memory
) -> tuple[Document | None, list[Plain]]:
    if name not in names(root, POLICIES):
        return None, []
    document = files.document(root, f"{POLICIES}/{name}.yaml", memory)
    problems.extend(document.problems)
    if document.top is None:
        return document, []
    found = fitting(document, field, problems).get(name)
    return document, found if isinstance(found, list) else []


def _problem(document: Document | None, key: str, number: int, name: str, message: str) -> Problem:
    assert document is not None  # noqa: S101 - an entry stands in one
    return document.problem((key, number, name), f"{key}.{name}: {message}")
