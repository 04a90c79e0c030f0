"""A deployment, and errors, as documents."""

from __future__ import annotations

from esmcfn.documents import living, priced
from esmcfn.documents.living import Document
from esmcfn.domain.deployment import Deployment, Diagnosis, StackOutcome
from esmcfn.domain.github import ROLE_VARIABLE, GitHubSettings
from esmcfn.errors import EsmcfnError, InputError


def deployment(deployment: Deployment) -> Document:
    """What became of every stack."""
    return {
        "environment": deployment.environment,
        "account": deployment.account,
        "region": deployment.region,
        "plan_id": deployment.plan_id,
        "succeeded": deployment.succeeded,
        "stacks": [_stack_outcome(stack) for stack in deployment.stacks],
        "cost": priced.cost(deployment.cost),
        "left": list(deployment.left),
        "deleted": list(deployment.deleted),
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
                "line": problem.line or None,
                "column": problem.column or None,
                "message": problem.message,
                "suggestion": problem.suggestion,
            }
            for problem in problems
        ],
    }
