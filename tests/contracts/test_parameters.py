"""No parameter of any operation is passed over: each makes a difference, is refused, or stands below with the reason.

Generated from botocore's service models: a new operation, or a new parameter of an old one, is tested or fails here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from esmcfn.sandbox.aws import service_model
from esmcfn.sandbox.refusal import Refusal

from .conftest import REGION
from .requests import BASE, BEFORE, GROUP, STREAM, Door, plain, prepared
from .values import OF_ONE, SAMPLES, SILENT


def operations() -> Iterator[tuple[str, str]]:
    """Yield every operation of ours."""
    door = Door()
    tables = ("cloudformation", "sagemaker", "application-autoscaling", "service-quotas", "pricing", "ce")
    for service in tables:
        for name in door.front.table(service) or ():
            yield service, name
    yield from (("cloudwatch", name) for name in door.world.metrics.operations)
    yield from (("logs", name) for name in door.world.logs.operations)


def sample(operation: str, name: str, shape: Any) -> Any:
    """Return a value for a parameter."""
    if (operation, name) in OF_ONE:
        return OF_ONE[operation, name]
    if name in SAMPLES:
        return SAMPLES[name]
    defaults = {"boolean": True, "integer": 1, "long": 1, "list": [{"Key": "c", "Value": "d"}], "string": "sample"}
    assert shape.type_name in defaults, f"{operation} has the new parameter {name}: give it a value above"
    return defaults[shape.type_name]


def performed(service: str, operation: str, given: dict[str, Any]) -> tuple[str, str] | Refusal:
    """Return the answer and the state afterwards, or the refusal."""
    door = Door()
    came = BEFORE.get(operation, prepared)(door)
    if service == "logs":
        (stream, *_) = door.world.containers.groups(REGION)[GROUP].until(door.world.clock.now())
        given = {**given, "logStreamName": stream} if given.get("logStreamName") == STREAM else given
    if operation == "DescribeStackDriftDetectionStatus":
        given = {"StackDriftDetectionId": came, **given}
    if "ResourceARN" not in given and operation in ("TagResource", "UntagResource", "ListTagsForResource"):
        found = door.do("application-autoscaling", "DescribeScalableTargets", ServiceNamespace="sagemaker")
        given = {**given, "ResourceARN": found["ScalableTargets"][0]["ScalableTargetARN"]}
    try:
        answer = door.call(service, operation, REGION, given)
    except Refusal as refusal:
        return refusal
    door.world.settle()
    return plain(json.dumps(answer, sort_keys=True, default=str)), door.state


@pytest.mark.parametrize(("service", "operation"), list(operations()))
def test_no_parameter_is_passed_over(service: str, operation: str) -> None:
    shape = service_model(service).operation_model(operation).input_shape
    base = BASE.get(operation, {})
    plainly = performed(service, operation, base)
    assert not isinstance(plainly, Refusal), (plainly.code, plainly.message)
    silent = []
    for name, member in (shape.members if shape is not None else {}).items():
        value = sample(operation, name, member)
        if base.get(name) == value:
            continue
        outcome = performed(service, operation, {**base, name: value})
        if isinstance(outcome, Refusal):
            assert outcome.status < 500, (name, outcome.code, outcome.message)
        elif outcome == plainly:
            silent.append(name)
    assert sorted(silent) == sorted(name for of, name in SILENT if of == operation)
