"""Files that a command writes: whole or not at all, and looked at before the work."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from esmcfn.errors import UsageError


def writable_all(paths: Sequence[Path]) -> None:
    """Look before the work, not after it."""
    seen: set[Path] = set()
    for path in paths:
        reportable(path)
        place = path.resolve()
        if place in seen and (place.is_file() or not place.exists()):
            raise UsageError(f"{path} is named twice", next_step="name a file of its own for each format")
        seen.add(place)


def reportable(path: Path) -> None:
    """Raise UsageError where a report cannot go, or would replace what somebody wrote by hand."""
    if path.suffix in {".yaml", ".yml"} and path.is_file():
        raise UsageError(f"{path} is YAML that somebody wrote: no report replaces it", next_step="name another file")
    writable(path)


def writable(path: Path) -> None:
    """Raise UsageError where `written` would: the folder is missing, or not ours to write into."""
    path = path.resolve()
    why = _unwritable(path)
    if why:
        raise UsageError(f"cannot write {path}: {why}", next_step="name a file in a folder that exists and is writable")


def _unwritable(path: Path) -> str:
    """Why a file cannot be written, as far as that can be told before; empty where it can."""
    folder = path.parent
    if path.is_dir():
        return "it is a folder"
    if path.is_file() and not path.stat().st_mode & 0o222:
        return "it is read-only"
    if not folder.is_dir():
        return f"{folder} is no folder" if folder.exists() else f"there is no folder {folder}"
    return "" if os.access(folder, os.W_OK) else f"the folder {folder} is not writable"


def written(path: Path, text: str) -> None:
    """Write a file whole or not at all; what is no regular file (/dev/null, a pipe) is written to, never replaced.

    Raises:
        UsageError: the file cannot be written.
    """
    try:
        path = path.resolve()
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8")
            return
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            # As bytes: a file keeps the line ends that it has.
            draft.write_bytes(text.encode("utf-8"))
            if path.exists():
                draft.chmod(path.stat().st_mode & 0o7777)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(
            f"cannot write {path}: {error.strerror}", next_step="name a file in a folder that exists and is writable"
        ) from error
