"""`esmcfn plan`."""

from __future__ import annotations

from pathlib import Path

import click

from esmcfn.cli import options


@click.command(
    short_help="Show what deploying would change.",
    epilog="""\b
Examples:
  esmcfn plan dev
  esmcfn plan dev --read-only              compare templates only: a role that may only read is enough
  esmcfn plan dev -f json --out plan.json  keep the change sets for exactly this plan
  esmcfn plan --all --detailed-exitcode    11 where something would change
""",
)
@options.environments
@options.report
@options.reach
@click.option("--read-only", is_flag=True, envvar="ESMCFN_READ_ONLY", help="Make no change set at all.")
@click.option(
    "--detailed-exitcode",
    is_flag=True,
    envvar="ESMCFN_DETAILED_EXITCODE",
    help="Exit 11 when changes are pending.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="ESMCFN_OUT",
    help="Write the plan as JSON and keep its change sets; without it nothing is left behind.",
)
@click.pass_context
def plan(
    ctx: click.Context,
    names: tuple[str, ...],
    *,
    every: bool,
    models: tuple[str, ...],
    form: str,
    output: Path | None,
    profile: str,
    read_only: bool,
    detailed_exitcode: bool,
    out: Path | None,
) -> int:
    """Show what deploying would change, cost and break; change nothing."""
    from esmcfn.cli.compose import compose, written
    from esmcfn.errors import UsageError
    from esmcfn.render import render
    from esmcfn.verbs.planning import make_plan

    if out and read_only:
        raise UsageError("--out keeps change sets and --read-only makes none: choose one")
    run = compose(ctx, verb="plan", names=names, every=every, models=models, form=form, output=output, profile=profile)
    if out:
        written(out, "")  # a path that cannot be written is said before change sets are kept for it
    outcomes = run.outcomes(
        lambda project, selection, world: make_plan(
            project, selection, world, read_only=read_only, keep=bool(out), detailed=detailed_exitcode
        )
    )
    if out:
        written(out, render("json", outcomes))
    return run.emit(outcomes)
