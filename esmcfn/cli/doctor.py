"""`esmcfn doctor`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from esmcfn.cli import options
from esmcfn.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from esmcfn.permissions import Scope


@click.command(
    short_help="Print the IAM permissions that verbs need.",
    epilog="""\b
Examples:
  esmcfn doctor --permissions                 every environment, every verb
  esmcfn doctor --permissions plan outputs    what these two need, in every environment
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
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(("text", "json")),
    default="text",
    show_default=True,
    envvar="ESMCFN_FORMAT",
    help="JSON is the promise; text may change.",
)
@options.anywhere
@click.pass_context
def doctor(ctx: click.Context, words: tuple[str, ...], *, install_tools: bool, permissions: bool, form: str) -> int:
    """Print the IAM permissions that verbs need, narrowed to the environment where IAM can narrow.

    Without an environment: all of them. Without a verb: all of them. Nothing is asked of AWS.
    """
    if install_tools:
        from esmcfn.policy import tools

        return int(ExitCode.CLOUD) if tools.main(()) else 0
    if not permissions:
        raise UsageError("say what to do: --permissions, or --install-tools")
    from esmcfn.cli.streams import printed
    from esmcfn.permissions import VERBS, of_handlers, of_verbs
    from esmcfn.permissions.calls import WRITES
    from esmcfn.permissions.grants import document
    from esmcfn.render.permissions import Needs, rendered

    environments, verbs = _sorted_out(ctx.obj["root"], words)
    needs = []
    for name in environments:
        scope = _scope(ctx.obj["root"], name)
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
    return 0


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
