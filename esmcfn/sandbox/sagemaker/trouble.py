"""Why a fleet does not come to serve, in SageMaker's words, and whether its containers ever ran."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from esmcfn.sandbox.aws import ACCOUNT
from esmcfn.sandbox.faults import Faults
from esmcfn.sandbox.sagemaker.fleet import declared, instance_types, quota_message
from esmcfn.sandbox.sagemaker.model import EndpointConfig, Model
from esmcfn.sandbox.state import Json

CAPACITY = (
    "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error. Please retry using "
    "a different ML instance type or after some time."
)
HEALTH = (
    "The primary container for production variant {variant} did not pass the ping health check. Please check "
    "CloudWatch logs for this endpoint."
)

CAUSES = {
    "capacity": CAPACITY,
    "request-failed": "Request to service failed. If failure persists after retry, contact customer support.",
    "quota": "ResourceLimitExceeded: {quota}",
    "subscription": "Caller is not subscribed to the marketplace offering.",
    "role": (
        "Could not assume role {role}. Please ensure that the role exists and allows principal "
        "'sagemaker.amazonaws.com' to assume the role."
    ),
    "model-data": (
        "Could not access model data at {data}. Please ensure that the role {role} exists and that its trust "
        "relationship policy allows the action 'sts:AssumeRole' for the service principal 'sagemaker.amazonaws.com'. "
        "Also ensure that the role has 's3:GetObject' permissions and that the object is located in {region}."
    ),
    "image": "Requested image {image} not found.",
    "health": HEALTH,
}
"""What the fault `endpoint` can make SageMaker say, as people have met it."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a fleet fails.

    Attributes:
        started: its containers ran, and wrote into their log group.
    """

    reason: str
    started: bool = False


def trouble(faults: Faults, region: str, config: EndpointConfig, models: Mapping[str, Model]) -> Trouble | None:
    """Return what the faults in force do to a fleet of a configuration; they count as struck."""
    variants = declared(config)
    asked = faults.strike("endpoint")
    if asked is not None:
        cause = str(asked.options["cause"])
        said = CAUSES[cause].format_map(_facts(region, variants[0], models))
        return Trouble(str(asked.options.get("message", said)), started=cause == "health")
    for variant in variants:
        types = list(instance_types(variant))
        if types and all(faults.find("capacity", instance_type=kind) for kind in types):
            for kind in types:
                faults.strike("capacity", instance_type=kind)
            return Trouble(CAPACITY)
        if faults.strike("health"):
            return Trouble(HEALTH.format(variant=variant["VariantName"]), started=True)
    return None


def _facts(region: str, variant: Json, models: Mapping[str, Model]) -> dict[str, str]:
    model = models.get(str(variant["ModelName"]).lower())
    request: Mapping[str, Json] = model.request if model is not None else {}
    container: Mapping[str, Json] = request.get("PrimaryContainer") or (request.get("Containers") or [{}])[0]
    (kind, *_), count = instance_types(variant), int(variant.get("InitialInstanceCount", 1))
    return {
        "variant": variant["VariantName"],
        "quota": quota_message(f"{kind} for endpoint usage", 0, 0, count),
        "region": region,
        "role": request.get("ExecutionRoleArn", ""),
        "data": container.get("ModelDataUrl") or f"s3://sagemaker-{region}-{ACCOUNT}/model.tar.gz",
        "image": container.get("Image") or f"{ACCOUNT}.dkr.ecr.{region}.amazonaws.com/model:latest",
    }
