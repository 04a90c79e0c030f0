"""Files of the root, and of nowhere else."""

from __future__ import annotations

import os
from pathlib import Path

from esmcfn.domain.project import Origin
from esmcfn.errors import Problem
from esmcfn.inputs.document import Document, parse

MAX_BYTES = 1024 * 1024
"""Size of a file; five thousand selected models fit."""


def document(root: Path, relative: str, *, asked_at: Origin | None = None) -> Document:
    """Read a YAML file of the root; what is wrong with it is among the document's problems.

    Args:
        relative: with forward slashes.
        asked_at: where the file is named; a file that cannot be had is a problem of that place.
    """
    place = asked_at or Origin(relative, 1)

    def refused(message: str, suggestion: str = "") -> Document:
        problem = Problem(place.path, place.line, place.column, f"{relative}: {message}", suggestion)
        return Document(path=relative, problems=(problem,))

    path = root / relative
    try:
        if not path.resolve().is_relative_to(root.resolve()):
            return refused("lies outside of the root", "keep every file inside the folder that --root names")
        if not path.is_file():
            return refused("is a folder" if path.is_dir() else "no such file", _sibling(root, relative))
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (
        OSError,
        RuntimeError,
        ValueError,
    ) as error:  # a link that points at itself; a name with a null byte
        return refused(f"cannot be read: {getattr(error, 'strerror', None) or error}")
    if len(content) > MAX_BYTES:
        return refused(f"is larger than {MAX_BYTES // 1024} KiB")
    return _decoded(relative, content)


def names(root: Path, folder: str) -> tuple[str, ...]:
    """Names of the YAML files of a folder of the root, without their ending, in order."""
    try:
        found = [entry.name for entry in os.scandir(root / folder) if not entry.name.startswith(".")]
    except OSError:
        return ()
    return tuple(sorted(name.removesuffix(".yaml") for name in found if name.endswith(".yaml")))


def joined(base: str, relative: str) -> str | None:
    """A path relative to a file of the root, made relative to the root; None where it leads out of it."""
    if os.path.isabs(relative) or "\\" in relative or "\0" in relative:
        return None
    path = os.path.normpath(os.path.join(os.path.dirname(base), relative)).replace(os.sep, "/")
    return None if path.startswith("..") else path


def _decoded(relative: str, content: bytes) -> Document:
    try:
        return parse(relative, content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8", "replace")
        line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
        problem = Problem(relative, line, column, "the file is not UTF-8", "save it as UTF-8")
        return Document(path=relative, problems=(problem,))


def _sibling(root: Path, relative: str) -> str:
    stem = relative.removesuffix(".yaml")
    return f"rename {stem}.yml to {relative}" if (root / f"{stem}.yml").is_file() else ""
