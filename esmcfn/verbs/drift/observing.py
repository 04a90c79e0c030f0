"""One resource as its service tells it; what a permission hides is unread, never absent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from msgspec.structs import replace

from esmcfn import drift
from esmcfn.domain.drift import Reading, Unread
from esmcfn.domain.endpoint import ObservedEndpoint
from esmcfn.domain.stack import Target
from esmcfn.errors import AccessDenied, CloudError
from esmcfn.ports import Cloud

Answer = TypeVar("Answer")

REFUSALS = frozenset({"ValidationError"})
"""CloudError.code of a service that will not do it for this one stack or resource, and would for others."""


def told(ask: Callable[[], Answer]) -> Answer | Unread:
    """The answer; what AWS refuses to tell is unread, what it does not answer stops everything.

    Raises:
        CloudError: AWS did not answer, or refuses everything (credentials that expired).
    """
    try:
        return ask()
    except AccessDenied as error:
        return Unread(why=error.message)
    except CloudError as error:
        if error.transient or error.code not in REFUSALS:
            raise
        return Unread(why=error.message)


def observed(subject: drift.Subject, cloud: Cloud, target: Target) -> drift.Subject:
    """The subject, with what our reader of its type found.

    Raises:
        CloudError: AWS did not answer.
    """
    reader, wanted = drift.READERS.get(subject.resource.resource_type), subject.expected
    if reader is None or wanted is None or not reader.ours:
        return subject
    if subject.stack.busy:
        return replace(subject, observed=Unread(why="another operation is running"))
    wants = drift.wants_tags(subject.resource, subject.detection)
    seen = told(lambda: _read(subject, wanted.name, cloud, tags=wants))
    subject = replace(subject, observed=seen)
    if isinstance(seen, ObservedEndpoint):
        subject = _scaled(subject, seen, cloud)
    if seen is None or isinstance(seen, Unread) or not wants:
        return subject
    if isinstance(seen, Reading) and seen.tags is not None:
        return subject
    tags = told(lambda: cloud.observers.tags(_arn(subject, wanted.name, target)))
    if isinstance(tags, Unread):
        return replace(subject, unread_tags=tags.why)
    if isinstance(seen, Reading):
        return replace(subject, observed=replace(seen, tags=tags))
    return replace(subject, endpoint_tags=tags)


def together(subjects: Iterable[drift.Subject]) -> Mapping[str, tuple[str, ...]]:
    """Type to the names of what will be asked about, variants of endpoints among them."""
    found: dict[str, list[str]] = {}
    for subject in subjects:
        if subject.expected is None:
            continue
        found.setdefault(subject.resource.resource_type, []).append(subject.expected.name)
        if subject.resource.resource_type == drift.ENDPOINT:
            found.setdefault(drift.SCALABLE_TARGET, []).extend(drift.variants_of(subject))
    return {kind: tuple(names) for kind, names in found.items()}


def _scaled(subject: drift.Subject, seen: ObservedEndpoint, cloud: Cloud) -> drift.Subject:
    """With the licences to scale that its variants have."""
    names = tuple(variant.name for variant in seen.variants)
    scaled = told(lambda: cloud.observers.scaled(seen.name, names))
    if isinstance(scaled, Unread):
        return replace(subject, unread_scaling=scaled.why)
    return replace(subject, scaled=scaled)


def _read(subject: drift.Subject, name: str, cloud: Cloud, *, tags: bool) -> Reading | ObservedEndpoint | None:
    kind = subject.resource.resource_type
    if kind == drift.ENDPOINT:
        return cloud.endpoints.observe(name)
    return cloud.observers.read(kind, name, of=_owner(subject), tags=tags)


def _owner(subject: drift.Subject) -> str:
    """What a resource belongs to, where its service knows it by that: a key's user, a policy's topic, an ARN."""
    if subject.resource.resource_type in {drift.TOPIC, drift.SECRET}:
        return subject.resource.physical_id
    if subject.resource.resource_type == drift.BUDGET:
        return subject.account
    properties = subject.expected.properties if subject.expected else {}
    topics = properties.get("Topics")
    return str(topics[0] if isinstance(topics, list) and topics else properties.get("UserName", ""))


def _arn(subject: drift.Subject, name: str, target: Target) -> str:
    """CloudFormation's id where that is an ARN; SageMaker writes names in lower case in its own."""
    if subject.resource.physical_id.startswith("arn:"):
        return subject.resource.physical_id
    kind = {"EndpointConfig": "endpoint-config"}.get(word := subject.resource.resource_type.rsplit(":", 1)[1], word)
    return f"arn:{target.partition}:sagemaker:{target.region}:{target.account}:{kind.lower()}/{name.lower()}"
