"""What a deployment would do to what drifted: now, deployed, planned."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct

from esmcfn.domain.drift import State


class Fate(StrEnum):
    """What a deployment does to something that is otherwise than deployed."""

    OVERWRITTEN = "overwritten"
    ADOPTED = "adopted"
    KEPT = "kept"
    UNCLEAR = "unclear"
    FAILS = "fails"


WORST_FIRST = (Fate.FAILS, Fate.OVERWRITTEN, Fate.UNCLEAR, Fate.KEPT, Fate.ADOPTED)
"""In the order in which a reviewer has to know."""


class DriftedProperty(Struct, frozen=True, kw_only=True):
    """One property that is otherwise than deployed.

    Attributes:
        path: as drift names it: "EndpointConfigName", "Variants/variant-1/DesiredInstanceCount".
        now, deployed, planned: values as text, None where there is none; what may be a secret is masked.
    """

    path: str
    now: str | None
    deployed: str | None
    planned: str | None
    fate: Fate


class DriftedResource(Struct, frozen=True, kw_only=True):
    """One resource that is otherwise than deployed, or that nobody could compare in full.

    Attributes:
        logical_id: empty where it is about the stack's template as a whole.
        fate: of the resource as a whole, the worst of its properties'; None where it did not drift.
        why: why it was not checked, or not in full; empty where it was.
        unasked: CloudFormation's own detection would have compared the rest, and it was not asked.
        next_step: the way back where the deployment does not take it; empty otherwise.
    """

    logical_id: str
    resource_type: str
    name: str
    state: State
    fate: Fate | None = None
    properties: tuple[DriftedProperty, ...] = ()
    why: str = ""
    unasked: bool = False
    next_step: str = ""


class PlannedDrift(Struct, frozen=True, kw_only=True):
    """How a deployed stack differs from what runs, before a plan of it is executed.

    Attributes:
        resources: how many were to be compared.
        checked: how many of them somebody compared in full, or need nobody to.
        native: CloudFormation's own detection was asked, too.
        found: those that drifted or were not checked, by logical id.
        why: why nobody looked, empty where somebody did.
    """

    resources: int = 0
    checked: int = 0
    native: bool = False
    found: tuple[DriftedResource, ...] = ()
    why: str = ""

    @property
    def state(self) -> State:
        """The worst of all; in sync only where all of it was compared."""
        states = {each.state for each in self.found}
        return next((state for state in _WORST if state in states), State.NOT_CHECKED if self.why else State.IN_SYNC)

    @property
    def drifted(self) -> tuple[DriftedResource, ...]:
        """Those that are otherwise than deployed."""
        return tuple(each for each in self.found if each.fate is not None)

    @property
    def unseen(self) -> tuple[DriftedResource, ...]:
        """Those that nobody could compare in full, and in which nothing was found."""
        return tuple(each for each in self.found if each.state is State.NOT_CHECKED)

    @property
    def overwritten(self) -> int:
        """Properties, and resources as a whole, that a deployment would put something else in the place of."""
        return sum(_overwritten(each) for each in self.found)


_WORST = (State.MISSING, State.DRIFTED, State.NOT_CHECKED)


def worst(fates: Sequence[Fate]) -> Fate | None:
    """What a reviewer has to know first; None where there is nothing."""
    return next((fate for fate in WORST_FIRST if fate in fates), None)


def worst_state(drifts: Sequence[PlannedDrift]) -> State | None:
    """Of several stacks; None of none."""
    states = {drift.state for drift in drifts}
    return next((state for state in (*_WORST, State.IN_SYNC) if state in states), None)


def _overwritten(found: DriftedResource) -> int:
    if found.properties:
        return sum(each.fate is Fate.OVERWRITTEN for each in found.properties)
    return int(found.fate is Fate.OVERWRITTEN)
