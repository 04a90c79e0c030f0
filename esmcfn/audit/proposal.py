"""The environment's file with what idles parked, as a patch; never a deletion."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import unified_diff

from esmcfn.domain.audit import Activity, AuditedModel, Patch


def parkable(models: Sequence[AuditedModel]) -> tuple[str, ...]:
    """Keys of selected models that idle."""
    return tuple(model.model for model in models if model.activity is Activity.IDLE and model.selected)


def patch(path: str, before: str, after: str, models: tuple[str, ...]) -> Patch:
    """A unified diff that `git apply` and `patch -p1` take.

    Args:
        path: the file's, from the root.
    """
    lines = unified_diff(_lines(before), _lines(after), f"a/{path}", f"b/{path}")
    return Patch(text="".join(_ended(lines)), models=models)


def _lines(text: str) -> list[str]:
    """Lines as git counts them: nothing but a line feed ends one."""
    return [line for line in re.split(r"(?<=\n)", text) if line]


def _ended(lines: Iterator[str]) -> Iterator[str]:
    """A file whose last line has no end is told as diff tells it."""
    for line in lines:
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
