"""CancelUpdateStack, ContinueUpdateRollback, RollbackStack: the ways out of a failed operation."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from esmcfn.sandbox.cloudformation import requests
from esmcfn.sandbox.cloudformation.execution import Engine
from esmcfn.sandbox.cloudformation.model import STACK_TYPE, Stack
from esmcfn.sandbox.cloudformation.service import CloudFormation
from esmcfn.sandbox.refusal import invalid
from esmcfn.sandbox.state import Json
from esmcfn.sandbox.wire import Call, Operation


class Recovery:
    """The recovery operations."""

    def __init__(self, service: CloudFormation) -> None:
        self.service = service
        self.world = service.world

    @property
    def operations(self) -> dict[str, Operation]:
        """Operation name to function."""
        return {
            "CancelUpdateStack": self.cancel,
            "ContinueUpdateRollback": self.proceed,
            "RollbackStack": self.roll_back,
        }

    def cancel(self, call: Call) -> Json:
        """CancelUpdateStack: what is under way is given up, and rolled back."""
        stack, token = self._stack(call), call.parameters.get("ClientRequestToken", "")
        requests.check_token(stack, token)
        if stack.status != "UPDATE_IN_PROGRESS":
            raise invalid(f"CancelUpdateStack cannot be called from current stack status {stack.status}")
        stack.remember()
        if token:
            stack.running.token = token
            stack.used_tokens.append(token)
        Engine(self.service, stack).cancel(self.world.clock.now())
        self.service.save(stack)
        return {}

    def proceed(self, call: Call) -> Json:
        """ContinueUpdateRollback: try again, leaving out resources that cannot be brought back."""
        given, stack = call.parameters, self._stack(call)
        requests.check_token(stack, given.get("ClientRequestToken", ""))
        if stack.status != "UPDATE_ROLLBACK_FAILED":
            raise invalid(f"Stack:{stack.id} is in {stack.status} state and can not continue a rollback.")
        skip = list(given.get("ResourcesToSkip", ()))
        if given.get("ForceRollback") and skip:
            raise invalid("ForceRollback and ResourcesToSkip cannot be used together")
        failed = list(self._failed(stack))
        strange = [name for name in skip if name not in failed]
        if strange:
            raise invalid(f"Resources [{', '.join(strange)}] are not in UPDATE_FAILED state and can not be skipped")
        if given.get("ForceRollback"):
            skip = failed
        requests.take_role(stack, given)
        self._renew(stack, given.get("ClientRequestToken", ""), "CONTINUE_ROLLBACK")
        Engine(self.service, stack).proceed(skip, self.world.clock.now())
        self.service.save(stack)
        return {}

    def roll_back(self, call: Call) -> Json:
        """RollbackStack: from an operation that was told not to roll back."""
        given, stack = call.parameters, self._stack(call)
        token = given.get("ClientRequestToken", "")
        requests.check_token(stack, token)
        requests.refuse_unsupported(given, ())
        if stack.status not in ("CREATE_FAILED", "UPDATE_FAILED") or stack.execution is None:
            raise invalid(f"Stack:{stack.id} is in {stack.status} state and can not be rolled back.")
        requests.take_role(stack, given)
        self._renew(stack, token, "ROLLBACK")
        if not stack.execution.before:
            stack.execution.kind = "create"  # no stable state to return to: everything goes
        Engine(self.service, stack).begin_rollback(self.world.clock.now())
        self.service.save(stack)
        return {"StackId": stack.id, "OperationId": stack.execution.operation_id}

    def _failed(self, stack: Stack, prefix: str = "") -> Iterator[str]:
        """Yield what may be left out: what a rollback could not bring back, here and as NestedStackName.LogicalId.

        A nested stack as a whole is left out only where it is being deleted, or was.
        """
        for logical_id in stack.execution.failed_ids if stack.execution else ():
            resource = stack.resources[logical_id]
            child = self.service.stacks.get(resource.physical_id) if resource.resource_type == STACK_TYPE else None
            if child is None or child.status.startswith("DELETE_"):
                yield prefix + logical_id
            else:
                yield from self._failed(child, f"{child.name}.")

    def _renew(self, stack: Stack, token: str, kind: str) -> None:
        stack.remember()
        stack.running.token, stack.running.operation_type = token, kind
        stack.running.operation_id = str(uuid.uuid4())
        stack.last_operations = [{"OperationType": kind, "OperationId": stack.running.operation_id}]
        if token:
            stack.used_tokens.append(token)

    def _stack(self, call: Call) -> Stack:
        stack = self.service.must_find(call.region, call.parameters["StackName"], "Stack [{}] does not exist")
        requests.refuse_nested(stack)
        return stack
