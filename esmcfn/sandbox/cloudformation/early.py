"""Early validation: what a change set is judged by before anything is provisioned.

FAIL findings fail the change set; WARN findings leave it executable. Both are read with DescribeEvents only.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from esmcfn.sandbox.cloudformation import schema
from esmcfn.sandbox.cloudformation.changes import Proposal, creation_order, expected_scope
from esmcfn.sandbox.cloudformation.language import Scope
from esmcfn.sandbox.cloudformation.model import Finding
from esmcfn.sandbox.cloudformation.registry import Registry
from esmcfn.sandbox.cloudformation.schema import SyntaxProblem
from esmcfn.sandbox.refusal import Refusal
from esmcfn.sandbox.resources import HANDLERS
from esmcfn.sandbox.resources.base import Request
from esmcfn.sandbox.sagemaker.fleet import quota_message
from esmcfn.sandbox.state import Json

PROPERTIES = "AWS::EarlyValidation::PropertyValidation"
EXISTENCE = "AWS::EarlyValidation::ResourceExistenceCheck"
QUOTA = "AWS::EarlyValidation::ServiceQuotaCheck"


def findings(service: Registry, proposal: Proposal, *, skip: bool) -> list[Finding]:
    """Return every finding; `skip` (DisableValidation) leaves property syntax only, which execution needs."""
    found = list(property_findings(service, proposal))
    if skip:
        return found
    if not found:
        found += _existence_findings(service, proposal)
        found += _quota_findings(service, proposal)
    found += _asked_for(service, proposal)
    return found


def _finding(service: Registry, name: str, mode: str, reason: str, where: tuple[str, str, str]) -> Finding:
    logical_id, resource_type, path = where
    return Finding(
        id=str(uuid.uuid4()),
        at=service.world.clock.now(),
        name=name,
        mode=mode,
        reason=reason,
        path=path,
        logical_id=logical_id,
        resource_type=resource_type,
    )


def property_findings(service: Registry, proposal: Proposal) -> Iterator[Finding]:
    """Yield every property that the schema forbids, or that the sandbox does not honour."""
    scope = _scope(proposal)
    for logical_id in creation_order(proposal.template):
        declaration = proposal.template.resources[logical_id]
        kind = schema.load(declaration["Type"], proposal.place.region)
        if kind is None or not scope.included(declaration):
            continue
        raw = declaration.get("Properties", {})
        problems = schema.problems(kind, raw)
        problems += [
            SyntaxProblem(name, f"#/{name}: the sandbox does not support this property")
            for name in raw
            if name in kind.properties and name not in HANDLERS[declaration["Type"]].supported
        ]
        if not problems:
            problems = schema.problems(kind, schema.coerced(kind, scope.resolve(raw)))
        for problem in problems:
            path = f"/Resources/{logical_id}/Properties" + (f"/{problem.path}" if problem.path else "")
            yield _finding(service, PROPERTIES, "FAIL", problem.message, (logical_id, declaration["Type"], path))


def _scope(proposal: Proposal) -> Scope:
    fates = {name: "add" for name in proposal.template.resources if name not in proposal.stack.present}
    return expected_scope(proposal, fates)


def _existence_findings(service: Registry, proposal: Proposal) -> Iterator[Finding]:
    scope = _scope(proposal)
    for logical_id, declaration in proposal.template.resources.items():
        if logical_id in proposal.stack.present or logical_id in proposal.imports:
            continue
        if not scope.included(declaration):
            continue
        handler = HANDLERS[declaration["Type"]]
        request = Request(
            world=service.world,
            stacks=service,
            region=proposal.place.region,
            stack_name=proposal.place.stack_name,
            stack_id=proposal.place.stack_id,
            logical_id=logical_id,
            properties=scope.resolve(declaration.get("Properties", {})),
            at=service.world.clock.now(),
        )
        try:
            taken = handler.conflict(request)
        except Refusal:
            taken = ""
        if taken:
            reason = f"Resource of type '{declaration['Type']}' with identifier '{taken}' already exists."
            where = (logical_id, declaration["Type"], f"/Resources/{logical_id}")
            yield _finding(service, EXISTENCE, "FAIL", reason, where)


def _quota_findings(service: Registry, proposal: Proposal) -> Iterator[Finding]:
    """The quota, seen before the endpoint is made; WARN, as AWS has it."""
    scope = _scope(proposal)
    for logical_id, declaration in proposal.template.resources.items():
        if declaration["Type"] != "AWS::SageMaker::EndpointConfig" or not scope.included(declaration):
            continue
        properties: Json = scope.resolve(declaration.get("Properties", {}))
        live = proposal.stack.present.get(logical_id)
        if live is not None and live.properties == properties:
            continue  # nothing moves
        variants = [
            (f"{name}/{index}", variant)
            for name in ("ProductionVariants", "ShadowProductionVariants")
            for index, variant in enumerate(properties.get(name, []))
        ]
        for place, variant in variants:
            kind = str(variant.get("InstanceType", ""))
            if not kind:
                continue
            limit = service.world.sagemaker.limit(kind)
            used, wanted = (
                service.world.sagemaker.used(proposal.place.region, kind),
                int(variant.get("InitialInstanceCount", 0)),
            )
            if used + wanted > limit:
                path = f"/Resources/{logical_id}/Properties/{place}/InstanceType"
                where = (logical_id, declaration["Type"], path)
                yield _finding(
                    service, QUOTA, "WARN", quota_message(f"{kind} for endpoint usage", limit, used, wanted), where
                )


def _asked_for(service: Registry, proposal: Proposal) -> Iterator[Finding]:
    for fault in service.world.faults.active:
        if fault.name != "validation":
            continue
        mode = str(fault.options["mode"]).upper()
        logical_id = str(fault.options.get("logical_id", min(proposal.template.resources)))
        declaration = proposal.template.resources.get(logical_id)
        if declaration is None:
            continue
        name = str(fault.options.get("name", EXISTENCE if mode == "FAIL" else QUOTA))
        reason = str(fault.options.get("reason", "The sandbox was asked for this finding."))
        where = (logical_id, declaration["Type"], f"/Resources/{logical_id}")
        yield _finding(service, name, "WARN" if mode == "WARN" else "FAIL", reason, where)
