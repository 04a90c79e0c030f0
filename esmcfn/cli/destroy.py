"""`esmcfn destroy`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from esmcfn.cli import options

if TYPE_CHECKING:
    from esmcfn.cli.compose import Run
    from esmcfn.domain.project import Project
    from esmcfn.domain.report import Report
    from esmcfn.domain.stack import Selection
    from esmcfn.verbs.world import World


@click.command(
    short_help="Remove an environment, leaving nothing behind.",
    epilog="""\b
Examples:
  esmcfn destroy dev
  esmcfn destroy dev --yes --delete-logs
  esmcfn destroy old --like dev     the file environments/old.yaml is gone; its stacks are where dev's are
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
def destroy(run: Run, *, like: str, delete_logs: bool, **words: Any) -> int:
    """Remove an environment: shows what goes and what it frees, asks for its name, and says what is left."""
    from msgspec.structs import replace

    from esmcfn.cli.person import Asked, refuse_unasked
    from esmcfn.cli.watching import watching
    from esmcfn.errors import UsageError
    from esmcfn.inputs import environment_names
    from esmcfn.verbs.deploying import Wishes
    from esmcfn.verbs.destroying import destroy, vanished
    from esmcfn.verbs.steps import Terms

    refuse_unasked(words["yes"])
    if run.models:
        raise UsageError(
            "destroy removes an environment as a whole",
            next_step="to remove one model, delete its key from selected_models and deploy",
        )
    if like and len(run.names) != 1:
        raise UsageError("--like is for one environment whose file is gone", next_step="name that environment alone")
    gone = run.names[0] if like else ""
    if gone in environment_names(run.root):
        raise UsageError(f"there is a file of {gone}", next_step=f"esmcfn destroy {gone}, without --like")
    again = f"esmcfn destroy {' '.join(run.names)}" + (f" --like {like}" if like else "")
    terms = Terms(again=again, within=words["timeout"], discard_others=words["discard_others"])
    wishes = Wishes(terms=terms, wait_for_stack=words["wait_for_stack"])
    with watching() as display:

        def verb(project: Project, selection: Selection, world: World) -> Report:
            selection = vanished(selection, gone) if gone else selection
            name = selection.environment.name
            person = Asked(display=display, yes=words["yes"], question=f"Remove all of {name}?", by_name=name)
            world = replace(world, person=person, watch=display)
            return destroy(project, selection, world, wishes, delete_logs=delete_logs, must_exist=bool(gone))

        outcomes = (replace(run, names=(like,)) if like else run).outcomes(verb)
    return run.emit(outcomes)
