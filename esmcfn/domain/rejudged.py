"""What other policies do to the same templates: plain enough to be written as JSON and read back as it is."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from esmcfn.domain.finding import Level


class Effect(StrEnum):
    """What it does to a finding that policies judge otherwise: whether it stops a deployment is what counts."""

    BLOCKS = "blocks"
    LIFTS = "lifts"
    ALTERS = "alters"


class Signed(Struct, frozen=True, kw_only=True):
    """Who let a finding pass; the dates are ISO 8601, and the day counts."""

    ticket: str
    approver: str
    owner: str
    expires: str


class Worth(Struct, frozen=True, kw_only=True):
    """What a finding is worth by some policies.

    Attributes:
        level: None where there is no such finding by them.
        waiver: the one in force for it.
    """

    level: Level | None = None
    waiver: Signed | None = None

    @property
    def blocks(self) -> bool:
        return self.level is not None and self.level.blocks and self.waiver is None


class Shift(Struct, frozen=True, kw_only=True):
    """A finding that is worth something else."""

    effect: Effect
    rule: str
    message: str
    file: str | None
    line: int | None
    before: Worth
    after: Worth


class Setting(Struct, frozen=True, kw_only=True):
    """A number, a list, a level or a check that policies/ sets otherwise, such as "limits.max_instance_count".

    Attributes:
        before, after: as text; None where nothing is said of it.
    """

    name: str
    before: str | None
    after: str | None


class Written(StrEnum):
    """What became of an entry of waivers.yaml."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


class Entry(Struct, frozen=True, kw_only=True):
    """A waiver that is written otherwise, whether it covers something or not.

    Attributes:
        differs: "expires: 2026-11-30 -> 2027-03-01" and so on, where it was changed.
        authors: names and handles of whoever wrote its lines, as git tells; empty where nobody can tell.
        untold: why git cannot tell of every line; empty where it can, and of what is gone.
    """

    written: Written
    rule: str
    environment: str
    resource: str
    ticket: str
    reason: str
    owner: str
    approver: str
    created: str
    expires: str
    differs: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    untold: str = ""


class Since(Struct, frozen=True, kw_only=True):
    """The same templates, judged by the policies of a commit and by those of the working tree.

    Attributes:
        base: the git ref as it was asked for.
        commit: what it stands for; empty for the id of nothing.
        wrong: why the policies of then could not be read; nothing else is known then.
        blocked_before: policy or budget forbade it by the policies of then; None where nobody knows.
        blocked: they do now.
        shifts: the ones that block first, then what is lifted.
    """

    base: str
    commit: str
    wrong: str = ""
    blocked_before: bool | None = None
    blocked: bool = False
    shifts: tuple[Shift, ...] = ()
    settings: tuple[Setting, ...] = ()
    waivers: tuple[Entry, ...] = ()

    @property
    def empty(self) -> bool:
        """Is nothing said, lifted or blocked otherwise?"""
        return not (self.wrong or self.shifts or self.settings or self.waivers)
