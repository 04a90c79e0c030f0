"""One resource, and what everybody found out about it -> in sync, drifted, missing or not checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from esmcfn.domain.deployed import DeployedStack
from esmcfn.domain.drift import (
    STACK_TYPE,
    Detection,
    Difference,
    NativeDrift,
    Reading,
    ResourceDrift,
    Side,
    StackResource,
    State,
    Unread,
)
from esmcfn.domain.endpoint import ObservedEndpoint
from esmcfn.drift import advice, hosting
from esmcfn.drift.compare import Pair, differences, tag_differences
from esmcfn.drift.expected import Expected
from esmcfn.drift.hosting import Band
from esmcfn.drift.masking import shown
from esmcfn.drift.readers import ENDPOINT, READERS, Reader

Observed = Reading | ObservedEndpoint | Unread | None
"""What a reader of ours found: None where the service says that there is none."""

SETTLED = {"IN_SYNC", "MODIFIED", "DELETED"}
"""StackResourceDriftStatus of what CloudFormation did compare.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackResourceDrift.html
"""

_UNSETTLED: Mapping[str, str] = {
    "": "CloudFormation did not check it",
    "NOT_CHECKED": "CloudFormation did not check it",
    "UNKNOWN": "CloudFormation could not read it, mostly for lack of a permission",
    "UNSUPPORTED": "CloudFormation cannot read this type",
}


class Subject(Struct, frozen=True, kw_only=True):
    """One resource, and everything that was found out about it.

    Attributes:
        stack: the deployed stack that it is in.
        expected: as its template has it; None where the template does not say.
        every: what the template says of all resources of the stack.
        observed: what our reader found; of no meaning for a type without one.
        endpoint_tags: tags of an endpoint, which a description of it does not have; None where nobody asked.
        unread_tags: why its tags could not be read, empty where they were, or nobody asked.
        scaled: of an endpoint, variant to the band of its scalable target, whoever made that.
        unread_scaling: why nobody could ask for those, empty where somebody did, or nobody had to.
        again: the command that has CloudFormation put it back; empty for the usual one.
    """

    environment: str
    account: str
    stack: DeployedStack
    resource: StackResource
    expected: Expected | None
    every: Mapping[str, Expected]
    detection: Detection
    observed: Observed = None
    endpoint_tags: Mapping[str, str] | None = None
    unread_tags: str = ""
    scaled: Mapping[str, Band] = {}
    unread_scaling: str = ""
    again: str = ""

    @property
    def reverting(self) -> str:
        """The command that has CloudFormation put it back."""
        return self.again or advice.reverting(self.environment, self.stack.model)

    @property
    def native(self) -> NativeDrift:
        """What CloudFormation says of it."""
        found = self.detection.drifts.get(self.resource.logical_id, NativeDrift(status=""))
        return hosting.by_schedule(self.expected, found)


def wants_tags(resource: StackResource, detection: Detection) -> bool:
    """Must we read its tags? CloudFormation compares them with everything else where it compares at all."""
    reader, native = READERS.get(resource.resource_type), detection.drifts.get(resource.logical_id)
    return bool(reader and reader.tagged) and (native is None or native.status != "IN_SYNC")


def variants_of(subject: Subject) -> tuple[str, ...]:
    """Variants of an endpoint, as a scalable target of each would be named."""
    return hosting.variants_of(subject.expected.name, subject.every.values()) if subject.expected else ()


def judge(subject: Subject, *, readers: Mapping[str, Reader] = READERS) -> ResourceDrift:
    """What both sides together say of one resource."""
    reader, native = readers.get(subject.resource.resource_type), subject.native
    ours = reader if reader and reader.ours and subject.expected else None
    read = ours is not None and not isinstance(subject.observed, Unread)
    settled = native.status in SETTLED
    sides = (*((Side.CLOUDFORMATION,) if settled else ()), *((Side.ESMCFN,) if read else ()))
    if (read and subject.observed is None) or (native.status == "DELETED" and not read):
        step = advice.missing(
            subject.resource.resource_type,
            environment=subject.environment,
            model=subject.stack.model,
            reverting=subject.reverting,
            hosted=any(each.resource.resource_type == ENDPOINT for each in subject.every.values()),
        )
        return _answer(subject, State.MISSING, sides=sides, next_step=step)
    if native.status == "DELETED":
        return _answer(
            subject, State.NOT_CHECKED, why="CloudFormation says that it is gone, and the service that it is there"
        )
    pairs = tuple(_ours(subject, ours))
    found = tuple(_masked(subject, [*pairs, *_theirs(native, pairs)]))
    why = _why(subject, reader, settled=settled, read=read)
    if found or native.status == "MODIFIED":
        step = _mended(subject, found)
        return _answer(subject, State.DRIFTED, differences=found, sides=sides, why=why, next_step=step)
    if why and reader and reader.exempt and not settled:
        return _answer(subject, State.NOT_CHECKED, why=reader.exempt, exempt=True)
    return _answer(subject, State.NOT_CHECKED if why else State.IN_SYNC, sides=sides, why=why)


def _mended(subject: Subject, found: Sequence[Difference]) -> str:
    if subject.expected is None:
        return "set it back by hand"
    return advice.mended(subject.expected, found, subject.reverting)


def judge_template(stack: DeployedStack, digest: str | None, *, planning: str) -> ResourceDrift | None:
    """Whether a stack's template is the one that its Description vouches for; None where it is.

    Args:
        planning: the command that shows what would be put back.
        digest: of the template that CloudFormation has; None where it is none of ours (not JSON).
    """
    if digest is not None and digest == stack.digest:
        return None
    observed = digest or "a template that is not JSON"
    return ResourceDrift(
        stack=stack.name,
        model=stack.model,
        logical_id="",
        resource_type=STACK_TYPE,
        name=stack.name,
        state=State.DRIFTED,
        differences=(Difference(path="Template", expected=stack.digest or None, observed=observed),),
        checked_by=(Side.ESMCFN,),
        next_step=(
            "somebody updated the stack with another template than esmcfn built: "
            f"{planning} shows what would be put back"
        ),
    )


def stack_notes(
    deployed: DeployedStack | None, *, environment: str, wanted_digest: str | None, failure: str
) -> Iterator[str]:
    """What is no drift of a stack, and a reader should know.

    Args:
        wanted_digest: of the built template; None where the stack is selected no more.
        failure: why CloudFormation did not check all of it.
    """
    if deployed is None:
        yield f"not deployed: esmcfn deploy {environment}"
        return
    if wanted_digest is None:
        yield f"selected no more: esmcfn deploy {environment} deletes it"
    elif deployed.digest != wanted_digest:
        yield f"not deployed yet: the files ask for something else than is deployed; esmcfn plan {environment} shows it"
    if failure:
        yield f"CloudFormation did not check everything: {failure}"


def _answer(
    subject: Subject,
    state: State,
    *,
    differences: tuple[Difference, ...] = (),
    sides: tuple[Side, ...] = (),
    why: str = "",
    next_step: str = "",
    exempt: bool = False,
) -> ResourceDrift:
    resource = subject.resource
    return ResourceDrift(
        stack=subject.stack.name,
        model=subject.stack.model,
        logical_id=resource.logical_id,
        resource_type=resource.resource_type,
        name=subject.expected.name if subject.expected else resource.physical_id,
        state=state,
        differences=differences,
        checked_by=sides,
        why=why,
        next_step=next_step,
        exempt=exempt,
    )


def _ours(subject: Subject, reader: Reader | None) -> Iterator[Pair]:
    """What our own reader found; nothing where there is none, or it could not read."""
    wanted, observed = subject.expected, subject.observed
    if reader is None or wanted is None or not isinstance(observed, Reading | ObservedEndpoint):
        return
    if isinstance(observed, ObservedEndpoint):
        yield from hosting.differences(wanted, observed, subject.every.values())
        yield from hosting.licences(observed, subject.scaled, subject.every.values())
        observed = hosting.reading(observed, subject.endpoint_tags)
    yield from differences(wanted, hosting.unscheduled(wanted, observed.properties), reader)
    if observed.tags is not None and wanted.tags is not None:
        yield from tag_differences(wanted.tags, observed.tags)


def _theirs(native: NativeDrift, ours: Sequence[Pair]) -> Iterator[Pair]:
    """What CloudFormation found besides; where both speak of a property, ours names its parts."""
    known = {path.split("/")[0] for path, _, _ in ours}
    known |= {"ResourceTags"} if "Tags" in known else set()
    for found in native.differences:
        if found.path.split("/")[0] not in known:
            yield found.path, found.expected, found.observed


def _masked(subject: Subject, pairs: Sequence[Pair]) -> Iterator[Difference]:
    salt = f"{subject.account}/{subject.stack.name}/{subject.resource.logical_id}"
    for path, wanted, found in pairs:
        yield Difference(path=path, expected=shown(path, wanted, salt=salt), observed=shown(path, found, salt=salt))


def _why(subject: Subject, reader: Reader | None, *, settled: bool, read: bool) -> str:
    """Why nobody could compare all of it; empty where somebody did."""
    whys = []
    if isinstance(subject.observed, Unread) and reader and reader.ours:
        whys.append(subject.observed.why)
    if isinstance(subject.observed, ObservedEndpoint):
        whys.append(hosting.changing(subject.observed))
    whys += [subject.unread_tags, subject.unread_scaling]
    alone = _theirs_alone(subject.expected, reader, read=read)
    if alone and not settled:
        words = _UNSETTLED.get(subject.native.status, f"CloudFormation says {subject.native.status}")
        reason = subject.native.reason or subject.detection.failure
        only = "" if alone == {"*"} else f", and nobody else compares {', '.join(sorted(alone))}"
        whys.append(f"{words}{f' ({reason})' if reason else ''}{only}")
    return "; ".join(filter(None, dict.fromkeys(whys)))


def _theirs_alone(wanted: Expected | None, reader: Reader | None, *, read: bool) -> set[str]:
    """Properties that CloudFormation alone compares; "*" for the whole."""
    if wanted is None or reader is None or not reader.ours or not read:
        return {"*"}
    written = {*wanted.properties, *wanted.unresolved} - {"Tags", "ResourceTags", *reader.not_compared}
    return {name for name in written if name not in reader.read or name in wanted.unresolved}
