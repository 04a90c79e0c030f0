"""A key that went and one that came with the same selector: perhaps a renaming, and then nothing need go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from esmcfn import naming
from esmcfn.domain.plan import StackAction, StackPlan
from esmcfn.domain.stack import ModelStack, Selection


def renaming_noted(
    stacks: Sequence[StackPlan], selection: Selection, bodies: Mapping[str, Mapping[str, object] | None]
) -> list[StackPlan]:
    """The same stacks; each that goes while one like it comes says how the endpoint would stay.

    Args:
        bodies: stack name to the deployed template, of the stacks that go.
    """
    planned = {stack.name: stack.action for stack in stacks}
    coming = [model for model in selection.models if planned.get(model.name) is StackAction.CREATE]
    return [
        replace(stack, notes=(*stack.notes, *_notes(stack, selection, coming, bodies.get(stack.name))))
        for stack in stacks
    ]


def _notes(
    stack: StackPlan, selection: Selection, coming: Sequence[ModelStack], body: Mapping[str, object] | None
) -> Iterator[str]:
    if stack.action is not StackAction.DELETE or stack.model is None or body is None:
        return
    described = str(body.get("Description", ""))
    for model in coming:
        if described.startswith(f"{model.selector} as "):
            place = model.origins.at
            yield (
                f"if {stack.model} is now called {model.model}, say `moved_from: {_named_by(stack, selection)}` "
                f"under {model.model} ({place.path}:{place.line}) and the endpoint stays"
            )


def _named_by(stack: StackPlan, selection: Selection) -> str:
    """The key that the stack was named by: the one of its tag, unless it had been moved before."""
    environment = selection.environment
    if stack.model and naming.stack_name(environment.iam_role_name_prefix, environment.name, stack.model) == stack.name:
        return stack.model
    return stack.name.removeprefix(naming.stack_name(environment.iam_role_name_prefix, environment.name, ""))
