"""Budgets: what moto lacks of them, on top of what it keeps: who is told, tags, and changing any of it.

https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_Operations_AWS_Budgets.html
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from esmcfn.sandbox.aws import ACCOUNT
from esmcfn.sandbox.ground import Ground
from esmcfn.sandbox.refusal import Refusal
from esmcfn.sandbox.state import Json
from esmcfn.sandbox.wire import Call, Operation


def kept(name: str) -> Any:
    """moto's own record of a budget.

    Raises:
        Refusal: there is none.
    """
    from moto.budgets.models import budgets_backends

    try:
        return budgets_backends[ACCOUNT]["aws"].budgets[ACCOUNT][name]
    except KeyError:
        raise Refusal("NotFoundException", f"Unable to get budget: {name} - the budget doesn't exist.") from None


def notifications(name: str) -> list[dict[str, Json]]:
    """What a budget tells, and whom."""
    return [{"Notification": each.details, "Subscribers": list(each.subscribers)} for each in kept(name).notifications]


def tags_of(name: str) -> dict[str, str]:
    """A budget's tags, for whoever changes them."""
    found: dict[str, str] = kept(name).__dict__.setdefault("tags", {})
    return found


class Budgets:
    """The operations that moto does not have."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        ground.moto.app  # noqa: B018 - moto's records are made again when it is first asked for

    @property
    def operations(self) -> Mapping[str, Operation]:
        """Operation name to function."""
        return {
            "CreateSubscriber": self._subscribe,
            "DeleteSubscriber": self._unsubscribe,
            "DescribeSubscribersForNotification": self._subscribers,
            "ListTagsForResource": self._tags,
            "TagResource": self._tag,
            "UntagResource": self._untag,
            "UpdateBudget": self._update,
        }

    def _update(self, call: Call) -> Json:
        _own(call)
        wanted = call.parameters["NewBudget"]
        record = kept(wanted["BudgetName"])
        period = {
            **record.budget["TimePeriod"],
            **{name: _seconds(at) for name, at in wanted.get("TimePeriod", {}).items()},
        }
        record.budget = {**wanted, "TimePeriod": period}
        return {}

    def _subscribers(self, call: Call) -> Json:
        some, token = self.ground.page(call, self._notification(call).subscribers)
        return {"Subscribers": some, "NextToken": token}

    def _subscribe(self, call: Call) -> Json:
        found = self._notification(call)
        found.subscribers = [*found.subscribers, call.parameters["Subscriber"]]
        return {}

    def _unsubscribe(self, call: Call) -> Json:
        found, gone = self._notification(call), call.parameters["Subscriber"]
        if gone not in found.subscribers:
            raise Refusal("NotFoundException", "The subscriber doesn't exist.")
        found.subscribers = [each for each in found.subscribers if each != gone]
        return {}

    def _notification(self, call: Call) -> Any:
        """The one that a call names; a threshold without a type is a percentage."""
        asked = _whole(call.parameters["Notification"])
        name = call.parameters["BudgetName"]
        _own(call)
        for each in kept(name).notifications:
            if _whole(each.details) == asked:
                return each
        raise Refusal("NotFoundException", f"Unable to find the notification of budget {name}.")

    def _tags(self, call: Call) -> Json:
        found = tags_of(_name(call))
        return {"ResourceTags": [{"Key": key, "Value": value} for key, value in sorted(found.items())]}

    def _tag(self, call: Call) -> Json:
        tags_of(_name(call)).update({tag["Key"]: tag["Value"] for tag in call.parameters["ResourceTags"]})
        return {}

    def _untag(self, call: Call) -> Json:
        found = tags_of(_name(call))
        for key in call.parameters["ResourceTagKeys"]:
            found.pop(key, None)
        return {}


def _seconds(at: datetime | float) -> float:
    """A moment as moto keeps it."""
    return at.timestamp() if isinstance(at, datetime) else at


def _own(call: Call) -> None:
    if call.parameters["AccountId"] != ACCOUNT:
        raise Refusal("AccessDeniedException", f"Budgets of account {call.parameters['AccountId']} are its own.")


def _name(call: Call) -> str:
    return str(call.parameters["ResourceARN"]).partition(":budget/")[2]


def _whole(notification: Json) -> dict[str, Json]:
    given = {"ThresholdType": "PERCENTAGE", **notification}
    names = ("NotificationType", "ComparisonOperator", "Threshold", "ThresholdType")
    return {name: given.get(name) for name in names}
