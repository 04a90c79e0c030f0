"""policies/waivers.yaml: every problem at its place, and who wrote a line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from builders import a_root
from waivers import GOOD, text

from esmcfn import inputs
from esmcfn.domain.origin import Origin


def loaded(folder: Path, written: str) -> inputs.Loaded:
    return inputs.load(a_root(folder, files={"policies/waivers.yaml": written}), "dev")


def complaints(folder: Path, written: str) -> list[str]:
    return [str(problem) for problem in loaded(folder, written).problems]


@pytest.mark.parametrize("day", ["2027-03-01", '"2027-03-01"'])
def test_a_waiver_is_read_with_its_place(tmp_path: Path, day: str) -> None:
    found = loaded(tmp_path, text(expires=day))
    assert found.problems == ()
    (waiver,) = found.project.policy.waivers
    assert (waiver.rule, waiver.ticket, waiver.expires) == ("CKV_AWS_149", "SEC-142", date(2027, 3, 1))
    assert waiver.origin == Origin("policies/waivers.yaml", 2, 5)


def test_none_is_written_as_an_empty_list(tmp_path: Path) -> None:
    found = loaded(tmp_path, "waivers: []\n")
    assert (found.problems, found.project.policy.waivers) == ((), ())


@pytest.mark.parametrize("key", GOOD)
def test_nothing_may_be_left_out(tmp_path: Path, key: str) -> None:
    (complaint,) = complaints(tmp_path, text(leave_out=key))
    assert complaint.startswith(f"policies/waivers.yaml:2:5: waiver 1: {key}: is missing (it must be ")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"rule": "ckv_aws_149"}, "2:5: waiver 1: rule: must be a rule's id such as ESM001, E3012 or CKV_AWS_149, or"),
        ({"rule": "ESMCFN-CHECKOV"}, "2:5: waiver 1: rule: must be a rule's id"),
        ({"reason": '"  "'}, "5:5: waiver 1: reason: must be text, not '  '"),
        ({"expires": "never"}, "10:5: waiver 1: expires: must be a day such as 2027-01-31, not never"),
        ({"expires": "2027-02-30"}, "10:5: waiver 1: expires: must be a day such as 2027-01-31, not 2027-02-30"),
        ({"expires": '"2027-02-30"'}, "10:5: waiver 1: expires: there is no day 2027-02-30 (write one such as"),
        (
            {"expires": "2027-05-01"},
            "10:5: waiver 1: expires: 2027-05-01 is 181 days after created (a waiver lasts 180",
        ),
        ({"expires": "2026-10-31"}, "10:5: waiver 1: expires: 2026-10-31 is -1 days after created"),
        ({"created": "0001-01-01", "expires": "9999-12-31"}, "10:5: waiver 1: expires: 9999-12-31 is 3652058 days"),
        ({"until": "2027-03-01"}, "11:5: waiver 1: until: unknown key (did you mean expires?)"),
        ({"owner": "3"}, "6:5: waiver 1: owner: must be text, but YAML reads 3 as a number"),
    ],
)
def test_what_is_wrong_is_told_at_its_place(tmp_path: Path, change: dict[str, str], complaint: str) -> None:
    assert complaints(tmp_path, text(**change))[0].startswith(f"policies/waivers.yaml:{complaint}")


@pytest.mark.parametrize(
    "approver",
    [
        "-",
        ".",
        "...",
        "alice, bob",
        "mailto:bob@x.com",
        "bob@x.com / T-1",
        "x <bob@x.com>, y <z@x.com>",
        "a@x.com b@x.com",
    ],
)
def test_one_person_signs(tmp_path: Path, approver: str) -> None:
    (complaint,) = complaints(tmp_path, text(approver=f'"{approver}"'))
    assert complaint == (
        f"policies/waivers.yaml:7:5: waiver 1: approver: {approver} is not one person "
        "(write one name, address or handle: security@example.com)"
    )


@pytest.mark.parametrize(
    "approver",
    [
        *(
            "security",
            "Ada Lovelace",
            "J. R. O'Neil-Smith",
            "Ada (security)",
            "@ada",
            "@acme/security",
            "acme/security",
        ),
        *("ada@example.com", "<ada@example.com>", "Ada Lovelace <ada@example.com>", "Ä. Müller", "王伟", "ops_1"),
        "Security & Compliance",
    ],
)
def test_whoever_signs_has_a_name_an_address_or_a_handle(tmp_path: Path, approver: str) -> None:
    assert complaints(tmp_path, text(approver=f'"{approver}"')) == []


@pytest.mark.parametrize("reason", [".", "legacy", "- - - - - -", "-" * 40])
def test_a_reason_says_something(tmp_path: Path, reason: str) -> None:
    (complaint,) = complaints(tmp_path, text(reason=f'"{reason}"'))
    assert complaint.startswith(f"policies/waivers.yaml:5:5: waiver 1: reason: {reason} is no reason (write a sentence")


@pytest.mark.parametrize("reason", ["an incident", "等待新的密钥"])
def test_a_reason_may_be_short(tmp_path: Path, reason: str) -> None:
    assert complaints(tmp_path, text(reason=reason)) == []


def test_every_wrong_waiver_is_told_and_the_right_ones_are_read(tmp_path: Path) -> None:
    entries = text(ticket="A") + text(expires="2028-01-01").removeprefix("waivers:\n") + "  - nonsense\n"
    entries += text(ticket="B").removeprefix("waivers:\n")
    found = loaded(tmp_path, entries)
    assert sorted(problem.line for problem in found.problems) == [19, 20]
    assert [(waiver.ticket, waiver.origin.line) for waiver in found.project.policy.waivers] == [("A", 2), ("B", 21)]


def test_all_that_is_wrong_with_one_is_told_at_once_and_which_one_it_is(tmp_path: Path) -> None:
    second = text(leave_out="approver", ticket='""', expires="2029-01-01").removeprefix("waivers:\n")
    said = complaints(tmp_path, text() + second)
    assert [each.partition(": ")[2].partition(" (")[0] for each in said] == [
        "waiver 2: approver: is missing",
        "waiver 2: ticket: must be text, not ''",
        "waiver 2: expires: 2029-01-01 is 792 days after created",
    ]


def test_waivers_stand_in_their_own_file(tmp_path: Path) -> None:
    root = a_root(tmp_path, files={"policies/levels.yaml": text()})
    (problem,) = inputs.load(root, "dev").problems
    assert str(problem) == ("policies/levels.yaml:1:1: waivers: unknown key (did you mean policies/waivers.yaml?)")


class TestAliases:
    """A waiver's lines are wherever its text stands: whoever writes what an alias repeats signs there, too."""

    WRITTEN = """\
waivers:
  - &first
    rule: CKV_AWS_149
    environment: dev
    resource: InvokeSecret
    reason: &why >-
      the managed key will do
      until there is one
    owner: platform@example.com
    approver: &who security@example.com
    ticket: SEC-142
    created: 2026-11-01
    expires: &day 2027-03-01

  - rule: CKV_AWS_26
    environment: dev
    resource: Topic
    reason: *why
    owner: platform@example.com
    approver: *who
    ticket: SEC-143
    created: 2026-11-01
    expires: *day

  - *first
"""

    def test_what_scalars_repeat_is_among_the_lines(self, tmp_path: Path) -> None:
        found = loaded(tmp_path, self.WRITTEN)
        assert found.problems == ()
        first, second, again = found.project.policy.waivers
        assert first.lines == tuple(range(2, 15))
        assert (second.approver, second.expires) == ("security@example.com", date(2027, 3, 1))
        # The folded text's own lines stand between: all three, whoever wrote whichever.
        assert second.lines == (6, 7, 8, 10, 13, *range(15, 25))
        assert second.origin == Origin("policies/waivers.yaml", 15, 5)
        assert set(first.lines) - {14} <= set(again.lines)
        assert 25 in again.lines
        assert again.origin == first.origin

    def test_an_alias_inside_of_what_an_alias_repeats_leads_to_its_text(self, tmp_path: Path) -> None:
        written = self.WRITTEN.replace("  - rule: CKV_AWS_26", "  - &second\n    rule: CKV_AWS_26").replace(
            "*first", "*second"
        )
        again = loaded(tmp_path, written).project.policy.waivers[2]
        assert again.ticket == "SEC-143"
        assert {6, 7, 8, 10, 13} <= set(again.lines)

    def test_a_level_that_an_alias_repeats_is_blamed_where_it_stands(self, tmp_path: Path) -> None:
        levels = "levels: &all\n  ESM001: soft\n  CKV_AWS_149: &hard hard\nenvironments:\n  dev:\n    levels: *all\n"
        root = a_root(tmp_path, files={"policies/levels.yaml": levels})
        places = inputs.load(root, "dev").project.policy.places
        assert places["levels/CKV_AWS_149"] == Origin("policies/levels.yaml", 3, 3)
