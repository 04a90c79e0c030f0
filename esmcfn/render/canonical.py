"""JSON: the promise. One document, two spaces, keys in the order of the page that describes them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

import msgspec

from esmcfn import documents
from esmcfn.domain.report import Outcome

_INVISIBLE = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def render(outcomes: Sequence[Outcome]) -> str:
    """One document, whatever happened."""
    return canonical(documents.outcomes(outcomes))


def canonical(document: Mapping[str, object]) -> str:
    """A document as text; what JSON would leave in and a terminal would obey is escaped, as JSON allows.

    A lone surrogate, which stands for a byte of a file's name that is no UTF-8, is written out as everywhere else: no
    file and no reader takes it.
    """
    text = json.dumps(document, ensure_ascii=False)
    text = _INVISIBLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    text = _LONE_SURROGATE.sub(lambda found: f"\\\\u{ord(found[0]):04x}", text)
    # json's own indentation is not in C: a second where 25,000 findings are told.
    return msgspec.json.format(text, indent=2) + "\n"
