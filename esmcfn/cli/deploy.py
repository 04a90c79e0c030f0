"""`esmcfn deploy`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from esmcfn.cli import options

if TYPE_CHECKING:
    from esmcfn.domain.report import Report


@click.command(epilog="\b\nExamples:\n  esmcfn deploy dev\n  esmcfn deploy dev --yes -f json\n")
@options.environments
@options.report
@options.reach
@click.option("--yes", is_flag=True, envvar="ESMCFN_YES", help="Do not ask; needed where there is no terminal.")
@click.pass_context
def deploy(
    ctx: click.Context,
    names: tuple[str, ...],
    *,
    every: bool,
    models: tuple[str, ...],
    form: str,
    output: Path | None,
    profile: str,
    yes: bool,
) -> int:
    """Plan, pass the policy gate, and execute."""
    from esmcfn.cli.compose import compose
    from esmcfn.errors import UsageError
    from esmcfn.render import render
    from esmcfn.verbs.deploying import deploy

    if not yes and not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask at", next_step="say --yes to deploy without being asked")
    run = compose(
        ctx, verb="deploy", names=names, every=every, models=models, form=form, output=output, profile=profile
    )

    def agreed(plan: Report) -> bool:
        if yes:
            return True
        click.echo(render("text", (plan,)), err=True)
        return click.confirm("Deploy this?", err=True)

    return run.emit(run.outcomes(lambda project, selection, world: deploy(project, selection, world, agreed=agreed)))
