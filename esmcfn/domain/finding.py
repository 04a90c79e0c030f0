"""A judgement by a rule, and what it is worth."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from esmcfn.domain.origin import Origin


class Level(StrEnum):
    """What a finding may do to a plan.

    advisory never blocks; soft blocks until somebody signs a waiver; hard blocks and cannot be waived.
    """

    ADVISORY = "advisory"
    SOFT = "soft"
    HARD = "hard"

    @property
    def blocks(self) -> bool:
        return self is not Level.ADVISORY


class Severity(StrEnum):
    """How bad it is, independent of what it blocks."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Engine(StrEnum):
    """Who says so."""

    CFN_LINT = "cfn-lint"
    CHECKOV = "checkov"
    HOUSE = "house"


class Finding(Struct, frozen=True, kw_only=True):
    """One judgement by a rule about one stack.

    Attributes:
        rule: the rule's id, for example "ESM001", "E3012", "CKV_AWS_149".
        origin: the line of YAML that a person would edit; None only where no line is to blame (an engine crashed).
        stack: the stack's name, empty where the finding is about the whole run.
        model: key of the selected model, None for the base stack.
        logical_id: of the resource in the template, or empty.
        source: address of a page that explains the rule, or empty.
        waived_by: the waiver in force for it, None where there is none.
    """

    rule: str
    engine: Engine
    severity: Severity
    level: Level
    message: str
    origin: Origin | None
    stack: str = ""
    model: str | None = None
    logical_id: str = ""
    source: str = ""
    waived_by: str | None = None

    @property
    def blocks(self) -> bool:
        """Does it stop a plan?"""
        return self.level.blocks and self.waived_by is None
