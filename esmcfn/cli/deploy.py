"""`esmcfn deploy`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from esmcfn.cli import options

if TYPE_CHECKING:
    from esmcfn.cli.compose import Run
    from esmcfn.domain.report import Report


@click.command(epilog="\b\nExamples:\n  esmcfn deploy dev\n  esmcfn deploy dev --yes -f json\n")
@options.reports("deploy", account=True)
@click.option("--yes", is_flag=True, envvar="ESMCFN_YES", help="Do not ask; needed where there is no terminal.")
def deploy(run: Run, *, yes: bool) -> int:
    """Plan, pass the policy gate, and execute."""
    from esmcfn.errors import UsageError
    from esmcfn.render import render
    from esmcfn.verbs.deploying import deploy

    if not yes and not (sys.stdin and sys.stdin.isatty()):
        raise UsageError("there is no terminal to ask at", next_step="say --yes to deploy without being asked")

    def agreed(plan: Report) -> bool:
        if yes:
            return True
        click.echo(render("text", (plan,)), err=True)
        return click.confirm("Deploy this?", err=True)

    return run.emit(run.outcomes(lambda project, selection, world: deploy(project, selection, world, agreed=agreed)))
