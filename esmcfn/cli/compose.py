"""The real world, composed for a verb: root, project, AWS or sandbox, policy engines, output."""

from __future__ import annotations

import getpass
import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path

import click
from msgspec import Struct

from esmcfn import __version__
from esmcfn.cli.program import STOPS, halted, tell
from esmcfn.cli.reports import writable_all, written
from esmcfn.cli.streams import ELSEWHERE, for_reader, is_terminal, printed, told
from esmcfn.domain.project import SANDBOX, Environment, Policy, Project
from esmcfn.domain.report import PRECEDENCE, Failure, Outcome, Report
from esmcfn.domain.stack import Selection
from esmcfn.domain.template import Template
from esmcfn.domain.waiver import Waiver, Writers
from esmcfn.errors import UNTOUCHED, EsmcfnError, ExitCode, InputError, UsageError, shown
from esmcfn.policy import Judgement, Together
from esmcfn.ports import Cloud
from esmcfn.signals import Signals
from esmcfn.verbs.world import Nobody, World

Verb = Callable[[Project, Selection, World], Report]


class Reader(Nobody):
    """Whoever runs a command that asks nothing; what has to be known is told."""

    def tell(self, line: str) -> None:
        told(line)


class Sharing:
    """What engines are asked about all environments of a run at once; nothing is asked before a verb judges."""

    def __init__(self, ask: Callable[[], Together]) -> None:
        self._ask = ask
        self._asked: Together | None = None

    def together(self) -> Together:
        """Ask, the first time."""
        if self._asked is None:
            self._asked = self._ask()
        return self._asked

    def __enter__(self) -> Sharing:
        return self

    def __exit__(self, *left: object) -> None:
        if self._asked is not None:
            self._asked.close()


