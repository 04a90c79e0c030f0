"""The steps of executing one stack: its reviewed change set, or what goes first and then one that is asked for now."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from esmcfn import plan
from esmcfn.domain.deployed import DeployedStack
from esmcfn.domain.deployment import Execution
from esmcfn.domain.plan import Plan, StackAction, StackPlan
from esmcfn.domain.stack import ModelStack, Stack
from esmcfn.domain.template import Template
from esmcfn.errors import (
    CloudError,
    DeploymentError,
    EsmcfnError,
    Interrupted,
    LostSight,
    NotBegun,
    StackBusyError,
    StalePlanError,
)
from esmcfn.ports import Cloud, Heard
from esmcfn.template import synthesize, without

NOTHING = Execution(status=None)
"""There is nothing that CloudFormation could be asked for: only a setting of the stack changes, or nothing does."""


class Terms(Struct, frozen=True, kw_only=True):
    """How a plan is executed.

    Attributes:
        again: the command that goes on from where this one is stopped, waiting for what CloudFormation still does.
        within: seconds that one stack may take; CloudFormation itself lets an endpoint's update take 970 minutes.
        discard_others: execute although that deletes other people's change sets.
    """

    again: str = "esmcfn deploy --wait-for-stack 30m"
    within: float = 61_200.0
    discard_others: bool = False


class Steps:
    """What executing each stack of a plan takes."""

    def __init__(self, made: Plan, stacks: Mapping[str, Stack], *, cloud: Cloud, terms: Terms) -> None:
        self._made, self._stacks, self._cloud, self._terms = made, stacks, cloud, terms

    def execute(self, stack: StackPlan, heard: Heard) -> Execution:
        """Take the steps of one stack, in order; the first that fails is the last.

        Raises:
            StackBusyError: somebody else's change set would be deleted.
            DeploymentError: there is nothing that could be executed.
            CloudError: AWS refused, or it was lost sight of.
        """
        operations, within = self._cloud.operations, self._terms.within
        if stack.action is StackAction.DELETE:
            assert stack.stack_id is not None  # noqa: S101 - only a deployed stack is planned to go
            if stack.protection is False:
                self.protect(stack, False)
            return operations.delete(stack.stack_id, heard, within=within)
        if stack.in_the_way:
            removed = operations.delete(stack.in_the_way, heard, within=within)
            return (
                self._second(synthesize(self._stacks[stack.name]), heard, anew=True) if removed.succeeded else removed
            )
        if stack.stack_id:
            self._respect_others(stack.stack_id, stack.name)
        if stack.delete_first:
            parked = self._proposed(synthesize(_parked(self._stacks[stack.name])), heard)
            return self._second(synthesize(self._stacks[stack.name]), heard) if parked.succeeded else parked
        if stack.unscale_first:
            unscaled = self._unscaled(stack, heard)
            return self._second(synthesize(self._stacks[stack.name]), heard) if unscaled.succeeded else unscaled
        if stack.change_set_id is None or stack.stack_id is None:
            if stack.protection is not None:
                return NOTHING
            raise DeploymentError(
                f"{stack.name}: {'; '.join(stack.notes)}",
                next_step=f"esmcfn deploy {self._made.environment} --recover shows and takes the way out",
            )
        try:
            return operations.execute(stack.change_set_id, stack.stack_id, heard, within=within)
        except StalePlanError as error:
            raise self._overtaken(stack, stack.stack_id) or error from error

    def _overtaken(self, stack: StackPlan, stack_id: str) -> StackBusyError | None:
        """Who deployed the stack after it was planned, and so removed our change set; None where nobody did."""
        try:
            there = self._deployed(self._stacks[stack.name])
        except CloudError:  # that the change set is gone is known, and is the news
            return None
        if there is None and stack.action is StackAction.CREATE:
            return None
        if there is not None and there.updated_at == stack.updated_at:
            return None
        try:
            held = self._cloud.stacks.holder(stack_id)
        except CloudError:
            held = ""
        done = "deployed" if there else "deleted"
        return StackBusyError(
            f"{stack.name}: somebody else {done} it after this was planned" + (f": {held}" if held else ""),
            next_step=f"esmcfn plan {self._made.environment} shows what is still to do",
        )

    def _unscaled(self, stack: StackPlan, heard: Heard) -> Execution:
        """What is deployed, without what scales it."""
        wanted = self._stacks[stack.name]
        there = self._deployed(wanted)
        body = self._cloud.stacks.template(there) if there else None
        if body is None:
            return NOTHING
        return self._proposed(without(wanted, body, plan.SCALING), heard)

    def _deployed(self, stack: Stack) -> DeployedStack | None:
        there = self._cloud.stacks.deployed(base_name=stack.name, environment=stack.environment)
        return next((found for found in there if found.name == stack.name), None)

    def _second(self, template: Template, heard: Heard, *, anew: bool = False) -> Execution:
        """The second of two steps: a stack that is stopped before it is not as it was, and so has been begun."""
        try:
            return self._proposed(template, heard, anew=anew)
        except NotBegun as stop:
            raise Interrupted(stop.message, exit_code=stop.exit_code) from None

    def _proposed(self, template: Template, heard: Heard, *, anew: bool = False) -> Execution:
        """Ask for a stack that the plan could not ask for, since something else had to go first; and execute it."""
        stacks = self._cloud.stacks
        there = None if anew else self._deployed(template.stack)
        proposed = stacks.propose(template, there, revert=self._made.reverts)
        if proposed.empty:
            stacks.discard(proposed)
            return NOTHING
        try:
            return self._cloud.operations.execute(proposed.arn, proposed.stack_id, heard, within=self._terms.within)
        except (LostSight, Interrupted) as error:
            if isinstance(error, NotBegun):
                stacks.discard(proposed)
            raise
        except EsmcfnError:
            stacks.discard(proposed)
            raise

    def _respect_others(self, stack_id: str, name: str) -> None:
        others = () if self._terms.discard_others else self._cloud.stacks.others(stack_id)
        if others:
            raise StackBusyError(
                f"{name}: {', '.join(others)} of somebody else stands on this stack, and executing would delete it",
                next_step="have it executed or deleted; --discard-others executes all the same",
            )

    def protect(self, stack: StackPlan, on: bool) -> None:
        """Switch a deployed stack's termination protection."""
        if stack.stack_id:
            self._cloud.operations.protect(stack.stack_id, on)


def _parked(stack: Stack) -> Stack:
    """The same stack without its endpoint."""
    return replace(stack, parked=True) if isinstance(stack, ModelStack) else stack
