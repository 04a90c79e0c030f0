"""What doctor makes of an account: nothing is ok that nobody looked at, and nothing stops the other checks."""

from __future__ import annotations

import json

import pytest
from builders import a_catalog, a_catalog_entry, a_project, a_selection, a_stack, a_variant
from fakes import FakeExaminer, FakeQuotas, FakeStacks, a_world

from esmcfn.domain.examination import Check, Examined, Health, Package
from esmcfn.errors import AccessDenied, CloudError
from esmcfn.render.examined import render
from esmcfn.verbs.examining import examine, of_sandbox

OK, WARNING, FAILED, UNKNOWN = Health


def found(*stacks, product="", quotas=None, examiner=None, world=None):
    selection = a_selection(*stacks)
    entry = a_catalog_entry(marketplace_product_id=product)
    project = a_project(catalog=a_catalog(entry))
    world = world or a_world(examiner=examiner, quotas=quotas)
    return {(each.name, each.subject): each for each in examine(project, selection, world).checks}


def test_an_account_that_has_everything_is_fine_but_for_what_cannot_be_proven():
    checks = found()
    assert {key for key, each in checks.items() if each.health is not OK} == {("subscription", "prototype_model")}
    assert "does not prove a subscription" in checks["subscription", "prototype_model"].said


@pytest.mark.parametrize("error", [CloudError("ExpiredToken", next_step="log in again"), CloudError("no credentials")])
def test_without_credentials_nothing_is_asked_and_what_to_do_is_said(error):
    examiner = FakeExaminer()
    examiner.fail["caller"] = error
    checks = found(examiner=examiner)
    assert checks["credentials", ""].health is FAILED
    assert "log in" in checks["credentials", ""].next_step
    assert ("permissions", "plan") not in checks
    assert ("region", "") in checks


def test_another_accounts_credentials_fail_and_are_used_for_nothing():
    examiner = FakeExaminer()
    examiner.arn = "arn:aws:iam::999999999999:user/somebody"
    checks = found(examiner=examiner)
    assert checks["account", ""].health is FAILED
    assert "999999999999" in checks["account", ""].said
    assert ("quota", "ml.g5.2xlarge") not in checks
    assert examiner.asked == []


def test_who_may_not_plan_fails_and_who_may_only_plan_is_warned():
    examiner = FakeExaminer()
    examiner.denies = frozenset({"cloudformation:ExecuteChangeSet"})
    checks = found(examiner=examiner)
    assert checks["permissions", "plan"].health is OK
    assert checks["permissions", "deploy"].health is WARNING
    assert "IAM denies cloudformation:ExecuteChangeSet" in checks["permissions", "deploy"].said
    examiner.denies = frozenset({"cloudformation:GetTemplate"})
    assert found(examiner=examiner)["permissions", "plan"].health is FAILED


def test_each_call_is_asked_about_where_it_would_be_made_and_under_its_condition():
    examiner = FakeExaminer()
    found(examiner=examiner)
    (asked,) = {
        (each.resources, tuple(each.context.items()))
        for each in examiner.asked
        if "cloudformation:CreateChangeSet" in each.actions
    }
    resources, context = asked
    assert "arn:aws:cloudformation:us-east-2:123456789012:stack/esm-dev/*" in resources
    assert dict(context) == {
        "cloudformation:ChangeSetName": "esmcfn-x",
        "aws:RequestTag/esmcfn:environment": "dev",
        "aws:ResourceTag/esmcfn:environment": "dev",
    }


def test_permissions_that_nobody_may_simulate_are_unknown():
    examiner = FakeExaminer()
    examiner.fail["denied"] = AccessDenied("iam:SimulatePrincipalPolicy is missing")
    checks = found(examiner=examiner)
    assert {checks["permissions", verb].health for verb in ("plan", "deploy")} == {UNKNOWN}


def test_a_region_that_refuses_to_be_read_fails():
    stacks = FakeStacks()
    stacks.fail["deployed"] = AccessDenied("the region is not enabled")
    assert found(world=a_world(stacks=stacks))["stacks", ""].health is FAILED


