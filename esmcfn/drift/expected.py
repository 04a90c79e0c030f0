"""What a deployed template says that exists: its references resolved, as far as they can be."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from esmcfn.domain.drift import StackResource
from esmcfn.domain.stack import Target
from esmcfn.drift.readers import ACCESS_KEY, POLICY, READERS, SCALABLE_TARGET, SCALING_POLICY, SUBSCRIPTION, TOPIC, USER

_REFERENCE = re.compile(r"\$\{([A-Za-z0-9:]+)\}")


class Unresolvable(Exception):
    """A value that only CloudFormation can work out."""


class Expected(Struct, frozen=True, kw_only=True):
    """One resource as it was deployed.

    Attributes:
        name: what the service knows it by.
        properties: by name, resolved; without those that only CloudFormation can work out.
        unresolved: names of those.
        tags: that the template gives it; None where they could not be worked out.
    """

    resource: StackResource
    name: str
    properties: Mapping[str, object]
    unresolved: tuple[str, ...] = ()
    tags: Mapping[str, str] | None = None


def expected(
    body: Mapping[str, object] | None, resources: Sequence[StackResource], target: Target
) -> Mapping[str, Expected]:
    """By logical id, every resource that both the template and CloudFormation's list of resources have."""
    written = (body or {}).get("Resources")
    written = written if isinstance(written, Mapping) else {}
    resolver = _Resolver(target, {resource.logical_id: resource.physical_id for resource in resources})
    found = {
        resource.logical_id: _one(resource, written[resource.logical_id], resolver)
        for resource in resources
        if isinstance(written.get(resource.logical_id), Mapping)
    }
    return {name: _with_company(each, found) for name, each in found.items()}


def _one(resource: StackResource, written: Mapping[str, object], resolver: _Resolver) -> Expected:
    properties = written.get("Properties")
    resolved: dict[str, object] = {}
    unresolved = []
    for name, value in (properties if isinstance(properties, Mapping) else {}).items():
        try:
            resolved[name] = resolver.value(value)
        except Unresolvable:
            unresolved.append(name)
    tags = None if {"Tags", "ResourceTags"} & set(unresolved) else _tags(_written_tags(resolved))
    reader = READERS.get(resource.resource_type)
    named = resolved.get(reader.name_property) if reader and reader.name_property else None
    return Expected(
        resource=resource,
        name=named if isinstance(named, str) else _tail(resource.physical_id, reader is not None and reader.tagged),
        properties=resolved,
        unresolved=tuple(unresolved),
        tags=tags,
    )


def _with_company(one: Expected, every: Mapping[str, Expected]) -> Expected:
    """What other resources of the stack give it: keys of a user, those whom a policy is attached to."""
    kind, own = one.resource.resource_type, one.resource.physical_id
    more: dict[str, object] = {}
    if kind == USER:
        keys = (each for each in every.values() if each.resource.resource_type == ACCESS_KEY)
        more["AccessKeys"] = [key.resource.physical_id for key in keys if key.properties.get("UserName") == own]
    if kind == POLICY:
        more["AttachedTo"] = sorted(_holders(own, every))
    if kind == TOPIC:
        heard = (each.properties for each in every.values() if each.resource.resource_type == SUBSCRIPTION)
        more["Subscriptions"] = [dict(each) for each in heard if each.get("TopicArn") == own]
    if kind == SCALABLE_TARGET:
        policies = (each.properties for each in every.values() if each.resource.resource_type == SCALING_POLICY)
        more["ScalingPolicies"] = [str(each["PolicyName"]) for each in policies if _scales(each, one)]
    if not more:
        return one
    return Expected(
        resource=one.resource,
        name=one.name,
        properties={**one.properties, **more},
        unresolved=one.unresolved,
        tags=one.tags,
    )


def _scales(policy: Mapping[str, object], target: Expected) -> bool:
    """Does a policy stand on this target, named by its parts or by its id?"""
    of_parts = policy.get("ResourceId") == target.properties.get("ResourceId")
    return "PolicyName" in policy and (of_parts or policy.get("ScalingTargetId") == target.resource.physical_id)


def _holders(arn: str, every: Mapping[str, Expected]) -> Iterator[str]:
    for each in every.values():
        attached = each.properties.get("ManagedPolicyArns")
        if isinstance(attached, list) and arn in attached:
            yield f"{each.resource.resource_type.rsplit('::', 1)[1].lower()}/{each.resource.physical_id}"
    for kind in ("Users", "Roles", "Groups"):
        named = next((each.properties.get(kind) for each in every.values() if each.resource.physical_id == arn), None)
        yield from (f"{kind[:-1].lower()}/{name}" for name in (named if isinstance(named, list) else ()))


def _written_tags(resolved: dict[str, object]) -> object:
    """Taken out of the properties: budgets call them otherwise than everything else."""
    return [*_list(resolved.pop("Tags", [])), *_list(resolved.pop("ResourceTags", []))]


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _tags(value: object) -> Mapping[str, str]:
    pairs = value if isinstance(value, list) else []
    return {str(pair["Key"]): str(pair["Value"]) for pair in pairs if isinstance(pair, Mapping) and "Key" in pair}


def _tail(physical_id: str, shortened: bool) -> str:
    """The name at an ARN's end; anything else is what the service knows it by."""
    return physical_id.rpartition("/")[2] if shortened and physical_id.startswith("arn:") else physical_id


class _Resolver:
    """Fills in what a template refers to."""

    def __init__(self, target: Target, ids: Mapping[str, str]) -> None:
        self._known = {
            "AWS::Partition": target.partition,
            "AWS::Region": target.region,
            "AWS::AccountId": target.account,
            "AWS::URLSuffix": target.url_suffix,
            **ids,
        }

    def value(self, value: object) -> object:
        """The value, resolved.

        Raises:
            Unresolvable: only CloudFormation can work it out.
        """
        match value:
            case {"Ref": str(name), **rest} if not rest:
                return self._name(name)
            case {"Fn::Sub": str(text), **rest} if not rest:
                return _REFERENCE.sub(lambda found: self._name(found[1]), self._plain(text))
            case {**rest} if any(key == "Ref" or str(key).startswith("Fn::") for key in rest):
                raise Unresolvable(json.dumps(value, default=str))
            case {**rest}:
                return {key: self.value(inner) for key, inner in rest.items()}
            case [*items]:
                return [self.value(item) for item in items]
        return value

    def _name(self, name: str) -> str:
        if name not in self._known:
            raise Unresolvable(name)
        return self._known[name]

    @staticmethod
    def _plain(text: str) -> str:
        """A text in which every ${...} is a plain name: attributes and literals are for CloudFormation."""
        if "${" in _REFERENCE.sub("", text):
            raise Unresolvable(text)
        return text
