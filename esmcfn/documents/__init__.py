"""Nouns as JSON documents: the promise, versioned as `esmcfn.<verb>/v1`; keys are only ever added.

Money is a decimal string, absence is null, times are ISO 8601 in UTC, and lists keep their order.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import assert_never

from esmcfn.documents import audited, drifting, living, overwriting
from esmcfn.documents.figures import money
from esmcfn.domain.audit import Audit
from esmcfn.domain.cost import Cost, CostItem
from esmcfn.domain.deployment import Deployment, Diagnosis, StackOutcome
from esmcfn.domain.drift import EnvironmentDrift
from esmcfn.domain.endpoint import Logged
from esmcfn.domain.finding import Finding
from esmcfn.domain.github import ROLE_VARIABLE, GitHubSettings
from esmcfn.domain.outputs import Outputs
from esmcfn.domain.plan import Change, Headroom, Plan, StackAction, StackPlan, Verdict
from esmcfn.domain.report import Body, Built, Checked, Failure, Outcome, Priced, Refreshed, Validated
from esmcfn.domain.standing import EnvironmentStatus, Waited
from esmcfn.domain.waiver import Waiver
from esmcfn.errors import EsmcfnError, InputError

Document = dict[str, object]

VOLATILE = frozenset({"plan_id", "created_at", "expires_at"})
"""Keys of a plan that say when and where it was kept, not what it would do; `change_set_id` of a stack is another."""


_LISTS = {"outputs": "outputs-list", "prices": "prices-list", "status": "statuses"}
"""What a list of documents is called where an s does not do."""


def outcomes(outcomes: Sequence[Outcome]) -> Document:
    """What a run came to: one environment is its own document, several stand in a list."""
    if len(outcomes) == 1:
        return _outcome(outcomes[0])
    verb = outcomes[0].verb
    return {
        "schema": f"esmcfn.{_LISTS.get(verb, f'{verb}s')}/v1",
        "environments": [_outcome(each) for each in outcomes],
    }


def error(error: EsmcfnError) -> Document:
    """The document of a failure."""
    problems = error.problems if isinstance(error, InputError) else ()
    return {
        "schema": "esmcfn.error/v1",
        "exit_code": int(error.exit_code),
        "message": error.message,
        "next_step": error.next_step,
        "problems": [
            {
                "file": problem.file,
                "line": problem.line,
                "column": problem.column,
                "message": problem.message,
                "suggestion": problem.suggestion,
            }
            for problem in problems
        ],
    }


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
        "findings": [_finding(finding) for finding in plan.findings],
        "policy": _counts(plan.findings),
        "cost": _cost(plan.cost),
        "headroom": [_headroom(headroom) for headroom in plan.headroom],
        "outputs": {"sagemaker_endpoints": living.endpoints(plan.endpoints)},
        "verdict": _verdict(plan.verdict),
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


def _outcome(outcome: Outcome) -> Document:
    if isinstance(outcome, Failure):
        return {**error(outcome.error), "environment": outcome.environment}
    return {"schema": f"esmcfn.{outcome.verb}/v1", **_body(outcome.body)}


def _body(body: Body) -> Document:
    match body:
        case Validated():
            return {"environment": body.environment, "valid": True, "stacks": list(body.stacks)}
        case Built():
            return {
                "environment": body.environment,
                "templates": [
                    {
                        "stack": template.stack.name,
                        "model": template.stack.model,
                        "digest": template.digest,
                        "file": body.written.get(template.stack.name),
                        "template": template.body,
                    }
                    for template in body.templates
                ],
            }
        case Checked():
            return {
                "environment": body.environment,
                "engines": dict(body.engines),
                "findings": [_finding(finding) for finding in body.findings],
                "policy": _counts(body.findings),
                "verdict": _verdict(body.verdict),
            }
        case Priced():
            return {
                "environment": body.environment,
                "compared": body.compared,
                "why_not_compared": body.why or None,
                "cost": _cost(body.cost),
                "verdict": _verdict(body.verdict),
            }
        case Refreshed():
            return _refreshed(body)
        case Audit():
            return {**audited.audit(body), "cost": _cost(body.cost)}
        case Plan():
            return plan(body)
        case Deployment():
            return _deployment(body)
        case Outputs():
            return living.outputs(body)
        case EnvironmentStatus() | Waited() | Logged():
            return living.watched(body)
        case EnvironmentDrift():
            return drifting.drift(body)
    assert_never(body)


def _refreshed(refreshed: Refreshed) -> Document:
    return {
        "environment": refreshed.environment,
        "file": refreshed.path,
        "prices": [
            {
                "region": each.after.region,
                "instance_type": each.after.instance_type,
                "before_usd_per_hour": money(each.before.usd_per_hour) if each.before else None,
                "usd_per_hour": money(each.after.usd_per_hour),
                "source": each.after.source,
                "as_of": each.after.as_of.isoformat(),
            }
            for each in refreshed.prices
        ],
    }


def _deployment(deployment: Deployment) -> Document:
    return {
        "environment": deployment.environment,
        "account": deployment.account,
        "region": deployment.region,
        "plan_id": deployment.plan_id,
        "succeeded": deployment.succeeded,
        "stacks": [_stack_outcome(stack) for stack in deployment.stacks],
        "cost": _cost(deployment.cost),
        "left": list(deployment.left),
        "outputs": {"sagemaker_endpoints": living.endpoints(deployment.endpoints)},
        **({"github": _settings(deployment.settings)} if deployment.settings else {}),
    }


def _settings(settings: GitHubSettings) -> Document:
    return {
        "repository": settings.repository,
        "environments": [
            {
                "name": each.name,
                "variables": {ROLE_VARIABLE: each.role_arn},
                "branches": each.branches,
                "reviewers": each.reviewed,
            }
            for each in (settings.plan, settings.deploy)
        ],
        "file": settings.path,
        "keys": dict(settings.keys),
    }


def _stack_outcome(stack: StackOutcome) -> Document:
    diagnosis, endpoint = stack.diagnosis, stack.endpoint
    return {
        "name": stack.name,
        "model": stack.model,
        "action": stack.action.value,
        "succeeded": stack.succeeded,
        "exit_code": int(stack.exit_code),
        "status": stack.execution.status if stack.execution else None,
        "seconds": stack.execution.seconds if stack.execution else None,
        "endpoint_status": endpoint.status if endpoint else None,
        "endpoint_config_name": endpoint.config_name if endpoint else None,
        "causes": [str(cause) for cause in diagnosis.causes] if diagnosis else [],
        "diagnosis": _diagnosis(diagnosis) if diagnosis else None,
        "error": error(stack.error) if stack.error else None,
    }


def _diagnosis(diagnosis: Diagnosis) -> Document:
    log = diagnosis.log
    return {
        "kind": diagnosis.kind.value,
        "advice": diagnosis.advice,
        "aftermath": diagnosis.aftermath,
        "failure_reason": diagnosis.failure_reason or None,
        "container_started": log.started if log else None,
        "container_log": [line.text for line in log.lines] if log else [],
        "causes": [
            {
                "logical_id": cause.logical_id,
                "resource_type": cause.resource_type,
                "reason": cause.reason,
                "code": cause.code or None,
            }
            for cause in diagnosis.causes
        ],
    }


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


def _finding(finding: Finding) -> Document:
    return {
        "rule": finding.rule,
        "engine": finding.engine.value,
        "severity": finding.severity.value,
        "level": finding.level.value,
        "message": finding.message,
        "file": finding.origin.path if finding.origin else None,
        "line": finding.origin.line if finding.origin else None,
        "column": finding.origin.column if finding.origin else None,
        "stack": finding.stack,
        "model": finding.model,
        "logical_id": finding.logical_id,
        "source": finding.source,
        "waived_by": finding.waived_by,
        "waiver": _waiver(finding.waiver) if finding.waiver else None,
        "why": finding.why,
        "advice": finding.advice,
        "resource_type": finding.resource_type,
        "fingerprint": finding.fingerprint,
    }


def _waiver(waiver: Waiver) -> Document:
    return {
        "ticket": waiver.ticket,
        "reason": waiver.reason,
        "owner": waiver.owner,
        "approver": waiver.approver,
        "created": waiver.created.isoformat(),
        "expires": waiver.expires.isoformat(),
        "file": waiver.origin.path,
        "line": waiver.origin.line,
    }


def _verdict(verdict: Verdict) -> Document:
    return {
        "blocked": verdict.blocked,
        "reasons": list(verdict.reasons),
        "budget": verdict.budget or None,
        "budget_waiver": _waiver(verdict.waiver) if verdict.waiver else None,
    }


def _counts(findings: Sequence[Finding]) -> Document:
    """What the rules came to, in numbers: no report loses sight of what is waived."""
    waived = sum(finding.waiver is not None for finding in findings)
    blocking = sum(finding.blocks for finding in findings)
    return {"blocking": blocking, "advisory": len(findings) - blocking - waived, "waived": waived}


def _cost(cost: Cost) -> Document:
    return {
        "currency": cost.currency,
        "hours_per_month": cost.hours_per_month,
        "region": cost.region,
        "before_monthly": money(cost.before_monthly),
        "after_monthly": money(cost.after_monthly),
        "delta_monthly": money(cost.delta_monthly),
        "complete": cost.complete,
        "infrastructure_only": cost.infrastructure_only,
        "items": [_item(item) for item in cost.items],
        "parked_monthly": money(cost.parked_monthly),
        "parked": [_item(item) for item in cost.parked],
        "updating": list(cost.updating),
        "surge_usd_per_hour": money(cost.surge_usd_per_hour),
        "notes": list(cost.notes),
    }


def _item(item: CostItem) -> Document:
    hosted = item.hosted
    return {
        "stack": hosted.stack,
        "model": hosted.model,
        "variant": hosted.variant,
        "instance_type": hosted.instance_type,
        "min_count": hosted.min_count,
        "expected_count": hosted.expected_count,
        "max_count": hosted.max_count,
        "usd_per_hour": money(item.price.usd_per_hour) if item.price else None,
        "price_source": item.price.source if item.price else None,
        "price_as_of": item.price.as_of.isoformat() if item.price else None,
        "software_usd_per_hour": money(hosted.software_usd_per_hour),
        "infrastructure_monthly": money(item.infrastructure_monthly),
        "software_monthly": money(item.software_monthly),
        "min_monthly": money(item.min_monthly),
        "expected_monthly": money(item.expected_monthly),
        "max_monthly": money(item.max_monthly),
    }


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
