"""`esmcfn drift`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from esmcfn.cli import options

if TYPE_CHECKING:
    from esmcfn.cli.compose import Run


@click.command(
    short_help="Compare what was deployed with what runs.",
    epilog="\b\nExamples:\n  esmcfn drift dev\n  esmcfn drift --all --strict -f markdown\n",
)
@options.reports("drift", account=True)
@click.option("--strict", is_flag=True, envvar="ESMCFN_STRICT", help="What could not be checked is bad news, too.")
@click.option(
    "--timeout",
    type=options.DURATION,
    default=1800.0,
    show_default="30m",
    metavar="DURATION",
    envvar="ESMCFN_TIMEOUT",
    help="How long CloudFormation may take to compare a stack.",
)
@click.option(
    "--bootstrap",
    is_flag=True,
    envvar="ESMCFN_BOOTSTRAP",
    help="Look at what bootstrap made, too: provider, roles and bucket.",
)
def drift(run: Run, *, strict: bool, timeout: float, bootstrap: bool) -> int:
    """Compare what was deployed with what AWS says exists, and say how much of it could be compared.

    CloudFormation's own detection and readers of esmcfn's own look at every resource: another configuration served,
    instances or weights that somebody changed, policies attached by hand, extra access keys, tags, deletions. Endpoints
    that belong to no stack are listed with their price. It changes nothing, and ends with 12 where something drifted.
    """
    from esmcfn.verbs.drift.drifting import find_drift

    return run.emit(
        run.outcomes(
            lambda project, selection, world: find_drift(
                project, selection, world, strict=strict, within=timeout, bootstrap=bootstrap
            )
        )
    )
