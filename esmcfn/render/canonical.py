"""JSON: the promise. One document, two spaces, keys in the order of the page that describes them."""

from __future__ import annotations

import json
from collections.abc import Sequence

from esmcfn import documents
from esmcfn.domain.report import Outcome


def render(outcomes: Sequence[Outcome]) -> str:
    """One document, whatever happened."""
    return json.dumps(documents.outcomes(outcomes), indent=2, ensure_ascii=False) + "\n"
