"""A stack as AWS lists it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct, field

STUCK = "the stack is stuck: what runs is not what its template says"
"""What is to be said of what runs in a stack that has to be recovered first."""


class DeployedStack(Struct, frozen=True, kw_only=True):
    """A stack that AWS says is ours.

    Attributes:
        digest: read from its Description, empty where there is none.
        status: CloudFormation's StackStatus.
        model: value of its `esmcfn:model` tag, None on the base stack.
        updated_at: when its last operation began, in UTC; None where AWS does not say.
        status_reason: CloudFormation's words about the status, empty where it has none.
    """

    name: str
    stack_id: str
    status: str
    digest: str
    model: str | None
    updated_at: datetime | None = None
    status_reason: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)
    termination_protection: bool | None = None

    @property
    def busy(self) -> bool:
        """Is an operation running on it?"""
        return self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"

    @property
    def gone(self) -> bool:
        """Did its first creation fail and roll back? Nothing of it is left but its name."""
        return self.status == "ROLLBACK_COMPLETE"

    @property
    def stuck(self) -> bool:
        """Can it be neither updated nor created before somebody recovers it?"""
        return self.status.endswith("_FAILED")

    @property
    def settled(self) -> bool:
        """Is the template in its Description the one that runs? After a rollback nobody promises it."""
        return self.status in {"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"}