class Run(Struct, frozen=True, kw_only=True):
    """One command line's common words.

    Attributes:
        now: in UTC; one moment for everything that a run says, judges and prices, also where it passes midnight.
    """

    root: Path
    now: datetime
    verbose: bool
    verb: str
    names: tuple[str, ...]
    models: frozenset[str]
    form: str
    output: Path | None
    also: tuple[tuple[str, Path], ...] = ()
    profile: str = ""

    def outcomes(self, verb: Verb) -> tuple[Outcome, ...]:
        """The verb's answer for every environment; one that fails does not silence the others."""
        if len(self.names) == 1:
            return (self._alone(self.names[0], verb),)
        with Sharing(self._together) as sharing:
            outcomes: list[Outcome] = []
            for name in self.names:
                outcomes.append(self._outcome(name, verb, sharing))
                if outcomes[-1].exit_code in STOPS:  # what was done before is not silenced by it
                    break
            return tuple(outcomes)

    def refuse_wrong(self) -> None:
        """Look at every environment before the first is written: a run with a wrong one writes and calls nothing.

        Raises:
            InputError: files of some are wrong; it has the problems of all.
        """
        wrong: list[InputError] = []
        for name in self.names:
            try:
                self._selected(name)
            except InputError as error:
                wrong.append(error)
        if wrong:
            problems = tuple(problem for error in wrong for problem in error.problems)
            raise InputError(problems, next_step=wrong[0].next_step if len(wrong) == 1 else "")

    def opened(self, name: str) -> tuple[Project, Selection, World]:
        """One environment and its world.

        Raises:
            InputError: its files are wrong.
        """
        project, selection = self._selected(name)
        return project, selection, self._world(project, None)

    def emit(self, outcomes: Sequence[Outcome]) -> int:
        """Print the report, or write it where it was asked for, and return the exit code."""
        from esmcfn.render import render

        notes = (note for outcome in outcomes if isinstance(outcome, Report) for note in outcome.notes)
        for note in dict.fromkeys(notes):
            told(f"note: {note}")
        if any(isinstance(outcome, Report) and outcome.oldest_price for outcome in outcomes):
            from esmcfn.verbs.cost.pricing import aged

            doubt = aged(outcomes, self.now.date())
            if doubt:
                told(f"warning: {doubt}")
        text = render(self.form, self._placed(outcomes))
        if self.output:
            written(self.output, text)
        else:
            kinds = [type(outcome.body) for outcome in outcomes if isinstance(outcome, Report)]
            printed(for_reader(text, kinds) if self.form == "text" else text)
        codes = {outcome.exit_code for outcome in outcomes}
        if not self._copied(outcomes):
            return int(ExitCode.USAGE)
        return int(next((code for code in (*STOPS, *PRECEDENCE) if code in codes), ExitCode.DONE))

    def _copied(self, outcomes: Sequence[Outcome]) -> bool:
        """Write the report's copies; one that cannot be written leaves the others, which are paid for, alone."""
        from esmcfn.render import render

        done = True
        for form, path in self.also:
            try:
                written(path, render(form, outcomes))
            except UsageError as error:
                tell(error)
                done = False
        return done

    def _placed(self, outcomes: Sequence[Outcome]) -> Sequence[Outcome]:
        """What is shown beside a repository's files names them from where the command runs: from its top."""
        from esmcfn.render import OF_FINDINGS

        try:
            folder = os.path.relpath(self.root).replace(os.sep, "/")
        except FileNotFoundError:  # the current folder is gone: nothing can be said from there
            return outcomes
        if self.form not in OF_FINDINGS or folder == "." or folder.startswith(".."):
            return outcomes
        from esmcfn.render.judged import rebased

        return rebased(outcomes, folder)

    def _outcome(self, name: str, verb: Verb, sharing: Sharing) -> Outcome:
        try:
            return self._report(name, verb, sharing)
        except (click.Abort, KeyboardInterrupt, EsmcfnError) as error:
            if getattr(error, "exit_code", None) is ExitCode.USAGE:
                raise
            return self._failure(name, halted(error, Signals.current().noted))

    def _alone(self, name: str, verb: Verb) -> Outcome:
        """The only environment's answer; where it has none, a report that others read says so in its own form."""
        try:
            return self._report(name, verb, None)
        except EsmcfnError as error:
            stopped = error.exit_code in (ExitCode.USAGE, *STOPS) or Signals.current().noted
            if stopped or not self._reported(error):
                raise
            return self._failure(name, error)

    def _reported(self, error: EsmcfnError) -> bool:
        """Would it be taken for good news that nothing is in the report, or that a file is as it was yesterday?"""
        from esmcfn.render import OF_FINDINGS

        return self.form in OF_FINDINGS or (
            isinstance(error, InputError) and (self.form == "markdown" or self.output is not None)
        )

    def _failure(self, name: str, error: EsmcfnError) -> Failure:
        if len(self.names) > 1:  # what is true of this one is not of those before it
            error.next_step = error.next_step.replace(UNTOUCHED, f"nothing was written or called for {shown(name)}")
        tell(error)
        return Failure(verb=self.verb, environment=name, error=error)

    def _report(self, name: str, verb: Verb, sharing: Sharing | None) -> Report:
        Signals.current().look()
        project, selection = self._selected(name)
        return verb(project, selection, self._world(project, sharing))

    def _selected(self, name: str) -> tuple[Project, Selection]:
        from esmcfn.inputs import load
        from esmcfn.selection import select

        loaded = load(self.root, name, cache=cache_folder() / "inputs")
        return loaded.project, select(loaded.project, only=self.models, problems=loaded.problems)

    def _world(self, project: Project, sharing: Sharing | None) -> World:
        return World(
            connect=cache(lambda: self._connect(project.environment)),
            begin=partial(self._begin, sharing=sharing),
            now=self.now,
            tool_version=__version__,
            progress=self._progress,
            pause=time.sleep,
            person=Reader(),
            authors=self._authors,
        )

    def _authors(self, waiver: Waiver) -> Writers:
        from esmcfn.inputs.authors import authors

        return authors(self.root)(waiver)

    def _begin(
        self,
        templates: Sequence[Template],
        *,
        policy: Policy,
        region: str,
        beside: Sequence[Template],
        sharing: Sharing | None,
    ) -> Judgement:
        from esmcfn.inputs import lines
        from esmcfn.inputs.authors import authors
        from esmcfn.inputs.policy import CHECKS
        from esmcfn.policy import begin

        Signals.current().look()
        return begin(
            templates,
            policy=policy,
            region=region,
            cache=cache_folder(),
            checks=self.root / CHECKS,
            today=self.now.date(),
            lines=lines(self.root),
            authors=authors(self.root),
            together=sharing.together() if sharing else None,
            beside=beside,
        )

    def _together(self) -> Together:
        """Ask the engines about the templates of every environment; one that is wrong is told when its turn comes."""
        from esmcfn.inputs.policy import CHECKS
        from esmcfn.policy import Matter, Together
        from esmcfn.template import synthesize_all

        matters: list[Matter] = []
        for name in self.names:
            with suppress(EsmcfnError):
                project, selection = self._selected(name)
                templates = synthesize_all(selection)
                matters.append(Matter(templates=templates, policy=project.policy, region=selection.target.region))
        return Together(matters, cache=cache_folder(), checks=self.root / CHECKS)

    def _connect(self, environment: Environment) -> Cloud:
        Signals.current().look()
        if environment.account == SANDBOX:
            return _sandbox(self.root, environment.region)
        from esmcfn.aws import Reach, connect

        return connect(
            Reach(
                region=environment.region,
                profile=self.profile or environment.profile,
                role_arn=environment.role_arn,
                actor=_actor(),
            ),
            halted=_signalled,
        )

    def _progress(self, doing: str) -> None:
        Signals.current().look()  # told between two stages, never while what was made is cleared away
        if self.verbose or is_terminal(sys.stderr):
            told(f"· {doing}")


