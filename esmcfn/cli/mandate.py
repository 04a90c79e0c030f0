"""What a command that writes may do: whether it asks, whom it waits for, and with which words it would go on."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource
from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Collection

    from esmcfn.cli.compose import Run, Verb
    from esmcfn.domain.project import Project
    from esmcfn.domain.report import Report
    from esmcfn.domain.stack import Selection
    from esmcfn.verbs.deploy.deploying import Wishes
    from esmcfn.verbs.world import World

PATIENCE = ("--wait-for-stack", "30m")
"""What is added to go on where CloudFormation is still at work."""

_TYPED = "esmcfn.typed"
_ASIDE = frozenset({"form", "output", "verbose"})
"""Options that change no more than what is shown: where only the shell's environment says them, it says them again."""


class Repeatable(click.Command):
    """A command that can say with which words it was called."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        rest = super().parse_args(ctx, list(args))
        ctx.meta[_TYPED] = self.make_parser(ctx).parse_args(args=list(args))[0]
        return rest


class Mandate(Struct, frozen=True, kw_only=True):
    """What a person allows a command that writes.

    Attributes:
        yes: everything is agreed to beforehand.
        wait_for_stack: seconds to wait for whoever is changing a stack.
        timeout: seconds that one stack may take.
        discard_others: execute although that deletes other people's change sets.
        again: the command that goes on from where this one is stopped.
    """

    yes: bool
    wait_for_stack: float
    timeout: float
    discard_others: bool
    again: str

    def wishes(
        self,
        *,
        recover: bool = False,
        skip: tuple[str, ...] = (),
        delete_first: bool = False,
        revert: bool = False,
        again: str = "",
    ) -> Wishes:
        """The same as a verb wants it, with what else was asked for.

        Args:
            again: where other words go on than these.
        """
        from esmcfn.verbs.deploy.deploying import Wishes
        from esmcfn.verbs.deploy.steps import Terms

        return Wishes(
            terms=Terms(again=again or self.again, within=self.timeout, discard_others=self.discard_others),
            wait_for_stack=self.wait_for_stack,
            recover=recover,
            skip=skip,
            delete_first=delete_first,
            revert=revert,
        )

    def carried_out(self, run: Run, verb: Verb) -> int:
        """Run the verb with somebody who is asked, and a display that shows how it goes; print its report.

        Raises:
            UsageError: nobody can be asked, and nobody said --yes.
            InputError: an environment of the run is wrong; nothing was done for the others either.
        """
        from msgspec.structs import replace

        from esmcfn.cli.person import Asked, refuse_unasked
        from esmcfn.cli.watching import watching

        refuse_unasked(self.yes)
        if len(run.names) > 1:
            run.refuse_wrong()
        with watching() as display:
            person = Asked(display=display, yes=self.yes)

            def watched(project: Project, selection: Selection, world: World) -> Report:
                return verb(project, selection, replace(world, person=person, watch=display))

            outcomes = run.outcomes(watched)
        return run.emit(outcomes)


def again(ctx: click.Context, *, without: Collection[str] = (), adding: Collection[str] = ()) -> str:
    """The command that goes on from where this one is stopped: its own words, and, where it knows of that, patience.

    What the shell's environment said is written out: whoever pastes it may have another one.

    Args:
        without: names of parameters that would not be right any more.
        adding: words that stand behind all others.
    """
    words = ["esmcfn", *_root(ctx), str(ctx.info_name)]
    impatient = ctx.params.get("wait_for_stack") == 0
    for parameter in ctx.command.params:
        if parameter.name in without or (parameter.name == "wait_for_stack" and impatient):
            continue
        if isinstance(parameter, click.Argument):
            words.extend(str(name) for name in ctx.params[str(parameter.name)])
        else:
            words.extend(_option(ctx, parameter))
    return shlex.join((*words, *adding, *(PATIENCE if impatient else ())))


def _root(ctx: click.Context) -> list[str]:
    """--root where it stands before the verb, and not behind it, too."""
    return _said("--root", ctx.find_root().params["root"]) if _before(ctx, "root") and "root" not in _typed(ctx) else []


def _before(ctx: click.Context, name: str) -> bool:
    """Was it typed before the verb?"""
    return ctx.find_root().get_parameter_source(name) is ParameterSource.COMMANDLINE


def _option(ctx: click.Context, parameter: click.Parameter) -> list[str]:
    """One option as it was typed, or as the shell's environment has it where nothing was."""
    name = str(parameter.name)
    value = _typed(ctx).get(name)
    heard = ctx.get_parameter_source(name) is ParameterSource.ENVIRONMENT and not _before(ctx, name)
    if value is None and heard and name not in _ASIDE:
        # A flag says of itself what counts as said: ESMCFN_YES=0 is no.
        value = ctx.params[name] if getattr(parameter, "is_flag", False) else parameter.value_from_envvar(ctx)
    long = next((each for each in parameter.opts if each.startswith("--")), parameter.opts[0])
    if value is None or isinstance(value, bool):
        return [long] if value else []
    return [word for each in (value if isinstance(value, list | tuple) else (value,)) for word in _said(long, each)]


def _said(option: str, value: object) -> list[str]:
    """An option and its value; one that would be taken for an option itself is joined to it."""
    text = str(value)
    return [f"{option}={text}"] if text.startswith("-") else [option, text]


def _typed(ctx: click.Context) -> dict[str, Any]:
    found: dict[str, Any] = ctx.meta[_TYPED]
    return found
