"""What a new revision would do to a stack: the content of a change set.

A value that only execution can tell is `{{changeSet:KNOWN_AFTER_APPLY}}`. CloudFormation evaluates a reference to a
resource that may change as Dynamic, so a create-only property fed by one is "Conditional" and not "True".
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChangeDetail.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from esmcfn.sandbox.cloudformation import schema
from esmcfn.sandbox.cloudformation.language import Place, Scope, parameter_values
from esmcfn.sandbox.cloudformation.model import STACK_TYPE, Change, Detail, Parameter, Resource, Revision, Stack
from esmcfn.sandbox.cloudformation.schema import UNKNOWN, TypeSchema, is_open
from esmcfn.sandbox.cloudformation.template import Template, entities, parse
from esmcfn.sandbox.refusal import invalid
from esmcfn.sandbox.resources import HANDLERS, tag_property
from esmcfn.sandbox.state import Json

MASK = "****"

ATTRIBUTES = ("Metadata", "CreationPolicy", "UpdatePolicy", "DeletionPolicy", "UpdateReplacePolicy")


@dataclass(slots=True)
class Expected:
    """What is known about the resources before anything is executed.

    `fates` maps logical ids to add, replace, modify or same, filled in dependency order.
    """

    live: Mapping[str, Resource]
    fates: dict[str, str] = field(default_factory=dict)
    masked: bool = False

    def ref(self, logical_id: str) -> str:
        """The physical id, unless the resource is new or may be replaced."""
        if self.fates.get(logical_id, "same") in ("add", "replace"):
            return UNKNOWN
        return self.live[logical_id].physical_id

    def attribute(self, logical_id: str, name: str) -> str:
        """The attribute, unless the resource changes at all."""
        if self.fates.get(logical_id, "same") != "same":
            return UNKNOWN
        handler = HANDLERS[self.live[logical_id].resource_type]
        if self.masked and name in handler.secret_attributes:
            return MASK
        return attribute_of(self.live[logical_id], name)


def attribute_of(resource: Resource, name: str) -> str:
    """Return an attribute of a resource that exists.

    Raises:
        Refusal: a nested stack has no such output.
    """
    if resource.resource_type == STACK_TYPE and name not in resource.attributes:
        raise invalid(f"Output '{name.removeprefix('Outputs.')}' not found in stack '{resource.physical_id}'")
    return resource.attributes[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A stack as it is and as it shall be."""

    stack: Stack
    template: Template
    revision: Revision
    place: Place
    exports: Callable[[str], str]
    imports: Mapping[str, Mapping[str, str]]

    def order(self) -> list[str]:
        """Logical ids of the new template, each after what it depends on."""
        return creation_order(self.template)


def creation_order(template: Template) -> list[str]:
    """Return logical ids so that each comes after everything it refers to."""
    waiting = {name: set(template.references(name)) for name in template.resources}
    ordered: list[str] = []
    while waiting:
        free = [name for name, needs in waiting.items() if not needs & waiting.keys()]
        ordered += free
        for name in free:
            del waiting[name]
    return ordered


def compute(proposal: Proposal) -> list[Change]:
    """Return every change, in the order of the logical ids, as CloudFormation lists them."""
    stack = proposal.stack
    present = stack.present
    expected = Expected(present)
    scopes = [expected_scope(proposal, expected.fates, masked=hidden) for hidden in (False, True)]
    found: dict[str, Change] = {}
    for logical_id in proposal.order():
        declaration = proposal.template.resources[logical_id]
        if not scopes[0].included(declaration):
            continue
        live = present.get(logical_id)
        if logical_id in proposal.imports:
            expected.fates[logical_id] = "add"
            found[logical_id] = _added(proposal, logical_id, declaration, scopes[1], "Import")
        elif live is None:
            expected.fates[logical_id] = "add"
            found[logical_id] = _added(proposal, logical_id, declaration, scopes[1], "Add")
        else:
            change = _Comparison(proposal, declaration, live, scopes[0], scopes[1], expected).change()
            expected.fates[logical_id] = _fate(change)
            if change is not None:
                found[logical_id] = change
    kept = {name for name, item in proposal.template.resources.items() if scopes[0].included(item)}
    for logical_id, live in present.items():
        if logical_id not in kept:
            found[logical_id] = _removed(live)
    return [found[name] for name in sorted(found)]


