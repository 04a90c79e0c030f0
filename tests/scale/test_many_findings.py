"""Code scanning takes 25,000 results of a run, and no more."""

from __future__ import annotations

import json

from judged import NASTY, TOO_MANY, a_report
from msgspec.structs import replace

from esmcfn.render import render
from esmcfn.render.sarif import MOST_RESULTS


def test_of_more_results_than_github_takes_those_that_block_are_kept():
    quiet = [replace(NASTY, fingerprint=f"{number:032x}") for number in range(MOST_RESULTS)]
    document = json.loads(render("sarif", (a_report(*quiet, TOO_MANY),)))
    results = document["runs"][0]["results"]
    assert len(results) == MOST_RESULTS
    assert results[0]["ruleId"] == "ESM001"
