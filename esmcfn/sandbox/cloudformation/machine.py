"""What every phase of an operation needs: events, resolved declarations, requests to handlers."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from esmcfn.sandbox.cloudformation import schema
from esmcfn.sandbox.cloudformation.changes import MASK, attribute_of, masked
from esmcfn.sandbox.cloudformation.language import Place, Scope, parameter_values
from esmcfn.sandbox.cloudformation.model import STACK_TYPE, Event, Execution, Op, Resource, Stack
from esmcfn.sandbox.cloudformation.registry import Registry
from esmcfn.sandbox.cloudformation.template import Template, parse
from esmcfn.sandbox.refusal import Refusal
from esmcfn.sandbox.resources import HANDLERS, tag_property
from esmcfn.sandbox.resources.base import HandlerError, Outcome, Request


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
        return attribute_of(resource, name)


class Machine:
    """The operation of one stack, without its phases."""

    def __init__(self, service: Registry, stack: Stack) -> None:
        self.service = service
        self.world = service.world
        self.stack = stack

    @property
    def run(self) -> Execution:
        """The operation under way."""
        return self.stack.running

    @property
    def template(self) -> Template:
        """What the stack is being brought to."""
        return parse(self.stack.revision.body)

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

    def scope(self, *, shown: bool = False) -> Scope:
        """Return what the template's values may refer to, now."""
        stack, template = self.stack, self.template
        return Scope(
            template=template,
            place=self.place(),
            parameters=parameter_values(template, stack.revision.parameters, masked=shown),
            resources=Live(stack, hide_secrets=shown),
            exports=lambda name: self.service.export(stack.region, name),
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

    def request(self, resource: Resource, at: float, *, previous: Resource | None = None) -> Request:
        """Return what a handler gets for a resource."""
        return Request(
            world=self.world,
            stacks=self.service,
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
        if not tag_property(kind):
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
            tags=dict(self.stack.revision.tags) if tag_property(kind) else {},
            depends_on=list(template.references(logical_id)),
            metadata=declaration.get("Metadata"),
            deletion_policy=declaration.get("DeletionPolicy", "Delete"),
            update_replace_policy=declaration.get("UpdateReplacePolicy", "Delete"),
        )

    def _unresolved(self, logical_id: str) -> Resource:
        """Return a resource of which not even the properties could be resolved."""
        return Resource(
            logical_id=logical_id, resource_type=self.template.resources[logical_id]["Type"], physical_id=""
        )

    def _schema(self, resource_type: str) -> schema.TypeSchema:
        return schema.must_load(resource_type, self.stack.region)

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

    def _said(self, error: Refusal | HandlerError) -> str:
        """Return a handler's failure as an event's reason."""
        if isinstance(error, Refusal):
            error = HandlerError.of(error)
        if not error.code:
            return error.message
        return (
            f'Resource handler returned message: "{error.message}" '
            f"(RequestToken: {uuid.uuid4()}, HandlerErrorCode: {error.code})"
        )

    def _due(self, ops: Iterable[Op], at: float) -> list[Op]:
        return [op for op in ops if op.state == "running" and op.until <= at]

    def _sleep(self, ops: Iterable[Op], at: float) -> None:
        running = [op.until for op in ops if op.state == "running"]
        self.run.wake_at = min(running) if running else at + self.world.pace.resource_seconds

    def _wait(self, op: Op, resource: Resource, outcome: Outcome, at: float) -> None:
        op.physical_id, op.pending = outcome.physical_id, outcome.pending
        op.until = at + self.world.pace.resource_seconds
        if outcome.pending:
            progress = HANDLERS[resource.resource_type].progress(self.request(resource, at))
            op.until = max(op.until, progress.until)

    def _finish(self, status: str, at: float, reason: str = "") -> None:
        self.set_status(status, at, reason)
        self.service.executed(self.stack, succeeded=status in _SUCCESS)
        self.stack.execution = None


_SUCCESS = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"})
