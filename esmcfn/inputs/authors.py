"""Who wrote a waiver, where git can tell."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from esmcfn.domain.waiver import Waiver, Writers

_PATIENCE_SECONDS = 10.0
_HANDLE = re.compile(r"(?:\d+\+)?([^@]+)@users\.noreply\.github\.com")
_NO_HISTORY = "git knows no history of it here"
_SHALLOW = "this clone is shallow, so that git does not know who wrote what is older"

Authors = Callable[[Waiver], Writers]


def authors(root: Path, *, commit: str = "") -> Authors:
    """Ask git about every line of a waiver: whoever changed its last day or its approver wrote it, too.

    Args:
        commit: where the waiver stands; the working tree by default.
    """
    where = (commit,) if commit else ()

    def of(waiver: Waiver) -> Writers:
        lines = sorted({waiver.origin.line, *waiver.lines})
        places = [f"-L{line},{line}" for line in lines]
        blamed = _git(root, "blame", "--line-porcelain", "--no-textconv", *places, *where, "--", waiver.origin.path)
        every = tuple(_facts(blamed))
        wrote = _wrote(root, {each["commit"] for each in every})
        names: set[str] = set()
        untold = "" if every else _NO_HISTORY
        for facts in every:
            if not facts["commit"].strip("0"):
                found = _known_as(_git(root, "config", "user.name").strip(), _git(root, "config", "user.email").strip())
                untold = untold or ("" if found else "it is not committed, and git does not know who works here")
                names |= found
            # In a shallow clone every line seems to be written by whoever made the oldest commit that is there.
            elif "boundary" in facts and _git(root, "rev-parse", "--is-shallow-repository").strip() != "false":
                untold = _SHALLOW
            else:
                known = wrote.get(facts["commit"], frozenset())
                untold = untold or ("" if known else _NO_HISTORY)
                names |= known
        return Writers(names=frozenset(names), untold=untold)

    return of


def _facts(blamed: str) -> Iterator[Mapping[str, str]]:
    """What git says of each line: words, each with what follows it; the line's own text, after a tab, is the last.

    The commit comes first; a line that is in none yet has one of zeros. Comments and empty lines sign nothing.
    """
    facts: dict[str, str] = {}
    for said in blamed.split("\n"):
        if said.startswith("\t"):
            if said.strip() and not said.strip().startswith("#"):
                yield facts
            facts = {}
        else:
            word, _, rest = said.partition(" ")
            facts.setdefault("commit", word)
            facts[word] = rest


def _wrote(root: Path, commits: set[str]) -> Mapping[str, frozenset[str]]:
    """Whoever each commit says made it.

    The names that blame itself prints went through the .mailmap of the working tree, which whoever wrote the waiver may
    have written too.
    """
    made = sorted(commit for commit in commits if commit.strip("0"))
    if not made:
        return {}
    form = "--format=%H%x00%an%x00%ae"
    said = _git(root, "log", "--no-walk", "--no-mailmap", "--no-show-signature", "--no-color", form, *made)
    told = (line.split("\0") for line in said.split("\n") if line.count("\0") == 2)
    return {commit: _known_as(name, mail) for commit, name, mail in told}


def _known_as(name: str, mail: str) -> frozenset[str]:
    handle = _HANDLE.fullmatch(mail)
    return frozenset(each.casefold() for each in (name, mail, handle[1] if handle else "") if each)


def _git(root: Path, *words: str) -> str:
    """What git prints; nothing where it fails, is missing or does not come back."""
    import subprocess

    # A file system monitor is a command that a repository's configuration names: nobody asked for it to run.
    command = ("git", "-c", "core.fsmonitor=false", "-C", str(root), *words)
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=_PATIENCE_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""
