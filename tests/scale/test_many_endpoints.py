"""The page of hundreds of endpoints can still be sent by mail."""

from __future__ import annotations

import audited
from builders import a_stack

from esmcfn.render import render

MOST_BYTES = 500_000


def test_two_hundred_endpoints_fit_a_mail():
    stacks = [a_stack(f"a_model_with_a_long_name_{number:03}") for number in range(194)]
    text = render("html", (audited.seeded(*stacks),))
    assert text.count('<th scope="row">a_model_with_a_long_name_') == 194
    assert text.count("/Model</th>") == 200, "each of them could not be checked"
    assert len(text.encode()) < MOST_BYTES
