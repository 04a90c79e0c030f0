"""The stacks of every region: where the parts of CloudFormation find them, and keep them."""

from __future__ import annotations

import uuid
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable
from dataclasses import fields, replace
from typing import Protocol

from esmcfn.sandbox.cloudformation.agenda import NEVER, Agenda
from esmcfn.sandbox.cloudformation.model import PAUSED, ChangeSet, Resource, Revision, Stack
from esmcfn.sandbox.refusal import invalid
from esmcfn.sandbox.resources.base import Embedding
from esmcfn.sandbox.services import Services

PAUSED_STACKS = frozenset({*PAUSED, "UPDATE_ROLLBACK_FAILED"})


class Nesting(Embedding, Protocol):
    """Stacks inside stacks, and what change sets prepared in them."""

    def forget(self, change_set_ids: Collection[str]) -> None:
        """Remove what change sets prepared in nested stacks: they are deleted."""


class Registry(ABC):
    """Every stack, by id, and what the parts of CloudFormation ask of the whole."""

    def __init__(self, world: Services) -> None:
        self.world = world
        self.stacks: dict[str, Stack] = {}
        self.agenda = Agenda()
        for _, stack in world.store.all("stacks", Stack):
            if stack.execution is not None and stack.status in PAUSED_STACKS:
                stack.execution.wake_at = NEVER
            self.stacks[stack.id] = stack
            self.agenda.note(stack.id, _wake_at(stack))

    def save(self, stack: Stack) -> None:
        """Keep a stack on disk, and when it wants its next step."""
        self.agenda.note(stack.id, _wake_at(stack))
        self.world.store.put("stacks", stack.key, stack)

    # Of the whole

    @property
    @abstractmethod
    def nested(self) -> Nesting:
        """Stacks inside stacks."""

    @abstractmethod
    def start(
        self,
        stack: Stack,
        kind: str,
        revision: Revision,
        *,
        token: str = "",
        disable_rollback: bool = False,
        on_failure: str = "",
        at: float,
        change_set: ChangeSet | None = None,
    ) -> None:
        """Begin to create, update or import."""

    @abstractmethod
    def delete(self, stack: Stack, *, token: str, retain: Iterable[str], force: bool, at: float) -> None:
        """Begin to delete a stack."""

    # Finding

    def live(self, region: str) -> list[Stack]:
        """Return the stacks of a region that are not deleted, newest first."""
        found = [stack for stack in self.stacks.values() if stack.region == region and not stack.deleted]
        return sorted(found, key=lambda stack: (-stack.created_at, stack.name))

    def by_name(self, region: str, name: str) -> Stack | None:
        """Return the one live stack of a name."""
        named = (stack for stack in self.stacks.values() if stack.name == name and stack.region == region)
        return next((stack for stack in named if not stack.deleted), None)

    def find(self, region: str, name_or_id: str) -> Stack | None:
        """Return a stack by name (if live) or ARN (always)."""
        if name_or_id.startswith("arn:"):
            found = self.stacks.get(name_or_id)
            return found if found is not None and found.region == region else None
        return self.by_name(region, name_or_id)

    def must_find(self, region: str, name_or_id: str, message: str = "Stack with id {} does not exist") -> Stack:
        """Return a stack.

        Raises:
            Refusal: ValidationError with the operation's own wording.
        """
        found = self.find(region, name_or_id)
        if found is None:
            raise invalid(message.format(name_or_id))
        return found

    def stale(self, region: str, name_or_id: str | None) -> list[Stack]:
        """Return stacks as they were before their last operation began.

        Raises:
            Refusal: there was none of that name then.
        """
        found = sorted((item for item in self.stacks.values() if item.region == region), key=lambda s: -s.created_at)
        before = [stack for item in found if (stack := _before(item)) is not None and not stack.deleted]
        if name_or_id is None:
            return before
        named = [stack for stack in before if name_or_id in (stack.name, stack.id)]
        if not named:
            raise invalid(f"Stack with id {name_or_id} does not exist")
        return named[:1]

    def exporter(self, region: str, name: str) -> Stack | None:
        """Return the stack that exports a name."""
        for stack in self.live(region):
            if any(output.get("ExportName") == name for output in stack.outputs):
                return stack
        return None

    def export(self, region: str, name: str) -> str:
        """Return an exported value.

        Raises:
            Refusal: nobody exports it.
        """
        owner = self.exporter(region, name)
        if owner is None:
            raise invalid(f"No export named {name} found.")
        return next(o["OutputValue"] for o in owner.outputs if o.get("ExportName") == name)

    def of_type(self, resource_type: str) -> list[Resource]:
        """Return every live resource of a type that any stack owns."""
        return [
            resource
            for stack in self.stacks.values()
            for resource in stack.resources.values()
            if resource.resource_type == resource_type and resource.status != "DELETE_COMPLETE"
        ]

    # Changing

    def new_stack(self, region: str, name: str, revision: Revision, status: str, at: float) -> Stack:
        """Add a stack."""
        unique = uuid.uuid4()
        stack = Stack(
            id=f"arn:aws:cloudformation:{region}:{self.world.account}:stack/{name}/{unique}",
            name=name,
            region=region,
            created_at=at,
            status=status,
            revision=revision,
        )
        self.stacks[stack.id] = stack
        return stack

    def executed(self, stack: Stack, *, succeeded: bool) -> None:
        """Mark the change set that was executed, and what else an operation leaves behind."""
        run = stack.execution
        if run is None:
            return
        change_set = stack.change_sets.get(run.change_set_id)
        if change_set is not None:
            change_set.execution_status = "EXECUTE_COMPLETE" if succeeded else "EXECUTE_FAILED"
        for other in stack.change_sets.values():
            if other.id != run.change_set_id and other.execution_status == "AVAILABLE":
                other.execution_status = "OBSOLETE"


def _before(stack: Stack) -> Stack | None:
    """Return a stack as it was before its last operation began; None where it did not exist."""
    if stack.earlier is None:
        return stack
    if not stack.earlier.status:
        return None
    known = {field.name: getattr(stack.earlier, field.name) for field in fields(stack.earlier)}
    return replace(stack, deleted_at=0.0, **known)


def _wake_at(stack: Stack) -> float:
    moments = [
        change_set.ready_at
        for change_set in stack.change_sets.values()
        if change_set.status in ("CREATE_PENDING", "CREATE_IN_PROGRESS")
    ]
    if stack.execution is not None:
        moments.append(stack.execution.wake_at)
    return min(moments, default=NEVER)
