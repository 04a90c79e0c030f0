"""Operations on stacks, one step at a time, driven by engine time.

An operation is data (`Execution`), so it survives a restart in the middle. `step` does everything that is due at one
moment and says when it wants to be called again; nothing waits and nothing sleeps.

    start -> forward -> cleanup -> done              create and update
                 \\-> rollback -> cleanup -> done     ... or paused in *_FAILED
    start -> delete -> done
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from esmcfn.sandbox.cloudformation import schema
from esmcfn.sandbox.cloudformation.changes import MASK, creation_order, differences, masked
from esmcfn.sandbox.cloudformation.language import Place, Scope, parameter_values
from esmcfn.sandbox.cloudformation.model import STACK_TYPE, Event, Execution, Op, Resource, Stack
from esmcfn.sandbox.cloudformation.outputs import export_in_use, resolve_outputs
from esmcfn.sandbox.cloudformation.template import Template, parse
from esmcfn.sandbox.refusal import Refusal
from esmcfn.sandbox.resources import HANDLERS
from esmcfn.sandbox.resources.base import HandlerError, NotYet, Outcome, Progress, Request

if TYPE_CHECKING:
    from esmcfn.sandbox.world import World

NEVER = float("inf")
CLEANUP_TRIES = 3
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html: cleanup is tried three times"""


class Live:
    """Ref and GetAtt of the resources a stack has now."""

    def __init__(self, stack: Stack, *, hide_secrets: bool = False) -> None:
        self._stack = stack
        self._hide = hide_secrets

    def ref(self, logical_id: str) -> str:
        """Return the physical id."""
        return self._stack.resources[logical_id].physical_id

    def attribute(self, logical_id: str, name: str) -> str:
        """Return an attribute, masked where it is a secret."""
        resource = self._stack.resources[logical_id]
        if self._hide and name in HANDLERS[resource.resource_type].secret_attributes:
            return MASK
        return resource.attributes[name]


