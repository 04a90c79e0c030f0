"""House rules about amounts: prices that nobody knows, and instances that autoscaling may add."""

from __future__ import annotations

from collections.abc import Iterable

from esmcfn.domain.finding import Level, Severity
from esmcfn.policy.house.hosting import COMPONENT, TARGET, a_config, bounds, variants
from esmcfn.policy.house.rule import Complaint, Rule, Subject, given, mapping, number
from esmcfn.reference import instance_types
from esmcfn.reference.prices import price_book


def _price_unknown(subject: Subject) -> Iterable[Complaint]:
    for path, instance_type, _ in variants(subject.template):
        offered = instance_types.offered(subject.region, instance_type)  # None of what is newer than the table
        if (
            offered is not False
            and (subject.policy.prices or price_book()).price(subject.region, instance_type) is None
        ):
            yield Complaint(f"the price of {instance_type} in {subject.region} is unknown", f"{path}/InstanceType")


def _scales_too_far(subject: Subject) -> Iterable[Complaint]:
    limit = subject.limits.get("max_instance_count")
    if limit is None:
        return
    for logical_id, target in subject.resources(TARGET):
        for bound in bounds(subject.template, target, logical_id, "MaxCapacity"):
            if bound.count is None:
                said = f"how many instances autoscaling may start cannot be read, and the limit is {limit}"
                yield Complaint(f"{said} (max_instance_count)", bound.path)
            elif bound.count > limit:
                said = f"autoscaling may start {bound.count} instances, and the limit is {limit} (max_instance_count)"
                yield Complaint(said, bound.path)
    yield from _too_many_copies(subject, limit)


def _too_many_copies(subject: Subject, limit: int) -> Iterable[Complaint]:
    """Each copy of an inference component may take an instance of its own, whichever endpoint it is put on."""
    for logical_id, component in subject.resources(COMPONENT):
        running = component.get("RuntimeConfig")
        if not given(running):
            continue
        count, path = (
            number(mapping(running).get("CopyCount"), subject.template),
            f"{logical_id}/RuntimeConfig/CopyCount",
        )
        if count is None:
            said = f"how many copies it starts cannot be read, and the limit is {limit} (max_instance_count)"
            yield Complaint(said, path)
        elif count > limit:
            yield Complaint(f"{count} copies, and the limit is {limit} instances (max_instance_count)", path)


def scaled(most: int) -> str:
    """An example: a variant that autoscaling may bring to so many instances."""
    return f"""\
ScalableTarget:
  Type: AWS::ApplicationAutoScaling::ScalableTarget
  Properties:
    ServiceNamespace: sagemaker
    ScalableDimension: sagemaker:variant:DesiredInstanceCount
    ResourceId: endpoint/endpoint-esmc-300m-1-0a1b2c3d/variant/variant-1
    MinCapacity: 1
    MaxCapacity: {most}
"""


AMOUNT_RULES = (
    Rule(
        id="ESM030",
        severity=Severity.WARNING,
        level=Level.ADVISORY,
        summary="The price of an instance type is known",
        why="Without a price there is no sum to review, and a budget cannot be judged.",
        advice="choose a type whose price is known, or look its price up before you approve this",
        source="https://aws.amazon.com/sagemaker/ai/pricing/",
        check=_price_unknown,
        good=a_config("ml.g5.2xlarge", 1),
        bad=a_config("ml.inf2.xlarge", 1),
    ),
    Rule(
        id="ESM031",
        severity=Severity.ERROR,
        level=Level.HARD,
        summary="Autoscaling starts no more instances or copies than the limit max_instance_count",
        why="One client that keeps retrying scales an endpoint to its maximum, and the maximum is what is paid.",
        advice="lower the maximum, or have policies/levels.yaml raise the limit",
        source="https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling-prerequisites.html",
        check=_scales_too_far,
        good=scaled(4),
        bad=scaled(500),
    ),
)
