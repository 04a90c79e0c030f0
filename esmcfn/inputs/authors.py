"""Who wrote a line of a file, where git can tell."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from esmcfn.domain.origin import Origin

_PATIENCE_SECONDS = 10.0
_NOBODY_YET = "not.committed.yet"
_HANDLE = re.compile(r"(?:\d+\+)?([^@]+)@users\.noreply\.github\.com")

Authors = Callable[[Origin], frozenset[str]]
"""Names, addresses and handles of whoever wrote a line, in lower case; empty where nobody can tell."""


def authors(root: Path) -> Authors:
    """Ask git about the lines of a root's files. No git, no repository, no history: nobody can tell."""

    def of(origin: Origin) -> frozenset[str]:
        place = f"-L{origin.line},{origin.line}"
        blamed = _git(root, "blame", "--porcelain", "--no-textconv", place, "--", origin.path)
        facts = dict(line.split(" ", 1) for line in blamed.splitlines() if " " in line and not line.startswith("\t"))
        mail = facts.get("author-mail", "").strip("<>")
        if not mail:
            return frozenset()
        if mail == _NOBODY_YET:
            return _known_as(_git(root, "config", "user.name").strip(), _git(root, "config", "user.email").strip())
        # In a shallow clone every line seems to be written by whoever made the oldest commit that is there.
        if "boundary" in blamed.splitlines() and _git(root, "rev-parse", "--is-shallow-repository").strip() != "false":
            return frozenset()
        return _known_as(facts.get("author", ""), mail)

    return of


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
