"""What was spent, by Cost Explorer, which charges for every request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from esmcfn.aws.session import Clients, translated
from esmcfn.domain.audit import MOST_REQUESTS, Bill, Charge
from esmcfn.domain.stack import ENVIRONMENT_TAG, MODEL_TAG
from esmcfn.errors import CloudError

METRIC = "UnblendedCost"
"""What each line was really charged, in US dollars."""

CURRENCY = "USD"
"""Of every price and sum of ours; an account in China is billed in another one."""

SERVICE = "Amazon SageMaker"


class CostExplorerBills:
    """The port Bills, by GetCostAndUsage."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def bill(self, environment: str, *, start: date, end: date) -> Bill:
        """One request where all fits a page. Where nothing is tagged, the second one asks what is spent untagged."""
        wanted: dict[str, Any] = {
            "TimePeriod": {"Start": start.isoformat(), "End": end.isoformat()},
            "Granularity": "MONTHLY",
            "Metrics": [METRIC],
        }
        tagged = {
            **wanted,
            "Filter": {"Tags": {"Key": ENVIRONMENT_TAG, "Values": [environment], "MatchOptions": ["EQUALS"]}},
            "GroupBy": [{"Type": "TAG", "Key": MODEL_TAG}, {"Type": "DIMENSION", "Key": "USAGE_TYPE"}],
        }
        page = self._asked(tagged)
        charges, requests = list(_charges(page)), 1
        token = page.get("NextPageToken")
        trouble = ""
        while token and requests < MOST_REQUESTS and not trouble:
            requests += 1
            try:
                page = self._asked({**tagged, "NextPageToken": token})
            except CloudError as error:  # what the first request told is paid for, and stays
                trouble = error.message
            else:
                charges += _charges(page)
                token = page.get("NextPageToken")
        found = Bill(
            start=start, end=end, charges=tuple(charges), requests=requests, complete=not token, trouble=trouble
        )
        if charges or token:
            return found
        try:
            return replace(found, requests=requests + 1, untagged_usd=self._untagged(wanted))
        except CloudError as error:
            return replace(found, requests=requests + 1, trouble=error.message)

    def _untagged(self, wanted: Mapping[str, Any]) -> Decimal:
        page = self._asked(
            {
                **wanted,
                "Filter": {"Dimensions": {"Key": "SERVICE", "Values": [SERVICE]}},
                "GroupBy": [{"Type": "TAG", "Key": ENVIRONMENT_TAG}],
            }
        )
        return sum((usd for _, keys, usd in _groups(page) if keys[0] == f"{ENVIRONMENT_TAG}$"), Decimal(0))

    def _asked(self, request: Mapping[str, Any]) -> dict[str, Any]:
        with translated("asking Cost Explorer what was spent", operation="GetCostAndUsage"):
            answer: dict[str, Any] = self._clients.of("ce").get_cost_and_usage(**request)
            return answer


def _charges(page: Mapping[str, Any]) -> Iterator[Charge]:
    for month, (model, usage_type), usd in _groups(page):
        yield Charge(month=month, model=model.partition("$")[2], usage_type=usage_type, usd=usd)


def _groups(page: Mapping[str, Any]) -> Iterator[tuple[date, list[str], Decimal]]:
    """First day of the month, keys and US dollars of every group."""
    for period in page["ResultsByTime"]:
        start = date.fromisoformat(period["TimePeriod"]["Start"])
        for group in period["Groups"]:
            amount = group["Metrics"][METRIC]
            if amount.get("Unit", CURRENCY) != CURRENCY:
                raise CloudError(f"Cost Explorer answers in {amount['Unit']}, and prices are in {CURRENCY}")
            yield start.replace(day=1), group["Keys"], Decimal(amount["Amount"])
