"""CloudFormation's own opinion about a template, as it says it: what `plan` reads and reconciles with ours."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct, field


class ProposedProperty(Struct, frozen=True, kw_only=True):
    """One property as a change set names it.

    Attributes:
        path: "Properties/ProductionVariants/0/InstanceType" without the leading slash; only the name on old sets.
        before, after: as CloudFormation prints them, None where it does not say.
        recreation: "Never", "Conditionally", "Always" or empty.
        dynamic: the value is only known when the change set runs.
        source: what makes it change: DirectModification, ResourceReference, ResourceAttribute, ...
        cause: the logical id (and attribute) that it follows, or empty.
        drifted: it is otherwise than deployed; `before` is what runs.
    """

    path: str
    before: str | None
    after: str | None
    recreation: str
    dynamic: bool
    source: str = ""
    cause: str = ""
    drifted: bool = False


class ProposedChange(Struct, frozen=True, kw_only=True):
    """One resource as a change set names it; unknown words are kept, never dropped.

    Attributes:
        action: Add, Modify, Remove, Import, Dynamic, SyncWithActual, or whatever AWS says next.
        replacement: True, False, Conditional, or empty.
        drift: CloudFormation's ResourceDriftStatus; empty where it was not asked to revert drift.
        ignored: properties that it does not compare with what runs, each with its reason.
    """

    logical_id: str
    resource_type: str
    physical_id: str
    action: str
    replacement: str
    properties: tuple[ProposedProperty, ...] = ()
    drift: str = ""
    ignored: tuple[str, ...] = ()


class ChangeSet(Struct, frozen=True, kw_only=True):
    """CloudFormation's own opinion about a template.

    Attributes:
        arn: of the change set.
        new_stack: creating it made an empty stack, which goes away with it.
        empty: CloudFormation found nothing to do (both of its ways to say so).
        warnings: what early validation warns of.
        others: names of change sets of other people on the same stack; executing ours would delete them.
        reverts: it puts back what drifted, too.
    """

    arn: str
    name: str
    stack_name: str
    stack_id: str
    new_stack: bool
    empty: bool
    reverts: bool = False
    changes: tuple[ProposedChange, ...] = ()
    warnings: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


class Reviewed(Struct, frozen=True, kw_only=True):
    """A change set that was kept for a deployment, as it stands in AWS now.

    Attributes:
        template: what it would deploy, parsed; None where it is not JSON, and so not ours.
        created_at: in UTC.
        strange: what esmcfn never asks for and this change set does (parameters, a role, an import, ...).
    """

    change_set: ChangeSet
    template: Mapping[str, object] | None
    created_at: datetime
    tags: Mapping[str, str] = field(default_factory=dict)
    strange: tuple[str, ...] = ()
