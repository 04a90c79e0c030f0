"""`esmcfn plan`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from esmcfn.cli import options

if TYPE_CHECKING:
    from esmcfn.cli.compose import Run


@click.command(
    short_help="Show what deploying would change.",
    epilog="""\b
Examples:
  esmcfn plan dev
  esmcfn plan dev --read-only              templates alone: reading is enough
  esmcfn plan dev -f json --out plan.json  keep this plan's change sets
  esmcfn plan dev --drift                  what drifted in every stack
  esmcfn plan dev --revert-drift           what putting it back would change
  esmcfn plan --all --detailed-exitcode    11 where something would change
""",
)
@options.reports("plan", account=True, formats=(*options.FORMATS, *options.OF_FINDINGS))
@click.option("--read-only", is_flag=True, envvar="ESMCFN_READ_ONLY", help="Make no change set at all.")
@click.option(
    "--detailed-exitcode", is_flag=True, envvar="ESMCFN_DETAILED_EXITCODE", help="Exit 11 when changes are pending."
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="ESMCFN_OUT",
    help="Write the plan as JSON and keep its change sets; without it nothing is left behind.",
)
@click.option(
    "--drift",
    "wholly",
    is_flag=True,
    envvar="ESMCFN_DRIFT",
    help="Look for drift in every stack, and by CloudFormation too; it takes minutes.",
)
@click.option("--revert-drift", "revert", is_flag=True, envvar="ESMCFN_REVERT_DRIFT", help=options.REVERT_DRIFT)
@click.option("--delete-first", is_flag=True, envvar="ESMCFN_DELETE_FIRST", help=options.DELETE_FIRST)
def plan(run: Run, *, out: Path | None, detailed_exitcode: bool, **words: Any) -> int:
    """Show what deploying would change, cost and break; change nothing."""
    from esmcfn.cli.reports import reportable, written
    from esmcfn.cli.streams import told
    from esmcfn.domain.report import Report
    from esmcfn.errors import UsageError
    from esmcfn.render import render
    from esmcfn.verbs.plan.keeping import Keeping, kept_by
    from esmcfn.verbs.plan.planning import Manner, make_plan

    for word, other in (("--out", out), ("--revert-drift", words["revert"])):
        if other and words["read_only"]:
            raise UsageError(
                f"{word} needs change sets, and --read-only makes none", next_step=f"leave out {word} or --read-only"
            )
    if words["revert"] and words["delete_first"]:
        raise UsageError(options.REVERT_OR_DELETE, next_step="leave out --revert-drift or --delete-first")
    if out:
        reportable(out)  # said before change sets are kept for a file that cannot be written
    manner = Manner(detailed=detailed_exitcode, **words)
    with Keeping(told) as keeping:
        kept = keeping if out else None
        outcomes = run.outcomes(
            lambda project, selection, world: make_plan(project, selection, world, manner, keeping=kept)
        )
        if out:
            keeping.clear(besides=kept_by(outcomes))
            written(out, render("json", outcomes))
    if out and any(isinstance(outcome, Report) for outcome in outcomes):
        told(f"· {out} names the change sets that were kept; esmcfn deploy --plan {out} executes exactly these")
    return run.emit(outcomes)
