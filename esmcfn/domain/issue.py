"""A report that is kept as a GitHub issue: what it says, what was said before, and what GitHub is to be asked for.

The reports are read back from the JSON that `drift` and `audit` wrote; their names are those of docs/json.md.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

from msgspec import Struct, field

from esmcfn.domain.review import Money
from esmcfn.errors import ExitCode, Problem

MARKER = "<!-- esmcfn:issue "
"""How an issue of ours begins; JSON and the end of the HTML comment follow."""


class Standing(StrEnum):
    """What a report comes to; what was not looked at is never clean."""

    BAD = "bad"
    CLEAN = "clean"
    UNCLEAR = "unclear"


class Fact(Struct, frozen=True, kw_only=True):
    """One thing that a report tells, without times, ages and figures that move by themselves.

    Attributes:
        name: what people call it; the same from one report to the next.
        stable: what is said of it.
    """

    name: str
    stable: tuple[str, ...] = ()

    @property
    def mark(self) -> str:
        """Eight digits that change when it says something else."""
        return hashlib.sha256(json.dumps(self.stable).encode()).hexdigest()[:8]


class SeenDifference(Struct, frozen=True):
    """One property, as it was deployed and as it is."""

    path: str
    expected: str | None
    observed: str | None


class SeenResource(Struct, frozen=True):
    """One resource that was compared, or could not be."""

    logical_id: str | None
    resource_type: str
    name: str
    state: str
    differences: tuple[SeenDifference, ...] = ()
    why_not_checked: str | None = None
    exempt: bool = False
    next_step: str | None = None
    waiver: Mapping[str, str | None] | None = None

    @property
    def told(self) -> bool:
        """Is there something to say of it?"""
        return self.state != "in sync" or not (self.exempt or self.why_not_checked is None)

    @property
    def counts(self) -> bool:
        """Is it otherwise than deployed, with nobody's signature?"""
        return self.state in {"drifted", "missing"} and self.waiver is None


class SeenStackDrift(Struct, frozen=True):
    """One stack that was compared."""

    name: str
    resources: tuple[SeenResource, ...]
    notes: tuple[str, ...] = ()


class SeenBeside(Struct, frozen=True):
    """An endpoint of no stack."""

    name: str
    status: str
    monthly_usd: Money | None = None


class SeenUnmanaged(Struct, frozen=True):
    """What runs beside the stacks; endpoints are None where nobody could look."""

    asked: bool
    why_not_read: str | None
    endpoints: tuple[SeenBeside, ...] | None


class SeenCoverage(Struct, frozen=True):
    """How much was compared."""

    resources: int
    checked: int
    complete: bool


class SeenDriftVerdict(Struct, frozen=True):
    """What it is worth."""

    drifted: bool
    bad: bool


class DriftReport(Struct, frozen=True):
    """`esmcfn.drift/v1`, as far as an issue tells it."""

    environment: str
    account: str
    region: str
    as_of: str
    coverage: SeenCoverage
    stacks: tuple[SeenStackDrift, ...]
    unmanaged: SeenUnmanaged
    verdict: SeenDriftVerdict

    report: Literal["drift"] = "drift"

    @property
    def standing(self) -> Standing:
        """Bad as the verb judged it; clean only where everything was looked at."""
        if self.verdict.bad or self.verdict.drifted:
            return Standing.BAD
        return Standing.CLEAN if self.coverage.complete and self.unmanaged.asked else Standing.UNCLEAR

    @property
    def told(self) -> tuple[tuple[str, SeenResource], ...]:
        """Stack's name and resource, what counts first."""
        found = [(stack.name, each) for stack in self.stacks for each in stack.resources if each.told]
        return tuple(sorted(found, key=lambda pair: (not pair[1].counts, pair[0], pair[1].logical_id or "")))

    @property
    def facts(self) -> tuple[Fact, ...]:
        """Why something was not checked is no part of it: such words hold times and numbers of requests."""
        of_resources = [
            Fact(
                name=f"{stack}/{each.logical_id}" if each.logical_id else stack,
                stable=(
                    each.state,
                    "signed for" if each.waiver else "",
                    *(json.dumps([seen.path, seen.expected, seen.observed]) for seen in each.differences),
                ),
            )
            for stack, each in self.told
        ]
        return (*of_resources, *(Fact(name=f"endpoint {each.name}") for each in self.unmanaged.endpoints or ()))


