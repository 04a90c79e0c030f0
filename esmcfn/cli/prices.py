"""`esmcfn prices`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from esmcfn.cli import options

if TYPE_CHECKING:
    from esmcfn.cli.compose import Run
    from esmcfn.domain.cost import Price
    from esmcfn.domain.project import Project
    from esmcfn.domain.report import Report
    from esmcfn.domain.stack import Selection
    from esmcfn.verbs.world import World


ELSEWHERE = (
    "name an environment with an AWS account, whose credentials may call pricing:GetProducts; "
    "or write the price into policies/prices.yaml yourself, with its source (docs/prices.md)"
)


@click.group(short_help="Read AWS's price list.")
def prices() -> None:
    """Read AWS's price list into a file of the root that is reviewed, and that wins over the package's own book."""


@prices.command(
    short_help="Write what the price list says now.",
    epilog="\b\nExamples:\n  esmcfn prices refresh dev\n  esmcfn prices refresh --all\n",
)
@options.reports("prices", account=True)
def refresh(run: Run) -> int:
    """Write what the price list says now of the selected instance types into policies/prices.yaml.

    One product and one price an hour for each type, or nothing is written. Figures of other types and regions stay in
    the file as they are.
    """
    from esmcfn.domain.project import SANDBOX
    from esmcfn.errors import CloudError
    from esmcfn.inputs.memory import Memory
    from esmcfn.inputs.pricing import PATH, book
    from esmcfn.inputs.pricing import written as listed
    from esmcfn.verbs.cost.refreshing import refresh

    file = run.root / PATH

    def write(found: Sequence[Price]) -> None:
        from esmcfn.cli.reports import written

        known = {(price.region, price.instance_type): price for price in book(run.root, [], Memory(None))}
        fresh = {(price.region, price.instance_type): price for price in found}
        file.parent.mkdir(exist_ok=True)
        written(file, listed(tuple({**known, **fresh}.values())))

    def verb(project: Project, selection: Selection, world: World) -> Report:
        try:
            return refresh(project, selection, world, path=PATH, write=write)
        except CloudError as error:
            if project.environment.account == SANDBOX and not error.code:  # it did answer: it sells nothing
                raise CloudError(f"{error.message}: the sandbox sells nothing", next_step=ELSEWHERE) from error
            raise

    run.refuse_wrong()
    return run.emit(run.outcomes(verb))
