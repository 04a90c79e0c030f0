"""Which files there are. Reads none of them, so that a shell can complete names without waiting for YAML."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from esmcfn.errors import Problem, shown

ENVIRONMENTS = "environments"
POLICIES = "policies"


def names(root: Path, folder: str, *, ending: str = ".yaml") -> tuple[str, ...]:
    """Names of the YAML files of a folder of the root, without their ending, in order."""
    try:
        found = [entry.name for entry in os.scandir(root / folder) if not entry.name.startswith(".")]
    except (OSError, ValueError):  # a name with a null byte
        return ()
    return tuple(sorted(name.removesuffix(ending) for name in found if name.endswith(ending)))


def misnamed(root: Path, folder: str) -> tuple[str, ...]:
    """Files of a folder of the root that are YAML by any other ending than the one that is read, in order."""
    try:
        found = [entry.name for entry in os.scandir(root / folder) if not entry.is_dir()]
    except (OSError, ValueError):
        return ()
    return tuple(sorted(name for name in found if _yaml(name) and not name.endswith(".yaml")))


def renamed(root: Path, folder: str, name: str) -> Problem:
    """What to do about a file that is misnamed."""
    stem = name.rpartition(".")[0]
    suggestion = f"rename {shown(name)} to {shown(stem)}.yaml"
    if stem in names(root, folder):
        suggestion = f"move what it says into {shown(stem)}.yaml, and remove it"
    return Problem(f"{folder}/{name}", 1, 1, "the file is not read: its name does not end in .yaml", suggestion)


def misplaced(root: Path, folder: str, *, read: str) -> Iterator[Problem]:
    """YAML of a folder that nobody would read, by its ending or by the folder below in which it stands.

    Hidden files and folders belong to editors and other tools, and are left alone.

    Args:
        read: the one folder below that is read, relative to the root.
    """
    yield from (renamed(root, folder, name) for name in misnamed(root, folder))
    for place, inner, found in os.walk(root / folder):
        here = os.path.relpath(place, root).replace(os.sep, "/")
        inner[:] = sorted(name for name in inner if not name.startswith(".") and f"{here}/{name}" != read)
        if here.casefold() == read.casefold() and found:
            inner.clear()
            said = f"the folder is not read: it has to be called {read}"
            yield Problem(here, 0, 0, said, f"rename it to {shown(os.path.basename(read))}")
        elif here != folder:
            for name in filter(_yaml, sorted(found)):
                said = f"the file is not read: of the folders in {folder}/ only {read} is"
                suggestion = f"move it to {folder}/, or out of it where it is another tool's"
                yield Problem(f"{here}/{name}", 1, 1, said, suggestion)


def _yaml(name: str) -> bool:
    return not name.startswith(".") and name.casefold().endswith((".yaml", ".yml"))


def unreadable(root: Path, folder: str) -> str:
    """Why the files of a folder of the root cannot be told; empty where they can, and where there is no such folder."""
    try:
        os.scandir(root / folder).close()
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        return getattr(error, "strerror", None) or str(error)
    return ""


def joined(base: str, relative: str) -> str | None:
    """A path relative to a file of the root, made relative to the root; None where it leads out of it."""
    if os.path.isabs(relative) or "\\" in relative or "\0" in relative:
        return None
    path = os.path.normpath(os.path.join(os.path.dirname(base), relative)).replace(os.sep, "/")
    return None if path.startswith("..") else path
