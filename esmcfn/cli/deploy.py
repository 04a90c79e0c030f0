"""`esmcfn deploy`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from esmcfn.cli import options
from esmcfn.cli.mandate import Repeatable, again

if TYPE_CHECKING:
    from esmcfn.cli.compose import Run
    from esmcfn.cli.mandate import Mandate
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
    cls=Repeatable,
    short_help="Plan, pass the policy gate, and execute.",
    epilog="""\b
Examples:
  esmcfn deploy dev
  esmcfn deploy dev --yes -f json
  esmcfn plan dev --out plan.json; esmcfn deploy --plan plan.json --yes
  esmcfn deploy dev --wait-for-stack 30m   wait for who is changing a stack
  esmcfn deploy dev --revert-drift         put back what drifted
  esmcfn deploy dev --recover              bring back stuck stacks first
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
def deploy(
    run: Run,
    *,
    mandate: Mandate,
    reviewed: tuple[ReviewedPlan, ...],
    revert: bool,
    delete_first: bool,
    recover: bool,
    skip: tuple[str, ...],
) -> int:
    """Plan, pass the policy gate, and execute; or execute exactly what was reviewed, or refuse."""
    from esmcfn.errors import UsageError
    from esmcfn.verbs.deploy.deploying import deploy

    if skip and not recover:
        raise UsageError("--skip is for --recover", next_step="say both, or neither")
    if revert and delete_first:
        raise UsageError(options.REVERT_OR_DELETE, next_step="--delete-first or --revert-drift")
    if reviewed:
        if run.models or delete_first or recover or revert:
            raise UsageError(
                "--plan executes what was reviewed: "
                "--model, --delete-first, --revert-drift and --recover belong to planning",
                next_step="leave them out, or plan again with them: esmcfn plan --help says which it takes",
            )
        return _exactly(run, mandate, reviewed)
    wishes = mandate.wishes(recover=recover, skip=skip, delete_first=delete_first, revert=revert)
    return mandate.carried_out(run, lambda project, selection, world: deploy(project, selection, world, wishes))


def _exactly(run: Run, mandate: Mandate, reviewed: tuple[ReviewedPlan, ...]) -> int:
    """Execute what was reviewed."""
    from esmcfn.errors import StalePlanError, shown
    from esmcfn.inputs import environment_names
    from esmcfn.verbs.deploy.deploying import deploy_reviewed, reviewed_selection

    missing = set(run.names).difference(plan.environment for plan in reviewed)
    if missing:
        raise StalePlanError(
            f"the plan is not for {', '.join(map(shown, sorted(missing)))}",
            next_step="plan again and review what has changed",
        )
    known = environment_names(run.root)
    gone = [shown(name) for name in run.names if name not in known]
    if known and gone:
        raise StalePlanError(
            f"the plan is for {', '.join(gone)}, and there is no such environment now",
            next_step="plan again and review what has changed",
        )
    plans = {plan.environment: plan for plan in reviewed}

    def verb(project: Project, selection: Selection, world: World) -> Report:
        plan = plans[project.environment.name]
        wishes = mandate.wishes(again=_replanned(plan))
        return deploy_reviewed(project, reviewed_selection(project, plan), world, plan, wishes)

    return mandate.carried_out(run, verb)


def _replanned(plan: ReviewedPlan) -> str:
    """The command that goes on; a reviewed plan is stale once a part of it was executed, so that it is planned anew."""
    return again(
        click.get_current_context(),
        without=("names", "every", "reviewed"),
        adding=(
            plan.environment,
            *(word for key in sorted(plan.narrowed) for word in ("--model", key)),
            *(["--delete-first"] if plan.delete_first else []),
            *(["--revert-drift"] if plan.reverts else []),
        ),
    )
