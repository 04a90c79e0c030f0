"""Denials of bucket policies that hang on a condition: moto takes them for denials of everything.

Asked about a bucket, it knows nothing that a condition could be held against, and calls that a condition that holds. A
bucket that is for TLS only would be closed, although no request to the sandbox ever leaves the machine.
https://github.com/getmoto/moto/blob/master/moto/iam/access_control.py
"""

from __future__ import annotations

from functools import wraps
from typing import Any


def mend() -> None:
    """Let a Deny whose condition nobody can judge deny nothing. Twice is harmless."""
    from moto.iam.access_control import IAMPolicyStatement, PermissionResult

    judged = IAMPolicyStatement.is_action_permitted
    if hasattr(judged, "__wrapped__"):
        return

    @wraps(judged)
    def is_action_permitted(
        self: Any,
        action: str,
        resource: str = "*",
        principal: str | None = None,
        incoming_condition_values: dict[str, str] | None = None,
    ) -> Any:
        conditional = self._statement.get("Effect") == "Deny" and "Condition" in self._statement
        if conditional and incoming_condition_values is None:
            return PermissionResult.NEUTRAL
        return judged(self, action, resource, principal, incoming_condition_values)

    IAMPolicyStatement.is_action_permitted = is_action_permitted
