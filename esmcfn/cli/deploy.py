"""`esmcfn deploy`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from esmcfn.cli import options

if TYPE_CHECKING:
    from esmcfn.cli.compose import Run
    from esmcfn.domain.plan import ReviewedPlan
    from esmcfn.domain.project import Project
    from esmcfn.domain.report import Report
    from esmcfn.domain.stack import Selection
    from esmcfn.verbs.world import World


def _plans(ctx: click.Context, parameter: click.Parameter, value: Path | None) -> tuple[ReviewedPlan, ...]:
    """The reviewed plans of a file; none where no file was named."""
    if value is None:
        return ()
    from esmcfn.inputs.reviewed import reviewed_plans

    return reviewed_plans(value)


@click.command(
    short_help="Plan, pass the policy gate, and execute.",
    epilog="""\b
Examples:
  esmcfn deploy dev
  esmcfn deploy dev --yes -f json
  esmcfn plan dev --out plan.json; esmcfn deploy --plan plan.json --yes
  esmcfn deploy dev --wait-for-stack 30m   wait for whoever is changing a stack, then plan
  esmcfn deploy dev --revert-drift         put back what somebody changed by hand
  esmcfn deploy dev --recover              first bring back stacks that are stuck
""",
)
@options.reports("deploy", account=True)
@options.executes
@click.option(
    "--plan",
    "reviewed",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="ESMCFN_PLAN",
    callback=_plans,
    help="Execute exactly this plan (plan --out), or refuse.",
)
@click.option("--revert-drift", "revert", is_flag=True, envvar="ESMCFN_REVERT_DRIFT", help=options.REVERT_DRIFT)
@click.option("--delete-first", is_flag=True, envvar="ESMCFN_DELETE_FIRST", help=options.DELETE_FIRST)
@click.option(
    "--recover",
    is_flag=True,
    envvar="ESMCFN_RECOVER",
    help="First take the way out of every stack that is stuck; says what that does.",
)
@click.option(
    "--skip",
    multiple=True,
    metavar="LOGICAL_ID",
    envvar="ESMCFN_SKIP",
    help="With --recover: leave this resource as it is; may be repeated.",
)
def deploy(run: Run, *, yes: bool, reviewed: tuple[ReviewedPlan, ...], **words: Any) -> int:
    """Plan, pass the policy gate, and execute; or execute exactly what was reviewed, or refuse."""
    from msgspec.structs import replace

    from esmcfn.cli.person import Asked, refuse_unasked
    from esmcfn.cli.watching import watching
    from esmcfn.verbs.deploying import Wishes, deploy, deploy_reviewed, reviewed_selection
    from esmcfn.verbs.steps import Terms

    refuse_unasked(yes)
    _refuse_contradictions(run, reviewed, words)
    wishes = Wishes(
        terms=Terms(again=_again(run), within=words["timeout"], discard_others=words["discard_others"]),
        wait_for_stack=words["wait_for_stack"],
        recover=words["recover"],
        skip=words["skip"],
        delete_first=words["delete_first"],
        revert=words["revert"],
    )
    plans = {plan.environment: plan for plan in reviewed}
    with watching() as display:

        def verb(project: Project, selection: Selection, world: World) -> Report:
            world = replace(world, person=Asked(display=display, yes=yes), watch=display)
            if reviewed:
                plan = plans[project.environment.name]
                return deploy_reviewed(project, reviewed_selection(project, plan), world, plan, wishes)
            return deploy(project, selection, world, wishes)

        outcomes = run.outcomes(verb)
    return run.emit(outcomes)


def _again(run: Run) -> str:
    """The command that goes on; a reviewed plan is stale once a part of it was executed."""
    return f"esmcfn {run.verb} {' '.join(run.names)}"


def _refuse_contradictions(run: Run, reviewed: tuple[ReviewedPlan, ...], words: dict[str, Any]) -> None:
    from esmcfn.errors import StalePlanError, UsageError

    if words["skip"] and not words["recover"]:
        raise UsageError("--skip is for --recover", next_step="say both, or neither")
    if words["revert"] and words["delete_first"]:
        raise UsageError(options.REVERT_OR_DELETE)
    if not reviewed:
        return
    if run.models or words["delete_first"] or words["recover"] or words["revert"]:
        raise UsageError(
            "--plan executes what was reviewed: "
            "--model, --delete-first, --revert-drift and --recover belong to planning"
        )
    missing = set(run.names).difference(plan.environment for plan in reviewed)
    if missing:
        raise StalePlanError(
            f"the plan is not for {', '.join(sorted(missing))}", next_step="plan again and review what has changed"
        )
