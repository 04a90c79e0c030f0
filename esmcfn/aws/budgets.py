"""Budgets: how much, of what, and who is told when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from esmcfn.aws.session import Clients, error_code, translated
from esmcfn.domain.drift import Reading

_OF_BUDGET = (
    *("BudgetName", "BudgetType", "TimeUnit", "CostFilters"),
    *("PlannedBudgetLimits", "AutoAdjustData", "FilterExpression", "Metrics"),
)
_OF_NOTIFICATION = ("NotificationType", "ComparisonOperator", "Threshold", "ThresholdType")
_ENDLESS = 2087
"""The year in which a budget ends whose end nobody gave.

https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_TimePeriod.html
"""


class BudgetReader:
    """Budgets, in the words of CloudFormation's properties."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def budget(self, name: str, account: str) -> Reading | None:
        """Amount, what it counts, when it ends, and who is told of what."""
        client, given = self._clients.of("budgets"), {"AccountId": account, "BudgetName": name}
        with translated(f"asking Budgets about {name}", operation="DescribeBudget"):
            try:
                found = client.describe_budget(**given)["Budget"]
            except ClientError as error:
                if error_code(error) == "NotFoundException":
                    return None
                raise
        budget = {each: found[each] for each in _OF_BUDGET if each in found}
        if "BudgetLimit" in found:
            limit = found["BudgetLimit"]
            amount = float(limit["Amount"])
            whole = int(amount) if amount.is_integer() else amount  # as the template writes it
            budget["BudgetLimit"] = {"Amount": whole, "Unit": limit["Unit"]}
        end = found.get("TimePeriod", {}).get("End")
        if end is not None and end.year < _ENDLESS:
            budget["TimePeriod"] = {"End": end.isoformat()}
        notifications = [self._notification(each, given) for each in self._pages("notifications_for_budget", given)]
        arn = f"arn:{client.meta.partition}:budgets::{account}:budget/{name}"
        with translated(f"reading the tags of budget {name}", operation="ListTagsForResource"):
            tags = client.list_tags_for_resource(ResourceARN=arn).get("ResourceTags", [])
        return Reading(
            properties={"Budget": budget, "NotificationsWithSubscribers": notifications},
            tags={tag["Key"]: tag["Value"] for tag in tags},
        )

    def _notification(self, found: Mapping[str, Any], given: Mapping[str, str]) -> Mapping[str, object]:
        asked = {name: found[name] for name in _OF_NOTIFICATION if name in found}
        subscribers = self._pages("subscribers_for_notification", {**given, "Notification": asked})
        return {"Notification": asked, "Subscribers": subscribers}

    def _pages(self, what: str, given: Mapping[str, Any]) -> list[Any]:
        key = what.partition("_")[0].capitalize()
        operation = "".join(word.capitalize() for word in f"describe_{what}".split("_"))
        with translated(f"asking Budgets about {given['BudgetName']}", operation=operation):
            pages = list(self._clients.of("budgets").get_paginator(f"describe_{what}").paginate(**given))
        return [item for page in pages for item in page.get(key, [])]
