"""`esmcfn cost`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from esmcfn.cli import options

if TYPE_CHECKING:
    from esmcfn.cli.compose import Run


@click.command(
    short_help="Price the selected models.",
    epilog="\b\nExamples:\n  esmcfn cost dev\n  esmcfn cost --all --offline -f json\n",
)
@options.reports("cost", account=True)
@click.option("--offline", is_flag=True, envvar="ESMCFN_OFFLINE", help="Do not compare with what is deployed.")
def cost(run: Run, *, offline: bool) -> int:
    """Price the selected models, per model and in total; against what is deployed when it can be reached."""
    from esmcfn.verbs.cost.pricing import price

    return run.emit(
        run.outcomes(lambda project, selection, world: price(project, selection, world, compared=not offline))
    )
