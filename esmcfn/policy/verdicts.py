"""What engines said before, in small files: a template that was judged once is not judged again.

A file's name is a digest of everything that the answer hangs on; its content is what the engine said, without
levels and lines of YAML, which are put to it when it is read. A damaged file is thrown away.
Runs beside each other only meet whole files: each writes beside, and moves into place.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from itertools import count
from pathlib import Path

from esmcfn.policy.remark import Remark, from_plain, to_plain

FORMAT = "3"
"""Part of every key: raise it when Remark, a runner or an adapter changes what it says."""

_WRITTEN = count()
"""Tells apart what one process writes at a time."""

MOST_IN_A_FOLDER = 64
"""Verdicts in one of the 256 folders: 16,000 in all, of a few hundred bytes each."""


def key(*parts: str) -> str:
    """A digest of parts that no other parts share."""
    whole = hashlib.sha256(FORMAT.encode())
    for part in parts:
        encoded = part.encode()
        whole.update(b"%d:" % len(encoded))
        whole.update(encoded)
    return whole.hexdigest()


class Verdicts:
    """A folder of what engines said."""

    def __init__(self, folder: Path) -> None:
        self._folder = os.fspath(folder)

    def read(self, name: str) -> tuple[Remark, ...] | None:
        """What was said under this key, None where nothing was or the file is damaged."""
        try:
            with open(self._path(name), "rb") as file:
                entry = json.loads(file.read())
            # The name stands inside too: a file that was copied over another's name is no answer.
            if entry["key"] == name:
                return from_plain(entry["remarks"])
        except OSError:
            return None
        except (ValueError, KeyError, TypeError, RecursionError):
            pass
        # Nobody writes into a file that others read, so this is damage, and not an answer on its way.
        with suppress(OSError):
            os.unlink(self._path(name))
        return None

    def store(self, name: str, remarks: Iterable[Remark]) -> None:
        """Keep an answer; a folder that cannot be written only costs time, so it is no error."""
        path = self._path(name)
        text = json.dumps({"key": name, "remarks": to_plain(remarks)}, sort_keys=True)
        beside = f"{path}.{os.getpid()}-{next(_WRITTEN)}"
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(beside, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(beside, path)
            _forget(os.path.dirname(path))
        except OSError:
            with suppress(OSError):
                os.unlink(beside)

    def _path(self, name: str) -> str:
        return os.path.join(self._folder, name[:2], f"{name[2:]}.json")


def _forget(folder: str) -> None:
    """Keep a folder small: when it is full, the older half goes."""
    with os.scandir(folder) as entries:
        files = [entry.path for entry in entries]
    if len(files) > MOST_IN_A_FOLDER:
        for path in sorted(files, key=os.path.getmtime)[: MOST_IN_A_FOLDER // 2]:
            os.unlink(path)
