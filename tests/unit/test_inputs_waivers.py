"""policies/waivers.yaml: every problem at its place, and who wrote a line."""

from __future__ import annotations

import subprocess
from datetime import date
from pathlib import Path

import pytest
from builders import a_root, a_waiver

from esmcfn import inputs
from esmcfn.domain.origin import Origin
from esmcfn.domain.waiver import Writers
from esmcfn.inputs.authors import authors

GOOD = {
    "rule": "CKV_AWS_149",
    "environment": "dev",
    "resource": '"*"',
    "reason": "a key of our own comes with the next account",
    "owner": "platform",
    "approver": "security",
    "ticket": "SEC-142",
    "created": "2026-11-01",
    "expires": "2027-03-01",
}


def text(*, leave_out: str = "", **changes: str) -> str:
    lines = [f"{key}: {value}" for key, value in {**GOOD, **changes}.items() if key != leave_out]
    return "waivers:\n  - " + "\n    ".join(lines) + "\n"


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
    assert complaint.startswith(f"policies/waivers.yaml:2:5: waivers.{key}: is missing (it must be ")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"rule": "ckv_aws_149"}, "2:5: waivers.rule: must be a rule's id such as ESM001, E3012 or CKV_AWS_149, or"),
        ({"rule": "ESMCFN-CHECKOV"}, "2:5: waivers.rule: must be a rule's id"),
        ({"reason": '"  "'}, "5:5: waivers.reason: must be text, not '  '"),
        ({"expires": "never"}, "10:5: waivers.expires: must be a day such as 2027-01-31, not never"),
        ({"expires": "2027-02-30"}, "10:5: waivers.expires: must be a day such as 2027-01-31, not 2027-02-30"),
        ({"expires": '"2027-02-30"'}, "10:5: waivers.expires: there is no day 2027-02-30 (write one such as"),
        ({"expires": "2027-05-01"}, "10:5: waivers.expires: 2027-05-01 is 181 days after created (a waiver lasts 180"),
        ({"expires": "2026-10-31"}, "10:5: waivers.expires: 2026-10-31 is -1 days after created"),
        ({"created": "0001-01-01", "expires": "9999-12-31"}, "10:5: waivers.expires: 9999-12-31 is 3652058 days"),
        ({"until": "2027-03-01"}, "11:5: waivers.until: unknown key (did you mean expires?)"),
        ({"owner": "3"}, "6:5: waivers.owner: must be text, but YAML reads 3 as a number"),
    ],
)
def test_what_is_wrong_is_told_at_its_place(tmp_path: Path, change: dict[str, str], complaint: str) -> None:
    assert complaints(tmp_path, text(**change))[0].startswith(f"policies/waivers.yaml:{complaint}")


def test_every_wrong_waiver_is_told_and_the_right_ones_are_read(tmp_path: Path) -> None:
    entries = text(ticket="A") + text(expires="2028-01-01").removeprefix("waivers:\n") + "  - nonsense\n"
    entries += text(ticket="B").removeprefix("waivers:\n")
    found = loaded(tmp_path, entries)
    assert sorted(problem.line for problem in found.problems) == [19, 20]
    assert [(waiver.ticket, waiver.origin.line) for waiver in found.project.policy.waivers] == [("A", 2), ("B", 21)]


def test_waivers_stand_in_their_own_file(tmp_path: Path) -> None:
    root = a_root(tmp_path, files={"policies/levels.yaml": text()})
    (problem,) = inputs.load(root, "dev").problems
    assert str(problem) == ("policies/levels.yaml:1:1: waivers: unknown key (did you mean policies/waivers.yaml?)")


def git(folder: Path, *words: str, name: str = "Ada Lovelace", mail: str = "ada@example.com") -> None:
    who = ("-c", f"user.name={name}", "-c", f"user.email={mail}")
    subprocess.run(["git", *who, "-C", str(folder), *words], check=True, capture_output=True)


