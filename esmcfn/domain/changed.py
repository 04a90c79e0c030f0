"""Which environments differ as built between two states of a repository."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct


class How(StrEnum):
    """How an environment, or a stack of it, differs."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"
    INVALID = "invalid"
    UNKNOWN = "unknown"


class AsBuilt(Struct, frozen=True, kw_only=True):
    """An environment as one state of the repository builds it.

    Attributes:
        account: None where it could not be read.
        stacks: name to a fingerprint of everything that CloudFormation is given for it.
        wrong: why it cannot be built; empty where it can.
    """

    account: str | None = None
    region: str | None = None
    stacks: Mapping[str, str] = {}
    wrong: str = ""


class Difference(Struct, frozen=True, kw_only=True):
    """An environment that differs.

    Attributes:
        how: invalid: it cannot be built now; unknown: it could not be built then, so that nobody can tell.
        stacks: name to how it differs; empty where one side could not be built.
        why: why a side could not be built; empty where both could.
    """

    environment: str
    how: How
    account: str | None
    region: str | None
    stacks: Mapping[str, How] = {}
    why: str = ""


class Changed(Struct, frozen=True, kw_only=True):
    """What differs.

    Attributes:
        base: the git ref as it was asked for.
        commit: what it stands for; empty for the id of nothing (forty zeros).
        vanished: environments whose file is gone.
        unchanged: environments that are built as before.
    """

    base: str
    commit: str
    differences: tuple[Difference, ...]
    vanished: tuple[str, ...]
    unchanged: tuple[str, ...]
