"""`plan`: everything a reviewer needs, and nothing left behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from esmcfn import drift, plan, template
from esmcfn.domain.cost import Cost, HostedVariant
from esmcfn.domain.plan import Change, ChangeSet, DeployedStack, Impact, Plan, StackAction, StackPlan
from esmcfn.domain.project import Project
from esmcfn.domain.report import Report
from esmcfn.domain.stack import Selection
from esmcfn.domain.standing import Survey
from esmcfn.domain.template import Template
from esmcfn.errors import CloudError, ExitCode, StackBusyError
from esmcfn.ports import Cloud
from esmcfn.verbs.account import strays, surveyed
from esmcfn.verbs.allowing import allowed, without_budget
from esmcfn.verbs.comparing import Comparing
from esmcfn.verbs.headroom import Room
from esmcfn.verbs.looking import Looking
from esmcfn.verbs.reading import Pair, estimated, pairs, prices, running, side_by_side, updating, wanted
from esmcfn.verbs.sizing import refuse_too_large
from esmcfn.verbs.world import World

GONE = "a first creation rolled back (ROLLBACK_COMPLETE): deploy removes the empty stack before the new one comes"
STUCK = "it is {status}: {way_out}, so no change set was made"

Kept = Callable[[Pair], ChangeSet]
"""The change set that was kept for a stack, instead of a new one."""


class Ground(Struct, frozen=True, kw_only=True):
    """What a plan stands on, read before anything is asked for.

    Attributes:
        found: every stack that is wanted or deployed, side by side.
        now, later: what is paid for by the hour today, and when all is deployed.
    """

    selection: Selection
    templates: tuple[Template, ...]
    survey: Survey
    found: tuple[Pair, ...]
    now: tuple[HostedVariant, ...]
    later: tuple[HostedVariant, ...]

    @property
    def gone(self) -> Mapping[str, str]:
        """Names of stacks whose first creation rolled back, to their ARNs."""
        return {stack.name: stack.stack_id for stack in self.survey.ours if stack.gone}

    @property
    def going(self) -> Mapping[str, Mapping[str, object] | None]:
        """Names of stacks that go, to their templates."""
        return {pair.deployed.name: pair.body for pair in self.found if pair.template is None and pair.deployed}


def make_plan(
    project: Project,
    selection: Selection,
    world: World,
    *,
    read_only: bool = False,
    keep: bool = False,
    detailed: bool = False,
    delete_first: bool = False,
    wholly: bool = False,
    revert: bool = False,
    kept: Kept | None = None,
) -> Report:
    """Compare, ask CloudFormation, judge and price.

    Args:
        read_only: make no change set, compare templates only.
        keep: leave the change sets behind, for a deployment of exactly this plan.
        detailed: changes are news, exit code 11.
        delete_first: what goes, goes before anything comes; what the quota cannot hold twice is deleted first.
        wholly: look for drift in every stack, and ask CloudFormation about it, too.
        revert: put back what drifted, in every stack; CloudFormation is asked about all of them.
        kept: where the change sets are that were kept before; none is made then, and none is removed.

    Raises:
        CloudError: AWS refused or did not answer; nothing is left behind, as with everything below.
        WrongAccount: the credentials belong to another account.
        StackBusyError: somebody else is changing one of the stacks.
        Interrupted: the person said stop.
    """
    templates = template.synthesize_all(selection)
    refuse_too_large(templates)
    with world.begin(templates, policy=without_budget(project.policy), region=selection.target.region) as judgement:
        cloud = world.connect()
        ground = _ground(project, selection, templates, world, wholly=revert)
        looking = Looking(selection=selection, cloud=cloud)
        with (
            _Kept(cloud) as open_sets,
            Room(cloud, ground.found, always=revert) as room,
            Comparing(looking, ground.found, every=wholly or revert, native=wholly) as comparing,
        ):
            asking = _Asking(cloud, ground.gone, kept=kept, stay=open_sets if keep else None, revert=revert)
            stacks = comparing.told(asking.plans(ground, world, server_side=not read_only))
            findings = judgement.findings()
            headroom = room.measured(stacks, ground.now, ground.later)
    if delete_first:
        stacks = [plan.deleted_first(stack, headroom, ground.later) for stack in stacks]
    cost = _cost(project, ground, world, frozenset() if delete_first else _moving(ground, stacks))
    budget = allowed(project, selection, cost, world)
    made = plan.assemble(
        selection,
        templates=templates,
        stacks=plan.renaming_noted(stacks, selection, ground.going),
        findings=(*findings, *budget.findings),
        cost=cost,
        waiver=budget.waiver,
        now=world.now,
        tool_version=world.tool_version,
        server_side=not read_only,
        delete_first=delete_first,
        headroom=headroom,
        reverts=revert,
    )
    return Report(
        verb="plan",
        environment=made.environment,
        body=made,
        notes=tuple(str(stray) for stray in strays(project, ground.survey)),
        exit_code=_exit_code(made, detailed),
    )


def _ground(
    project: Project, selection: Selection, templates: tuple[Template, ...], world: World, *, wholly: bool
) -> Ground:
    cloud = world.connect()
    world.progress("reading what is deployed")
    survey = surveyed(selection, cloud)
    refuse_busy(survey.ours, cloud)
    found = pairs(selection, templates, survey.ours, cloud, wholly=wholly)
    return Ground(
        selection=selection,
        templates=templates,
        survey=survey,
        found=found,
        now=running(project, found),
        later=wanted(selection),
    )


def _moving(ground: Ground, stacks: Sequence[StackPlan]) -> frozenset[str]:
    """Models whose new instances start beside the old ones; an endpoint that goes back does, too."""
    back = (stack.model for stack in stacks if any(_goes_back(change) for change in stack.changes))
    return updating(ground.found) | {model for model in back if model}


def _goes_back(change: Change) -> bool:
    return change.impact is Impact.BLUE_GREEN and any(each.reverts for each in change.properties)


def _cost(project: Project, ground: Ground, world: World, moving: frozenset[str]) -> Cost:
    book = prices(project)
    return estimated(ground.selection, ground.now, world.now.date(), prices=book, updating=moving)


def masked(made: StackPlan, account: str) -> StackPlan:
    """The same, what runs shown as drift shows it: somebody may have put a secret there."""
    if not any(each.reverts for change in made.changes for each in change.properties):
        return made
    return replace(made, changes=tuple(_masked(change, f"{account}/{made.name}") for change in made.changes))


def _masked(change: Change, stack: str) -> Change:
    salt = f"{stack}/{change.logical_id}"
    properties = (
        replace(
            each,
            before=drift.shown(each.path, each.before, salt=salt),
            after=drift.shown(each.path, each.after, salt=salt),
        )
        if each.reverts
        else each
        for each in change.properties
    )
    return replace(change, properties=tuple(properties))


def refuse_busy(deployed: Sequence[DeployedStack], cloud: Cloud) -> None:
    """Raise StackBusyError where somebody is at work, and say who."""
    busy = [stack for stack in deployed if stack.busy]
    if busy:
        held = [(stack, _holder(stack, cloud)) for stack in busy]
        names = "; ".join(f"{stack.name} ({stack.status})" + (f", {who}" if who else "") for stack, who in held)
        raise StackBusyError(
            f"another operation is running: {names}",
            next_step="wait until it is done, then plan again; deploy --wait-for-stack 30m does both",
        )


def _holder(stack: DeployedStack, cloud: Cloud) -> str:
    """Who is at work there; that nobody may read it is no reason to say something else than that it is busy."""
    try:
        return cloud.stacks.holder(stack.stack_id)
    except CloudError:
        return ""


class _Kept:
    """Change sets that outlive the plan; when planning fails after all, they go too."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self.change_sets: list[ChangeSet] = []

    def __enter__(self) -> _Kept:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is not None:
            for change_set in self.change_sets:
                self._cloud.stacks.discard(change_set)


