"""What deploying would change: CloudFormation's opinion (ChangeSet) and our reading of it (Plan)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field

from esmcfn.domain.cost import Cost
from esmcfn.domain.finding import Finding
from esmcfn.domain.origin import Origin


class Action(StrEnum):
    """What happens to a resource."""

    ADD = "add"
    MODIFY = "modify"
    REPLACE = "replace"
    DELETE = "delete"


class StackAction(StrEnum):
    """What happens to a stack."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    UNCHANGED = "unchanged"


class Impact(StrEnum):
    """What a change does to callers."""

    NONE = "none"
    IN_PLACE = "in place"
    BLUE_GREEN = "blue/green"
    REPLACES = "replaces"
    DELETES = "deletes"
    UNKNOWN = "unknown"


class DeployedStack(Struct, frozen=True, kw_only=True):
    """A stack that AWS says is ours.

    Attributes:
        digest: read from its Description, empty where there is none.
        status: CloudFormation's StackStatus.
        model: value of its `esmcfn:model` tag, None on the base stack.
    """

    name: str
    stack_id: str
    status: str
    digest: str
    model: str | None
    outputs: Mapping[str, str] = field(default_factory=dict)
    termination_protection: bool | None = None

    @property
    def busy(self) -> bool:
        """Is an operation running on it?"""
        return self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"

    @property
    def gone(self) -> bool:
        """Did its first creation fail and roll back? Nothing of it is left but its name."""
        return self.status == "ROLLBACK_COMPLETE"

    @property
    def stuck(self) -> bool:
        """Can it be neither updated nor created before somebody recovers it?"""
        return self.status.endswith("_FAILED")

    @property
    def settled(self) -> bool:
        """Is the template in its Description the one that runs? After a rollback nobody promises it."""
        return self.status in {"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"}


class ProposedProperty(Struct, frozen=True, kw_only=True):
    """One property as a change set names it.

    Attributes:
        path: "Properties/ProductionVariants/0/InstanceType" without the leading slash; only the name on old sets.
        before, after: as CloudFormation prints them, None where it does not say.
        recreation: "Never", "Conditionally", "Always" or empty.
        dynamic: the value is only known when the change set runs.
        source: what makes it change: DirectModification, ResourceReference, ResourceAttribute, ...
        cause: the logical id (and attribute) that it follows, or empty.
    """

    path: str
    before: str | None
    after: str | None
    recreation: str
    dynamic: bool
    source: str = ""
    cause: str = ""


class ProposedChange(Struct, frozen=True, kw_only=True):
    """One resource as a change set names it; unknown words are kept, never dropped.

    Attributes:
        action: Add, Modify, Remove, Import, Dynamic, SyncWithActual, or whatever AWS says next.
        replacement: True, False, Conditional, or empty.
    """

    logical_id: str
    resource_type: str
    physical_id: str
    action: str
    replacement: str
    properties: tuple[ProposedProperty, ...] = ()


class ChangeSet(Struct, frozen=True, kw_only=True):
    """CloudFormation's own opinion about a template.

    Attributes:
        arn: of the change set.
        new_stack: creating it made an empty stack, which goes away with it.
        empty: CloudFormation found nothing to do (both of its ways to say so).
        warnings: what early validation warns of.
    """

    arn: str
    name: str
    stack_name: str
    stack_id: str
    new_stack: bool
    empty: bool
    changes: tuple[ProposedChange, ...] = ()
    warnings: tuple[str, ...] = ()


class PropertyChange(Struct, frozen=True, kw_only=True):
    """One property, before and after.

    Attributes:
        path: "ProductionVariants/0/InstanceType"; empty for the resource as a whole.
        before, after: JSON values as text; None where it does not exist.
        origin: the line of YAML behind the new value, None where there is none.
        replaces: does this property make CloudFormation replace the resource?
    """

    path: str
    before: str | None
    after: str | None
    origin: Origin | None = None
    replaces: bool = False


class Change(Struct, frozen=True, kw_only=True):
    """What happens to one resource, and what that does to callers.

    Attributes:
        name: what esmcfn calls it, case kept; None where CloudFormation names it.
        physical_id: CloudFormation's id of what exists today, None where nothing does yet.
        meaning: one sentence for the person who calls the endpoint.
        unexplained: only one of the two opinions (template comparison, change set) has it; says which, empty if both.
    """

    action: Action
    logical_id: str
    resource_type: str
    physical_id: str | None
    impact: Impact
    name: str | None = None
    meaning: str = ""
    properties: tuple[PropertyChange, ...] = ()
    unexplained: str = ""


class StackPlan(Struct, frozen=True, kw_only=True):
    """What happens to one stack.

    Attributes:
        model: key of the selected model, None for the base stack.
        template_digest: of the template that would be deployed; of the deployed one where the stack goes.
        change_set_id: the ARN, None where none is kept.
        resources: how many resources the stack has when all is done.
        in_the_way: ARN of what a first creation that rolled back left; it goes before the new stack comes.
        protection: termination protection is switched to this; None leaves it as it is.
        notes: what a reviewer should know besides the changes (early validation, stack settings, outputs).
    """

    name: str
    model: str | None
    action: StackAction
    template_digest: str
    change_set_id: str | None = None
    stack_id: str | None = None
    changes: tuple[Change, ...] = ()
    resources: int = 0
    protection: bool | None = None
    in_the_way: str | None = None
    notes: tuple[str, ...] = ()


class Verdict(Struct, frozen=True, kw_only=True):
    """What a report is worth.

    Attributes:
        blocked: policy or budget forbid deploying this.
        over_budget: the expected cost of a month is above the environment's budget.
        budget: what the budget says, a sentence that is among the reasons too; empty where it has nothing to say.
        reasons: one sentence each.
    """

    blocked: bool = False
    over_budget: bool = False
    budget: str = ""
    reasons: tuple[str, ...] = ()


class EndpointOutput(Struct, frozen=True, kw_only=True):
    """What a caller needs to know about one endpoint; the Terraform module's four strings."""

    endpoint_name: str
    endpoint_config_name: str
    endpoint_url: str
    forge_model_name: str


class Plan(Struct, frozen=True, kw_only=True):
    """Everything that a reviewer needs, bound to digests.

    Attributes:
        plan_id: "sha256:..." over the canonical document without ids of change sets and times.
        server_side: CloudFormation was asked; False with --read-only.
    """

    plan_id: str
    created_at: datetime
    expires_at: datetime
    environment: str
    account: str
    region: str
    tool_version: str
    stacks: tuple[StackPlan, ...]
    findings: tuple[Finding, ...]
    cost: Cost
    endpoints: Mapping[str, EndpointOutput]
    verdict: Verdict
    server_side: bool = True

    @property
    def empty(self) -> bool:
        """Nothing would change."""
        return all(stack.action is StackAction.UNCHANGED for stack in self.stacks)

    @property
    def summary(self) -> Mapping[str, int]:
        """Resources by what happens to them; a replaced one counts once."""
        counts = {action.value: 0 for action in Action}
        touched = 0
        for stack in self.stacks:
            for change in stack.changes:
                counts[change.action.value] += 1
                touched += stack.action is not StackAction.DELETE and change.action is not Action.DELETE
        return {**counts, "unchanged": sum(stack.resources for stack in self.stacks) - touched}