def expected_scope(proposal: Proposal, fates: dict[str, str], *, masked: bool = False) -> Scope:
    """Return what values may refer to before execution."""
    return Scope(
        template=proposal.template,
        place=proposal.place,
        parameters=parameter_values(proposal.template, proposal.revision.parameters, masked=masked),
        resources=Expected(proposal.stack.present, fates, masked),
        exports=proposal.exports,
    )


def _fate(change: Change | None) -> str:
    if change is None:
        return "same"
    return "replace" if change.replacement in ("True", "Conditional") else "modify"


def _added(proposal: Proposal, logical_id: str, declaration: Json, shown: Scope, action: str) -> Change:
    identifier = proposal.imports.get(logical_id, {})
    return Change(
        action=action,
        logical_id=logical_id,
        resource_type=declaration["Type"],
        physical_id=next(iter(identifier.values()), ""),
        after_context=_context(
            declaration, masked(declaration["Type"], shown.resolve(declaration.get("Properties", {})))
        ),
    )


def _removed(live: Resource) -> Change:
    retained = live.deletion_policy in ("Retain", "RetainExceptOnCreate")
    return Change(
        action="Remove",
        logical_id=live.logical_id,
        resource_type=live.resource_type,
        physical_id=live.physical_id,
        policy_action="Retain" if retained else "Snapshot" if live.deletion_policy == "Snapshot" else "Delete",
        before_context=_context({}, live.shown),
    )


def masked(resource_type: str, properties: Json) -> Json:
    """Return properties with what the type calls secret replaced by ****."""
    secret = HANDLERS[resource_type].secret_properties
    return {name: MASK if name in secret else value for name, value in properties.items()}


def _context(declaration: Json, properties: Json) -> str:
    extra = {name: declaration[name] for name in ATTRIBUTES if name in declaration}
    return json.dumps({"Properties": properties, **extra}, separators=(",", ":"))


@dataclass(slots=True)
class _Comparison:
    """One resource, before and after."""

    proposal: Proposal
    declaration: Json
    live: Resource
    scope: Scope
    shown: Scope
    expected: Expected

    def change(self) -> Change | None:
        """Return the Modify change, or None where nothing changes."""
        kind = schema.must_load(self.live.resource_type, self.proposal.place.region)
        details = [*self._property_details(kind), *self._tag_details(kind), *self._attribute_details()]
        if not details and self.live.resource_type == STACK_TYPE:
            details = [Detail(attribute="Properties", evaluation="Dynamic", source="Automatic")]
        if not details:
            return None
        replacement = _replacement(details)
        scope = list(dict.fromkeys(detail.attribute for detail in details))
        retain = self.declaration.get("UpdateReplacePolicy", "Delete") == "Retain"
        replaced = "ReplaceAndRetain" if retain else "ReplaceAndDelete"
        after = coerced_or_same(kind, self.shown.resolve(self.declaration.get("Properties", {})))
        return Change(
            action="Modify",
            logical_id=self.live.logical_id,
            resource_type=self.live.resource_type,
            physical_id=self.live.physical_id,
            replacement=replacement,
            policy_action=replaced if replacement != "False" else "",
            scope=scope,
            details=details,
            before_context=_context(self._before(), self.live.shown),
            after_context=_context(self.declaration, masked(self.live.resource_type, after)),
        )

    def _before(self) -> Json:
        return parse(self.proposal.stack.revision.body).resources.get(self.live.logical_id, {})

    def _property_details(self, kind: TypeSchema) -> Iterator[Detail]:
        raw = self.declaration.get("Properties", {})
        after = coerced_or_same(kind, self.scope.resolve(raw))
        after_shown = masked(self.live.resource_type, coerced_or_same(kind, self.shown.resolve(raw)))
        secret = HANDLERS[self.live.resource_type].secret_properties
        for path, old, new in differences(self.live.properties, after, ""):
            name = path.split("/")[0]
            recreation = kind.recreation(path)
            before_text = MASK if name in secret else text_at(self.live.shown, path, old)
            after_text = MASK if name in secret else text_at(after_shown, path, new)
            base = Detail(
                attribute="Properties",
                name=name,
                recreation=recreation,
                path=f"/Properties/{path}",
                before=before_text,
                after=after_text,
                change_type="Add" if old is None else "Remove" if new is None else "Modify",
            )
            yield from self._causes(base, part_of(raw, path))

    def _causes(self, base: Detail, declared: Json) -> Iterator[Detail]:
        before = {parameter.key: parameter.value for parameter in self.proposal.stack.revision.parameters}
        now = {parameter.key: parameter.value for parameter in self.proposal.revision.parameters}
        dynamic = []
        for how, entity in dict.fromkeys(entities(declared)):
            owner = entity.partition(".")[0]
            if how == "Ref" and entity in now and now[entity] != before.get(entity):
                yield replace(base, source="ParameterReference", causing_entity=entity)
                dynamic.append(replace(base, evaluation="Dynamic"))
            elif self.expected.fates.get(owner, "same") == "same":
                continue
            elif how == "GetAtt":
                dynamic.append(replace(base, evaluation="Dynamic", source="ResourceAttribute", causing_entity=entity))
            elif self.expected.ref(owner) == UNKNOWN:
                dynamic.append(replace(base, evaluation="Dynamic", source="ResourceReference", causing_entity=entity))
        if self._same_declaration(base.path) and dynamic:
            yield from dict_unique(dynamic)
        elif dynamic:
            yield base
            yield from dict_unique(dynamic)
        else:
            yield base

    def _same_declaration(self, path: str) -> bool:
        inner = path.removeprefix("/Properties/")
        old = part_of(self._before().get("Properties", {}), inner)
        return bool(old == part_of(self.declaration.get("Properties", {}), inner))

    def _tag_details(self, kind: TypeSchema) -> Iterator[Detail]:
        if tag_property(kind) and self.live.tags != self.proposal.revision.tags:
            before = json.dumps(self.live.tags, sort_keys=True)
            after = json.dumps(self.proposal.revision.tags, sort_keys=True)
            yield Detail(attribute="Tags", path=f"/{kind.tag_property}", before=before, after=after)

    def _attribute_details(self) -> Iterator[Detail]:
        old = self._before()
        for name in ATTRIBUTES:
            if old.get(name) != self.declaration.get(name):
                yield Detail(
                    attribute=name,
                    path=f"/{name}",
                    before=_text(old.get(name)),
                    after=_text(self.declaration.get(name)),
                    change_type="Add" if name not in old else "Remove" if name not in self.declaration else "Modify",
                )


