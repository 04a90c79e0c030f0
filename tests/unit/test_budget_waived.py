"""Being above a hard budget with a signature: lifted, told everywhere, and never longer than signed for."""

from __future__ import annotations

from datetime import date

import pytest
from builders import a_project, a_selection, a_stack, a_variant, a_waiver, an_environment
from fakes import a_world
from msgspec.structs import replace

from esmcfn import documents
from esmcfn.domain.project import Policy
from esmcfn.domain.waiver import Writers
from esmcfn.errors import ExitCode
from esmcfn.render import FORMATS, render
from esmcfn.verbs.cost.pricing import price
from esmcfn.verbs.plan.planning import make_plan

HARD = an_environment(budget_usd_per_month=1)
OVER = a_selection(a_stack(), environment=HARD)


def signed(**changes):
    given = {"rule": "BUDGET", "resource": "budget", "ticket": "FIN-3", **changes}
    return a_waiver(**given)


def project(*waivers):
    return a_project(environment=HARD, policy=Policy(waivers=waivers, known=("dev",)))


def planned(*waivers, selection=OVER, **world):
    return make_plan(project(*waivers), selection, replace(a_world(), **world))


def rules(report):
    return [finding.rule for finding in report.body.findings]


class TestNotLifted:
    def test_nobody_signed(self):
        report = planned()
        assert (report.exit_code, report.body.verdict.blocked, rules(report)) == (ExitCode.BUDGET, True, [])

    @pytest.mark.parametrize(
        "changes", [{"resource": "esm-dev"}, {"environment": "prod"}, {"rule": "DRIFT"}, {"rule": "ESM001"}]
    )
    def test_somebody_signed_for_something_else(self, changes):
        assert planned(signed(**changes)).exit_code is ExitCode.BUDGET

    def test_it_expired_which_blocks_by_itself_as_of_every_rule(self):
        report = planned(signed(created=date(2026, 9, 1), expires=date(2026, 10, 1)))
        assert (report.exit_code, report.body.verdict.over_budget) == (ExitCode.FINDINGS, True)
        assert rules(report) == ["ESMCFN-WAIVER-EXPIRED"]

    def test_it_has_not_begun(self):
        report = planned(signed(created=date(2026, 12, 1), expires=date(2026, 12, 24)))
        assert (report.exit_code, rules(report)) == (ExitCode.BUDGET, ["ESMCFN-WAIVER-UNUSED"])

    def test_its_author_approved_it(self):
        report = planned(signed(approver="me"), authors=lambda waiver: Writers(names=frozenset({"me"})))
        assert (report.exit_code, rules(report)) == (ExitCode.FINDINGS, ["ESMCFN-WAIVER-SELF"])


class TestLifted:
    def test_the_plan_may_be_deployed_and_says_who_signed(self):
        report = planned(signed())
        assert (report.exit_code, report.body.verdict.blocked) == (ExitCode.DONE, False)
        (finding,) = report.body.findings
        assert (finding.rule, finding.blocks, finding.waived_by) == ("BUDGET", False, "FIN-3")
        assert len(finding.fingerprint) == 32
        assert finding.origin == HARD.origins.of("budget")

    @pytest.mark.parametrize("form", [*FORMATS, "sarif", "github", "junit"])
    def test_it_stays_in_every_report(self, form):
        assert "FIN-3" in render(form, (planned(signed()),))

    def test_it_is_counted(self):
        document = documents.plan(planned(signed()).body)
        assert document["policy"]["waived"] == 1
        assert document["verdict"]["budget_waiver"]["ticket"] == "FIN-3"
        assert "waived: FIN-3" in document["verdict"]["budget"]

    def test_cost_is_lifted_too(self):
        report = price(project(signed()), OVER, a_world(), compared=False)
        assert (report.exit_code, report.body.verdict.waiver.ticket) == (ExitCode.DONE, "FIN-3")
        for form in FORMATS:
            assert "FIN-3" in render(form, (report,))

    def test_so_is_a_price_that_nobody_knows(self):
        dear = replace(OVER, models=(a_stack(variant=a_variant(instance_type="ml.x9.huge")),))
        assert planned(selection=dear).exit_code is ExitCode.BUDGET
        report = planned(signed(), selection=dear)
        assert (report.exit_code, report.body.verdict.blocked) == (ExitCode.DONE, False)
        assert "cannot be judged" in report.body.verdict.budget
        assert "waived: FIN-3" in report.body.verdict.budget

    def test_its_last_days_are_told(self):
        report = planned(signed(expires=date(2026, 11, 25)))
        assert (report.exit_code, rules(report)) == (ExitCode.DONE, ["BUDGET", "ESMCFN-WAIVER-EXPIRING"])


class TestOfNoUse:
    @pytest.mark.parametrize("changes", [{"budget_usd_per_month": 9_999}, {"budget_soft": True}])
    def test_below_the_budget_or_with_a_soft_one_it_covers_nothing(self, changes):
        environment = replace(HARD, **changes)
        report = planned(signed(), selection=replace(OVER, environment=environment))
        assert (report.exit_code, rules(report)) == (ExitCode.DONE, ["ESMCFN-WAIVER-UNUSED"])

    def test_nobody_can_tell_from_a_part_of_the_environment(self):
        cheap = replace(OVER, environment=replace(HARD, budget_usd_per_month=9_999), narrowed=frozenset({"x"}))
        assert rules(planned(signed(), selection=cheap)) == []

    def test_cost_tells_it_beside_the_report(self):
        environment = replace(HARD, budget_usd_per_month=9_999)
        report = price(project(signed()), replace(OVER, environment=environment), a_world(), compared=False)
        assert "it covers nothing" in report.notes[0]
