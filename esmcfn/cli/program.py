"""The one place where an error becomes a message and an exit code."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import click

from esmcfn import __version__
from esmcfn.cli.streams import ELSEWHERE, printed, silenced, told
from esmcfn.errors import EsmcfnError, ExitCode, InputError, Interrupted, UsageError
from esmcfn.signals import Signals

COMMANDS = {
    "init": "init",
    "validate": "offline",
    "build": "offline",
    "check": "offline",
    "cost": "cost",
    "audit": "audit",
    "prices": "prices",
    "plan": "plan",
    "changed": "changed",
    "choose": "choose",
    "comment": "comment",
    "issue": "issue",
    "deploy": "deploy",
    "park": "park",
    "resume": "park",
    "destroy": "destroy",
    "outputs": "outputs",
    "status": "status",
    "wait": "wait",
    "drift": "drift",
    "logs": "logs",
    "bootstrap": "bootstrap",
    "doctor": "doctor",
    "explain": "explain",
    "sandbox": "sandbox",
}
"""Command to the module of this room that holds it; modules are imported when a command of theirs is looked up."""


SELDOM = (200_000, 50, 100)
"""How seldom Python looks for garbage: what a command makes is nearly all in use until it ends, and looking through it
again and again takes a third of the time of a large build. Never would be as fast, and a deployment lasts hours."""

STOPS = (ExitCode.INTERRUPTED, ExitCode.TERMINATED)
"""After one of these no further environment is begun, and it is the exit code."""


class Program(click.Group):
    """The commands, looked up when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"esmcfn.cli.{COMMANDS[cmd_name]}"), cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise click.UsageError(error.message + hint, ctx) from error


EPILOG = """\b
Examples:
  esmcfn plan dev                    what deploying dev would change and cost
  esmcfn --root examples/basic plan dev
  esmcfn check --all -f json         judge every environment, for a machine
  (eval "$(esmcfn sandbox env)"; aws cloudformation list-stacks)

Exit codes: 0 done; 1 a bug; 2 usage; 3 invalid input; 4 AWS refused; 5 deployment failed; 6 stale plan;
7 stack busy; 10 findings block; 11 changes (with --detailed-exitcode); 12 drift; 13 over budget; 130, 143 interrupted.
"""


@click.group(
    cls=Program,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--root",
    type=click.Path(file_okay=False, path_type=Path),
    default=".",
    show_default="the current folder",
    envvar="ESMCFN_ROOT",
    help="Folder with catalogs/ and environments/.",
)
@click.option("-v", "--verbose", is_flag=True, envvar="ESMCFN_VERBOSE", help="Say what is being done, and why.")
@click.version_option(__version__, prog_name="esmcfn")
@click.pass_context
def program(ctx: click.Context, root: Path, verbose: bool) -> None:
    """Run protein language models on SageMaker endpoints, by pull request, through CloudFormation."""
    if sys.flags.optimize > 1:
        raise UsageError(
            "Python was told to leave out docstrings (PYTHONOPTIMIZE=2 or -OO), which Cerberus and checkov read",
            next_step="unset PYTHONOPTIMIZE",
        )
    ctx.obj = {"root": root, "verbose": verbose}


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code; nothing but SystemExit of Click's own completion leaves it."""
    gc.set_threshold(*SELDOM)
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    signals = Signals.current()
    code = _ended(arguments, signals)
    if signals.noted and code not in STOPS:  # swallowed on the way: what was done is done, and it is no success
        told(f"error: {_stopped(signals.noted).message}")
    return signals.noted or code


def _ended(arguments: Sequence[str], signals: Signals) -> int:
    try:
        return _run(arguments, signals)
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.ClickException as error:
        return _usage(error, arguments)
    except EsmcfnError as error:
        return _failed(halted(error, signals.noted), arguments)
    except (click.Abort, KeyboardInterrupt) as stop:
        return _failed(halted(stop, signals.noted), arguments)
    except Exception as error:  # noqa: BLE001 - the last line of defence: a bug is said to be one
        if signals.noted:  # what a library makes of a signal in its midst is nobody's bug
            return _failed(_stopped(signals.noted), arguments)
        if isinstance(error, OSError) and (refused := _of_the_machine(error)):
            return _failed(refused, arguments)
        return _bug(error, arguments)


