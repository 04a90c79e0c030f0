"""A plan as a reviewer sees it: read back from the file that `plan --out` wrote, nothing in it to be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta, Struct

from esmcfn.domain.drift import State
from esmcfn.domain.finding import Level
from esmcfn.domain.overwriting import Fate
from esmcfn.domain.plan import Action, Headroom, Impact, StackAction
from esmcfn.domain.rejudged import Since
from esmcfn.errors import ExitCode, Problem

Money = Annotated[str, Meta(pattern=r"^-?[0-9]{1,15}(\.[0-9]{1,30})?\Z")]
"""US dollars in plain digits, as documents have them."""


class SeenProperty(Struct, frozen=True):
    """One property, before and after; None where it does not exist."""

    path: str
    before: str | None
    after: str | None
    replaces: bool = False


class SeenChange(Struct, frozen=True):
    """What happens to one resource, and what that does to callers."""

    action: Action
    logical_id: str
    resource_type: str
    impact: Impact
    meaning: str
    name: str | None = None
    physical_id: str | None = None
    properties: tuple[SeenProperty, ...] = ()

    @property
    def destructive(self) -> bool:
        """Does something that exists end by it?"""
        return self.action in {Action.DELETE, Action.REPLACE} or self.impact in {Impact.DELETES, Impact.REPLACES}


class SeenDriftedProperty(Struct, frozen=True):
    """One property that somebody changed: as it is, as it was deployed, as it would be; None where there is none."""

    path: str
    now: str | None
    deployed: str | None
    planned: str | None
    fate: Fate


class SeenDrifted(Struct, frozen=True):
    """One resource that is otherwise than deployed, or that nobody could compare in full.

    Attributes:
        logical_id: None where it is about the stack's template as a whole.
        fate: what a deployment does to it; None where it did not drift.
        unasked: CloudFormation's own detection would have compared the rest, and it was not asked.
    """

    logical_id: str | None
    resource_type: str
    name: str
    state: State
    fate: Fate | None = None
    properties: tuple[SeenDriftedProperty, ...] = ()
    why_not_checked: str | None = None
    unasked: bool = False
    next_step: str | None = None


class SeenStackDrift(Struct, frozen=True):
    """How a deployed stack differs from what runs; why_not_checked is None where somebody looked."""

    state: State
    found: tuple[SeenDrifted, ...] = ()
    why_not_checked: str | None = None


class SeenStack(Struct, frozen=True):
    """What happens to one stack; drift is None where nobody looked."""

    name: str
    action: StackAction
    changes: tuple[SeenChange, ...]
    notes: tuple[str, ...] = ()
    drift: SeenStackDrift | None = None


class SeenFinding(Struct, frozen=True):
    """What a rule says."""

    rule: str
    level: Level
    message: str
    file: str | None = None
    line: int | None = None
    waived_by: str | None = None
    advice: str = ""

    @property
    def blocks(self) -> bool:
        return self.level.blocks and self.waived_by is None


class SeenCostItem(Struct, frozen=True):
    """What one variant costs a month, by which price; None is unknown."""

    stack: str
    model: str
    instance_type: str
    min_count: int
    expected_count: int
    max_count: int
    usd_per_hour: Money | None
    price_source: str | None
    price_as_of: str | None
    min_monthly: Money | None
    expected_monthly: Money | None
    max_monthly: Money | None


class SeenCost(Struct, frozen=True):
    """What a month costs; None is unknown.

    Attributes:
        updating: models whose update runs old and new instances side by side.
        surge_usd_per_hour: what the new ones cost on top while it does.
        notes: what has to be known of the figures: what is not in them, how old they are.
    """

    currency: str
    before_monthly: Money | None
    after_monthly: Money | None
    delta_monthly: Money | None
    infrastructure_only: bool = False
    items: tuple[SeenCostItem, ...] = ()
    updating: tuple[str, ...] = ()
    surge_usd_per_hour: Money | None = None
    notes: tuple[str, ...] = ()


class SeenHeadroom(Struct, frozen=True):
    """Instances of one type, None for all together: the account's quota against what a deployment needs at its peak."""

    instance_type: str | None
    limit: int | None
    in_use_elsewhere: int | None
    peak: int
    after: int
    why_unknown: str | None = None

    @property
    def room(self) -> Headroom:
        """As plans have it: whether it fits is worked out anew, and not believed."""
        return Headroom(
            instance_type=self.instance_type or "",
            limit=self.limit,
            in_use=self.in_use_elsewhere,
            peak=self.peak,
            after=self.after,
            why=self.why_unknown or "",
        )


class SeenVerdict(Struct, frozen=True):
    """Whether it may be deployed, and why not; `budget` says so in a sentence, None where it has nothing to say."""

    blocked: bool
    reasons: tuple[str, ...]
    budget: str | None = None


class Planned(Struct, frozen=True):
    """The plan of an environment; its names are those of the plan's document, see docs/json.md."""

    plan_id: Annotated[str, Meta(pattern=r"^sha256:[0-9a-f]{64}\Z")]
    environment: str
    account: str
    region: str
    expires_at: str
    summary: Mapping[str, int]
    stacks: tuple[SeenStack, ...]
    findings: tuple[SeenFinding, ...]
    cost: SeenCost
    verdict: SeenVerdict
    server_side: bool = True
    revert_drift: bool = False
    delete_first: bool = False
    headroom: tuple[SeenHeadroom, ...] = ()


class Unplanned(Struct, frozen=True, kw_only=True):
    """An environment without a plan.

    Attributes:
        exit_code: of whatever failed; 6 where the file is not as esmcfn wrote it.
    """

    environment: str
    message: str
    exit_code: ExitCode
    next_step: str = ""
    problems: tuple[Problem, ...] = ()


Seen = Planned | Unplanned


class Rejudged(Struct, frozen=True, kw_only=True):
    """What `check --base` said of every environment, where a pull request changes policies.

    Attributes:
        environments: name to what the policies of now block and lift.
        wrong: why it is not known, of all environments or of one; empty where it is.
    """

    environments: Mapping[str, Since] = {}
    wrong: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Is nothing blocked, lifted or said otherwise, as far as anybody knows all of it?"""
        return not self.wrong and all(since.empty for since in self.environments.values())


class Expected(Struct, frozen=True, kw_only=True):
    """What `esmcfn changed` found, for a comment that must not leave an environment out.

    Attributes:
        environments: names of those that differ as built; each has a plan, or the comment says that it has none.
        vanished: names of those whose file is gone.
        sandbox: names of those that are planned in the embedded AWS and not deployed by a workflow.
        policies: what changed policies do; None where they are as they were.
    """

    environments: tuple[str, ...] = ()
    vanished: tuple[str, ...] = ()
    sandbox: tuple[str, ...] = ()
    policies: Rejudged | None = None
