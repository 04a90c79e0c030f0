"""Whatever stands in the plans, one comment fits, is balanced, and nobody's text becomes markup."""

from __future__ import annotations

from commented import (
    UNSHRUNK,
    a_planned,
    assert_sound,
    rendered,
    utf16,
)
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from esmcfn.domain.drift import State
from esmcfn.domain.finding import Level
from esmcfn.domain.overwriting import Fate
from esmcfn.domain.plan import Action, Impact, StackAction
from esmcfn.domain.review import (
    Expected,
    Planned,
    SeenChange,
    SeenCost,
    SeenCostItem,
    SeenDrifted,
    SeenDriftedProperty,
    SeenFinding,
    SeenHeadroom,
    SeenProperty,
    SeenStack,
    SeenStackDrift,
    SeenVerdict,
    Unplanned,
)
from esmcfn.errors import ExitCode, Problem
from esmcfn.render.comment import COMMENT, MARKER, SUMMARY

EVIL = (
    "</details><img src=x onerror=alert(1)>",
    "-->",
    "```\n# heading",
    "`code` | cell |",
    "@octocat @team/all",
    "#1 GH-2 o/r#3",
    "https://evil.example www.evil.example",
    "[link](javascript:alert(1)) ![x](y)",
    "::error::owned\n::add-mask::x",
    "##[add-mask]x",
    "\u202egnp.exe",
    "a\n\n</details>\n\n<script>",
    "> [!CAUTION]",
    "\\",
    "",
    " ",
    "💥" * 40,
    "$\\LaTeX$ ~~gone~~ **bold** _it_",
)


texts = st.one_of(st.sampled_from(EVIL), st.text(max_size=60), st.sampled_from(EVIL).map(lambda text: text * 30))
maybe = st.none() | texts
properties = st.builds(SeenProperty, path=texts, before=maybe, after=maybe, replaces=st.booleans())
changes = st.builds(
    SeenChange,
    action=st.sampled_from(Action),
    logical_id=texts,
    resource_type=texts,
    impact=st.sampled_from(Impact),
    meaning=texts,
    name=maybe,
    physical_id=maybe,
    properties=st.lists(properties, max_size=3).map(tuple),
)
drifted_properties = st.builds(
    SeenDriftedProperty, path=texts, now=maybe, deployed=maybe, planned=maybe, fate=st.sampled_from(Fate)
)
drifted = st.builds(
    SeenDrifted,
    logical_id=maybe,
    resource_type=texts,
    name=texts,
    state=st.sampled_from(State),
    fate=st.none() | st.sampled_from(Fate),
    properties=st.lists(drifted_properties, max_size=2).map(tuple),
    why_not_checked=maybe,
    next_step=maybe,
)
drifts = st.builds(
    SeenStackDrift,
    state=st.sampled_from(State),
    found=st.tuples(st.lists(drifted, max_size=2), st.sampled_from([1, 1, 1, 40])).map(
        lambda pair: tuple(pair[0] * pair[1])
    ),
    why_not_checked=maybe,
)
counts = st.none() | st.integers(0, 9)
headrooms = st.builds(SeenHeadroom, maybe, counts, counts, st.integers(0, 9), st.integers(0, 9), maybe)
stacks = st.builds(
    SeenStack,
    name=texts,
    drift=st.none() | drifts,
    action=st.sampled_from(StackAction),
    changes=st.lists(changes, max_size=4).map(tuple),
    notes=st.lists(texts, max_size=2).map(tuple),
)
findings = st.builds(
    SeenFinding,
    rule=texts,
    level=st.sampled_from(Level),
    message=texts,
    file=maybe,
    line=st.none() | st.integers(1, 9),
    waived_by=maybe,
    advice=texts,
)
money = st.none() | st.decimals(-(10**9), 10**9, places=2).map(str)
counts = st.integers(-9, 10**20)
items = st.builds(
    SeenCostItem,
    *(texts, texts, texts, counts, counts, counts),
    usd_per_hour=money,
    price_source=maybe,
    price_as_of=maybe,
    min_monthly=money,
    expected_monthly=money,
    max_monthly=money,
)
plans = st.builds(
    Planned,
    plan_id=st.just("sha256:" + "cd" * 32),
    environment=texts,
    account=texts,
    region=texts,
    expires_at=texts,
    summary=st.just({}),
    stacks=st.lists(stacks, max_size=3).map(tuple),
    findings=st.lists(findings, max_size=4).map(tuple),
    cost=st.builds(
        SeenCost,
        texts,
        before_monthly=money,
        after_monthly=money,
        delta_monthly=money,
        infrastructure_only=st.booleans(),
        items=st.lists(items, max_size=3).map(tuple),
        updating=st.lists(texts, max_size=2).map(tuple),
        surge_usd_per_hour=money,
        notes=st.lists(texts, max_size=2).map(tuple),
    ),
    verdict=st.builds(SeenVerdict, blocked=st.booleans(), reasons=st.lists(texts, max_size=2).map(tuple)),
    server_side=st.booleans(),
    delete_first=st.booleans(),
    headroom=st.lists(headrooms, max_size=2).map(tuple),
)
problems = st.builds(Problem, texts, st.integers(1, 9), st.integers(1, 9), texts, texts)
failures = st.builds(
    Unplanned,
    environment=texts,
    message=texts,
    exit_code=st.sampled_from(ExitCode),
    next_step=texts,
    problems=st.lists(problems, max_size=3).map(tuple),
)


def many(each, times):
    """The same environment with so many times as many changes."""
    if isinstance(each, Unplanned):
        return each
    return replace(each, stacks=tuple(replace(stack, changes=stack.changes * times) for stack in each.stacks))


@settings(phases=UNSHRUNK, suppress_health_check=list(HealthCheck))
@given(
    st.lists(plans | failures, max_size=4),
    st.lists(texts, max_size=3).map(tuple),
    st.sampled_from([COMMENT, SUMMARY]),
    st.sampled_from([1, 200]),
)
@example([], (), COMMENT, 1)
@example([a_planned(environment="##[add-mask]x" * 3)], ("##[add-mask]x",), COMMENT, 1)
def test_whatever_is_in_the_plans_it_fits_is_balanced_and_nobodys_text_is_markup(seen, names, limit, times):
    seen = [many(each, times) for each in seen]
    text = rendered(*seen, limit=limit, expected=Expected(vanished=names, sandbox=names))
    assert limit is SUMMARY or utf16(text) <= 65_536
    assert len(text.encode()) <= (2**20 if limit is SUMMARY else 200_000)
    assert text.startswith(MARKER)
    assert_sound(text)
