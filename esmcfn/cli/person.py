"""Whoever runs the command: asked at a terminal, or spoken for by --yes."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click
from msgspec import Struct

from esmcfn.cli.streams import told
from esmcfn.cli.watching import Display
from esmcfn.domain.report import Report
from esmcfn.errors import UsageError
from esmcfn.verbs.world import Stop


class Asked(Struct, frozen=True, kw_only=True):
    """A person, or --yes in their place.

    Attributes:
        yes: everything was agreed to beforehand.
        question: what is asked below a plan.
        by_name: a word that has to be typed to agree to a plan; empty where yes or no is enough.
    """

    display: Display
    yes: bool = False
    question: str = "Deploy this?"
    by_name: str = ""

    def agrees(self, plan: Report) -> bool:
        from esmcfn.render import render

        if self.yes:
            self._warn(plan)
            return True
        self.display.pause()
        click.echo(render("text", (plan,)), err=True)
        if self.by_name:
            return bool(click.prompt(f"{self.question} Type {self.by_name} to go on", err=True) == self.by_name)
        return click.confirm(self.question, err=True)

    def consents(self, consequence: str) -> bool:
        self.display.pause()
        told(consequence)
        return self.yes or click.confirm("Go on?", err=True)

    def tell(self, line: str) -> None:
        told(line)

    def interrupted(self, running: Sequence[str], updates: Sequence[str]) -> Stop:
        """Asked only at a terminal; elsewhere Ctrl-C means: leave."""
        if not present():
            return Stop.LEAVE
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
        return choices[chosen]

    def _warn(self, plan: Report) -> None:
        """What a person would have read in the plan before they agreed."""
        from esmcfn.domain.plan import Plan
        from esmcfn.render import overwriting, words

        if isinstance(plan.body, Plan):
            for line in words.headroom(plan.body):
                told(f"! quota: {line}")
            for line in overwriting.losses(plan.body):
                told(f"! drift: {line}")


def present() -> bool:
    """Is somebody there to be asked?"""
    return bool(sys.stdin and sys.stdin.isatty())


def refuse_unasked(yes: bool) -> None:
    """Raise UsageError where nobody can be asked and nobody said --yes."""
    if not yes and not present():
        raise UsageError("there is no terminal to ask at", next_step="say --yes to go on without being asked")
