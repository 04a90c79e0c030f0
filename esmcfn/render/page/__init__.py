"""HTML: one file that needs nothing else, to be sent to somebody, printed, and kept.

No address outside of it, and a Content-Security-Policy that would refuse one: style and script are allowed by their
digests, nothing else is. Without the script all is there, only unsorted.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from esmcfn.domain.audit import Audit
from esmcfn.domain.report import Failure, Outcome
from esmcfn.errors import visible
from esmcfn.render import text
from esmcfn.render.page import audit


def render(outcomes: Sequence[Outcome]) -> str:
    """All environments on one page."""
    style, script = _file("page.css"), _file("page.js")
    page = _templates().get_template("page.html")
    return page.render(
        title=_title(outcomes),
        sections=[_section(outcome) for outcome in outcomes],
        overview=len(outcomes) > 1 and any(_audits(outcome) for outcome in outcomes),
        policy=(
            f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
            "base-uri 'none'; form-action 'none'"
        ),
        style=Markup(style),  # noqa: S704 - a file of ours
        script=Markup(script),  # noqa: S704 - a file of ours
    )


def _section(outcome: Outcome) -> Mapping[str, object]:
    """What one environment is shown with: a template of its own where there is one, its text otherwise."""
    if isinstance(outcome, Failure):
        failed = f"{outcome.error} (exit code {int(outcome.error.exit_code)})"
        message = visible(failed, keep="\n")
        return {"kind": "failure", "name": outcome.environment, "message": message, "overview": ()}
    if isinstance(outcome.body, Audit):
        return {"kind": "audit", "name": outcome.environment, **audit.view(outcome.body)}
    return {"kind": "text", "name": outcome.environment, "message": text.render((outcome,)), "overview": ()}


def _audits(outcome: Outcome) -> bool:
    return not isinstance(outcome, Failure) and isinstance(outcome.body, Audit)


def _title(outcomes: Sequence[Outcome]) -> str:
    names = ", ".join(outcome.environment for outcome in outcomes[:3])
    more = f" and {len(outcomes) - 3} more" if len(outcomes) > 3 else ""
    return f"esmcfn {outcomes[0].verb}: {names}{more}"


def _digest(content: str) -> str:
    """A Content-Security-Policy's word for exactly this content."""
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


def _file(name: str) -> str:
    return (files("esmcfn.render.page") / name).read_text(encoding="utf-8")


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("esmcfn.render.page", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
