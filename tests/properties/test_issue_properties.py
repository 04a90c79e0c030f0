"""Whatever stands in a report, its issue fits, and nobody's text becomes markup."""

from __future__ import annotations

import json
import re

from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from reported import RUN, a_drift, a_drifted, a_model, an_audit

from esmcfn.domain.issue import (
    MARKER,
    AuditReport,
    DriftReport,
    SeenBeside,
    SeenCoverage,
    SeenDifference,
    SeenDriftVerdict,
    SeenModel,
    SeenMonth,
    SeenPatch,
    SeenResource,
    SeenSaving,
    SeenStackDrift,
    SeenUnmanaged,
    fingerprint,
)
from esmcfn.errors import INVISIBLE
from esmcfn.render.issue import issue

EVIL = (
    "</details><img src=x onerror=alert(1)>",
    "-->",
    "```\n# heading",
    "`code` | cell |",
    "@octocat @team/all #1 GH-2 o/r#3",
    "https://evil.example www.evil.example",
    "[link](javascript:alert(1)) ![x](y)",
    "::error::owned\n::add-mask::x",
    "##[add-mask]x",
    "\u202egnp.exe",
    "````\n",
    "\\",
    "",
    "💥" * 40,
)
texts = st.one_of(st.sampled_from(EVIL), st.text(max_size=40), st.sampled_from(EVIL).map(lambda text: text * 20))
maybe = st.none() | texts
differences = st.builds(SeenDifference, texts, maybe, maybe)
resources = st.builds(
    SeenResource,
    logical_id=maybe,
    resource_type=texts,
    name=texts,
    state=st.sampled_from(["in sync", "drifted", "missing", "not checked"]),
    differences=st.lists(differences, max_size=3).map(tuple),
    why_not_checked=maybe,
    next_step=maybe,
)
money = st.none() | st.decimals(-(10**9), 10**9, places=2).map(str)
drifts = st.builds(
    DriftReport,
    environment=texts,
    account=texts,
    region=texts,
    as_of=texts,
    coverage=st.builds(SeenCoverage, st.integers(0, 9), st.integers(0, 9), st.booleans()),
    stacks=st.lists(
        st.builds(
            SeenStackDrift,
            texts,
            st.tuples(st.lists(resources, max_size=4), st.sampled_from([1, 1, 1, 60])).map(
                lambda pair: tuple(pair[0] * pair[1])
            ),
            st.lists(texts, max_size=2).map(tuple),
        ),
        max_size=2,
    ).map(tuple),
    unmanaged=st.builds(
        SeenUnmanaged,
        st.booleans(),
        maybe,
        st.none() | st.lists(st.builds(SeenBeside, texts, texts, money), max_size=3).map(tuple),
    ),
    verdict=st.builds(SeenDriftVerdict, st.booleans(), st.booleans()),
    report=st.just("drift"),
)
models = st.builds(
    SeenModel,
    model=texts,
    activity=st.sampled_from(["busy", "idle", "unknown"]),
    why=texts,
    calls=st.none(),
    instances=st.lists(texts, max_size=2).map(tuple),
    expected_monthly=money,
    savings=st.lists(st.builds(SeenSaving, texts, money, texts), max_size=2).map(tuple),
)
audits = st.builds(
    AuditReport,
    environment=texts,
    account=texts,
    region=texts,
    as_of=texts,
    models=st.lists(models, max_size=3).map(tuple),
    saving_monthly=money,
    months=st.lists(st.builds(SeenMonth, texts, maybe, money, money, money), max_size=2).map(tuple),
    why_no_bill=maybe,
    patch=st.builds(SeenPatch, maybe),
    report=st.just("audit"),
)


@settings(phases=(Phase.explicit, Phase.generate), suppress_health_check=list(HealthCheck))
@given(drifts | audits)
@example(an_audit(patch=SeenPatch("##[add-mask]x\n````\n::error::x")))
@example(an_audit(a_model(savings=(SeenSaving("", None, ""),))))
@example(a_drift(a_drifted("##[add-mask]x"), environment="##[add-mask]x"))
def test_whatever_is_in_a_report_its_issue_fits_and_nobodys_text_is_markup(report):
    text = issue(report, run=RUN)
    body = text.body
    assert len(body.encode("utf-16-le")) // 2 <= 65_536
    assert len(body.encode()) <= 200_000
    assert re.fullmatch(re.escape(MARKER) + r"[^<>]* -->", body.splitlines()[0])
    assert json.loads(body.splitlines()[0][len(MARKER) : -4])["fingerprint"] == fingerprint(report)
    assert not re.search(INVISIBLE, body.replace("\n", ""))
    assert "\n" not in text.title
    tokens = MarkdownIt("commonmark").enable("table").parse(body)
    inline = [child for token in tokens for child in token.children or ()]
    assert not [token for token in tokens if token.type in {"heading_open", "code_block"}]
    assert len([token for token in tokens if token.type == "html_block"]) == 1
    assert len([token for token in tokens if token.type == "fence"]) <= 1
    assert not [child for child in inline if child.type in {"html_inline", "image", "em_open", "s_open"}]
    assert {child.attrs["href"] for child in inline if child.type == "link_open"} <= {RUN}
    prose = "\n".join(child.content for child in inline if child.type == "text")
    assert not re.search(r"@\w|#\d|GH-\d|www\.\w|://\w", prose, re.IGNORECASE)
    assert not [line for line in body.splitlines() if line.lstrip().startswith("::") or "##[" in line]
