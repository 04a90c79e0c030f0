"""`check --base` as whole processes: changed policies, a git repository, the real engines."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from esmcfn.errors import ExitCode

WAIVER = """\
waivers:
  - rule: ESM016
    environment: dev
    resource: esm-dev
    reason: until the tag is there
    owner: platform@example.com
    approver: security@example.com
    ticket: SEC-1
    created: {created}
    expires: {expires}
"""


def today(later):
    """The day, so many days later."""
    return (datetime.now(UTC).date() + timedelta(days=later)).isoformat()


@pytest.fixture
def repository(root):
    """The example, committed, with a rule that its environment breaks."""
    git(root, "init", "-q", "-b", "main")
    root.write("policies/levels.yaml", "required_tags: [CostCenter]\n")
    commit(root)
    return root


def git(root, *words):
    who = ("-c", "user.name=Bob", "-c", "user.email=bob@example.com")
    subprocess.run(["git", *who, *words], cwd=root.folder, check=True, capture_output=True)


def commit(root):
    git(root, "add", "-A")
    git(root, "commit", "-qm", "as it stands")


def test_a_waiver_lifts_what_the_base_blocks_and_says_who_signed_and_who_wrote(repository):
    repository.write("policies/waivers.yaml", WAIVER.format(created=today(0), expires=today(90)))
    commit(repository)
    done = repository.esmcfn("check", "dev", "--base", "HEAD^1", "-f", "json")
    assert done.code == ExitCode.DONE, done.err
    since = done.document["since"]
    assert (since["blocked_before"], since["blocked"]) == (True, False)
    (shift,) = [each for each in since["shifts"] if each["rule"] == "ESM016"]
    assert shift["effect"] == "lifts"
    assert shift["before"] == {"level": "soft", "waiver": None}
    assert shift["after"]["waiver"]["approver"] == "security@example.com"
    (entry,) = since["waivers"]
    assert (entry["written"], entry["authors"], entry["expires"]) == ("added", ["bob"], today(90))
    text = repository.esmcfn("check", "dev", "--base", "HEAD^1")
    assert "blocked -> passes" in text.out


def test_whose_waiver_was_judged_by_the_history_of_then_and_not_of_today(repository):
    """Bob approves his own waiver first; then somebody else's name stands there. Lifted is what was blocked."""
    own = WAIVER.format(created=today(0), expires=today(90))
    repository.write("policies/waivers.yaml", own.replace("security@", "bob@"))
    commit(repository)
    repository.write("policies/waivers.yaml", f"# above\n{own}")
    commit(repository)
    since = repository.esmcfn("check", "dev", "--base", "HEAD^1", "-f", "json").document["since"]
    effects = {each["rule"]: each["effect"] for each in since["shifts"]}
    assert effects == {"ESM016": "lifts", "ESMCFN-WAIVER-SELF": "lifts"}
    (entry,) = since["waivers"]
    assert entry["differs"] == ["approver: bob@example.com -> security@example.com"]


def test_a_check_of_the_roots_own_counts_by_the_text_that_the_base_has(repository):
    check = (
        "metadata: {id: CKV2_OUR_1, name: our own, category: GENERAL_SECURITY}\n"
        "definition: {cond_type: attribute, resource_types: [AWS::SageMaker::Model], "
        "attribute: EnableNetworkIsolation, operator: equals, value: maybe}\n"
    )
    repository.write("policies/checkov/ours.yaml", check)
    commit(repository)
    blocked = repository.esmcfn("check", "dev", "--base", "HEAD^1", "-f", "json").document["since"]
    assert {"CKV2_OUR_1"} == {each["rule"] for each in blocked["shifts"] if each["effect"] == "blocks"}
    (repository.folder / "policies/checkov/ours.yaml").unlink()
    lifted = repository.esmcfn("check", "dev", "--base", "HEAD", "-f", "json").document["since"]
    assert {"CKV2_OUR_1"} == {each["rule"] for each in lifted["shifts"] if each["effect"] == "lifts"}


def test_policies_of_then_that_are_wrong_leave_it_unknown_and_today_is_judged_all_the_same(repository):
    repository.write("policies/levels.yaml", "levels: {ESM001: loud}\n")
    commit(repository)
    repository.write("policies/levels.yaml", "{}\n")
    done = repository.esmcfn("check", "dev", "--base", "HEAD", "-f", "json")
    assert done.code == ExitCode.DONE, done.err
    assert "policies/levels.yaml:1" in done.document["since"]["wrong"]
    assert done.document["since"]["blocked_before"] is None


@pytest.mark.parametrize("ref", ["nowhere", "--all", ""])
def test_a_base_that_is_no_commit_is_a_usage_error(repository, ref):
    done = repository.esmcfn("check", "dev", f"--base={ref}")
    assert done.code == (ExitCode.USAGE if ref else ExitCode.FINDINGS)
    assert ("git knows no commit" in done.err) == bool(ref)


def test_prices_and_budgets_that_change_are_told_in_dollars(repository):
    repository.edit("selected_models:", "budget: {usd_per_month: 5000}\nselected_models:")
    repository.write("policies/levels.yaml", "{}\n")
    commit(repository)
    price = "region: us-east-2, instance_type: ml.g5.2xlarge, usd_per_hour: 99.5, source: a contract, as_of: 2026-11-01"
    repository.write("policies/prices.yaml", f"prices:\n  - {{{price}}}\n")
    since = repository.esmcfn("check", "dev", "--base", "HEAD", "-f", "json").document["since"]
    told = {each["name"]: (each["before"], each["after"]) for each in since["settings"]}
    assert told["budget"][0].startswith("within the budget: 1,105.95 US dollars a month expected")
    assert told["budget"][1].startswith("over budget: ")
    assert told["cost of a month"][0].endswith("USD")
    assert (since["blocked_before"], since["blocked"]) == (False, True)


REPLACED = """\
metadata:
  id: CKV2_ESM_3
  name: A model package stands alone in its container, without variables, image or model data
  category: GENERAL_SECURITY
definition:
  cond_type: attribute
  resource_types: [AWS::SageMaker::Model]
  attribute: Nope
  operator: not_exists
"""


def test_a_hard_check_that_another_replaces_is_told_though_nothing_breaks_it(repository):
    repository.write("policies/checkov/CKV2_ESM_3.yaml", REPLACED)
    done = repository.esmcfn("check", "dev", "--base", "HEAD")
    assert "sets checks.CKV2_ESM_3: hard, esmcfn's own -> soft, policies/checkov/CKV2_ESM_3.yaml in the" in done.out

    explained = repository.esmcfn("explain", "CKV2_ESM_3")
    assert explained.out.startswith("CKV2_ESM_3  soft  ")
    assert "leave them out" not in explained.out, "our advice is not theirs"
    listed = repository.esmcfn("explain", "-f", "json")
    (rule,) = [each for each in listed.document["rules"] if each["rule"] == "CKV2_ESM_3"]
    assert (rule["level"], "policies/checkov/CKV2_ESM_3.yaml" in rule["summary"]) == ("soft", True)
