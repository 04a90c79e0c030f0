"""Templates of what tests begin with: a stack is synthesized once a run, and every test gets a body of its own."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from esmcfn.domain.stack import Selection, Stack
from esmcfn.domain.template import Template
from esmcfn.template import synthesize

_ONCE: dict[tuple[type[Stack], bytes], tuple[Template, bytes]] = {}


def built(selection: Selection) -> tuple[Template, ...]:
    """Every stack of a selection, in the order of deployment."""
    return tuple(template_of(stack) for stack in selection.stacks)


def template_of(stack: Stack) -> Template:
    """A stack's template, for tests that are about something else than how it is made."""
    key = type(stack), msgspec.json.encode(stack)
    if key not in _ONCE:
        made = synthesize(stack)
        _ONCE[key] = made, msgspec.json.encode(made.body)
    template, body = _ONCE[key]
    return replace(template, body=msgspec.json.decode(body))
