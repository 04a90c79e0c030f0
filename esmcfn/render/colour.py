"""Colour for the text report, put on last; without it the report says exactly the same."""

from __future__ import annotations

from io import StringIO

from rich.console import Console
from rich.highlighter import RegexHighlighter
from rich.text import Text
from rich.theme import Theme

_THEME = Theme(
    {
        "plan.add": "green",
        "plan.modify": "yellow",
        "plan.replace": "bold magenta",
        "plan.delete": "bold red",
        "plan.label": "bold",
        "plan.blocked": "bold red",
        "plan.quiet": "dim",
        "plan.note": "yellow",
    }
)


class _Marks(RegexHighlighter):
    """Lines by the mark they begin with, and the labels of the last block."""

    base_style = "plan."
    highlights = [  # rich reads a list here
        r"(?m)^(?P<add> *\+ .*)$",
        r"(?m)^(?P<modify> *~ .*)$",
        r"(?m)^(?P<replace> *± .*)$",
        r"(?m)^(?P<delete> *- .*)$",
        r"(?m)^(?P<note> +! .*)$",
        r"(?m)^(?P<quiet>= .*)$",
        r"(?m)^(?P<label>(Plan|Callers|Cost|Policy|Budget|Drift|Quota|Left|Done|Endpoint) )",
        r"(?m)^(?P<blocked>(Blocked|Failed) .*|(hard|soft) [A-Z].*)$",
        r"(?m)^(?P<note>advisory [A-Z].*| +\| +\^+)$",
        r"(?m)^(?P<quiet>waived [A-Z].*| += more: .*)$",
    ]


def coloured(text: str) -> str:
    """The same text with ANSI colours; lines are never wrapped or cut."""
    sink = StringIO()
    console = Console(file=sink, force_terminal=True, theme=_THEME, highlight=False, soft_wrap=True)
    marked = Text(text, end="")
    _Marks().highlight(marked)
    console.print(marked, end="", soft_wrap=True)
    return sink.getvalue()
