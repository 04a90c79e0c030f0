"""Which environments differ as built, for people."""

from __future__ import annotations

from collections.abc import Iterator

from esmcfn.documents.changed import changed as document
from esmcfn.domain.changed import Changed
from esmcfn.errors import shown, visible
from esmcfn.render.canonical import canonical

SYMBOLS = {"added": "+", "changed": "~", "removed": "-", "invalid": "!", "unknown": "?"}
"""Before every name, so that none begins a line: a runner would take ::error:: for a command."""


def render(form: str, changed: Changed) -> str:
    """As text or as JSON."""
    return canonical(document(changed)) if form == "json" else "".join(f"{line}\n" for line in _lines(changed))


def _lines(changed: Changed) -> Iterator[str]:
    for each in changed.differences:
        where = f"  ({each.account}, {each.region})" if each.account else ""
        yield visible(f"{SYMBOLS[each.how]} {shown(each.environment)}: {each.how}{where}")
        if each.why:
            yield visible(f"    {each.why}")
        for name, how in each.stacks.items():
            yield visible(f"    {SYMBOLS[how]} {name}")
    for name in changed.vanished:
        yield visible(
            f"{shown(name)}: its file is gone; esmcfn destroy {shown(name)} --like ANOTHER removes its stacks"
        )
    same = ", ".join(shown(name) for name in changed.unchanged)
    since = shown(changed.base) + (f" ({changed.commit[:12]})" if changed.commit else "")
    yield visible(f"Unchanged since {since}: {same or 'none'}")
