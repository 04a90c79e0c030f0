"""A stack as it is beside what it shall be, and what early validation says of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from esmcfn.sandbox.cloudformation.changes import Proposal, compute
from esmcfn.sandbox.cloudformation.early import findings
from esmcfn.sandbox.cloudformation.language import Place
from esmcfn.sandbox.cloudformation.model import Revision, Stack
from esmcfn.sandbox.cloudformation.template import Template, parse
from esmcfn.sandbox.refusal import invalid

if TYPE_CHECKING:
    from esmcfn.sandbox.world import World


def proposed(
    world: World,
    stack: Stack,
    template: Template,
    revision: Revision,
    *,
    imports: Mapping[str, Mapping[str, str]] | None = None,
) -> Proposal:
    """Return what a revision would make of a stack."""
    service = world.cloudformation
    return Proposal(
        stack=stack,
        template=template,
        revision=revision,
        place=Place(
            account=world.account,
            region=stack.region,
            stack_name=stack.name,
            stack_id=stack.id,
            notification_arns=tuple(revision.notification_arns),
        ),
        exports=lambda name: service.export(stack.region, name),
        imports=imports or {},
    )


def refuse_invalid(world: World, proposal: Proposal, *, skip: bool = False) -> None:
    """Refuse what early validation would fail a change set for.

    Raises:
        Refusal: ValidationError with the first finding.
    """
    fatal = [found for found in findings(world, proposal, skip=skip) if found.mode == "FAIL"]
    if fatal:
        raise invalid(f"{fatal[0].name}: {fatal[0].path}: {fatal[0].reason}")


def changes_nothing(proposal: Proposal) -> bool:
    """Whether an update would have nothing to do: resources, outputs, tags and topics stay."""
    return not compute(proposal) and not something_else(proposal)


def something_else(proposal: Proposal) -> bool:
    """Whether outputs, tags or notification topics change: executable, with an empty list of changes."""
    old, new = proposal.stack.revision, proposal.revision
    return (
        parse(old.body).section("Outputs") != proposal.template.section("Outputs")
        or old.tags != new.tags
        or old.notification_arns != new.notification_arns
    )
