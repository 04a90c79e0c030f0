"""Fleets: the instances that a configuration's variants run on, and their quota."""

from __future__ import annotations

from functools import cache

from esmcfn.sandbox.aws import service_model
from esmcfn.sandbox.sagemaker.model import EndpointConfig, Variant
from esmcfn.sandbox.state import Json

TOTAL = "Number of instances across active endpoints"
"""The name of the quota over all instance types."""


def quota_message(name: str, limit: int, used: int, wanted: int) -> str:
    """Return SageMaker's words for a quota that does not suffice."""
    return (
        f"The account-level service limit '{name}' is {limit} Instances, with current "
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


def declared(config: EndpointConfig) -> list[Json]:
    """Return what a configuration says of its variants, shadows last."""
    return [*config.request["ProductionVariants"], *config.request.get("ShadowProductionVariants", [])]


def variants(declarations: list[Json]) -> list[Variant]:
    """Return variants as they begin to run."""
    found = []
    for said in declarations:
        count, weight = (
            int(said["InitialInstanceCount"]),
            float(said.get("InitialVariantWeight", 1.0)),
        )
        found.append(
            Variant(
                name=said["VariantName"],
                instance_type=instance_types(said)[0],
                count=count,
                weight=weight,
                desired_count=count,
                desired_weight=weight,
                model_name=said["ModelName"],
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
