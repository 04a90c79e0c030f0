"""Everything that can go wrong, as one tree, each kind with its exit code.

    EsmcfnError                     1  a bug, where nothing below fits
    ├── UsageError                  2  the command line cannot be meant (Click raises its own, too)
    ├── InputError                  3  the YAML is wrong; carries every Problem found
    ├── CloudError                  4  AWS refused, or did not answer
    │   ├── AccessDenied            4  a permission is missing, named
    │   ├── LostSight               4  an operation goes on in AWS, and nobody can see it any more
    │   ├── NotDeployed             4  nothing of what was asked about is there yet
    │   ├── WrongAccount            4  the credentials belong to another account
    │   ├── TemplateRefused         4  CloudFormation does not take a template
    │   └── SandboxError            4  the embedded AWS did not start or does not answer
    ├── DeploymentError             5  CloudFormation tried and failed
    ├── StalePlanError              6  what was reviewed is not what would be executed
    ├── StackBusyError              7  somebody else is changing this stack
    └── Interrupted               130  Ctrl-C or a declined question; 143 on SIGTERM
        └── NotBegun              130  stopped before AWS was asked for anything

Below 10 esmcfn could not do its work; from 10 on it did, and the news is bad (those are verdicts, not errors).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import IntEnum

from msgspec import Struct


class ExitCode(IntEnum):
    """What a process that ran esmcfn may read from its status; published, and frozen by a test."""

    DONE = 0
    BUG = 1
    USAGE = 2
    INPUT = 3
    CLOUD = 4
    DEPLOYMENT = 5
    STALE = 6
    BUSY = 7
    FINDINGS = 10
    CHANGES = 11
    DRIFT = 12
    BUDGET = 13
    INTERRUPTED = 130
    TERMINATED = 143


class Problem(Struct, frozen=True, order=True):
    """One thing wrong with a file that a person wrote.

    Attributes:
        file: path relative to the root, with forward slashes.
        line: counted from 1; 0 where it is about a folder, which has none.
        column: counted from 1; 0 as above.
        message: what is wrong, with the offending value.
        suggestion: what to write instead; empty where nothing is near.
    """

    file: str
    line: int
    column: int
    message: str
    suggestion: str = ""

    def __str__(self) -> str:
        hint = f" ({self.suggestion})" if self.suggestion else ""
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return visible(f"{place}: {self.message}{hint}")


def visible(text: str, *, keep: str = "") -> str:
    """The text with every character that would move a cursor, colour a terminal or turn a line around written out.

    Args:
        keep: such characters that are meant.
    """

    def written_out(found: re.Match[str]) -> str:
        character = found[0]
        return character if character in keep else character.encode("unicode_escape").decode()

    return text if text.isprintable() else re.sub(INVISIBLE, written_out, text)


INVISIBLE = "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
"""Characters that move a cursor, colour a terminal, break a line or turn it around, as a regular expression."""

UNSEEN = (
    "[\xad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u2060-\u2065\u206a-\u206f\u2800\u3164\uffa0\ufff0-\ufffb"
    "\U000e0000-\U000e00ff\U000e01f0-\U000e0fff]"
    "|(?<![^\x00-\x7f])[\u200c\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef](?!\u20e3)"
)
"""Characters that show nothing, as a regular expression: two texts that look alike are not the same.

Those that choose a form of the character before them, or join it to the next, are meant where that is no ASCII: in an
emoji, a Persian word, a Japanese name.
"""

LONGEST = 80
"""Characters of somebody's text that a message repeats."""


def shown(text: str) -> str:
    """What people wrote, as it is where that can be read, as Python writes it where it cannot."""
    short = text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
    if short.isascii() or not re.search(UNSEEN, short):
        return short if short and short.isprintable() and short == short.strip() else repr(short)
    return re.sub(UNSEEN, lambda found: ascii(found[0])[1:-1], repr(short))


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """The nearest of some valid words as a suggestion, empty where none is near."""
    from difflib import get_close_matches  # only needed once something is wrong

    by_folded = {valid.casefold(): valid for valid in words}
    near = get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    return f"did you mean {by_folded[near[0]]}?" if near else ""


class EsmcfnError(Exception):
    """The root of the tree.

    Attributes:
        exit_code: the status of the process that ends with this error.
        next_step: what the reader can do now; a command where there is one.
    """

    exit_code: ExitCode = ExitCode.BUG

    def __init__(self, message: str, *, next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step

    def __str__(self) -> str:
        return self.message


class UsageError(EsmcfnError):
    """The words of the command line cannot be meant."""

    exit_code = ExitCode.USAGE


UNTOUCHED = "nothing was written and nothing was called"
"""What is true of a run that ends because of its input."""


class InputError(EsmcfnError):
    """Catalog or environment are wrong; nothing was written or called."""

    exit_code = ExitCode.INPUT

    def __init__(self, problems: tuple[Problem, ...], *, next_step: str = "") -> None:
        self.problems = tuple(sorted(set(problems)))
        count = len(self.problems)
        super().__init__(
            f"{count} problem{'' if count == 1 else 's'} in the input",
            next_step=next_step or f"correct the lines named above; {UNTOUCHED}",
        )


class CloudError(EsmcfnError):
    """AWS refused or did not answer.

    Attributes:
        code: AWS's own error code, empty where there was no answer.
        operation: the API operation, for example "CreateChangeSet".
        transient: it may well work in a while: throttled, a server's error, no connection.
    """

    exit_code = ExitCode.CLOUD

    def __init__(
        self, message: str, *, code: str = "", operation: str = "", next_step: str = "", transient: bool = False
    ) -> None:
        super().__init__(message, next_step=next_step)
        self.code = code
        self.operation = operation
        self.transient = transient


class AccessDenied(CloudError):
    """A permission is missing; the message names it where AWS did."""


class LostSight(CloudError):
    """An operation goes on in AWS, and nobody can see it any more; it has not failed."""


class NotDeployed(CloudError):
    """AWS answers, and nothing of what was asked about is there yet."""


class WrongAccount(CloudError):
    """The credentials belong to an account that is not the environment's."""


class TemplateRefused(CloudError):
    """CloudFormation does not take a template as it is; no change set was kept of it."""


WITHOUT_REVERTING = "esmcfn drift says how to put each back by hand; plan and deploy without --revert-drift"
"""What to do where CloudFormation makes no change set that reverts drift."""


class SandboxError(CloudError):
    """The embedded AWS did not start or does not answer."""


class DeploymentError(EsmcfnError):
    """CloudFormation executed a change set and it failed; the message says what it did about it."""

    exit_code = ExitCode.DEPLOYMENT


class StalePlanError(EsmcfnError):
    """What was reviewed is not what would be executed."""

    exit_code = ExitCode.STALE


class StackBusyError(EsmcfnError):
    """Another operation is running on this stack."""

    exit_code = ExitCode.BUSY


class Interrupted(EsmcfnError):
    """The person, or the machine, said stop."""

    def __init__(self, message: str, *, exit_code: ExitCode = ExitCode.INTERRUPTED, next_step: str = "") -> None:
        super().__init__(message, next_step=next_step)
        self.exit_code = exit_code


class NotBegun(Interrupted):
    """Stopped before AWS was asked for anything; there is nothing that goes on."""
