"""After a signal nothing is begun in AWS any more, not even the second try of a call; what clears away still goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from esmcfn.errors import Interrupted, NotBegun

OPERATIONS = frozenset({"ContinueUpdateRollback", "DeleteStack", "ExecuteChangeSet", "RollbackStack"})
"""What CloudFormation goes on with by itself."""

CHANGING = OPERATIONS | {"CreateChangeSet", "DeleteLogGroup", "PutObject", "UpdateTerminationProtection"}
"""What begins something. DeleteChangeSet clears away, and CancelUpdateStack is what a person chose."""

TOKEN = "ClientRequestToken"  # noqa: S105 - the name of a parameter
"""What a DeleteStack that begins something carries; one that clears an empty stack away does not."""


def watch(client: Any, halted: Callable[[], bool]) -> None:
    """Let a client's calls be looked at right before they are made, and before each time that they are sent."""

    def called(event_name: str, params: dict[str, Any], **rest: object) -> None:
        operation = _operation(event_name)
        if operation in CHANGING and halted() and _begins(operation, params.get("body")):
            raise (NotBegun if operation in OPERATIONS else Interrupted)(f"stopped before {operation}")

    def sent(event_name: str, request: Any, **rest: object) -> None:
        operation = _operation(event_name)
        if operation in CHANGING and halted() and _begins(operation, request.body):
            raise Interrupted(f"stopped before {operation} was sent again; AWS may have heard the first time")

    client.meta.events.register("before-call", called)
    client.meta.events.register("before-send", sent)


def _operation(event_name: str) -> str:
    """The operation of an event such as before-call.cloudformation.ExecuteChangeSet."""
    return event_name.rpartition(".")[2]


def _begins(operation: str, body: object) -> bool:
    return operation != "DeleteStack" or TOKEN in (body.decode() if isinstance(body, bytes) else str(body))
