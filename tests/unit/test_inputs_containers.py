"""container.image: what SageMaker can pull is an image in ECR."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from builders import CATALOG_TEXT, PACKAGE, a_root

from esmcfn import inputs

REGISTRY = "123456789012.dkr.ecr.us-east-2.amazonaws.com"
DIGEST = f"sha256:{'0a' * 32}"


def complaints(root: Path, image: str) -> list[str]:
    catalog = CATALOG_TEXT.replace(f'model_package: "{PACKAGE}"', f'container:\n      image: "{image}"')
    return [str(problem) for problem in inputs.load(a_root(root, catalog=catalog), "dev").problems]


@pytest.mark.parametrize(
    "image",
    [
        "i",
        "ubuntu:24.04",
        "public.ecr.aws/lambda/python:3.12",
        "ghcr.io/someone/esm:1",
        f"https://{REGISTRY}/esm:1",
        REGISTRY,
        f"{REGISTRY}/",
        f"{REGISTRY}/ESM:1",
        f"{REGISTRY}/esm:",
        f"{REGISTRY}/esm:-x",
        f"{REGISTRY}/esm@sha256:0a",
        f"{REGISTRY}/esm@{DIGEST.upper()}",
        f"{REGISTRY}/esm:1@{DIGEST}",
        f"{REGISTRY}/a//b:1",
        f"{REGISTRY}.evil.com/esm:1",
        f"1234.{REGISTRY[13:]}/esm:1",
        "123456789012.dkr.ecr.amazonaws.com/esm:1",
        "123456789012.dkr.ecr.us-east-2.amazonaws.org/esm:1",
    ],
)
def test_what_is_no_image_in_ecr_is_refused_at_its_place(tmp_path: Path, image: str) -> None:
    (complaint,) = complaints(tmp_path, image)

    assert complaint.startswith("catalogs/esm.yaml:7:7: ESMC-300M.container.image: must be an image in ECR such as ")
    assert f", not {image if len(image) <= 80 else image[:77] + '...'}" in complaint


@pytest.mark.parametrize(
    "image",
    [
        f"{REGISTRY}/esm",
        f"{REGISTRY}/esm:2024-12_a.b",
        f"{REGISTRY}/team-a/esm__c.x/y--z:1",
        f"{REGISTRY}/esm@{DIGEST}",
        f"123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/esm@{DIGEST}",
        f"123456789012.dkr.ecr.us-gov-west-1.amazonaws.com/esm@{DIGEST}",
        f"123456789012.dkr.ecr-fips.us-east-1.amazonaws.com/esm@{DIGEST}",
    ],
)
def test_an_image_in_ecr_is_right(tmp_path: Path, image: str) -> None:
    assert complaints(tmp_path, image) == []


def test_a_long_address_is_refused_without_delay(tmp_path: Path) -> None:
    begun = time.monotonic()

    assert complaints(tmp_path, f"{REGISTRY}/{'a-/' * 100_000}!")

    assert time.monotonic() - begun < 10
