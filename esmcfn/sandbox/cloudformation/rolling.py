"""Rolling back: what an operation did is undone, in the opposite order."""

from __future__ import annotations

import json
import uuid

from esmcfn.sandbox.cloudformation.agenda import NEVER
from esmcfn.sandbox.cloudformation.deleting import Deleting
from esmcfn.sandbox.cloudformation.model import Op
from esmcfn.sandbox.cloudformation.template import parse
from esmcfn.sandbox.refusal import Refusal
from esmcfn.sandbox.resources import HANDLERS
from esmcfn.sandbox.resources.base import HandlerError, NotYet

_TOLD = {"create": ("CREATE", "creation"), "import": ("IMPORT", "import")}
"""What an event calls an action; any other is an update."""


class RollingBack(Deleting):
    """The way back after a failure, and the pauses on it."""

    def _fail(self, failed: list[str], at: float, reason: str = "") -> None:
        run, stack = self.run, self.stack
        for op in run.ops:
            if op.state == "running":
                op.state = "cancelled"
                verb, word = _TOLD.get(op.action, ("UPDATE", "update"))
                resource = stack.resources[op.logical_id]
                self._mark(resource, f"{verb}_FAILED", at, f"Resource {word} cancelled")
                failed.append(op.logical_id)
        run.failed_ids = sorted(set(failed))
        run.reason = reason or self._failure_summary()
        if run.kind == "create":
            self._create_failed(at)
        elif run.disable_rollback:
            self._pause("UPDATE_FAILED", at)
        else:
            self.begin_rollback(at)

    def _failure_summary(self) -> str:
        creating = [op for op in self.run.ops if op.state in ("failed", "cancelled") and op.action == "create"]
        verb = "import" if self.run.kind == "import" else "create" if creating else "update"
        return f"The following resource(s) failed to {verb}: [{', '.join(self.run.failed_ids)}]."

    def _create_failed(self, at: float) -> None:
        if self.run.disable_rollback or self.run.on_failure == "DO_NOTHING":
            self._pause("CREATE_FAILED", at)
        elif self.run.on_failure == "DELETE":
            self.set_status("DELETE_IN_PROGRESS", at, f"{self.run.reason} Delete requested by user.")
            self.run.kind = "delete"
            self._plan_deletion()
            self.run.phase = "delete"
            self.run.wake_at = at + self.world.pace.stack_seconds
        else:
            self.begin_rollback(at)

    def _pause(self, status: str, at: float) -> None:
        self.set_status(status, at, self.run.reason)
        self.run.phase, self.run.wake_at = "paused", NEVER

    def give_up(self, at: float, reason: str) -> None:
        """End an operation that cannot go on because of a bug here: other stacks go on, and this one can be deleted."""
        rolling = self.stack.status.startswith("UPDATE_ROLLBACK")
        status = {"create": "CREATE_FAILED", "delete": "DELETE_FAILED"}.get(self.run.kind, "UPDATE_FAILED")
        self.run.reason = reason
        self._pause("UPDATE_ROLLBACK_FAILED" if rolling else status, at)

    def begin_rollback(self, at: float) -> None:
        """Turn round: what was done is undone, in the opposite order."""
        run = self.run
        run.phase, run.wake_at, run.held = "rollback", at + self.world.pace.stack_seconds, False
        if run.operation_type != "ROLLBACK":
            self._become("ROLLBACK")
        if run.kind == "create":
            self.set_status("ROLLBACK_IN_PROGRESS", at, f"{run.reason} Rollback requested by user.")
            self._plan_deletion()
            return
        status = "IMPORT_ROLLBACK_IN_PROGRESS" if run.kind == "import" else "UPDATE_ROLLBACK_IN_PROGRESS"
        self.set_status(status, at, run.reason)
        self._plan_restoration()

    def _become(self, operation: str) -> None:
        """Go on as an operation with an id of its own; the one before it is the cause."""
        run = self.run
        run.operation_type, run.operation_id = operation, str(uuid.uuid4())
        found = {"OperationType": operation, "OperationId": run.operation_id}
        self.stack.last_operations = [found, *self.stack.last_operations]

    def _plan_restoration(self) -> None:
        """Put the old resources back; those that were changed in place are updated again."""
        run, stack = self.run, self.stack
        touched = {op.logical_id: op for op in run.ops if op.state in ("done", "failed", "cancelled")}
        run.cleanup_ops = []
        for logical_id, resource in list(stack.resources.items()):
            before = run.before.get(logical_id)
            if before is None:
                if logical_id not in run.imports and resource.physical_id:
                    run.doomed.append(resource)  # what was imported was there before, and stays
                del stack.resources[logical_id]
            elif before.physical_id != resource.physical_id:
                run.doomed = [item for item in run.doomed if item.physical_id != before.physical_id]
                run.doomed.append(resource)
                stack.resources[logical_id] = before
        old = {(item.logical_id, item.physical_id) for item in run.before.values()}
        run.doomed = [
            item for item in run.doomed if item.physical_id and (item.logical_id, item.physical_id) not in old
        ]
        for logical_id, before in run.before.items():
            op = touched.get(logical_id)
            live = stack.resources.setdefault(logical_id, before)
            modified = op is not None and op.action == "modify"
            earlier = (live.properties, live.tags) != (before.properties, before.tags)  # by an attempt before this one
            if (modified or earlier) and live.physical_id == before.physical_id:
                run.cleanup_ops.append(Op(logical_id=logical_id, action="restore", physical_id=before.physical_id))
        run.cleanup_ops.reverse()

    def cancel(self, at: float) -> None:
        """Give up an update that is under way."""
        self.run.reason, self.run.disable_rollback = "User Initiated", False
        self._fail([], at, "User Initiated")

    def proceed(self, skip: list[str], at: float) -> None:
        """Go on with a rollback that failed, leaving out some resources."""
        self.run.skip += skip
        self.run.phase, self.run.wake_at = "rollback", at + self.world.pace.stack_seconds
        self.set_status("UPDATE_ROLLBACK_IN_PROGRESS", at, "User Initiated")
        for op in self.run.cleanup_ops:
            if op.state == "failed" and op.logical_id in skip:
                op.state = "done"  # it stays as it is, and CloudFormation says that it is complete
                left = self.stack.resources[op.logical_id]
                left.skipped = True
                self._mark(left, "UPDATE_COMPLETE", at)
            elif op.state == "failed":
                op.state = "waiting"

    def _rollback(self, at: float) -> None:
        if self.run.kind == "create":
            self._deletions(at, list(self.stack.resources.values()), rollback=True)
            self._end_deletions(at, "ROLLBACK_COMPLETE", "ROLLBACK_FAILED")
            return
        for op in self._due(self.run.cleanup_ops, at):
            self._restored(op, at)
        waiting = [op for op in self.run.cleanup_ops if op.state == "waiting"]
        if waiting and not any(op.state == "running" for op in self.run.cleanup_ops):
            self._restore(waiting[0], at)
        if any(op.state in ("waiting", "running") for op in self.run.cleanup_ops):
            self._sleep(self.run.cleanup_ops, at)
            return
        failed = sorted(op.logical_id for op in self.run.cleanup_ops if op.state == "failed")
        if failed:
            reason = f"The following resource(s) failed to update: [{', '.join(failed)}]."
            self.run.failed_ids = failed
            self.set_status("UPDATE_ROLLBACK_FAILED", at, reason)
            self.run.wake_at = NEVER
            return
        self._rolled_back(at)

    def _rolled_back(self, at: float) -> None:
        run = self.run
        self.stack.revision = run.previous or self.stack.revision
        self.stack.outputs = run.outputs_before
        self.stack.description = parse(self.stack.revision.body).description
        if run.kind == "import":
            self._finish("IMPORT_ROLLBACK_COMPLETE", at)
            return
        self.set_status("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", at)
        self._begin_cleanup(at)

    def _restore(self, op: Op, at: float) -> None:
        before, live = self.run.before[op.logical_id], self.stack.resources[op.logical_id]
        if op.state == "waiting":
            self._mark(before, "UPDATE_IN_PROGRESS", at, properties=json.dumps(before.shown))
        op.state = "running"
        try:
            if self.world.faults.strike("rollback", logical_id=op.logical_id):
                raise HandlerError("GeneralServiceException", "The sandbox was asked to fail this rollback.")
            outcome = HANDLERS[before.resource_type].update(self.request(before, at, previous=live))
        except NotYet as later:
            op.until, op.again = later.until, True
            return
        except (Refusal, HandlerError) as error:
            self._op_failed(op, error, at)
            return
        self._adopt(before, outcome)
        self.stack.resources[op.logical_id] = before
        self._wait(op, before, outcome, at)

    def _restored(self, op: Op, at: float) -> None:
        resource = self.stack.resources[op.logical_id]
        if op.again:
            op.again = False
            self._restore(op, at)
            return
        if op.pending:
            try:
                progress = HANDLERS[resource.resource_type].progress(self.request(resource, at))
            except (Refusal, HandlerError) as error:
                self._op_failed(op, error, at)
                return
            if not progress.done:
                op.until = max(progress.until, at + self.world.pace.resource_seconds)
                return
            resource.attributes = dict(HANDLERS[resource.resource_type].settled(self.request(resource, at)))
        op.state = "done"
        self._mark(resource, "UPDATE_COMPLETE", at, properties=json.dumps(resource.shown))

    def _op_failed(self, op: Op, error: Refusal | HandlerError, at: float) -> str:
        op.state = "failed"
        reason = self._said(error)
        verb, _ = _TOLD.get(op.action, ("UPDATE", "update"))
        resource = self.stack.resources.get(op.logical_id) or self._unresolved(op.logical_id)
        self._mark(resource, f"{verb}_FAILED", at, reason, properties=json.dumps(resource.shown))
        return reason
