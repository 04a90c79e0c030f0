"""`esmcfn audit`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from esmcfn.cli import options

if TYPE_CHECKING:
    from esmcfn.cli.compose import Run
    from esmcfn.domain.project import Project
    from esmcfn.domain.report import Report
    from esmcfn.domain.stack import Selection
    from esmcfn.verbs.world import World


@click.command(
    short_help="Show what endpoints really cost, what idles, and what could be saved.",
    epilog=(
        "\b\nExamples:\n  esmcfn audit dev\n  esmcfn audit --all --drift -f html --output audit.html\n"
        "  esmcfn audit dev --no-bill -f json\n"
        "  esmcfn audit dev -f json --output audit.json --also html=audit.html\n"
    ),
)
@options.reports("audit", account=True, formats=(*options.FORMATS, *options.OF_READERS), copies=True)
@click.option(
    "--days",
    type=click.IntRange(1, 90),
    default=14,
    show_default=True,
    metavar="DAYS",
    envvar="ESMCFN_DAYS",
    help="Whole days before today, in UTC, in which calls are counted.",
)
@click.option(
    "--no-bill",
    is_flag=True,
    envvar="ESMCFN_NO_BILL",
    help="Do not ask Cost Explorer, which charges 0.01 USD a request; an environment takes one or two.",
)
@click.option(
    "--drift",
    "drifting",
    is_flag=True,
    envvar="ESMCFN_DRIFT",
    help="Compare everything with what was deployed, and list endpoints of no stack; it takes minutes.",
)
def audit(run: Run, *, days: int, no_bill: bool, drifting: bool) -> int:
    """Show what endpoints really cost against the estimate, what idles, and what could be saved.

    It asks CloudWatch for calls and load and Cost Explorer for the bill, and changes nothing: what could be parked
    comes as a patch of the environment's file. Idle is only what reported every day without a call; no data, too
    new, denied and unknown are told apart.
    """
    from esmcfn.inputs.editing import with_parked
    from esmcfn.verbs.cost.auditing import audit

    def verb(project: Project, selection: Selection, world: World) -> Report:
        def edit(keys: tuple[str, ...]) -> tuple[str, str]:
            path = project.environment.path
            text = (run.root / path).read_bytes().decode("utf-8-sig")
            return text, with_parked(text, keys, parked=True, path=path)

        return audit(project, selection, world, days=days, billed=not no_bill, edit=edit, drifting=drifting)

    return run.emit(run.outcomes(verb))
