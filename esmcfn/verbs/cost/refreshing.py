"""`prices refresh`: what AWS's price list says now of what an environment selects, into a file that is reviewed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from esmcfn.domain.cost import Price
from esmcfn.domain.project import Project
from esmcfn.domain.report import Refreshed, Report, Repriced
from esmcfn.domain.stack import Selection
from esmcfn.verbs.plan.reading import prices, side_by_side
from esmcfn.verbs.world import World

Write = Callable[[Sequence[Price]], None]
"""Put these prices into the root's file, beside those of other types and regions."""


def refresh(project: Project, selection: Selection, world: World, *, path: str, write: Write) -> Report:
    """Ask for each instance type that the environment selects; all are known, or nothing is written.

    Args:
        path: of the file, from the root.

    Raises:
        CloudError: one of them has not exactly one price, or AWS refused or did not answer.
    """
    region, book = selection.target.region, prices(project)
    types = sorted({stack.variant.instance_type for stack in selection.models})
    name = selection.environment.name
    if not types:
        return Report(verb="prices", environment=name, body=Refreshed(environment=name, path=path, prices=()))
    cloud = world.connect()
    world.progress(f"asking the price list about {len(types)} instance type{'' if len(types) == 1 else 's'}")
    found = side_by_side(lambda kind: cloud.price_list.price(region, kind, today=world.now.date()), types)
    write(found)
    changes = tuple(Repriced(before=book.prices.get((region, price.instance_type)), after=price) for price in found)
    return Report(verb="prices", environment=name, body=Refreshed(environment=name, path=path, prices=changes))
