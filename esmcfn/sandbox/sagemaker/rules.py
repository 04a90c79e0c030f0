"""What a model and an endpoint configuration must be, apart from what else exists."""

from __future__ import annotations

import re

from esmcfn.sandbox.refusal import Refusal
from esmcfn.sandbox.sagemaker.fleet import instance_type_enum, instance_types
from esmcfn.sandbox.state import Json

MOST_CONTAINERS = 15
LOCAL_STORAGE = re.compile(
    r"ml\.(g4dn|g5|g6|g6e|gr6|g7e|p3dn|p4d|p4de|p5\w*|p6\S*?|trn\d\w*|[cmr]\d+[a-z]*d[a-z]*)\..+"
)
"""Instance types whose volume is a local disk: it has its own size and its own key.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpointConfig.html (KmsKeyId)
"""


def refuse(message: str) -> Refusal:
    """SageMaker's answer to a request that cannot be right."""
    return Refusal("ValidationException", message)


def containers(request: Json) -> list[Json]:
    """Return a model's containers.

    Raises:
        Refusal: there are none, too many, or of both kinds, or what they need is missing.
    """
    several = list(request.get("Containers") or ())
    if request.get("PrimaryContainer") and several:
        raise refuse("You cannot provide both PrimaryContainer and Containers.")
    found = several or [item for item in [request.get("PrimaryContainer")] if item]
    if not found:
        raise refuse("You must provide either PrimaryContainer or Containers.")
    if len(found) > MOST_CONTAINERS:
        raise refuse(f"Member must have length less than or equal to {MOST_CONTAINERS}")
    names = [item["ContainerHostname"] for item in several if item.get("ContainerHostname")]
    if len(set(names)) != len(names):
        raise refuse("ContainerHostname must be unique among the containers of a model.")
    mode = (request.get("InferenceExecutionConfig") or {}).get("Mode")
    if mode and len(several) < 2:
        raise refuse("InferenceExecutionConfig is for a model of several Containers.")
    if mode == "Direct" and len(names) != len(several):
        raise refuse("Each container needs a ContainerHostname when InferenceExecutionConfig.Mode is Direct.")
    for container in found:
        if not container.get("ModelPackageName") and not container.get("Image"):
            raise refuse("Container must specify either Image or ModelPackageName.")
        if container.get("ModelPackageName") and (container.get("Image") or container.get("ModelDataUrl")):
            raise refuse("You cannot specify Image or ModelDataUrl together with ModelPackageName.")
        if container.get("ModelPackageName") and several:
            raise refuse("The sandbox runs a model package as PrimaryContainer only, as one from AWS Marketplace must.")
    return found


def configuration(request: Json) -> list[Json]:
    """Return the variants of an endpoint configuration, shadows last.

    Raises:
        Refusal: they do not go together.
    """
    production, shadow = (
        list(request.get("ProductionVariants") or ()),
        list(request.get("ShadowProductionVariants") or ()),
    )
    if not production:
        raise refuse("At least one production variant is required.")
    if shadow and (len(production), len(shadow)) != (1, 1):
        raise refuse("A shadow variant needs exactly one production variant beside it, and is the only one.")
    if shadow and request.get("AsyncInferenceConfig"):
        raise refuse("An asynchronous endpoint has no shadow variants.")
    found = [*production, *shadow]
    if len({variant["VariantName"] for variant in found}) != len(found):
        raise refuse("Variant names must be unique within an endpoint configuration.")
    for variant in found:
        _variant(variant)
        _volume(request, variant)
    return found


def _variant(variant: Json) -> None:
    if not variant.get("ModelName"):
        raise refuse("The sandbox hosts model-backed variants: ModelName is required (no inference components).")
    if variant.get("ServerlessConfig"):
        raise refuse("The sandbox does not host serverless variants.")
    if bool(variant.get("InstanceType")) == bool(variant.get("InstancePools")):
        raise refuse("Specify exactly one of InstanceType and InstancePools for each production variant.")
    if variant.get("ManagedInstanceScaling"):
        raise refuse("ManagedInstanceScaling is not supported with the given EndpointConfig setup.")
    for instance_type in instance_types(variant):
        if instance_type not in instance_type_enum():
            raise refuse(
                f"1 validation error detected: Value '{instance_type}' at "
                "'productionVariants.1.member.instanceType' failed to satisfy constraint: "
                "Member must satisfy enum value set"
            )
    if int(variant.get("InitialInstanceCount", 0)) < 1:
        raise refuse("Minimum instance count is required to be 1 or higher")


def _volume(request: Json, variant: Json) -> None:
    """Refuse to size or to encrypt the volume of a host that has a local disk."""
    local = [kind for kind in instance_types(variant) if LOCAL_STORAGE.fullmatch(kind)]
    if local and variant.get("VolumeSizeInGB"):
        raise refuse(f"VolumeSizeInGB is not supported for {local[0]}, which has local storage.")
    if local and request.get("KmsKeyId"):
        raise refuse(f"KmsKeyId is not supported for {local[0]}, which has local storage.")
