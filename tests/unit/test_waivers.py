"""Waivers: what they lift and what they never do, and what becomes of those that do not hold."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from builders import a_waiver
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from esmcfn.domain.finding import Engine, Finding, Level, Severity
from esmcfn.domain.origin import Origin
from esmcfn.domain.waiver import Waiver, Writers
from esmcfn.policy.explanation import OWN
from esmcfn.policy.waivers import AUTHOR_RULE, EXPIRED_RULE, EXPIRING_RULE, SELF_RULE, UNUSED_RULE, Signatures, waived

TODAY = date(2026, 12, 1)


def a_finding(**changes: object) -> Finding:
    finding = Finding(
        rule="CKV_AWS_149",
        engine=Engine.CHECKOV,
        severity=Severity.WARNING,
        level=Level.SOFT,
        message="a key of one's own",
        origin=Origin("environments/dev.yaml", 10),
        stack="esm-dev",
        logical_id="InvokeSecret",
    )
    return replace(finding, **changes)


def put(
    findings: Sequence[Finding],
    *waivers: Waiver,
    today: date = TODAY,
    wrote: str = "",
    heard: bool = True,
    untold: str = "",
    base: str = "",
    keys: Sequence[str] = (),
) -> list[Finding]:
    signed = Signatures(
        environment="dev",
        known=("dev", "prod"),
        today=today,
        authors=lambda waiver: Writers(names=frozenset({wrote} - {""}), untold=untold),
        heard=lambda rule: heard,
        base=base,
        keys=keys,
    )
    return list(waived(findings, waivers, signed))


def test_a_finding_that_is_waived_stays_marked_and_blocks_no_more() -> None:
    (finding,) = put([a_finding()], a_waiver())
    assert finding.waived_by == "SEC-142"
    assert not finding.blocks


@pytest.mark.parametrize(
    "resource",
    ["InvokeSecret", "*", "esm-dev", "esm-*", "esm-dev/*", "esm-dev/InvokeSecret", "Invoke?ecret", "key/*", "key"],
)
def test_a_glob_may_mean_the_stack_the_model_or_the_resource(resource: str) -> None:
    (finding,) = put([a_finding(model="key")], a_waiver(resource=resource))
    assert finding.waived_by == "SEC-142"


@pytest.mark.parametrize(
    "change",
    [{"rule": "CKV_AWS_26"}, {"environment": "prod"}, {"resource": "invokesecret"}, {"resource": "other/*"}],
)
def test_a_waiver_of_something_else_lifts_nothing(change: dict[str, str]) -> None:
    assert put([a_finding()], a_waiver(**change))[0].blocks


def test_a_finding_about_the_whole_environment_is_waived_by_a_star() -> None:
    assert not put([a_finding(stack="", logical_id="")], a_waiver(resource="*"))[0].blocks


@pytest.mark.parametrize("resource", ["esm-dev", "esm-*", "budget", "esm-dev/budget", "*"])
def test_a_finding_about_the_environment_is_of_its_base_stack_and_its_key(resource: str) -> None:
    whole = a_finding(rule="ESM019", stack="", logical_id="", path="environment:budget")
    assert not put([whole], a_waiver(rule="ESM019", resource=resource), base="esm-dev")[0].blocks


@pytest.mark.parametrize("resource", ["esm-prod", "dev", "esm-dev-key", "termination_protection"])
def test_a_waiver_of_another_stack_does_not_cover_the_environment(resource: str) -> None:
    whole = a_finding(rule="ESM019", stack="", logical_id="", path="environment:budget")
    assert put([whole], a_waiver(rule="ESM019", resource=resource), base="esm-dev")[0].blocks


def test_nothing_lifts_a_hard_rule_and_the_waiver_is_told_so() -> None:
    finding, told = put([a_finding(level=Level.HARD)], a_waiver())
    assert finding.blocks
    assert (told.rule, told.level) == (UNUSED_RULE, Level.ADVISORY)
    assert "CKV_AWS_149 is hard here" in told.message


def test_an_expired_waiver_is_an_error_and_what_it_covered_blocks_again() -> None:
    finding, told = put([a_finding()], a_waiver(), today=date(2027, 3, 2))
    assert finding.blocks
    assert (told.rule, told.severity, told.level) == (EXPIRED_RULE, Severity.ERROR, Level.HARD)
    assert told.message == (
        "the waiver SEC-142 of CKV_AWS_149 for InvokeSecret: it expired on 2027-03-01, and what it covered counts "
        "again (1)"
    )
    assert told.advice == "mend what it covers and remove it; platform owns it"
    assert told.origin == Origin("policies/waivers.yaml", 2)


def test_an_expired_waiver_that_covers_nothing_is_an_error_too() -> None:
    (told,) = put([], a_waiver(), today=date(2027, 3, 2))
    assert told.rule == EXPIRED_RULE
    assert told.message.endswith("it expired on 2027-03-01")


def test_the_last_day_counts_and_the_first_one_too() -> None:
    for day in (date(2026, 11, 1), date(2027, 3, 1)):
        assert not put([a_finding()], a_waiver(), today=day)[0].blocks


def test_a_waiver_that_has_not_begun_lifts_nothing() -> None:
    finding, told = put([a_finding()], a_waiver(), today=date(2026, 10, 31))
    assert finding.blocks
    assert (told.rule, told.level) == (UNUSED_RULE, Level.ADVISORY)
    assert told.message.endswith("it begins on 2026-11-01")


@pytest.mark.parametrize(
    ("days", "words"), [(0, "it expires today"), (1, "in 1 day, on 2027"), (14, "in 14 days, on 2027")]
)
def test_what_soon_expires_is_a_warning(days: int, words: str) -> None:
    finding, told = put([a_finding()], a_waiver(), today=date(2027, 3, 1) - timedelta(days=days))
    assert not finding.blocks
    assert (told.rule, told.severity, told.blocks) == (EXPIRING_RULE, Severity.WARNING, False)
    assert words in told.message


def test_what_expires_later_is_no_news() -> None:
    assert len(put([a_finding()], a_waiver(), today=date(2027, 2, 14))) == 1


def test_what_covers_nothing_is_a_warning() -> None:
    (told,) = put([], a_waiver())
    assert (told.rule, told.severity, told.blocks) == (UNUSED_RULE, Severity.WARNING, False)


def test_nothing_is_called_unused_where_its_engine_did_not_judge_everything() -> None:
    assert put([], a_waiver(), heard=False) == []


def test_an_environment_that_does_not_exist_is_told_wherever_one_looks() -> None:
    (told,) = put([], a_waiver(environment="deb"))
    assert told.rule == UNUSED_RULE
    assert told.message.endswith("there is no environment deb (did you mean dev?)")


@pytest.mark.parametrize(
    ("approver", "wrote"),
    [
        ("Ada Lovelace", "ada lovelace"),
        ("ada@example.com", "ada@example.com"),
        ("Ada Lovelace <Ada@Example.com>", "ada@example.com"),
        ("@ada", "ada"),
        ("mailto:ada@example.com", "ada@example.com"),
        ("ada@example.com / T-1", "ada@example.com"),
        ("x <ada@example.com>, y <z@example.com>", "ada@example.com"),
        ("grace, ada", "ada"),
        ("grace and ada", "ada"),
        ("ada (security)", "ada"),
        ("ada+sec@example.com", "ada@example.com"),
        ("ada@example.com", "ada+git@example.com"),
        ("\uff41\uff44\uff41", "ada"),
        ("a\u200bda@example.com", "ada@example.com"),
        ("'ada'", "ada"),
        ("ada  lovelace", "ada lovelace"),
        ("7+ada@users.noreply.github.com", "ada"),
        ("@ada", "7+ada@users.noreply.github.com"),
    ],
)
def test_nobody_approves_what_they_wrote(approver: str, wrote: str) -> None:
    finding, told = put([a_finding()], a_waiver(approver=approver), wrote=wrote)
    assert finding.blocks
    assert (told.rule, told.severity, told.level) == (SELF_RULE, Severity.ERROR, Level.HARD)


@pytest.mark.parametrize(
    ("approver", "wrote"),
    [
        ("security@example.com", "ada@example.com"),
        ("7+grace@users.noreply.github.com", "7+ada@users.noreply.github.com"),
        ("ada@example.org", "ada@example.com"),
        ("adam", "ada"),
        ("Ada Byron", "ada lovelace"),
        ("@acme/security", "acme-bot"),
    ],
)
def test_somebody_else_may_approve_it(approver: str, wrote: str) -> None:
    assert not put([a_finding()], a_waiver(approver=approver), wrote=wrote)[0].blocks


@pytest.mark.parametrize(("model", "blocks"), [("InvokeSecret", False), ("other", True)])
def test_a_key_means_its_model_alone(model: str, blocks: bool) -> None:
    found = put([a_finding(model=model)], a_waiver(resource="InvokeSecret"), keys=("InvokeSecret", "other"))
    assert found[0].blocks is blocks


def test_a_key_that_is_selected_nowhere_means_the_resource_as_ever() -> None:
    assert not put([a_finding(model="other")], a_waiver(resource="InvokeSecret"), keys=("other",))[0].blocks
    assert not put([a_finding(model="other")], a_waiver(resource="Invoke*"), keys=("InvokeSecret", "other"))[0].blocks


def test_where_nobody_can_tell_who_wrote_it_it_lifts_and_that_is_said() -> None:
    finding, told = put([a_finding()], a_waiver(), untold="this clone is shallow")
    assert not finding.blocks
    assert (told.rule, told.severity, told.level) == (AUTHOR_RULE, Severity.WARNING, Level.ADVISORY)
    assert "security@example.com wrote it cannot be told: this clone is shallow" in told.message
    assert "fetch-depth: 0" in told.advice


def test_a_known_author_is_accused_whatever_else_is_not_told() -> None:
    finding, told = put([a_finding()], a_waiver(), wrote="security@example.com", untold="this clone is shallow")
    assert (finding.blocks, told.rule) == (True, SELF_RULE)


def test_what_lifts_nothing_may_be_written_by_anybody() -> None:
    (finding, told) = put([a_finding(level=Level.HARD)], a_waiver(), untold="this clone is shallow")
    assert (finding.blocks, told.rule) == (True, UNUSED_RULE)


def test_of_two_waivers_the_one_that_holds_counts() -> None:
    old = a_waiver(ticket="OLD", created=date(2026, 1, 1), expires=date(2026, 2, 1))
    finding, told = put([a_finding()], old, a_waiver())
    assert finding.waived_by == "SEC-142"
    assert told.rule == EXPIRED_RULE


@given(
    st.lists(st.sampled_from(("CKV_AWS_149", "CKV_AWS_26", "ESM001"))),
    st.lists(st.sampled_from(("CKV_AWS_149", "ESM001"))),
    st.dates(),
)
def test_waiving_never_drops_a_finding_and_changes_nothing_but_the_mark(
    rules: list[str], waived_rules: list[str], today: date
) -> None:
    findings = [a_finding(rule=rule, message=str(number)) for number, rule in enumerate(rules)]
    waivers = [a_waiver(rule=rule, ticket=str(number)) for number, rule in enumerate(waived_rules)]
    said = put(findings, *waivers, today=today)
    assert [replace(finding, waiver=None) for finding in said[: len(findings)]] == findings
    assert all(finding.rule.startswith("ESMCFN-WAIVER-") for finding in said[len(findings) :])


def test_what_is_said_about_waivers_is_explained() -> None:
    assert {AUTHOR_RULE, EXPIRED_RULE, EXPIRING_RULE, SELF_RULE, UNUSED_RULE} <= set(OWN)
