"""One comment for all environments: within the limits, balanced, and nobody's text becomes markup, whatever comes."""

from __future__ import annotations

import json
import re

from commented import (
    a_blocking,
    a_change,
    a_drifting,
    a_hand,
    a_planned,
    a_seen_stack,
    rendered,
)
from msgspec.structs import replace

from esmcfn.domain.drift import State
from esmcfn.domain.overwriting import Fate
from esmcfn.domain.plan import Action
from esmcfn.domain.review import (
    Expected,
    SeenCost,
    SeenCostItem,
    SeenDrifted,
    SeenHeadroom,
    SeenVerdict,
    Unplanned,
)
from esmcfn.errors import ExitCode, Problem
from esmcfn.render.comment import MARKER


def table(text):
    return [line for line in text.splitlines() if line.startswith("|")]


def test_counts_are_of_the_changes_that_are_listed_not_those_that_a_file_claims():
    plan = a_planned(a_seen_stack(a_change(Action.DELETE)), summary={"delete": 0, "add": 9})
    assert "| `dev` | 0 | 0 | 0 | **1** |" in rendered(plan)


def a_figure(**changes):
    common = {"min_count": 1, "expected_count": 2, "max_count": 4, "usd_per_hour": "2.03"}
    price = {"price_source": "AWS Price List", "price_as_of": "2026-05-20"}
    sums = {"min_monthly": "1481.90", "expected_monthly": "2963.80", "max_monthly": "5927.60"}
    named = {"stack": "esm-dev", "model": "prototype_model", "instance_type": "ml.g5.4xlarge"}
    return SeenCostItem(**{**named, **common, **price, **sums, **changes})


def test_what_a_model_that_changes_costs_is_told_with_its_bounds_its_price_and_the_prices_day():
    other = a_figure(stack="esm-dev-other", model="other_model")
    cost = SeenCost("USD", None, None, None, items=(a_figure(), other), notes=("no seller's charge",))
    cost = replace(cost, updating=("prototype_model",), surge_usd_per_hour="4.06")
    text = rendered(a_planned(a_seen_stack(a_change()), cost=cost))
    assert "`prototype_model`: 2 x `ml.g5.4xlarge`, 2,963.80 USD a month (`2.03` an hour each)" in text
    assert "1,481.90 to 5,927.60 with 1 to 4 instances" in text
    assert "prices of 2026-05-20, from AWS Price List" in text
    assert "note: no seller's charge" in text
    assert "side by side: 4.06 USD an hour on top" in text
    assert "other_model" not in text


def test_a_figure_without_a_price_is_unknown_and_no_source_is_named():
    unknown = dict.fromkeys(("usd_per_hour", "price_source", "price_as_of"), None)
    sums = dict.fromkeys(("min_monthly", "expected_monthly", "max_monthly"), None)
    cost = SeenCost("USD", None, None, None, items=(a_figure(**unknown, **sums),))
    text = rendered(a_planned(a_seen_stack(a_change()), cost=cost))
    assert "unknown USD a month (no price is known)" in text
    assert "prices of" not in text


def test_an_environment_that_failed_has_a_row_and_its_reasons():
    failed = Unplanned(
        environment="prod",
        message="1 problem in the input",
        exit_code=ExitCode.INPUT,
        next_step="correct the line",
        problems=(Problem("environments/prod.yaml", 7, 5, "prototype_model: unknown", "did you mean ESMC-300M?"),),
    )
    text = rendered(a_planned(), failed)
    assert "| `prod` | | | | | **no plan**: exit code 3 | | | |" in text
    assert "environments/prod.yaml:7:5" in text
    assert "did you mean ESMC-300M?" in text
    assert "+1.50, 1 unknown" in text


def test_what_somebody_changed_by_hand_and_a_deployment_overwrites_is_warned_of_and_counted():
    text = rendered(a_planned(a_drifting(a_hand(), a_hand(Fate.KEPT, "Other"))))
    assert "| **2 drifted** |" in text
    warned, _, details = text.partition("<details>")
    assert (
        "> - `dev` `esm-dev/Role` will be overwritten: `Tags/Owner`: now `me`, deployed `(none)`, would be `you`"
        in warned
    )
    assert "Other" not in warned
    assert "drift `Other`" in details
    assert details.count("- `esm-dev update`") == 1


