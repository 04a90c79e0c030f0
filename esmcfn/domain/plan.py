"""What deploying would change: our reading of CloudFormation's change sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from msgspec import Struct

from esmcfn.domain.cost import Cost
from esmcfn.domain.finding import Finding
from esmcfn.domain.origin import Origin
from esmcfn.domain.overwriting import PlannedDrift
from esmcfn.domain.waiver import Waiver

LIFETIME = timedelta(hours=24)
"""How long a reviewed plan may be executed; prices, quotas and capacity age faster than templates."""


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


class PropertyChange(Struct, frozen=True, kw_only=True):
    """One property, before and after.

    Attributes:
        path: "ProductionVariants/0/InstanceType"; empty for the resource as a whole.
        before, after: JSON values as text; None where it does not exist.
        origin: the line of YAML behind the new value, None where there is none.
        replaces: does this property make CloudFormation replace the resource?
        reverts: it drifted, and CloudFormation puts it back; `before` is what runs.
    """

    path: str
    before: str | None
    after: str | None
    origin: Origin | None = None
    replaces: bool = False
    reverts: bool = False


class Change(Struct, frozen=True, kw_only=True):
    """What happens to one resource, and what that does to callers.

    Attributes:
        name: what esmcfn calls it, case kept; None where CloudFormation names it.
        physical_id: CloudFormation's id of what exists today, None where nothing does yet.
        meaning: one sentence for the person who calls the endpoint.
        unexplained: only one of the two opinions (template comparison, change set) has it; says which, empty if both.
        retained: its stack lets go of it, and it stays in AWS.
        drift: CloudFormation's word for what it is to put back; empty where it is not asked to, or need not.
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
    retained: bool = False
    drift: str = ""

    @property
    def taken_over(self) -> bool:
        """Is it added to the stack, and there from before?"""
        return self.action is Action.ADD and bool(self.physical_id)


class StackPlan(Struct, frozen=True, kw_only=True):
    """What happens to one stack.

    Attributes:
        model: key of the selected model, None for the base stack.
        template_digest: of the template that would be deployed; of the deployed one where the stack goes.
        change_set_id: the ARN, None where none is kept.
        resources: how many resources the stack has when all is done.
        updated_at: when the deployed stack's last operation began; None where there is none, or AWS does not say.
        in_the_way: ARN of what a first creation that rolled back left; it goes before the new stack comes.
        protection: termination protection is switched to this; None leaves it as it is.
        delete_first: its endpoint goes before the new one comes, since both at once do not fit.
        unscale_first: what scales its variant goes before the variant gets another instance type, and comes back.
        refused: why CloudFormation made no change set of it; empty where it did, or was not asked.
        stuck: it has to be recovered first, and what runs in it is not what a template says.
        held: it shall go, and termination protection stands against that.
        notes: what a reviewer should know besides the changes (early validation, stack settings, outputs).
        drift: how what runs differs from what is deployed; None where nobody looked: nothing would be overwritten.
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
    updated_at: datetime | None = None
    in_the_way: str | None = None
    delete_first: bool = False
    unscale_first: bool = False
    refused: str = ""
    stuck: bool = False
    held: bool = False
    notes: tuple[str, ...] = ()
    drift: PlannedDrift | None = None


class Verdict(Struct, frozen=True, kw_only=True):
    """What a report is worth.

    Attributes:
        blocked: policy or budget forbid deploying this.
        over_budget: the expected cost of a month is above the environment's hard budget, or nobody knows it, and
            nobody signed for that.
        unjudged: nobody knows the expected cost of a month, so no budget can be held against it.
        budget: what the budget says, a sentence that is among the reasons too; empty where it has nothing to say.
        reasons: one sentence each.
        waiver: the one in force for being above the budget, None where there is none or none is needed.
    """

    blocked: bool = False
    over_budget: bool = False
    unjudged: bool = False
    budget: str = ""
    reasons: tuple[str, ...] = ()
    waiver: Waiver | None = None


class EndpointOutput(Struct, frozen=True, kw_only=True):
    """What a caller needs to know about one endpoint; the Terraform module's four strings."""

    endpoint_name: str
    endpoint_config_name: str
    endpoint_url: str
    forge_model_name: str


class Headroom(Struct, frozen=True, kw_only=True):
    """Instances of one type: the account's quota against what a deployment needs at its peak.

    Attributes:
        instance_type: "ml.g5.2xlarge"; empty for the quota on all types together.
        limit: instances for endpoints, in this account and region; None where it could not be read.
        in_use: by endpoints that are not this environment's; None where it could not be read.
        peak: of this environment, while old and new stand side by side.
        after: of this environment, when all is done.
        why: why limit or use could not be read, empty where they were.
    """

    instance_type: str
    limit: int | None
    in_use: int | None
    peak: int
    after: int
    why: str = ""

    @property
    def fits(self) -> bool | None:
        """Does the quota hold the peak? None where nobody can say."""
        return self._holds(self.peak)

    @property
    def fits_after(self) -> bool | None:
        """Does it hold what stands in the end, old things gone first?"""
        return self._holds(self.after)

    def _holds(self, count: int) -> bool | None:
        if self.limit is None or self.in_use is None:
            # What is known to be too little is too little, whatever else is in use.
            return False if self.limit is not None and count > self.limit else None
        return self.in_use + count <= self.limit


class Plan(Struct, frozen=True, kw_only=True):
    """Everything that a reviewer needs, bound to digests.

    Attributes:
        plan_id: "sha256:..." over the canonical document without ids of change sets and times.
        server_side: CloudFormation was asked; False with --read-only.
        narrowed: keys of the models that it was narrowed to; empty means all.
        delete_first: what goes, goes before anything comes.
        headroom: whether the account's quotas hold what runs while this is deployed.
        reverts: what drifted is put back, in every stack.
        to_look: the command that compares what runs with what is deployed; empty where none does.
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
    narrowed: tuple[str, ...] = ()
    delete_first: bool = False
    headroom: tuple[Headroom, ...] = ()
    reverts: bool = False
    to_look: str = ""

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

    @property
    def unseen(self) -> tuple[StackPlan, ...]:
        """Stacks that stay, and nobody looked whether what runs is what they say."""
        staying = {StackAction.UNCHANGED, StackAction.UPDATE}
        return tuple(stack for stack in self.stacks if stack.drift is None and stack.action in staying)

    @property
    def drifts(self) -> tuple[PlannedDrift, ...]:
        """Of every stack that was looked at."""
        return tuple(stack.drift for stack in self.stacks if stack.drift)


class ReviewedPlan(Struct, frozen=True, kw_only=True):
    """A plan's document as it was kept in a file, checked to be whole.

    Attributes:
        created_at, expires_at: in UTC.
        narrowed: keys of the models that it was narrowed to; empty means all.
        blocked: policy or budget forbade deploying it.
        reverts: it puts back what drifted.
        document: all of it, see docs/json.md.
    """

    plan_id: str
    environment: str
    account: str
    region: str
    created_at: datetime
    expires_at: datetime
    narrowed: frozenset[str]
    delete_first: bool
    blocked: bool
    document: Mapping[str, Any]
    reverts: bool = False

    @property
    def stacks(self) -> Sequence[Mapping[str, Any]]:
        """The document's stacks."""
        stacks: Sequence[Mapping[str, Any]] = self.document["stacks"]
        return stacks

    @property
    def native(self) -> bool:
        """Was CloudFormation's own drift detection asked?"""
        return any((stack.get("drift") or {}).get("by_cloudformation") for stack in self.stacks)
