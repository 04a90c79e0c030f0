"""The file that `plan --out` wrote: what was reviewed, or a refusal. Whoever changed it may have meant harm."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from esmcfn import documents
from esmcfn.domain.choice import Candidate
from esmcfn.domain.plan import LIFETIME, ReviewedPlan
from esmcfn.errors import StalePlanError, UsageError, shown

MAX_BYTES = 64 * 1024 * 1024
"""Size of a plan's file; a plan of a thousand models has about 10 MiB."""

NO_PLAN = "make it with `esmcfn plan ENVIRONMENT --out FILE`"


def reviewed_plans(path: Path) -> tuple[ReviewedPlan, ...]:
    """The plan of every environment in the file.

    Raises:
        UsageError: the file cannot be read.
        StalePlanError: it is no plan, or not as esmcfn wrote it.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"cannot read the plan {path}: {error.strerror}", next_step=NO_PLAN) from error
    try:
        document = msgspec.json.decode(content[:MAX_BYTES], type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise StalePlanError(f"{path} is no plan of esmcfn: {error}", next_step=NO_PLAN) from error
    several = document.get("environments") if document.get("schema") == "esmcfn.plans/v1" else [document]
    if not isinstance(several, list) or not several:
        raise StalePlanError(f"{path} is no plan of esmcfn: it names no environment", next_step=NO_PLAN)
    return tuple(_reviewed(path, each) for each in several)


def candidates(folder: Path, environments: Sequence[str]) -> Iterator[Candidate]:
    """Each file below a folder that is called as an environment.

    A plan that names another environment than its file, or several, is none: whoever made it was no workflow.
    """
    for path in sorted(folder.rglob("*.json")):
        name = path.stem
        if name not in environments or path.is_symlink() or not path.is_file():
            continue
        try:
            (plan, *others) = reviewed_plans(path)
        except (StalePlanError, UsageError) as error:
            yield Candidate(environment=name, file=path.as_posix(), wrong=str(error))
            continue
        if others or plan.environment != name:
            wrong = f"it is a plan of {shown(plan.environment)}"
            yield Candidate(environment=name, file=path.as_posix(), wrong=wrong)
        else:
            yield Candidate(environment=name, file=path.as_posix(), plan=plan)


def _reviewed(path: Path, document: object) -> ReviewedPlan:
    if not isinstance(document, Mapping) or document.get("schema") != "esmcfn.plan/v1":
        said = document.get("schema") if isinstance(document, Mapping) else None
        raise StalePlanError(f"{path} is no plan of esmcfn: its schema is {shown(str(said))}", next_step=NO_PLAN)
    try:
        found = msgspec.convert(document, _Kept)
        whole = documents.plan_id(document) == found.plan_id
        created, expires = _moment(found.created_at), _moment(found.expires_at)
    except (msgspec.ValidationError, ValueError, AttributeError, TypeError, KeyError, RecursionError) as error:
        raise StalePlanError(f"{path} is no plan of esmcfn: {error}", next_step=NO_PLAN) from error
    sets = [stack.change_set_id for stack in found.stacks if stack.change_set_id is not None]
    prefix = f":cloudformation:{found.region}:{found.account}:changeSet/"
    if not all(_CHANGE_SET.fullmatch(arn) and prefix in arn for arn in sets) or expires - created != LIFETIME:
        whole = False
    if not whole:
        raise StalePlanError(
            f"{path} was changed after esmcfn wrote it: its content does not have the plan_id that it names",
            next_step="plan again and review what has changed",
        )
    return ReviewedPlan(
        plan_id=found.plan_id,
        environment=found.environment,
        account=found.account,
        region=found.region,
        created_at=created,
        expires_at=expires,
        narrowed=frozenset(found.narrowed_to),
        delete_first=found.delete_first,
        reverts=found.revert_drift,
        blocked=bool(found.verdict.get("blocked", True)),
        document={
            **document,
            "stacks": [
                msgspec.to_builtins(stack) | document["stacks"][number] for number, stack in enumerate(found.stacks)
            ],
        },
    )


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


_CHANGE_SET = re.compile(
    r"arn:[a-z-]+:cloudformation:[a-z0-9-]+:[0-9]{12}:changeSet/[A-Za-z0-9-]{1,128}/[a-f0-9-]{1,64}"
)


class _Change(msgspec.Struct):
    logical_id: str
    properties: list[dict[str, Any]]


class _Lost(msgspec.Struct):
    path: str
    fate: str
    now: str | None


class _Drifted(msgspec.Struct):
    logical_id: str | None
    state: str
    fate: str | None
    properties: list[_Lost]
    why_not_checked: str | None
    unasked: bool


class _Drift(msgspec.Struct):
    why_not_checked: str | None
    by_cloudformation: bool
    found: list[_Drifted]


class _Stack(msgspec.Struct):
    name: str
    action: str
    template_digest: str
    change_set_id: str | None
    changes: list[_Change]
    drift: _Drift | None = None


class _Kept(msgspec.Struct):
    """What has to be in a plan's document for it to be executed."""

    plan_id: str
    created_at: str
    expires_at: str
    environment: str
    account: str
    region: str
    narrowed_to: list[str]
    delete_first: bool
    stacks: list[_Stack]
    verdict: dict[str, Any]
    revert_drift: bool = False
