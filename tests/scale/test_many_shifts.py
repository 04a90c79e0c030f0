"""A comment on what other policies do to ten thousand findings."""

from __future__ import annotations

from msgspec.structs import replace
from rejudged import document, judged, said, since

from esmcfn.render.comment import COMMENT, SUMMARY


def test_ten_thousand_findings_with_evil_names_stay_one_comment(tmp_path):
    evil = "</details>@octocat `|` ##[add-mask]x " * 20
    (one,) = since().shifts
    many = tuple(replace(one, rule=f"{evil}{number}", message=evil, file=evil) for number in range(10_000))
    document_of = document(evil, since(shifts=many, base=evil))
    for limit in (COMMENT, SUMMARY):
        text = said(judged(tmp_path, document_of), limit)
        assert limit.holds(text)
        assert "##[add" not in text
