"""The events of a stack and of what is nested in it, each once and in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from esmcfn.aws.session import translated
from esmcfn.domain.deployment import StackEvent

NESTED = "AWS::CloudFormation::Stack"

Pages = Callable[[str], Iterator[dict[str, Any]]]
"""ARN of a stack to the pages of its events, the newest first."""


def event_pages(client: Any, stack_id: str) -> Iterator[dict[str, Any]]:
    """Every page of a stack's events, the newest first.

    Raises:
        CloudError: AWS refused or did not answer.
    """
    with translated(f"reading the events of {name_of(stack_id)}", operation="DescribeStackEvents"):
        yield from client.get_paginator("describe_stack_events").paginate(StackName=stack_id)


def name_of(stack_id: str) -> str:
    """The name in a stack's ARN: arn:aws:cloudformation:REGION:ACCOUNT:stack/NAME/UUID."""
    return stack_id.split("/")[1] if "/" in stack_id else stack_id


def holder(pages: Iterator[dict[str, Any]], stack_id: str) -> str:
    """Who holds a busy stack, in words: the beginning of what runs on it; empty where no event tells."""
    for page in pages:
        for event in page["StackEvents"]:
            if event.get("PhysicalResourceId") == stack_id and event.get("ResourceStatusReason"):
                since = event["Timestamp"].astimezone(UTC).strftime("%H:%M:%S UTC")
                token = event.get("ClientRequestToken", "")
                who = f" by {token}" if token else ""
                return f"{event['ResourceStatus']} since {since}{who} ({event['ResourceStatusReason']})"
    return ""


class Tail:
    """New events of one operation, found by its token; nested stacks are followed by their ARNs.

    CloudFormation answers with the newest page first, so reading ends at the first event that is known. The token is
    asked for until the operation's first event is found, and never after: what follows may carry another one, where
    somebody cancels the operation. Times are not compared to tell new events from old ones: several may share one.
    """

    def __init__(self, stack_id: str, token: str, pages: Pages) -> None:
        self._stack_id, self._token, self._pages = stack_id, token, pages
        self._known: set[str] = set()
        self._nested: dict[str, str] = {}
        self._began: datetime | None = None

    def fresh(self) -> tuple[StackEvent, ...]:
        """What happened since the last call, oldest first.

        Raises:
            CloudError: AWS refused or did not answer; the next call begins where this one did.
        """
        found = self._new(self._stack_id, "") if self._began else self._first()
        if self._began is None:
            if not found:
                return ()
            self._began = found[0].at
        waiting = {**self._nested, **_nested_in(found)}
        while waiting:  # what is found inside may be nested again
            self._nested.update(waiting)
            inside = [event for stack_id, path in waiting.items() for event in self._new(stack_id, path)]
            found.extend(inside)
            waiting = {stack_id: path for stack_id, path in _nested_in(inside).items() if stack_id not in self._nested}
        found.sort(key=lambda event: event.at)  # stable: what shares a moment keeps CloudFormation's own order
        self._known.update(event.event_id for event in found)
        return tuple(found)

    def _first(self) -> list[StackEvent]:
        """The operation so far, oldest first; empty while its first event is not on the first page."""
        found: list[StackEvent] = []
        ours = False
        for page in self._pages(self._stack_id):
            for event in page["StackEvents"]:
                if event.get("ClientRequestToken") == self._token:
                    ours = True
                elif ours:
                    return found[::-1]
                found.append(self._event(event, self._stack_id, ""))
            if not ours:
                return []
        return found[::-1]

    def _new(self, stack_id: str, path: str) -> list[StackEvent]:
        """What is not known yet, oldest first; of a nested stack nothing from before the operation."""
        found: list[StackEvent] = []
        for page in self._pages(stack_id):
            for event in page["StackEvents"]:
                older = path and self._began and event["Timestamp"].astimezone(UTC) < self._began
                if older or event["EventId"] in self._known:
                    return found[::-1]
                found.append(self._event(event, stack_id, path))
        return found[::-1]

    def _event(self, event: dict[str, Any], stack_id: str, path: str) -> StackEvent:
        physical, logical = event.get("PhysicalResourceId", ""), event.get("LogicalResourceId", "")
        itself = physical == stack_id
        return StackEvent(
            event_id=event["EventId"],
            at=event["Timestamp"].astimezone(UTC),
            logical_id=(path if itself else f"{path}/{logical}") if path else logical,
            resource_type=event.get("ResourceType", ""),
            status=event.get("ResourceStatus", ""),
            reason=event.get("ResourceStatusReason", ""),
            physical_id=physical,
            detailed_status=event.get("DetailedStatus", ""),
            of_stack=itself and not path,
            of_nested=event.get("ResourceType") == NESTED and not (itself and not path),
        )


def _nested_in(events: list[StackEvent]) -> dict[str, str]:
    """ARNs of nested stacks to the paths that lead there; the first event of a nested stack has no ARN yet."""
    return {event.physical_id: event.logical_id for event in events if event.of_nested and event.physical_id}
