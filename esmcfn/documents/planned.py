"""A plan as a document, and the id that is computed over it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime

from esmcfn.documents import judged, living, overwriting, priced
from esmcfn.documents.living import Document
from esmcfn.domain.plan import Change, Headroom, Plan, StackAction, StackPlan

VOLATILE = frozenset({"plan_id", "created_at", "expires_at"})
"""Keys of a plan that say when and where it was kept, not what it would do; `change_set_id` of a stack is another."""


def plan(plan: Plan) -> Document:
    """The plan's document; `stable` makes the part that its id is computed over."""
    return {
        "schema": "esmcfn.plan/v1",
        "plan_id": plan.plan_id,
        "created_at": _time(plan.created_at),
        "expires_at": _time(plan.expires_at),
        "environment": plan.environment,
        "account": plan.account,
        "region": plan.region,
        "tool_version": plan.tool_version,
        "server_side": plan.server_side,
        "narrowed_to": list(plan.narrowed),
        "delete_first": plan.delete_first,
        "revert_drift": plan.reverts,
        "summary": dict(plan.summary),
        "drift": overwriting.overall(plan),
        "stacks": [_stack(stack) for stack in plan.stacks],
        "findings": [judged.finding(finding) for finding in plan.findings],
        "policy": judged.counts(plan.findings),
        "cost": priced.cost(plan.cost),
        "headroom": [_headroom(headroom) for headroom in plan.headroom],
        "outputs": {"sagemaker_endpoints": living.endpoints(plan.endpoints)},
        "verdict": judged.verdict(plan.verdict),
    }


def stable(document: Mapping[str, object]) -> Document:
    """A plan's document as its plan_id is computed over it."""
    stacks = document["stacks"]
    assert isinstance(stacks, list)  # noqa: S101 - plan() above makes it
    return {
        **{key: value for key, value in document.items() if key not in VOLATILE},
        "stacks": [{key: value for key, value in stack.items() if key != "change_set_id"} for stack in stacks],
    }


def plan_id(document: Mapping[str, object]) -> str:
    """ "sha256:..." over a plan's document without what merely says when and where it was kept."""
    canonical = json.dumps(stable(document), sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()


def _stack(stack: StackPlan) -> Document:
    return {
        "name": stack.name,
        "model": stack.model,
        "action": stack.action.value,
        "template_digest": stack.template_digest,
        "change_set_id": stack.change_set_id,
        # The ARN of a stack that comes is made with each change set, so it is no part of what was reviewed.
        "stack_id": None if stack.action is StackAction.CREATE else stack.stack_id,
        "last_updated_at": _time(stack.updated_at) if stack.updated_at else None,
        "delete_first": stack.delete_first,
        "changes": [_change(change) for change in stack.changes],
        "termination_protection": stack.protection,
        "notes": list(stack.notes),
        "drift": overwriting.of_stack(stack.drift) if stack.drift else None,
    }


def _headroom(headroom: Headroom) -> Document:
    return {
        "instance_type": headroom.instance_type or None,
        "limit": headroom.limit,
        "in_use_elsewhere": headroom.in_use,
        "peak": headroom.peak,
        "after": headroom.after,
        "fits": headroom.fits,
        "fits_after": headroom.fits_after,
        "why_unknown": headroom.why or None,
    }


def _change(change: Change) -> Document:
    return {
        "action": change.action.value,
        "logical_id": change.logical_id,
        "resource_type": change.resource_type,
        "name": change.name,
        "physical_id": change.physical_id,
        "impact": change.impact.value,
        "meaning": change.meaning,
        "retained": change.retained,
        "properties": [
            {
                "path": changed.path,
                "before": changed.before,
                "after": changed.after,
                "file": changed.origin.path if changed.origin else None,
                "line": changed.origin.line if changed.origin else None,
                "replaces": changed.replaces,
                "reverts_drift": changed.reverts,
            }
            for changed in change.properties
        ],
    }


def _time(moment: datetime) -> str:
    """Whole seconds, as plans that were kept have them."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