class SeenSaving(Struct, frozen=True):
    """One thing that would save money."""

    remedy: str
    monthly: Money | None
    how: str


class SeenModel(Struct, frozen=True):
    """One model, as it is used."""

    model: str
    activity: str
    why: str
    calls: int | None = None
    instances: tuple[str, ...] = ()
    expected_monthly: Money | None = None
    savings: tuple[SeenSaving, ...] = ()

    @property
    def unseen(self) -> bool:
        """Could nobody tell what it is used for?"""
        return self.activity in {"no data", "denied", "unknown"}


class SeenMonth(Struct, frozen=True):
    """One month of one model: the bill against the estimate; the model is None for what all share."""

    month: str
    model: str | None
    actual: Money | None
    estimate: Money | None
    difference: Money | None


class SeenPatch(Struct, frozen=True):
    """A proposal as a unified diff, None where there is none."""

    text: str | None = None


class AuditReport(Struct, frozen=True):
    """`esmcfn.audit/v1`, as far as an issue tells it."""

    environment: str
    account: str
    region: str
    as_of: str
    models: tuple[SeenModel, ...]
    saving_monthly: Money | None
    months: tuple[SeenMonth, ...] = ()
    why_no_bill: str | None = None
    patch: SeenPatch = SeenPatch()

    report: Literal["audit"] = "audit"

    @property
    def standing(self) -> Standing:
        """Bad where something could be saved; clean only where everything was seen."""
        if any(model.savings for model in self.models):
            return Standing.BAD
        return Standing.UNCLEAR if any(model.unseen for model in self.models) else Standing.CLEAN

    @property
    def told(self) -> tuple[SeenModel, ...]:
        """What could be saved at first, then what nobody could see."""
        found = [model for model in self.models if model.savings or model.unseen]
        return tuple(sorted(found, key=lambda model: (not model.savings, model.model)))

    @property
    def facts(self) -> tuple[Fact, ...]:
        """What could be done, not how much it would save this week."""
        return tuple(
            Fact(name=model.model, stable=(*sorted({each.remedy for each in model.savings}), str(model.unseen)))
            for model in self.told
        )


class Unreported(Struct, frozen=True, kw_only=True):
    """An environment that nobody could look at."""

    environment: str
    message: str
    exit_code: ExitCode
    next_step: str = ""
    problems: tuple[Problem, ...] = ()


Looked = DriftReport | AuditReport


class Marker(Struct, frozen=True):
    """What an issue of ours says of itself in its first line, hidden from readers.

    Attributes:
        marks: name of a fact to its mark; None where there are too many to be kept in an issue.
    """

    report: str
    environment: str
    fingerprint: str = ""
    marks: Mapping[str, str] | None = None


class Known(Struct, frozen=True, kw_only=True):
    """An issue that is there.

    Attributes:
        author: login of whoever opened it; nobody else's is ever taken for ours.
        locked: nobody without write access to the repository's code may comment on it, and no workflow's token may.
        marker: None where it has none that can be read.
    """

    number: int
    author: str
    open: bool
    locked: bool = False
    marker: Marker | None = None


class Text(Struct, frozen=True, kw_only=True):
    """An issue as it is written."""

    title: str
    body: str


class News(Struct, frozen=True, kw_only=True):
    """What a comment tells of an issue that was there.

    Attributes:
        known: False where the issue does not say what stood in it before.
    """

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    known: bool = True


class Request(Struct, frozen=True, kw_only=True):
    """One call of GitHub's API.

    Attributes:
        path: below repos/OWNER/NAME/; of numbers and fixed words only.
    """

    method: str
    path: str
    fields: Mapping[str, str] = field(default_factory=dict)


def fingerprint(looked: Looked) -> str:
    """ "sha256:..." of what a report says; the same for as long as it says the same."""
    said = [looked.report, looked.environment, looked.standing, [[each.name, *each.stable] for each in looked.facts]]
    return f"sha256:{hashlib.sha256(json.dumps(said).encode()).hexdigest()}"


MOST_MARKS = 20_000
"""Characters that the marks of an issue may take of its body."""


def marker_of(looked: Looked) -> Marker:
    """What the issue of a report says of itself."""
    marks = {each.name: each.mark for each in looked.facts}
    kept = marks if len(json.dumps(marks)) <= MOST_MARKS else None
    return Marker(report=looked.report, environment=looked.environment, fingerprint=fingerprint(looked), marks=kept)
