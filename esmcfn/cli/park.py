"""`esmcfn park` and `esmcfn resume`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from esmcfn.cli import options
from esmcfn.cli.mandate import Repeatable

if TYPE_CHECKING:
    from esmcfn.cli.compose import Run
    from esmcfn.cli.mandate import Mandate
    from esmcfn.domain.project import Project
    from esmcfn.domain.report import Report
    from esmcfn.domain.stack import Selection
    from esmcfn.verbs.world import World


@click.command(
    cls=Repeatable,
    short_help="Delete endpoints to stop the bill; keep the rest.",
    epilog="\b\nExamples:\n  esmcfn park dev\n  esmcfn park dev --model prototype_model --yes\n",
)
@options.reports("park", account=True)
@options.executes
def park(run: Run, *, mandate: Mandate) -> int:
    """Delete only the endpoints to stop the bill; model and configuration stay, and cost nothing.

    Writes `parked: true` into the environment's file, keeping every comment, and deploys that; without --model all are
    parked. `resume` brings them back under the same names, in 10 to 25 minutes on AWS.
    """
    return _run(run, mandate, parked=True)


@click.command(
    cls=Repeatable,
    short_help="Bring parked endpoints back.",
    epilog="\b\nExamples:\n  esmcfn resume dev\n  esmcfn resume dev --model prototype_model --yes\n",
)
@options.reports("resume", account=True)
@options.executes
def resume(run: Run, *, mandate: Mandate) -> int:
    """Bring parked endpoints back under the same names: 10 to 25 minutes on AWS, and only while it has such hosts.

    Takes `parked` out of the environment's file and deploys that; without --model all come back.
    """
    return _run(run, mandate, parked=False)


def _run(run: Run, mandate: Mandate, *, parked: bool) -> int:
    from esmcfn.cli.reports import writable, written
    from esmcfn.inputs.editing import with_parked
    from esmcfn.verbs.deploy.parking import park

    def verb(project: Project, selection: Selection, world: World) -> Report:
        file = run.root / project.environment.path
        writable(file)

        def write(keys: frozenset[str]) -> None:
            text = file.read_bytes().decode("utf-8")
            edited = with_parked(text, sorted(keys), parked=parked, path=project.environment.path)
            if edited != text:
                written(file, edited)

        return park(project, world, mandate.wishes(), keys=run.models, parked=parked, write=write)

    return mandate.carried_out(run, verb)
