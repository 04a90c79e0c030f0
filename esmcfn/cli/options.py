"""What commands share: which environments, which report, which account; they arrive as one Run."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

Command = Callable[..., int]
"""A command's body; what Click passes it is typed where it takes it."""

COMMON = ("names", "every", "models", "form", "output", "profile")
"""What `compose` makes a Run of."""

FORMATS = ("text", "json", "markdown")


def _complete(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Names of environments, for the shell's completion."""
    from esmcfn.inputs import environment_names

    root = ctx.find_root().params.get("root") or "."
    return [name for name in environment_names(Path(root)) if name.startswith(incomplete)]


_ENVIRONMENTS = (
    click.argument("names", nargs=-1, metavar="ENVIRONMENT...", shell_complete=_complete),
    click.option("--all", "every", is_flag=True, envvar="ESMCFN_ALL", help="Every environment."),
    click.option(
        "--model",
        "models",
        multiple=True,
        metavar="KEY",
        envvar="ESMCFN_MODEL",
        help="Only this selected model; may be repeated.",
    ),
)

_REPORT = (
    click.option(
        "-f",
        "--format",
        "form",
        type=click.Choice(FORMATS),
        default="text",
        show_default=True,
        envvar="ESMCFN_FORMAT",
        help="JSON is the promise; text may change.",
    ),
    click.option(
        "--output",
        type=click.Path(dir_okay=False, path_type=Path),
        envvar="ESMCFN_OUTPUT",
        help="Write the report to a file instead of standard output.",
    ),
)

_ACCOUNT = (
    click.option("--profile", default="", envvar="ESMCFN_PROFILE", help="AWS profile; overrides the environment's."),
)


def _heard(ctx: click.Context, parameter: click.Parameter, value: object) -> None:
    """A word that may stand before or after the verb."""
    if value and parameter.name:
        ctx.obj[parameter.name] = value


_ANYWHERE = (
    click.option(
        "--root",
        type=click.Path(file_okay=False, path_type=Path),
        envvar="ESMCFN_ROOT",
        expose_value=False,
        callback=_heard,
        help="As before the command.",
    ),
    click.option(
        "-v",
        "--verbose",
        is_flag=True,
        envvar="ESMCFN_VERBOSE",
        expose_value=False,
        callback=_heard,
        help="As before the command.",
    ),
)


def reports(verb: str, *, account: bool = False) -> Callable[[Command], Command]:
    """A command that reports on environments: it gets a Run, and its own options.

    Args:
        account: it reaches an AWS account, so that it takes a profile.
    """
    shared = (*_ENVIRONMENTS, *_REPORT, *(_ACCOUNT if account else ()), *_ANYWHERE)

    def decorate(command: Command) -> Command:
        @wraps(command)
        def called(**words: Any) -> int:
            from esmcfn.cli.compose import compose

            common = {name: words.pop(name) for name in COMMON if name in words}
            return command(compose(click.get_current_context(), verb=verb, **common), **words)

        decorated: Command = called
        for option in reversed(shared):
            decorated = option(decorated)
        return decorated

    return decorate
