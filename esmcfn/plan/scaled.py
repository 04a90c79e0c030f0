"""An instance type that changes behind autoscaling: SageMaker refuses that until nothing scales the variant."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from esmcfn.domain.plan import Change, Impact, StackPlan
from esmcfn.plan.compare import resources

SCALING = ("AWS::ApplicationAutoScaling::ScalableTarget", "AWS::ApplicationAutoScaling::ScalingPolicy")

TAKEN_OFF = (
    "two updates: SageMaker changes the instance type of no variant that is scaled automatically, so autoscaling is "
    "taken off first and comes back with the new instances; until then nothing scales"
)
"""https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-scaling-update.html"""


def unscaled_first(made: StackPlan, body: Mapping[str, object] | None) -> StackPlan:
    """The same plan; what scales a variant goes before the variant gets another instance type.

    Args:
        body: the deployed template; None where there is none to compare with.
    """
    deployed = resources(body or {}).values()
    scaled = any(each["Type"] in SCALING for each in deployed)
    served = any(change.impact is Impact.BLUE_GREEN for change in made.changes)
    if not (scaled and served and any(map(_retypes, made.changes))):
        return made
    return replace(made, unscale_first=True, notes=(*made.notes, TAKEN_OFF))


def _retypes(change: Change) -> bool:
    of_config = change.resource_type == "AWS::SageMaker::EndpointConfig"
    return of_config and any(
        changed.path.endswith(("/InstanceType", "/VariantName")) or changed.path == "ProductionVariants"
        for changed in change.properties
    )