def compose(
    ctx: click.Context,
    *,
    verb: str,
    names: tuple[str, ...],
    every: bool,
    models: tuple[str, ...],
    form: str = "text",
    output: Path | None = None,
    also: tuple[tuple[str, Path], ...] = (),
    profile: str = "",
) -> Run:
    """The run that a command line means.

    Raises:
        UsageError: neither an environment nor --all, or both; a file cannot be written, or is named twice.
    """
    root: Path = ctx.obj["root"]
    if every == bool(names):
        raise UsageError(
            "name an environment or say --all, not both" if every else "name an environment, or say --all",
            next_step=f"esmcfn {_typed(ctx)} dev",
        )
    if every:
        from esmcfn.inputs import environment_names
        from esmcfn.inputs.folders import ENVIRONMENTS, unreadable

        names = environment_names(root)
        if not names:
            why = unreadable(root, ENVIRONMENTS)
            said = (
                f"cannot read {root / ENVIRONMENTS}: {why}"
                if why
                else f"there is no environment in {root / ENVIRONMENTS}"
            )
            raise UsageError(said, next_step="esmcfn --root DIR ...")
    if output is None and sys.stdout is None:
        raise UsageError("standard output is closed: nobody would see the report", next_step=ELSEWHERE)
    writable_all((*((output,) if output else ()), *(path for _, path in also)))
    return Run(
        root=root,
        now=datetime.now(UTC).replace(microsecond=0),
        verbose=ctx.obj["verbose"],
        verb=verb,
        names=tuple(dict.fromkeys(names)),
        models=frozenset(models),
        form=form,
        output=output,
        also=also,
        profile=profile,
    )


def _typed(ctx: click.Context) -> str:
    """The command's words after the program's own name: "plan", "prices refresh"."""
    words: list[str] = []
    while ctx.parent is not None:
        words.insert(0, ctx.info_name or "")
        ctx = ctx.parent
    return " ".join(words)


def cache_folder() -> Path:
    """Where verdicts are kept between runs, under the XDG cache folder."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    # A relative path is to be ignored: https://specifications.freedesktop.org/basedir-spec/latest/
    return (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "esmcfn"


def _sandbox(root: Path, region: str) -> Cloud:
    from esmcfn import sandbox
    from esmcfn.aws import Reach, connect

    address = sandbox.ensure(root, on_start=lambda message: told(f"· {message}"))
    return connect(
        Reach(
            region=region,
            endpoint_url=address.endpoint_url,
            credentials=("sandbox", "sandbox"),
            actor=_actor(),
        ),
        halted=_signalled,
    )


def _signalled() -> bool:
    return bool(Signals.current().noted)


def _actor() -> str:
    """Who is at work, for others who find a stack busy: the run in CI, or the person's name on this machine."""
    run = os.environ.get("GITHUB_RUN_ID")
    try:
        who = f"github-run-{run}" if run else getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        who = ""
    plain = re.sub(r"[^A-Za-z0-9]+", "-", who).strip("-")[:64]
    return f"esmcfn-{plain}" if plain else "esmcfn"
