"""Which files there are. Reads none of them, so that a shell can complete names without waiting for YAML."""

from __future__ import annotations

import os
from pathlib import Path

ENVIRONMENTS = "environments"
POLICIES = "policies"


def names(root: Path, folder: str, *, ending: str = ".yaml") -> tuple[str, ...]:
    """Names of the YAML files of a folder of the root, without their ending, in order."""
    try:
        found = [entry.name for entry in os.scandir(root / folder) if not entry.name.startswith(".")]
    except (OSError, ValueError):  # a name with a null byte
        return ()
    return tuple(sorted(name.removesuffix(ending) for name in found if name.endswith(ending)))


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
