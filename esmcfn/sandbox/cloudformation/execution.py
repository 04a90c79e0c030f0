"""Operations on stacks, one step at a time, driven by engine time.

An operation is data (`Execution`), so it survives a restart in the middle. `step` does everything that is due at one
moment and says when it wants to be called again; nothing waits and nothing sleeps.

    start -> forward -> cleanup -> done              create and update
                 \\-> rollback -> cleanup -> done     ... or paused in *_FAILED
    start -> delete -> done
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

from esmcfn.sandbox.cloudformation import actual
from esmcfn.sandbox.cloudformation.changes import creation_order, differences
from esmcfn.sandbox.cloudformation.model import STACK_TYPE, Op, Resource
from esmcfn.sandbox.cloudformation.outputs import resolve_outputs
from esmcfn.sandbox.cloudformation.rolling import RollingBack
from esmcfn.sandbox.refusal import Refusal
from esmcfn.sandbox.resources import HANDLERS
from esmcfn.sandbox.resources.base import HandlerError, NotYet


class Engine(RollingBack):
    """Runs the operation of one stack."""

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
        present = self.stack.present
        for logical_id in creation_order(self.template):
            if logical_id in included:
                new = "import" if logical_id in self.run.imports else "create"
                action = "update" if logical_id in present else new
                self.run.ops.append(Op(logical_id=logical_id, action=action))
        self.run.phase = "forward"
        self._forward(at)

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

    def _begin_op(self, op: Op, at: float) -> str:
        """Start one resource; returns the reason when it fails at once."""
        self.run.resource_number += 1
        try:
            if op.action == "import":
                self._import(op, at)
            elif op.action == "create":
                self._create(op, at, None)
            else:
                self._update(op, at)
        except NotYet:
            busy = HandlerError("ResourceConflict", f"{op.logical_id} is being changed by somebody else.")
            return self._op_failed(op, busy, at)
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
        self._mark(resource, f"{verb}_IN_PROGRESS", at, reason if old else "", properties=properties, physical="")
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
        nested = old.resource_type == STACK_TYPE and self.run.kind != "import"  # its template may have changed
        if (new.properties, new.tags) == (old.properties, old.tags) and not reverting and not nested:
            old.metadata, old.depends_on = new.metadata, new.depends_on
            old.deletion_policy, old.update_replace_policy = new.deletion_policy, new.update_replace_policy
            old.skipped = False
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
            outcome = actual.revert(self, old, new, at)
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
            resource.attributes = dict(HANDLERS[resource.resource_type].settled(self.request(resource, at)))
        if op.action == "import":
            return self._imported(op, resource, at)
        op.state = "done"
        status = "CREATE_COMPLETE" if op.action == "create" else "UPDATE_COMPLETE"
        self._mark(resource, status, at, properties=json.dumps(resource.shown))
        return ""

    def _imported(self, op: Op, resource: Resource, at: float) -> str:
        """End an import; the stack's tags are then put on what was imported, which else stays as it is."""
        shown, op.state = json.dumps(resource.shown), "done"
        self._mark(resource, "IMPORT_COMPLETE", at, "Resource import completed.", properties=shown)
        if not resource.tags:
            return ""
        op.state, op.action = "running", "modify"
        reason = "Apply stack-level tags to imported resource if applicable."
        self._mark(resource, "UPDATE_IN_PROGRESS", at, reason, properties=shown)
        request, handler = self.request(resource, at), HANDLERS[resource.resource_type]
        try:
            actual = handler.read(request)
            tagged = replace(request, properties=actual, previous=actual, previous_tags={})
            self._wait(op, resource, handler.update(tagged), at)
        except (Refusal, HandlerError) as error:
            return self._op_failed(op, error, at)
        return ""

    def _succeed(self, at: float) -> None:
        stack, run = self.stack, self.run
        try:
            stack.outputs = resolve_outputs(self.service, stack, self.scope(), self.template)
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
