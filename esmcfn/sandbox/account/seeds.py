"""What the sandbox cannot know and has to be told: prices and costs.

`POST /_esmcfn/seed {"prices": [...], "costs": [...]}` adds to what was told before; `reset` forgets it.
A price is {"instance_type", "region", "usd_per_hour"}; a cost is {"date": "2026-11-01", "usd": "1.23", "service":
"Amazon SageMaker", "usage_type": "", "tags": {}}.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from esmcfn.sandbox.refusal import Refusal
from esmcfn.sandbox.state import Json, Store, decode


@dataclass(slots=True, kw_only=True)
class Price:
    """The price of a hosting instance; US dollars an hour, as text."""

    instance_type: str
    region: str
    usd_per_hour: str


@dataclass(slots=True, kw_only=True)
class Cost:
    """What was spent on one day."""

    date: str
    usd: str
    service: str = "Amazon SageMaker"
    usage_type: str = ""
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Told:
    """Everything that was seeded."""

    prices: list[Price] = field(default_factory=list)
    costs: list[Cost] = field(default_factory=list)


class Seeds:
    """What was seeded, kept on disk."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.told = decode(Told, dict(store.all("seeds")).get("told", {}))

    def add(self, body: Json) -> Mapping[str, int]:
        """Add seeds.

        Raises:
            Refusal: one is not as it should be; then nothing is added.
        """
        strange = sorted(set(body) - {"prices", "costs"})
        if strange:
            raise Refusal("UnknownSeed", f"{strange[0]} cannot be seeded; prices and costs can")
        try:
            prices = [Price(**item) for item in body.get("prices", ())]
            costs = [Cost(**item) for item in body.get("costs", ())]
            for amount in (*(p.usd_per_hour for p in prices), *(c.usd for c in costs)):
                Decimal(amount)
        except (TypeError, InvalidOperation) as error:
            raise Refusal("BadSeed", f"a seed is not as it should be: {error}") from error
        for cost in costs:
            if re.fullmatch(r"\d{4}-\d{2}-\d{2}", cost.date) is None:
                raise Refusal("BadSeed", f"{cost.date!r} is not a date such as 2026-11-01")
        self.told.prices += prices
        self.told.costs += costs
        self._store.put("seeds", "told", self.told)
        return {"prices": len(self.told.prices), "costs": len(self.told.costs)}
