"""Waivers and levels through the real command, with the real engines: the shared key's secret has no key of its own."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from conftest import Root

TODAY = datetime.now(UTC).date()


@pytest.fixture
def shared(root_of) -> Root:
    """A root with a shared service account, whose secret has to have a KMS key of its own."""
    root = root_of("basic_shared_user")
    root.write("policies/levels.yaml", "levels: {CKV_AWS_149: soft}\n")
    return root


def waiver(*, resource: str = "InvokeSecret", rule: str = "CKV_AWS_149", first: int = -30, last: int = 60) -> str:
    days = {"created": TODAY + timedelta(days=first), "expires": TODAY + timedelta(days=last)}
    facts = {
        "rule": rule,
        "environment": "dev",
        "resource": resource,
        "reason": "the next account has a key",
        "owner": "platform",
        "approver": "security",
        "ticket": "SEC-142",
        **days,
    }
    return "waivers:\n  - " + "\n    ".join(f"{key}: {value}" for key, value in facts.items()) + "\n"


def findings(root: Root, code: int, verb: str = "check") -> dict[str, dict[str, object]]:
    done = root.esmcfn(verb, "dev", "-f", "json")
    assert done.code == code, done.err
    assert done.document["policy"]["waived"] == sum(bool(each["waived_by"]) for each in done.document["findings"])
    return {each["rule"]: each for each in done.document["findings"]}


def test_without_a_waiver_it_blocks_the_check_the_plan_and_the_deployment(shared):
    assert findings(shared, 10)["CKV_AWS_149"]["level"] == "soft"
    assert findings(shared, 10, "plan")["CKV_AWS_149"]["waived_by"] is None
    assert shared.esmcfn("deploy", "dev", "--yes").code == 10


def test_with_one_it_passes_and_the_finding_stays_marked_and_counted(shared):
    shared.write("policies/waivers.yaml", waiver())
    found = findings(shared, 0, "plan")["CKV_AWS_149"]
    assert found["waived_by"] == "SEC-142"
    assert found["waiver"]["reason"] == "the next account has a key"
    done = shared.esmcfn("check", "dev")
    assert "1 waived" in done.out
    assert "SEC-142" in done.out


def test_an_expired_one_is_an_error_and_the_finding_blocks_again(shared):
    shared.write("policies/waivers.yaml", waiver(first=-90, last=-1))
    found = findings(shared, 10)
    assert found["CKV_AWS_149"]["waived_by"] is None
    assert found["ESMCFN-WAIVER-EXPIRED"]["level"] == "hard"
    assert found["ESMCFN-WAIVER-EXPIRED"]["file"] == "policies/waivers.yaml"


def test_one_that_soon_expires_or_covers_nothing_is_a_warning(shared):
    more = waiver(rule="CKV_AWS_26", resource='"*"').removeprefix("waivers:\n")
    shared.write("policies/waivers.yaml", waiver(last=3) + more)
    found = findings(shared, 0)
    assert {"ESMCFN-WAIVER-EXPIRING", "ESMCFN-WAIVER-UNUSED"} <= set(found)


def test_a_narrowed_run_calls_no_waiver_unused(root_of):
    root = root_of("multi_model")
    root.write("policies/waivers.yaml", waiver(resource='"*"'))
    assert "ESMCFN-WAIVER-UNUSED" in root.esmcfn("check", "dev").out
    assert "ESMCFN-WAIVER" not in root.esmcfn("check", "dev", "--model", "prototype_model").out


@pytest.mark.parametrize(("resource", "code"), [("esm-dev", 0), ("budget", 0), ("esm-dev-prototype-model", 10)])
def test_what_concerns_the_environment_is_waived_by_its_base_stack_or_its_key(root, resource, code):
    root.edit("selected_models:", "termination_protection: true\nlog_retention_days: 30\nselected_models:")
    quiet = "".join(f"  {rule}: advisory\n" for rule in ("ESM018", "ESM033"))
    root.write("policies/levels.yaml", f"production: [dev]\nlevels:\n{quiet}")
    root.write("policies/waivers.yaml", waiver(rule="ESM019", resource=resource))
    assert findings(root, code)["ESM019"]["waived_by"] == ("SEC-142" if code == 0 else None)


def test_nothing_lifts_a_hard_rule(shared):
    shared.edit("ml.g5.2xlarge", "ml.g5.2xlarge\n    instance_count: 500")
    shared.write("policies/waivers.yaml", waiver(rule="ESM001", resource='"*"'))
    found = findings(shared, 10)
    assert (found["ESM001"]["waived_by"], found["ESM001"]["line"]) == (None, 17)
    assert "ESM001 is hard here" in found["ESMCFN-WAIVER-UNUSED"]["message"]


RULES = {"CKV_AWS_149": "checkov", "ESM008": "house", "I3011": "cfn-lint"}


@pytest.mark.parametrize(("level", "code"), [("advisory", 0), ("soft", 10), ("hard", 10)])
def test_the_level_decides_whosever_rule_it_is(shared, level, code):
    levels = ", ".join(f"{rule}: {level}" for rule in RULES)
    shared.write("policies/levels.yaml", f"levels: {{{levels}}}\n")
    found = findings(shared, code)
    assert {rule: found[rule]["engine"] for rule in RULES} == RULES
    assert {found[rule]["level"] for rule in RULES} == {level}

    each = [waiver(rule=rule, resource='"*"').removeprefix("waivers:\n") for rule in RULES]
    shared.write("policies/waivers.yaml", "waivers:\n" + "".join(each))
    found = findings(shared, 10 if level == "hard" else 0)
    assert {bool(found[rule]["waived_by"]) for rule in RULES} == {level != "hard"}


def test_a_level_may_hold_in_one_environment_alone(shared):
    shared.write("policies/levels.yaml", "environments:\n  dev:\n    levels: {CKV_AWS_149: hard}\n")
    assert findings(shared, 10)["CKV_AWS_149"]["level"] == "hard"
    shared.write("policies/levels.yaml", "environments:\n  prod:\n    levels: {CKV_AWS_149: hard}\n")
    assert findings(shared, 0)["CKV_AWS_149"]["level"] == "advisory"


def git(root: Root, *words: str) -> None:
    who = ("-c", "user.name=Ada Lovelace", "-c", "user.email=security@example.com")
    subprocess.run(["git", *who, "-C", str(root.folder), *words], check=True, capture_output=True)


@pytest.mark.parametrize(("approver", "code"), [("Security <security@example.com>", 10), ("grace@example.com", 0)])
def test_nobody_approves_their_own_waiver(shared, approver, code):
    shared.write("policies/waivers.yaml", waiver().replace("approver: security", f"approver: {approver}"))
    git(shared, "init", "--quiet")
    git(shared, "add", ".")
    git(shared, "commit", "--quiet", "-m", "a waiver")
    found = findings(shared, code)
    assert ("ESMCFN-WAIVER-SELF" in found) == (code == 10)


def committed(root: Root, mail: str) -> None:
    who = ("-c", "user.name=Zed", "-c", f"user.email={mail}")
    subprocess.run(["git", "-C", str(root.folder), "add", "."], check=True, capture_output=True)
    command = ["git", *who, "-C", str(root.folder), "commit", "--quiet", "-m", "a waiver"]
    subprocess.run(command, check=True, capture_output=True)


@pytest.mark.parametrize("uncommitted", [False, True])
def test_a_mailmap_makes_nobody_of_a_waiver_s_author(shared, uncommitted):
    git(shared, "init", "--quiet")
    shared.write("policies/waivers.yaml", waiver().replace("approver: security", "approver: security@example.com"))
    whoever = ("security@example.com", "not.committed.yet")
    (shared.folder / ".mailmap").write_text("".join(f"Bob <bob@example.com> <{each}>\n" for each in whoever))
    if uncommitted:
        git(shared, "config", "user.email", "security@example.com")
        git(shared, "add", ".mailmap", "environments")
        git(shared, "commit", "--quiet", "-m", "all but the waiver")
        git(shared, "add", "--intent-to-add", "policies/waivers.yaml")
    else:
        git(shared, "add", ".")
        git(shared, "commit", "--quiet", "-m", "a waiver")
    assert findings(shared, 10)["ESMCFN-WAIVER-SELF"]["level"] == "hard"


def test_whoever_renews_a_waiver_wrote_it_and_a_shallow_clone_says_that_nobody_can_tell(shared, tmp_path):
    git(shared, "init", "--quiet")
    shared.write("policies/waivers.yaml", waiver(first=-90, last=-1))
    committed(shared, "zed@example.com")
    shared.write("policies/waivers.yaml", waiver().replace("approver: security", "approver: x@example.com"))
    committed(shared, "x@example.com")
    assert findings(shared, 10)["ESMCFN-WAIVER-SELF"]["level"] == "hard"

    (shared.folder / "README.md").write_text("more\n", encoding="utf-8")
    committed(shared, "zed@example.com")
    shallow = tmp_path / "shallow"
    subprocess.run(["git", "clone", "-q", "--depth", "1", f"file://{shared.folder}", str(shallow)], check=True)
    found = findings(replace(shared, folder=shallow), 0)
    assert found["CKV_AWS_149"]["waived_by"] == "SEC-142"
    assert found["ESMCFN-WAIVER-AUTHOR"]["level"] == "advisory"
    assert "shallow" in found["ESMCFN-WAIVER-AUTHOR"]["message"]


def test_whoever_writes_the_approver_that_an_alias_repeats_wrote_the_waiver(shared):
    """Mallory edits a line of one waiver, and another one repeats it."""
    git(shared, "init", "--quiet")
    anchor = waiver(rule="CKV_AWS_26", resource="Nothing").replace("approver: security", "approver: &who security")
    own = waiver().removeprefix("waivers:\n").replace("approver: security", "approver: *who")
    shared.write("policies/waivers.yaml", anchor + own)
    committed(shared, "bob@example.com")
    assert findings(shared, 0)["CKV_AWS_149"]["waived_by"] == "SEC-142"
    shared.edit("&who security", "&who mallory@example.com", file="policies/waivers.yaml")
    committed(shared, "mallory@example.com")
    found = findings(shared, 10)
    assert found["CKV_AWS_149"]["waived_by"] is None
    assert found["ESMCFN-WAIVER-SELF"]["level"] == "hard"


def test_a_waiver_that_cannot_be_read_is_invalid_input(shared):
    shared.write("policies/waivers.yaml", waiver(last=200))
    done = shared.esmcfn("check", "dev")
    assert done.code == 3
    assert done.err.startswith("policies/waivers.yaml:10:5: waiver 1: expires: ")


def test_a_budget_is_waived_as_a_rule_is_and_old_prices_are_told_once_beside_it(root):
    root.edit("selected_models:", "budget: 10\nselected_models:")
    assert root.esmcfn("cost", "dev", "--offline").code == 13
    root.write("policies/waivers.yaml", waiver(rule="BUDGET", resource="budget"))
    cost = root.esmcfn("cost", "dev", "--offline")
    assert cost.code == 0, cost.out + cost.err
    assert "waived: SEC-142, approved by security" in cost.out
    assert (cost.out + cost.err).count("more than 180 days old and stale") == 1
    plan = root.esmcfn("plan", "dev", "-f", "json")
    assert (plan.code, plan.document["policy"]["waived"]) == (0, 1)
    assert plan.document["verdict"]["budget_waiver"]["approver"] == "security"
