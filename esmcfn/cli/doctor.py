"""`esmcfn doctor`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from esmcfn.cli import options
from esmcfn.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from esmcfn.cli.compose import Run
    from esmcfn.domain.examination import Check, Examined
    from esmcfn.permissions import Scope


@click.command(
    short_help="Look whether everything is there that deploying needs.",
    epilog="""\b
Examples:
  esmcfn doctor                               machine and every environment
  esmcfn doctor prod -f json
  esmcfn doctor --install-tools
  esmcfn doctor --permissions                 every environment, every verb
  esmcfn doctor --permissions plan outputs    what these two need
  esmcfn doctor --permissions dev deploy -f json
""",
)
@click.argument("words", nargs=-1, metavar="[ENVIRONMENT|VERB]...")
@click.option(
    "--install-tools",
    "install_tools",
    is_flag=True,
    envvar="ESMCFN_INSTALL_TOOLS",
    help="Install checkov in an environment of its own, where it is not yet.",
)
@click.option(
    "--permissions",
    is_flag=True,
    envvar="ESMCFN_PERMISSIONS",
    help="Print the IAM policy of whoever runs these verbs, and CloudFormation's own.",
)
@options.form("text", "json")
@click.option("--profile", default="", envvar="ESMCFN_PROFILE", help="AWS profile; overrides the environment's.")
@options.anywhere
@click.pass_context
def doctor(
    ctx: click.Context, words: tuple[str, ...], *, install_tools: bool, permissions: bool, form: str, profile: str
) -> int:
    """Look whether everything is there: tools, credentials, account, region, permissions, quotas, subscriptions.

    Each check is ok, a warning, failed or unknown, with what to do; what nobody could look at is unknown. It changes
    nothing, and ends with 4 where a check failed. With --permissions it prints instead what IAM must allow, narrowed to
    the environment where IAM can narrow, and asks nothing of AWS.
    """
    if install_tools:
        from esmcfn.policy import tools

        return int(ExitCode.CLOUD) if tools.main(()) else int(ExitCode.DONE)
    if permissions:
        _print_permissions(ctx.obj["root"], words, form)
        return int(ExitCode.DONE)
    return _examined(ctx, words, form, profile)


def _examined(ctx: click.Context, words: tuple[str, ...], form: str, profile: str) -> int:
    from esmcfn import __version__
    from esmcfn.cli.compose import compose
    from esmcfn.cli.streams import for_reader, printed
    from esmcfn.domain.examination import Health
    from esmcfn.errors import did_you_mean, shown
    from esmcfn.inputs import environment_names
    from esmcfn.render.examined import render
    from esmcfn.verbs.tooling import tools

    there = tuple(environment_names(ctx.obj["root"]))
    for word in words:
        if word not in there:
            near = did_you_mean(word[:80], there) or f"environments: {', '.join(there) or 'none'}"
            raise UsageError(f"there is no environment {shown(word)}", next_step=near)
    names = tuple(dict.fromkeys(words)) or there
    machine = tuple(tools(__version__))
    if not there:
        machine = (*machine, _without_environments(ctx.obj["root"]))
    found: tuple[Examined, ...] = ()
    if names:
        run = compose(ctx, verb="doctor", names=names, every=False, models=(), form=form, profile=profile)
        found = tuple(_examine(run, name) for name in names)
    text = render(form, machine, found)
    printed(for_reader(text) if form == "text" else text)
    failed = any(check.health is Health.FAILED for check in (*machine, *(each for one in found for each in one.checks)))
    return int(ExitCode.CLOUD if failed else ExitCode.DONE)


def _without_environments(root: Path) -> Check:
    """Nothing is wrong with a machine by itself, but whoever asks expects to hear of what would be deployed."""
    from esmcfn.domain.examination import Check, Health

    missing = "there is no such folder" if not root.is_dir() else "it has no environments/NAME.yaml"
    step = "esmcfn init writes a first one; --root names the folder that has some"
    return Check(name="root", subject=str(root), health=Health.WARNING, said=missing, next_step=step)


def _examine(run: Run, name: str) -> Examined:
    """One environment; files that are wrong are a check that failed."""
    from esmcfn.domain.examination import Check, Examined, Health
    from esmcfn.domain.project import SANDBOX
    from esmcfn.errors import InputError, SandboxError
    from esmcfn.verbs.examining import examine, of_sandbox

    try:
        project, selection, world = run.opened(name)
        found = examine(project, selection, world)
        return of_sandbox(found) if project.environment.account == SANDBOX else found
    except InputError as error:
        said = f"{error}: {error.problems[0]}"
        check = Check(name="files", health=Health.FAILED, said=said, next_step=f"esmcfn validate {name}")
    except SandboxError as error:
        check = Check(name="sandbox", health=Health.FAILED, said=str(error), next_step=error.next_step)
    return Examined(environment=name, account="", region="", checks=(check,))


def _print_permissions(root: Path, words: tuple[str, ...], form: str) -> None:
    from esmcfn.cli.streams import printed
    from esmcfn.permissions import VERBS, of_handlers, of_verbs
    from esmcfn.permissions.calls import WRITES
    from esmcfn.permissions.grants import document
    from esmcfn.render.permissions import Needs, rendered

    environments, verbs = _sorted_out(root, words)
    needs = []
    for name in environments:
        scope = _scope(root, name)
        executes = any(verb in WRITES for verb in verbs)
        needs.append(
            Needs(
                environment=name,
                account=scope.account,
                region=scope.region,
                service_role_arn=scope.service_role_arn,
                calls={verb: tuple(sorted(VERBS[verb])) for verb in verbs},
                policy=document(of_verbs(verbs, scope)),
                cloudformation=document(of_handlers(scope)) if executes else None,
            )
        )
    printed(rendered(needs, form))


def _sorted_out(root: Path, words: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Environments and verbs; an environment that is called like a verb is the environment.

    Raises:
        UsageError: a word is neither, or there is no environment.
    """
    from esmcfn.errors import did_you_mean, shown
    from esmcfn.inputs import environment_names
    from esmcfn.permissions import VERBS

    there = tuple(environment_names(root))
    if not there:
        raise UsageError(f"there is no environment in {root / 'environments'}", next_step="esmcfn --root DIR ...")
    for word in words:
        if word not in there and word not in VERBS:
            near = did_you_mean(word[:80], [*there, *VERBS]) or f"verbs: {', '.join(VERBS)}"
            raise UsageError(f"{shown(word)} is no environment, and no verb that asks AWS", next_step=near)
    environments = tuple(dict.fromkeys(word for word in words if word in there))
    verbs = tuple(dict.fromkeys(word for word in words if word not in there))
    return environments or there, verbs or tuple(VERBS)


def _scope(root: Path, name: str) -> Scope:
    from esmcfn.cli.compose import cache_folder
    from esmcfn.inputs import load
    from esmcfn.permissions import scope_of
    from esmcfn.selection import select

    loaded = load(root, name, cache=cache_folder() / "inputs")
    return scope_of(select(loaded.project, problems=loaded.problems))
