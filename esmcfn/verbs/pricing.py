"""`cost`: what an environment costs a month, against what is deployed when that can be read."""

from __future__ import annotations

from esmcfn import plan, template
from esmcfn.domain.cost import HostedVariant
from esmcfn.domain.project import Project
from esmcfn.domain.report import Priced, Report
from esmcfn.domain.stack import Selection
from esmcfn.errors import CloudError, ExitCode
from esmcfn.verbs.account import guarded
from esmcfn.verbs.reading import estimated, pairs, prices, running, updating
from esmcfn.verbs.world import World


def price(project: Project, selection: Selection, world: World, *, compared: bool = True) -> Report:
    """Price the selection; an account out of reach makes the comparison unknown, not the price.

    Args:
        compared: read what is deployed; without it nothing is asked of AWS.
    """
    before: tuple[HostedVariant, ...] | None = None
    moving: frozenset[str] = frozenset()
    why = "" if compared else "what is deployed was not asked for"
    if compared:
        try:
            before, moving = _running(project, selection, world)
        except CloudError as error:
            why = error.message
    estimate = estimated(selection, before, world.now.date(), prices=prices(project), updating=moving)
    name = selection.environment.name
    verdict = plan.verdict((), estimate, selection.environment)
    return Report(
        verb="cost",
        environment=name,
        body=Priced(environment=name, cost=estimate, compared=before is not None, why=why, verdict=verdict),
        exit_code=ExitCode.BUDGET if verdict.over_budget else ExitCode.DONE,
    )


def _running(project: Project, selection: Selection, world: World) -> tuple[tuple[HostedVariant, ...], frozenset[str]]:
    """What runs by the hour today, and which models an update would run twice for a while."""
    cloud = world.connect()
    world.progress("reading what is deployed")
    deployed = guarded(selection, cloud)
    templates = template.synthesize_all(selection)
    found = pairs(selection, templates, deployed, cloud)
    return running(project, found), updating(found)