class _Asking(Struct, frozen=True):
    """CloudFormation is asked about what differs, and only where it can answer.

    Attributes:
        gone: names of stacks whose first creation rolled back, to their ARNs.
        kept: where change sets come from that were made before; None to make new ones.
        stay: where to put new change sets that stay; None when none shall.
        revert: every stack is asked about, since what drifted is put back.
    """

    cloud: Cloud
    gone: Mapping[str, str]
    kept: Kept | None
    stay: _Kept | None
    revert: bool = False

    def plans(self, ground: Ground, world: World, *, server_side: bool) -> tuple[StackPlan, ...]:
        """What happens to every stack, the termination protection that the environment asks for included."""
        found, protection = ground.found, ground.selection.environment.termination_protection
        asked = {id(pair) for pair in found if server_side and self._takes_change_set(pair)}
        if asked:
            world.progress(f"asking CloudFormation about {len(asked)} stack{'' if len(asked) == 1 else 's'}")
        made = side_by_side(
            lambda pair: self._asked(pair) if id(pair) in asked else self._unasked(pair),
            found,
            busy=lambda pair: id(pair) in asked,
            stop=self.cloud.stacks.stop,
        )
        return tuple(plan.protected(each, pair.deployed, protection) for each, pair in zip(made, found, strict=True))

    def _takes_change_set(self, pair: Pair) -> bool:
        if pair.template is None or (pair.unchanged and not self.revert):
            return False
        return pair.template.stack.name not in self.gone and not (pair.deployed and pair.deployed.stuck)

    def _asked(self, pair: Pair) -> StackPlan:
        assert pair.template is not None  # noqa: S101 - only built templates are asked about
        change_set = self.kept(pair) if self.kept else self._proposed(pair)
        made = plan.stack_plan(pair.template, pair.deployed, body=pair.body, change_set=change_set)
        made = masked(plan.unscaled_first(made, pair.body), pair.template.stack.target.account)
        return made if self.kept or self.stay else replace(made, change_set_id=None)

    def _proposed(self, pair: Pair) -> ChangeSet:
        """A new change set: one that stays is noted before anything else can fail, any other is gone already."""
        assert pair.template is not None  # noqa: S101 - only built templates are asked about
        change_set = self.cloud.stacks.propose(pair.template, pair.deployed, revert=self.revert)
        if self.stay is not None and not change_set.empty:
            self.stay.change_sets.append(change_set)
        else:
            self.cloud.stacks.discard(change_set)
        return change_set

    def _unasked(self, pair: Pair) -> StackPlan:
        built, deployed = pair.template, pair.deployed
        if built is None:
            assert deployed is not None  # noqa: S101 - a pair has at least one side
            return plan.removed(deployed, plan.removal(pair.body or {}))
        if deployed and pair.unchanged:
            return plan.unchanged(built, deployed)
        notes: tuple[str, ...] = ()
        if built.stack.name in self.gone:
            notes = (GONE,)
        elif deployed and deployed.stuck:
            notes = (STUCK.format(status=deployed.status, way_out=plan.WAYS_OUT.get(deployed.status, plan.NO_WAY)),)
        made = plan.stack_plan(built, deployed, body=pair.body, change_set=None, notes=notes)
        made = plan.unscaled_first(made, pair.body)
        if deployed and deployed.stuck:  # even where the templates are equal: what runs is not what they say
            made = replace(made, action=StackAction.UPDATE, stuck=True)
        return replace(made, in_the_way=self.gone.get(built.stack.name))


def _exit_code(made: Plan, detailed: bool) -> ExitCode:
    if any(finding.blocks for finding in made.findings):
        return ExitCode.FINDINGS
    if made.verdict.over_budget:
        return ExitCode.BUDGET
    changed = any(stack.action is not StackAction.UNCHANGED for stack in made.stacks)
    return ExitCode.CHANGES if detailed and changed else ExitCode.DONE
