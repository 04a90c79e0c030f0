"""House rules about instances and models."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from esmcfn.domain.finding import Level, Severity
from esmcfn.domain.stack import ModelStack
from esmcfn.domain.template import Template
from esmcfn.policy.house.rule import (
    WHOLE,
    Complaint,
    Rule,
    Subject,
    given,
    items,
    known,
    mapping,
    number,
    resources,
    text,
)
from esmcfn.reference import instance_types, marketplace

_CONFIG = "AWS::SageMaker::EndpointConfig"
_MODEL = "AWS::SageMaker::Model"
TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"
COMPONENT = "AWS::SageMaker::InferenceComponent"
ANSWERING = ("ProductionVariants",)
BOTH = (*ANSWERING, "ShadowProductionVariants")


def _too_many_instances(subject: Subject) -> Iterable[Complaint]:
    limit = subject.limits.get("max_instance_count")
    if limit is None:
        return
    for path, _, count in fleet(subject.template):
        if count is None:
            said = f"how many instances it starts cannot be read, and the limit is {limit} (max_instance_count)"
            yield Complaint(said, path)
        elif count > limit:
            yield Complaint(f"{count} instances, and the limit is {limit} (max_instance_count)", path)


def _too_many_in_all(subject: Subject) -> Iterable[Complaint]:
    """Told once, of the environment: no single endpoint is to blame. A scaled one counts at its maximum."""
    limit = subject.limits.get("max_instances_per_environment")
    if limit is None or not subject.first:
        return
    counts = [(template.stack.name, count) for template in subject.others for _, count in most(template)]
    counts += [(each.stack, each.max_count if each.readable else None) for each in subject.staying]
    unread = sorted({stack for stack, count in counts if count is None})
    total = sum(count or 0 for _, count in counts)
    if unread and total <= limit:
        said = f"how many instances there are in all cannot be read ({', '.join(unread)}), and the limit is {limit}"
        yield Complaint(f"{said} (max_instances_per_environment)", WHOLE)
    if total > limit:
        yield Complaint(f"{total} instances in all, and the limit is {limit} (max_instances_per_environment)", WHOLE)


def _not_offered(subject: Subject) -> Iterable[Complaint]:
    for path, instance_type, _ in variants(subject.template):
        if instance_type and instance_types.offered(subject.region, instance_type) is False:
            yield Complaint(f"{instance_type} is not offered in {subject.region}", f"{path}/InstanceType")


def _offer_unknown(subject: Subject) -> Iterable[Complaint]:
    known = subject.region in instance_types.OFFERED
    for path, instance_type, _ in variants(subject.template):
        if instance_types.offered(subject.region, instance_type) is None:
            unknown = f"{instance_type or 'the instance type'} in {subject.region}" if known else subject.region
            yield Complaint(
                f"nothing is known about offers of {unknown}; AWS will tell when it deploys", f"{path}/InstanceType"
            )


def _foreign_package(subject: Subject) -> Iterable[Complaint]:
    account = marketplace.ACCOUNTS.get(subject.region)
    for path, arn in packages(subject):
        owner = arn.split(":")[4] if arn.count(":") > 4 else ""
        if account and owner and owner != account:
            expected = f"AWS Marketplace's own in {subject.region} is {account}"
            yield Complaint(f"the package belongs to account {owner}; {expected}", path)


def _network_open(subject: Subject) -> Iterable[Complaint]:
    packaged = {path.split("/", 1)[0] for path, _ in packages(subject)}
    for logical_id, properties in subject.resources(_MODEL):
        if logical_id in packaged and properties.get("EnableNetworkIsolation") is not True:
            yield Complaint("a model package runs without network isolation", f"{logical_id}/EnableNetworkIsolation")


def parked(template: Template) -> bool:
    """Is its endpoint left out on purpose?"""
    return isinstance(template.stack, ModelStack) and template.stack.parked


def variants(template: Template, *, among: Sequence[str] = BOTH) -> Iterator[tuple[str, str, int | None]]:
    """Path, instance type and count of every variant; None where the count cannot be read.

    Args:
        among: which variants; a shadow variant answers nobody, and its instances are paid all the same.
    """
    for path, settings in _settings(template, among):
        yield path, _type(settings, template), _count(settings, template)


def fleet(template: Template) -> Iterator[tuple[str, str, int | None]]:
    """Where a number of instances stands, their type, and the number; None where it cannot be read.

    What a variant starts with, and what its own scaling (ManagedInstanceScaling) may bring it to.
    """
    for path, settings in _settings(template, BOTH):
        instance_type = _type(settings, template)
        yield f"{path}/InitialInstanceCount", instance_type, _count(settings, template)
        if _scales_itself(settings):
            count = number(mapping(settings["ManagedInstanceScaling"]).get("MaxInstanceCount"), template)
            yield f"{path}/ManagedInstanceScaling/MaxInstanceCount", instance_type, count


def most(template: Template) -> Iterator[tuple[str, int | None]]:
    """Instance type and instances of every variant at its busiest; none where the endpoint is parked.

    The type is empty, and the count None, where it cannot be read.
    """
    if parked(template):
        return
    scaled = [*_scaled(template)]
    for path, settings in _settings(template, BOTH):
        name = known(settings.get("VariantName"), template)
        counts = [count for place, _, count in fleet(template) if place.startswith(f"{path}/")]
        # A name that cannot be read may be any, of a variant as of what scales one.
        counts += [count for variant, count in scaled if None in (name, variant) or variant == name]
        yield _type(settings, template), None if None in counts else max(filter(None, counts), default=0)


def bounds(template: Template, target: Mapping[str, object], logical_id: str, name: str) -> Iterator[Bound]:
    """One bound ("MaxCapacity") of a scalable target of SageMaker and of every moment of its schedule.

    A moment may leave it as it is, and then it is not among them. What may be SageMaker's counts as SageMaker's.
    """
    service = known(target.get("ServiceNamespace"), template)
    dimension = (known(target.get("ScalableDimension"), template) or "").partition(":")[0]
    if any(each and "${" not in each and each != "sagemaker" for each in (service, dimension)):
        return
    yield Bound(path=f"{logical_id}/{name}", count=number(target.get(name), template))
    for index, action in enumerate(items(target.get("ScheduledActions"))):
        told = mapping(mapping(action).get("ScalableTargetAction"))
        if name in told:
            place = f"{logical_id}/ScheduledActions/{index}/ScalableTargetAction/{name}"
            yield Bound(path=place, count=number(told[name], template))


class Bound(Struct, frozen=True, kw_only=True):
    """Instances that autoscaling keeps to; None where they cannot be read."""

    path: str
    count: int | None


def _settings(template: Template, among: Sequence[str]) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Path and settings of every variant of every configuration."""
    for logical_id, properties in resources(template, _CONFIG):
        for name in among:
            written = properties.get(name)
            for index, variant in enumerate(items(written) if given(written) else ()):
                if given(variant):
                    yield f"{logical_id}/{name}/{index}", mapping(variant)