def committed(folder: Path, **who: str) -> Path:
    root = a_root(folder, files={"policies/waivers.yaml": text()})
    git(root, "init", "--quiet")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "-m", "a waiver", **who)
    return root


def wrote(root: Path, *lines: int) -> Writers:
    return authors(root)(a_waiver(origin=Origin("policies/waivers.yaml", 2, 5), lines=lines))


def test_git_tells_who_wrote_a_waiver(tmp_path: Path) -> None:
    root = committed(tmp_path / "one")
    assert wrote(root) == Writers(names=frozenset({"ada lovelace", "ada@example.com"}))


def test_whoever_changed_one_of_its_lines_wrote_it_too(tmp_path: Path) -> None:
    root = committed(tmp_path / "one")
    file = root / "policies" / "waivers.yaml"
    file.write_text(text(approver="grace@example.com"))
    git(root, "commit", "--quiet", "-a", "-m", "approved", name="Grace Hopper", mail="grace@example.com")
    (waiver,) = inputs.load(root, "dev").project.policy.waivers
    assert waiver.lines == tuple(range(2, 11))
    found = authors(root)(waiver)
    assert found == Writers(names=frozenset({"ada lovelace", "ada@example.com", "grace hopper", "grace@example.com"}))


def test_a_value_below_its_key_is_signed_too_and_a_comment_signs_nothing(tmp_path: Path) -> None:
    root = committed(tmp_path / "one")
    file = root / "policies" / "waivers.yaml"
    second = text(ticket="NEXT").removeprefix("waivers:\n")
    file.write_text(text(approver=">-\n      security") + "  # what follows is new\n\n" + second)
    git(root, "commit", "--quiet", "-a", "-m", "two", name="Ada Lovelace")
    file.write_text(file.read_text().replace("      security", "      grace"))
    git(root, "commit", "--quiet", "-a", "-m", "approver", mail="grace@example.com")
    file.write_text(file.read_text().replace("is new", "is newer"))
    git(root, "commit", "--quiet", "-a", "-m", "comment", mail="zed@example.com")
    first, next_one = inputs.load(root, "dev").project.policy.waivers
    assert (first.approver, next_one.approver) == ("grace", "security")
    assert "grace@example.com" in authors(root)(first).names
    assert "grace@example.com" not in authors(root)(next_one).names
    for waiver in (first, next_one):
        assert "zed@example.com" not in authors(root)(waiver).names


def test_a_handle_is_read_off_a_hidden_address(tmp_path: Path) -> None:
    root = committed(tmp_path / "one", mail="123+ada@users.noreply.github.com")
    assert "ada" in wrote(root).names


def test_what_is_not_committed_is_written_by_whoever_sits_here(tmp_path: Path) -> None:
    root = committed(tmp_path / "one")
    git(root, "config", "user.email", "grace@example.com")
    (root / "policies" / "waivers.yaml").write_text(text(ticket="NEW").replace("waivers:", "waivers: # new"))
    assert wrote(root, 8).names == {"ada lovelace", "ada@example.com", "grace@example.com"}
    assert wrote(root).names == {"ada lovelace", "ada@example.com"}


def test_nobody_can_tell_without_a_repository_a_history_or_such_a_line(tmp_path: Path) -> None:
    plain = a_root(tmp_path / "plain", files={"policies/waivers.yaml": text()})
    untold = Writers(untold="git knows no history of it here")
    assert wrote(plain) == untold
    assert wrote(committed(tmp_path / "one"), 99) == untold


def test_a_shallow_clone_accuses_nobody_and_says_that_it_is_one(tmp_path: Path) -> None:
    root = committed(tmp_path / "one")
    git(root, "commit", "--quiet", "--allow-empty", "-m", "more", mail="grace@example.com")
    subprocess.run(
        ["git", "clone", "--quiet", "--depth", "1", f"file://{root}", str(tmp_path / "shallow")],
        check=True,
        capture_output=True,
    )
    found = wrote(tmp_path / "shallow")
    assert found.names == frozenset()
    assert "shallow" in found.untold
