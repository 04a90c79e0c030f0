"""Built template against deployed template: every difference, before and after, with its line of YAML."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from itertools import zip_longest

from msgspec.structs import replace

from esmcfn.domain.origin import Origin
from esmcfn.domain.plan import Action, Change, Impact, PropertyChange
from esmcfn.domain.template import Template
from esmcfn.reference.create_only import requires_replacement

NAME_PROPERTIES: Mapping[str, str] = {
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::User": "UserName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SageMaker::Endpoint": "EndpointName",
    "AWS::SageMaker::EndpointConfig": "EndpointConfigName",
    "AWS::SageMaker::Model": "ModelName",
}
"""Resource type to the property that holds its physical name, where esmcfn gives one."""

Body = Mapping[str, object]
Place = Callable[[str], Origin | None]

TOLD: Mapping[str, str] = {"AWS::SNS::Subscription": "Endpoint"}
"""Resource type to the property that a reviewer has to see even where the whole resource comes or goes."""

_ABSENT = object()


def compare(template: Template, deployed: Body | None) -> tuple[Change, ...]:
    """Every resource that differs, by logical id; all of them are added where nothing is deployed."""
    before, after = resources(deployed or {}), resources(template.body)
    changes = (
        _difference(logical_id, before.get(logical_id), after.get(logical_id), template.origin)
        for logical_id in sorted({*before, *after})
    )
    return tuple(change for change in changes if change)


def removal(deployed: Body) -> tuple[Change, ...]:
    """Every resource of a stack that goes."""
    return tuple(
        _whole(Action.DELETE, logical_id, resource, lambda path: None)
        for logical_id, resource in sorted(resources(deployed).items())
    )


def resources(body: Body) -> Mapping[str, Body]:
    """The resources of a template; what is not one (a template changed by hand) is left out."""
    found = body.get("Resources")
    entries = found.items() if isinstance(found, Mapping) else ()
    return {str(key): value for key, value in entries if isinstance(value, Mapping) and "Type" in value}


def settings(template: Template, deployed: Body) -> tuple[str, ...]:
    """What differs outside of resources, as sentences: it changes no resource, so no change names it."""
    found = []
    for section in sorted({*template.body, *deployed} - {"Resources", "Description"}):
        after, before = template.body.get(section), deployed.get(section)
        if after != before:
            keys = _differing(before, after)
            found.append(f"the stack's {section} change" + (f": {', '.join(keys)}" if keys else ""))
    for logical_id, after in resources(template.body).items():
        before = resources(deployed).get(logical_id, after)
        differing = [
            key for key in sorted({*before, *after} - {"Properties", "Type"}) if before.get(key) != after.get(key)
        ]
        if differing and before.get("Properties") == after.get("Properties"):
            found.append(f"{logical_id}: {', '.join(differing)} change; nothing happens to the resource itself")
    return tuple(found)


def _differing(before: object, after: object) -> list[str]:
    """The keys in which two mappings differ; none where they are no mappings."""
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return []
    return sorted(str(key) for key in {*before, *after} if before.get(key) != after.get(key))


def as_text(value: object) -> str:
    """A property's value as a person reads it: strings bare, the rest as JSON on one line."""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _difference(logical_id: str, before: Body | None, after: Body | None, place: Place) -> Change | None:
    if before is None or after is None:
        action = Action.ADD if before is None else Action.DELETE
        return _whole(action, logical_id, after or before or {}, place)
    if before.get("Type") != after.get("Type"):
        return _change(Action.REPLACE, logical_id, before, (_retyped(before, after),))
    properties = tuple(_properties(logical_id, before, after, place))
    if not properties:
        return None
    # A table that cannot tell says None; the plan must not promise that the resource stays.
    action = Action.REPLACE if any(change.replaces for change in properties) else Action.MODIFY
    return _change(action, logical_id, before, properties)


def _whole(action: Action, logical_id: str, resource: Body, place: Place) -> Change:
    """A resource that comes or goes; deleted from a stack is not deleted from the world where its policy says so."""
    made = _change(action, logical_id, resource)
    gone = action is Action.DELETE
    told, written = TOLD.get(made.resource_type, ""), resource.get("Properties")
    value = written.get(told) if isinstance(written, Mapping) else None
    if value is not None:
        text = as_text(value)
        origin = None if gone else place(f"{logical_id}/{told}")
        shown = PropertyChange(path=told, before=text if gone else None, after=None if gone else text, origin=origin)
        made = replace(made, properties=(shown,))
    return replace(made, retained=gone and resource.get("DeletionPolicy") == "Retain")


def _change(action: Action, logical_id: str, resource: Body, properties: tuple[PropertyChange, ...] = ()) -> Change:
    name = name_of(resource)
    return Change(
        action=action,
        logical_id=logical_id,
        resource_type=str(resource["Type"]),
        name=name,
        physical_id=None if action is Action.ADD else name,
        impact=Impact.UNKNOWN,
        properties=properties,
    )


def name_of(resource: Body) -> str | None:
    """The physical name that esmcfn gives a resource, None where CloudFormation names it."""
    properties = resource.get("Properties")
    key = NAME_PROPERTIES.get(str(resource["Type"]), "")
    name = properties.get(key) if isinstance(properties, Mapping) else None
    return name if isinstance(name, str) else None


def _retyped(before: Body, after: Body) -> PropertyChange:
    return PropertyChange(path="Type", before=str(before["Type"]), after=str(after["Type"]), replaces=True)


def _properties(logical_id: str, before: Body, after: Body, place: Place) -> Iterator[PropertyChange]:
    kind = str(after["Type"])
    for path, old, new in _leaves("", before.get("Properties", {}), after.get("Properties", {})):
        yield PropertyChange(
            path=path,
            before=None if old is _ABSENT else as_text(old),
            after=None if new is _ABSENT else as_text(new),
            origin=place(f"{logical_id}/{path}"),
            replaces=requires_replacement(kind, path) is True,
        )


def _leaves(path: str, before: object, after: object) -> Iterator[tuple[str, object, object]]:
    """Where two values differ, as deep as both have the same shape."""
    if (_is_intrinsic(before) or _is_intrinsic(after)) and before != after:
        yield path, before, after
    elif isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted({*before, *after}):
            yield from _leaves(_join(path, key), before.get(key, _ABSENT), after.get(key, _ABSENT))
    elif _are_tags(before) and _are_tags(after):
        yield from _leaves(path, _by_key(before), _by_key(after))
    elif isinstance(before, list) and isinstance(after, list):
        for number, (old, new) in enumerate(zip_longest(before, after, fillvalue=_ABSENT)):
            yield from _leaves(_join(path, str(number)), old, new)
    elif before != after or type(before) is not type(after):  # to Python, True and 1 are equal
        yield path, before, after


def _is_intrinsic(value: object) -> bool:
    return isinstance(value, Mapping) and any(key == "Ref" or str(key).startswith("Fn::") for key in value)


def _are_tags(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(item, Mapping) and set(item) == {"Key", "Value"} for item in value
    )


def _by_key(tags: object) -> Mapping[str, object]:
    return {str(tag["Key"]): tag["Value"] for tag in tags} if isinstance(tags, list) else {}


def _join(path: str, key: str) -> str:
    return f"{path}/{key}" if path else str(key)
