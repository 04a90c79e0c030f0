"""AWS::CloudFormation::Stack: a stack inside a stack."""

from __future__ import annotations

from collections.abc import Mapping

from esmcfn.sandbox.cloudformation.model import STACK_TYPE, Stack
from esmcfn.sandbox.resources.base import Handler, Outcome, Progress, Request


class NestedStack(Handler):
    """AWS::CloudFormation::Stack: its attributes are the outputs of the nested stack, Outputs.Name."""

    resource_type = STACK_TYPE
    supported = frozenset({"NotificationARNs", "Parameters", "Tags", "TemplateURL"})

    def create(self, request: Request) -> Outcome:
        return _outcome(request.stacks.nested.create(request), pending=True)

    def update(self, request: Request) -> Outcome:
        stack, pending = request.stacks.nested.update(request)
        return _outcome(stack, pending=pending)

    def delete(self, request: Request) -> None:
        request.stacks.nested.delete(request)

    def progress(self, request: Request) -> Progress:
        return request.stacks.nested.progress(request)

    def deleted(self, request: Request) -> Progress:
        return request.stacks.nested.deleted(request)

    def settled(self, request: Request) -> Mapping[str, str]:
        return _outcome(request.stacks.nested.child(request), pending=False).attributes

    def restore(self, request: Request) -> None:
        """Nothing: a nested stack is on disk like any other."""


def _outcome(stack: Stack, *, pending: bool) -> Outcome:
    outputs = {f"Outputs.{output['OutputKey']}": output["OutputValue"] for output in stack.outputs}
    return Outcome(physical_id=stack.id, attributes=outputs, pending=pending)


HANDLERS: tuple[Handler, ...] = (NestedStack(),)
