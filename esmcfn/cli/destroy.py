"""`esmcfn destroy`."""

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
    short_help="Remove an environment, leaving nothing behind.",
    epilog="""\b
Examples:
  esmcfn destroy dev
  esmcfn destroy dev --yes --delete-logs
  esmcfn destroy old --like dev     its file is gone; same account as dev
""",
)
@options.reports("destroy", account=True)
@options.executes
@click.option(
    "--like",
    metavar="ENVIRONMENT",
    default="",
    envvar="ESMCFN_LIKE",
    help="Where to look for an environment whose file is gone: the account, region and prefix of this one.",
)
@click.option(
    "--delete-logs",
    is_flag=True,
    envvar="ESMCFN_DELETE_LOGS",
    help="Delete the containers' logs too; no stack owns them.",
)
def destroy(run: Run, *, mandate: Mandate, like: str, delete_logs: bool) -> int:
    """Remove an environment: shows what goes and what it frees, asks for its name, and says what is left."""
    from msgspec.structs import replace

    from esmcfn.verbs.deploy.destroying import destroy, vanished

    gone = _gone(run, like)

    def verb(project: Project, selection: Selection, world: World) -> Report:
        selection = vanished(selection, gone) if gone else selection
        return destroy(project, selection, world, mandate.wishes(), delete_logs=delete_logs, must_exist=bool(gone))

    return mandate.carried_out(replace(run, names=(like,)) if like else run, verb)


def _gone(run: Run, like: str) -> str:
    """The environment whose file is gone, empty where none is.

    Raises:
        UsageError: the words contradict each other.
    """
    from esmcfn.errors import UsageError
    from esmcfn.inputs import environment_names

    if run.models:
        raise UsageError(
            "destroy removes an environment as a whole",
            next_step="to remove one model, delete its key from selected_models and deploy",
        )
    if not like:
        return ""
    if len(run.names) != 1:
        raise UsageError("--like is for one environment whose file is gone", next_step="name that environment alone")
    gone = run.names[0]
    if gone in environment_names(run.root):
        raise UsageError(f"there is a file of {gone}", next_step=f"esmcfn destroy {gone}, without --like")
    return gone
