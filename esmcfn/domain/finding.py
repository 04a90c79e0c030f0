"""A judgement by a rule, and what it is worth."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from esmcfn.domain.origin import Origin
from esmcfn.domain.waiver import Waiver


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


INPUT_RULE = "ESMCFN-INPUT"
"""Says in reports of findings what is wrong with catalog or environment: nothing could be judged."""


class Finding(Struct, frozen=True, kw_only=True):
    """One judgement by a rule about one stack.

    Attributes:
        rule: the rule's id, for example "ESM001", "E3012", "CKV_AWS_149".
        why: what happens to people who break the rule; empty where only its engine knows.
        advice: what to do about it; empty where the message says all there is to say.
        origin: the line of YAML that a person would edit; None only where no line is to blame (an engine crashed).
        excerpt: that line as it was written, what reads like a secret left out; empty where nobody could read it.
        stack: the stack's name, empty where the finding is about the whole run.
        model: key of the selected model, None for the base stack.
        logical_id: of the resource in the template, or empty.
        resource_type: of that resource, for example "AWS::SageMaker::Model", or empty.
        path: "LogicalId/Property/0/Property" in the template, or empty.
        source: address of a page that explains the rule, or empty.
        waiver: the one in force for it, None where there is none.
        fingerprint: 32 hex digits that stay while rule, stack and property stay, whatever the line and the message.
    """

    rule: str
    engine: Engine
    severity: Severity
    level: Level
    message: str
    why: str = ""
    advice: str = ""
    origin: Origin | None
    excerpt: str = ""
    stack: str = ""
    model: str | None = None
    logical_id: str = ""
    resource_type: str = ""
    path: str = ""
    source: str = ""
    waiver: Waiver | None = None
    fingerprint: str = ""

    @property
    def blocks(self) -> bool:
        """Does it stop a plan?"""
        return self.level.blocks and self.waiver is None

    @property
    def waived_by(self) -> str | None:
        """The ticket of the waiver in force for it."""
        return self.waiver.ticket if self.waiver else None