class Engine:
    """Runs the operation of one stack."""

    def __init__(self, world: World, stack: Stack) -> None:
        self.world = world
        self.stack = stack

    @property
    def run(self) -> Execution:
        """The operation under way."""
        assert self.stack.execution is not None
        return self.stack.execution

    @property
    def template(self) -> Template:
        """What the stack is being brought to."""
        return parse(self.stack.revision.body)

    # Beginning

    def begin(self, execution: Execution, status: str, reason: str, at: float) -> None:
        """Start an operation: the stack's IN_PROGRESS event, and the first step a moment later."""
        self.stack.execution = execution
        execution.wake_at = at + self.world.pace.stack_seconds
        self.stack.last_operations = [
            {"OperationType": execution.operation_type, "OperationId": execution.operation_id}
        ]
        if execution.token:
            self.stack.used_tokens.append(execution.token)
        self.set_status(status, at, reason)

    def set_status(self, status: str, at: float, reason: str = "") -> None:
        """Give the stack a status, with its event."""
        self.stack.status, self.stack.reason = status, reason
        self.emit(self.stack.name, self.stack.id, STACK_TYPE, status, at, reason)

    def emit(
        self,
        logical_id: str,
        physical_id: str,
        kind: str,
        status: str,
        at: float,
        reason: str = "",
        *,
        properties: str = "",
    ) -> None:
        """Append an event."""
        execution = self.stack.execution
        self.stack.events.append(
            Event(
                id=str(uuid.uuid4()) if kind == STACK_TYPE else f"{logical_id}-{status}-{uuid.uuid4()}",
                at=at,
                logical_id=logical_id,
                physical_id=physical_id,
                resource_type=kind,
                status=status,
                reason=reason,
                properties=properties,
                token=execution.token if execution else "",
                operation_id=execution.operation_id if execution else "",
                operation_type=execution.operation_type if execution else "",
            )
        )

    # Stepping

    def step(self, at: float) -> None:
        """Do what is due at a moment of engine time."""
        phases: dict[str, Callable[[float], None]] = {
            "start": self._start,
            "forward": self._forward,
            "rollback": self._rollback,
            "cleanup": self._cleanup,
            "delete": self._delete,
        }
        phases[self.run.phase](at)

    def _start(self, at: float) -> None:
        if self.run.kind == "delete":
            self._plan_deletion()
            self.run.phase = "delete"
            self._delete(at)
            return
        included = {name for name, item in self.template.resources.items() if self.scope().included(item)}
        for logical_id in creation_order(self.template):
            if logical_id in included:
                action = "update" if logical_id in self.stack.resources else "create"
                action = "import" if logical_id in self.run.imports else action
                self.run.ops.append(Op(logical_id=logical_id, action=action))
        self.run.phase = "forward"
        self._forward(at)

    def scope(self, *, shown: bool = False) -> Scope:
        """Return what the template's values may refer to, now."""
        stack, template = self.stack, self.template
        return Scope(
            template=template,
            place=self.place(),
            parameters=parameter_values(template, stack.revision.parameters, masked=shown),
            resources=Live(stack, hide_secrets=shown),
            exports=lambda name: self.world.cloudformation.export(stack.region, name),
        )

    def place(self) -> Place:
        """The stack's pseudo parameters."""
        return Place(
            account=self.world.account,
            region=self.stack.region,
            stack_name=self.stack.name,
            stack_id=self.stack.id,
            notification_arns=tuple(self.stack.revision.notification_arns),
        )

    # Forward

    def _forward(self, at: float) -> None:
        failed: list[str] = []
        for op in self._due(self.run.ops, at):
            reason = self._look(op, at)
            if reason:
                failed.append(op.logical_id)
        done = {op.logical_id for op in self.run.ops if op.state == "done"}
        waiting = {op.logical_id for op in self.run.ops if op.state != "done"}
        for op in [op for op in self.run.ops if op.state == "waiting"]:
            needs = set(self.template.references(op.logical_id)) & (waiting | done)
            if not failed and needs <= done:
                reason = self._begin_op(op, at)
                if reason:
                    failed.append(op.logical_id)
                elif op.state == "done":
                    done.add(op.logical_id)
        if failed:
            self._fail(failed, at)
        elif all(op.state == "done" for op in self.run.ops):
            self._succeed(at)
        else:
            self._sleep(self.run.ops, at)

    def _due(self, ops: Iterable[Op], at: float) -> list[Op]:
        return [op for op in ops if op.state == "running" and op.until <= at]

    def _sleep(self, ops: Iterable[Op], at: float) -> None:
        running = [op.until for op in ops if op.state == "running"]
        self.run.wake_at = min(running) if running else at + self.world.pace.resource_seconds

    def _begin_op(self, op: Op, at: float) -> str:
        """Start one resource; returns the reason when it fails at once."""
        self.run.resource_number += 1
        try:
            if op.action == "import":
                self._import(op, at)
            elif op.action == "create":
                self._create(op, at, self.stack.resources.get(op.logical_id))
            else:
                self._update(op, at)
        except (Refusal, HandlerError) as error:
            return self._op_failed(op, error, at)
        return ""

    def _create(self, op: Op, at: float, old: Resource | None) -> None:
        """Make a resource, new or in place of an old one."""
        verb = "UPDATE" if old is not None else "CREATE"
        resource = self._declared(op.logical_id)
        reason = "Requested update requires the creation of a new physical resource; hence creating one."
        properties = json.dumps(resource.shown)
        op.state = "running"
        self._mark(
            resource, f"{verb}_IN_PROGRESS", at, reason if old else "", properties=properties, physical=""
        )
        if old is None:
            self.stack.resources[op.logical_id] = resource
        else:
            op.action = "replace"
            self._check_replacement(old, resource)
        self._fault(resource, "create")
        outcome = HANDLERS[resource.resource_type].create(self.request(resource, at))
        if old is not None:
            self.run.doomed.append(old)
            self.stack.resources[op.logical_id] = resource
        self._adopt(resource, outcome)
        self._mark(resource, f"{verb}_IN_PROGRESS", at, "Resource creation Initiated", properties=properties)
        self._wait(op, resource, outcome, at)

    def _update(self, op: Op, at: float) -> None:
        old = self.stack.resources[op.logical_id]
        new = self._declared(op.logical_id)
        reverting = op.logical_id in self.run.revert
        if (new.properties, new.tags) == (old.properties, old.tags) and not reverting:
            old.metadata, old.depends_on = new.metadata, new.depends_on
            old.deletion_policy, old.update_replace_policy = new.deletion_policy, new.update_replace_policy
            op.state = "done"
            return
        kind = self._schema(old.resource_type)
        changed = [path for path, _, _ in differences(old.properties, new.properties, "")]
        if any(kind.recreation(path) == "Always" for path in changed):
            self._create(op, at, old)
            return
        op.state, op.action = "running", "modify"
        new.physical_id, new.attributes = old.physical_id, dict(old.attributes)
        self._mark(new, "UPDATE_IN_PROGRESS", at, properties=json.dumps(new.shown))
        self._fault(new, "update")
        handler = HANDLERS[new.resource_type]
        if reverting:
            outcome = self.world.cloudformation.drift.revert(self, old, new, at)
        else:
            outcome = handler.update(self.request(new, at, previous=old))
        self.stack.resources[op.logical_id] = new
        self._adopt(new, outcome)
        self._wait(op, new, outcome, at)

    def _import(self, op: Op, at: float) -> None:
        resource = self._declared(op.logical_id)
        op.state = "running"
        self._mark(resource, "IMPORT_IN_PROGRESS", at, "Resource import started.", physical="")
        request = self.request(resource, at)
        outcome = HANDLERS[resource.resource_type].find(self.run.imports[op.logical_id], request)
        self.stack.resources[op.logical_id] = resource
        self._adopt(resource, outcome)
        op.physical_id, op.until = outcome.physical_id, at + self.world.pace.resource_seconds

    def _check_replacement(self, old: Resource, new: Resource) -> None:
        handler = HANDLERS[new.resource_type]
        if self.run.disable_rollback:
            raise HandlerError("", "Replacement type updates not supported on stack with disable-rollback.")
        name = new.properties.get(handler.name_property) if handler.name_property else None
        if name is None or handler.name_clash_is_the_services:
            return
        if name == old.properties.get(handler.name_property):
            raise HandlerError(
                "",
                "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
                f"Rename {name} and update the stack again.",
            )

    def _wait(self, op: Op, resource: Resource, outcome: Outcome, at: float) -> None:
        op.physical_id, op.pending = outcome.physical_id, outcome.pending
        op.until = at + self.world.pace.resource_seconds
        if outcome.pending:
            progress = HANDLERS[resource.resource_type].progress(self.request(resource, at))
            op.until = max(op.until, progress.until)

    def _look(self, op: Op, at: float) -> str:
        """Look at a running resource; returns the reason when it failed."""
        resource = self.stack.resources[op.logical_id]
        if op.pending:
            try:
                progress = HANDLERS[resource.resource_type].progress(self.request(resource, at))
            except (Refusal, HandlerError) as error:
                return self._op_failed(op, error, at)
            if not progress.done:
                op.until = max(progress.until, at + self.world.pace.resource_seconds)
                return ""
        op.state = "done"
        status = {"create": "CREATE_COMPLETE", "import": "IMPORT_COMPLETE"}.get(op.action, "UPDATE_COMPLETE")
        self._mark(resource, status, at, properties=json.dumps(resource.shown))
        return ""

    def _op_failed(self, op: Op, error: Refusal | HandlerError, at: float) -> str:
        op.state = "failed"
        if isinstance(error, Refusal):
            error = HandlerError.of(error)
        reason = error.message
        if error.code:
            reason = (
                f'Resource handler returned message: "{error.message}" '
                f"(RequestToken: {uuid.uuid4()}, HandlerErrorCode: {error.code})"
            )
        verb = {"create": "CREATE", "import": "IMPORT"}.get(op.action, "UPDATE")
        resource = self.stack.resources.get(op.logical_id) or self._declared(op.logical_id)
        self._mark(resource, f"{verb}_FAILED", at, reason, properties=json.dumps(resource.shown))
        return reason

    def _fault(self, resource: Resource, operation: str) -> None:
        fault = self.world.faults.strike_handler(
            operation,
            logical_id=resource.logical_id,
            resource_type=resource.resource_type,
            number=str(self.run.resource_number),
        )
        if fault is not None:
            raise HandlerError(
                str(fault.options.get("code", "GeneralServiceException")),
                str(fault.options.get("message", f"The sandbox was asked to fail {resource.logical_id}.")),
            )

    def _succeed(self, at: float) -> None:
        stack, run = self.stack, self.run
        try:
            stack.outputs = resolve_outputs(self.world.cloudformation, stack, self.scope(), self.template)
        except Refusal as refusal:
            self._fail([], at, refusal.message)
            return
        stack.description = self.template.description
        kept = {op.logical_id for op in run.ops}
        for logical_id in [name for name in stack.resources if name not in kept]:
            run.doomed.append(stack.resources.pop(logical_id))
        if run.kind == "create":
            self._finish("CREATE_COMPLETE", at)
        elif run.kind == "import":
            self._finish("IMPORT_COMPLETE", at)
        else:
            self.set_status("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", at)
            self._begin_cleanup(at)

    # Failing

    def _fail(self, failed: list[str], at: float, reason: str = "") -> None:
        run, stack = self.run, self.stack
        for op in run.ops:
            if op.state == "running":
                op.state = "cancelled"
                verb = "CREATE" if op.action == "create" else "UPDATE"
                word = "creation" if op.action == "create" else "update"
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
        creating = [
            op for op in self.run.ops if op.state in ("failed", "cancelled") and op.action == "create"
        ]
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

    def begin_rollback(self, at: float) -> None:
        """Turn round: what was done is undone, in the opposite order."""
        run = self.run
        run.phase, run.wake_at = "rollback", at + self.world.pace.stack_seconds
        if run.kind == "create":
            self.set_status("ROLLBACK_IN_PROGRESS", at, f"{run.reason} Rollback requested by user.")
            self._plan_deletion()
            return
        status = "IMPORT_ROLLBACK_IN_PROGRESS" if run.kind == "import" else "UPDATE_ROLLBACK_IN_PROGRESS"
        self.set_status(status, at, run.reason)
        self._plan_restoration()

    def _plan_restoration(self) -> None:
        """Put the old resources back; those that were changed in place are updated again."""
        run, stack = self.run, self.stack
        assert run.previous is not None
        touched = {op.logical_id: op for op in run.ops if op.state in ("done", "failed", "cancelled")}
        run.cleanup_ops = []
        for logical_id, resource in list(stack.resources.items()):
            before = run.before.get(logical_id)
            if before is None:
                if run.kind != "import" and resource.physical_id:
                    run.doomed.append(resource)
                del stack.resources[logical_id]
            elif before.physical_id != resource.physical_id:
                run.doomed = [item for item in run.doomed if item.physical_id != before.physical_id]
                run.doomed.append(resource)
                stack.resources[logical_id] = before
        run.doomed = [item for item in run.doomed if item.physical_id and item not in run.before.values()]
        for logical_id, before in run.before.items():
            op = touched.get(logical_id)
            live = stack.resources.setdefault(logical_id, before)
            if op is not None and op.action == "modify" and live.physical_id == before.physical_id:
                run.cleanup_ops.append(
                    Op(logical_id=logical_id, action="restore", physical_id=before.physical_id)
                )
        run.cleanup_ops.reverse()

    def cancel(self, at: float) -> None:
        """Give up an update that is under way."""
        self.run.reason = "User Initiated"
        self._fail([], at, "User Initiated")

    def proceed(self, skip: list[str], at: float) -> None:
        """Go on with a rollback that failed, leaving out some resources."""
        for op in self.run.cleanup_ops:
            if op.state == "failed":
                op.state = "done" if op.logical_id in skip else "waiting"
        self.run.skip += skip
        self.run.phase, self.run.wake_at = "rollback", at + self.world.pace.stack_seconds
        self.set_status("UPDATE_ROLLBACK_IN_PROGRESS", at, "User Initiated")

    # Backward

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
        assert run.previous is not None
        self.stack.revision = run.previous
        if run.kind == "import":
            self._finish("IMPORT_ROLLBACK_COMPLETE", at)
            return
        self.set_status("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", at)
        self._begin_cleanup(at)

    def _restore(self, op: Op, at: float) -> None:
        before, live = self.run.before[op.logical_id], self.stack.resources[op.logical_id]
        op.state = "running"
        self._mark(before, "UPDATE_IN_PROGRESS", at, properties=json.dumps(before.shown))
        try:
            if self.world.faults.strike("rollback", logical_id=op.logical_id):
                raise HandlerError("GeneralServiceException", "The sandbox was asked to fail this rollback.")
            outcome = HANDLERS[before.resource_type].update(self.request(before, at, previous=live))
        except (Refusal, HandlerError) as error:
            self._op_failed(op, error, at)
            return
        self._adopt(before, outcome)
        self.stack.resources[op.logical_id] = before
        self._wait(op, before, outcome, at)

    def _restored(self, op: Op, at: float) -> None:
        resource = self.stack.resources[op.logical_id]
        if op.pending:
            try:
                progress = HANDLERS[resource.resource_type].progress(self.request(resource, at))
            except (Refusal, HandlerError) as error:
                self._op_failed(op, error, at)
                return
            if not progress.done:
                op.until = max(progress.until, at + self.world.pace.resource_seconds)
                return
        op.state = "done"
        self._mark(resource, "UPDATE_COMPLETE", at, properties=json.dumps(resource.shown))

    # Deleting

    def _begin_cleanup(self, at: float) -> None:
        run = self.run
        run.cleanup_ops = [
            Op(logical_id=item.logical_id, action="delete", physical_id=item.physical_id)
            for item in run.doomed
        ]
        run.phase, run.wake_at = "cleanup", at + self.world.pace.stack_seconds

    def _cleanup(self, at: float) -> None:
        rolled_back = self.stack.status.startswith("UPDATE_ROLLBACK")
        self._deletions(at, self.run.doomed, replaced=True, rollback=rolled_back)
        if any(op.state in ("waiting", "running") for op in self.run.cleanup_ops):
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
            self.stack.resources, self.stack.change_sets = {}, {}
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
        blocked = {
            need
            for op in ops
            if op.state in ("waiting", "running", "failed")
            for need in by_id[op.logical_id, op.physical_id].depends_on
        }
        for op in [op for op in ops if op.state == "waiting"]:
            if op.logical_id not in blocked:
                resource = by_id[op.logical_id, op.physical_id]
                self._delete_one(op, resource, at, replaced=replaced, rollback=rollback)
        if not any(op.state == "running" for op in ops):
            for op in ops:  # what waits for something that could not be deleted is not tried
                op.state = "failed" if op.state == "waiting" and op.logical_id in blocked else op.state
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
        reason = (
            f'Resource handler returned message: "{error.message}" '
            f"(RequestToken: {uuid.uuid4()}, HandlerErrorCode: {error.code})"
        )
        self._mark(resource, "DELETE_FAILED", at, reason)
        again = self.run.phase == "cleanup" and op.tries < CLEANUP_TRIES
        op.state = "waiting" if again else "failed"

    def _deleted(self, op: Op, resource: Resource, at: float) -> None:
        if op.pending:  # it could not be deleted before; now it can
            op.pending, op.state = False, "waiting"
            return
        progress: Progress = HANDLERS[resource.resource_type].deleted(self.request(resource, at))
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
            return resource.deletion_policy == "Retain" and not replaced
        return resource.deletion_policy in ("Retain", "RetainExceptOnCreate")

    # Ending and helping

    def _finish(self, status: str, at: float, reason: str = "") -> None:
        self.set_status(status, at, reason)
        self.world.cloudformation.executed(self.stack, succeeded=status in _SUCCESS)
        self.stack.execution = None

    def request(self, resource: Resource, at: float, *, previous: Resource | None = None) -> Request:
        """Return what a handler gets for a resource."""
        return Request(
            world=self.world,
            region=self.stack.region,
            stack_name=self.stack.name,
            stack_id=self.stack.id,
            logical_id=resource.logical_id,
            properties=resource.properties,
            tags=self._tags(resource, resource.tags),
            previous=previous.properties if previous else {},
            previous_tags=self._tags(previous, previous.tags) if previous else {},
            physical_id=resource.physical_id,
            attributes=resource.attributes,
            at=at,
            serial=len(self.stack.events),
        )

    def _tags(self, resource: Resource, tags: dict[str, str]) -> dict[str, str]:
        kind = self._schema(resource.resource_type)
        if not kind.tag_property:
            return {}
        if not kind.system_tags:
            return dict(tags)
        return {
            **tags,
            "aws:cloudformation:stack-name": self.stack.name,
            "aws:cloudformation:stack-id": self.stack.id,
            "aws:cloudformation:logical-id": resource.logical_id,
        }

    def _declared(self, logical_id: str) -> Resource:
        """Return a resource as the template declares it, with everything resolved."""
        template = self.template
        declaration = template.resources[logical_id]
        kind = self._schema(declaration["Type"])
        raw = declaration.get("Properties", {})
        shown = schema.coerced(kind, self.scope(shown=True).resolve(raw))
        return Resource(
            logical_id=logical_id,
            resource_type=declaration["Type"],
            physical_id="",
            properties=schema.coerced(kind, self.scope().resolve(raw)),
            shown=masked(declaration["Type"], shown),
            tags=dict(self.stack.revision.tags) if kind.tag_property else {},
            depends_on=[name for name in template.references(logical_id)],
            metadata=declaration.get("Metadata"),
            deletion_policy=declaration.get("DeletionPolicy", "Delete"),
            update_replace_policy=declaration.get("UpdateReplacePolicy", "Delete"),
        )

    def _schema(self, resource_type: str) -> schema.TypeSchema:
        found = schema.load(resource_type, self.stack.region)
        assert found is not None
        return found

    def _adopt(self, resource: Resource, outcome: Outcome) -> None:
        resource.physical_id, resource.attributes = outcome.physical_id, dict(outcome.attributes)

    def _mark(
        self,
        resource: Resource,
        status: str,
        at: float,
        reason: str = "",
        *,
        properties: str = "",
        physical: str | None = None,
    ) -> None:
        resource.status, resource.reason, resource.updated_at = status, reason, at
        physical_id = resource.physical_id if physical is None else physical
        self.emit(
            resource.logical_id,
            physical_id,
            resource.resource_type,
            status,
            at,
            reason,
            properties=properties,
        )


_SUCCESS = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"})


def deletion_blocked(world: World, stack: Stack) -> str:
    """Return why a stack may not be deleted: one of its exports is in use."""
    return export_in_use(world.cloudformation, stack, keep=set())
