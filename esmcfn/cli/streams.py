"""Standard output is the report, standard error is everything else; neither may end a command that did its work."""

from __future__ import annotations

import os
import select
import shutil
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

import click

from esmcfn.errors import UsageError, visible

if TYPE_CHECKING:
    from esmcfn.domain.report import Body

ELSEWHERE = "send it to a file or a pipe that takes it"


def printed(text: str) -> None:
    """Print to standard output; a reader that has gone away (head, less) changes no exit code.

    Raises:
        UsageError: it cannot be written to, a full disk for example.
    """
    if sys.stdout is None:
        raise UsageError("standard output is closed", next_step=ELSEWHERE)
    try:
        click.echo(text, nl=False)
        sys.stdout.flush()
    except BrokenPipeError:
        silenced(sys.stdout)
    except OSError as error:
        silenced(sys.stdout)
        raise UsageError(f"cannot write to standard output: {error.strerror}", next_step=ELSEWHERE) from error


def said(line: str) -> None:
    """Print a line to standard output.

    Raises:
        UsageError: it cannot be written to.
    """
    printed(f"{line}\n")


def streamed(line: str) -> bool:
    """Print a line to standard output at once; False where the reader has gone away (head) and there is no use in more.

    Raises:
        UsageError: it cannot be written to.
    """
    if sys.stdout is None:
        raise UsageError("standard output is closed", next_step=ELSEWHERE)
    try:
        click.echo(line)
        sys.stdout.flush()
    except BrokenPipeError:
        silenced(sys.stdout)
        return False
    except OSError as error:
        silenced(sys.stdout)
        raise UsageError(f"cannot write to standard output: {error.strerror}", next_step=ELSEWHERE) from error
    return True


def listened_to() -> bool:
    """Whether somebody still reads standard output: a pipe tells so before the next line is written into it."""
    try:
        number = sys.stdout.fileno()
    except (AttributeError, OSError, ValueError):  # closed, or no file at all
        return sys.stdout is not None
    poll = select.poll()
    poll.register(number, 0)
    gone = select.POLLERR | select.POLLHUP | select.POLLNVAL
    return not any(events & gone for _, events in poll.poll(0))


def told(line: str) -> None:
    """Print a line to standard error, with nothing in it that moves a cursor; if nobody reads it, so be it."""
    try:
        click.echo(visible(line, keep="\n"), err=True)
    except OSError:
        silenced(sys.stderr)


def is_terminal(stream: object) -> bool:
    """Is somebody looking? A stream that the shell closed is None."""
    asked = getattr(stream, "isatty", None)
    return bool(asked and asked())


def for_reader(text: str, kinds: Sequence[type[Body]] = ()) -> str:
    """A report as a terminal shows it, broken between words and in colour unless NO_COLOR; piped, as it is."""
    if not is_terminal(sys.stdout):
        return text
    from esmcfn.render.colour import on_screen

    colours = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return on_screen(text, kinds, columns=shutil.get_terminal_size().columns, colours=colours)


def silenced(stream: TextIO) -> None:
    """Python would complain once more when it flushes at its end: let it flush into nothing."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
