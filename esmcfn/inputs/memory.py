"""Which files were found right before, so that what has not changed is not judged again.

Only a yes is remembered, under a digest of the file's bytes and of the fields that it was held against: an edit of
either is another name. What is wrong is judged, and told, each time.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from esmcfn import __version__

MOST = 4096
"""Names that are kept; beyond that all are forgotten, and the next run judges again."""


class Memory:
    """Names, as empty files of a folder.

    A folder that cannot be written remembers nothing, which costs time and changes no answer.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def holds(self, name: str) -> bool:
        """Was this found right before?"""
        return self._folder is not None and os.path.exists(self._folder / name)

    def add(self, name: str) -> None:
        """Remember that it was."""
        if self._folder is None:
            return
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            known = os.listdir(self._folder)
            for old in known if len(known) >= MOST else ():
                os.unlink(self._folder / old)
            (self._folder / name).touch()


def digest_of(content: bytes) -> str:
    """A name for some bytes, another one with each version of esmcfn."""
    return hashlib.sha256(__version__.encode() + b" " + content).hexdigest()
