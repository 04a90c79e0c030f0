"""Addresses of people in what everybody may read: enough of one to know whose it is, not enough to write to it."""

from __future__ import annotations

import hashlib
import re

_PART = r"[^\s@\"'\\,:;<>()\[\]{}/|]+"
_ADDRESS = re.compile(rf"({_PART})(?<!\*\*\*)@({_PART}\.{_PART})")

_HASH_LENGTH = 8
"""Hex digits, as the logical id of a subscription has them: two addresses that look alike are told apart."""


def fingerprint(address: str) -> str:
    """Eight hex digits that stay while the address stays."""
    return hashlib.sha256(address.encode()).hexdigest()[:_HASH_LENGTH]


def masked(text: str) -> str:
    """The text with each address in it as `o***@example.com (8 hex digits)`; what is masked already stays as it is."""
    return _ADDRESS.sub(lambda found: f"{found[1][0]}***@{found[2]} ({fingerprint(found[0])})", text)
