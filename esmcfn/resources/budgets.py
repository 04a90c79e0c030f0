"""AWS Budgets: the bill of what carries the environment's tag, watched by AWS itself.

It tells; it stops nothing, and it hears of a cost hours later. It sees the tag only once the payer's account has
activated `esmcfn:environment` as a cost allocation tag.
https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-best-practices.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from troposphere import budgets

from esmcfn.domain.origin import Origin
from esmcfn.domain.stack import ENVIRONMENT_TAG, BaseStack
from esmcfn.resources import Part, Parts


def monthly_budget(stack: BaseStack) -> Parts:
    """Unnamed: other people to tell replace the budget, and under a fixed name the new one would meet the old one."""
    wanted = stack.budget
    if wanted is None:
        return
    subscribers = [budgets.Subscriber(SubscriptionType="EMAIL", Address=email) for email in wanted.notice.emails]
    budget = budgets.Budget(
        "Budget",
        Budget=budgets.BudgetData(
            BudgetType="COST",
            TimeUnit="MONTHLY",
            BudgetLimit=budgets.Spend(Amount=_number(wanted.usd_per_month), Unit="USD"),
            CostFilters={"TagKeyValue": [f"user:{ENVIRONMENT_TAG}${stack.environment}"]},
        ),
        NotificationsWithSubscribers=[
            budgets.NotificationWithSubscribers(Notification=notification, Subscribers=subscribers)
            for notification in _notifications(stack)
        ],
        ResourceTags=[budgets.ResourceTag(Key=key, Value=value) for key, value in sorted(stack.tags.items())],
    )
    yield Part(resource=budget, lines=_lines(stack))


def _notifications(stack: BaseStack) -> Iterator[budgets.Notification]:
    if stack.budget is None:
        return
    notice = stack.budget.notice
    for kind, percents in (("ACTUAL", notice.actual), ("FORECASTED", notice.forecast)):
        for percent in sorted(percents):
            yield budgets.Notification(
                NotificationType=kind,
                ComparisonOperator="GREATER_THAN",
                Threshold=percent,
                ThresholdType="PERCENTAGE",
            )


def _lines(stack: BaseStack) -> Mapping[str, Origin]:
    written = stack.origins.of
    return {
        "": written("budget.notify"),
        "Budget/BudgetLimit/Amount": written("budget.usd_per_month"),
        "NotificationsWithSubscribers": written("budget.notify"),
    }


def _number(value: Decimal) -> int | float:
    """A JSON number: whole where it is whole, so that 2000 and 2000.00 make the same template."""
    return int(value) if value == value.to_integral_value() else float(value)
