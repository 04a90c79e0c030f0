"""The whole plan: stacks, findings, money and verdict, bound to digests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec.structs import replace

from esmcfn import documents, naming
from esmcfn.domain.changeset import ChangeSet
from esmcfn.domain.cost import Cost
from esmcfn.domain.deployed import DeployedStack
from esmcfn.domain.finding import Finding
from esmcfn.domain.plan import LIFETIME, Change, EndpointOutput, Headroom, Plan, StackAction, StackPlan
from esmcfn.domain.stack import ModelStack, Selection
from esmcfn.domain.template import Template
from esmcfn.domain.waiver import Waiver
from esmcfn.plan.budget import verdict
from esmcfn.plan.compare import compare, name_of, resources, settings
from esmcfn.plan.impact import assessed, shared
from esmcfn.plan.reconcile import reconcile, unseen

PROTECTED = "termination protection is on: CloudFormation refuses to delete it until that is lifted"


OTHERS = (
    "somebody else's change set stands on this stack ({}): deploy refuses to delete it unless told --discard-others"
)


def unchanged(template: Template, deployed: DeployedStack) -> StackPlan:
    """A settled stack whose digest equals the built template's."""
    return StackPlan(
        name=template.stack.name,
        model=template.stack.model,
        action=StackAction.UNCHANGED,
        template_digest=template.digest,
        stack_id=deployed.stack_id,
        updated_at=deployed.updated_at,
        resources=len(resources(template.body)),
    )


def stack_plan(
    template: Template,
    deployed: DeployedStack | None,
    *,
    body: Mapping[str, object] | None,
    change_set: ChangeSet | None,
    notes: tuple[str, ...] = (),
) -> StackPlan:
    """What happens to one stack.

    Args:
        body: the deployed template; None where nothing is deployed or it cannot be compared.
        change_set: CloudFormation's opinion; None with --read-only.
    """
    ours = compare(template, body)
    said = list(notes)
    if deployed and body is None:
        said.append("the deployed template is not JSON, so it was changed by hand; only CloudFormation's view is shown")
        ours = ()
    outside = settings(template, body) if body is not None else ()
    said.extend(outside)
    if change_set is None:
        changes, differs = ours, bool(ours or outside)
    else:
        # Outputs alone make a change set without a change; an empty one may still be contradicted by the templates.
        changes = tuple(_named(change, template, body) for change in reconcile(ours, change_set))
        differs = not change_set.empty or bool(changes)
        said.extend(f"CloudFormation warns: {warning}" for warning in change_set.warnings)
        said.extend(unseen(change_set))
        if change_set.others:
            said.append(OTHERS.format(", ".join(change_set.others)))
    return StackPlan(
        name=template.stack.name,
        model=template.stack.model,
        action=_action(deployed, differs),
        template_digest=template.digest,
        change_set_id=change_set.arn if change_set and not change_set.empty else None,
        stack_id=change_set.stack_id if change_set else deployed.stack_id if deployed else None,
        changes=tuple(shared(assessed(change)) for change in changes),
        resources=len(resources(template.body)),
        updated_at=deployed.updated_at if deployed else None,
        notes=tuple(said),
    )


def _named(change: Change, template: Template, body: Mapping[str, object] | None) -> Change:
    """What CloudFormation alone lists is called as the templates call it."""
    if change.name:
        return change
    written = resources(template.body).get(change.logical_id) or resources(body or {}).get(change.logical_id)
    return replace(change, name=name_of(written)) if written else change


def removed(deployed: DeployedStack, changes: tuple[Change, ...]) -> StackPlan:
    """A stack whose key is no longer selected."""
    notes = () if changes else ("its template could not be read, so its resources are not listed",)
    return StackPlan(
        name=deployed.name,
        model=deployed.model,
        action=StackAction.DELETE,
        template_digest=deployed.digest,
        stack_id=deployed.stack_id,
        updated_at=deployed.updated_at,
        changes=tuple(shared(assessed(change)) for change in changes),
        held=bool(deployed.termination_protection),
        notes=notes,
    )


def protected(made: StackPlan, deployed: DeployedStack | None, wanted: bool | None) -> StackPlan:
    """The same plan, with the termination protection that the environment asks for; None asks for nothing."""
    now = bool(deployed and deployed.termination_protection)
    if wanted is None or wanted is now or (wanted and made.action is StackAction.DELETE):
        return replace(made, notes=(*made.notes, PROTECTED)) if made.held else made
    action = StackAction.UPDATE if made.action is StackAction.UNCHANGED else made.action
    said = f"termination protection is switched {'on' if wanted else 'off'}"
    return replace(made, action=action, protection=wanted, held=False, notes=(*made.notes, said))


def assemble(
    selection: Selection,
    *,
    templates: Sequence[Template],
    stacks: Sequence[StackPlan],
    findings: tuple[Finding, ...],
    cost: Cost,
    now: datetime,
    tool_version: str,
    server_side: bool,
    delete_first: bool = False,
    headroom: tuple[Headroom, ...] = (),
    reverts: bool = False,
    waiver: Waiver | None = None,
    lowers: bool = False,
) -> Plan:
    """The plan, with its id computed over everything that does not merely say when or where it was kept.

    Args:
        waiver: somebody signed for being above a hard budget.
        lowers: it only takes away, so that a budget stops nothing.
    """
    environment = selection.environment
    plan = Plan(
        plan_id="",
        created_at=now,
        expires_at=now + LIFETIME,
        environment=environment.name,
        account=selection.target.account,
        region=selection.target.region,
        tool_version=tool_version,
        stacks=tuple(stacks),
        findings=findings,
        cost=cost,
        endpoints=endpoints(templates),
        verdict=verdict(findings, cost, environment, waiver=waiver, lowers=lowers),
        server_side=server_side,
        narrowed=tuple(sorted(selection.narrowed)),
        delete_first=delete_first,
        headroom=headroom,
        reverts=reverts,
        to_look=_to_look(selection),
    )
    return replace(plan, plan_id=documents.plan_id(documents.plan(plan)))


def _to_look(selection: Selection) -> str:
    """What tells of drift; of the stack that GitHub needs nothing does."""
    if selection.bootstrap:
        return ""
    return " ".join(
        ["esmcfn drift", selection.environment.name, *(f"--model {key}" for key in sorted(selection.narrowed))]
    )


def endpoints(templates: Sequence[Template]) -> Mapping[str, EndpointOutput]:
    """What callers will need, by key; a parked model has no endpoint."""
    return {
        stack.model: EndpointOutput(
            endpoint_name=template.names["Endpoint"],
            endpoint_config_name=template.names["EndpointConfig"],
            endpoint_url=naming.endpoint_url(stack.endpoint_name, stack.target.region, stack.target.url_suffix),
            forge_model_name=stack.forge_model_name,
        )
        for template in templates
        if isinstance(stack := template.stack, ModelStack) and not stack.parked
    }


def _action(deployed: DeployedStack | None, differs: bool) -> StackAction:
    if deployed is None:
        return StackAction.CREATE
    return StackAction.UPDATE if differs else StackAction.UNCHANGED
