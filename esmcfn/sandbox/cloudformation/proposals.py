"""A stack as it is beside what it shall be, and what early validation says of it."""

from __future__ import annotations

from collections.abc import Mapping

from esmcfn.sandbox.cloudformation.changes import Expected, Proposal, compute
from esmcfn.sandbox.cloudformation.early import findings
from esmcfn.sandbox.cloudformation.language import Place, Scope, parameter_values
from esmcfn.sandbox.cloudformation.model import Revision, Stack
from esmcfn.sandbox.cloudformation.registry import Registry
from esmcfn.sandbox.cloudformation.template import Template, parse
from esmcfn.sandbox.refusal import invalid

NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."
NO_UPDATES = "No updates are to be performed."
"""The same for a template with a Transform: CloudFormation tells after it has processed it."""


def proposed(
    service: Registry,
    stack: Stack,
    template: Template,
    revision: Revision,
    *,
    imports: Mapping[str, Mapping[str, str]] | None = None,
) -> Proposal:
    """Return what a revision would make of a stack."""
    return Proposal(
        stack=stack,
        template=template,
        revision=revision,
        place=Place(
            account=service.world.account,
            region=stack.region,
            stack_name=stack.name,
            stack_id=stack.id,
            notification_arns=tuple(revision.notification_arns),
        ),
        exports=lambda name: service.export(stack.region, name),
        imports=imports or {},
    )


def refuse_invalid(service: Registry, proposal: Proposal, *, skip: bool = False) -> None:
    """Refuse what early validation would fail a change set for.

    Raises:
        Refusal: ValidationError with the first finding, or with what changes its type.
    """
    refuse_new_types(proposal.stack, proposal.template)
    fatal = [found for found in findings(service, proposal, skip=skip) if found.mode == "FAIL"]
    if fatal:
        raise invalid(f"{fatal[0].name}: {fatal[0].path}: {fatal[0].reason}")


def refuse_new_types(stack: Stack, template: Template) -> None:
    """Refuse a template in which a resource that is there has another type.

    Raises:
        Refusal: ValidationError with the resources.
    """
    changed = sorted(
        logical_id
        for logical_id, live in stack.present.items()
        if logical_id in template.resources and template.resources[logical_id]["Type"] != live.resource_type
    )
    if changed:
        raise invalid(
            "Update of resource type is not permitted. The new template modifies resource type of the following "
            f"resources: [{', '.join(changed)}]"
        )


def changes_nothing(proposal: Proposal) -> bool:
    """Whether an update would have nothing to do: resources, outputs, tags and topics stay."""
    return not compute(proposal) and not something_else(proposal)


def something_else(proposal: Proposal) -> bool:
    """Whether outputs, tags or notification topics change: executable, with an empty list of changes.

    It is asked where no resource changes: what outputs say then differs by parameters and conditions only.
    """
    old, new = proposal.stack.revision, proposal.revision
    return (
        parse(old.body).section("Outputs") != proposal.template.section("Outputs")
        or _outputs(proposal, parse(old.body), old) != _outputs(proposal, proposal.template, new)
        or old.tags != new.tags
        or old.notification_arns != new.notification_arns
    )


def _outputs(proposal: Proposal, template: Template, revision: Revision) -> list[tuple[str, object, object]]:
    """Return what a revision's outputs say of the resources there are: name, value and export."""
    scope = Scope(
        template=template,
        place=proposal.place,
        parameters=parameter_values(template, revision.parameters),
        resources=Expected(proposal.stack.present),
        exports=proposal.exports,
    )
    return [
        (name, scope.resolve(output["Value"]), scope.resolve(output.get("Export", {})))
        for name, output in template.section("Outputs").items()
        if scope.included(output)
    ]
