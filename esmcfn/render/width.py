"""Long lines at a terminal: broken between words, and what goes on stands below where it began.

Only for a terminal: what is piped keeps a line a line, so that grep and diff work.
"""

from __future__ import annotations

import re

NARROWEST = 40
"""Columns; below that nothing can be laid out, and the terminal may break as it likes."""

_BEGINNING = re.compile(r" *(?:[-+~±=!?·] |next: |--> |[A-Z]\w{7} (?=\S)|\w+ {2,})?")
"""Indentation, and the mark or the label that a line begins with."""

_AS_IT_IS = re.compile(r" *\d* *\||--- #|[{}\[]")
"""A line of YAML with what points at it, a template: broken, it would be another one."""

_MORE = 4
"""Columns by which a line without mark and label goes on further in."""


def wrapped(line: str, columns: int) -> list[str]:
    """The line in pieces of at most so many columns; a word that is longer stays whole."""
    columns = max(columns, NARROWEST)
    if len(line) <= columns or _AS_IT_IS.match(line):
        return [line]
    hang = _hang(line, columns)
    pieces, piece = [], ""
    for word in re.findall(r"\s*\S+", line):
        if piece.strip() and len(piece) + len(word) > columns:
            pieces.append(piece)
            piece = " " * hang + word.lstrip()
        else:
            piece += word
    return [*pieces, piece]


def _hang(line: str, columns: int) -> int:
    found = _BEGINNING.match(line)
    beginning = found.group() if found else ""
    plain = not beginning.strip() and (not beginning or " -> " in line)
    return min(len(beginning) + _MORE * plain, columns // 2)
