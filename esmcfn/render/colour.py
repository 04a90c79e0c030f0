"""Colour and width for the text report, put on last; without them the report says exactly the same.

A mark means what its report means by it: what begins with "-" is deleted by a plan, was deleted well by a deployment,
and is parked in a status. So each kind of report has marks of its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from io import StringIO

from rich.console import Console
from rich.text import Text

from esmcfn.domain.deployment import Deployment
from esmcfn.domain.drift import EnvironmentDrift
from esmcfn.domain.plan import Plan
from esmcfn.domain.report import Body, Built, Checked
from esmcfn.domain.standing import EnvironmentStatus, Waited
from esmcfn.render.width import wrapped

Marks = Sequence[tuple[str, str]]
"""How a line begins, and the style of what matched; the first that fits counts."""

_GOOD, _BAD, _CARE, _QUIET = "green", "bold red", "yellow", "dim"

_LABEL = (r"(?:Plan|Callers|Cost|Policy|Budget|Drift|Quota|Left|Done|Endpoint|Coverage|Role|User) ", "bold")

_FINDINGS: Marks = (
    (r"(?:hard|soft) [A-Z].*", _BAD),
    (r"advisory [A-Z].*| +\| +\^+", _CARE),
    (r"waived [A-Z].*| += more: .*", _QUIET),
)

_MARKS: dict[type[Body], Marks] = {
    Plan: (
        (r" *\+ .*", _GOOD),
        (r" *(?:~| !) .*", _CARE),
        (r" *± .*", "bold magenta"),
        (r" *- .*", _BAD),
        (r"= .*", _QUIET),
        (r"Blocked .*", _BAD),
        *_FINDINGS,
    ),
    Checked: _FINDINGS,
    Deployment: (
        (r"[-+~=] \S+: .*(?:ROLLBACK|FAILED|Failed|not done|OutOfService).*|Failed .*", _BAD),
        (r"[-+~=] \S+: [A-Z_]+_COMPLETE\b.*", _GOOD),
        (r"[-+~=] \S+: .*", _CARE),  # not reached, or lost sight of
        (r"= .*", _QUIET),
        (r" +! .*", _CARE),
    ),
    EnvironmentStatus: ((r"= .*", _GOOD), (r"! .*", _BAD), (r"[~?] .*", _CARE), (r"- .*", _QUIET)),
    EnvironmentDrift: ((r" *! .*", _BAD), (r" *\? .*", _CARE), (r"= .*", _QUIET)),
}
_MARKS[Waited] = _MARKS[EnvironmentStatus]


def on_screen(text: str, kinds: Sequence[type[Body]], *, columns: int, colours: bool) -> str:
    """The text as a terminal shows it: long lines broken between words, and coloured where colours are wanted.

    Args:
        kinds: what the text reports; several environments have reports of one kind.
    """
    kind = next(iter(kinds), None)
    marks = [(re.compile(pattern), style) for pattern, style in (*(_MARKS.get(kind, ()) if kind else ()), _LABEL)]
    shown = Text(end="")
    for line in text.splitlines(keepends=True):
        # A template is one document: broken, it could not be copied.
        pieces = [line] if kind is Built else wrapped(line.rstrip("\n"), columns)
        first = Text("\n".join(pieces) + "\n" * (kind is not Built))
        found = next(((match, style) for pattern, style in marks if (match := pattern.match(line))), None)
        if found:
            match, style = found
            first.stylize(style, 0, len(first) if match.end() >= len(line.rstrip("\n")) else match.end())
        shown.append_text(first)
    return _ansi(shown) if colours else shown.plain


def _ansi(shown: Text) -> str:
    sink = StringIO()
    console = Console(
        file=sink, force_terminal=True, color_system="standard", no_color=False, highlight=False, soft_wrap=True
    )
    console.print(shown, end="", soft_wrap=True)
    return sink.getvalue()
