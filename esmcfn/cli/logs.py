"""`esmcfn logs`."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from esmcfn.cli import options

if TYPE_CHECKING:
    from esmcfn.cli.compose import Run
    from esmcfn.domain.endpoint import LogLine
    from esmcfn.domain.project import Project
    from esmcfn.domain.report import Report
    from esmcfn.domain.stack import Selection
    from esmcfn.verbs.world import World


@click.command(
    short_help="Show what an endpoint's container wrote.",
    epilog="""\b
Examples:
  esmcfn logs dev --model main
  esmcfn logs dev --model main --since 10m
  esmcfn logs dev --model main --follow -f json | jq -r .text
""",
)
@options.reports("logs", account=True, formats=("text", "json"))
@click.option("--follow", is_flag=True, envvar="ESMCFN_FOLLOW", help="Go on with each line as it is written.")
@click.option(
    "--since", type=options.DURATION, envvar="ESMCFN_SINCE", help="Only what was written so long ago at most: 10m, 2h."
)
@click.option(
    "--lines",
    type=click.IntRange(1, 10_000),
    envvar="ESMCFN_LINES",
    help="The last so many lines; 100 where --since says nothing either.",
)
def logs(run: Run, *, follow: bool, since: float | None, lines: int | None) -> int:
    """Show what the container behind an endpoint wrote, of all its instances in order of time.

    --model may be left out where one model is selected. With -f json it is one document; with --follow as well, one
    JSON object a line. What would move a terminal's cursor is written out.
    """
    from esmcfn.errors import UsageError
    from esmcfn.verbs.watch.logs import logs

    if len(run.names) != 1:
        raise UsageError("logs are of one environment", next_step="esmcfn logs dev --model KEY")
    span = None if since is None else timedelta(seconds=since)
    if follow and run.output:
        raise UsageError("--follow has no end, and so no --output", next_step="redirect standard output")

    def verb(project: Project, selection: Selection, world: World) -> Report:
        if follow:
            _follow(selection, world, since=span, lines=lines, form=run.form)
            raise click.exceptions.Exit(0)
        return logs(selection, world, since=span, most=lines)

    return run.emit(run.outcomes(verb))


def _follow(selection: Selection, world: World, *, since: timedelta | None, lines: int | None, form: str) -> None:
    from esmcfn.cli.clock import RealClock
    from esmcfn.cli.streams import listened_to, streamed, told
    from esmcfn.documents import living
    from esmcfn.render import standing
    from esmcfn.verbs.watch.logs import follow

    def heard(line: LogLine) -> bool:
        if form == "json":
            return streamed(json.dumps(living.log_line(line)))
        return streamed(standing.log_line(line))

    follow(
        selection,
        world,
        since=since,
        most=lines,
        clock=RealClock(),
        heard=heard,
        told=lambda what: told(f"· {what}"),
        listening=listened_to,
    )
