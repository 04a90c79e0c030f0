"""Drift as a JSON document."""

from __future__ import annotations

from decimal import Decimal

from esmcfn.documents.living import time
from esmcfn.domain.drift import (
    Difference,
    EnvironmentDrift,
    ResourceDrift,
    Side,
    StackDrift,
    State,
    Unmanaged,
    UnmanagedEndpoint,
)

Document = dict[str, object]


def drift(drift: EnvironmentDrift) -> Document:
    """Every resource, what deviates and what was not checked, and what runs beside."""
    return {
        "environment": drift.environment,
        "account": drift.account,
        "region": drift.region,
        "as_of": time(drift.as_of),
        "summary": {**{state.name.lower(): drift.counted(state) for state in State}, "waived": drift.waived},
        "coverage": {
            "resources": len(drift.resources),
            "checked": drift.checked,
            "by_cloudformation": drift.compared_by(Side.CLOUDFORMATION),
            "by_esmcfn": drift.compared_by(Side.ESMCFN),
            "complete": drift.complete,
        },
        "stacks": [_stack(stack) for stack in drift.stacks],
        "unmanaged": _unmanaged(drift.unmanaged),
        "verdict": {"drifted": drift.drifted, "strict": drift.strict, "bad": drift.bad},
    }


def _stack(stack: StackDrift) -> Document:
    return {
        "name": stack.name,
        "model": stack.model,
        "status": stack.deployed.status if stack.deployed else None,
        "selected": stack.selected,
        "notes": list(stack.notes),
        "resources": [_resource(resource) for resource in stack.resources],
    }


def _resource(resource: ResourceDrift) -> Document:
    waiver = resource.waiver
    return {
        "logical_id": resource.logical_id or None,
        "resource_type": resource.resource_type,
        "name": resource.name,
        "state": resource.state.value,
        "differences": [_difference(each) for each in resource.differences],
        "checked_by": [side.value for side in resource.checked_by],
        "why_not_checked": resource.why or None,
        "exempt": resource.exempt,
        "next_step": resource.next_step or None,
        "waiver": {"ticket": waiver.ticket, "approver": waiver.approver, "expires": waiver.expires.isoformat()}
        if waiver
        else None,
    }


def _difference(difference: Difference) -> Document:
    return {"path": difference.path, "expected": difference.expected, "observed": difference.observed}


def _unmanaged(unmanaged: Unmanaged) -> Document:
    read = unmanaged.asked and not unmanaged.unread
    return {
        "asked": unmanaged.asked,
        "why_not_read": unmanaged.unread or None,
        "endpoints": [_endpoint(each) for each in unmanaged.endpoints] if read else None,
        "known_monthly_usd": _money(unmanaged.known_monthly),
        "unpriced": unmanaged.unpriced if read else None,
    }


def _endpoint(endpoint: UnmanagedEndpoint) -> Document:
    return {
        "name": endpoint.name,
        "status": endpoint.status,
        "created_at": time(endpoint.created_at),
        "tags": None if endpoint.tags is None else dict(endpoint.tags),
        "instances": None
        if endpoint.instances is None
        else [{"instance_type": kind, "count": count} for kind, count in endpoint.instances],
        "monthly_usd": _money(endpoint.monthly_usd),
        "why_unknown": endpoint.why_unknown or None,
    }


def _money(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:.2f}"
