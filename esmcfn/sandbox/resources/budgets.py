"""AWS::Budgets::Budget."""

from __future__ import annotations

from esmcfn.sandbox.account.budgets import notifications, tags_of
from esmcfn.sandbox.aws import ACCOUNT
from esmcfn.sandbox.refusal import Refusal
from esmcfn.sandbox.resources.base import Handler, HandlerError, Outcome, Request, without_none
from esmcfn.sandbox.state import Json


class Budget(Handler):
    """AWS::Budgets::Budget: another budget name or other notifications replace it.

    moto has no UpdateBudget: an update deletes and makes the budget again.
    """

    resource_type = "AWS::Budgets::Budget"
    supported = frozenset({"Budget", "NotificationsWithSubscribers", "ResourceTags"})
    attributes = frozenset({"Id"})

    def create(self, request: Request) -> Outcome:
        if "ResourceTags" in request.properties and not isinstance(request.properties["ResourceTags"], list):
            raise HandlerError("InvalidRequest", "ResourceTags is a list")
        budget = dict(request.properties["Budget"])
        name = request.physical_id or budget.get("BudgetName") or request.name(100)
        if not request.physical_id and self._exists(request, name):
            raise HandlerError("AlreadyExists", f"Error creating budget: {name} - the budget already exists.")
        self._make(request, name)
        return Outcome(physical_id=name, attributes={"Id": name})

    def update(self, request: Request) -> Outcome:
        self._live(request)
        request.call("budgets", "DeleteBudget", AccountId=ACCOUNT, BudgetName=request.physical_id)
        self._make(request, request.physical_id)
        return Outcome(physical_id=request.physical_id, attributes={"Id": request.physical_id})

    def delete(self, request: Request) -> None:
        self._live(request)
        request.call("budgets", "DeleteBudget", AccountId=ACCOUNT, BudgetName=request.physical_id)

    def read(self, request: Request) -> dict[str, Json]:
        live = self._live(request)
        written = request.properties["Budget"]
        budget = {name: value for name, value in live.items() if name in written}
        if "BudgetLimit" in budget:
            limit = budget["BudgetLimit"]
            budget["BudgetLimit"] = {"Amount": float(limit["Amount"]), "Unit": limit["Unit"]}
        declared = request.properties.get("NotificationsWithSubscribers", [])
        told = sorted(notifications(request.physical_id), key=lambda item: _place(item, declared))
        return without_none(
            Budget=budget,
            NotificationsWithSubscribers=[_as_declared(item, declared) for item in told] if declared or told else None,
            ResourceTags=[{"Key": key, "Value": value} for key, value in sorted(tags_of(request.physical_id).items())],
        )

    def conflict(self, request: Request) -> str:
        name = str(request.properties.get("Budget", {}).get("BudgetName", ""))
        return name if name and self._exists(request, name) else ""

    def _make(self, request: Request, name: str) -> None:
        budget = {**request.properties["Budget"], "BudgetName": name}
        if "BudgetLimit" in budget:
            limit = budget["BudgetLimit"]
            budget["BudgetLimit"] = {"Amount": str(limit["Amount"]), "Unit": limit["Unit"]}
        wanted = request.properties.get("NotificationsWithSubscribers")
        request.call(
            "budgets",
            "CreateBudget",
            AccountId=ACCOUNT,
            Budget=budget,
            NotificationsWithSubscribers=wanted,
        )
        tags = request.merged_tags(request.properties.get("ResourceTags"))
        tags_of(name).update({tag["Key"]: tag["Value"] for tag in tags})

    def _exists(self, request: Request, name: str) -> bool:
        try:
            request.call("budgets", "DescribeBudget", AccountId=ACCOUNT, BudgetName=name)
        except Refusal:
            return False
        return True

    def _live(self, request: Request) -> Json:
        return request.call("budgets", "DescribeBudget", AccountId=ACCOUNT, BudgetName=request.physical_id)["Budget"]


def _place(item: Json, declared: list[Json]) -> int:
    """Where the template has such a notification; what it does not have comes last."""
    found = (number for number, other in enumerate(declared) if _same(other["Notification"], item["Notification"]))
    return next(found, len(declared))


def _as_declared(item: Json, declared: list[Json]) -> Json:
    """The item as the template writes it, where it says the same."""
    place = _place(item, declared)
    if place == len(declared) or not _told_alike(declared[place], item):
        return item
    return declared[place]


def _told_alike(declared: Json, live: Json) -> bool:
    ones, others = declared["Subscribers"], live["Subscribers"]
    return len(ones) == len(others) and all(each in others for each in ones)


def _same(declared: Json, live: Json) -> bool:
    names = ("NotificationType", "ComparisonOperator", "Threshold")
    return all(declared.get(name) == live.get(name) for name in names)


HANDLERS: tuple[Handler, ...] = (Budget(),)
