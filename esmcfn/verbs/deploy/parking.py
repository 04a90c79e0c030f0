"""`park` and `resume`: only the endpoint goes, or comes back; model and configuration stay, and cost nothing."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from esmcfn.domain.project import Project
from esmcfn.domain.report import Report
from esmcfn.domain.stack import Selection
from esmcfn.errors import NotDeployed
from esmcfn.selection import select
from esmcfn.verbs.account import guarded
from esmcfn.verbs.deploy.deploying import Deed, Wishes, carried_out
from esmcfn.verbs.world import Question, World


def park(
    project: Project,
    world: World,
    wishes: Wishes,
    *,
    keys: frozenset[str],
    parked: bool,
    write: Callable[[frozenset[str]], None],
) -> Report:
    """Plan, ask, write it into the environment's file, and deploy these models alone.

    The file is written before anything is executed: whatever happens then, it says what is wanted.

    Args:
        keys: of selected models; empty means all.
        parked: whether they shall be; False brings them back.
        write: put `parked` into the environment's file for these keys.

    Raises:
        UsageError: no such selected model, or the file cannot be written.
        Interrupted, CloudError, StackBusyError: as deploying raises them.
    """
    chosen = keys or frozenset(model.key for model in project.environment.selected_models)
    changed = _with_parked(project, chosen, parked=parked)
    selection = select(changed, only=chosen)
    if parked:
        _refuse_undeployed(selection, world)
    deed = Deed(
        verb="park" if parked else "resume",
        question=Question(text="Park them?" if parked else "Bring them back?"),
        agreed=lambda: write(chosen),
        lowers=parked,
    )
    return carried_out(changed, selection, world, wishes, deed)


def _with_parked(project: Project, keys: frozenset[str], *, parked: bool) -> Project:
    """The project as its environment's file will say it."""
    environment = project.environment
    models = tuple(
        replace(model, parked=parked) if model.key in keys else model for model in environment.selected_models
    )
    return replace(project, environment=replace(environment, selected_models=models))


def _refuse_undeployed(selection: Selection, world: World) -> None:
    """Parking deletes endpoints; it makes nothing that was not there."""
    there = {stack.name for stack in guarded(selection, world.connect())}
    missing = [stack.model for stack in selection.models if stack.name not in there]
    if missing:
        raise NotDeployed(
            f"not deployed: {', '.join(missing)}",
            next_step="write `parked: true` into the environment's file and deploy, or name others with --model",
        )
