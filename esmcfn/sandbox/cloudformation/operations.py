"""Every CloudFormation operation of the sandbox, as one table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from esmcfn.sandbox.cloudformation.events import Events
from esmcfn.sandbox.cloudformation.recovery import Recovery
from esmcfn.sandbox.cloudformation.stacks import Stacks
from esmcfn.sandbox.wire import Operation

if TYPE_CHECKING:
    from esmcfn.sandbox.world import World


def operations(world: World) -> dict[str, Operation]:
    """Return operation name to function."""
    service = world.cloudformation
    return {
        **service.change_sets.operations,
        **service.drift.operations,
        **Stacks(world).operations,
        **Events(world).operations,
        **Recovery(world).operations,
    }
