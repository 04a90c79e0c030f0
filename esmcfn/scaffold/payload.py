"""The input of a Step-Functions endpoint deployment -> catalog and environment, and what they cannot say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from msgspec import Struct

from esmcfn import naming
from esmcfn.errors import InputError, Problem, shown
from esmcfn.scaffold import File, scaling

_NAME = re.compile(r"[A-Za-z0-9](-*[A-Za-z0-9])*")
_TYPE = re.compile(r"ml\.[a-z0-9-]+\.[a-z0-9-]+")
_CARRIED = frozenset({"endpointName", "productionVariants"})
_OF_VARIANT = frozenset({"ModelName", "VariantName", "InstanceType", "InitialInstanceCount", "InitialVariantWeight"})
_HASHED = naming.HASH_LENGTH + 1
_ENDPOINT = naming.SAGEMAKER_NAME_LENGTH - _HASHED - len(naming.CONFIG_PREFIX)
_MODEL = naming.SAGEMAKER_NAME_LENGTH - _HASHED


class Carried(Struct, frozen=True, kw_only=True):
    """What a payload becomes.

    Attributes:
        left: what could not be carried over, or needs a hand, a sentence each.
    """

    files: tuple[File, ...]
    left: tuple[str, ...]


def carried_over(text: str, path: str) -> Carried:
    """Catalog and environment of a payload.

    Args:
        path: of its file, as problems name it.

    Raises:
        InputError: it is no such payload; carries everything that is wrong.
    """
    payload = _object(text, path)
    problems = [Problem(path, 1, 1, said) for said in _wrong(payload)]
    if problems:
        raise InputError(tuple(problems))
    variant = payload["productionVariants"][0]  # type: ignore[index]
    endpoint, model = str(payload["endpointName"]), str(variant["ModelName"])
    names = (_cut(endpoint, _ENDPOINT), _cut(model, _MODEL))
    found = scaling.carried(payload, variant.get("InitialInstanceCount", 1))
    catalog = _CATALOG.format(
        model=model,
        endpoint=names[0],
        name=names[1],
        type=variant["InstanceType"],
        count=found.count,
        scaling=found.yaml,
    )
    environment = _ENVIRONMENT.format(key=endpoint, model=model)
    return Carried(
        files=(
            File(path="catalogs/esm.yaml", text=catalog, about=f"the model behind {endpoint}"),
            File(path="environments/dev.yaml", text=environment, about=f"{endpoint}, in the sandbox on this machine"),
        ),
        left=(*_left(payload, variant, names), *found.left),
    )


def _object(text: str, path: str) -> Mapping[str, object]:
    try:
        payload = json.loads(text)
    except (ValueError, RecursionError) as error:
        line, column = getattr(error, "lineno", 1), getattr(error, "colno", 1)
        said = f"not JSON: {getattr(error, 'msg', 'nested too deeply')}"
        raise InputError((Problem(path, line, column, said),)) from error
    if not isinstance(payload, dict):
        raise InputError((Problem(path, 1, 1, "not the input of an endpoint deployment: no JSON object"),))
    return payload


def _wrong(payload: Mapping[str, object]) -> Iterator[str]:
    if not _is(_NAME, payload.get("endpointName")):
        yield f"endpointName: {_said(payload, 'endpointName')}, and it must be letters, digits and hyphens"
    yield from scaling.wrong(payload)
    variants = payload.get("productionVariants")
    if not isinstance(variants, list) or not variants or not all(isinstance(each, dict) for each in variants):
        yield "productionVariants: it must be a list with one variant or more"
        return
    variant = variants[0]
    if not _is(_NAME, variant.get("ModelName")):
        yield f"productionVariants[0].ModelName: {_said(variant, 'ModelName')}, and it must be a model's name"
    if not _is(_TYPE, variant.get("InstanceType")):
        yield f"productionVariants[0].InstanceType: {_said(variant, 'InstanceType')}, and it must be as ml.g5.2xlarge"
    count = variant.get("InitialInstanceCount", 1)
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= 10_000:
        yield f"productionVariants[0].InitialInstanceCount: {_said(variant, 'InitialInstanceCount')}, at least 1"


def _left(payload: Mapping[str, object], variant: Mapping[str, object], names: tuple[str, str]) -> Iterator[str]:
    yield (
        f"ModelName {variant['ModelName']}: the payload names a model that exists, not what it is made of; write its "
        "model_package (or container) into catalogs/esm.yaml in place of the one that ends with -EXAMPLE"
    )
    yield f"endpointName {payload['endpointName']}: esmcfn adds a hash to it, and callers must take the new name"
    yield "account and region: no part of the payload; environments/dev.yaml says sandbox and us-east-2"
    for written, name in zip((payload["endpointName"], variant["ModelName"]), names, strict=True):
        if written != name:
            yield f"{written}: too long with what esmcfn adds, cut to {name}"
    others = payload["productionVariants"][1:]  # type: ignore[index]
    for other in others:
        yield f"the variant {shown(str(other.get('VariantName', '')))}: an endpoint of esmcfn has one variant"
    for field in sorted({*variant} - _OF_VARIANT):
        yield f"productionVariants[0].{shown(str(field))}: esmcfn sets no such property"
    for field in sorted({*payload} - _CARRIED - {*scaling.FIELDS}):
        yield f"{shown(str(field))}: no field of an endpoint deployment"


def _cut(name: str, longest: int) -> str:
    return name[:longest].rstrip("-")


def _is(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and len(value) <= naming.SAGEMAKER_NAME_LENGTH and bool(pattern.fullmatch(value))


def _said(fields: Mapping[str, object], name: str) -> str:
    return f"it is {shown(str(fields[name]))}" if name in fields else "it is missing"


_CATALOG = """\
# What may be deployed. The key of an entry is its selector.

models:
  "{model}":
    sagemaker_model_name: "{name}"
    forge_model_name: "{model}"
    endpoint_name: "{endpoint}"
    # Holds the place of the model package's ARN (or write `container:` with your image): see the subscription, or
    # aws sagemaker describe-model --model-name {model}
    model_package: "arn:aws:sagemaker:us-east-2:123456789012:model-package/{model}-EXAMPLE"
    instance_type: "{type}"
    instance_count: {count}
{scaling}"""

_ENVIRONMENT = """\
# The sandbox: an embedded AWS on this machine. Nothing here costs money or needs an account.

environment: dev
account: sandbox
region: us-east-2
catalog: ../catalogs/esm.yaml
iam_role_name_prefix: esm
selected_models:
  "{key}":
    selector: "{model}"
"""
