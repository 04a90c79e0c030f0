"""What is deployed, as JSON documents: outputs, status, logs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from esmcfn.domain.endpoint import ContainerLog, Logged, LogLine, ObservedEndpoint, ObservedVariant
from esmcfn.domain.outputs import Outputs
from esmcfn.domain.plan import EndpointOutput
from esmcfn.domain.standing import EnvironmentStatus, ModelStatus, Waited

Document = dict[str, object]


def endpoints(endpoints: Mapping[str, EndpointOutput]) -> Document:
    """The Terraform module's `sagemaker_endpoints`: exactly four strings a model."""
    return {
        key: {
            "endpoint_config_name": endpoint.endpoint_config_name,
            "endpoint_name": endpoint.endpoint_name,
            "endpoint_url": endpoint.endpoint_url,
            "forge_model_name": endpoint.forge_model_name,
        }
        for key, endpoint in endpoints.items()
    }


def outputs(outputs: Outputs) -> Document:
    """The module's outputs under their own names, and what is left out of them."""
    return {
        "environment": outputs.environment,
        "account": outputs.account,
        "region": outputs.region,
        **module_outputs(outputs),
        "absent": [
            {"model": absent.model, "why": absent.why, "next_step": absent.next_step or None}
            for absent in outputs.absent
        ],
    }


def module_outputs(outputs: Outputs) -> Document:
    """The module's outputs; the secret's ARN stands where the module has the secret."""
    return {
        "sagemaker_endpoints": endpoints(outputs.endpoints),
        "sagemaker_execution_role": outputs.execution_role,
        "shared_service_user_name": dict(outputs.user_names),
        "shared_service_user_access_key_id": dict(outputs.access_key_ids),
        "shared_service_secret_arn": dict(outputs.secret_arns),
    }


def watched(body: EnvironmentStatus | Waited | Logged) -> Document:
    """What was looked at."""
    match body:
        case EnvironmentStatus():
            return status(body)
        case Waited():
            return waited(body)
        case Logged():
            return logged(body)


def status(status: EnvironmentStatus) -> Document:
    """Where each model stands."""
    base = status.base
    return {
        "environment": status.environment,
        "account": status.account,
        "region": status.region,
        "as_of": time(status.as_of),
        "base_stack": {"name": base.name, "status": base.status} if base else None,
        "models": [_model(model) for model in status.models],
        "other_environments": [
            {"environment": stray.environment, "stacks": list(stray.stacks)} for stray in status.strays
        ],
    }


def waited(waited: Waited) -> Document:
    """What was waited for, as `status` has it."""
    return {**status(waited.status), "waited_seconds": round(waited.seconds, 1)}


def logged(logged: Logged) -> Document:
    """What containers wrote."""
    return {
        "environment": logged.environment,
        "model": logged.model,
        "endpoint_name": logged.endpoint_name,
        "log_group": logged.log_group,
        "since": time(logged.since) if logged.since else None,
        **_log(logged.log),
    }


def log_line(line: LogLine) -> Document:
    """One line of a container's log."""
    return {"at": time(line.at), "stream": line.stream, "text": line.text, "event_id": line.event_id}


def time(moment: datetime) -> str:
    """ISO 8601 in UTC; with milliseconds where there are any."""
    fraction = f".{moment.microsecond // 1000:03}" if moment.microsecond >= 1000 else ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"


def _model(model: ModelStatus) -> Document:
    endpoint = model.endpoint
    return {
        "model": model.model,
        "standing": model.standing.value,
        "selected": model.selected,
        "parked": model.parked,
        "stack": model.stack,
        "stack_status": model.deployed.status if model.deployed else None,
        "endpoint_name": model.endpoint_name,
        "endpoint_status": endpoint.status if endpoint else None,
        "meaning": model.meaning or None,
        "failure_reason": model.failure_reason or None,
        "configuration": {
            "wanted": model.wanted_config,
            "deployed": model.deployed_config,
            "served": endpoint.config_name if endpoint else None,
            "pending": (endpoint.pending_config or None) if endpoint else None,
        },
        "variants": [_variant(variant) for variant in endpoint.variants] if endpoint else [],
        **_times(endpoint),
        "log": _log(model.log) if model.log else None,
        "log_unread": model.log_unread or None,
        "next_step": model.next_step or None,
    }


def _times(endpoint: ObservedEndpoint | None) -> Document:
    return {
        "created_at": time(endpoint.created_at) if endpoint else None,
        "modified_at": time(endpoint.modified_at) if endpoint else None,
    }


def _variant(variant: ObservedVariant) -> Document:
    return {
        "name": variant.name,
        "status": variant.status or None,
        "current_instances": variant.current_count,
        "desired_instances": variant.desired_count,
        "current_weight": variant.weight,
        "desired_weight": variant.desired_weight,
        "images": list(variant.images),
    }


def _log(log: ContainerLog) -> Document:
    return {"started": log.started, "lines": [log_line(line) for line in log.lines]}
