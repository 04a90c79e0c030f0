"""Deployed x observed x built -> what a deployment would do to what drifted. Pure.

What is planned for a property is found as drift itself is: the built template is put in the place of the deployed one
and compared with what runs. Where that finds no difference, the files ask for what is there already.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from esmcfn.domain.drift import Detection, Difference, NativeDrift, ResourceDrift, State
from esmcfn.domain.endpoint import IN_SERVICE, ObservedEndpoint
from esmcfn.domain.overwriting import DriftedProperty, DriftedResource, Fate, PlannedDrift, worst
from esmcfn.domain.plan import Action, Change
from esmcfn.drift.expected import Expected
from esmcfn.drift.hosting import LICENCES
from esmcfn.drift.judging import Subject, judge
from esmcfn.drift.readers import ENDPOINT

LATER = "(known when it is deployed)"
"""Stands for a value that only CloudFormation can work out."""

VARIANTS = "Variants"
CONFIG_NAME = "EndpointConfigName"

_BESIDE = frozenset(
    {
        *("AccessKeys", "Console", "Grants", "ReplicaRegions", "ResourcePolicy"),
        *("ScalingPolicies", "Subscriptions", LICENCES),
    }
)
"""What is no property of the resource that has it: no update of that resource touches it."""


class Built(Struct, frozen=True, kw_only=True):
    """What a deployment would make of one stack.

    Attributes:
        expected: by logical id, the built template; what is not in it goes.
        changes: by logical id, what happens to each resource; one that is not in it is left alone.
    """

    expected: Mapping[str, Expected]
    changes: Mapping[str, Change]


def planned_drift(
    subjects: Sequence[Subject], built: Built, *, native: bool, written: ResourceDrift | None = None, digest: str = ""
) -> PlannedDrift:
    """One stack.

    Args:
        subjects: its resources, each with what was found out about it.
        native: CloudFormation's own detection was asked.
        written: whether its template itself was changed by hand.
        digest: of the built template.
    """
    judged = [(subject, judge(subject)) for subject in subjects]
    found = [
        replace(_resource(subject, drift, built), unasked=not native and _unasked(subject, drift))
        for subject, drift in judged
        if drift.deviates or not drift.covered
    ]
    edited = [_edited(written, digest, built)] if written else []
    return PlannedDrift(
        resources=len(judged),
        checked=sum(drift.covered for _, drift in judged),
        native=native,
        found=(*edited, *sorted(found, key=lambda each: each.logical_id)),
    )


def _unasked(subject: Subject, drift: ResourceDrift) -> bool:
    """Is it only CloudFormation's own detection that is missing?"""
    agreed = Detection(drifts={subject.resource.logical_id: NativeDrift(status="IN_SYNC")})
    return bool(drift.why) and not judge(replace(subject, detection=agreed)).why


def _resource(subject: Subject, drift: ResourceDrift, built: Built) -> DriftedResource:
    change = built.changes.get(drift.logical_id)
    told = DriftedResource(
        logical_id=drift.logical_id,
        resource_type=drift.resource_type,
        name=drift.name,
        state=drift.state,
        why=drift.why,
    )
    if not drift.deviates:
        return told
    if drift.state is State.MISSING:
        fate = _of_missing(change)
        return replace(told, fate=fate, next_step=drift.next_step if fate in {Fate.FAILS, Fate.KEPT} else "")
    properties = tuple(_properties(subject, drift, built, change))
    # CloudFormation may call something modified without saying in what.
    fate = worst([each.fate for each in properties]) or (Fate.KEPT if change is None else Fate.UNCLEAR)
    next_step = drift.next_step if fate in {Fate.KEPT, Fate.UNCLEAR} else ""
    return replace(told, properties=properties, fate=fate, next_step=next_step)


def _edited(written: ResourceDrift, digest: str, built: Built) -> DriftedResource:
    """A template that was changed by hand; the plan's changes are counted from what it is now."""
    (difference,) = written.differences
    adopted = difference.observed == digest or not built.changes
    fate = Fate.ADOPTED if adopted else Fate.OVERWRITTEN
    return DriftedResource(
        logical_id="",
        resource_type=written.resource_type,
        name=written.name,
        state=written.state,
        fate=fate,
        properties=(_told(difference, digest, fate),),
    )


def _of_missing(change: Change | None) -> Fate:
    """What becomes of a resource that is gone."""
    if change is None:
        return Fate.KEPT
    match change.action:
        case Action.MODIFY:
            return Fate.FAILS
        case Action.DELETE:
            return Fate.ADOPTED
        case Action.ADD | Action.REPLACE:
            return Fate.OVERWRITTEN


