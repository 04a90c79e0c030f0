"""House rules about what SageMaker refuses a Marketplace package, or silently leaves out."""

from __future__ import annotations

from collections.abc import Iterable

from esmcfn.domain.finding import Level, Severity
from esmcfn.policy.house.hosting import packages
from esmcfn.policy.house.rule import Complaint, Rule, Subject, items, mapping

_CONFIG = "AWS::SageMaker::EndpointConfig"
_ENDPOINT = "AWS::SageMaker::Endpoint"


def _packaged(subject: Subject) -> bool:
    """A model stack holds one model: where a package is, it is what the stack's endpoint serves."""
    return any(True for _ in packages(subject))


def _not_real_time(subject: Subject) -> Iterable[Complaint]:
    if not _packaged(subject):
        return
    for logical_id, properties in subject.resources(_CONFIG):
        if "AsyncInferenceConfig" in properties:
            yield Complaint("a model package takes no asynchronous inference", f"{logical_id}/AsyncInferenceConfig")
        for index, variant in enumerate(items(properties.get("ProductionVariants"))):
            if "ServerlessConfig" in mapping(variant):
                path = f"{logical_id}/ProductionVariants/{index}/ServerlessConfig"
                yield Complaint("a model package takes no serverless inference", path)


def _guarded(subject: Subject) -> Iterable[Complaint]:
    if not _packaged(subject):
        return
    for logical_id, properties in subject.resources(_ENDPOINT):
        if "DeploymentConfig" in properties:
            said = "SageMaker leaves deployment guardrails out for a model package: all traffic moves at once"
            yield Complaint(said, f"{logical_id}/DeploymentConfig")


def _stack(variant: str, endpoint: str = "") -> str:
    return f"""\
Model:
  Type: AWS::SageMaker::Model
  Properties:
    ExecutionRoleArn: arn:aws:iam::123456789012:role/esm-sagemaker-exec-dev
    EnableNetworkIsolation: true
    PrimaryContainer:
      ModelPackageName: arn:aws:sagemaker:us-east-2:057799348421:model-package/esmc-300m-0123456789abcdef
EndpointConfig:
  Type: AWS::SageMaker::EndpointConfig
  DependsOn: Model
  Properties:
    ProductionVariants:
      - VariantName: variant-1
        ModelName: !GetAtt Model.ModelName
        InitialVariantWeight: 1
{variant}
Endpoint:
  Type: AWS::SageMaker::Endpoint
  Properties:
    EndpointConfigName: !GetAtt EndpointConfig.EndpointConfigName
{endpoint}"""


_INSTANCES = """\
        InstanceType: ml.g5.2xlarge
        InitialInstanceCount: 1"""
_SERVERLESS = """\
        ServerlessConfig: {MaxConcurrency: 5, MemorySizeInMB: 6144}"""
_CANARY = """\
    DeploymentConfig:
      BlueGreenUpdatePolicy:
        TrafficRoutingConfiguration: {Type: ALL_AT_ONCE, WaitIntervalInSeconds: 300}
"""

REFUSED_RULES = (
    Rule(
        id="ESM021",
        severity=Severity.ERROR,
        level=Level.HARD,
        summary="A model package is served in real time, by instances",
        why="SageMaker refuses Marketplace packages behind serverless and asynchronous endpoints, after minutes.",
        advice="serve it by instances, and park the endpoint while nobody calls it",
        source="https://docs.aws.amazon.com/sagemaker/latest/dg/model-deploy-feature-matrix.html",
        check=_not_real_time,
        good=_stack(_INSTANCES),
        bad=_stack(_SERVERLESS),
    ),
    Rule(
        id="ESM022",
        severity=Severity.WARNING,
        level=Level.ADVISORY,
        summary="No deployment guardrails stand in a model package's endpoint",
        why="A canary that is written down and never flies is worse than none: somebody relies on it.",
        advice="remove it; a deployment that fails goes back to the old configuration all the same",
        source="https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-exclusions.html",
        check=_guarded,
        good=_stack(_INSTANCES),
        bad=_stack(_INSTANCES, _CANARY),
    ),
)
