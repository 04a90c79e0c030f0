"""`esmcfn cost`."""

from __future__ import annotations

from pathlib import Path

import click

from esmcfn.cli import options


@click.command(
    short_help="Price the selected models.",
    epilog="\b\nExamples:\n  esmcfn cost dev\n  esmcfn cost --all --offline -f json\n",
)
@options.environments
@options.report
@options.reach
@click.option("--offline", is_flag=True, envvar="ESMCFN_OFFLINE", help="Do not compare with what is deployed.")
@click.pass_context
def cost(
    ctx: click.Context,
    names: tuple[str, ...],
    *,
    every: bool,
    models: tuple[str, ...],
    form: str,
    output: Path | None,
    profile: str,
    offline: bool,
) -> int:
    """Price the selected models, per model and in total; against what is deployed when it can be reached."""
    from esmcfn.cli.compose import compose
    from esmcfn.verbs.pricing import price

    run = compose(ctx, verb="cost", names=names, every=every, models=models, form=form, output=output, profile=profile)
    return run.emit(
        run.outcomes(lambda project, selection, world: price(project, selection, world, compared=not offline))
    )
