"""Whoever runs the command: asked at a terminal, or spoken for by --yes."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click
from msgspec import Struct

from esmcfn.cli.streams import told
from esmcfn.cli.watching import Display
from esmcfn.domain.report import Report
from esmcfn.errors import ExitCode, UsageError
from esmcfn.signals import Signals
from esmcfn.verbs.world import DEPLOY, Question, Stop


class Asked(Struct, frozen=True, kw_only=True):
    """A person, or --yes in their place.

    Attributes:
        yes: everything was agreed to beforehand.
    """

    display: Display
    yes: bool = False

    def agrees(self, plan: Report, question: Question = DEPLOY) -> bool:
        from esmcfn.render import render

        if self.yes:
            _tell(plan, question)
            return True
        self.display.pause()
        click.echo(render("text", (plan,)), err=True)
        for line in question.besides:
            told(f"! {line}")
        if question.by_name:
            typed = click.prompt(f"{question.text} Type {question.by_name} to go on", err=True)
            return bool(typed == question.by_name)
        return click.confirm(question.text, err=True)

    def consents(self, consequence: str) -> bool:
        self.display.pause()
        told(consequence)
        return self.yes or click.confirm("Go on?", err=True)

    def tell(self, line: str) -> None:
        told(line)

    def interrupted(self, running: Sequence[str], updates: Sequence[str]) -> Stop:
        """Asked only at a terminal; elsewhere Ctrl-C means: leave."""
        signals = Signals.current()
        if not present() or signals.noted == ExitCode.TERMINATED:
            return Stop.LEAVE
        signals.forgive()  # what begins while they think may begin
        self.display.pause()
        told(f"\nCloudFormation is at work on {', '.join(running)}.")
        told("  w  keep watching")
        if updates:
            told(f"  c  cancel: CloudFormation goes back with {', '.join(updates)}")
        told("  l  leave, it goes on")
        choices = {"w": Stop.WATCH, **({"c": Stop.CANCEL} if updates else {}), "l": Stop.LEAVE}
        try:
            chosen = click.prompt("What now", type=click.Choice(list(choices)), default="w", err=True)
        except (click.Abort, KeyboardInterrupt):
            chosen = "l"
        if chosen == "l":
            signals.again()
        return choices[chosen]


def _tell(plan: Report, question: Question) -> None:
    """What a person would have read before they agreed, in a few lines: a log has it beside what came of it."""
    from esmcfn.domain.plan import Plan
    from esmcfn.render import brief

    if isinstance(plan.body, Plan):
        for line in brief.lines(plan.body):
            told(line)
    for line in question.besides:
        told(f"! {line}")


def present() -> bool:
    """Is somebody there to be asked?"""
    return bool(sys.stdin and sys.stdin.isatty())


def refuse_unasked(yes: bool) -> None:
    """Raise UsageError where nobody can be asked and nobody said --yes."""
    if not yes and not present():
        raise UsageError("there is no terminal to ask at", next_step="say --yes to go on without being asked")