def dict_unique(details: list[Detail]) -> list[Detail]:
    """Return details without repetitions."""
    found: list[Detail] = []
    for detail in details:
        if detail not in found:
            found.append(detail)
    return found


def coerced_or_same(kind: TypeSchema, properties: Json) -> Json:
    """Return resolved properties in the schema's types."""
    return schema.coerced(kind, properties)


def _replacement(details: list[Detail]) -> str:
    certain = any(d.recreation == "Always" and d.evaluation == "Static" for d in details)
    possible = any(d.recreation in ("Always", "Conditionally") for d in details)
    return "True" if certain else "Conditional" if possible else "False"


def differences(old: Json, new: Json, path: str) -> Iterator[tuple[str, Json, Json]]:
    """Yield (path, before, after) for each differing leaf; None is absence."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in dict.fromkeys((*old, *new)):
            where = f"{path}/{name}" if path else str(name)
            yield from differences(old.get(name), new.get(name), where)
    elif isinstance(old, list) and isinstance(new, list) and path:
        for index in range(max(len(old), len(new))):
            left = old[index] if index < len(old) else None
            right = new[index] if index < len(new) else None
            yield from differences(left, right, f"{path}/{index}")
    elif old != new:
        yield path, old, new


def part_of(declared: Json, path: str) -> Json:
    """Walk a declaration along a resolved path; an intrinsic on the way stands for everything below it."""
    for part in path.split("/"):
        if is_open(declared):
            return declared
        if isinstance(declared, dict):
            declared = declared.get(part)
        elif isinstance(declared, list) and part.isdigit() and int(part) < len(declared):
            declared = declared[int(part)]
        else:
            return None
    return declared


def text_at(shown: Json, path: str, plain: Json) -> str | None:
    """Return the masked value at a path as text; None where there is none."""
    if plain is None:
        return None
    value = part_of(shown, path)
    return _text(plain if value is None else value)


def _text(value: Json) -> str | None:
    if value is None:
        return None
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def parameters_shown(parameters: list[Parameter]) -> list[dict[str, str]]:
    """Return parameters as Describe* shows them."""
    return [{"ParameterKey": item.key, "ParameterValue": MASK if item.no_echo else item.value} for item in parameters]
