"""Report -> str: total functions that never compute, count money, decide or print. Same report, same bytes.

Formats are modules of this room, imported when asked for; each has `render(outcomes) -> str`.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from esmcfn.domain.report import Outcome

FORMATS = {
    "text": "esmcfn.render.text",
    "json": "esmcfn.render.canonical",
    "markdown": "esmcfn.render.markdown",
}
"""Format to the module that renders it: a line here, a module there."""

OF_FINDINGS = {
    "sarif": "esmcfn.render.sarif",
    "github": "esmcfn.render.github",
    "junit": "esmcfn.render.junit",
}
"""Formats of what judges: of `check` and `plan`."""

OF_READERS = {
    "html": "esmcfn.render.page",
}
"""Formats of what is sent to somebody: of `audit`."""

OF_ONE_VERB = {
    "env": "esmcfn.render.dotenv",
    "terraform": "esmcfn.render.terraform",
    "python": "esmcfn.render.notebook",
}
"""Formats that only one verb offers."""


def render(form: str, outcomes: Sequence[Outcome]) -> str:
    """What all environments of a run came to, ending with a newline."""
    rendered: str = import_module({**FORMATS, **OF_FINDINGS, **OF_READERS, **OF_ONE_VERB}[form]).render(outcomes)
    return rendered
