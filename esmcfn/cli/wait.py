"""`esmcfn wait`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from esmcfn.cli import options
from esmcfn.cli.mandate import Repeatable, again

if TYPE_CHECKING:
    from esmcfn.cli.compose import Run
    from esmcfn.domain.project import Project
    from esmcfn.domain.report import Report
    from esmcfn.domain.stack import Selection
    from esmcfn.verbs.world import World


@click.command(
    cls=Repeatable,
    short_help="Block until the endpoints are in service.",
    epilog="\b\nExamples:\n  esmcfn wait dev\n  esmcfn wait dev --model main --timeout 20m && ./smoke-test\n",
)
@options.reports("wait", account=True)
@click.option(
    "--timeout",
    type=options.DURATION,
    default="60m",
    show_default=True,
    envvar="ESMCFN_TIMEOUT",
    help="How long at most: 90s, 30m, 2h; of several environments, all together.",
)
def wait(run: Run, *, timeout: float) -> int:
    """Block until every endpoint that is wanted serves the configuration that the file asks for.

    What is parked is not waited for. Standard error has a line a change, and one each 30 seconds where nothing
    changes. Ends with 0 when all is in service; 4 when the time is up, or AWS cannot be read any more; 5 when an
    endpoint failed, stays on another configuration, or is gone. A read that fails for a moment decides nothing.
    """
    from esmcfn.cli.clock import RealClock
    from esmcfn.cli.streams import told
    from esmcfn.verbs.watch.awaiting import wait

    clock = RealClock()
    deadline = clock.now() + timeout
    words = again(click.get_current_context())

    def verb(project: Project, selection: Selection, world: World) -> Report:
        return wait(
            project,
            selection,
            world,
            clock=clock,
            deadline=deadline,
            heard=lambda line: told(f"· {line}"),
            again=words,
        )

    return run.emit(run.outcomes(verb))
