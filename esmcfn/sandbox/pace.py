"""How long things take in the sandbox."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Pace:
    """How long things take, in engine seconds.

    Attributes:
        change_set_seconds: from CREATE_PENDING to CREATE_COMPLETE.
        stack_seconds: between the phases of an operation.
        resource_seconds: a resource that is there at once.
    """

    change_set_seconds: float = 0.05
    stack_seconds: float = 0.05
    resource_seconds: float = 0.05
