"""Who wrote a waiver, as git tells it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from builders import a_root, a_waiver
from waivers import text

from esmcfn import inputs
from esmcfn.domain.origin import Origin
from esmcfn.domain.waiver import Writers
from esmcfn.inputs.authors import authors


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
