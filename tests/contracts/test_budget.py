"""An AWS Budget over HTTP: fresh it is in sync, other people to tell replace it, and a hand is found."""

from __future__ import annotations

from decimal import Decimal

import pytest
from builders import a_base_stack, a_project, a_selection, a_stack, a_target
from fakes import a_world
from msgspec.structs import replace

from esmcfn.domain.budget import BudgetNotice, MonthlyBudget
from esmcfn.domain.finding import Engine, Finding, Level, Severity
from esmcfn.errors import ExitCode, TemplateRefused
from esmcfn.sandbox.server import Sandbox
from esmcfn.verbs.deploy.deploying import Wishes
from esmcfn.verbs.plan.planning import make_plan

from .deploying import Account
from .test_drifting import client, deviating, drift

NOTICE = BudgetNotice(emails=("ops@example.com",))
BUDGET = MonthlyBudget(usd_per_month=Decimal(2000), notice=NOTICE)
WITH = a_selection(a_stack(parked=True), base=a_base_stack(budget=BUDGET))
ACCOUNT = "123456789012"


@pytest.fixture
def deployed(_running: Sandbox) -> Account:
    account = Account.emptied(_running)
    assert account.deploy(WITH).exit_code is ExitCode.DONE
    return account


def budgets(account: Account):
    return client(account, "budgets").describe_budgets(AccountId=ACCOUNT)["Budgets"]


def otherwise(**changes):
    return replace(WITH, base=replace(WITH.base, budget=replace(BUDGET, **changes)))


def test_a_fresh_one_is_compared_and_in_sync(deployed):
    report = drift(deployed, WITH, strict=True)
    assert (deviating(report), report.exit_code) == ({}, ExitCode.DONE)
    assert [budget["BudgetLimit"]["Amount"] for budget in budgets(deployed)] == ["2000"]


def test_another_amount_changes_it_and_another_person_to_tell_replaces_it(deployed):
    (before,) = budgets(deployed)
    assert deployed.deploy(otherwise(usd_per_month=Decimal(3000))).exit_code is ExitCode.DONE
    (changed,) = budgets(deployed)
    assert (changed["BudgetName"], changed["BudgetLimit"]["Amount"]) == (before["BudgetName"], "3000")
    other = otherwise(notice=BudgetNotice(emails=("another@example.com",), forecast=()))
    assert deployed.deploy(other).exit_code is ExitCode.DONE
    (replaced,) = budgets(deployed)
    assert replaced["BudgetName"] != before["BudgetName"]


def test_one_that_a_hand_deleted_is_missing_and_comes_back(deployed):
    (budget,) = budgets(deployed)
    client(deployed, "budgets").delete_budget(AccountId=ACCOUNT, BudgetName=budget["BudgetName"])
    assert deviating(drift(deployed, WITH)) == {("esm-dev", "Budget"): []}
    assert deployed.deploy(WITH, Wishes(revert=True)).exit_code is ExitCode.DONE
    assert len(budgets(deployed)) == 1
    assert deviating(drift(deployed, WITH)) == {}


def test_without_being_asked_for_it_goes(deployed):
    assert deployed.deploy(replace(WITH, base=a_base_stack())).exit_code is ExitCode.DONE
    assert budgets(deployed) == []


def test_a_region_without_budgets_is_a_finding_and_its_refusal_a_note(deployed):
    """CloudFormation refuses the template before it looks at anything else; policy knows the line, and is heard."""
    north = a_target(region="eu-north-1")
    base, models = replace(WITH.base, target=north), tuple(replace(each, target=north) for each in WITH.models)
    there = replace(WITH, target=north, base=base, models=models)
    with pytest.raises(TemplateRefused, match=r"AWS::Budgets::Budget"):
        make_plan(a_project(), there, deployed.world(region="eu-north-1"))
    blocking = replace(a_world(findings=[hard()]), connect=deployed.world(region="eu-north-1").connect)
    report = make_plan(a_project(), there, blocking)
    assert report.exit_code is ExitCode.FINDINGS
    assert "AWS::Budgets::Budget" in report.body.stacks[0].notes[0]
    assert deployed.world(region="eu-north-1").connect().stacks.deployed(base_name="esm-dev", environment="dev") == ()


def hard() -> Finding:
    return Finding(
        rule="E3006",
        engine=Engine.CFN_LINT,
        severity=Severity.ERROR,
        level=Level.HARD,
        message="no such type",
        origin=None,
        stack="esm-dev",
        model=None,
    )
