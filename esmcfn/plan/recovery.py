"""The way out of every status in which a stack is stuck, with its consequence; by exact status, never by a part."""

from __future__ import annotations

from esmcfn.domain.deployed import DeployedStack

WAYS_OUT = {
    "UPDATE_ROLLBACK_FAILED": "deploy --recover continues the rollback to what it was before",
    "UPDATE_FAILED": "deploy --recover rolls back to what it was before",
    "CREATE_FAILED": "its resources are live; deploy --recover removes them, and it is created anew",
    "ROLLBACK_FAILED": "part of it is live; deploy --recover deletes the rest, and it is created anew",
    "DELETE_FAILED": "part of it is live; deploy --recover deletes the rest, and it is created anew",
}
"""StackStatus to what leads out of it.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
"""

NO_WAY = "esmcfn knows no way out of it; look at the stack in the CloudFormation console"

_CONSEQUENCES = {
    "UPDATE_ROLLBACK_FAILED": "CloudFormation tries again to bring it back to what it was before the update",
    "UPDATE_FAILED": "CloudFormation brings it back to what it was before the update; what the update made goes",
    "CREATE_FAILED": "CloudFormation deletes everything that the creation made, which still runs",
    "ROLLBACK_FAILED": "CloudFormation deletes what is left of a creation that failed",
    "DELETE_FAILED": "CloudFormation deletes what is left of it",
}


def consequence(stack: DeployedStack, skip: tuple[str, ...]) -> str | None:
    """What the recovery of a stack does, a sentence; None where there is none."""
    said = _CONSEQUENCES.get(stack.status)
    if said is None:
        return None
    reason = f" ({stack.status_reason})" if stack.status_reason else ""
    skipped = ""
    if skip and stack.status == "UPDATE_ROLLBACK_FAILED":
        skipped = f"; {', '.join(skip)} stays as it is, and then differs from the template"
    return f"{stack.name} is {stack.status}{reason}: {said}{skipped}"
