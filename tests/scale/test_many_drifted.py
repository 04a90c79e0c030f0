"""An issue on thousands of drifted resources: named as far as it holds them, counted beyond."""

from __future__ import annotations

import re

from reported import a_drift, a_drifted

from esmcfn.render.issue import issue


def test_twelve_hundred_drifted_resources_are_all_named_and_of_four_thousand_the_rest_is_counted():
    some = issue(a_drift(*(a_drifted(f"R{number}") for number in range(1200)))).body
    assert all(f"esm-prod-model/R{number}`" in some for number in range(1200))
    assert len(some.encode("utf-16-le")) // 2 <= 65_536
    many = issue(a_drift(*(a_drifted(f"Resource{number}") for number in range(4_000)))).body
    named = len(re.findall(r"`esm-prod-model/Resource\d+`", many))
    assert named > 500
    assert f"and {4_000 - named} more, too many for an issue" in many
    assert len(many.encode("utf-16-le")) // 2 <= 65_536
