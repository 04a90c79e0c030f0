"""What commands share: which environments, which report, which account; they arrive as one Run."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from esmcfn.errors import shown

if TYPE_CHECKING:
    from esmcfn.cli.compose import Run

Command = Callable[..., int]
"""A command's body; what Click passes it is typed where it takes it."""

COMMON = ("names", "every", "models", "form", "output", "also", "profile")
"""What `compose` makes a Run of."""

FORMATS = ("text", "json", "markdown")
"""What every report can be; a verb may offer others."""

OF_FINDINGS = ("sarif", "github", "junit")
"""What the report of a verb that judges can be, too."""

OF_READERS = ("html",)
"""What a report that is sent to somebody can be, too."""

DELETE_FIRST = "Delete before anything is made, also endpoints that the quota cannot hold twice (downtime)."
"""Help of an option that planning and deploying share."""

REVERT_DRIFT = "Put back what drifted too, in every stack; what was deployed is made again where it is gone."
"""As above."""

REVERT_OR_DELETE = "--delete-first deletes endpoints and --revert-drift puts them back: choose one"
"""What is wrong with a command line that says both."""

_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_DURATION = re.compile(r"(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?", re.ASCII)
_LONGEST_DAYS = 366


if TYPE_CHECKING:
    _Seconds = click.ParamType[float]
    _Places = click.ParamType[tuple[str, Path]]
else:
    _Seconds = _Places = click.ParamType  # older releases of Click cannot be subscripted


class Duration(_Seconds):
    """A length of time such as 90s, 30m, 2h or 1h30m, as seconds."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds.

        Raises:
            click.BadParameter: it is none, or longer than a year.
        """
        if isinstance(value, int | float):
            return float(value)
        found = _DURATION.fullmatch(str(value).strip())
        if found is None or not any(found.groups()):
            unit = f", for example {value}m" if str(value).isascii() and str(value).isdigit() else ""
            self.fail(f"{shown(str(value))} is no duration such as 90s, 30m, 2h or 1h30m{unit}", param, ctx)
        seconds = sum(int(count or 0) * unit for count, unit in zip(found.groups(), _UNITS.values(), strict=True))
        if seconds > _LONGEST_DAYS * _UNITS["d"]:
            self.fail(f"{shown(str(value))} is longer than {_LONGEST_DAYS} days", param, ctx)
        return float(seconds)


class Copy(_Places):
    """Where a report goes in another format: html=audit.html."""

    name = "copy"
    envvar_list_splitter = os.pathsep

    def __init__(self, formats: Sequence[str]) -> None:
        self._formats = formats

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Path]:
        """The format and the file.

        Raises:
            click.BadParameter: it is no such pair.
        """
        if isinstance(value, tuple):  # Click may ask twice
            form, path = value
            return str(form), Path(path)
        form, _, path = str(value).partition("=")
        if form not in self._formats or not path:
            known = ", ".join(self._formats[:-1])
            self.fail(f"{shown(str(value))} is no {known} or {self._formats[-1]} with =FILE behind it", param, ctx)
        return form, Path(path)


DURATION = Duration()
"""The type of every option that takes a length of time."""


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


Decorated = TypeVar("Decorated", bound=Callable[..., object])


def form(*formats: str) -> Callable[[Decorated], Decorated]:
    """What a report is to be."""
    return click.option(
        "-f",
        "--format",
        "form",
        type=click.Choice(formats),
        default="text",
        show_default=True,
        envvar="ESMCFN_FORMAT",
        help="JSON is the promise; text may change.",
    )


def _report(formats: Sequence[str]) -> tuple[Callable[[Command], Command], ...]:
    return (
        form(*formats),
        click.option(
            "--output",
            type=click.Path(dir_okay=False, path_type=Path),
            envvar="ESMCFN_OUTPUT",
            help="Write the report to a file instead of standard output.",
        ),
    )


def _also(formats: Sequence[str]) -> tuple[Callable[[Command], Command], ...]:
    return (
        click.option(
            "--also",
            multiple=True,
            type=Copy(formats),
            metavar="FORMAT=FILE",
            envvar="ESMCFN_ALSO",
            help="Write the same report to a file in another format, too; may be repeated.",
        ),
    )


