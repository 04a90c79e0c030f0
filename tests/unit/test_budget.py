"""An AWS Budget when it is asked for: judged, built, unnamed; and what a change of it means."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from builders import ENVIRONMENT_TEXT, a_base_stack, a_project, a_root, a_selection, a_stack
from built import built
from fakes import FakeStacks, a_world
from msgspec.structs import replace

from esmcfn import inputs
from esmcfn.domain.budget import BudgetNotice, MonthlyBudget
from esmcfn.domain.plan import Action, Impact
from esmcfn.errors import InputError
from esmcfn.selection import select
from esmcfn.template import synthesize
from esmcfn.verbs.plan.planning import make_plan

NOTICE = BudgetNotice(emails=("ops@example.com", "finance@example.com"))
BASE = a_base_stack(budget=MonthlyBudget(usd_per_month=Decimal("2000.00"), notice=NOTICE))
ONE = a_selection(a_stack(), base=BASE)


def selected(folder: Path, budget: str):
    loaded = inputs.load(a_root(folder, environment=f"{ENVIRONMENT_TEXT}budget: {budget}\n"), "dev")
    return select(loaded.project, problems=loaded.problems)


def budget(base=BASE):
    return synthesize(base).body["Resources"]["Budget"]["Properties"]


class TestWrong:
    @pytest.mark.parametrize(
        ("written", "complaint"),
        [
            ("{usd_per_month: 9, notify: ops}", "budget.notify: must be a list of e-mail addresses"),
            ("{usd_per_month: 9, notify: [ops]}", "budget.notify: must be an e-mail address"),
            ("{usd_per_month: 9, notify: []}", "budget.notify: nobody is named"),
            ("{usd_per_month: 9, notify: [a@b.org, A@b.org]}", "budget.notify: a@b.org is named twice"),
            ("{usd_per_month: 0, notify: [a@b.org]}", "budget.usd_per_month: AWS has no budget of 0"),
            ("{usd_per_month: 9, notify_at: {actual: [80]}}", "budget.notify_at: nobody is to be told"),
            (
                "{usd_per_month: 9, notify: [a@b.org], notify_at: {actual: [0]}}",
                "notify_at.actual: must be a whole number",
            ),
            (
                "{usd_per_month: 9, notify: [a@b.org], notify_at: {actual: [true]}}",
                "notify_at.actual: must be a whole number",
            ),
            (
                "{usd_per_month: 9, notify: [a@b.org], notify_at: {actual: [], forecast: []}}",
                "budget.notify_at: neither actual nor forecast",
            ),
            (
                "{usd_per_month: 9, notify: [a@b.org], notify_at: {actual: [80, 80]}}",
                "budget.notify_at.actual: 80 is named twice",
            ),
            (
                f"{{usd_per_month: 9, notify: [a@b.org], notify_at: {{actual: {list(range(1, 12))}}}}}",
                "budget.notify_at: 12 of them, and an AWS Budget has 10",
            ),
            (
                f"{{usd_per_month: 9, notify: [{', '.join(f'a{n}@b.org' for n in range(11))}]}}",
                "budget.notify: 11 addresses, and AWS writes to 10",
            ),
            ("{usd_per_month: 9, notifies: [a@b.org]}", "budget.notifies: unknown key (did you mean notify"),
        ],
    )
    def test_it_is_told_on_its_line(self, tmp_path, written, complaint):
        with pytest.raises(InputError) as caught:
            selected(tmp_path, written)
        line = len(ENVIRONMENT_TEXT.splitlines()) + 1
        (problem,) = caught.value.problems
        assert (problem.file, problem.line) == ("environments/dev.yaml", line)
        assert complaint in str(problem)


class TestBuilt:
    def test_nobody_who_did_not_ask_gets_one(self, tmp_path):
        assert selected(tmp_path, "2000").base.budget is None
        assert "Budget" not in synthesize(a_base_stack()).body["Resources"]

    def test_the_usual_moments_are_80_and_100_percent_spent_and_100_expected(self, tmp_path):
        base = selected(tmp_path, "{usd_per_month: 2000.50, level: soft, notify: [a@b.org]}").base
        assert base.budget == MonthlyBudget(
            usd_per_month=Decimal("2000.50"),
            notice=BudgetNotice(emails=("a@b.org",), actual=(80, 100), forecast=(100,)),
        )
        built = budget(base)
        assert built["Budget"]["BudgetLimit"] == {"Amount": 2000.5, "Unit": "USD"}
        assert [
            (each["Notification"]["NotificationType"], each["Notification"]["Threshold"])
            for each in built["NotificationsWithSubscribers"]
        ] == [("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100)]

    def test_others_may_be_named_in_any_order(self, tmp_path):
        written = "{usd_per_month: 9, notify: [a@b.org], notify_at: {actual: [90, 50], forecast: []}}"
        told = budget(selected(tmp_path, written).base)["NotificationsWithSubscribers"]
        assert [each["Notification"]["Threshold"] for each in told] == [50, 90]

    def test_it_counts_what_carries_the_environments_tag_and_has_no_name_of_ours(self):
        built = budget()
        assert built["Budget"] == {
            "BudgetType": "COST",
            "TimeUnit": "MONTHLY",
            "BudgetLimit": {"Amount": 2000, "Unit": "USD"},
            "CostFilters": {"TagKeyValue": ["user:esmcfn:environment$dev"]},
        }
        assert {each["Key"]: each["Value"] for each in built["ResourceTags"]} == BASE.tags
        (subscribers, *_) = [each["Subscribers"] for each in built["NotificationsWithSubscribers"]]
        assert [each["Address"] for each in subscribers] == list(NOTICE.emails)

    def test_an_environment_that_shares_nothing_else_has_a_base_stack_for_it(self, tmp_path):
        role = "execution_role_arn: arn:aws:iam::123456789012:role/mine\n"
        text = f"{ENVIRONMENT_TEXT}{role}budget: {{usd_per_month: 9, notify: [a@b.org]}}\n"
        loaded = inputs.load(a_root(tmp_path, environment=text), "dev")
        base = select(loaded.project, problems=loaded.problems).base
        assert set(synthesize(base).body["Resources"]) == {"Budget"}

    def test_what_is_wrong_with_it_is_told_where_it_was_asked_for(self, tmp_path):
        template = synthesize(selected(tmp_path, "{usd_per_month: 9, notify: [a@b.org]}").base)
        assert template.origin("Budget").line == len(ENVIRONMENT_TEXT.splitlines()) + 1


class TestPlanned:
    @pytest.mark.parametrize(
        ("changed", "action"),
        [
            ({"usd_per_month": Decimal(3000)}, Action.MODIFY),
            ({"notice": BudgetNotice(emails=("another@example.com",))}, Action.REPLACE),
        ],
    )
    def test_other_people_to_tell_replace_it_and_no_caller_notices(self, changed, action):
        stacks = FakeStacks(*built(ONE))
        wanted = replace(ONE, base=replace(BASE, budget=replace(BASE.budget, **changed)))
        base = make_plan(a_project(), wanted, a_world(stacks=stacks)).body.stacks[0]
        (change,) = base.changes
        assert (change.logical_id, change.action, change.impact) == ("Budget", action, Impact.NONE)
