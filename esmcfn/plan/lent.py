"""A role of somebody's own: what it has to be allowed from now on, since esmcfn changes nothing of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from esmcfn.domain.hosting import VOLUME_ACTIONS
from esmcfn.domain.plan import Action, Change, StackPlan
from esmcfn.domain.stack import Selection

NEEDS = (
    "{role} is a role of your own and encrypts volumes with {key} from now on ({place}): allow it {actions}, and "
    "kms:CreateGrant for AWS's services, on that key first, or no instance starts"
)

_CONFIG = "AWS::SageMaker::EndpointConfig"


def roles_noted(stacks: Sequence[StackPlan], selection: Selection) -> list[StackPlan]:
    """The same stacks; each whose volumes get another key says what a role of somebody's own needs for it."""
    return [replace(stack, notes=(*stack.notes, *_notes(stack, selection))) for stack in stacks]


def _notes(stack: StackPlan, selection: Selection) -> Iterator[str]:
    role = selection.environment.execution_role_arn
    model = next((each for each in selection.models if each.name == stack.name), None)
    if not role or model is None or not model.kms_key_arn or not any(map(_another_key, stack.changes)):
        return
    place = model.written("kms_key_arn")
    yield NEEDS.format(
        role=role, key=model.kms_key_arn, place=f"{place.path}:{place.line}", actions=", ".join(VOLUME_ACTIONS)
    )


def _another_key(change: Change) -> bool:
    if change.resource_type != _CONFIG:
        return False
    return change.action is Action.ADD or any(each.path == "KmsKeyId" for each in change.properties)