_ACCOUNT = (
    click.option("--profile", default="", envvar="ESMCFN_PROFILE", help="AWS profile; overrides the environment's."),
)


def _heard(ctx: click.Context, parameter: click.Parameter, value: object) -> None:
    """A word that may stand before or after the verb; what is typed is stronger than what the shell says."""
    name = parameter.name
    if not value or not name:
        return
    before, after = ctx.find_root().get_parameter_source(name), ctx.get_parameter_source(name)
    if before is not ParameterSource.COMMANDLINE or after is ParameterSource.COMMANDLINE:
        ctx.obj[name] = value


_ANYWHERE = (
    click.option(
        "--root",
        type=click.Path(file_okay=False, path_type=Path),
        envvar="ESMCFN_ROOT",
        expose_value=False,
        callback=_heard,
        help="Folder with catalogs/ and environments/.",
    ),
    click.option(
        "-v",
        "--verbose",
        is_flag=True,
        envvar="ESMCFN_VERBOSE",
        expose_value=False,
        callback=_heard,
        help="Say what is being done, and why.",
    ),
)


def anywhere(command: Callable[..., Any]) -> Callable[..., Any]:
    """A command after which --root and -v may stand, too."""
    for option in reversed(_ANYWHERE):
        command = option(command)
    return command


def reports(
    verb: str, *, account: bool = False, formats: Sequence[str] = FORMATS, copies: bool = False
) -> Callable[[Command], Command]:
    """A command that reports on environments: it gets a Run, and its own options.

    Args:
        account: it reaches an AWS account, so that it takes a profile.
        formats: what its report can be.
        copies: asking again would cost something, so that one run writes several formats.
    """
    also = _also(formats) if copies else ()
    shared = (*_ENVIRONMENTS, *_report(formats), *also, *(_ACCOUNT if account else ()), *_ANYWHERE)

    def decorate(command: Command) -> Command:
        @wraps(command)
        def called(**words: Any) -> int:
            from esmcfn.cli.compose import compose

            common = {name: words.pop(name) for name in COMMON if name in words}
            if "reviewed" in words and not (common["names"] or common["every"]):  # the plan says where it belongs
                common["names"] = tuple(plan.environment for plan in words["reviewed"])
            return command(compose(click.get_current_context(), verb=verb, **common), **words)

        decorated: Command = called
        for option in reversed(shared):
            decorated = option(decorated)
        return decorated

    return decorate


HOURS_17 = 17 * 3600.0
"""Seconds; CloudFormation itself lets the update of an endpoint take 970 minutes."""


def executes(command: Command) -> Command:
    """A command that changes what is deployed: it asks, waits for others, and watches, as its Mandate says."""

    @wraps(command)
    def called(run: Run, **words: Any) -> int:
        from esmcfn.cli.mandate import Mandate, again

        own = {name: words.pop(name) for name in ("yes", "wait_for_stack", "timeout", "discard_others")}
        return command(run, mandate=Mandate(**own, again=again(click.get_current_context())), **words)

    decorated: Command = called
    for option in reversed(_EXECUTES):
        decorated = option(decorated)
    return decorated


_EXECUTES = (
    click.option("--yes", is_flag=True, envvar="ESMCFN_YES", help="Do not ask; needed where there is no terminal."),
    click.option(
        "--wait-for-stack",
        type=DURATION,
        default=0.0,
        metavar="DURATION",
        envvar="ESMCFN_WAIT_FOR_STACK",
        help="Wait so long for whoever is changing a stack, then plan again.",
    ),
    click.option(
        "--timeout",
        type=DURATION,
        default=HOURS_17,
        show_default="17h",
        metavar="DURATION",
        envvar="ESMCFN_TIMEOUT",
        help="Watch each stack so long; CloudFormation goes on after that.",
    ),
    click.option(
        "--discard-others",
        is_flag=True,
        envvar="ESMCFN_DISCARD_OTHERS",
        help="Execute although that deletes change sets of other people.",
    ),
)
