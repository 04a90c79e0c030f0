"""Executing, deleting and recovering stacks, each followed until its own last event is terminal."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from esmcfn.aws.events import Tail, event_pages, name_of
from esmcfn.aws.pace import Pace, Rhythm
from esmcfn.aws.session import Clients, translated
from esmcfn.domain.deployed import DeployedStack
from esmcfn.domain.deployment import Execution, StackEvent
from esmcfn.errors import AccessDenied, CloudError, Interrupted, LostSight, NotBegun, StackBusyError, StalePlanError
from esmcfn.ports import Heard

QUIET_SECONDS = 20.0
"""After how long without an event of ours the stack itself is asked: its end may have come by another hand."""

DOUBT_SECONDS = 3.0
"""How long events of ours may lag behind a request whose answer was lost."""

SIGHT_SECONDS = 60.0
"""How long events may be unreadable before nobody knows whether an operation was begun."""

GO_ON = "run it again with --wait-for-stack 30m: it waits until this is done, and goes on from there"

GONE = frozenset({"ChangeSetNotFound", "ChangeSetNotFoundException", "InvalidChangeSetStatus"})
REPEATED = "TokenAlreadyExistsException"
"""What CloudFormation answers where the first of two equal requests was heard, and only its answer was lost."""


class CloudFormationOperations:
    """The port Operations, by CloudFormation."""

    def __init__(self, clients: Clients, stop: threading.Event, *, actor: str, holder: Callable[[str], str]) -> None:
        self._clients, self._stop, self._actor, self._holder = clients, stop, actor, holder
        self._pace = Pace()

    def execute(self, change_set_id: str, stack_id: str, heard: Heard, *, within: float) -> Execution:
        def ask(token: str) -> None:
            # Said explicitly: of the two defaults that are documented for it, one would keep what failed.
            self._client.execute_change_set(
                ChangeSetName=change_set_id, ClientRequestToken=token, DisableRollback=False
            )

        return self._done("ExecuteChangeSet", stack_id, ask, heard, within)

    def delete(self, stack_id: str, heard: Heard, *, within: float) -> Execution:
        def ask(token: str) -> None:
            self._client.delete_stack(StackName=stack_id, ClientRequestToken=token)

        return self._done("DeleteStack", stack_id, ask, heard, within)

    def recover(self, stack: DeployedStack, heard: Heard, *, within: float, skip: Sequence[str] = ()) -> Execution:
        stack_id = stack.stack_id

        def go_on(token: str) -> None:
            chosen = {"ResourcesToSkip": list(skip)} if skip else {}
            self._client.continue_update_rollback(StackName=stack_id, ClientRequestToken=token, **chosen)

        def go_back(token: str) -> None:
            self._client.rollback_stack(StackName=stack_id, ClientRequestToken=token)

        match stack.status:
            case "UPDATE_ROLLBACK_FAILED":
                return self._done("ContinueUpdateRollback", stack_id, go_on, heard, within)
            case "CREATE_FAILED" | "UPDATE_FAILED":
                return self._done("RollbackStack", stack_id, go_back, heard, within)
            case _:
                return self.delete(stack_id, heard, within=within)

    def cancel(self, stack_id: str) -> None:
        token = f"{self._actor}-{secrets.token_hex(4)}"
        with translated("cancelling an update", operation="CancelUpdateStack"):
            self._client.cancel_update_stack(StackName=stack_id, ClientRequestToken=token)

    def protect(self, stack_id: str, on: bool) -> None:
        with translated("switching termination protection", operation="UpdateTerminationProtection"):
            self._client.update_termination_protection(StackName=stack_id, EnableTerminationProtection=on)

    @property
    def _client(self) -> Any:
        return self._clients.of("cloudformation")

    def _done(
        self, operation: str, stack_id: str, ask: Callable[[str], None], heard: Heard, within: float
    ) -> Execution:
        """Ask for an operation and follow it; a request whose answer was lost may have been heard all the same."""
        token = f"{self._actor}-{secrets.token_hex(8)}"
        if self._stop.wait(self._pace.turn()) or self._stop.is_set():
            raise NotBegun(f"stopped before {name_of(stack_id)} was begun")
        try:
            with translated(f"{operation} of {name_of(stack_id)}", operation=operation):
                ask(token)
        except CloudError as error:
            doubtful = error.transient or error.code in {*GONE, REPEATED} or "_IN_PROGRESS" in error.message
            if not (doubtful and self._begun(stack_id, token)):
                raise self._refused(error, stack_id) from error
        return self._followed(stack_id, Tail(stack_id, token, self._pages), heard, within)

    def _begun(self, stack_id: str, token: str) -> bool:
        """Do the stack's events carry our token? They may come a moment late.

        Raises:
            LostSight: they cannot be read, so that nobody knows whether it was begun.
        """
        tail, until = Tail(stack_id, token, self._pages), time.monotonic() + DOUBT_SECONDS
        while True:
            if self._read(stack_id, tail, until=time.monotonic() + SIGHT_SECONDS):
                return True
            if time.monotonic() > until:
                return False
            self._pause(stack_id, 0.5)

    def _refused(self, error: CloudError, stack_id: str) -> CloudError | StackBusyError | StalePlanError:
        """Somebody else came first, or the change set is not what it was; anything else stays what it is."""
        if "_IN_PROGRESS" not in error.message and error.code not in GONE:
            return error
        if (self._status(stack_id) or "").endswith("_IN_PROGRESS"):
            held = self._held(stack_id)
            return StackBusyError(
                f"{name_of(stack_id)}: somebody else was first" + (f": {held}" if held else ""),
                next_step="wait until it is done, then plan again (--wait-for-stack 30m does both)",
            )
        return StalePlanError(
            f"{name_of(stack_id)}: the reviewed change set cannot be executed any more: {error.message}",
            next_step="plan again and review what has changed",
        )

    def _followed(self, stack_id: str, tail: Tail, heard: Heard, within: float) -> Execution:
        """Until the stack's own event with our token is terminal; DescribeStacks may lag behind and decides nothing."""
        seen: list[StackEvent] = []
        rhythm, began = Rhythm(), time.monotonic()
        while True:
            self._pause(stack_id, rhythm.seconds())
            fresh = self._read(stack_id, tail, until=began + within)
            last = next((number for number, event in enumerate(fresh) if _ends(event)), None)
            fresh = fresh if last is None else fresh[: last + 1]  # what comes after it is somebody else's
            for event in fresh:
                heard(event)
            seen.extend(fresh)
            if last is not None:
                return Execution(status=fresh[-1].status, events=tuple(seen))
            if not seen and time.monotonic() - began > QUIET_SECONDS and (status := self._deleted(stack_id)):
                return Execution(status=status)
            if fresh:
                rhythm.again()
            if time.monotonic() - began > within:
                raise LostSight(
                    f"{name_of(stack_id)}: not done after {within:.0f} seconds; CloudFormation goes on", next_step=GO_ON
                )

    def _read(self, stack_id: str, tail: Tail, *, until: float) -> tuple[StackEvent, ...]:
        """New events. An answer that does not come decides nothing: it is asked again until time is up."""
        rhythm = Rhythm()
        while True:
            try:
                return tail.fresh()
            except CloudError as error:
                if error.transient and time.monotonic() < until:
                    self._pause(stack_id, rhythm.seconds())
                    continue
                why = "a permission is missing" if isinstance(error, AccessDenied) else "it cannot be seen any more"
                raise LostSight(
                    f"lost sight of {name_of(stack_id)}, {why}: {error.message}; CloudFormation goes on",
                    code=error.code,
                    operation=error.operation,
                    next_step="; ".join(filter(None, (error.next_step, GO_ON))),
                ) from error

    def _pause(self, stack_id: str, seconds: float) -> None:
        if self._stop.wait(seconds) or self._stop.wait(self._pace.turn()):
            raise Interrupted(
                f"stopped watching; CloudFormation goes on with {name_of(stack_id)}",
                next_step=GO_ON,
            )

    def _deleted(self, stack_id: str) -> str:
        """How a stack that shows no event of ours was deleted by another hand; empty where it was not."""
        status = self._status(stack_id)
        return "DELETE_COMPLETE" if status is None else status if status in {"DELETE_COMPLETE", "DELETE_FAILED"} else ""

    def _status(self, stack_id: str) -> str | None:
        """StackStatus; None where there is no such stack, "UNKNOWN_IN_PROGRESS" where it cannot be read."""
        try:
            with translated(f"reading {name_of(stack_id)}", operation="DescribeStacks"):
                return str(self._client.describe_stacks(StackName=stack_id)["Stacks"][0]["StackStatus"])
        except CloudError as error:
            return None if "does not exist" in error.message else "UNKNOWN_IN_PROGRESS"

    def _held(self, stack_id: str) -> str:
        """Who holds it; that this cannot be read changes nothing."""
        try:
            return self._holder(stack_id)
        except CloudError:
            return ""

    def _pages(self, stack_id: str) -> Iterator[dict[str, Any]]:
        return event_pages(self._client, stack_id)


def _ends(event: StackEvent) -> bool:
    """Is it the stack's own last event of an operation?"""
    return event.of_stack and not event.status.endswith("_IN_PROGRESS")
