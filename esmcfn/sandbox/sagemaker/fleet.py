"""Fleets: the instances that a configuration's variants run on, and their quota."""

from __future__ import annotations

from functools import cache

from esmcfn.sandbox.aws import service_model
from esmcfn.sandbox.sagemaker.model import EndpointConfig, Variant
from esmcfn.sandbox.state import Json


def quota_message(instance_type: str, limit: int, used: int, wanted: int) -> str:
    """Return SageMaker's words for a quota that does not suffice."""
    return (
        f"The account-level service limit '{instance_type} for endpoint usage' is {limit} Instances, with current "
        f"utilization of {used} Instances and a request delta of {wanted} Instances. Please use AWS Service Quotas "
        "to request an increase for this quota. If AWS Service Quotas is not available, contact AWS support to "
        "request an increase for this quota."
    )


@cache
def instance_type_enum() -> frozenset[str]:
    """Return every instance type that botocore's model of CreateEndpointConfig allows."""
    shape = service_model("sagemaker").shape_for("ProductionVariantInstanceType")
    return frozenset(getattr(shape, "enum", ()))


def instance_types(variant: Json) -> list[str]:
    """Return the types a declared variant may run on: one, or those of its pools."""
    if variant.get("InstanceType"):
        return [str(variant["InstanceType"])]
    return [str(pool["InstanceType"]) for pool in variant.get("InstancePools") or ()]


def variants(config: EndpointConfig) -> list[Variant]:
    """Return a configuration's variants as they begin to run."""
    found = []
    for declared in config.request["ProductionVariants"]:
        count, weight = (
            int(declared["InitialInstanceCount"]),
            float(declared.get("InitialVariantWeight", 1.0)),
        )
        found.append(
            Variant(
                name=declared["VariantName"],
                instance_type=instance_types(declared)[0],
                count=count,
                weight=weight,
                desired_count=count,
                desired_weight=weight,
                model_name=declared["ModelName"],
            )
        )
    return found


def retained(fresh: list[Variant], old: list[Variant], exclude: list[str]) -> list[Variant]:
    """RetainAllVariantProperties: variants of the same name keep count and weight."""
    before = {variant.name: variant for variant in old}
    for variant in fresh:
        if variant.name in before:
            kept = before[variant.name]
            if "DesiredInstanceCount" not in exclude:
                variant.count, variant.desired_count = kept.count, kept.desired_count
            if "DesiredWeight" not in exclude:
                variant.weight, variant.desired_weight = kept.weight, kept.desired_weight
    return fresh
