"""What exists already and becomes a stack's: named by the caller, or found by its name.

ResourcesToImport says identifiers; with ImportExistingResources whatever the template adds under a name that is taken
is imported, as long as the template itself says the whole identifier.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-automatically.html
"""

from __future__ import annotations

from collections.abc import Mapping

from esmcfn.sandbox.cloudformation import schema
from esmcfn.sandbox.cloudformation.changes import Proposal, expected_scope
from esmcfn.sandbox.cloudformation.model import ChangeSet
from esmcfn.sandbox.cloudformation.registry import Registry
from esmcfn.sandbox.cloudformation.schema import UNKNOWN
from esmcfn.sandbox.refusal import Refusal, invalid
from esmcfn.sandbox.resources import HANDLERS
from esmcfn.sandbox.resources.base import HandlerError, Request
from esmcfn.sandbox.state import Json

KEPT = ("Retain", "RetainExceptOnCreate")
"""Deletion policies with which an import by name is allowed: what somebody else made is not deleted by accident."""


def check_imports(service: Registry, proposal: Proposal) -> None:
    """Refuse an import of something that cannot be imported.

    Raises:
        Refusal: ValidationError.
    """
    scope = expected_scope(proposal, _new(proposal))
    for logical_id, identifier in proposal.imports.items():
        declaration = proposal.template.resources.get(logical_id)
        if declaration is None:
            raise invalid(f"Resources [{logical_id}] is missing from the template")
        if logical_id in proposal.stack.resources:
            raise invalid(f"Resource [{logical_id}] already exists in stack [{proposal.stack.name}]")
        if "DeletionPolicy" not in declaration:
            raise invalid(f"Resources [{logical_id}] must have DeletionPolicy attribute specified in the template.")
        kind = schema.load(declaration["Type"], proposal.place.region)
        if kind is None or not kind.readable:
            raise invalid(f"ResourceTypes [{declaration['Type']}] are not supported for Import")
        wanted = ", ".join(kind.identifier)
        if set(identifier) != set(kind.identifier):
            raise invalid(f"{logical_id}: the identifier of {declaration['Type']} is [{wanted}], and all of it")
        try:
            properties = scope.resolve(declaration.get("Properties", {}))
            found = _found(service, proposal, logical_id, properties, identifier)
        except (Refusal, HandlerError) as error:
            raise invalid(f"{logical_id}: {error.message}") from error
        _refuse_owned(service, proposal, logical_id, found)


def existing(service: Registry, proposal: Proposal) -> dict[str, dict[str, str]]:
    """Return what the template adds and what exists already: logical id to identifier.

    Raises:
        Refusal: ValidationError: some of it would be deleted with its resource, or is another stack's.
    """
    scope = expected_scope(proposal, _new(proposal))
    found: dict[str, dict[str, str]] = {}
    for logical_id, declaration in proposal.template.resources.items():
        if logical_id in proposal.stack.present or not scope.included(declaration):
            continue
        properties = scope.resolve(declaration.get("Properties", {}))
        identifier = _said(declaration["Type"], proposal.place.region, properties)
        if not identifier:
            continue
        try:
            physical_id = _found(service, proposal, logical_id, properties, identifier)
        except (Refusal, HandlerError):
            continue  # it is not there, or cannot be imported: then its creation says so
        _refuse_owned(service, proposal, logical_id, physical_id)
        found[logical_id] = identifier
    lost = [name for name in found if proposal.template.resources[name].get("DeletionPolicy") not in KEPT]
    if lost:
        named = ", ".join(f"{name} ({{{_pairs(found[name])}}})" for name in lost)
        raise invalid(
            "CloudFormation is attempting to import some resources because they already exist in your account. The "
            "resources must have the DeletionPolicy attribute set to 'Retain' or 'RetainExceptOnCreate' in the "
            f"template for successful import. The affected resources are {named}"
        )
    return found


def only_imports(change_set: ChangeSet) -> None:
    """Refuse an IMPORT change set that changes anything else.

    Raises:
        Refusal: ValidationError.
    """
    other = [change.logical_id for change in change_set.changes if change.action != "Import"]
    if other:
        raise invalid(
            "As part of the import operation, you cannot modify or add [Outputs, Resources]: "
            f"{', '.join(sorted(other))}"
        )


def _new(proposal: Proposal) -> dict[str, str]:
    """Return the fate of what the stack does not have yet."""
    return {name: "add" for name in proposal.template.resources if name not in proposal.stack.present}


def _said(resource_type: str, region: str, properties: Mapping[str, Json]) -> dict[str, str]:
    """Return the identifier that properties say by themselves; empty where they leave a part of it to the service."""
    kind = schema.must_load(resource_type, region)
    values = {name: properties.get(name) for name in kind.identifier}
    whole = all(isinstance(value, str) and value and UNKNOWN not in value for value in values.values())
    return {name: str(value) for name, value in values.items()} if kind.readable and whole else {}


def _found(
    service: Registry,
    proposal: Proposal,
    logical_id: str,
    properties: Mapping[str, Json],
    identifier: Mapping[str, str],
) -> str:
    """Return the physical id of what an identifier names.

    Raises:
        Refusal, HandlerError: there is no such thing.
    """
    request = Request(
        world=service.world,
        stacks=service,
        region=proposal.place.region,
        stack_name=proposal.place.stack_name,
        stack_id=proposal.place.stack_id,
        logical_id=logical_id,
        properties=properties,
        at=service.world.clock.now(),
    )
    return HANDLERS[proposal.template.resources[logical_id]["Type"]].find(identifier, request).physical_id


def _refuse_owned(service: Registry, proposal: Proposal, logical_id: str, physical_id: str) -> None:
    kind = proposal.template.resources[logical_id]["Type"]
    for stack in service.live(proposal.place.region):
        held = stack.present.values()
        if any((item.resource_type, item.physical_id) == (kind, physical_id) for item in held):
            raise invalid(f"Resource [{logical_id}] already exists in stack [{stack.id}]")


def _pairs(identifier: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in identifier.items())
