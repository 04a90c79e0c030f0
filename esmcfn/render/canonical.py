"""JSON: the promise. One document, two spaces, keys in the order of the page that describes them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from esmcfn import documents
from esmcfn.domain.report import Outcome

_INVISIBLE = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def render(outcomes: Sequence[Outcome]) -> str:
    """One document, whatever happened."""
    return canonical(documents.outcomes(outcomes))


def canonical(document: Mapping[str, object]) -> str:
    """A document as text; what JSON would leave in and a terminal would obey is escaped, as JSON allows."""
    text = json.dumps(document, indent=2, ensure_ascii=False)
    return _INVISIBLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n"
