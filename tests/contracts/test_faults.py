"""Calls that go wrong: refused, broken, lost on the way there or on the way back."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    HTTPClientError,
    ReadTimeoutError,
)

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
    client = an_impatient_client(world, "sns", 0.2)
    fault(world, "timeout", action="sns:CreateTopic", times=1, processed=processed, seconds=30)
    with pytest.raises(ReadTimeoutError):
        client.create_topic(Name="t")
    assert len(world.client("sns").list_topics()["Topics"]) == int(processed)


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
