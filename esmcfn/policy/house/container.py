"""House rules about containers of one's own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from esmcfn.domain.finding import Level, Severity
from esmcfn.policy.house.rule import Complaint, Rule, Subject, items, mapping, text

_MODEL = "AWS::SageMaker::Model"
_SECRETS = frozenset({"CREDENTIAL", "CREDENTIALS", "KEY", "PASSWORD", "SECRET", "TOKEN"})


def _image_by_tag(subject: Subject) -> Iterable[Complaint]:
    for path, container in _containers(subject):
        image = text(container.get("Image"))
        if image and "@sha256:" not in image:
            yield f"{image} may be another image tomorrow; name it by digest (@sha256:...)", f"{path}/Image"


def _secret_in_environment(subject: Subject) -> Iterable[Complaint]:
    """By the name alone: a value would have to be shown to be judged."""
    for path, container in _containers(subject):
        for name in mapping(container.get("Environment")):
            if not _SECRETS.isdisjoint(name.upper().split("_")):
                message = (
                    f"{name} reads like a secret, and everybody who may describe the model sees its value; "
                    "read it from Secrets Manager inside of the container"
                )
                yield message, f"{path}/Environment/{name}"


def _containers(subject: Subject) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Path and definition of every container of every model."""
    for logical_id, properties in subject.resources(_MODEL):
        primary = properties.get("PrimaryContainer")
        if primary is not None:
            yield f"{logical_id}/PrimaryContainer", mapping(primary)
        for index, container in enumerate(items(properties.get("Containers"))):
            yield f"{logical_id}/Containers/{index}", mapping(container)


def _model(image: str, variable: str) -> str:
    return f"""\
Model:
  Type: AWS::SageMaker::Model
  Properties:
    ExecutionRoleArn: arn:aws:iam::123456789012:role/esm-sagemaker-exec-dev
    EnableNetworkIsolation: true
    PrimaryContainer:
      Image: 123456789012.dkr.ecr.us-east-2.amazonaws.com/{image}
      Environment:
        {variable}
"""


_BY_DIGEST = f"esm@sha256:{'0a1b2c3d' * 8}"
_HARMLESS = "MAX_TOKENS: 2048"

CONTAINER_RULES = (
    Rule(
        id="ESM012",
        severity=Severity.WARNING,
        level=Level.ADVISORY,
        summary="A container's image is named by digest",
        why="A tag can be moved: what was reviewed is then not what a new instance pulls.",
        source="https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html",
        check=_image_by_tag,
        good=_model(_BY_DIGEST, _HARMLESS),
        bad=_model("esm:latest", _HARMLESS),
    ),
    Rule(
        id="ESM013",
        severity=Severity.ERROR,
        level=Level.SOFT,
        summary="No environment variable of a container is named like a secret",
        why=(
            "Variables stand in clear in the catalog, the template and the model, and secrets appear in none of them. "
            "A name may deceive (PAD_TOKEN), so a person may sign for it."
        ),
        source="https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ContainerDefinition.html",
        check=_secret_in_environment,
        good=_model(_BY_DIGEST, _HARMLESS),
        bad=_model(_BY_DIGEST, "HF_TOKEN: hf_0123456789"),
    ),
)
