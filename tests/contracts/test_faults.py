"""Calls that go wrong: refused, broken, lost on the way there or on the way back."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from awaited import until
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    HTTPClientError,
    ReadTimeoutError,
)

from esmcfn.sandbox.faults import CATALOG
from esmcfn.sandbox.refusal import Refusal

from .conftest import REGION, World
from .templates import a_template, a_topic, an_endpoint

BODY = json.dumps(a_template(T=a_topic()))


def fault(world: World, name: str, **options: Any) -> None:
    world.sandbox.world.faults.add(name, options)


def code(call: Callable[..., object], **given: Any) -> tuple[str, int]:
    """Return the error code and HTTP status that a call fails with."""
    with pytest.raises(ClientError) as caught:
        call(**given)
    answer: Any = caught.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


def an_impatient_client(world: World, service: str, seconds: float) -> Any:
    """A client that waits no longer than this for an answer, and tries once."""
    return boto3.client(
        service,
        region_name=REGION,
        endpoint_url=world.sandbox.endpoint_url,
        aws_access_key_id="sandbox",
        aws_secret_access_key="sandbox",
        config=Config(read_timeout=seconds, retries={"total_max_attempts": 1}),
    )


# Which actions there are


@pytest.mark.parametrize("name", ["throttle", "access-denied", "server-error", "connection-reset", "timeout"])
@pytest.mark.parametrize(
    ("action", "told"),
    [
        ("sagemaker:CreatEndpoint", "such as sagemaker:CreateEndpoint"),
        ("cloudformation:Discribe*", r"such as cloudformation:Describe\*"),
        ("cloudfromation:DescribeStacks", "such as cloudformation:DescribeStacks"),
        ("DescribeStacks", "such as cloudformation:DescribeStacks"),
        ("*:Describe*", r"such as cloudformation:Describe\*"),
        ("xyzzy:Plugh", "there are: application-autoscaling"),
        ("iam:PassRoles", "such as iam:PassRole"),
    ],
)
def test_an_action_that_nobody_has_is_refused_with_one_that_was_meant(
    world: World, name: str, action: str, told: str
) -> None:
    with pytest.raises(Refusal, match=told):
        fault(world, name, action=action)


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        ("timeout", {"action": "*", "seconds": "soon"}, "seconds is a number above 0"),
        ("timeout", {"action": "*", "processed": "perhaps"}, "processed is true or false, not 'perhaps'"),
        ("throttle", {"action": "*", "times": "-1"}, "times is a whole number"),
        ("validation", {"mode": "fail"}, "mode is FAIL or WARN, not 'fail'"),
        ("handler", {"operation": "creat"}, "operation is create or update or delete"),
        ("handler", {"resource_type": "AWS::SNS::Topics"}, "resource_type is AWS::SNS::Topic, not"),
        ("quota", {"instance_type": "ml.g5.huge"}, r"instance_type is ml\.g5\.\w+, not 'ml.g5.huge'"),
    ],
)
def test_an_option_that_cannot_be_meant_is_refused(world: World, name: str, options: Any, told: str) -> None:
    with pytest.raises(Refusal, match=told):
        fault(world, name, **options)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("throttle", ("Throttling", 400)),
        ("access-denied", ("AccessDenied", 403)),
        ("server-error", ("InternalFailure", 500)),
    ],
)
def test_a_pattern_strikes_every_action_that_fits_it(world: World, name: str, answer: tuple[str, int]) -> None:
    fault(world, name, action="cloudformation:Describe*")
    assert code(world.cfn.describe_stacks) == answer
    assert code(world.cfn.describe_stack_events, StackName="s") == answer
    assert world.cfn.list_stacks()["StackSummaries"] == []


def test_a_star_alone_strikes_every_service(world: World) -> None:
    fault(world, "server-error", action="*")
    for service, call in (("sts", "get_caller_identity"), ("s3", "list_buckets"), ("sagemaker", "list_models")):
        assert code(getattr(world.client(service), call)) == ("InternalFailure", 500)


@pytest.mark.parametrize(
    ("action", "service", "call", "given"),
    [
        ("s3:HeadBucket", "s3", "head_bucket", {"Bucket": "b"}),
        ("s3:ListObjectsV2", "s3", "list_objects_v2", {"Bucket": "b"}),
        ("s3:PutObject", "s3", "put_object", {"Bucket": "b", "Key": "a/b", "Body": b"x"}),
        ("s3:CopyObject", "s3", "copy_object", {"Bucket": "b", "Key": "k", "CopySource": "b/a"}),
        ("s3:GetBucketPolicy", "s3", "get_bucket_policy", {"Bucket": "b"}),
        ("cloudwatch:DescribeAlarms", "cloudwatch", "describe_alarms", {}),
        ("servicequotas:ListServiceQuotas", "service-quotas", "list_service_quotas", {"ServiceCode": "sagemaker"}),
        ("logs:DescribeLogGroups", "logs", "describe_log_groups", {}),
        ("tag:GetResources", "resourcegroupstaggingapi", "get_resources", {}),
        ("sagemaker:InvokeEndpoint", "sagemaker-runtime", "invoke_endpoint", {"EndpointName": "e", "Body": b"{}"}),
    ],
)
def test_an_action_has_iams_name_and_strikes_however_the_service_is_spoken_to(
    world: World, action: str, service: str, call: str, given: Any
) -> None:
    fault(world, "server-error", action=action, times=1)
    found, status = code(getattr(world.client(service), call), **given)
    assert (status, world.sandbox.world.faults.active) == (500, ())
    assert found in ("InternalFailure", "500")  # a HEAD has no body that could name the code


@pytest.mark.parametrize(
    ("service", "call", "given", "throttled", "denied"),
    [
        ("cloudformation", "list_stacks", {}, "Throttling", "AccessDenied"),
        ("cloudwatch", "describe_alarms", {}, "Throttling", "AccessDenied"),
        ("s3", "list_buckets", {}, "SlowDown", "AccessDenied"),
        ("sagemaker", "list_models", {}, "ThrottlingException", "AccessDeniedException"),
        ("logs", "describe_log_groups", {}, "ThrottlingException", "AccessDeniedException"),
        ("resourcegroupstaggingapi", "get_resources", {}, "ThrottlingException", "AccessDeniedException"),
    ],
)
def test_each_service_has_its_own_words(
    world: World, service: str, call: str, given: Any, throttled: str, denied: str
) -> None:
    for name, wanted in (("throttle", throttled), ("access-denied", denied)):
        fault(world, name, action="*", times=1)
        assert code(getattr(world.client(service), call), **given)[0] == wanted


@pytest.mark.parametrize("action", ["sns:CreateTopic", "sns:*", "*"])
def test_a_missing_permission_fails_cloudformations_own_calls(world: World, action: str) -> None:
    world.cfn.create_stack(StackName="s", TemplateBody=BODY)
    fault(world, "access-denied", action=action)
    world.advance()
    world.sandbox.world.settle()
    world.sandbox.world.faults.clear()
    assert world.stack("s")["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "is not authorized to perform: sns:CreateTopic" in world.reasons("s")["T"]
    assert "HandlerErrorCode: AccessDenied" in world.reasons("s")["T"]


def test_a_role_that_may_not_be_passed_makes_no_model(world: World) -> None:
    fault(world, "access-denied", action="iam:PassRole")
    world.deploy("s", an_endpoint())
    assert "is not authorized to perform: iam:PassRole" in world.reasons("s")["Model"]


def test_a_server_error_carries_nothing_out_and_passes(world: World) -> None:
    fault(world, "server-error", action="cloudformation:CreateStack", times=1, after=1)
    world.cfn.create_stack(StackName="a", TemplateBody=BODY)
    assert code(world.cfn.create_stack, StackName="b", TemplateBody=BODY) == ("InternalFailure", 500)
    world.cfn.create_stack(StackName="c", TemplateBody=BODY)
    assert {stack["StackName"] for stack in world.cfn.describe_stacks()["Stacks"]} == {"a", "c"}


# Answers that never come


@pytest.mark.parametrize("processed", [False, True])
def test_a_reset_connection_leaves_open_what_was_done(world: World, processed: bool) -> None:
    fault(world, "connection-reset", action="cloudformation:CreateStack", times=1, processed=processed)
    with pytest.raises((ConnectionClosedError, HTTPClientError)):
        world.cfn.create_stack(StackName="s", TemplateBody=BODY)
    assert [stack["StackName"] for stack in world.cfn.describe_stacks()["Stacks"]] == (["s"] if processed else [])
    if not processed:
        world.cfn.create_stack(StackName="s", TemplateBody=BODY)
    world.advance()
    assert world.stack("s")["StackStatus"] == "CREATE_COMPLETE"


@pytest.mark.parametrize("processed", [False, True])
def test_a_timeout_leaves_open_what_was_done(world: World, processed: bool) -> None:
    client = an_impatient_client(world, "sns", 0.5)
    fault(world, "timeout", action="sns:CreateTopic", times=1, processed=processed, seconds=30)
    with pytest.raises(ReadTimeoutError):
        client.create_topic(Name="t")
    topics = world.client("sns").list_topics
    if processed:
        until(lambda: topics()["Topics"], "it is done, for whoever does not wait")
    assert len(topics()["Topics"]) == int(processed)


def test_a_timeout_ends_without_an_answer(world: World) -> None:
    fault(world, "timeout", action="sagemaker:ListEndpoints", seconds=0.2)
    began = time.monotonic()
    with pytest.raises(ConnectionClosedError):
        world.client("sagemaker").list_endpoints()
    assert time.monotonic() - began >= 0.2


def test_others_are_answered_while_one_waits(world: World) -> None:
    fault(world, "timeout", action="sagemaker:ListEndpoints", seconds=30)
    client = an_impatient_client(world, "sagemaker", 0.2)
    with pytest.raises(ReadTimeoutError):
        client.list_endpoints()
    assert world.client("sagemaker").list_models()["Models"] == []


def test_a_lost_answer_of_the_runtime_is_lost_too(world: World) -> None:
    fault(world, "connection-reset", action="sagemaker:Invoke*", times=1)
    runtime = world.client("sagemaker-runtime")
    with pytest.raises((ConnectionClosedError, HTTPClientError)):
        runtime.invoke_endpoint(EndpointName="e", Body=b"{}")
    assert code(runtime.invoke_endpoint, EndpointName="e", Body=b"{}") == ("ValidationError", 400)


def test_a_client_that_tries_again_gets_through(world: World) -> None:
    fault(world, "connection-reset", action="cloudformation:DescribeStacks", times=2)
    patient = boto3.client(
        "cloudformation",
        region_name=REGION,
        endpoint_url=world.sandbox.endpoint_url,
        aws_access_key_id="sandbox",
        aws_secret_access_key="sandbox",
        config=Config(retries={"mode": "standard", "total_max_attempts": 3}),
    )
    assert patient.describe_stacks()["Stacks"] == []


# Every fault by its documented call


def by_call(world: World, name: str, **options: Any) -> None:
    """Ask for a fault as `esmcfn sandbox fault` does: through the control API, with every value as text."""
    found = urllib.request.Request(
        f"{world.sandbox.endpoint_url}/_esmcfn/faults",
        data=json.dumps({"name": name, "options": {key: str(value) for key, value in options.items()}}).encode(),
        headers={"X-Esmcfn-Token": world.sandbox.token},
    )
    with urllib.request.urlopen(found, timeout=10) as answer:
        assert answer.status == 200


def deployed(world: World, template: Any) -> str:
    """Deploy `s` and return everything that was said about it."""
    world.deploy("s", template)
    return json.dumps(world.cfn.describe_stack_events(StackName="s")["StackEvents"], default=str)


def updated(world: World, suffix: str = "2") -> str:
    """Update `s` and return everything that was said about it."""
    return deployed(world, an_endpoint(suffix=suffix))


def called(world: World, service: str, call: str, **given: Any) -> str:
    """Call something that fails, and return how."""
    with pytest.raises((ClientError, ConnectionClosedError, HTTPClientError)) as caught:
        getattr(world.client(service), call)(**given)
    return f"{type(caught.value).__name__} {caught.value}"


def invoked(world: World) -> str:
    return called(world, "sagemaker-runtime", "invoke_endpoint", EndpointName="Endpoint-ESMC-300M-1", Body=b"{}")


def planned(world: World) -> str:
    return str(world.plan("s", an_endpoint(suffix="2"), kind="UPDATE")["StatusReason"])


def served(world: World) -> str:
    updated(world)
    name = "Endpoint-ESMC-300M-1"
    return str(world.client("sagemaker").describe_endpoint(EndpointName=name)["EndpointConfigName"])


def described(world: World) -> str:
    updated(world)
    return str(world.stack("s")["StackStatus"])


DESCRIBE = {"action": "cloudformation:DescribeStacks"}
FAULTS: dict[str, tuple[dict[str, Any], Callable[[World], str], str]] = {
    "quota": ({"instance_type": "ml.g5.2xlarge"}, updated, "ml.g5.2xlarge for endpoint usage' is 0 Instances"),
    "total-quota": ({"limit": 1}, updated, "across active endpoints' is 1 Instances"),
    "capacity": ({"instance_type": "ml.g5.2xlarge"}, updated, "InsufficientInstanceCapacity"),
    "health": ({"times": 1}, updated, "did not pass the ping health check"),
    "endpoint": ({"cause": "model-data", "times": 1}, updated, "Could not access model data"),
    "not-subscribed": ({}, lambda world: deployed(world, a_template(**other())), "Caller is not subscribed"),
    "access-denied": ({"action": "sagemaker:UpdateEndpoint"}, updated, "not authorized to perform: sagemaker:Update"),
    "throttle": (DESCRIBE, lambda world: called(world, "cloudformation", "describe_stacks"), "Throttling"),
    "server-error": (DESCRIBE, lambda world: called(world, "cloudformation", "describe_stacks"), "InternalFailure"),
    "connection-reset": (DESCRIBE, lambda world: called(world, "cloudformation", "describe_stacks"), "Connection"),
    "timeout": (
        {**DESCRIBE, "seconds": 0.1},
        lambda world: called(world, "cloudformation", "describe_stacks"),
        "closed",
    ),
    "handler": ({"number": 2, "message": "the second"}, updated, "the second"),
    "rollback": ({"logical_id": "Endpoint"}, lambda world: failing(world), "UPDATE_ROLLBACK_FAILED"),
    "silent-rollback": ({}, served, "Config-1"),
    "expired-token": ({}, lambda world: called(world, "sts", "get_caller_identity"), "ExpiredToken"),
    "validation": ({"mode": "FAIL", "reason": "no"}, planned, "AWS::EarlyValidation::ResourceExistenceCheck"),
    "stale": ({"stack": "s", "after": 1}, described, "CREATE_COMPLETE"),
    "model-error": ({}, invoked, "ModelError"),
}
"""A fault to how it is asked for, what brings it out, and what is then said."""


def other() -> dict[str, Any]:
    found = json.loads(json.dumps(an_endpoint()["Resources"]).replace("Model-1", "Model-2"))
    return {
        "Model": found["Model"],
        **{key: item for key, item in an_endpoint()["Resources"].items() if key != "Model"},
    }


def failing(world: World) -> str:
    fault(world, "health", times=1)
    return updated(world)


@pytest.mark.parametrize("name", list(FAULTS))
def test_every_fault_strikes_as_it_is_documented_and_until_reset(world: World, name: str) -> None:
    deployed(world, an_endpoint())
    options, provoke, told = FAULTS[name]
    by_call(world, name, **options)
    assert told in provoke(world)
    world.sandbox.world.reset()
    assert world.sandbox.world.faults.active == ()


def test_every_fault_there_is_has_a_test() -> None:
    assert set(FAULTS) == {kind.name for kind in CATALOG}
