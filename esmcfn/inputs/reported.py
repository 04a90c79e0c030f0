"""Reports of `drift` and `audit`, and the issues that GitHub has, for issues that keep the reports."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from esmcfn.domain.issue import MARKER, AuditReport, DriftReport, Known, Looked, Marker, Unreported
from esmcfn.errors import ExitCode, Problem, UsageError, shown

MAX_BYTES = 64 * 1024 * 1024
"""Size of a report's file, and of what GitHub has; a report of a thousand models has about 5 MiB."""

_MARKER = re.compile(rf"^{re.escape(MARKER)}(\{{[^<>]*\}}) -->", re.MULTILINE)
_MAKE = "make it with `esmcfn drift ENVIRONMENT -f json --output FILE`, or audit"


class _Error(msgspec.Struct):
    exit_code: int
    message: str
    next_step: str = ""
    environment: str = ""
    problems: list[Problem] = []


class _Issue(msgspec.Struct):
    number: int
    state: str
    author: str
    body: str | None = None
    locked: bool = False


def reports(paths: Sequence[Path]) -> tuple[Looked | Unreported, ...]:
    """Every environment of the files, in order of their names.

    Raises:
        UsageError: a file cannot be read, or is no such report.
    """
    found = [each for path in sorted(paths) for each in _reports(path)]
    return tuple(sorted(found, key=lambda each: each.environment))


def known_issues(path: Path) -> tuple[Known, ...]:
    """Issues as GitHub tells them, one JSON object a line: {number, state, author, body}.

    Raises:
        UsageError: the file cannot be read, or holds something else.
    """
    found = []
    for number, line in enumerate(_content(path).splitlines(), start=1):
        if not line.strip():
            continue
        try:
            issue = msgspec.json.decode(line, type=_Issue)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise UsageError(
                f"{path}:{number}: not an issue {{number, state, author, body}}: {error}",
                next_step="name a file with one JSON object a line, as drift.yml of esmcfn init writes it",
            ) from error
        marker = _marker(issue.body or "")
        standing = {"open": issue.state == "open", "locked": issue.locked}
        found.append(Known(number=issue.number, author=issue.author, marker=marker, **standing))
    return tuple(found)


def _marker(body: str) -> Marker | None:
    """What an issue says of itself; somebody may have edited it, or have written something above."""
    match = _MARKER.search(body)
    if match is None:
        return None
    try:
        return msgspec.json.decode(match[1], type=Marker)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _reports(path: Path) -> list[Looked | Unreported]:
    try:
        document = msgspec.json.decode(_content(path), type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{path} is no report of esmcfn: {error}", next_step=_MAKE) from error
    several = document.get("schema") in {"esmcfn.drifts/v1", "esmcfn.audits/v1"}
    each = document.get("environments") if several else [document]
    if not isinstance(each, list):
        raise UsageError(f"{path} is no report of esmcfn: it names no environment", next_step=_MAKE)
    return [_report(path, one) for one in each]


def _report(path: Path, document: object) -> Looked | Unreported:
    schema = document.get("schema") if isinstance(document, Mapping) else None
    try:
        match schema:
            case "esmcfn.drift/v1":
                return msgspec.convert(document, DriftReport)
            case "esmcfn.audit/v1":
                return msgspec.convert(document, AuditReport)
            case "esmcfn.error/v1":
                return _failed(path, document)
    except (msgspec.ValidationError, ValueError) as error:
        raise UsageError(f"{path} is no report of esmcfn: {error}", next_step=_MAKE) from error
    raise UsageError(f"{path} is no report of drift or audit: its schema is {shown(str(schema))}", next_step=_MAKE)


def _failed(path: Path, document: object) -> Unreported:
    error = msgspec.convert(document, _Error)
    return Unreported(
        # A run of one environment says what was wrong with it, not its name: that is the file's.
        environment=error.environment or path.stem,
        message=error.message,
        exit_code=ExitCode(error.exit_code),
        next_step=error.next_step,
        problems=tuple(error.problems),
    )


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}", next_step=_MAKE) from error
    if len(content) > MAX_BYTES:
        raise UsageError(f"{path} is larger than {MAX_BYTES // 2**20} MiB", next_step=_MAKE)
    return content
