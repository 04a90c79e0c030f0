"""What a reviewer reads of a plan: nobody's whole address, no log that seems deleted, and what a busy hour costs."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from builders import a_base_stack, a_project, a_selection, a_stack, a_variant, an_environment, some_origins
from built import built
from fakes import FakeStacks, a_world
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from esmcfn import documents
from esmcfn.domain.address import masked
from esmcfn.domain.budget import BudgetNotice, MonthlyBudget
from esmcfn.domain.hosting import AlarmTopic, Autoscaling
from esmcfn.domain.plan import Action
from esmcfn.drift.masking import shown
from esmcfn.render import render
from esmcfn.verbs.plan.planning import make_plan

FORMS = ("text", "markdown", "json")
OLD, NEW = "oncall@example.com", "oncology@example.com"
SCALED = Autoscaling(min_capacity=1, max_capacity=8, target_value=Decimal(70))


def told(*emails, notify=(OLD,)):
    """An environment with a topic and a budget."""
    lines = {f"alarm_topic.emails.{number}": some_origins("environments/dev.yaml", 7 + number).at for number in (0, 1)}
    base = a_base_stack(
        alarm_topic=AlarmTopic(name="esm-dev-alarms", emails=emails),
        budget=MonthlyBudget(usd_per_month=Decimal(2000), notice=BudgetNotice(emails=notify)),
    )
    return a_selection(base=replace(base, origins=replace(base.origins, keys=lines)))


def planned(wanted, deployed=None):
    stacks = FakeStacks(*(built(deployed) if deployed else ()))
    return make_plan(a_project(), wanted, a_world(stacks=stacks))


@pytest.mark.parametrize("form", FORMS)
def test_who_is_told_can_be_reviewed_and_nobodys_whole_address_is_published(form):
    text = render(form, (planned(told(NEW, notify=(NEW,)), told(OLD, notify=(OLD,))),))
    assert OLD not in text
    assert NEW not in text
    assert masked(OLD) in text
    assert masked(NEW) in text
    assert masked(OLD) != masked(NEW)


def test_somebody_who_is_told_from_now_on_is_shown_with_the_line_of_yaml():
    (base, _) = planned(told(OLD, NEW), told(OLD)).body.stacks
    (change,) = base.changes
    (seen,) = change.properties
    assert (change.action, seen.path, seen.before, seen.after) == (Action.ADD, "Endpoint", None, masked(NEW))
    assert (seen.origin.path, seen.origin.line) == ("environments/dev.yaml", 8)
    assert change.logical_id.removeprefix("AlarmEmail") in masked(NEW), "one hash for one address"


def test_somebody_who_is_told_no_more_is_shown_too():
    (base, _) = planned(told(OLD), told(OLD, NEW)).body.stacks
    assert [(each.path, each.before, each.after) for change in base.changes for each in change.properties] == [
        ("Endpoint", masked(NEW), None)
    ]


def test_drift_shows_an_address_as_plans_do():
    assert shown("Endpoint", OLD, salt="s") == masked(OLD)
    assert shown("Subscribers", json.dumps([{"Address": OLD}]), salt="s") == json.dumps(
        [{"Address": masked(OLD)}], separators=(",", ":")
    )


@pytest.mark.parametrize(
    "value",
    [
        "arn:aws:sns:us-east-2:123456789012:esm-dev-alarms",
        "123456789012.dkr.ecr.us-east-2.amazonaws.com/image@sha256:0123456789abcdef",
        "ml.g5.2xlarge",
        "@example.com",
        "",
    ],
)
def test_what_is_nobodys_address_stays_as_it_is(value):
    assert masked(value) == value


@given(st.emails(), st.text(max_size=20))
def test_masking_twice_is_masking_once_and_hides_every_address(address, around):
    once = masked(f"{around} {address} {around}")
    assert masked(once) == once


def test_a_log_that_leaves_its_stack_is_said_to_stay():
    kept = a_selection(a_stack(log_retention_days=90))
    report = planned(a_selection(a_stack()), kept)
    (change,) = report.body.stacks[1].changes
    assert (change.action, change.retained) == (Action.DELETE, True)
    text = render("text", (report,))
    assert "1 to delete (1 of them stays in AWS)" in text
    assert "LogGroup" in text
    assert "the log itself stays, with all that was written" in text
    document = documents.plan(report.body)
    assert document["stacks"][1]["changes"][0]["retained"] is True


def test_what_is_deleted_for_good_is_not_said_to_stay():
    text = render("text", (planned(a_selection(a_stack(parked=True)), a_selection(a_stack())),))
    assert "1 to delete," in text
    assert "stays in AWS" not in text


def test_a_log_that_is_there_from_before_is_said_to_be_taken_over_as_it_is():
    wanted, stacks = a_selection(a_stack(log_retention_days=90)), FakeStacks(*built(a_selection(a_stack())))

    def imported(change_set):
        return replace(
            change_set,
            changes=tuple(
                replace(each, action="Import", physical_id="/aws/sagemaker/Endpoints/e")
                if each.action == "Add"
                else each
                for each in change_set.changes
            ),
        )

    stacks.edit = imported
    text = render("text", (make_plan(a_project(), wanted, a_world(stacks=stacks)),))
    assert "(there from before)" in text
    assert "deploy --revert-drift sets it" in text


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_the_least_and_the_most_that_autoscaling_may_cost_stand_beside_what_is_expected(form):
    report = planned(a_selection(a_stack(autoscaling=SCALED)))
    (item,) = report.body.cost.items
    assert item.max_monthly == 8 * item.min_monthly
    said = f"autoscaling moves it between {item.min_monthly:,.2f} and {item.max_monthly:,.2f} USD a month"
    assert said in render(form, (report,))
    assert "autoscaling moves" not in render(form, (planned(a_selection(a_stack())),))


def test_a_most_without_a_price_is_unknown():
    stack = a_stack(autoscaling=SCALED)
    unknown = replace(stack, variant=replace(stack.variant, instance_type="ml.x9.huge"))
    assert "autoscaling moves it between unknown and unknown" in render("text", (planned(a_selection(unknown)),))


KEY = "arn:aws:kms:us-east-2:123456789012:key/0a1b2c3d-0000-4000-8000-000000000000"
OWN = an_environment(execution_role_arn="arn:aws:iam::123456789012:role/mine")
PLAIN, ENCRYPTED = a_stack(), a_stack(kms_key_arn=KEY)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("deployed", [None, PLAIN, a_stack(kms_key_arn=f"{KEY[:-1]}1")])
def test_a_role_of_ones_own_is_said_to_need_the_key_before_it_is_used(form, deployed):
    there = None if deployed is None else a_selection(deployed, environment=OWN)
    text = render(form, (planned(a_selection(ENCRYPTED, environment=OWN), there),))
    assert "role of your own" in text
    assert "kms:GenerateDataKeyWithoutPlaintext" in text


@pytest.mark.parametrize(
    ("environment", "wanted", "deployed"),
    [
        (an_environment(), ENCRYPTED, PLAIN),
        (OWN, PLAIN, ENCRYPTED),
        (OWN, a_stack(kms_key_arn=KEY, variant=a_variant(instance_type="ml.g5.4xlarge")), ENCRYPTED),
    ],
)
def test_who_gives_the_role_its_permissions_or_has_given_them_before_is_told_nothing(environment, wanted, deployed):
    there = a_selection(deployed, environment=environment)
    assert "role of your own" not in render("text", (planned(a_selection(wanted, environment=environment), there),))
