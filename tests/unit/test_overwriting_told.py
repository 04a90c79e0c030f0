"""What a plan tells of the drift that it would overwrite: secrets hidden, and held against what was reviewed."""

from __future__ import annotations

import json

import pytest
from builders import a_container
from overwritten import CONTAINER, Account, fates, selection

from esmcfn import documents, plan
from esmcfn.domain.overwriting import Fate
from esmcfn.render import render


@pytest.fixture
def account():
    return Account()


class TestTold:
    def test_secrets_are_hashes_that_differ(self, account):
        written = {"Image": CONTAINER.image, "Environment": {"API_TOKEN": "by hand"}}
        account.told("AWS::SageMaker::Model", "Model", PrimaryContainer=written)
        wanted = selection(container=a_container(environment={"API_TOKEN": "planned"}))
        report = account.plan(wanted)
        for form in ("text", "markdown"):
            assert "by hand" not in render(form, (report,))
        drift = json.dumps(documents.plan(report.body)["stacks"][1]["drift"])
        assert "by hand" not in drift
        now, deployed, planned, fate = fates(report.body.stacks[1].drift)[
            "Model", "PrimaryContainer/Environment/API_TOKEN"
        ]
        assert len({now, deployed, planned}) == 3
        assert all("hash" in each for each in (now, deployed, planned))
        assert fate is Fate.OVERWRITTEN

    @pytest.mark.parametrize("form", ["text", "markdown"])
    def test_every_value_is_in_the_report(self, account, form):
        account.runs(3)
        text = render(form, (account.plan(),))
        assert "now 3, deployed 1, would be 1: will be overwritten" in text
        assert "a deploy would overwrite 1 value that drifted; 2 of 3 resources" not in text
        assert "a deploy would overwrite 1 value that drifted; 3 of 3 resources of 1 stack checked" in text

    def test_the_document_sums_it_up(self, account):
        account.runs(3)
        document = documents.plan(account.plan().body)
        assert document["drift"] == {
            "state": "drifted",
            "stacks": {"in_sync": 0, "drifted": 1, "missing": 0, "not_checked": 0},
            "overwritten": 1,
            "not_looked_at": 1,
            "next_step": "esmcfn drift dev",
        }
        assert document["stacks"][0]["drift"] is None

    def test_the_plans_id_covers_it(self, account):
        before = account.plan().body.plan_id
        account.runs(3)
        assert account.plan().body.plan_id != before

    def test_who_agreed_beforehand_is_told_what_is_lost(self, account, capsys):
        from esmcfn.cli.person import Asked
        from esmcfn.cli.watching import Lines

        account.runs(3)
        account.tag("Model", Team="me")
        assert Asked(display=Lines(), yes=True).agrees(account.plan())
        assert capsys.readouterr().err.endswith(
            "! drift: esm-dev-prototype-model/Endpoint: Variants/variant-1/DesiredInstanceCount: "
            "now 3, deployed 1, would be 1: will be overwritten\n"
        )


class TestStale:
    """What was reviewed against what it would be now."""

    def differences(self, account, change):
        then = documents.plan(account.plan().body)["stacks"]
        change()
        return plan.differences(then, documents.plan(account.plan().body)["stacks"])

    def test_drift_that_came_since_refuses(self, account):
        (said,) = self.differences(account, lambda: account.runs(3))
        assert "DesiredInstanceCount: it drifted since the review" in said

    def test_so_does_drift_that_moved(self, account):
        account.runs(3)
        (said,) = self.differences(account, lambda: account.runs(5))
        assert "it is 5 now, was 3 when it was reviewed" in said

    def test_drift_that_went_or_would_stay_refuses_nothing(self, account):
        account.runs(3)
        assert self.differences(account, lambda: account.runs(1)) == ()
        assert self.differences(account, lambda: account.tag("Model", Team="me")) == ()

    def test_what_was_read_and_cannot_be_read_now_refuses_with_the_reason(self, account):
        (said,) = self.differences(account, lambda: account.runs(3, status="Updating"))
        assert "Endpoint: it was compared when it was reviewed, and cannot be now: SageMaker is changing it" in said
        assert self.differences(account, lambda: None) == (), "what nobody could read then is no news"


def a_stack_document(*found, why=None):
    drift = {"state": "in sync", "resources": 3, "checked": 3, "by_cloudformation": False, "found": list(found)}
    drift["why_not_checked"] = why
    return {"name": "a", "action": "update", "template_digest": "d", "changes": [], "drift": drift}


def a_resource_document(why=None, *, state="not checked", unasked=False, properties=()):
    return {
        "logical_id": "R",
        "state": state,
        "fate": "overwritten" if properties else None,
        "why_not_checked": why,
        "unasked": unasked,
        "properties": list(properties),
    }


THREE = {"path": "Count", "now": "3", "fate": "overwritten"}


@pytest.mark.parametrize(
    ("then", "now"),
    [
        (a_stack_document(), a_stack_document(why="denied")),
        (a_stack_document(), a_stack_document(a_resource_document("denied"))),
        (a_stack_document(a_resource_document("not asked", unasked=True)), a_stack_document(a_resource_document("no"))),
        (
            a_stack_document(a_resource_document("tags denied", state="drifted", properties=[THREE])),
            a_stack_document(a_resource_document("denied")),
        ),
    ],
)
def test_less_is_seen_than_was_reviewed(then, now):
    (said,) = plan.differences([then], [now])
    assert "compared when it was reviewed, and cannot be now" in said
    assert plan.differences([now], [now]) == ()
    assert plan.differences([now], [then]) == () or "drifted since" in plan.differences([now], [then])[0]


@pytest.mark.parametrize(
    "forged", [{"state": "drifted"}, {"resources": 4}, {"checked": 2}, {"by_cloudformation": True}]
)
def test_sums_that_do_not_follow_from_what_was_found_refuse(forged):
    then, now = a_stack_document(), a_stack_document()
    then["drift"].update(forged)
    ((key, value),) = forged.items()
    (said,) = plan.differences([then], [now])
    assert said == f"a: the {key} of its drift is {now['drift'][key]} now, and {value} was reviewed"


def test_readers_of_a_plan_from_before_it_told_of_drift_find_no_drift():
    then = {"name": "a", "action": "update", "template_digest": "d", "changes": []}
    assert plan.differences([then], [{**then, "drift": None}]) == ()