def test_what_nobody_compared_is_not_in_sync():
    unseen = SeenDrifted(None, "AWS::CloudFormation::Stack", "esm-dev", State.NOT_CHECKED, why_not_checked="denied")
    assert "| 1 not checked |" in rendered(a_planned(a_drifting(unseen, state=State.NOT_CHECKED)))
    assert "| 1 not checked |" in rendered(a_planned(a_drifting(state=State.NOT_CHECKED, why_not_checked="denied")))
    assert "| not looked at |" in rendered(a_planned(a_seen_stack(a_change())))
    assert "| in sync |" in rendered(a_planned(a_drifting(state=State.IN_SYNC)))


def test_what_only_an_option_compares_is_one_line_of_the_details():
    unseen = [
        SeenDrifted(
            name, "AWS::SNS::Topic", name, State.NOT_CHECKED, why_not_checked=f"nobody compares {name}", unasked=True
        )
        for name in ("One", "Two", "Three")
    ]
    text = rendered(a_planned(a_drifting(*unseen, state=State.NOT_CHECKED)))
    assert "drift 3 resources not checked: CloudFormation's own detection was not asked (plan --drift)" in text
    assert text.count("not asked") == 1
    assert "| 3 not checked |" in text


def test_a_plan_that_reverts_says_so_and_what_stays_is_not_said_to_go_with_the_rest():
    hand = a_hand()
    key = replace(hand.properties[0], path="AccessKeys/one", fate=Fate.KEPT)
    text = rendered(a_planned(a_drifting(replace(hand, properties=(*hand.properties, key))), revert_drift=True))
    assert "> - `dev`: this plan puts back what drifted (`--revert-drift`)" in text
    assert "`esm-dev/Role` goes back: `Tags/Owner`" in text
    assert "`esm-dev/Role` stays as it is: `AccessKeys/one`" in text
    assert "overwritten" not in text.split("<details>")[0]


def test_quotas_that_do_not_hold_or_that_nobody_could_read_are_warned_of():
    full = SeenHeadroom("ml.g5.2xlarge", limit=2, in_use_elsewhere=1, peak=2, after=1)
    unread = SeenHeadroom(None, limit=None, in_use_elsewhere=None, peak=2, after=1, why_unknown="denied")
    fine = SeenHeadroom("ml.g5.4xlarge", limit=20, in_use_elsewhere=1, peak=2, after=1)
    warned = rendered(a_planned(headroom=(full, unread, fine))).partition("<details>")[0]
    assert "`dev` ml.g5.2xlarge: 2 instances at the peak beside 1 of other endpoints, the quota is 2" in warned
    assert "is unknown: denied" in warned
    assert "ml.g5.4xlarge" not in warned


def test_what_blocks_is_named_even_where_no_finding_does():
    over = a_planned(verdict=SeenVerdict(blocked=True, reasons=("over budget by 5.00 USD",)))
    text = rendered(over, a_planned(environment="qa", findings=(a_blocking(),)))
    assert "`dev` over budget by 5.00 USD" in text
    assert "`qa` **hard** `ESM001` `environments/dev.yaml:7`: too many" in text
    assert "**2 blocked**" in text


def test_what_a_budget_says_without_blocking_is_told_with_the_costs():
    said = "within the budget: 5.00 US dollars a month expected, 9.00 allowed; instances only"
    text = rendered(a_planned(verdict=SeenVerdict(blocked=False, reasons=(said,), budget=said)))
    assert f"budget: {said}" in text


def test_an_environment_without_a_file_is_left_to_a_person_and_a_sandbox_is_said_to_be_one():
    text = rendered(a_planned(), expected=Expected(environments=("dev",), vanished=("old",), sandbox=("dev",)))
    assert "`esmcfn destroy old --like ANOTHER`" in text
    assert "not deployed by a workflow: `dev`" in text


def test_no_environment_is_no_empty_table():
    text = rendered()
    assert text.startswith(MARKER)
    assert "no environment changes" in text
    assert table(text) == []


def test_the_marker_holds_every_plans_id_and_cannot_be_ended_by_a_name():
    text = rendered(a_planned(environment="--><b>"), a_planned(environment="##[add-mask]x"))
    hidden = re.fullmatch(r"<!-- esmcfn:plan (.*) -->", text.splitlines()[0])
    assert json.loads(hidden[1])["plans"] == {"--><b>": "sha256:" + "ab" * 32, "##[add-mask]x": "sha256:" + "ab" * 32}
    assert "--" not in hidden[1]
    assert "##[" not in hidden[1]
