"""Wanted x deployed x observed -> where an endpoint stands, and what to do now. Pure."""

from __future__ import annotations

from typing import assert_never

from esmcfn.domain.deployed import DeployedStack
from esmcfn.domain.endpoint import BROKEN, ENDPOINT_STATUSES, IN_SERVICE, ObservedEndpoint
from esmcfn.domain.standing import ModelStatus, Standing


def judge(deployed: DeployedStack | None, endpoint: ObservedEndpoint | None, *, wanted_config: str | None) -> Standing:
    """What the three views of a model come to.

    Args:
        deployed: None where there is no stack.
        endpoint: None where SageMaker knows none.
        wanted_config: the configuration that the YAML makes; None where it wants no endpoint.
    """
    if deployed is None or deployed.gone:
        return Standing.PARKED if wanted_config is None else Standing.NOT_DEPLOYED
    if endpoint is None:
        return _without_endpoint(deployed)
    if endpoint.status in BROKEN:
        return Standing.FAILED
    if endpoint.moving:
        return Standing.CHANGING
    if endpoint.status != IN_SERVICE:
        return Standing.UNCLEAR
    # What is to be parked, or is selected no more, serves what it was deployed with until then.
    if endpoint.config_name == (wanted_config or deployed.outputs.get("EndpointConfigName")):
        return Standing.IN_SERVICE
    return Standing.CHANGING if deployed.busy else Standing.OTHER


def _without_endpoint(deployed: DeployedStack) -> Standing:
    if deployed.busy:
        return Standing.CHANGING
    if "EndpointName" in deployed.outputs:
        return Standing.MISSING
    # CREATE_FAILED, ROLLBACK_FAILED, DELETE_FAILED: no Outputs, and perhaps the endpoint of somebody else's rollback.
    return Standing.FAILED if deployed.stuck else Standing.PARKED


def expected(deployed: DeployedStack | None) -> bool:
    """May SageMaker know an endpoint of this stack? Otherwise it need not be asked."""
    if deployed is None or deployed.gone:
        return False
    return not deployed.settled or "EndpointName" in deployed.outputs


ROLLED_BACK = "its first creation failed and was rolled back: nothing of it is left but its name"


def meaning(deployed: DeployedStack | None, endpoint: ObservedEndpoint | None) -> str:
    """What SageMaker's word, or the stack's, means; empty where it goes without saying."""
    if deployed and deployed.gone:
        return ": ".join(filter(None, (ROLLED_BACK, deployed.status_reason)))
    if endpoint is None:
        return ""
    return ENDPOINT_STATUSES.get(endpoint.status, "esmcfn does not know this word of SageMaker's")


def next_step(status: ModelStatus, *, environment: str) -> str:
    """What to do now, empty where nothing is to be done."""
    model = f"{environment} --model {status.model}"
    if not status.selected and status.standing is not Standing.CHANGING:
        return f"it is selected no more: esmcfn deploy {environment} deletes it"
    match status.standing:
        case Standing.IN_SERVICE:
            return f"esmcfn deploy {environment} parks it" if status.parked else ""
        case Standing.OTHER:
            return _other(status, environment)
        case Standing.CHANGING:
            return f"esmcfn wait {model}"
        case Standing.FAILED:
            return _failed(status, environment)
        case Standing.MISSING:
            return (
                "somebody deleted the endpoint behind CloudFormation's back: "
                f"esmcfn deploy {model} --revert-drift makes it again; so do esmcfn park and then esmcfn resume"
            )
        case Standing.PARKED:
            return f"esmcfn resume {model}" if status.parked else f"esmcfn deploy {environment}"
        case Standing.NOT_DEPLOYED:
            return f"esmcfn deploy {environment}"
        case Standing.UNCLEAR:
            return "see the endpoint in the SageMaker console; a newer esmcfn may know the word"
    assert_never(status.standing)


def _other(status: ModelStatus, environment: str) -> str:
    served = status.endpoint.config_name if status.endpoint else ""
    if served == status.deployed_config:
        return f"the file asks for another configuration than is deployed: esmcfn deploy {environment}"
    return (
        "SageMaker serves another configuration than the stack deployed: it went back after a failed update, or "
        f"somebody changed it by hand; mend the cause, then esmcfn deploy {environment} --model {status.model} "
        "--revert-drift"
    )


def _failed(status: ModelStatus, environment: str) -> str:
    logs = f"esmcfn logs {environment} --model {status.model}"
    if status.deployed and status.deployed.stuck:
        return (
            f"esmcfn deploy {environment} --recover shows and takes the way out; {logs} shows what the container wrote"
        )
    if status.log is not None and not status.log.started:
        return f"no container ever started: capacity, quota, image or role; mend it, then esmcfn deploy {environment}"
    return f"{logs} shows what the container wrote; mend it, then esmcfn deploy {environment}"