def _run(arguments: Sequence[str], signals: Signals) -> int:
    streams = sys.stdout, sys.stderr
    try:
        signals.heed()
        outcome = program.main(arguments, prog_name="esmcfn", standalone_mode=False)
        return outcome if isinstance(outcome, int) else 0
    except SystemExit:
        if sys.stdout is streams[0]:
            raise
        # Click wraps both, and ends with 1, where nobody reads its help to the end.
        sys.stdout, sys.stderr = streams
        silenced(sys.stdout)
        return 0
    finally:
        signals.let_go()


def halted(error: BaseException, noted: int) -> EsmcfnError:
    """What to say of an error: after a signal, whatever came of it is an interruption.

    Args:
        noted: the exit code that a signal asked for, 0 where none came.
    """
    if not isinstance(error, EsmcfnError):
        return _stopped(noted or ExitCode.INTERRUPTED)
    if noted and isinstance(error, Interrupted):
        error.exit_code = ExitCode(noted)
    elif noted:
        return Interrupted(
            f"{_stopped(noted).message}; {error.message}", exit_code=ExitCode(noted), next_step=error.next_step
        )
    return error


def _of_the_machine(error: OSError) -> EsmcfnError | None:
    """What is wrong around esmcfn, where that is it: a full disk behind standard output, a folder that is gone."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    if at is not None and at.tb_frame.f_globals.get("__name__") == "click.utils":  # its echo: help, nothing of ours
        silenced(sys.stdout)
        return UsageError(f"cannot write to standard output: {error.strerror}", next_step=ELSEWHERE)
    try:
        os.getcwd()
    except FileNotFoundError:
        return UsageError("the current folder does not exist any more", next_step="cd to a folder that does")
    return None


def _usage(error: click.ClickException, arguments: Sequence[str]) -> int:
    """Click's own words, in the form that every error has; help that was asked for by saying nothing stays help."""
    if isinstance(error, _HELP):
        with suppress(OSError):
            error.show()
        return int(ExitCode.USAGE)
    ctx = getattr(error, "ctx", None)
    named = [word for word in arguments if word in COMMANDS][:1]  # Click does not say whose option lacks its value
    command = ctx.command_path if ctx else " ".join(("esmcfn", *named))
    return _failed(UsageError(error.format_message(), next_step=f"{command} --help shows what it takes"), arguments)


_HELP = getattr(click.exceptions, "NoArgsIsHelpError", ())
"""What Click raises where a group was named alone; before release 8.2 it showed its help and left."""


def _failed(error: EsmcfnError, arguments: Sequence[str]) -> int:
    if _wants_json(arguments):
        _document(error)
    tell(error)
    return int(error.exit_code)


def tell(error: EsmcfnError) -> None:
    """Say on stderr what went wrong, where, and what to do."""
    if isinstance(error, InputError):
        for problem in error.problems:
            told(str(problem))
    told(f"error: {error}")
    if error.next_step:
        told(f"next: {error.next_step}")


def _bug(error: Exception, arguments: Sequence[str]) -> int:
    if {"-v", "--verbose"} & set(arguments) or os.environ.get("ESMCFN_VERBOSE"):
        import traceback

        traceback.print_exception(error, file=sys.stderr)
    kind = type(error).__name__
    return _failed(
        EsmcfnError(
            f"this is a bug in esmcfn: {kind}: {error}",
            next_step="run it again with -v before the command and report what it prints",
        ),
        arguments,
    )


def _document(error: EsmcfnError) -> None:
    from esmcfn import documents
    from esmcfn.render.canonical import canonical

    with suppress(UsageError):  # the error that is being told comes first
        printed(canonical(documents.error(error)))


def _wants_json(arguments: Sequence[str]) -> bool:
    """Was JSON asked for? Read from the words themselves, since they may be what is wrong."""
    asked = os.environ.get("ESMCFN_FORMAT", "")
    for number, word in enumerate(arguments):
        if word == "--":  # what follows are names, an environment called -f among them
            break
        if word in {"-f", "--format"}:
            asked = "".join(arguments[number + 1 : number + 2])
        elif word.startswith("--format="):
            asked = word.removeprefix("--format=")
        elif word.startswith("-f") and not word.startswith("--"):
            asked = word.removeprefix("-f")
    return asked == "json"


def _stopped(code: int) -> Interrupted:
    how = "interrupted" if code == ExitCode.INTERRUPTED else "terminated"
    return Interrupted(
        f"{how}; change sets that this command made are removed",
        exit_code=ExitCode(code),
        next_step="run the same command again",
    )