def _properties(
    subject: Subject, drift: ResourceDrift, built: Built, change: Change | None
) -> Iterator[DriftedProperty]:
    wanted = built.expected.get(drift.logical_id)
    plan = _Wanted.of(subject, wanted, built) if wanted else None
    for difference in drift.differences:
        planned = plan.value(difference) if plan else None
        yield _told(difference, planned, _fate(difference, planned, wanted, change))


def _told(difference: Difference, planned: str | None, fate: Fate) -> DriftedProperty:
    """What the deployment leaves alone stays as it is now."""
    return DriftedProperty(
        path=difference.path,
        now=difference.observed,
        deployed=difference.expected,
        planned=difference.observed if fate is Fate.KEPT else planned,
        fate=fate,
    )


class _Wanted(Struct, frozen=True, kw_only=True):
    """What the built template asks of one resource.

    Attributes:
        ours: paths in which readers of ours found the drift; others are CloudFormation's own words.
        otherwise: path to the value that is asked for, wherever that is not what runs.
    """

    subject: Subject
    expected: Expected
    ours: frozenset[str]
    otherwise: Mapping[str, str | None]

    @classmethod
    def of(cls, subject: Subject, expected: Expected, built: Built) -> _Wanted:
        alone = replace(subject, detection=Detection())
        return cls(
            subject=subject,
            expected=expected,
            ours=frozenset(each.path for each in judge(alone).differences),
            otherwise=dict(_otherwise(replace(alone, expected=expected, every=built.expected))),
        )

    def value(self, difference: Difference) -> str | None:
        """The value as text; None where none is wanted."""
        path = difference.path
        top = path.split("/")[0]
        if top in self.expected.unresolved:
            return LATER
        deployed = self.subject.expected
        if path not in self.ours:
            same = deployed and deployed.properties.get(top) == self.expected.properties.get(top)
            return difference.expected if same else LATER
        if path in self.otherwise:
            return self.otherwise[path]
        above = next((each for each in self.otherwise if path.startswith(f"{each}/")), None)
        if above is not None:
            return self.otherwise[above]
        below = {each: value for each, value in self.otherwise.items() if each.startswith(f"{path}/")}
        if below:
            return ", ".join(f"{each.removeprefix(path)[1:]}: {value}" for each, value in sorted(below.items()))
        return difference.observed


def _otherwise(later: Subject) -> Iterator[tuple[str, str | None]]:
    """Where what runs is not what is wanted."""
    yield from ((each.path, each.expected) for each in judge(later).differences)
    observed, wanted = later.observed, later.expected
    if wanted is not None and isinstance(observed, ObservedEndpoint):
        # Its variants are compared with a configuration only while it serves that one: as if it did already.
        name = str(wanted.properties.get(CONFIG_NAME, observed.config_name))
        there = replace(observed, config_name=name, pending_config="", status=IN_SERVICE, failure_reason="")
        for each in judge(replace(later, observed=there)).differences:
            if each.path.startswith(f"{VARIANTS}/"):
                yield each.path, each.expected


def _fate(difference: Difference, planned: str | None, wanted: Expected | None, change: Change | None) -> Fate:
    if change is None:
        return Fate.KEPT
    if planned == difference.observed:
        return Fate.ADOPTED
    if wanted is None or change.action is not Action.MODIFY:
        return Fate.OVERWRITTEN
    top, _, rest = difference.path.partition("/")
    touched = {each.path.split("/")[0] for each in change.properties}
    putting_back = [each for each in change.properties if each.reverts and each.path.split("/")[0] == top]
    if putting_back:  # what only a replacement could set is tried, and cannot be
        return Fate.UNCLEAR if any(each.replaces for each in putting_back) else Fate.OVERWRITTEN
    if top in _BESIDE:
        return Fate.KEPT
    if top == "Tags":
        return _of_tag(difference, change)
    if wanted.resource.resource_type == ENDPOINT and CONFIG_NAME in touched:
        return Fate.KEPT if _retained(wanted, rest) else Fate.OVERWRITTEN
    # What was added beside what is written need not go because something else of it changes.
    return Fate.OVERWRITTEN if top in touched and difference.expected is not None else Fate.UNCLEAR


def _of_tag(difference: Difference, change: Change) -> Fate:
    """CloudFormation changes tags one by one, and knows nothing of those that it never set."""
    if difference.path in {each.path for each in change.properties}:
        return Fate.OVERWRITTEN
    return Fate.KEPT if difference.expected is None else Fate.UNCLEAR


def _retained(wanted: Expected, path: str) -> bool:
    """Does SageMaker keep instances, or a weight, over the update?

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateEndpoint.html
    """
    kind = path.rpartition("/")[2]
    if kind not in {"DesiredInstanceCount", "DesiredWeight"} or not wanted.properties.get("RetainAllVariantProperties"):
        return False
    but = wanted.properties.get("ExcludeRetainedVariantProperties")
    excluded = (each.get("VariantPropertyType") for each in (but if isinstance(but, list) else ()))
    return kind not in excluded
