"""`esmcfn park` and `esmcfn resume`."""

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
    short_help="Delete endpoints to stop the bill; keep the rest.",
    epilog="\b\nExamples:\n  esmcfn park dev\n  esmcfn park dev --model prototype_model --yes\n",
)
@options.reports("park", account=True)
@options.executes
def park(run: Run, **words: Any) -> int:
    """Delete only the endpoints to stop the bill; model and configuration stay, and cost nothing.

    Writes `parked: true` into the environment's file, keeping every comment, and deploys that; without --model all are
    parked. `resume` brings them back under the same names, in 10 to 25 minutes on AWS.
    """
    return _run(run, parked=True, **words)


@click.command(
    short_help="Bring parked endpoints back.",
    epilog="\b\nExamples:\n  esmcfn resume dev\n  esmcfn resume dev --model prototype_model --yes\n",
)
@options.reports("resume", account=True)
@options.executes
def resume(run: Run, **words: Any) -> int:
    """Bring parked endpoints back under the same names: 10 to 25 minutes on AWS, and only while it has such hosts.

    Takes `parked` out of the environment's file and deploys that; without --model all come back.
    """
    return _run(run, parked=False, **words)


def _run(run: Run, *, parked: bool, yes: bool, wait_for_stack: float, timeout: float, discard_others: bool) -> int:
    from msgspec.structs import replace

    from esmcfn.cli.compose import writable, written
    from esmcfn.cli.person import Asked, refuse_unasked
    from esmcfn.cli.watching import watching
    from esmcfn.inputs.editing import with_parked
    from esmcfn.verbs.deploying import Wishes
    from esmcfn.verbs.parking import park
    from esmcfn.verbs.steps import Terms

    refuse_unasked(yes)
    again = f"esmcfn {run.verb} {' '.join(run.names)}"
    terms = Terms(again=again, within=timeout, discard_others=discard_others)
    wishes = Wishes(terms=terms, wait_for_stack=wait_for_stack)
    question = "Park them?" if parked else "Bring them back?"
    with watching() as display:

        def verb(project: Project, selection: Selection, world: World) -> Report:
            file = run.root / project.environment.path
            writable(file)

            def write(keys: frozenset[str]) -> None:
                text = file.read_bytes().decode("utf-8")
                edited = with_parked(text, sorted(keys), parked=parked, path=project.environment.path)
                if edited != text:
                    written(file, edited)

            world = replace(world, person=Asked(display=display, yes=yes, question=question), watch=display)
            return park(project, world, wishes, keys=run.models, parked=parked, write=write)

        outcomes = run.outcomes(verb)
    return run.emit(outcomes)
