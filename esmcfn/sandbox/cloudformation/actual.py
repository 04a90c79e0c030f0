"""What the services say a resource is, beside what its stack expects of it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from esmcfn.sandbox.cloudformation import schema
from esmcfn.sandbox.cloudformation.changes import MASK, differences
from esmcfn.sandbox.cloudformation.machine import Machine
from esmcfn.sandbox.cloudformation.model import Resource
from esmcfn.sandbox.cloudformation.schema import TypeSchema
from esmcfn.sandbox.refusal import Refusal
from esmcfn.sandbox.resources import HANDLERS, tag_property
from esmcfn.sandbox.resources.base import HandlerError, Outcome, Request
from esmcfn.sandbox.state import Json
from esmcfn.sandbox.tags import tag_map


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One resource's drift: the difference type is ADD, REMOVE or NOT_EQUAL."""

    status: str
    expected: Json
    actual: Json
    differences: tuple[tuple[str, str, str, str], ...] = ()


def finding(machine: Machine, resource: Resource, kind: TypeSchema) -> Finding:
    """Compare one resource with the service's answer.

    Raises:
        Refusal: the service could not be read.
    """
    request = machine.request(resource, machine.world.clock.now())
    expected = expected_properties(kind, request)
    masked = {name for name, value in resource.properties.items() if resource.shown.get(name) != value}
    try:
        live = HANDLERS[resource.resource_type].read(request)
    except HandlerError as error:
        if error.code == "NotFound":
            return Finding(status="DELETED", expected=_veiled(expected, masked), actual={})
        raise Refusal(error.code, error.message) from error
    except Refusal as refusal:
        if HandlerError.of(refusal).code == "NotFound":
            return Finding(status="DELETED", expected=_veiled(expected, masked), actual={})
        raise
    actual = {name: _comparable(kind, name, live.get(name)) for name in expected if name in live}
    found = tuple(_named_differences(expected, actual))
    return Finding(
        status="MODIFIED" if found else "IN_SYNC",
        expected=_veiled(expected, masked),
        actual=_veiled(actual, masked),
        differences=tuple((path, *_told(path, was, now, masked), kind) for path, was, now, kind in found),
    )


def _told(path: str, expected: str, actual: str, masked: Collection[str]) -> tuple[str, str]:
    return (MASK, MASK) if path.split("/")[1] in masked else (expected, actual)


def _veiled(properties: dict[str, Json], masked: Collection[str]) -> dict[str, Json]:
    """Mask every property that has a value without echo in it, as a whole."""
    return {name: MASK if name in masked else value for name, value in properties.items()}


def revert(machine: Machine, old: Resource, new: Resource, at: float) -> Outcome:
    """Bring a drifted resource to its declared state: update it from what it is, or make it again."""
    handler = HANDLERS[new.resource_type]
    request = machine.request(new, at, previous=old)
    kind = schema.must_load(new.resource_type, machine.stack.region)
    if finding(machine, old, kind).status == "DELETED":
        # It comes anew, so that nothing of it is as it was before.
        return handler.create(replace(request, physical_id="", attributes={}, previous={}, previous_tags={}))
    actual = handler.read(machine.request(old, at))
    tags = tag_map(actual.get("Tags"))
    # What no template declares is nobody's to take away: others attach the policy, join the group.
    declared = {name: value for name, value in actual.items() if name in {*old.properties, *new.properties, "Tags"}}
    return handler.update(replace(request, previous=declared, previous_tags=tags))


def expected_properties(kind: TypeSchema, request: Request) -> dict[str, Json]:
    """Return declared properties in a comparable form, with the stack's tags and without write-only values."""
    found: dict[str, Json] = {}
    for name, value in request.properties.items():
        if not kind.is_write_only(name) and value not in ([], {}, None):
            found[name] = _comparable(kind, name, value)
    tags = request.merged_tags(request.properties.get(kind.tag_property, [])) if tag_property(kind) else []
    if tags:
        found[kind.tag_property] = _comparable(kind, kind.tag_property, tags)
    return found


def _comparable(kind: TypeSchema, name: str, value: Json) -> Json:
    """Bring a value into a form in which equal means the same: tags without AWS's own, JSON text parsed."""
    if name == kind.tag_property:
        tags = {key: item for key, item in tag_map(value).items() if not key.startswith("aws:")}
        return [{"Key": key, "Value": item} for key, item in sorted(tags.items())]
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            value = json.loads(value)
        except json.JSONDecodeError:
            return value
    shape = kind.properties.get(name, {})
    if isinstance(value, list) and shape.get("insertionOrder") is False:
        return sorted(value, key=lambda item: json.dumps(item, sort_keys=True))
    return value


def _named_differences(expected: Json, actual: Json) -> Iterator[tuple[str, str, str, str]]:
    for path, wanted, found in differences(expected, actual, ""):
        if wanted is None and path.count("/") == 0:
            continue
        kind = "ADD" if wanted is None else "REMOVE" if found is None else "NOT_EQUAL"
        yield f"/{path}", _text(wanted), _text(found), kind


def _text(value: Json) -> str:
    if value is None:
        return "null"
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