def _scales_itself(variant: Mapping[str, object]) -> bool:
    scaling = variant.get("ManagedInstanceScaling")
    return given(scaling) and mapping(scaling).get("Status") != "DISABLED"


def _scaled(template: Template) -> Iterator[tuple[str | None, int | None]]:
    """Variant of every scalable target of SageMaker, and its most instances of any hour.

    None for a variant that cannot be read, and for a count that cannot.
    """
    for logical_id, target in resources(template, TARGET):
        counts = [bound.count for bound in bounds(template, target, logical_id, "MaxCapacity")]
        if counts:
            variant = (known(target.get("ResourceId"), template) or "").rpartition("/")[2]
            unread = not variant or "${" in variant
            yield None if unread else variant, None if None in counts else max(filter(None, counts), default=0)


def _type(variant: Mapping[str, object], template: Template) -> str:
    """Its instance type; empty where it cannot be read, or is serverless and has none."""
    found = known(variant.get("InstanceType"), template) or ""
    return "" if "${" in found else found


def _count(variant: Mapping[str, object], template: Template) -> int | None:
    """Instances that a variant starts with: none where it is serverless."""
    written = variant.get("InitialInstanceCount")
    if not given(written) and given(variant.get("ServerlessConfig")):
        return 0
    return number(written, template)


def packages(subject: Subject) -> Iterator[tuple[str, str]]:
    """Path and ARN of every model package."""
    for logical_id, properties in subject.resources(_MODEL):
        places = [("PrimaryContainer", properties.get("PrimaryContainer"))]
        places += [(f"Containers/{i}", each) for i, each in enumerate(items(properties.get("Containers")))]
        for place, container in places:
            arn = mapping(container).get("ModelPackageName")
            if arn is not None:
                yield f"{logical_id}/{place}/ModelPackageName", text(arn)


