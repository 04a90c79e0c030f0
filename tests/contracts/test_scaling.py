"""Scaled endpoints: what an update keeps of their instances, what deleting them takes along, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from .conftest import World
from .templates import an_endpoint

NAME = "Endpoint-ESMC-300M-1"
TARGET = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": f"endpoint/{NAME}/variant/variant-1",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
EXCLUDED = [{"VariantPropertyType": "DesiredInstanceCount"}]


@pytest.fixture
def scaled(world: World) -> World:
    """An endpoint with one instance declared, scaled out to three."""
    world.deploy("s", an_endpoint())
    world.client("application-autoscaling").register_scalable_target(**TARGET, MinCapacity=1, MaxCapacity=4)
    wanted = [{"VariantName": "variant-1", "DesiredInstanceCount": 3, "DesiredWeight": 2.0}]
    world.client("sagemaker").update_endpoint_weights_and_capacities(
        EndpointName=NAME, DesiredWeightsAndCapacities=wanted
    )
    world.advance()
    return world


def variant(world: World) -> tuple[int, float]:
    (found,) = world.client("sagemaker").describe_endpoint(EndpointName=NAME)["ProductionVariants"]
    return found["CurrentInstanceCount"], found["CurrentWeight"]


@pytest.mark.parametrize(
    ("properties", "kept"),
    [
        ({}, (1, 1.0)),
        ({"RetainAllVariantProperties": False}, (1, 1.0)),
        ({"RetainAllVariantProperties": True}, (3, 2.0)),
        ({"RetainAllVariantProperties": True, "ExcludeRetainedVariantProperties": EXCLUDED}, (1, 2.0)),
    ],
    ids=["nothing said", "not retained", "retained", "all but the count"],
)
def test_an_update_keeps_of_a_scaled_fleet_what_it_is_told_to(scaled: World, properties: Any, kept: Any) -> None:
    assert variant(scaled) == (3, 2.0)
    scaled.deploy("s", an_endpoint(suffix="2", **properties))
    assert scaled.stack("s")["StackStatus"] == "UPDATE_COMPLETE", scaled.reasons("s")
    assert variant(scaled) == kept


def test_the_quota_must_do_for_the_instances_that_are_kept(scaled: World) -> None:
    scaled.sandbox.world.faults.add("quota", {"instance_type": "ml.g5.2xlarge", "limit": 5})
    scaled.deploy("s", an_endpoint(suffix="2", RetainAllVariantProperties=True))
    assert "current utilization of 3 Instances and a request delta of 3 Instances" in scaled.reasons("s")["Endpoint"]
    scaled.deploy("s", an_endpoint(suffix="3"))
    assert variant(scaled) == (1, 1.0)


def test_another_instance_type_needs_the_target_to_go_first(scaled: World) -> None:
    scaled.deploy("s", an_endpoint(suffix="2", instance_type="ml.g5.4xlarge"))
    assert "must be deregistered as an autoscaling target" in scaled.reasons("s")["Endpoint"]
    assert scaled.stack("s")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    scaled.client("application-autoscaling").deregister_scalable_target(**TARGET)
    scaled.deploy("s", an_endpoint(suffix="3", instance_type="ml.g5.4xlarge"))
    assert scaled.stack("s")["StackStatus"] == "UPDATE_COMPLETE"


def test_a_target_that_is_not_registered_cannot_be_deregistered(world: World) -> None:
    world.deploy("s", an_endpoint())
    scaling = world.client("application-autoscaling")
    with pytest.raises(scaling.exceptions.ObjectNotFoundException, match="No scalable target registered"):
        scaling.deregister_scalable_target(**TARGET)


def test_a_deleted_endpoint_takes_its_targets_along_without_notice(scaled: World) -> None:
    scaled.client("sagemaker").delete_endpoint(EndpointName=NAME)
    scaled.advance()
    scaling = scaled.client("application-autoscaling")
    assert scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"] == []


@pytest.mark.parametrize("by_stack", [False, True])
def test_who_may_not_deregister_deletes_no_scaled_endpoint(scaled: World, by_stack: bool) -> None:
    scaled.sandbox.world.faults.add("access-denied", {"action": "application-autoscaling:DeregisterScalableTarget"})
    told = "does not have application-autoscaling:DeregisterScalableTarget permission"
    if by_stack:
        scaled.cfn.delete_stack(StackName="s")
        scaled.advance()
        assert scaled.stack("s")["StackStatus"] == "DELETE_FAILED"
        assert told in scaled.reasons("s")["Endpoint"]
    else:
        with pytest.raises(ClientError, match=told):
            scaled.client("sagemaker").delete_endpoint(EndpointName=NAME)
    assert variant(scaled) == (3, 2.0)


@pytest.mark.parametrize(
    "schedule", ["cron(61 25 ? * MON *)", "cron(0 0 30 2 ? *)", "cron(0 0 ? * ? *)", "cron(0 20 * * ? *)x", "daily"]
)
def test_a_moment_that_never_comes_is_refused(scaled: World, schedule: str) -> None:
    scaling = scaled.client("application-autoscaling")
    action = {"MinCapacity": 1, "MaxCapacity": 1}
    with pytest.raises(ClientError, match=r"ValidationException.*Invalid schedule expression") as refused:
        scaling.put_scheduled_action(
            **TARGET, ScheduledActionName="night", Schedule=schedule, ScalableTargetAction=action
        )
    assert schedule in str(refused.value)
    assert scaling.describe_scheduled_actions(ServiceNamespace="sagemaker")["ScheduledActions"] == []
