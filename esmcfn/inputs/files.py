"""Files of the root, and of nowhere else."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from msgspec.structs import replace

from esmcfn.domain.origin import Origin
from esmcfn.errors import Problem, did_you_mean, shown
from esmcfn.inputs.document import Document, parse
from esmcfn.inputs.folders import POLICIES, names
from esmcfn.inputs.memory import Memory, digest_of

MAX_BYTES = 1024 * 1024
"""Size of a file; five thousand selected models fit."""


NO_LINK = (
    "put the text itself there: whoever may write where a link leads would decide, unseen by CODEOWNERS and git blame"
)
"""What to do about a link among the policies."""


def linked(root: Path, relative: str) -> str | None:
    """The link on the way to a file of the policies, which has to be what a review of them sees; None without one."""
    parts = relative.split("/")
    if parts[0] != POLICIES:
        return None
    ways = ("/".join(parts[:length]) for length in range(1, len(parts) + 1))
    return next((way for way in ways if (root / way).is_symlink()), None)


def document(root: Path, relative: str, memory: Memory, *, asked_at: Origin | None = None) -> Document:
    """Read a YAML file of the root; what is wrong with it is among the document's problems.

    Args:
        relative: with forward slashes.
        memory: which files were found right before.
        asked_at: where the file is named; a file that cannot be had is a problem of that place.
    """

    def refused(message: str, suggestion: str = "") -> Document:
        place = asked_at or Origin(relative, 1)
        named = f"{shown(relative)} {message}" if asked_at else f"the file {message}"
        problem = Problem(place.path, place.line, place.column, named, suggestion)
        return Document(path=relative, problems=(problem,))

    path = root / relative
    try:
        if not path.resolve().is_relative_to(root.resolve()):
            return refused("lies outside of the root", "keep every file inside the folder that --root names")
        if not path.exists():
            return refused("does not exist", _near(root, relative))
        if not path.is_file():
            return refused("is a folder" if path.is_dir() else "is no regular file")
        if (link := linked(root, relative)) is not None:
            return refused(f"is reached by a link ({shown(link)})", NO_LINK)
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, RuntimeError, ValueError) as error:  # a name with a null byte is the last
        return refused(f"cannot be read: {_why(error)}")
    if len(content) > MAX_BYTES:
        return refused(f"is larger than {MAX_BYTES // 1024} KiB")
    return _decoded(relative, content, memory)


def _why(error: Exception) -> str:
    """Python's own words, except where they would name a path of this machine."""
    if isinstance(error, RuntimeError) or getattr(error, "errno", None) == errno.ELOOP:
        return "a link on the way to it leads back to itself"
    return getattr(error, "strerror", None) or str(error)


def _decoded(relative: str, content: bytes, memory: Memory) -> Document:
    try:
        parsed = parse(relative, content.decode("utf-8-sig"))
        return replace(parsed, digest=digest_of(content), memory=memory)
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8", "replace")
        line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
        problem = Problem(relative, line, column, "the file is not UTF-8", "save it as UTF-8")
        return Document(path=relative, problems=(problem,))


def _near(root: Path, relative: str) -> str:
    """The file that is probably meant."""
    folder, name = os.path.split(relative)
    stem = name.removesuffix(".yaml")
    if (root / folder / f"{stem}.yml").is_file():
        return f"rename {shown(stem)}.yml to {shown(stem)}.yaml"
    return did_you_mean(name, (f"{known}.yaml" for known in names(root, folder)))
