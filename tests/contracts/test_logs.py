"""What containers write: there while they ran, and not where they never did."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from esmcfn.sandbox.clock import Clock
from esmcfn.sandbox.world import World as Whole

from .conftest import World
from .templates import PACKAGE, a_template, an_endpoint

NAME = "Endpoint-ESMC-300M-1"
GROUP = f"/aws/sagemaker/Endpoints/{NAME}"


def fault(world: World, name: str, **options: Any) -> None:
    world.sandbox.world.settle()
    world.sandbox.world.faults.add(name, options)


def groups(world: World) -> list[str]:
    found = world.client("logs").describe_log_groups(logGroupNamePrefix="/aws/sagemaker/")["logGroups"]
    return [group["logGroupName"] for group in found]


def streams(world: World, **more: Any) -> list[Any]:
    found: list[Any] = world.client("logs").describe_log_streams(logGroupName=GROUP, **more)["logStreams"]
    return found


def lines(world: World, **more: Any) -> list[str]:
    pages = world.client("logs").get_paginator("filter_log_events").paginate(logGroupName=GROUP, **more)
    return [event["message"] for page in pages for event in page["events"]]


def code(call: Callable[..., object], **given: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**given)
    return str(caught.value.response["Error"]["Code"])


def created(world: World, **more: Any) -> Any:
    """Model, configuration and endpoint without CloudFormation, so that a failed one stays."""
    sagemaker = world.client("sagemaker")
    given = {"ModelName": "Model-1", "ExecutionRoleArn": "arn:aws:iam::123456789012:role/esm"}
    sagemaker.create_model(**given, EnableNetworkIsolation=True, PrimaryContainer={"ModelPackageName": PACKAGE})
    variant = {"VariantName": "variant-1", "ModelName": "Model-1", "InstanceType": "ml.g5.2xlarge", **more}
    variant.setdefault("InitialInstanceCount", 1)
    sagemaker.create_endpoint_config(EndpointConfigName="Config-1", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=NAME, EndpointConfigName="Config-1")
    return sagemaker


def test_a_container_that_starts_writes_into_a_stream_of_its_instance(world: World) -> None:
    created(world, InitialInstanceCount=2)
    assert groups(world) == []
    assert code(world.client("logs").describe_log_streams, logGroupName=GROUP) == "ResourceNotFoundException"
    world.advance(1)
    assert groups(world) == [GROUP]
    assert lines(world)[-1] == "Loading the weights of Model-1 to cuda:0"
    world.advance(1)
    first, second = streams(world)
    assert first["logStreamName"].startswith("variant-1/i-0")
    assert first["logStreamName"] != second["logStreamName"]
    assert first["lastEventTimestamp"] > first["firstEventTimestamp"] == first["creationTime"]
    assert lines(world, filterPattern='"GET /ping"')[0].endswith('"GET /ping HTTP/1.1" 200 OK')


def test_a_container_that_fails_its_health_check_leaves_its_last_words(world: World) -> None:
    fault(world, "health")
    sagemaker = created(world)
    world.advance(2)
    described = sagemaker.describe_endpoint(EndpointName=NAME)
    assert (described["EndpointStatus"], described["FailureReason"]) == (
        "Failed",
        "The primary container for production variant variant-1 did not pass the ping health check. Please check "
        "CloudWatch logs for this endpoint.",
    )
    (stream,) = streams(world)
    found = world.client("logs").get_log_events(logGroupName=GROUP, logStreamName=stream["logStreamName"], limit=2)
    assert "torch.OutOfMemoryError: CUDA out of memory" in found["events"][0]["message"]
    assert found["events"][1]["message"] == "ERROR:    Application startup failed. Exiting."


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        ("capacity", "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error."),
        ("request-failed", "Request to service failed."),
        ("quota", "ResourceLimitExceeded: The account-level service limit 'ml.g5.2xlarge for endpoint usage' is 0"),
        ("subscription", "Caller is not subscribed to the marketplace offering."),
        ("role", "Could not assume role arn:aws:iam::123456789012:role/esm. Please ensure that the role exists"),
        ("model-data", "Could not access model data at s3://"),
        ("image", "Requested image "),
    ],
)
def test_what_never_started_has_no_log_group(world: World, cause: str, said: str) -> None:
    fault(world, "endpoint", cause=cause, times=1)
    sagemaker = created(world)
    world.advance(2)
    described = sagemaker.describe_endpoint(EndpointName=NAME)
    assert described["EndpointStatus"] == "Failed"
    assert described["FailureReason"].startswith(said)
    assert groups(world) == []


def test_an_endpoint_fails_in_the_words_that_were_asked_for(world: World) -> None:
    fault(world, "endpoint", cause="health", message="out of luck")
    sagemaker = created(world)
    world.advance(2)
    assert sagemaker.describe_endpoint(EndpointName=NAME)["FailureReason"] == "out of luck"
    assert groups(world) == [GROUP]


@pytest.mark.parametrize(
    ("name", "options"), [("capacity", {}), ("quota", {}), ("not-subscribed", {}), ("endpoint", {"cause": "role"})]
)
def test_a_stack_that_fails_before_any_container_ran_leaves_no_log_group(world: World, name: str, options: Any) -> None:
    fault(world, name, **options)
    world.deploy("s", an_endpoint())
    assert world.stack("s")["StackStatus"] == "ROLLBACK_COMPLETE"
    assert groups(world) == []


def test_a_log_group_outlives_its_endpoint_and_gets_the_streams_of_the_next(world: World) -> None:
    world.deploy("s", an_endpoint())
    before = lines(world)
    assert len(streams(world)) == 1
    world.cfn.delete_stack(StackName="s")
    world.advance()
    assert lines(world) == before
    fault(world, "health")
    world.deploy("t", an_endpoint())
    assert len(streams(world)) == 2
    assert lines(world, filterPattern="OutOfMemoryError")
    newest, oldest = streams(world, orderBy="LastEventTime", descending=True)
    assert newest["lastEventTimestamp"] > oldest["lastEventTimestamp"]


def test_an_update_starts_containers_of_its_own_and_so_does_scaling(world: World) -> None:
    world.deploy("s", an_endpoint())
    world.deploy("s", an_endpoint(suffix="2", count=2))
    assert len(streams(world)) == 3
    world.client("sagemaker").update_endpoint_weights_and_capacities(
        EndpointName=NAME, DesiredWeightsAndCapacities=[{"VariantName": "variant-1", "DesiredInstanceCount": 3}]
    )
    world.advance()
    assert len(streams(world)) == 4


def test_a_models_error_is_in_its_log(world: World) -> None:
    world.deploy("s", an_endpoint())
    fault(world, "model-error", times=1)
    runtime = world.client("sagemaker-runtime")
    assert code(runtime.invoke_endpoint, EndpointName=NAME, Body=b"{}") == "ModelError"
    assert lines(world)[-2:] == [
        "ERROR:    the sandbox was asked for this error",
        'INFO:     "POST /invocations HTTP/1.1" 500',
    ]


def test_events_have_pages_both_ways(world: World) -> None:
    world.deploy("s", an_endpoint())
    logs, (stream,) = world.client("logs"), streams(world)
    given = {"logGroupName": GROUP, "logStreamName": stream["logStreamName"], "limit": 3}
    wanted, found, token = lines(world), [], {}
    while True:
        answer = logs.get_log_events(**given, startFromHead=True, **token)
        found += [event["message"] for event in answer["events"]]
        if token.get("nextToken") == answer["nextForwardToken"]:
            break
        token = {"nextToken": answer["nextForwardToken"]}
    assert found == wanted
    last = logs.get_log_events(**given)
    assert [event["message"] for event in last["events"]] == wanted[-3:]
    earlier = logs.get_log_events(**given, nextToken=last["nextBackwardToken"])
    assert [event["message"] for event in earlier["events"]] == wanted[-6:-3]
    world.sandbox.world.pages["FilterLogEvents"] = 2
    assert lines(world) == wanted
    world.sandbox.world.pages["DescribeLogStreams"] = 1
    assert code(logs.get_log_events, **given, nextToken="x") == "InvalidParameterException"
    assert code(logs.filter_log_events, logGroupName=GROUP, nextToken="x") == "InvalidParameterException"


def test_a_time_range_and_an_event_id_let_a_client_follow(world: World) -> None:
    world.deploy("s", an_endpoint())
    logs = world.client("logs")
    events = logs.filter_log_events(logGroupName=GROUP)["events"]
    middle = events[3]["timestamp"]
    later = logs.filter_log_events(logGroupName=GROUP, startTime=middle)["events"]
    assert [event["eventId"] for event in later] == [event["eventId"] for event in events[3:]]
    assert len({event["eventId"] for event in events}) == len(events)
    until = logs.filter_log_events(logGroupName=GROUP, endTime=middle)["events"]
    assert until == events[:4]
    newest = logs.filter_log_events(logGroupName=GROUP, startTime=middle, startFromHead=False, limit=1)["events"]
    assert newest == events[-1:]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("INFO startup", 2),
        ('"server process"', 1),
        ("INFO -startup", 3),
        ("?Uvicorn ?Loading", 2),
        ("nothing", 0),
        ("", 7),
    ],
)
def test_a_filter_pattern_is_terms(world: World, pattern: str, found: int) -> None:
    world.deploy("s", an_endpoint())
    assert len(lines(world, filterPattern=pattern)) == found


@pytest.mark.parametrize("pattern", ["{ $.level = 3 }", "[a, b]", "%^a%", "a:b"])
def test_any_other_filter_pattern_is_refused(world: World, pattern: str) -> None:
    world.deploy("s", an_endpoint())
    given = {"logGroupName": GROUP, "filterPattern": pattern}
    assert code(world.client("logs").filter_log_events, **given) == "InvalidParameterException"


@pytest.mark.parametrize(
    ("call", "given"),
    [
        ("create_log_stream", {"logGroupName": GROUP, "logStreamName": "s"}),
        ("start_query", {"logGroupNames": [GROUP], "startTime": 0, "endTime": 1, "queryString": "fields @message"}),
        (
            "put_log_events",
            {"logGroupName": GROUP, "logStreamName": "s", "logEvents": [{"timestamp": 1, "message": "m"}]},
        ),
    ],
)
def test_nobody_else_writes_there_or_gets_an_empty_answer(world: World, call: str, given: Any) -> None:
    world.deploy("s", an_endpoint())
    assert code(getattr(world.client("logs"), call), **given) == "NotImplemented"


def test_a_deleted_log_group_is_gone_and_comes_back_with_the_next_container(world: World) -> None:
    world.deploy("s", an_endpoint())
    logs = world.client("logs")
    logs.put_retention_policy(logGroupName=GROUP, retentionInDays=7)
    assert logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"][0]["retentionInDays"] == 7
    logs.delete_log_group(logGroupName=GROUP)
    assert groups(world) == []
    assert code(logs.filter_log_events, logGroupName=GROUP) == "ResourceNotFoundException"
    world.deploy("s", an_endpoint(suffix="2"))
    assert len(streams(world)) == 1


def test_a_stack_that_makes_the_log_group_must_come_before_the_container(world: World) -> None:
    group = a_template(G={"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": GROUP}})
    world.deploy("logs", group)
    world.deploy("s", an_endpoint())
    assert len(lines(world)) == 7
    world.cfn.delete_stack(StackName="logs")
    world.advance()
    assert groups(world) == []
    world.deploy("s", an_endpoint(suffix="2"))
    with pytest.raises(ClientError, match=f"ResourceExistenceCheck.*{GROUP}' already exists"):
        world.cfn.create_stack(StackName="again", TemplateBody=json.dumps(group))


def test_logs_survive_a_restart(world: World) -> None:
    world.deploy("s", an_endpoint())
    kept = world.sandbox.world.containers
    again = Whole(world.sandbox.world.store._folder, clock=Clock(speed=0))
    assert again.containers.groups("us-east-2") == kept.groups("us-east-2")
