"""Drift: what was deployed against what AWS says exists, and how much of it could be compared."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct, field

from esmcfn.domain.waiver import Waiver

if TYPE_CHECKING:  # a plan tells of drift, and drift of what is deployed
    from esmcfn.domain.deployed import DeployedStack

STACK_TYPE = "AWS::CloudFormation::Stack"


class State(StrEnum):
    """What a comparison comes to; what was not checked is never in sync."""

    IN_SYNC = "in sync"
    DRIFTED = "drifted"
    MISSING = "missing"
    NOT_CHECKED = "not checked"


class Side(StrEnum):
    """Who compared."""

    CLOUDFORMATION = "CloudFormation"
    ESMCFN = "esmcfn"


class StackResource(Struct, frozen=True, kw_only=True):
    """One resource as CloudFormation lists it.

    Attributes:
        physical_id: CloudFormation's id of it: an ARN of a SageMaker resource, a name of a role.
        status: CloudFormation's ResourceStatus.
    """

    logical_id: str
    resource_type: str
    physical_id: str
    status: str = ""


class Difference(Struct, frozen=True, kw_only=True):
    """One property, as it was deployed and as it is.

    Attributes:
        path: "ProductionVariants/variant-1/InstanceType".
        expected, observed: values as text; None where there is none. What may be a secret is masked.
    """

    path: str
    expected: str | None
    observed: str | None


class NativeDrift(Struct, frozen=True, kw_only=True):
    """What CloudFormation's own detection says of one resource.

    Attributes:
        status: IN_SYNC, MODIFIED, DELETED, NOT_CHECKED, UNKNOWN, UNSUPPORTED, or whatever AWS says next.
        reason: CloudFormation's words, empty where it has none.
    """

    status: str
    differences: tuple[Difference, ...] = ()
    reason: str = ""


class Detection(Struct, frozen=True, kw_only=True):
    """What CloudFormation's own detection says of a stack.

    Attributes:
        drifts: by logical id; a resource that is absent was not checked.
        failure: why it did not check everything; what it did check is there all the same.
    """

    drifts: Mapping[str, NativeDrift] = field(default_factory=dict)
    failure: str = ""


class Reading(Struct, frozen=True, kw_only=True):
    """What a service says of one resource, in the words of CloudFormation's properties.

    Attributes:
        tags: without AWS's own; None where nobody asked.
    """

    properties: Mapping[str, object]
    tags: Mapping[str, str] | None = None


class Unread(Struct, frozen=True, kw_only=True):
    """A resource that a service would not tell about; never the same as one that is not there."""

    why: str


class ListedEndpoint(Struct, frozen=True, kw_only=True):
    """One endpoint of the account and region, as SageMaker lists it; created_at is in UTC."""

    name: str
    arn: str
    status: str
    created_at: datetime


class ResourceDrift(Struct, frozen=True, kw_only=True):
    """One resource, and what comparing it came to.

    Attributes:
        logical_id: empty where it is about the stack's template as a whole.
        name: what people call it: a name, or CloudFormation's id.
        checked_by: who could compare it, in full or in part.
        why: why it was not checked, or not in full; empty where it was.
        next_step: the way back, empty where there is nothing to do.
        waiver: the one in force for this drift, None where there is none.
        exempt: nobody compares its type, which is documented and no lack of coverage.
    """

    stack: str
    model: str | None
    logical_id: str
    resource_type: str
    name: str
    state: State
    differences: tuple[Difference, ...] = ()
    checked_by: tuple[Side, ...] = ()
    why: str = ""
    next_step: str = ""
    waiver: Waiver | None = None
    exempt: bool = False

    @property
    def covered(self) -> bool:
        """Did somebody compare all of it, or need nobody?"""
        return self.exempt or not (self.why or self.state is State.NOT_CHECKED)

    @property
    def deviates(self) -> bool:
        """Is it otherwise than deployed, whoever accepted that?"""
        return self.state in {State.DRIFTED, State.MISSING}

    @property
    def counts(self) -> bool:
        """Is it otherwise than deployed, with nobody's signature?"""
        return self.deviates and self.waiver is None


class StackDrift(Struct, frozen=True, kw_only=True):
    """One stack.

    Attributes:
        deployed: None where there is no stack: not deployed is no drift.
        selected: False for what still runs and is selected no more.
        notes: what is no drift and a reader should know: not deployed yet, busy, what CloudFormation did not check.
    """

    name: str
    model: str | None
    deployed: DeployedStack | None
    selected: bool
    resources: tuple[ResourceDrift, ...] = ()
    notes: tuple[str, ...] = ()


class UnmanagedEndpoint(Struct, frozen=True, kw_only=True):
    """An endpoint of the account and region that belongs to no stack of esmcfn's.

    Attributes:
        instances: (instance type, instances), a pair a variant; None where they could not be read.
        monthly_usd: US dollars at list price for 730 hours, without a seller's charge; None where it is unknown.
        why_unknown: why the price is unknown, empty where it is known.
        created_at: in UTC.
    """

    name: str
    status: str
    created_at: datetime
    tags: Mapping[str, str] | None
    instances: tuple[tuple[str, int], ...] | None
    monthly_usd: Decimal | None
    why_unknown: str = ""


class Unmanaged(Struct, frozen=True, kw_only=True):
    """What runs beside the stacks.

    Attributes:
        unread: why nobody could look, empty where somebody did.
        asked: False with --model: nobody wanted to know.
    """

    endpoints: tuple[UnmanagedEndpoint, ...] = ()
    unread: str = ""
    asked: bool = True

    @property
    def unpriced(self) -> int:
        """Endpoints whose price nobody knows."""
        return sum(each.monthly_usd is None for each in self.endpoints)

    @property
    def known_monthly(self) -> Decimal | None:
        """US dollars of those whose price is known; None where there is no such endpoint."""
        known = [each.monthly_usd for each in self.endpoints if each.monthly_usd is not None]
        return sum(known, Decimal(0)) if known else None


class EnvironmentDrift(Struct, frozen=True, kw_only=True):
    """Where an environment stands between its stacks and AWS.

    Attributes:
        as_of: when it was looked at, in UTC.
        strict: incomplete coverage counts.
    """

    environment: str
    account: str
    region: str
    as_of: datetime
    stacks: tuple[StackDrift, ...]
    unmanaged: Unmanaged
    strict: bool = False

    @property
    def resources(self) -> tuple[ResourceDrift, ...]:
        """Of all stacks."""
        return tuple(resource for stack in self.stacks for resource in stack.resources)

    @property
    def checked(self) -> int:
        """Resources that somebody compared in full, or that need nobody to."""
        return sum(resource.covered for resource in self.resources)

    @property
    def complete(self) -> bool:
        """Was every resource compared in full, and the account's endpoints listed?"""
        return self.checked == len(self.resources) and not self.unmanaged.unread

    @property
    def drifted(self) -> bool:
        """Does anything deviate that nobody signed for?"""
        return any(resource.counts for resource in self.resources)

    @property
    def bad(self) -> bool:
        """Is it news that an exit code tells?"""
        return self.drifted or (self.strict and not self.complete)

    def compared_by(self, side: Side) -> int:
        """Resources that this side could compare."""
        return sum(side in resource.checked_by for resource in self.resources)

    def counted(self, state: State) -> int:
        """Resources in a state; a deviation that is waived is counted by `waived` alone."""
        return sum(resource.state is state and resource.waiver is None for resource in self.resources)

    @property
    def waived(self) -> int:
        """Deviations that somebody signed for."""
        return sum(resource.waiver is not None for resource in self.resources)
