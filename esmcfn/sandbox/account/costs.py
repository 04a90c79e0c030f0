"""Cost Explorer over what was seeded: filters and groups are computed, not canned."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from esmcfn.sandbox.account.seeds import Cost
from esmcfn.sandbox.pages import page
from esmcfn.sandbox.refusal import Refusal
from esmcfn.sandbox.services import Services
from esmcfn.sandbox.state import Json
from esmcfn.sandbox.wire import Call, Operation

MOST_ROWS = 5000
"""Groups of one page, unless a test made it smaller."""

DIMENSIONS = ("SERVICE", "USAGE_TYPE")


def refuse(message: str) -> Refusal:
    """Cost Explorer's answer to a request that cannot be right."""
    return Refusal("ValidationException", message)


class Costs:
    """The Cost Explorer operations."""

    def __init__(self, world: Services) -> None:
        self.world = world

    @property
    def operations(self) -> dict[str, Operation]:
        """Operation name to function."""
        return {"GetCostAndUsage": self.usage, "GetTags": self.tags}

    def usage(self, call: Call) -> Json:
        """GetCostAndUsage by day or month, filtered, in at most two groups."""
        given = call.parameters
        expression, groups = given.get("Filter"), given.get("GroupBy", ())
        if len(groups) > 2:
            raise refuse("At most two groups are allowed")
        # A question that cannot be answered is refused whether something was spent or not.
        nothing = Cost(date="", usd="0")
        _matches(expression, nothing)
        for item in groups:
            _group(item, nothing)
        costs = [cost for cost in self.world.seeds.told.costs if _matches(expression, cost)]
        results = []
        for start, end in _periods(given["TimePeriod"], given["Granularity"]):
            inside = [cost for cost in costs if start.isoformat() <= cost.date < end.isoformat()]
            period = {"TimePeriod": {"Start": start.isoformat(), "End": end.isoformat()}, "Estimated": False}
            results.append({**period, **_summed(inside, groups, given["Metrics"])})
        size = self.world.pages.get("GetCostAndUsage", MOST_ROWS)
        some, token = page(list(_rows(results)), given.get("NextPageToken"), size, call)
        return {
            "ResultsByTime": list(_periods_of(some)),
            "NextPageToken": token,
            "GroupDefinitions": list(groups),
            "DimensionValueAttributes": [],
        }

    def tags(self, call: Call) -> Json:
        """GetTags."""
        key, period = call.parameters.get("TagKey"), call.parameters["TimePeriod"]
        inside = [cost for cost in self.world.seeds.told.costs if period["Start"] <= cost.date < period["End"]]
        found = {(cost.tags.get(key, "") if key else name) for cost in inside for name in cost.tags}
        return {"Tags": sorted(found), "ReturnSize": len(found), "TotalSize": len(found)}


def _rows(results: list[Json]) -> Iterator[tuple[Json, Json]]:
    """Yield every period with each of its groups, or with none: what a page counts."""
    for result in results:
        yield from ((result, group) for group in result["Groups"] or [None])


def _periods_of(rows: list[tuple[Json, Json]]) -> Iterator[Json]:
    """Yield the periods of a page with those of their groups that are on it."""
    for start in dict.fromkeys(result["TimePeriod"]["Start"] for result, _ in rows):
        mine = [(result, group) for result, group in rows if result["TimePeriod"]["Start"] == start]
        yield {**mine[0][0], "Groups": [group for _, group in mine if group is not None]}


def _periods(period: Json, granularity: str) -> list[tuple[date, date]]:
    start, end = date.fromisoformat(period["Start"]), date.fromisoformat(period["End"])
    if start >= end:
        raise refuse("Start date (and hour) should be before end date (and hour)")
    if granularity not in ("DAILY", "MONTHLY"):
        raise refuse(f"The sandbox does not support the granularity {granularity}")
    found = []
    while start < end:
        following = start + timedelta(days=1)
        if granularity == "MONTHLY":
            following = (start.replace(day=1) + timedelta(days=32)).replace(day=1)
        found.append((start, min(following, end)))
        start = following
    return found


def _matches(expression: Json, cost: Cost) -> bool:
    if not expression:
        return True
    ((kind, inner),) = expression.items()
    match kind:
        case "And":
            return all(_matches(part, cost) for part in inner)
        case "Or":
            return any(_matches(part, cost) for part in inner)
        case "Not":
            return not _matches(inner, cost)
        case "Dimensions":
            return _dimension(inner["Key"], cost) in _values(inner)
        case "Tags":
            return cost.tags.get(inner["Key"], "") in _values(inner)
        case _:
            raise refuse(f"The sandbox does not support the filter {kind}")


def _values(inner: Json) -> list[str]:
    """Return the values that a filter names; they match as a whole."""
    strange = [option for option in inner.get("MatchOptions", ()) if option not in ("EQUALS", "CASE_SENSITIVE")]
    if strange:
        raise refuse(f"The sandbox does not support the match option {strange[0]}")
    return list(inner["Values"])


def _dimension(key: str, cost: Cost) -> str:
    if key not in DIMENSIONS:
        raise refuse(f"The sandbox does not support the dimension {key}")
    return cost.service if key == "SERVICE" else cost.usage_type


def _summed(costs: list[Cost], groups: Json, metrics: list[str]) -> dict[str, object]:
    if not groups:
        return {"Total": _amounts(costs, metrics), "Groups": []}
    by_key: dict[tuple[str, ...], list[Cost]] = {}
    for cost in costs:
        by_key.setdefault(tuple(_group(item, cost) for item in groups), []).append(cost)
    found = [{"Keys": list(key), "Metrics": _amounts(inside, metrics)} for key, inside in sorted(by_key.items())]
    return {"Total": {}, "Groups": found}


def _group(group: Json, cost: Cost) -> str:
    if group["Type"] == "TAG":
        return f"{group['Key']}${cost.tags.get(group['Key'], '')}"
    if group["Type"] == "DIMENSION":
        return _dimension(group["Key"], cost)
    raise refuse(f"The sandbox does not support groups of type {group['Type']}")


def _amounts(costs: list[Cost], metrics: list[str]) -> dict[str, dict[str, str]]:
    total = sum((Decimal(cost.usd) for cost in costs), Decimal(0))
    return {metric: {"Amount": str(total), "Unit": "USD"} for metric in metrics}
