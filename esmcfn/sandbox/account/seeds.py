"""What the sandbox cannot know and has to be told: prices, costs and what metrics measured.

`POST /_esmcfn/seed {"prices": [...], "costs": [...], "metrics": [...]}` adds to what was told before; `reset` forgets
it. A price is {"instance_type", "region", "usd_per_hour"}; a cost is {"date": "2026-11-01", "usd": "1.23", "service":
"Amazon SageMaker", "usage_type": "", "tags": {}}; a metric is {"region", "namespace": "AWS/SageMaker", "name":
"Invocations", "dimensions": {}, "at": "2026-11-01T09:00:00Z", "value": 12, "unit": "None"}.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation

from esmcfn.sandbox.account.metrics import Metrics, Point
from esmcfn.sandbox.refusal import Refusal
from esmcfn.sandbox.state import Json, Store


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
class Measured:
    """One value of a metric at a moment."""

    region: str
    namespace: str
    name: str
    at: str
    value: float
    dimensions: dict[str, str] = field(default_factory=dict)
    unit: str = "None"


@dataclass(slots=True, kw_only=True)
class Told:
    """Everything that was seeded."""

    prices: list[Price] = field(default_factory=list)
    costs: list[Cost] = field(default_factory=list)


class Seeds:
    """What was seeded, kept on disk."""

    def __init__(self, store: Store, metrics: Metrics) -> None:
        self._store, self._metrics = store, metrics
        self.told = dict(store.all("seeds", Told)).get("told", Told())

    def add(self, body: Json) -> Mapping[str, int]:
        """Add seeds.

        Raises:
            Refusal: one is not as it should be; then nothing is added.
        """
        strange = sorted(set(body) - {"prices", "costs", "metrics"})
        if strange:
            raise Refusal("UnknownSeed", f"{strange[0]} cannot be seeded; prices, costs and metrics can")
        try:
            measured = [(Measured(**item), _moment(item["at"])) for item in body.get("metrics", ())]
            prices = [Price(**item) for item in body.get("prices", ())]
            costs = [Cost(**item) for item in body.get("costs", ())]
            for amount in (*(p.usd_per_hour for p in prices), *(c.usd for c in costs)):
                if not Decimal(amount).is_finite():
                    raise ValueError(f"{amount!r} is no amount")
            for metric, _ in measured:
                if not math.isfinite(float(metric.value)):
                    raise ValueError(f"{metric.value!r} is no value of a metric")
        except (TypeError, KeyError, ValueError, InvalidOperation) as error:
            raise Refusal("BadSeed", f"a seed is not as it should be: {error}") from error
        for cost in costs:
            if re.fullmatch(r"\d{4}-\d{2}-\d{2}", cost.date) is None:
                raise Refusal("BadSeed", f"{cost.date!r} is not a date such as 2026-11-01")
        self.told.prices += prices
        self.told.costs += costs
        of_a_series: dict[str, list[tuple[Measured, Point]]] = {}
        for metric, at in measured:
            key = repr((metric.region, metric.namespace, metric.name, sorted(metric.dimensions.items())))
            point = Point(at=at, value=float(metric.value), unit=metric.unit)
            of_a_series.setdefault(key, []).append((metric, point))
        for found in of_a_series.values():
            first, points = found[0][0], [point for _, point in found]
            self._metrics.add(first.region, first.namespace, first.name, first.dimensions, points)
        self._store.put("seeds", "told", self.told)
        return {"prices": len(self.told.prices), "costs": len(self.told.costs), "metrics": len(measured)}


def _moment(text: str) -> float:
    """Return an ISO 8601 time with its zone as seconds since the epoch."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone: write 2026-11-01T09:00:00Z")
    return at.timestamp()
