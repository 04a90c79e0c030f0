"""What people wrote, fit to stand in a message."""

from __future__ import annotations

import re

UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
"""Characters that move a cursor, colour a terminal, break a line or turn it around: no text of ours needs one."""

LONGEST = 80
"""Characters of somebody's text that a message repeats."""


def shown(text: str) -> str:
    """The text as it is where that can be read, as Python writes it where it cannot."""
    short = text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
    return short if short and short.isprintable() and short == short.strip() else repr(short)
