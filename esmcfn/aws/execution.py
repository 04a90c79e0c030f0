"""Following a stack: its events once and in order, until its own last event is terminal."""

from __future__ import annotations

import secrets
import threading
from typing import Any

from botocore.exceptions import ClientError

from esmcfn.aws.session import Clients, error_code, error_message, translated
from esmcfn.domain.deployment import Execution, StackEvent, root_causes
from esmcfn.errors import Interrupted, StalePlanError
from esmcfn.ports import Heard

SHORTEST_SECONDS, LONGEST_SECONDS = 0.2, 10.0
"""Between two looks at a stack: soon at first, then seldom; an endpoint takes 10 to 25 minutes."""


class Operations:
    """Executing and deleting, by CloudFormation."""

    def __init__(self, clients: Clients, stop: threading.Event) -> None:
        self._clients = clients
        self._stop = stop

    def execute(self, change_set_id: str, stack_id: str, heard: Heard) -> Execution:
        token = f"esmcfn-{secrets.token_hex(8)}"
        with translated("executing a change set", operation="ExecuteChangeSet"):
            try:
                self._client.execute_change_set(ChangeSetName=change_set_id, ClientRequestToken=token)
            except ClientError as error:
                if error_code(error) in {"ChangeSetNotFound", "InvalidChangeSetStatus"}:
                    raise StalePlanError(
                        f"the reviewed change set cannot be executed any more: {error_message(error)}",
                        next_step="plan again and review what has changed",
                    ) from error
                raise
        return self._followed(stack_id, token, heard)

    def delete(self, stack_id: str, heard: Heard) -> Execution:
        token = f"esmcfn-{secrets.token_hex(8)}"
        with translated("deleting a stack", operation="DeleteStack"):
            self._client.delete_stack(StackName=stack_id, ClientRequestToken=token)
        return self._followed(stack_id, token, heard)

    @property
    def _client(self) -> Any:
        return self._clients.of("cloudformation")

    def _followed(self, stack_id: str, token: str, heard: Heard) -> Execution:
        """Until the stack's own event with our token is terminal; DescribeStacks may lag behind and is not asked."""
        seen: list[StackEvent] = []
        delay = SHORTEST_SECONDS
        while True:
            fresh = self._events(stack_id, token, known={event.event_id for event in seen})
            for event in fresh:
                heard(event)
            seen.extend(fresh)
            last = next((event for event in reversed(seen) if event.of_stack), None)
            if last and not last.status.endswith("_IN_PROGRESS"):
                causes = (
                    ()
                    if last.status.endswith("_COMPLETE") and "ROLLBACK" not in last.status
                    else root_causes(tuple(seen))
                )
                return Execution(status=last.status, causes=causes)
            if self._stop.wait(delay):
                raise Interrupted(
                    f"stopped watching; CloudFormation goes on with {stack_id}",
                    next_step="esmcfn plan shows where it stands",
                )
            delay = SHORTEST_SECONDS if fresh else min(delay * 1.5, LONGEST_SECONDS)

    def _events(self, stack_id: str, token: str, *, known: set[str]) -> tuple[StackEvent, ...]:
        """New events of our operation, oldest first. Pages come newest first and end at the first known event."""
        found: list[StackEvent] = []
        with translated("reading the events of a stack", operation="DescribeStackEvents"):
            for page in self._client.get_paginator("describe_stack_events").paginate(StackName=stack_id):
                for event in page["StackEvents"]:
                    if event["EventId"] in known or event.get("ClientRequestToken") != token:
                        return tuple(reversed(found))
                    found.append(_event(event, stack_id))
        return tuple(reversed(found))


def _event(event: dict[str, Any], stack_id: str) -> StackEvent:
    return StackEvent(
        event_id=event["EventId"],
        logical_id=event.get("LogicalResourceId", ""),
        resource_type=event.get("ResourceType", ""),
        status=event.get("ResourceStatus", ""),
        reason=event.get("ResourceStatusReason", ""),
        of_stack=event.get("PhysicalResourceId") == stack_id,
    )
