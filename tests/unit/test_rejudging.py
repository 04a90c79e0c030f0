"""What other policies block and lift is told finding by finding, and a file that says so is not believed."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace
from rejudged import WAIVER, document, finding, judged, said, since, wrote

from esmcfn.domain.finding import Level
from esmcfn.domain.origin import Origin
from esmcfn.domain.project import Check, Policy
from esmcfn.domain.rejudged import Effect, Since, Written
from esmcfn.inputs.planned import rejudged
from esmcfn.policy.shifting import entries, settings, shifts
from esmcfn.render import rejudged as rendering


@pytest.mark.parametrize(
    ("before", "after", "effect"),
    [
        (None, finding(), Effect.BLOCKS),
        (finding(level=Level.ADVISORY), finding(), Effect.BLOCKS),
        (finding(waiver=WAIVER), finding(), Effect.BLOCKS),
        (finding(), None, Effect.LIFTS),
        (finding(), finding(level=Level.ADVISORY), Effect.LIFTS),
        (finding(), finding(waiver=WAIVER), Effect.LIFTS),
        (finding(), finding(level=Level.HARD), Effect.ALTERS),
        (None, finding(level=Level.ADVISORY), Effect.ALTERS),
        (None, finding(waiver=WAIVER), Effect.ALTERS),
        (finding(waiver=WAIVER), finding(waiver=replace(WAIVER, expires=date(2027, 4, 1))), Effect.ALTERS),
    ],
)
def test_what_becomes_of_a_finding_is_told_by_whether_it_stops_a_deployment(before, after, effect):
    (shift,) = shifts([before] if before else [], [after] if after else [])
    assert shift.effect is effect
    assert (shift.before.level is None) == (before is None)
    assert (shift.after.level is None) == (after is None)


def test_what_is_worth_the_same_is_not_told_though_its_line_and_message_moved():
    moved = finding(origin=Origin("environments/dev.yaml", 80), message="otherwise said")
    assert shifts([finding()], [moved]) == ()


def test_what_blocks_stands_before_what_is_lifted_whatever_the_order_of_the_findings():
    gone, new, same = finding(fingerprint="gone"), finding(fingerprint="new"), finding()
    other = finding(fingerprint="other", level=Level.ADVISORY)
    found = shifts([gone, same], [other, same, new])
    assert [shift.effect for shift in found] == [Effect.BLOCKS, Effect.LIFTS, Effect.ALTERS]


def test_a_waiver_is_told_with_its_author_whether_it_covers_something_or_not():
    longer = replace(WAIVER, expires=date(2027, 4, 1), approver="other@example.com")
    other = replace(WAIVER, rule="DRIFT", ticket="OPS-2")
    changed, added = entries([WAIVER], [longer, other], wrote)
    assert (changed.written, added.written) == (Written.CHANGED, Written.ADDED)
    assert changed.differs == (
        "approver: security@example.com -> other@example.com",
        "expires: 2027-03-01 -> 2027-04-01",
    )
    assert added.authors == ("bob",)
    (removed,) = entries([WAIVER], [], wrote)
    assert removed.written is Written.REMOVED


def test_a_waiver_that_only_moved_is_none_and_a_second_alike_is_another():
    moved = replace(WAIVER, origin=Origin("policies/waivers.yaml", 90), lines=(90, 91))
    assert list(entries([WAIVER], [moved], wrote)) == []
    assert [each.written for each in entries([WAIVER], [WAIVER, WAIVER], wrote)] == [Written.ADDED]


def test_levels_limits_and_lists_are_told_with_what_they_were():
    before = Policy(levels={"ESM001": Level.HARD}, limits={"max_instance_count": 8}, required_tags=("Project",))
    after = Policy(limits={"max_instance_count": 80}, allowed_instance_types=("ml.g5.*", "ml.g6.*"), production=True)
    told = {each.name: (each.before, each.after) for each in settings(before, after)}
    assert told == {
        "levels.ESM001": ("hard", None),
        "limits.max_instance_count": ("8", "80"),
        "required_tags": ("Project", None),
        "allowed_instance_types": (None, "ml.g5.*, ml.g6.*"),
        "production": ("no", "yes"),
    }
    assert list(settings(before, before)) == []


OURS = "CKV2_ESM_3"
OWN = "CKV2_ACME_1"
THERE = Check(file="policies/checkov/a.yaml", digest="sha256:a")
OTHER = Check(file="policies/checkov/a.yaml", digest="sha256:b")


@pytest.mark.parametrize(
    ("rule", "before", "after", "told"),
    [
        (OURS, None, THERE, ("hard, esmcfn's own", "soft, policies/checkov/a.yaml in the place of esmcfn's own")),
        (OURS, THERE, None, ("soft, policies/checkov/a.yaml in the place of esmcfn's own", "hard, esmcfn's own")),
        (OWN, None, THERE, (None, "soft, policies/checkov/a.yaml")),
        (OWN, THERE, None, ("soft, policies/checkov/a.yaml", None)),
        (
            OWN,
            THERE,
            OTHER,
            ("soft, policies/checkov/a.yaml", "soft, policies/checkov/a.yaml, which says something else now"),
        ),
    ],
)
def test_a_check_that_is_another_is_told_with_its_level_though_it_finds_the_same(rule, before, after, told):
    was, now = (Policy(checks={rule: each} if each else {}) for each in (before, after))
    (setting,) = settings(was, now)
    assert (setting.name, setting.before, setting.after) == (f"checks.{rule}", *told)


def test_a_check_that_only_moved_is_not_told_and_a_level_of_the_policy_s_is_the_check_s():
    moved = replace(THERE, file="policies/checkov/b.yaml")
    assert list(settings(Policy(checks={OWN: THERE}), Policy(checks={OWN: moved}))) == []
    hard = {OWN: Level.HARD}
    (gone,) = settings(Policy(levels=hard, checks={OWN: THERE}), Policy(levels=hard))
    assert (gone.before, gone.after) == ("hard, policies/checkov/a.yaml", None)


def test_a_comment_says_who_lifted_what_until_when_and_nobodys_address(tmp_path):
    text = said(judged(tmp_path, document("prod", since()), document("dev", since())))
    assert "no environment changes, policies do" in text
    assert "> - `dev`, `prod`: **blocked -> passes**" in text
    assert "**lifts** `ESM016` `environments/dev.yaml:8`: soft -> soft, waived by SEC-1, approved by security@" in text
    assert "until 2027-03-01" in text
    assert "written by bob" in text
    assert "example.com" not in text
    assert "example" in "".join(rendering.text(since())), "a terminal shows addresses"


def test_a_comment_says_so_where_policies_change_nothing(tmp_path):
    empty = Since(base="HEAD^1", commit="c" * 40, blocked_before=False)
    assert "> - nothing, in any environment" in said(judged(tmp_path, document("dev", empty)))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "no judgement arrived"),
        ("{", "is no report of esmcfn"),
        ("[" * 100_000, "is no report of esmcfn"),
        ("[]", "is no report of esmcfn"),
        ('{"schema": "esmcfn.checks/v1"}', "is no report of `esmcfn check --base`"),
        ('{"schema": "esmcfn.check/v1", "environment": "dev"}', "dev: it was not compared with anything"),
        ('{"schema": "esmcfn.check/v1", "environment": "dev", "since": {"base": 5}}', "is no report of"),
        ('{"schema": "esmcfn.error/v1", "message": "2 problems", "exit_code": 3}', "2 problems"),
    ],
)
def test_what_is_not_known_is_said_to_be_unknown_and_never_to_be_nothing(tmp_path, content, why):
    path = tmp_path / "policies.json"
    if content is not None:
        path.write_text(content)
    found = rejudged(path)
    assert why in found.wrong[0]
    assert not found.empty
    text = said(found)
    assert "**unknown**" in text
    assert "nothing, in any" not in text


def test_policies_of_before_that_could_not_be_read_leave_it_unknown(tmp_path):
    unread = Since(base="HEAD^1", commit="c" * 40, wrong="1 problem, first policies/levels.yaml:1:1: not YAML")
    assert "what is lifted is **unknown**" in said(judged(tmp_path, document("dev", unread)))
    assert "unknown" in "\n".join(rendering.markdown(unread))
