"""`esmcfn status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from esmcfn.cli import options

if TYPE_CHECKING:
    from esmcfn.cli.compose import Run


@click.command(
    short_help="Show where each endpoint stands.",
    epilog="\b\nExamples:\n  esmcfn status dev\n  esmcfn status --all -f json\n  esmcfn status dev --model main\n",
)
@options.reports("status", account=True)
def status(run: Run) -> int:
    """Show where each endpoint stands: what SageMaker serves against what is deployed and what the file asks for.

    It shows instances, weights, SageMaker's reason and the container's last lines where something failed, and what to
    do next. It ends with 0 whatever it finds; `esmcfn wait` judges.
    """
    from esmcfn.verbs.watch.watching import status

    return run.emit(run.outcomes(lambda project, selection, world: status(project, selection, world)))
