"""The files of many plans, for one comment. A pull request's author can write such a file: nothing in it is believed.

A file that is no plan, or not as esmcfn wrote it, is an environment without a plan, and the comment says so: a comment
that is not written leaves the last one standing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from esmcfn import documents
from esmcfn.domain.rejudged import Since
from esmcfn.domain.review import Expected, Planned, Rejudged, Seen, Unplanned
from esmcfn.errors import ExitCode, Problem, UsageError, shown

MAX_BYTES = 64 * 1024 * 1024
"""Size of a plan's file; a plan of a thousand models has about 10 MiB."""

MAKE = "make it with `esmcfn plan ENVIRONMENT --out FILE`"
AGAIN = "plan again; somebody may have meant harm"


def seen(paths: Sequence[Path], expected: Expected | None = None) -> tuple[Seen, ...]:
    """Every environment of the files, in order of their names, and those that were expected and did not come.

    Raises:
        UsageError: a file cannot be read.
    """
    found: dict[str, Seen] = {}
    for path in sorted(paths):
        for each in _environments(path):
            name = each.environment
            if name in found:
                message = f"there is more than one plan of it; {path.name} is the second"
                found[name] = _not_ours(name, message)
            elif expected is not None and name not in expected.environments:
                found[name] = _not_ours(name, f"{path.name} has a plan of it, and nothing of it has changed")
            else:
                found[name] = each
    for name in expected.environments if expected else ():
        if name not in found:
            message = "no plan arrived: the job that makes it failed before it could say why, or was stopped"
            found[name] = Unplanned(
                environment=name, message=message, exit_code=ExitCode.BUG, next_step="read that job's log"
            )
    return tuple(found[name] for name in sorted(found))


def expected(path: Path) -> Expected:
    """What `esmcfn changed -f json` wrote.

    Raises:
        UsageError: the file cannot be read, or is something else.
    """
    try:
        document = msgspec.json.decode(_content(path), type=_Changed)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path} is not what `esmcfn changed -f json` writes: {error}",
            next_step="make it anew: esmcfn changed --base REF -f json > FILE",
        ) from error
    return Expected(
        environments=tuple(document.environment),
        vanished=tuple(document.vanished),
        sandbox=tuple(each.environment for each in document.sandbox),
    )


def rejudged(path: Path) -> Rejudged:
    """What `esmcfn check --all --base REF -f json` wrote; what is not there, or is no such thing, is not known.

    Raises:
        UsageError: the file is there and cannot be read.
    """
    if not path.exists():
        return Rejudged(wrong=("no judgement arrived: the job that makes it failed before, or was stopped",))
    try:
        document = msgspec.json.decode(_content(path), type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Rejudged(wrong=(f"{path.name} is no report of esmcfn: {error}",))
    several = document.get("environments") if document.get("schema") == "esmcfn.checks/v1" else [document]
    found: dict[str, Since] = {}
    wrong: list[str] = []
    for each in several if isinstance(several, list) else [None]:
        try:
            judged = msgspec.convert(each, _Judged)
        except msgspec.ValidationError as error:
            wrong.append(f"{path.name} is no report of `esmcfn check --base`: {error}")
            continue
        if judged.schema == "esmcfn.check/v1" and judged.since:
            found[judged.environment] = judged.since
        else:
            where = f"{judged.environment}: " if judged.environment else ""
            wrong.append(f"{where}{judged.message or 'it was not compared with anything'}")
            wrong += [f"{where}{problem}" for problem in judged.problems]
    return Rejudged(environments=dict(sorted(found.items())), wrong=tuple(wrong))


class _Judged(msgspec.Struct):
    schema: str
    environment: str = ""
    since: Since | None = None
    message: str = ""
    problems: list[Problem] = []


class _Place(msgspec.Struct):
    environment: str


class _Changed(msgspec.Struct):
    environment: list[str]
    vanished: list[str]
    sandbox: list[_Place]


def _environments(path: Path) -> list[Seen]:
    content = _content(path)
    if len(content) > MAX_BYTES:
        return [_not_ours(path.stem, f"{path.name} is larger than {MAX_BYTES // 2**20} MiB")]
    try:
        document = msgspec.json.decode(content, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return [_not_ours(path.stem, f"{path.name} is no plan of esmcfn: {error}")]
    several = document.get("environments") if document.get("schema") == "esmcfn.plans/v1" else [document]
    if not isinstance(several, list) or not several:
        return [_not_ours(path.stem, f"{path.name} is no plan of esmcfn: it names no environment")]
    return [_environment(path, each) for each in several]


def _environment(path: Path, document: object) -> Seen:
    if not isinstance(document, Mapping):
        return _not_ours(path.stem, f"{path.name} is no plan of esmcfn")
    if document.get("schema") == "esmcfn.error/v1":
        return _failed(path, document)
    if document.get("schema") != "esmcfn.plan/v1":
        return _not_ours(path.stem, f"{path.name} is no plan of esmcfn: its schema is {_word(document)}")
    try:
        found = msgspec.convert(document, Planned)
        whole = documents.plan_id(document) == found.plan_id
    except (msgspec.ValidationError, ValueError, AttributeError, TypeError, KeyError, RecursionError) as error:
        return _not_ours(path.stem, f"{path.name} is no plan of esmcfn: {error}")
    if not whole:
        message = f"{path.name} was changed after esmcfn wrote it: its content does not have the plan_id that it names"
        return _not_ours(found.environment, message)
    return found


def _word(document: Mapping[str, object]) -> str:
    return shown(str(document.get("schema")))


class _Error(msgspec.Struct):
    exit_code: int
    message: str
    next_step: str = ""
    environment: str = ""
    problems: list[Problem] = []


def _failed(path: Path, document: Mapping[str, object]) -> Unplanned:
    try:
        error = msgspec.convert(document, _Error)
        code = ExitCode(error.exit_code)
    except (msgspec.ValidationError, ValueError) as wrong:
        return _not_ours(path.stem, f"{path.name} is no document of esmcfn: {wrong}")
    return Unplanned(
        # A run of one environment says what was wrong with it, not its name: that is the file's.
        environment=error.environment or path.stem,
        message=error.message,
        exit_code=code,
        next_step=error.next_step,
        problems=tuple(error.problems),
    )


def _not_ours(environment: str, message: str) -> Unplanned:
    return Unplanned(environment=environment, message=message, exit_code=ExitCode.STALE, next_step=AGAIN)


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}", next_step=MAKE) from error
