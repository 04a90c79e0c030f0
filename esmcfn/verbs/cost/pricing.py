"""`cost`: what an environment costs a month, against what is deployed when that can be read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from msgspec import Struct

from esmcfn import cost, plan, template
from esmcfn.domain.cost import HostedVariant
from esmcfn.domain.deployment import Deployment
from esmcfn.domain.project import Project
from esmcfn.domain.report import Outcome, Priced, Report
from esmcfn.domain.stack import Selection
from esmcfn.errors import CloudError, ExitCode
from esmcfn.verbs.account import guarded
from esmcfn.verbs.plan.allowing import allowed
from esmcfn.verbs.plan.reading import beside, estimated, pairs, prices, running, staying, updating
from esmcfn.verbs.world import World


def price(project: Project, selection: Selection, world: World, *, compared: bool = True) -> Report:
    """Price the selection; an account out of reach makes the comparison unknown, not the price.

    Args:
        compared: read what is deployed; without it nothing is asked of AWS.
    """
    now: _Now | None = None
    why = "" if compared else "what is deployed was not asked for"
    if compared:
        try:
            now = _running(project, selection, world)
        except CloudError as error:
            why = error.message
    estimate = estimated(
        selection,
        now.running if now else None,
        world.now.date(),
        prices=prices(project),
        updating=now.updating if now else frozenset(),
        staying=now.staying if now else (),
    )
    name = selection.environment.name
    budget = allowed(project, selection, estimate, world)
    verdict = plan.verdict((), estimate, selection.environment, waiver=budget.waiver)
    return Report(
        verb="cost",
        environment=name,
        body=Priced(environment=name, cost=estimate, compared=now is not None, why=why, verdict=verdict),
        notes=tuple(f"{each.message}; {each.advice}" for each in budget.findings if each.waiver is None),
        exit_code=ExitCode.BUDGET if verdict.over_budget else ExitCode.DONE,
    )


def aged(outcomes: Sequence[Outcome], today: date) -> str:
    """What to say once of a whole run whose prices have to be doubted; empty where they have not.

    The notes of a cost say themselves that a price is old; a deployment's report has its sums and no notes.
    """
    reports = (each for each in outcomes if isinstance(each, Report) and isinstance(each.body, Deployment))
    as_of = min(
        (price.as_of for price in (each.oldest_price for each in reports) if price and price.as_of), default=today
    )
    age = (today - as_of).days
    if age <= cost.AGED_DAYS:
        return ""
    old = f"{cost.STALE_DAYS} days old and stale" if age > cost.STALE_DAYS else f"{cost.AGED_DAYS} days old"
    return f"prices are of {as_of}, more than {old}: {cost.NEWER}"


class _Now(Struct, frozen=True, kw_only=True):
    """What is deployed, as far as it costs something.

    Attributes:
        running: of all of the environment, by the hour.
        staying: what of that nobody selects any more, and a narrowed run leaves alone.
        updating: models that an update would run twice for a while.
    """

    running: tuple[HostedVariant, ...]
    staying: tuple[HostedVariant, ...]
    updating: frozenset[str]


def _running(project: Project, selection: Selection, world: World) -> _Now:
    cloud = world.connect()
    world.progress("reading what is deployed")
    deployed = guarded(selection, cloud)
    templates = template.synthesize_all(selection)
    found = pairs(selection, templates, deployed, cloud)
    around = beside(selection, template.synthesize_beside(selection), found, deployed, cloud)
    return _Now(running=running(project, (*found, *around)), staying=staying(project, around), updating=updating(found))
