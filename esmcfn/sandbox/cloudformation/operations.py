"""Every CloudFormation operation of the sandbox, as one table."""

from __future__ import annotations

from esmcfn.sandbox.cloudformation.events import Events
from esmcfn.sandbox.cloudformation.recovery import Recovery
from esmcfn.sandbox.cloudformation.service import CloudFormation
from esmcfn.sandbox.cloudformation.stacks import Stacks
from esmcfn.sandbox.wire import Operation


def operations(service: CloudFormation) -> dict[str, Operation]:
    """Return operation name to function."""
    return {
        **service.change_sets.operations,
        **service.drift.operations,
        **Stacks(service).operations,
        **Events(service).operations,
        **Recovery(service).operations,
    }
