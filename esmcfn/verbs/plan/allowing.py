"""Being above a hard budget with a signature: waivers with the rule BUDGET, put to what an environment costs."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from esmcfn import plan
from esmcfn.domain.cost import Cost
from esmcfn.domain.finding import Engine, Finding, Level, Severity
from esmcfn.domain.project import Policy, Project
from esmcfn.domain.stack import Selection
from esmcfn.domain.waiver import BUDGET_RULE, Waiver
from esmcfn.verbs.world import World

RESOURCE = "budget"
"""What such a waiver names as its resource, or a glob over it."""


class Allowed(Struct, frozen=True, kw_only=True):
    """What the waivers of a budget come to.

    Attributes:
        waiver: the one in force for being above the budget, None where there is none or none is needed.
        findings: being above it where somebody signed for that, and what is wrong with those waivers.
    """

    waiver: Waiver | None = None
    findings: tuple[Finding, ...] = ()


def without_budget(policy: Policy) -> Policy:
    """The policy for engines that judge templates, where waivers of the budget are judged by `allowed`."""
    return replace(policy, waivers=tuple(each for each in policy.waivers if each.rule != BUDGET_RULE))


def allowed(project: Project, selection: Selection, cost: Cost, world: World) -> Allowed:
    """The waiver in force, and what is to be told; without such waivers there is nothing to import."""
    waivers = [waiver for waiver in project.policy.waivers if waiver.rule == BUDGET_RULE]
    if not waivers:
        return Allowed()
    from esmcfn.policy import marked
    from esmcfn.policy.waivers import Signatures, apart

    environment = selection.environment
    judged = plan.verdict((), cost, environment)
    excess = [_finding(judged.budget, selection)] if judged.over_budget else []
    signed = Signatures(
        environment=environment.name,
        known=project.policy.known,
        today=world.now.date(),
        authors=world.authors,
        # Only who knows what all of it costs knows that a waiver is of no use.
        heard=lambda rule: not selection.narrowed and cost.after_monthly is not None,
    )
    lifted, complaints = (tuple(marked(each, environment.name)) for each in apart(excess, waivers, signed))
    waiver = lifted[0].waiver if lifted else None
    return Allowed(waiver=waiver, findings=(*lifted, *complaints) if waiver else complaints)


def _finding(said: str, selection: Selection) -> Finding:
    """Being above the budget, as waivers know what they are for; exit code 13 is what is worth telling without one."""
    return Finding(
        rule=BUDGET_RULE,
        engine=Engine.HOUSE,
        severity=Severity.ERROR,
        level=Level.SOFT,
        message=said,
        why="What an environment may cost was agreed upon; more of it is for whoever agreed to sign.",
        advice="select less, park what nobody calls, or have more agreed upon",
        origin=selection.environment.origins.of("budget"),
        logical_id=RESOURCE,
        path=RESOURCE,
    )
