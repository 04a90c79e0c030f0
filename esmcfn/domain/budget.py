"""What an environment may cost, as AWS is to watch it."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

MOST_EMAILS = 10
"""Addresses that one notification of a budget goes to, at most.

https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_NotificationWithSubscribers.html
"""

MOST_NOTIFICATIONS = 10
"""Notifications of one budget, at most; see there."""


class BudgetNotice(Struct, frozen=True, kw_only=True):
    """Who is told about the bill, and when.

    Attributes:
        emails: whom AWS writes to.
        actual: percent of the budget that were spent in the month.
        forecast: percent of the budget that AWS expects for the whole month.
    """

    emails: tuple[str, ...]
    actual: tuple[int, ...] = (80, 100)
    forecast: tuple[int, ...] = (100,)


class MonthlyBudget(Struct, frozen=True, kw_only=True):
    """An AWS Budget over what carries the environment's tag; usd_per_month in US dollars."""

    usd_per_month: Decimal
    notice: BudgetNotice