def a_config(instance_type: str, count: int) -> str:
    """An EndpointConfig, for examples."""
    return f"""\
EndpointConfig:
  Type: AWS::SageMaker::EndpointConfig
  Properties:
    ProductionVariants:
      - VariantName: variant-1
        ModelName: Model-ESMC-300M-1
        InstanceType: {instance_type}
        InitialInstanceCount: {count}
        InitialVariantWeight: 1
"""


def _model(account: str, isolated: str) -> str:
    return f"""\
Model:
  Type: AWS::SageMaker::Model
  Properties:
    ExecutionRoleArn: arn:aws:iam::123456789012:role/esm-sagemaker-exec-dev
    EnableNetworkIsolation: {isolated}
    PrimaryContainer:
      ModelPackageName: arn:aws:sagemaker:us-east-2:{account}:model-package/esmc-300m-0123456789abcdef
"""


_MARKETPLACE = marketplace.ACCOUNTS["us-east-2"]

HOSTING_RULES = (
    Rule(
        id="ESM001",
        severity=Severity.ERROR,
        level=Level.HARD,
        summary="A variant has no more instances than the limit max_instance_count",
        why="GPU instances cost hundreds of dollars a month each, and a slip of the finger makes 5 into 500.",
        advice="write a smaller instance_count, or have policies/levels.yaml raise limits.max_instance_count",
        source="https://docs.aws.amazon.com/sagemaker/latest/dg/realtime-endpoints-deploy-models.html",
        check=_too_many_instances,
        good=a_config("ml.g5.2xlarge", 2),
        bad=a_config("ml.g5.2xlarge", 500),
    ),
    Rule(
        id="ESM002",
        severity=Severity.ERROR,
        level=Level.HARD,
        summary="An environment has no more instances in all than the limit max_instances_per_environment",
        why="Each endpoint may be modest and their sum still more than anybody meant to pay.",
        advice="select fewer instances, park endpoints that nobody calls, or have policies/levels.yaml raise the limit",
        source="https://docs.aws.amazon.com/sagemaker/latest/dg/realtime-endpoints-deploy-models.html",
        check=_too_many_in_all,
        good=a_config("ml.g5.2xlarge", 8),
        bad=a_config("ml.g5.2xlarge", 201),
    ),
    Rule(
        id="ESM003",
        severity=Severity.ERROR,
        level=Level.SOFT,
        summary="An instance type is offered in the environment's region",
        why="SageMaker refuses it after minutes of deployment, and the stack rolls back.",
        advice="choose another instance type, or another region",
        source="https://aws.amazon.com/sagemaker/ai/pricing/",
        check=_not_offered,
        good=a_config("ml.g5.2xlarge", 1),
        bad=a_config("ml.trn1.2xlarge", 1),
    ),
    Rule(
        id="ESM004",
        severity=Severity.INFO,
        level=Level.ADVISORY,
        summary="It is known whether the region offers the instance type",
        why="The list of offers is dated: what is newer deploys well or fails late; nothing here can tell.",
        advice="compare it with the list of your region before you deploy",
        source="https://aws.amazon.com/sagemaker/ai/pricing/",
        check=_offer_unknown,
        good=a_config("ml.g5.2xlarge", 1),
        bad=a_config("ml.g99.2xlarge", 1),
    ),
    Rule(
        id="ESM005",
        severity=Severity.WARNING,
        level=Level.ADVISORY,
        summary="A model package belongs to AWS Marketplace's account in its region",
        why="A subscription covers the package in Marketplace's own account; any other is somebody's copy.",
        advice="copy the ARN from your own subscription, in this region",
        source="https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-mkt-find-subscribe.html",
        check=_foreign_package,
        good=_model(_MARKETPLACE, "true"),
        bad=_model("111122223333", "true"),
    ),
    Rule(
        id="ESM006",
        severity=Severity.ERROR,
        level=Level.HARD,
        summary="A model package runs with network isolation",
        why="The container is a seller's code beside your sequences: with a network it could send them away.",
        advice="leave EnableNetworkIsolation on",
        source="https://docs.aws.amazon.com/sagemaker/latest/dg/mkt-algo-model-internet-free.html",
        check=_network_open,
        good=_model(_MARKETPLACE, "true"),
        bad=_model(_MARKETPLACE, "false"),
    ),
)
