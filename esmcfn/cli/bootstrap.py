"""`esmcfn bootstrap`."""

from __future__ import annotations

import re
from pathlib import Path
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
    from esmcfn.verbs.deploy.bootstrapping import Repository
    from esmcfn.verbs.world import World

_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}")
_NUMBER = re.compile(r"[0-9]{1,20}")
_FILE = re.compile(r"[A-Za-z0-9._-]+\.ya?ml")
_BRANCH = re.compile(r"(?!.*(?:\.\.|//|/\.|\.lock(?:/|\Z)))[A-Za-z0-9_][A-Za-z0-9._/-]{0,198}(?<![./])")
"""Those of git's branches that need no quoting anywhere: https://git-scm.com/docs/git-check-ref-format"""

_PROVIDER = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:oidc-provider/token\.actions\.githubusercontent\.com")


def _like(pattern: re.Pattern[str], what: str) -> click.Option:
    """A callback that takes nothing but such words: they end in a policy, where a star would mean everybody."""

    def judged(ctx: click.Context, parameter: click.Parameter, value: object) -> object:
        for each in value if isinstance(value, tuple) else (value,):
            if each and not pattern.fullmatch(str(each)):
                raise click.BadParameter(f"{str(each)[:80]!r} is not {what}", ctx, parameter)
        return value

    return judged  # type: ignore[return-value]


@click.command(
    cls=Repeatable,
    short_help="Make the roles that GitHub plans and deploys with.",
    epilog="""\b
Examples:
  esmcfn bootstrap dev --repository acme/models --out bootstrap
  esmcfn bootstrap dev --repository acme/models --repository-id 123456789
  esmcfn bootstrap prod --repository acme/models --oidc-provider-arn ARN
""",
)
@options.reports("bootstrap", account=True, formats=(*options.FORMATS, "env"))
@options.executes
@click.option(
    "--repository",
    required=True,
    metavar="OWNER/NAME",
    envvar="ESMCFN_REPOSITORY",
    callback=_like(_REPOSITORY, "OWNER/NAME"),
    help="The GitHub repository whose workflows are trusted.",
)
@click.option(
    "--repository-id",
    default="",
    metavar="NUMBER",
    envvar="ESMCFN_REPOSITORY_ID",
    callback=_like(_NUMBER, "a number"),
    help="GitHub's number of it: pins the trust to this repository even where its name is given to another.",
)
@click.option(
    "--oidc-provider-arn",
    default="",
    metavar="ARN",
    envvar="ESMCFN_OIDC_PROVIDER_ARN",
    callback=_like(_PROVIDER, "the ARN of GitHub's OIDC provider"),
    help="GitHub's OIDC provider, where the account has it already: it can have it once.",
)
@click.option(
    "--branch",
    default="main",
    show_default=True,
    envvar="ESMCFN_BRANCH",
    callback=_like(_BRANCH, "a branch"),
    help="Whose deploy workflow may deploy.",
)
@click.option(
    "--deploy-workflow",
    default="deploy.yml",
    show_default=True,
    metavar="FILE",
    envvar="ESMCFN_DEPLOY_WORKFLOW",
    callback=_like(_FILE, "a file in .github/workflows"),
    help="The workflow that may deploy.",
)
@click.option(
    "--plan-workflow",
    "plan_workflows",
    multiple=True,
    default=("plan.yml", "drift.yml", "audit.yml"),
    show_default=True,
    metavar="FILE",
    envvar="ESMCFN_PLAN_WORKFLOW",
    callback=_like(_FILE, "a file in .github/workflows"),
    help="A workflow that may plan and read; may be repeated.",
)
@click.option("--revert-drift", "revert", is_flag=True, envvar="ESMCFN_REVERT_DRIFT", help=options.REVERT_DRIFT)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="ESMCFN_BOOTSTRAP_OUT",
    help="Only write the template into this folder; nothing is asked of AWS.",
)
def bootstrap(
    run: Run,
    *,
    mandate: Mandate,
    repository: str,
    repository_id: str,
    oidc_provider_arn: str,
    branch: str,
    deploy_workflow: str,
    plan_workflows: tuple[str, ...],
    revert: bool,
    out: Path | None,
) -> int:
    """Make what GitHub needs in the account: its OIDC provider, roles to plan and to deploy, and CloudFormation's own.

    With a bucket for large templates. The report says what goes into GitHub; env prints it as variables of the
    whole repository. One stack, planned, judged and deployed as any other, with the credentials of
    somebody who may make roles.
    """
    from esmcfn.errors import UsageError
    from esmcfn.verbs.deploy.bootstrapping import Repository

    if len(run.names) != 1 or run.models:
        raise UsageError("bootstrap takes one environment", next_step="esmcfn bootstrap dev --repository OWNER/NAME")
    trusted = Repository(
        name=repository,
        number=repository_id,
        branch=branch,
        plan_workflows=plan_workflows,
        deploy_workflow=deploy_workflow,
        provider_arn=oidc_provider_arn,
    )
    if out:
        return _written(run, trusted, out)
    return _deployed(run, mandate, trusted, revert=revert)


def _written(run: Run, trusted: Repository, out: Path) -> int:
    """Write the template and ask nothing of AWS."""
    from msgspec.structs import replace

    from esmcfn.cli.offline import placed
    from esmcfn.verbs import offline
    from esmcfn.verbs.deploy.bootstrapping import bootstrap_selection, instructions, settings

    def verb(project: Project, selection: Selection, world: World) -> Report:
        chosen = bootstrap_selection(project, selection, trusted)
        return replace(placed(offline.build(chosen), out), notes=instructions(settings(project, chosen, trusted)))

    return run.emit(run.outcomes(verb))


def _deployed(run: Run, mandate: Mandate, trusted: Repository, *, revert: bool) -> int:
    """Plan, ask, and make the stack."""
    from esmcfn.verbs.deploy import bootstrapping

    def verb(project: Project, selection: Selection, world: World) -> Report:
        chosen = bootstrapping.bootstrap_selection(project, selection, trusted)
        return bootstrapping.bootstrap(project, chosen, world, mandate.wishes(revert=revert), repository=trusted)

    return mandate.carried_out(run, verb)
