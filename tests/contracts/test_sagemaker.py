"""SageMaker hosting: what may be made, how endpoints move, what serves."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .conftest import World
from .templates import PACKAGE

ROLE = "arn:aws:iam::123456789012:role/esm"


def a_model(world: World, name: str = "Model-1", **more: Any) -> Any:
    given = {
        "ModelName": name,
        "ExecutionRoleArn": ROLE,
        "EnableNetworkIsolation": True,
        "PrimaryContainer": {"ModelPackageName": PACKAGE},
        **more,
    }
    return world.client("sagemaker").create_model(**given)


def a_config(world: World, name: str = "Config-1", **more: Any) -> Any:
    variant = {
        "VariantName": "variant-1",
        "ModelName": "Model-1",
        "InstanceType": "ml.g5.2xlarge",
        "InitialInstanceCount": 1,
        **more,
    }
    return world.client("sagemaker").create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])


def an_endpoint(world: World) -> Any:
    a_model(world)
    a_config(world)
    return world.client("sagemaker").create_endpoint(EndpointName="E-1", EndpointConfigName="Config-1")


def status(world: World) -> Any:
    return world.client("sagemaker").describe_endpoint(EndpointName="E-1")


def said(call: Any, **given: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**given)
    return str(caught.value.response["Error"]["Message"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"EnableNetworkIsolation": False}, "EnableNetworkIsolation must be true"),
        (
            {"PrimaryContainer": {"ModelPackageName": PACKAGE, "Environment": {"A": "b"}}},
            "Environment variable map cannot be specified when using a ModelPackage",
        ),
        ({"PrimaryContainer": {"ModelPackageName": PACKAGE.replace("us-east-2", "eu-west-1")}}, "not in the region"),
        ({"PrimaryContainer": {}}, "either PrimaryContainer or Containers"),
        ({"ModelName": "has_underscore"}, "regular expression pattern"),
    ],
)
def test_a_model_that_cannot_be_is_refused(world: World, change: Any, message: str) -> None:
    with pytest.raises(ClientError, match=message):
        a_model(world, **change)


def test_no_subscription_no_model(world: World) -> None:
    world.sandbox.world.faults.add("not-subscribed", {})
    with pytest.raises(ClientError, match="Caller is not subscribed to the marketplace offering"):
        a_model(world)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ModelName": "Nope"}, 'Could not find model "arn:aws:sagemaker:us-east-2:123456789012:model/nope"'),
        ({"InstanceType": "ml.g5.huge"}, "enum value set"),
        (
            {"ManagedInstanceScaling": {"Status": "ENABLED"}},
            "ManagedInstanceScaling is not supported with the given EndpointConfig setup",
        ),
    ],
)
def test_a_configuration_that_cannot_be_is_refused(world: World, change: Any, message: str) -> None:
    a_model(world)
    with pytest.raises(ClientError, match=message):
        a_config(world, **change)


IMAGE = "123456789012.dkr.ecr.us-east-2.amazonaws.com/esm:1"
OWN: dict[str, Any] = {"PrimaryContainer": {"Image": IMAGE}, "EnableNetworkIsolation": False}
NAMED = [{"Image": IMAGE, "ContainerHostname": "a"}, {"Image": IMAGE, "ContainerHostname": "b"}]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"PrimaryContainer": {"Image": IMAGE}, "Containers": NAMED}, "cannot provide both"),
        ({"Containers": [NAMED[0], NAMED[0]]}, "ContainerHostname must be unique"),
        ({"Containers": NAMED[:1], "InferenceExecutionConfig": {"Mode": "Serial"}}, "of several Containers"),
        (
            {"Containers": [{"Image": IMAGE}, NAMED[1]], "InferenceExecutionConfig": {"Mode": "Direct"}},
            "needs a ContainerHostname",
        ),
        ({"Containers": [{"ModelPackageName": PACKAGE}, NAMED[1]]}, "as PrimaryContainer only"),
        ({"PrimaryContainer": {"ModelPackageName": PACKAGE, "Image": IMAGE}}, "together with ModelPackageName"),
    ],
)
def test_containers_that_do_not_go_together_are_refused(world: World, change: Any, message: str) -> None:
    given = {"ModelName": "M", "ExecutionRoleArn": ROLE, **change}
    with pytest.raises(ClientError, match=message):
        world.client("sagemaker").create_model(**given)


def variants(*names: str, **more: Any) -> list[dict[str, Any]]:
    """Variants of the model on a type without a local disk."""
    given = {"ModelName": "Model-1", "InstanceType": "ml.m5.xlarge", "InitialInstanceCount": 1, **more}
    return [{"VariantName": name, **given} for name in names]


ACROSS = {"MaxInvocationsPerSecondPerInstance": 1, "MaxCrossRegionPercentPerEndpoint": 10}
ASYNC = {"OutputConfig": {"S3OutputPath": "s3://bucket/out"}}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ProductionVariants": variants("a", "b"), "ShadowProductionVariants": variants("c")}, "exactly one"),
        ({"ShadowProductionVariants": variants("c", "d")}, "exactly one"),
        ({"ShadowProductionVariants": variants("a")}, "must be unique"),
        ({"ShadowProductionVariants": variants("c"), "AsyncInferenceConfig": ASYNC}, "no shadow variants"),
        ({"ProductionVariants": variants("a", InstanceType="ml.g5.xlarge"), "KmsKeyId": "k"}, "KmsKeyId is not"),
        ({"ProductionVariants": variants("a", InstanceType="ml.c5d.xlarge"), "KmsKeyId": "k"}, "KmsKeyId is not"),
        ({"ProductionVariants": variants("a", InstanceType="ml.g6.xlarge", VolumeSizeInGB=9)}, "VolumeSizeInGB is"),
        ({"AsyncInferenceConfig": ASYNC}, "not supported for models using SageMaker Marketplace packages"),
        ({"CrossRegionTrafficConfig": ACROSS}, "does not support CrossRegionTrafficConfig"),
    ],
)
def test_a_configuration_whose_parts_do_not_go_together_is_refused(world: World, change: Any, message: str) -> None:
    a_model(world)
    given = {"EndpointConfigName": "C", "ProductionVariants": variants("a"), **change}
    with pytest.raises(ClientError, match=message):
        world.client("sagemaker").create_endpoint_config(**given)


def test_a_shadow_runs_beside_and_counts(world: World) -> None:
    a_model(world)
    sagemaker = world.client("sagemaker")
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 10,
        "DestinationS3Uri": "s3://bucket/capture",
        "CaptureOptions": [{"CaptureMode": "Input"}],
    }
    sagemaker.create_endpoint_config(
        EndpointConfigName="Config-1",
        ProductionVariants=variants("live"),
        ShadowProductionVariants=variants("shadow"),
        DataCaptureConfig=capture,
    )
    world.sandbox.world.faults.add("quota", {"instance_type": "ml.m5.xlarge", "limit": 2})
    sagemaker.create_endpoint(EndpointName="E-1", EndpointConfigName="Config-1")
    world.advance(2)
    seen = status(world)
    assert [item["VariantName"] for item in seen["ProductionVariants"]] == ["live"]
    assert [item["VariantName"] for item in seen["ShadowProductionVariants"]] == ["shadow"]
    assert seen["DataCaptureConfig"]["CaptureStatus"] == "Started"
    assert "is 2 Instances, with current utilization of 2" in said(
        sagemaker.create_endpoint, EndpointName="E-2", EndpointConfigName="Config-1"
    )


def test_an_asynchronous_endpoint_is_not_invoked(world: World) -> None:
    a_model(world, **OWN)
    sagemaker = world.client("sagemaker")
    sagemaker.create_endpoint_config(
        EndpointConfigName="Config-1", ProductionVariants=variants("a"), AsyncInferenceConfig=ASYNC
    )
    sagemaker.create_endpoint(EndpointName="E-1", EndpointConfigName="Config-1")
    world.advance(2)
    assert status(world)["AsyncInferenceConfig"] == ASYNC
    runtime = world.client("sagemaker-runtime")
    assert "is asynchronous" in said(runtime.invoke_endpoint, EndpointName="E-1", Body=b"{}")
    asked = {"EndpointName": "E-1", "InputLocation": "s3://bucket/in"}
    assert "does not support" in said(runtime.invoke_endpoint_async, **asked)


def test_the_quota_of_all_endpoints_is_one_too(world: World) -> None:
    world.sandbox.world.faults.add("total-quota", {"limit": 1})
    an_endpoint(world)
    world.advance(2)
    a_config(world, "Config-2", InstanceType="ml.g5.4xlarge")
    found = said(world.client("sagemaker").create_endpoint, EndpointName="E-2", EndpointConfigName="Config-2")
    assert found.startswith(
        "The account-level service limit 'Number of instances across active endpoints' is 1 Instances, with current "
        "utilization of 1 Instances and a request delta of 1 Instances."
    )
    pages = world.client("service-quotas").get_paginator("list_service_quotas").paginate(ServiceCode="sagemaker")
    quotas = {quota["QuotaName"]: quota["Value"] for page in pages for quota in page["Quotas"]}
    assert quotas["Number of instances across active endpoints"] == 1


def test_names_keep_their_case_and_arns_do_not(world: World) -> None:
    assert an_endpoint(world)["EndpointArn"].endswith(":endpoint/e-1")
    assert status(world)["EndpointName"] == "E-1"
    assert "Could not find endpoint" in said(world.client("sagemaker").describe_endpoint, EndpointName="e-1")
    with pytest.raises(ClientError, match="Cannot create already existing model"):
        a_model(world, "MODEL-1")


def test_an_endpoint_is_creating_then_in_service(world: World) -> None:
    an_endpoint(world)
    assert status(world)["EndpointStatus"] == "Creating"
    sagemaker = world.client("sagemaker")
    assert "in-progress" in said(sagemaker.delete_endpoint, EndpointName="E-1")
    assert "in-progress" in said(sagemaker.update_endpoint, EndpointName="E-1", EndpointConfigName="Config-1")
    assert "in use" in said(sagemaker.delete_endpoint_config, EndpointConfigName="Config-1")
    world.advance(2)
    seen = status(world)
    assert seen["EndpointStatus"] == "InService"
    assert seen["ProductionVariants"][0]["CurrentInstanceCount"] == 1
    assert sagemaker.list_endpoints(StatusEquals="InService")["Endpoints"][0]["EndpointName"] == "E-1"


def test_network_isolation_is_kept(world: World) -> None:
    a_model(world)
    assert world.client("sagemaker").describe_model(ModelName="Model-1")["EnableNetworkIsolation"] is True


def test_an_update_is_pending_beside_what_serves(world: World) -> None:
    an_endpoint(world)
    world.advance(2)
    a_config(world, "Config-2", InitialInstanceCount=2)
    world.client("sagemaker").update_endpoint(EndpointName="E-1", EndpointConfigName="Config-2")
    seen = status(world)
    assert (seen["EndpointStatus"], seen["EndpointConfigName"]) == ("Updating", "Config-1")
    assert seen["PendingDeploymentSummary"]["EndpointConfigName"] == "Config-2"
    world.advance(2)
    seen = status(world)
    assert (seen["EndpointStatus"], seen["EndpointConfigName"]) == ("InService", "Config-2")
    assert seen["ProductionVariants"][0]["CurrentInstanceCount"] == 2


@pytest.mark.parametrize("name", ["capacity", "health", "silent-rollback"])
def test_an_update_that_fails_returns_to_the_old_configuration(world: World, name: str) -> None:
    an_endpoint(world)
    world.advance(2)
    a_config(world, "Config-2")
    world.sandbox.world.faults.add(name, {})
    world.client("sagemaker").update_endpoint(EndpointName="E-1", EndpointConfigName="Config-2")
    world.advance(2)
    seen = status(world)
    assert (seen["EndpointStatus"], seen["EndpointConfigName"]) == ("InService", "Config-1")
    assert ("FailureReason" in seen) == (name != "silent-rollback")


def test_no_quota_no_endpoint(world: World) -> None:
    world.sandbox.world.faults.add("quota", {"instance_type": "ml.g5.2xlarge", "limit": 0})
    with pytest.raises(ClientError, match="for endpoint usage' is 0 Instances") as caught:
        an_endpoint(world)
    assert caught.value.response["Error"]["Code"] == "ResourceLimitExceeded"


def test_scaling_and_tags(world: World) -> None:
    arn = an_endpoint(world)["EndpointArn"]
    world.advance(2)
    sagemaker = world.client("sagemaker")
    sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="E-1", DesiredWeightsAndCapacities=[{"VariantName": "variant-1", "DesiredInstanceCount": 3}]
    )
    world.advance(2)
    assert status(world)["ProductionVariants"][0]["CurrentInstanceCount"] == 3
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "b"}])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "b"}]
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["a"])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == []


def envelope(method: str, **inner: Any) -> bytes:
    model = "esmc-300m-2024-12"
    return json.dumps({"model": model, "api_ver": "v1", "endpoint": method, method: {"model": model, **inner}}).encode()


def invoke(world: World, body: bytes, name: str = "E-1", **more: Any) -> Any:
    given = {"EndpointName": name, "ContentType": "application/json", "Body": body, **more}
    return world.client("sagemaker-runtime").invoke_endpoint(**given)


def test_only_what_serves_answers(world: World) -> None:
    an_endpoint(world)
    body = envelope("encode", inputs={"sequence": "AAAAA"})
    message = "Endpoint E-1 of account 123456789012 not found."
    with pytest.raises(ClientError, match=message):
        invoke(world, body)
    world.advance(2)
    answer = invoke(world, body)
    assert answer["InvokedProductionVariant"] == "variant-1"
    outputs = json.loads(answer["Body"].read())["encode"]["outputs"]
    assert outputs["sequence"] == [0, 5, 5, 5, 5, 5, 2]
    with pytest.raises(ClientError, match="Endpoint e-1 of account"):
        invoke(world, body, name="e-1")
    with pytest.raises(ClientError, match="Variant blue not found"):
        invoke(world, body, TargetVariant="blue")


def test_logits_have_the_models_shape(world: World) -> None:
    an_endpoint(world)
    world.advance(2)
    config = {"sequence": True, "return_embeddings": True}
    body = envelope("logits", inputs={"sequence": [0, 5, 5, 2]}, logits_config=config)
    found = json.loads(invoke(world, body, CustomAttributes="return_bytes=false")["Body"].read())["logits"]
    assert [len(found["logits"]["sequence"]), len(found["logits"]["sequence"][0])] == [4, 64]
    (embedding,) = found["embeddings"]  # a batch of one, as the notebook of the Terraform module saw it
    assert [len(embedding), len(embedding[0])] == [4, 960]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"nonsense", 400, "not JSON"),
        (envelope("fold", sequence="A"), 400, "not 'fold'"),
        (envelope("encode", inputs={"sequence": "A1"}), 422, "not an amino acid"),
    ],
)
def test_the_containers_own_errors_are_model_errors(world: World, body: bytes, status: int, words: str) -> None:
    an_endpoint(world)
    world.advance(2)
    with pytest.raises(ClientError, match=words) as caught:
        invoke(world, body)
    assert caught.value.response["Error"]["Code"] == "ModelError"
    assert caught.value.response["OriginalStatusCode"] == status
