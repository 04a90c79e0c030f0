"""Outputs, exports and imports between stacks of a region."""

from __future__ import annotations

from collections.abc import Iterator

from esmcfn.sandbox.cloudformation.language import NO_VALUE, Scope, as_text
from esmcfn.sandbox.cloudformation.model import Stack
from esmcfn.sandbox.cloudformation.registry import Registry
from esmcfn.sandbox.cloudformation.sections import NOT_TEXT
from esmcfn.sandbox.cloudformation.template import Template, parse
from esmcfn.sandbox.refusal import invalid
from esmcfn.sandbox.state import Json


def resolve_outputs(service: Registry, stack: Stack, scope: Scope, template: Template) -> list[dict[str, str]]:
    """Return a stack's outputs.

    Raises:
        Refusal: an export's name is taken, or one that is in use would go.
    """
    found = []
    for key, declared in template.section("Outputs").items():
        if not scope.included(declared):
            continue
        value = scope.resolve(declared["Value"])
        if isinstance(value, (list, dict)) or value is NO_VALUE:
            raise invalid(NOT_TEXT)
        output = {"OutputKey": key, "OutputValue": as_text(value)}
        if declared.get("Description"):
            output["Description"] = str(declared["Description"])
        if "Export" in declared:
            output["ExportName"] = as_text(scope.resolve(declared["Export"]["Name"]))
        found.append(output)
    exported = [output["ExportName"] for output in found if "ExportName" in output]
    if len(set(exported)) != len(exported):
        raise invalid(f"Template format error: two Outputs export {max(exported, key=exported.count)}")
    names = {output["ExportName"]: output["OutputValue"] for output in found if "ExportName" in output}
    for name in names:
        owner = service.exporter(stack.region, name)
        if owner is not None and owner.id != stack.id:
            raise invalid(
                f"Export with name {name} is already exported by stack {owner.name}. Rename it and try again."
            )
    before = {output["ExportName"]: output["OutputValue"] for output in stack.outputs if "ExportName" in output}
    kept = {name for name, value in before.items() if names.get(name) == value}
    blocked = export_in_use(service, stack, keep=kept)
    if blocked:
        raise invalid(blocked)
    return found


def export_in_use(service: Registry, stack: Stack, *, keep: set[str]) -> str:
    """Return CloudFormation's refusal to lose or change an export that another stack imports."""
    for output in stack.outputs:
        name = output.get("ExportName")
        if name is None or name in keep:
            continue
        users = [other.name for other in importers(service, stack.region, name)]
        if users:
            return f"Cannot delete export {name} as it is in use by {', '.join(users)}."
    return ""


def importers(service: Registry, region: str, name: str) -> list[Stack]:
    """Return the stacks that import an export."""
    found = []
    for stack in service.live(region):
        if stack.resources and name in set(imported(parse(stack.revision.body).document)):
            found.append(stack)
    return found


def imported(value: Json) -> Iterator[str]:
    """Yield the names in Fn::ImportValue that are plain text."""
    if isinstance(value, list):
        for item in value:
            yield from imported(item)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key == "Fn::ImportValue" and isinstance(inner, str):
                yield inner
            else:
                yield from imported(inner)
