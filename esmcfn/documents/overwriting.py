"""What a deployment would do to what drifted, as part of a plan's document."""

from __future__ import annotations

from esmcfn.documents.living import Document
from esmcfn.domain.drift import State
from esmcfn.domain.overwriting import DriftedResource, PlannedDrift, worst_state
from esmcfn.domain.plan import Plan


def overall(plan: Plan) -> Document:
    """Of all stacks that were looked at."""
    state = worst_state(plan.drifts)
    return {
        "state": state.value if state else None,
        "stacks": {each.name.lower(): sum(drift.state is each for drift in plan.drifts) for each in State},
        "overwritten": sum(drift.overwritten for drift in plan.drifts),
        "not_looked_at": len(plan.unseen),
        "next_step": (plan.to_look or None) if plan.unseen else None,
    }


def of_stack(drift: PlannedDrift) -> Document:
    """Of one stack that was looked at."""
    return {
        "state": drift.state.value,
        "resources": drift.resources,
        "checked": drift.checked,
        "by_cloudformation": drift.native,
        "why_not_checked": drift.why or None,
        "found": [_resource(each) for each in drift.found],
    }


def _resource(found: DriftedResource) -> Document:
    return {
        "logical_id": found.logical_id or None,
        "resource_type": found.resource_type,
        "name": found.name,
        "state": found.state.value,
        "fate": found.fate.value if found.fate else None,
        "properties": [
            {
                "path": each.path,
                "now": each.now,
                "deployed": each.deployed,
                "planned": each.planned,
                "fate": each.fate.value,
            }
            for each in found.properties
        ],
        "why_not_checked": found.why or None,
        "unasked": found.unasked,
        "next_step": found.next_step or None,
    }
