"""The stacks of every region: creation, names, exports, and whose turn it is."""

from __future__ import annotations

import hashlib
import json
import traceback
import uuid
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import fields, replace
from typing import TYPE_CHECKING

from esmcfn.sandbox.cloudformation.agenda import NEVER, Agenda
from esmcfn.sandbox.cloudformation.execution import Engine, deletion_blocked
from esmcfn.sandbox.cloudformation.model import (
    PAUSED,
    ChangeSet,
    Execution,
    Revision,
    Stack,
)
from esmcfn.sandbox.cloudformation.template import parse
from esmcfn.sandbox.refusal import Refusal, invalid
from esmcfn.sandbox.resources.base import HandlerError

if TYPE_CHECKING:
    from esmcfn.sandbox.world import World

PAUSED_STACKS = frozenset({*PAUSED, "UPDATE_ROLLBACK_FAILED"})


class CloudFormation:
    """Every stack, by id."""

    def __init__(self, world: World) -> None:
        from esmcfn.sandbox.cloudformation.changesets import ChangeSets
        from esmcfn.sandbox.cloudformation.drift import Drift
        from esmcfn.sandbox.cloudformation.nested import Nested

        self.world = world
        self.change_sets = ChangeSets(world)
        self.drift = Drift(world)
        self.nested = Nested(world)
        self.stacks: dict[str, Stack] = {}
        self.bugs: list[Exception] = []
        self._agenda = Agenda()
        for _, stack in world.store.all("stacks", Stack):
            if stack.execution is not None and stack.status in PAUSED_STACKS:
                stack.execution.wake_at = NEVER
            self.stacks[stack.id] = stack
            self._agenda.note(stack.id, _wake_at(stack))

    def save(self, stack: Stack) -> None:
        """Keep a stack on disk, and when it wants its next step."""
        self._agenda.note(stack.id, _wake_at(stack))
        self.world.store.put("stacks", stack.key, stack)

    # Finding

    def live(self, region: str) -> list[Stack]:
        """Return the stacks of a region that are not deleted, newest first."""
        found = [stack for stack in self.stacks.values() if stack.region == region and not stack.deleted]
        return sorted(found, key=lambda stack: (-stack.created_at, stack.name))

    def by_name(self, region: str, name: str) -> Stack | None:
        """Return the one live stack of a name."""
        return next((stack for stack in self.live(region) if stack.name == name), None)

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

    # The agenda

    def next_due(self) -> tuple[float, str] | None:
        """Return the next operation or change set that wants a step: (engine seconds, stack id)."""
        return self._agenda.next()

    def run(self, stack_id: str, at: float) -> None:
        """Let a stack do what is due."""
        stack = self.stacks[stack_id]
        for change_set in stack.change_sets.values():
            if change_set.status in ("CREATE_PENDING", "CREATE_IN_PROGRESS") and change_set.ready_at <= at:
                change_set.status, change_set.reason = change_set.outcome, change_set.outcome_reason
                if change_set.outcome == "CREATE_COMPLETE":
                    change_set.execution_status = "AVAILABLE"
        if stack.execution is not None and stack.execution.wake_at <= at:
            engine = Engine(self.world, stack)
            try:
                engine.step(at)
            except (Refusal, HandlerError, LookupError, TypeError, ValueError, AttributeError, AssertionError) as bug:
                traceback.print_exc()
                self.bugs.append(bug)
                engine.give_up(at, f"InternalFailure: the sandbox has a bug, see its log: {bug!r}")
        self.save(stack)

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
        stack.remember()
        execution = _execution(stack, kind, revision, change_set, at)
        execution.token, execution.disable_rollback, execution.on_failure = token, disable_rollback, on_failure
        if change_set is not None:
            stack.change_set_id = change_set.id
        stack.revision = revision
        stack.disable_rollback = disable_rollback
        if change_set is not None or kind != "create":
            stack.updated_at = at  # of a new stack too: it was created with its change set, and is updated now
        if kind == "create":
            stack.description = parse(revision.body).description
        verb = {"create": "CREATE", "update": "UPDATE", "import": "IMPORT"}[kind]
        Engine(self.world, stack).begin(execution, f"{verb}_IN_PROGRESS", "User Initiated", at)
        self.save(stack)

    def delete(self, stack: Stack, *, token: str, retain: Iterable[str], force: bool, at: float) -> None:
        """Begin to delete a stack."""
        stack.remember()
        if stack.status == "REVIEW_IN_PROGRESS":
            planned, stack.change_sets = set(stack.change_sets), {}
            stack.deleted_at = at
            Engine(self.world, stack).set_status("DELETE_COMPLETE", at)
            self.save(stack)
            self.nested.forget(planned)
            return
        blocked = deletion_blocked(self.world, stack)
        if blocked:
            Engine(self.world, stack).set_status(stack.status, at, f"Delete canceled. {blocked}")
            self.save(stack)
            return
        for item in stack.execution.doomed if stack.execution is not None else ():
            stack.resources.setdefault(item.logical_id, item)
        execution = Execution(
            kind="delete",
            token=token,
            operation_id=str(uuid.uuid4()),
            operation_type="DELETE_STACK",
            wake_at=at,
            retain=list(retain),
            force=force,
        )
        Engine(self.world, stack).begin(execution, "DELETE_IN_PROGRESS", "User Initiated", at)
        self.save(stack)

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


def _execution(stack: Stack, kind: str, revision: Revision, change_set: ChangeSet | None, at: float) -> Execution:
    """Return an operation that makes of a stack what a revision says; one that was paused is gone on with."""
    names = {"create": "CREATE_STACK", "update": "UPDATE_STACK", "import": "UPDATE_STACK"}
    paused = stack.execution if stack.status in PAUSED or stack.held else None
    return Execution(
        kind=kind,
        token="",
        operation_id=str(uuid.uuid4()),
        operation_type=names[kind],
        wake_at=at,
        revision=revision,
        previous=(paused.previous if paused else None) or stack.revision,
        before=deepcopy(paused.before if paused else stack.resources),
        imports={**(paused.imports if paused else {}), **(change_set.imports if change_set else {})},
        revert=drifted_ids(change_set) if change_set else [],
        change_set_id=change_set.id if change_set else "",
        doomed=list(paused.doomed) if paused else [],
        outputs_before=list(paused.outputs_before if paused else stack.outputs),
    )


def _before(stack: Stack) -> Stack | None:
    """Return a stack as it was before its last operation began; None where it did not exist."""
    if stack.earlier is None:
        return stack
    if not stack.earlier.status:
        return None
    known = {field.name: getattr(stack.earlier, field.name) for field in fields(stack.earlier)}
    return replace(stack, deleted_at=0.0, **known)


def drifted_ids(change_set: ChangeSet) -> list[str]:
    """Return the resources whose actual state a REVERT_DRIFT change set overwrites."""
    if change_set.deployment_mode != "REVERT_DRIFT":
        return []
    return [change.logical_id for change in change_set.changes if change.drift_status in ("MODIFIED", "DELETED")]


def _wake_at(stack: Stack) -> float:
    moments = [
        change_set.ready_at
        for change_set in stack.change_sets.values()
        if change_set.status in ("CREATE_PENDING", "CREATE_IN_PROGRESS")
    ]
    if stack.execution is not None:
        moments.append(stack.execution.wake_at)
    return min(moments, default=NEVER)


def digest(*parts: object) -> str:
    """Return a digest of what a request asks for, to recognise a repeated one."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()