@pytest.mark.parametrize(
    ("limit", "others", "health"), [(0, 0, FAILED), (2, 1, FAILED), (4, 0, OK), (3, 0, WARNING), (5, 2, WARNING)]
)
def test_quotas_are_held_against_what_is_selected_and_an_update_of_the_largest(limit, others, health):
    quotas = FakeQuotas({"ml.g5.2xlarge": limit}, {"ml.g5.2xlarge": others})
    check = found(a_stack(variant=a_variant(instance_count=2)), quotas=quotas)["quota", "ml.g5.2xlarge"]
    assert check.health is health
    assert f"{limit} instances, of which other endpoints use {others} and this environment needs 2" in check.said
    assert bool(check.next_step) is (health is not OK)


def test_a_quota_that_nobody_knows_is_unknown_and_no_zero():
    quotas = FakeQuotas()
    quotas.fail = CloudError("throttled")
    (check,) = [each for key, each in found(quotas=quotas).items() if key[0] == "quota"]
    assert (check.health, "throttled" in check.said) == (UNKNOWN, True)


def test_an_instance_type_that_is_not_known_to_be_offered_is_a_warning_and_a_new_one_unknown():
    checks = found(a_stack(variant=a_variant(instance_type="ml.p6e-gb200.36xlarge")))
    assert checks["offered", "ml.p6e-gb200.36xlarge"].health is not OK


@pytest.mark.parametrize(("subscribed", "health"), [(True, OK), (False, FAILED)])
def test_an_agreement_proves_a_subscription_and_its_absence_the_lack_of_one(subscribed, health):
    examiner = FakeExaminer()
    examiner.subscriptions = {"prod-abc"} if subscribed else set()
    check = found(product="prod-abc", examiner=examiner)["subscription", "prototype_model"]
    assert check.health is health
    assert "prod-abc" in check.said


def test_a_package_that_cannot_be_seen_is_a_warning_that_says_probably():
    examiner = FakeExaminer()
    examiner.fail["package"] = CloudError("Caller is not subscribed to the marketplace offering.")
    check = found(examiner=examiner)["subscription", "prototype_model"]
    assert check.health is WARNING
    assert check.said.startswith("probably not subscribed")


def test_marketplace_that_does_not_answer_leaves_it_unknown():
    examiner = FakeExaminer()
    examiner.fail["subscribed"] = AccessDenied("aws-marketplace:SearchAgreements is missing")
    check = found(product="prod-abc", examiner=examiner)["subscription", "prototype_model"]
    assert check.health is UNKNOWN
    assert "aws-marketplace:SearchAgreements" in check.said


def test_a_package_that_does_not_run_on_the_selected_type_fails():
    examiner = FakeExaminer()
    stack = a_stack()
    examiner.packages[stack.package] = Package(instance_types=("ml.p4d.24xlarge",))
    check = found(stack, examiner=examiner)["subscription", "prototype_model"]
    assert check.health is FAILED
    assert "ml.p4d.24xlarge" in check.said


def test_json_counts_what_it_lists_and_text_shows_the_next_step():
    checks = (
        Check(name="quota", subject="ml.g5.2xlarge", health=FAILED, said="0", next_step="raise it"),
        Check(name="account", health=UNKNOWN, said="\x1b[31m"),
    )
    environments = (Examined(environment="dev", account="1", region="us-east-2", checks=checks),)
    document = json.loads(render("json", (), environments))
    assert document["schema"] == "esmcfn.doctor/v1"
    assert document["summary"] == {"ok": 0, "warning": 0, "failed": 1, "unknown": 1}
    text = render("text", (), environments)
    assert "    ! quota ml.g5.2xlarge: 0\n        next: raise it\n" in text
    assert "\x1b" not in text
    assert text.endswith("2 checks: 1 failed, 1 unknown\n")


def test_of_a_sandbox_only_what_it_has_nothing_of_is_left_out():
    nobody = Check(name="quota", health=UNKNOWN, said="they could not be read")
    proven = Check(name="subscription", subject="a", health=WARNING, said="probably not subscribed")
    lacks = (
        Check(name="permissions", subject="plan", health=UNKNOWN, said="it cannot be simulated"),
        Check(name="subscription", subject="b", health=UNKNOWN, said="it cannot be proven"),
    )
    all_of_it = Examined(environment="dev", account="1", region="r", checks=(nobody, proven, *lacks))
    checks = of_sandbox(all_of_it).checks
    assert checks[:2] == (nobody, proven)
    assert [(each.name, each.health) for each in checks[2:]] == [("sandbox", OK)]
    without = Examined(environment="dev", account="1", region="r", checks=(nobody, proven))
    assert of_sandbox(without) == without
