"""`--model` narrows what is executed, never what the environment as a whole is judged by."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest
from builders import a_project, a_selected_model, an_environment
from built import built
from fakes import FakeStacks, a_world
from msgspec.structs import replace

from esmcfn import documents, policy
from esmcfn.domain.cost import PriceBook
from esmcfn.domain.plan import StackAction
from esmcfn.domain.project import Policy
from esmcfn.errors import ExitCode
from esmcfn.reference.prices import price_book
from esmcfn.render import render
from esmcfn.selection import select
from esmcfn.verbs.cost.pricing import price
from esmcfn.verbs.deploy.deploying import Wishes, deploy
from esmcfn.verbs.deploy.parking import park
from esmcfn.verbs.offline import check
from esmcfn.verbs.plan.planning import USUAL, Manner, make_plan

ONE_A_MONTH = Decimal("1.515") * 730
"""US dollars of one ml.g5.2xlarge in us-east-2, by the price book."""

SMALL, BIG = a_selected_model("small"), a_selected_model("big", instance_count=3)
DEV = an_environment(SMALL, BIG)


def a_world_that_judges(folder: Path, stacks: FakeStacks | None = None):
    """The house rules for real, no other engine."""

    begin = partial(policy.begin, cache=folder, today=date(2026, 11, 21), engines=())
    return replace(a_world(stacks=stacks), begin=begin)


def a_root(*, limit: int | None = None, budget: float | None = None, environment=DEV, **more):
    limits = {} if limit is None else {"max_instances_per_environment": limit}
    changed = replace(environment, budget_usd_per_month=None if budget is None else Decimal(budget), **more)
    return a_project(environment=changed, policy=Policy(limits=limits, environment=changed))


def narrowed(project, *keys):
    return select(project, only=frozenset(keys))


def there(project) -> FakeStacks:
    return FakeStacks(*built(select(project)))


def rules(report):
    return [finding.rule for finding in report.body.findings if finding.blocks]


@pytest.fixture(params=["small", "big"])
def key(request):
    return request.param


class TestTheGate:
    def test_each_half_of_too_many_instances_is_refused_as_the_whole_is(self, tmp_path, key):
        project = a_root(limit=3)
        report = make_plan(project, narrowed(project, key), a_world_that_judges(tmp_path))
        assert (report.exit_code, rules(report)) == (ExitCode.FINDINGS, ["ESM002"])
        assert report.body.findings[0].message.startswith("4 instances in all, and the limit is 3")

    def test_and_nothing_of_it_is_deployed(self, tmp_path, key):
        project, stacks = a_root(limit=3), FakeStacks()
        report = deploy(project, narrowed(project, key), a_world_that_judges(tmp_path, stacks), Wishes())
        assert report.exit_code is ExitCode.FINDINGS
        assert (stacks.there, stacks.open) == ({}, {})

    def test_each_half_of_what_the_budget_does_not_hold_is_refused_as_the_whole_is(self, tmp_path, key):
        project, stacks = a_root(budget=4_000), FakeStacks()
        report = deploy(project, narrowed(project, key), a_world_that_judges(tmp_path, stacks), Wishes())
        assert (report.exit_code, report.body.verdict.over_budget) == (ExitCode.BUDGET, True)
        assert (stacks.there, stacks.open) == ({}, {})

    def test_a_quota_is_held_against_all_of_the_environment(self, tmp_path, key):
        project = a_root()
        judged = replace(project, policy=replace(project.policy, quotas={"ml.g5.2xlarge": 7}))
        report = make_plan(judged, narrowed(judged, key), a_world_that_judges(tmp_path))
        assert [each.message[:17] for each in report.body.findings if each.path.endswith("selected_models")] == [
            "4 x ml.g5.2xlarge"
        ]

    def test_what_is_not_selected_any_more_and_stays_is_paid_for_too(self, tmp_path):
        before = a_root(environment=an_environment(a_selected_model("old", instance_count=3)))
        project = a_root(budget=4_000, environment=an_environment(SMALL, a_selected_model("other")))
        assert make_plan(project, select(project), a_world_that_judges(tmp_path, there(before))).exit_code == 0
        report = make_plan(project, narrowed(project, "small"), a_world_that_judges(tmp_path, there(before)))
        assert report.exit_code is ExitCode.BUDGET
        assert report.body.cost.after_monthly == 5 * ONE_A_MONTH

    @pytest.mark.parametrize(("limits", "quotas"), [({"limit": 4}, {}), ({}, {"ml.g5.2xlarge": 9})])
    def test_its_instances_count_as_well(self, tmp_path, limits, quotas):
        before = a_root(environment=an_environment(a_selected_model("old", instance_count=3)))
        project = a_root(**limits, environment=an_environment(SMALL, a_selected_model("other")))
        project = replace(project, policy=replace(project.policy, quotas=quotas))
        world = a_world_that_judges(tmp_path, there(before))
        told = [each.message[:2] for each in make_plan(project, narrowed(project, "small"), world).body.findings]
        assert told == ["5 "]
        assert make_plan(project, select(project), world).body.findings == ()

    def test_one_whose_instances_nobody_can_read_is_not_taken_for_none(self, tmp_path):
        stacks = there(a_root(environment=an_environment(a_selected_model("old"))))
        stacks.there["esm-dev-old"] = (stacks.there["esm-dev-old"][0], None)
        project = a_root(limit=4, environment=an_environment(SMALL, a_selected_model("other")))
        report = make_plan(project, narrowed(project, "small"), a_world_that_judges(tmp_path, stacks))
        assert rules(report) == ["ESM002"]
        assert "cannot be read (esm-dev-old)" in report.body.findings[0].message

    def test_what_the_others_do_wrong_by_themselves_is_for_whoever_deploys_them(self, tmp_path):
        project = a_root()
        judged = replace(project, policy=replace(project.policy, limits={"max_instance_count": 2}))
        world = a_world_that_judges(tmp_path)
        assert rules(make_plan(judged, narrowed(judged, "small"), world)) == []
        assert rules(make_plan(judged, narrowed(judged, "big"), world)) == ["ESM001"]

    def test_check_and_cost_say_the_same(self, tmp_path, key):
        project = a_root(limit=3, budget=4_000)
        selection, world = narrowed(project, key), a_world_that_judges(tmp_path)
        assert check(project, selection, world).exit_code is ExitCode.FINDINGS
        assert price(project, selection, world).exit_code is ExitCode.BUDGET
        assert price(project, selection, world, compared=False).exit_code is ExitCode.BUDGET


class TestParking:
    """It only takes away: whoever has to stop the bill is not stopped by how high it is."""

    @pytest.mark.parametrize("rule", [{"limit": 0}, {"budget": 1}])
    def test_one_is_parked_where_the_rest_is_still_too_much(self, tmp_path, rule):
        stacks = there(a_root())
        world = a_world_that_judges(tmp_path, stacks)
        report = park(a_root(**rule), world, Wishes(), keys=frozenset({"big"}), parked=True, write=lambda chosen: None)
        assert report.exit_code is ExitCode.DONE
        assert "Endpoint" not in stacks.there["esm-dev-big"][1]["Resources"]
        assert "Endpoint" in stacks.there["esm-dev-small"][1]["Resources"]

    def test_that_the_rest_is_too_much_is_told(self, tmp_path):
        project = a_root(budget=1)
        report = make_plan(project, narrowed(project, "small"), a_world_that_judges(tmp_path), Manner(lowers=True))
        assert report.body.verdict.reasons[0].endswith("this takes away, and is not stopped by it")

    def test_bringing_it_back_is_judged_by_all_of_it(self, tmp_path):
        parked = an_environment(SMALL, replace(BIG, parked=True))
        stacks = there(a_root(environment=parked))
        report = park(
            a_root(limit=3, environment=parked),
            a_world_that_judges(tmp_path, stacks),
            Wishes(),
            keys=frozenset({"big"}),
            parked=False,
            write=lambda chosen: pytest.fail("it is refused"),
        )
        assert report.exit_code is ExitCode.FINDINGS


class TestMoney:
    def costs(self, tmp_path, project, stacks, *keys, manner=USUAL):
        return make_plan(project, narrowed(project, *keys), a_world_that_judges(tmp_path, stacks), manner).body

    def test_the_sums_are_the_environments_and_what_it_is_about_stands_beside(self, tmp_path):
        project = a_root(environment=an_environment(SMALL, replace(BIG, parked=True)))
        document = documents.plan(self.costs(tmp_path, project, there(a_root()), "big"))["cost"]
        assert (document["before_monthly"], document["after_monthly"]) == ("4423.80", "1105.95")
        assert document["narrowed"] == {
            "models": ["big"],
            "before_monthly": "3317.85",
            "after_monthly": "0.00",
            "delta_monthly": "-3317.85",
        }
        assert [item["model"] for item in document["items"]] == ["small"]

    def test_people_read_both(self, tmp_path):
        project = a_root(environment=an_environment(SMALL, replace(BIG, parked=True)))
        world = a_world_that_judges(tmp_path, there(a_root()))
        report = make_plan(project, narrowed(project, "big"), world)
        said = (
            "big: 3,317.85 -> 0.00 USD a month (-3,317.85); the whole environment: 4,423.80 -> 1,105.95 USD a month "
            "(-3,317.85)"
        )
        assert said in render("text", (report,))
        assert said in render("markdown", (report,))
        assert "us-east-2 · only big" in render("text", (report,))
        assert "### dev, only big: ready" in render("markdown", (report,))

    def test_a_table_lists_what_it_is_about(self, tmp_path):
        project = a_root()
        report = price(project, narrowed(project, "big"), a_world_that_judges(tmp_path))
        assert "    big  3 x" in render("text", (report,))
        assert "    small  1 x" not in render("text", (report,))

    def test_what_nobody_priced_is_unknown_only_where_it_is_counted(self, tmp_path):
        known = {place: price for place, price in price_book().prices.items() if place[1] == "ml.g5.2xlarge"}
        project = a_root(environment=an_environment(SMALL, a_selected_model("odd", instance_type="ml.g5.4xlarge")))
        project = replace(project, policy=replace(project.policy, prices=PriceBook(prices=known)))
        cost = self.costs(tmp_path, project, FakeStacks(), "small").cost
        assert (cost.after_monthly, cost.narrowed.after_monthly) == (None, ONE_A_MONTH)
        cost = self.costs(tmp_path, project, FakeStacks(), "odd").cost
        assert (cost.after_monthly, cost.narrowed.after_monthly) == (None, None)

    def test_nothing_is_compared_where_nothing_was_read(self, tmp_path):
        project = a_root()
        cost = price(project, narrowed(project, "big"), a_world_that_judges(tmp_path), compared=False).body.cost
        assert (cost.narrowed.before_monthly, cost.narrowed.delta_monthly) == (None, None)
        assert "(not compared with what is deployed); the whole" in render(
            "text", (price(project, narrowed(project, "big"), a_world_that_judges(tmp_path), compared=False),)
        )

    def test_who_names_all_of_them_reads_one_sum(self, tmp_path):
        assert self.costs(tmp_path, a_root(), FakeStacks(), "small", "big").cost.narrowed is None

    def test_of_what_does_not_differ_nothing_is_read(self, tmp_path):
        stacks = there(a_root())
        self.costs(tmp_path, a_root(), stacks, "small")
        assert "template" not in stacks.calls


def test_it_is_executed_alone_and_leaves_the_others_as_they_are(tmp_path):
    stacks = there(a_root(environment=an_environment(SMALL, BIG, a_selected_model("gone"))))
    project = a_root(
        environment=an_environment(
            replace(SMALL, instance_type="ml.g5.4xlarge"), replace(BIG, instance_type="ml.g5.4xlarge")
        )
    )
    report = make_plan(project, narrowed(project, "small"), a_world_that_judges(tmp_path, stacks))
    assert {stack.name: stack.action for stack in report.body.stacks} == {
        "esm-dev": StackAction.UNCHANGED,
        "esm-dev-small": StackAction.UPDATE,
    }
    assert {room.instance_type: room.after for room in report.body.headroom} == {"ml.g5.4xlarge": 1, "": 1}


def test_what_a_selection_was_narrowed_away_from_stands_beside_it():
    selection = narrowed(a_root(), "big")
    assert [stack.model for stack in selection.models] == ["big"]
    assert [stack.model for stack in selection.beside] == ["small"]
    assert {stack.model for stack in selection.whole} == {"small", "big"}
    assert select(a_root()).beside == ()
