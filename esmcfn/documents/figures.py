"""Figures as JSON carries them."""

from __future__ import annotations

from decimal import Decimal


def money(amount: Decimal | None) -> str | None:
    """Plain digits with two decimals at least, and as many as there are."""
    if amount is None:
        return None
    whole, _, cents = f"{amount:f}".partition(".")
    return f"{whole}.{cents.rstrip('0').ljust(2, '0')}"
