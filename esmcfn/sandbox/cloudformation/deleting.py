"""Deleting: a stack, what a failed creation left, and what an update replaced or dropped."""

from __future__ import annotations

from esmcfn.sandbox.cloudformation.agenda import NEVER
from esmcfn.sandbox.cloudformation.machine import Machine
from esmcfn.sandbox.cloudformation.model import STACK_TYPE, Op, Resource, Stack
from esmcfn.sandbox.refusal import Refusal
from esmcfn.sandbox.resources import HANDLERS
from esmcfn.sandbox.resources.base import HandlerError, NotYet

CLEANUP_TRIES = 3
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html: cleanup is tried three times"""


class Deleting(Machine):
    """Resources go in the opposite order of their making; what cannot go holds back what it depends on."""

    def _begin_cleanup(self, at: float) -> None:
        run = self.run
        run.cleanup_ops = [
            Op(logical_id=item.logical_id, action="delete", physical_id=item.physical_id) for item in run.doomed
        ]
        run.phase, run.wake_at = "cleanup", at + self.world.pace.stack_seconds
        if self.stack.parent_id and not self.stack.status.startswith("UPDATE_ROLLBACK"):
            run.held, run.wake_at = True, NEVER
        else:
            self._release(self.stack, at)

    def _release(self, stack: Stack, at: float) -> None:
        """Let nested stacks clean up: the enclosing one will not go back any more."""
        for child in self._nested(stack):
            if child.held:
                child.running.held, child.running.wake_at = False, at + self.world.pace.stack_seconds
                self._release(child, at)
                self.service.save(child)

    def _nested(self, stack: Stack) -> list[Stack]:
        live = [item for item in stack.resources.values() if item.resource_type == STACK_TYPE]
        return [self.service.stacks[item.physical_id] for item in live if item.physical_id]

    def _cleanup(self, at: float) -> None:
        rolled_back = self.stack.status.startswith("UPDATE_ROLLBACK")
        self._deletions(at, self.run.doomed, replaced=True, rollback=rolled_back)
        if any(op.state in ("waiting", "running") for op in self.run.cleanup_ops):
            return
        if any(child.busy for child in self._nested(self.stack)):
            self.run.wake_at = at + self.world.pace.resource_seconds
            return
        self._finish("UPDATE_ROLLBACK_COMPLETE" if rolled_back else "UPDATE_COMPLETE", at)

    def _plan_deletion(self) -> None:
        self.run.cleanup_ops = [
            Op(logical_id=item.logical_id, action="delete", physical_id=item.physical_id)
            for item in self.stack.resources.values()
        ]

    def _delete(self, at: float) -> None:
        self._deletions(at, list(self.stack.resources.values()))
        self._end_deletions(at, "DELETE_COMPLETE", "DELETE_FAILED")

    def _end_deletions(self, at: float, good: str, bad: str) -> None:
        ops = self.run.cleanup_ops
        if any(op.state in ("waiting", "running") for op in ops):
            return
        failed = sorted(op.logical_id for op in ops if op.state == "failed")
        if failed and not self.run.force:
            self._finish(bad, at, f"The following resource(s) failed to delete: [{', '.join(failed)}]. ")
            return
        if good == "DELETE_COMPLETE":
            planned = set(self.stack.change_sets)
            self.stack.resources, self.stack.change_sets = {}, {}
            self.service.nested.forget(planned)
            self.stack.deleted_at = at
        self.stack.outputs = []
        self._finish(good, at)

    def _deletions(
        self, at: float, resources: list[Resource], *, replaced: bool = False, rollback: bool = False
    ) -> None:
        ops = self.run.cleanup_ops
        by_id = {(item.logical_id, item.physical_id): item for item in resources}
        for op in self._due(ops, at):
            self._deleted(op, by_id[op.logical_id, op.physical_id], at)
        started = True
        while started:
            blocked = _needs(ops, by_id, ("waiting", "running", "failed"))
            free = [op for op in ops if op.state == "waiting" and op.until <= at and op.logical_id not in blocked]
            for op in free:
                resource = by_id[op.logical_id, op.physical_id]
                self._delete_one(op, resource, at, replaced=replaced, rollback=rollback)
            started = bool(free)
        stuck = _needs(ops, by_id, ("failed",))
        while any(op.state == "waiting" and op.logical_id in stuck for op in ops):
            for op in ops:  # what something undeletable depends on is not tried
                op.state = "failed" if op.state == "waiting" and op.logical_id in stuck else op.state
            stuck = _needs(ops, by_id, ("failed",))
        self._sleep(ops, at)

    def _delete_one(self, op: Op, resource: Resource, at: float, *, replaced: bool, rollback: bool) -> None:
        if not resource.physical_id or resource.status in ("DELETE_COMPLETE", "DELETE_SKIPPED"):
            op.state = "done"
            resource.status = "DELETE_COMPLETE"
            return
        if self._retained(resource, replaced=replaced, rollback=rollback):
            op.state = "done"
            self._mark(resource, "DELETE_SKIPPED", at)
            return
        op.state, op.tries = "running", op.tries + 1
        self._mark(resource, "DELETE_IN_PROGRESS", at)
        try:
            if rollback and self.world.faults.strike("rollback", logical_id=op.logical_id):
                raise HandlerError("GeneralServiceException", "The sandbox was asked to fail this rollback.")
            self._fault(resource, "delete")
            HANDLERS[resource.resource_type].delete(self.request(resource, at))
            op.until = at + self.world.pace.resource_seconds
        except NotYet as later:
            op.state, op.until, op.pending = "running", max(later.until, at + 0.001), True
        except (Refusal, HandlerError) as error:
            self._deletion_failed(op, resource, error, at)

    def _deletion_failed(self, op: Op, resource: Resource, error: Refusal | HandlerError, at: float) -> None:
        if isinstance(error, Refusal):
            error = HandlerError.of(error)
        if error.code == "NotFound":
            op.until = at + self.world.pace.resource_seconds
            return
        self._mark(resource, "DELETE_FAILED", at, self._said(error))
        again = self.run.phase == "cleanup" and op.tries < CLEANUP_TRIES
        op.state = "waiting" if again else "failed"
        op.until = at + self.world.pace.resource_seconds

    def _deleted(self, op: Op, resource: Resource, at: float) -> None:
        if op.pending:  # it could not be deleted before; now it can
            op.pending, op.state = False, "waiting"
            return
        try:
            progress = HANDLERS[resource.resource_type].deleted(self.request(resource, at))
        except (Refusal, HandlerError) as error:
            self._deletion_failed(op, resource, error, at)
            return
        if not progress.done:
            op.until = max(progress.until, at + self.world.pace.resource_seconds)
            return
        op.state = "done"
        self._mark(resource, "DELETE_COMPLETE", at)

    def _retained(self, resource: Resource, *, replaced: bool, rollback: bool) -> bool:
        if resource.logical_id in self.run.retain:
            return True
        if replaced and resource.logical_id in self.stack.resources and not rollback:
            return resource.update_replace_policy == "Retain"
        if rollback:
            if resource.logical_id in self.run.imports:
                return True
            return resource.deletion_policy == "Retain" and not replaced
        return resource.deletion_policy in ("Retain", "RetainExceptOnCreate")


def _needs(ops: list[Op], by_id: dict[tuple[str, str], Resource], states: tuple[str, ...]) -> set[str]:
    """Return what the resources in these states depend on."""
    found = [by_id[op.logical_id, op.physical_id] for op in ops if op.state in states]
    return {need for resource in found for need in resource.depends_on if need != resource.logical_id}
