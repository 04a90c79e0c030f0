"""`plan`: everything a reviewer needs, and nothing left behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from esmcfn import plan, template
from esmcfn.domain.cost import HostedVariant
from esmcfn.domain.deployed import DeployedStack
from esmcfn.domain.finding import Finding
from esmcfn.domain.plan import Change, Headroom, Impact, Plan, StackAction, StackPlan
from esmcfn.domain.project import Project
from esmcfn.domain.report import Report
from esmcfn.domain.stack import Selection
from esmcfn.domain.standing import Survey
from esmcfn.domain.template import Template
from esmcfn.errors import WITHOUT_REVERTING, CloudError, ExitCode, StackBusyError, TemplateRefused
from esmcfn.ports import Cloud
from esmcfn.verbs.account import strays, surveyed
from esmcfn.verbs.drift.looking import Looking
from esmcfn.verbs.plan.allowing import allowed, without_budget
from esmcfn.verbs.plan.asking import Asking, Kept
from esmcfn.verbs.plan.comparing import Comparing
from esmcfn.verbs.plan.headroom import Room
from esmcfn.verbs.plan.keeping import Keeping
from esmcfn.verbs.plan.reading import Pair, beside, estimated, pairs, prices, running, staying, updating, wanted
from esmcfn.verbs.plan.sizing import refuse_too_large
from esmcfn.verbs.world import World


class Manner(Struct, frozen=True, kw_only=True):
    """How a plan is made.

    Attributes:
        read_only: make no change set, compare templates only.
        detailed: changes are news, exit code 11.
        delete_first: what goes, goes before anything comes; what the quota cannot hold twice is deleted first.
        wholly: look for drift in every stack, and ask CloudFormation about it, too.
        revert: put back what drifted, in every stack; CloudFormation is asked about all of them.
        lowers: it only takes endpoints away: what it leaves alone is not judged, and a budget stops nothing.
        kept: where the change sets are that were kept before; none is made then, and none is removed.
    """

    read_only: bool = False
    detailed: bool = False
    delete_first: bool = False
    wholly: bool = False
    revert: bool = False
    lowers: bool = False
    kept: Kept | None = None


USUAL = Manner()


class Ground(Struct, frozen=True, kw_only=True):
    """What a plan stands on, read before anything is asked for.

    Attributes:
        found: every stack that is wanted or deployed, side by side.
        beside: every other stack of the environment, which a narrowed run leaves alone.
        now, later: what is paid for by the hour today, and when all is deployed; of what was found alone.
    """

    selection: Selection
    templates: tuple[Template, ...]
    survey: Survey
    found: tuple[Pair, ...]
    beside: tuple[Pair, ...]
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
    manner: Manner = USUAL,
    *,
    keeping: Keeping | None = None,
) -> Report:
    """Compare, ask CloudFormation, judge and price.

    Args:
        keeping: who keeps its change sets, for a deployment of exactly this plan; None leaves none behind.

    Raises:
        CloudError: AWS refused or did not answer; nothing is left behind but what is in keeping, as with everything
            below. Where policy blocks a template anyway, that CloudFormation does not take it is a note of the plan.
        WrongAccount: the credentials belong to another account.
        StackBusyError: somebody else is changing one of the stacks.
        Interrupted: the person said stop.
    """
    templates, others = template.synthesize_all(selection), template.synthesize_beside(selection)
    refuse_too_large(templates)
    counted = () if manner.lowers else others
    policy, region = without_budget(project.policy), selection.target.region
    with world.begin(templates, policy=policy, region=region, beside=counted) as judgement:
        ground = _ground(project, selection, world, templates=templates, others=others, wholly=manner.revert)
        stacks, headroom = _asked(ground, world, manner, keeping)
        findings = judgement.findings(() if manner.lowers else staying(project, ground.beside))
        _refuse_unless_judged(stacks, findings, ground, revert=manner.revert)
        if manner.delete_first:
            stacks = [plan.deleted_first(stack, headroom, ground.later) for stack in stacks]
        made = _assembled(project, ground, stacks, findings, headroom, world, manner)
    return Report(
        verb="plan",
        environment=made.environment,
        body=made,
        notes=tuple(str(stray) for stray in strays(project, ground.survey)),
        exit_code=_exit_code(made, manner.detailed),
    )


def _refuse_unless_judged(
    stacks: Sequence[StackPlan], findings: Sequence[Finding], ground: Ground, *, revert: bool
) -> None:
    """Raise TemplateRefused where CloudFormation does not take a template, and policy has nothing to say of it."""
    refused = [stack.refused for stack in stacks if stack.refused]
    if refused and not any(finding.blocks for finding in findings):
        environment, region = ground.selection.environment, ground.selection.target.region
        way = plan.way_on(refused, environment, region=region, deployed=bool(ground.survey.ours))
        next_step = WITHOUT_REVERTING if revert else way
        raise TemplateRefused("; ".join(refused), next_step=next_step)


def _asked(
    ground: Ground, world: World, manner: Manner, keeping: Keeping | None
) -> tuple[list[StackPlan], tuple[Headroom, ...]]:
    """What happens to every stack; quotas and drift are read while CloudFormation thinks."""
    cloud = world.connect()
    asking = Asking(cloud, ground.gone, kept=manner.kept, keeping=keeping, revert=manner.revert)
    looking = Looking(selection=ground.selection, cloud=cloud)
    every = manner.wholly or manner.revert
    with (
        Room(cloud, ground.found, always=manner.revert) as room,
        Comparing(looking, ground.found, every=every, native=manner.wholly) as comparing,
    ):
        protection = ground.selection.environment.termination_protection
        made = asking.plans(ground.found, world, protection=protection, server_side=not manner.read_only)
        stacks = comparing.told(made)
        return stacks, room.measured(stacks, ground.now, ground.later)


def _assembled(
    project: Project,
    ground: Ground,
    stacks: Sequence[StackPlan],
    findings: tuple[Finding, ...],
    headroom: tuple[Headroom, ...],
    world: World,
    manner: Manner,
) -> Plan:
    moving = frozenset[str]() if manner.delete_first else _moving(ground, stacks)
    cost = estimated(
        ground.selection,
        (*ground.now, *running(project, ground.beside)),
        world.now.date(),
        prices=prices(project),
        updating=moving,
        staying=staying(project, ground.beside),
    )
    budget = allowed(project, ground.selection, cost, world)
    return plan.assemble(
        ground.selection,
        templates=ground.templates,
        stacks=plan.roles_noted(plan.renaming_noted(stacks, ground.selection, ground.going), ground.selection),
        findings=(*findings, *budget.findings),
        cost=cost,
        waiver=budget.waiver,
        now=world.now,
        tool_version=world.tool_version,
        server_side=not manner.read_only,
        delete_first=manner.delete_first,
        headroom=headroom,
        reverts=manner.revert,
        lowers=manner.lowers,
    )


def _ground(
    project: Project,
    selection: Selection,
    world: World,
    *,
    templates: tuple[Template, ...],
    others: tuple[Template, ...],
    wholly: bool,
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
        beside=beside(selection, others, found, survey.ours, cloud),
        now=running(project, found),
        later=wanted(selection),
    )


def _moving(ground: Ground, stacks: Sequence[StackPlan]) -> frozenset[str]:
    """Models whose new instances start beside the old ones; an endpoint that goes back does, too."""
    back = (stack.model for stack in stacks if any(_goes_back(change) for change in stack.changes))
    return updating(ground.found) | {model for model in back if model}


def _goes_back(change: Change) -> bool:
    return change.impact is Impact.BLUE_GREEN and any(each.reverts for each in change.properties)


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


def _exit_code(made: Plan, detailed: bool) -> ExitCode:
    if any(finding.blocks for finding in made.findings):
        return ExitCode.FINDINGS
    if made.verdict.over_budget:
        return ExitCode.BUDGET
    changed = any(stack.action is not StackAction.UNCHANGED for stack in made.stacks)
    return ExitCode.CHANGES if detailed and changed else ExitCode.DONE
