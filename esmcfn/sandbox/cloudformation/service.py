"""The operations of stacks: how they begin, and whose turn it is."""

from __future__ import annotations

import traceback
import uuid
from collections.abc import Iterable
from copy import deepcopy

from esmcfn.sandbox.cloudformation.changesets import ChangeSets
from esmcfn.sandbox.cloudformation.drift import Drift
from esmcfn.sandbox.cloudformation.execution import Engine
from esmcfn.sandbox.cloudformation.model import (
    PAUSED,
    ChangeSet,
    Execution,
    Revision,
    Stack,
)
from esmcfn.sandbox.cloudformation.nested import Nested
from esmcfn.sandbox.cloudformation.outputs import export_in_use
from esmcfn.sandbox.cloudformation.registry import Registry
from esmcfn.sandbox.cloudformation.template import parse
from esmcfn.sandbox.refusal import Refusal
from esmcfn.sandbox.resources.base import HandlerError
from esmcfn.sandbox.services import Services


class CloudFormation(Registry):
    """The stacks, and their operations one step at a time."""

    def __init__(self, world: Services) -> None:
        super().__init__(world)
        self._nested = Nested(self)
        self.drift = Drift(self)
        self.change_sets = ChangeSets(self, self._nested, self.drift)
        self.bugs: list[Exception] = []

    @property
    def nested(self) -> Nested:
        """Stacks inside stacks."""
        return self._nested

    # The agenda

    def next_due(self) -> tuple[float, str] | None:
        """Return the next operation or change set that wants a step: (engine seconds, stack id)."""
        return self.agenda.next()

    def run(self, stack_id: str, at: float) -> None:
        """Let a stack do what is due."""
        stack = self.stacks[stack_id]
        for change_set in stack.change_sets.values():
            if change_set.status in ("CREATE_PENDING", "CREATE_IN_PROGRESS") and change_set.ready_at <= at:
                change_set.status, change_set.reason = change_set.outcome, change_set.outcome_reason
                if change_set.outcome == "CREATE_COMPLETE":
                    change_set.execution_status = "AVAILABLE"
        if stack.execution is not None and stack.execution.wake_at <= at:
            engine = Engine(self, stack)
            try:
                engine.step(at)
            except (Refusal, HandlerError, LookupError, TypeError, ValueError, AttributeError, AssertionError) as bug:
                traceback.print_exc()
                self.bugs.append(bug)
                engine.give_up(at, f"InternalFailure: the sandbox has a bug, see its log: {bug!r}")
        self.save(stack)

    # Changing

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
        Engine(self, stack).begin(execution, f"{verb}_IN_PROGRESS", "User Initiated", at)
        self.save(stack)

    def delete(self, stack: Stack, *, token: str, retain: Iterable[str], force: bool, at: float) -> None:
        """Begin to delete a stack."""
        stack.remember()
        if stack.status == "REVIEW_IN_PROGRESS":
            planned, stack.change_sets = set(stack.change_sets), {}
            stack.deleted_at = at
            Engine(self, stack).set_status("DELETE_COMPLETE", at)
            self.save(stack)
            self.nested.forget(planned)
            return
        blocked = export_in_use(self, stack, keep=set())
        if blocked:
            Engine(self, stack).set_status(stack.status, at, f"Delete canceled. {blocked}")
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
        Engine(self, stack).begin(execution, "DELETE_IN_PROGRESS", "User Initiated", at)
        self.save(stack)


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
        revert=change_set.reverted if change_set else [],
        change_set_id=change_set.id if change_set else "",
        doomed=list(paused.doomed) if paused else [],
        outputs_before=list(paused.outputs_before if paused else stack.outputs),
    )
