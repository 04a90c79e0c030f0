"""What a reviewer was shown besides the stacks: whoever forges it gets nothing executed."""

from __future__ import annotations

import json

import pytest
from builders import a_project, a_selection
from fakes import a_world

from esmcfn import documents, plan
from esmcfn.verbs.plan.planning import make_plan

FINDING = {
    "rule": "ESMCFN-X",
    "stack": "esm-dev",
    "logical_id": "Endpoint",
    "message": "it is open",
    "file": "environments/dev.yaml",
    "line": 3,
    "waiver": {"ticket": "T-1", "file": "policies/waivers.yaml", "line": 4},
}
ROOM = {"instance_type": "ml.g5.2xlarge", "limit": 4, "in_use_elsewhere": 1, "peak": 2, "after": 1}


@pytest.fixture(scope="module")
def planned():
    document = documents.plan(make_plan(a_project(), a_selection(), a_world()).body)
    document["findings"] = [FINDING]
    document["policy"] = {"blocking": 0, "advisory": 1, "waived": 0}
    document["headroom"] = [{**ROOM, "fits": True, "fits_after": True, "why_unknown": None}]
    return json.dumps(document)


@pytest.fixture
def now(planned):
    return json.loads(planned)


@pytest.fixture
def then(planned):
    return json.loads(planned)


def test_the_same_is_the_same(then, now):
    assert plan.otherwise(then, now) == ()


@pytest.mark.parametrize(
    ("forge", "said"),
    [
        (lambda then: then["cost"].update(after_monthly="1.00"), "cost.after_monthly"),
        (lambda then: then.update(cost=None), "cost: it is"),
        (lambda then: then["cost"]["items"].clear(), "cost.items: it is"),
        (lambda then: then.update(drift=None), "drift: it is"),
        (lambda then: then["summary"].update(add=0), "summary.add: it is"),
        (lambda then: then.update(findings=[]), "ESMCFN-X at esm-dev/Endpoint: nobody reviewed this finding"),
        (lambda then: then.update(findings="none"), "nobody reviewed this finding"),
        (lambda then: then["findings"].append("forged"), "findings: forged is none, and was reviewed"),
        (lambda then: then["headroom"].append("forged"), "headroom: forged was reviewed, and is none now"),
        (
            lambda then: then["headroom"].insert(0, {"instance_type": "ml.g5.2xlarge"}),
            "headroom: a type that is named tw",
        ),
        (lambda then: then["headroom"][0].update(why_unknown="denied"), "why_unknown: it is null now, and denied was"),
        (lambda then: then["findings"][0].update(message="it is shut"), "nobody reviewed this finding"),
        (lambda then: then["findings"].append({"rule": "OTHER"}), "OTHER: this finding was reviewed, and is gone"),
        (lambda then: then.update(policy=None), "policy: it is"),
        (lambda then: then["policy"].update(advisory=0), "policy.advisory: it is 1 now, and 0 was reviewed"),
        (lambda then: then.update(headroom=None), "headroom of ml.g5.2xlarge: nobody reviewed it"),
        (lambda then: then["headroom"].append({"instance_type": "ml.x"}), "headroom of ml.x: it was reviewed, and is"),
        (lambda then: then["headroom"][0].update(peak=1), "headroom of ml.g5.2xlarge: peak: it is 2 now, and 1"),
        (lambda then: then["headroom"][0].update(fits=False), "fits: it is true now, and false was reviewed"),
        (lambda then: then["outputs"].update(sagemaker_endpoints={}), "outputs.sagemaker_endpoints."),
        (lambda then: then["verdict"].update(reasons=["passes"]), "verdict.reasons: it is"),
        (lambda then: then.update(tool_version="9.9"), "esmcfn 9.9 made it, and this is esmcfn"),
    ],
)
def test_what_a_reviewer_was_shown_otherwise_refuses(then, now, forge, said):
    forge(then)
    found = plan.otherwise(then, now)
    assert any(said in each for each in found), found


def test_prices_that_moved_are_called_so_and_nothing_else_is_told_of_the_cost(then, now):
    now["cost"]["items"][0].update(usd_per_hour="9.99", price_as_of="2026-11-20")
    now["cost"].update(after_monthly="7292.70")
    (said,) = plan.otherwise(then, now)
    assert said.startswith("the price book has other prices than were reviewed: ml.g5.2xlarge is 9.99 USD an hour now")


def test_what_moves_by_itself_refuses_nothing(then, now):
    now["findings"][0].update(line=9)
    now["findings"][0]["waiver"].update(line=10)
    now["findings"].append({"rule": "ESMCFN-WAIVER-EXPIRING", "message": "it expires in 14 days"})
    now["policy"]["advisory"] += 1
    now["headroom"][0].update(in_use_elsewhere=2, limit=8)
    then["headroom"][0].update(fits=None, why_unknown="denied")
    assert plan.otherwise(then, now) == ()


def test_what_does_not_fit_any_more_or_cannot_be_told_refuses(then, now):
    now["headroom"][0].update(fits=None, why_unknown="denied")
    assert "fits: it is null now, and true was reviewed" in plan.otherwise(then, now)[0]


def test_where_it_does_not_fit_the_quota_itself_is_compared(then, now):
    for document in (then, now):
        document["headroom"][0].update(fits=False, fits_after=False)
    then["headroom"][0].update(limit=100)
    assert "limit: it is 4 now, and 100 was reviewed" in plan.otherwise(then, now)[0]


def test_a_refusal_names_a_few_and_counts_the_rest(then, now):
    then["findings"] = [{"rule": f"R{number}"} for number in range(9)]
    found = plan.otherwise(then, now)
    assert found[-1] == "findings: 5 more are otherwise than reviewed"
