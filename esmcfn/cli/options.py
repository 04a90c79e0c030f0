"""What commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., object])

FORMATS = ("text", "json", "markdown")


def _complete(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Names of environments, for the shell's completion."""
    root = (ctx.find_root().params or {}).get("root") or "."
    folder = Path(root) / "environments"
    return sorted(path.stem for path in folder.glob("*.yaml") if path.stem.startswith(incomplete))


def environments(command: Command) -> Command:
    """ENVIRONMENT..., --all, --model."""
    for decorate in (
        click.option(
            "--model",
            "models",
            multiple=True,
            metavar="KEY",
            envvar="ESMCFN_MODEL",
            help="Only this selected model; may be repeated.",
        ),
        click.option("--all", "every", is_flag=True, envvar="ESMCFN_ALL", help="Every environment."),
        click.argument("names", nargs=-1, metavar="ENVIRONMENT...", shell_complete=_complete),
    ):
        command = decorate(command)
    return command


def report(command: Command) -> Command:
    """--format and --output."""
    for decorate in (
        click.option(
            "--output",
            type=click.Path(dir_okay=False, path_type=Path),
            envvar="ESMCFN_OUTPUT",
            help="Write the report to a file instead of standard output.",
        ),
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
    ):
        command = decorate(command)
    return command


def reach(command: Command) -> Command:
    """--profile."""
    return click.option(
        "--profile", default="", envvar="ESMCFN_PROFILE", help="AWS profile; overrides the environment's."
    )(command)
