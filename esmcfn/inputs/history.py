"""The YAML of a git commit, written into a folder. Nothing of the commit is executed: no hook, filter or driver."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from esmcfn.errors import UsageError, shown
from esmcfn.inputs.files import MAX_BYTES

NOTHING = "0" * 40
"""Git's id of nothing: what a branch was before its first push."""

_PATIENCE_SECONDS = 60.0
_FILE_MODES = {b"100644", b"100755"}
_LINK_MODE = b"120000"
_POLICIES = b"policies/"
"""Checks may have other endings, and one that is no check is an error that has to be seen."""


def commit_of(root: Path, ref: str) -> str:
    """The commit that a ref stands for; empty for the id of nothing.

    Raises:
        UsageError: no git, no repository, or no such commit.
    """
    _git(root, "rev-parse", "--show-toplevel", because="this is no git repository, as far as git can tell")
    if ref == NOTHING:
        return ""
    said = f"git knows no commit {shown(ref)}"
    step = "name a branch, a tag or a commit; in a workflow check out with fetch-depth: 0"
    words = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    return _git(root, *words, because=said, step=step).decode().strip()


def written(root: Path, commit: str, folder: Path) -> None:
    """Write the YAML files, and whatever policies/ has, of a commit in the root's place below the folder.

    Links stay links.

    Raises:
        UsageError: git cannot read the commit, or a file cannot be written.
    """
    if not commit:
        return
    found = list(_entries(_git(root, "ls-tree", "-r", "-z", "-l", commit)))
    small = [object_id for _, object_id, _, size in found if size <= MAX_BYTES]
    contents = dict(zip(small, _contents(root, small), strict=True))
    try:
        # Links last: nothing is written through one.
        for mode, object_id, path, _ in sorted(found, key=lambda entry: entry[0] == _LINK_MODE):
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            content = contents.get(object_id, b"#" * (MAX_BYTES + 1))  # too large either way: that is what is said
            if mode == _LINK_MODE:
                target.symlink_to(os.fsdecode(content))
            else:
                target.write_bytes(content)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"cannot write what commit {commit[:12]} has: {error}",
            next_step="make room in the temporary folder, or name another one in TMPDIR",
        ) from error


def _entries(listing: bytes) -> Iterator[tuple[bytes, bytes, str, int]]:
    """Mode, object, path and size in bytes of each YAML file of a tree; a path that leaves it is none of ours."""
    for entry in listing.split(b"\0"):
        facts, _, path = entry.partition(b"\t")
        words, parts = facts.split(), os.fsdecode(path).split("/")
        if len(words) != 4 or words[0] not in {*_FILE_MODES, _LINK_MODE}:
            continue
        if (path.endswith(b".yaml") or path.startswith(_POLICIES)) and not {"", ".", "..", ".git"}.intersection(parts):
            yield words[0], words[2], "/".join(parts), int(words[3])


def _contents(root: Path, objects: list[bytes]) -> Iterator[bytes]:
    """What git has under each id, in order."""
    if not objects:
        return
    rest = _git(root, "cat-file", "--batch", given=b"\n".join(objects) + b"\n")
    for _ in objects:
        header, _, rest = rest.partition(b"\n")
        words = header.split()
        if len(words) != 3:
            raise UsageError("git does not have all of the commit", next_step="fetch it: git fetch --no-filter")
        size = int(words[2])
        yield rest[:size]
        rest = rest[size + 1 :]


def _git(root: Path, *words: str, given: bytes = b"", because: str = "git could not", step: str = "") -> bytes:
    # A file system monitor is a command that a repository's configuration names: nobody asked for it to run.
    command = ("git", "-c", "core.fsmonitor=false", "-C", str(root), *words)
    quiet = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0"}
    next_step = step or "run it inside a clone, or name one with --root"
    try:
        done = subprocess.run(
            command, input=given, capture_output=True, timeout=_PATIENCE_SECONDS, check=False, env=quiet
        )
    except FileNotFoundError as error:
        raise UsageError("git is not installed", next_step="install git") from error
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:  # a name with a null byte is a ValueError
        raise UsageError(f"{because}: {error}", next_step=next_step) from error
    if done.returncode != 0:
        why = done.stderr.decode(errors="replace").strip().splitlines()
        raise UsageError(f"{because}{f': {why[0]}' if why else ''}", next_step=next_step)
    return done.stdout
