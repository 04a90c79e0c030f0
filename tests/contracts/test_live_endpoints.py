"""What only a live account can confirm of endpoints, which cost money there; `test_live` says how they are run."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from . import account
from .account import Account, findings
from .templates import PACKAGE, TRUST, a_group, a_template


@pytest.fixture
def costly(live: Account) -> Account:
    """An account in which an endpoint may be made."""
    if live.world is None and not (account.GPU and account.PACKAGE):
        pytest.skip("costs money: needs ESMCFN_LIVE_GPU=1 and ESMCFN_LIVE_PACKAGE")
    return live


def package(live: Account) -> str:
    return PACKAGE if live.world is not None else account.PACKAGE


def a_model(live: Account) -> dict[str, Any]:
    """A model with a fixed name, and two roles it may have."""
    role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}}
    model = {
        "Type": "AWS::SageMaker::Model",
        "Properties": {
            "ModelName": live.name("model"),
            "ExecutionRoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
            "EnableNetworkIsolation": True,
            "PrimaryContainer": {"ModelPackageName": package(live) or PACKAGE},
        },
    }
    return a_template(Role=role, Other=role, Model=model)


def an_endpoint(live: Account, *, count: int = 1, instance_type: str = "", suffix: str = "1", **variant: Any) -> Any:
    """The model behind an endpoint with a fixed name; its configuration's name changes with `suffix`."""
    template = a_model(live)
    declared = {
        "VariantName": "variant-1",
        "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]},
        "InstanceType": instance_type or account.INSTANCE,
        "InitialInstanceCount": count,
        "InitialVariantWeight": 1,
        **variant,
    }
    template["Resources"]["Config"] = {
        "Type": "AWS::SageMaker::EndpointConfig",
        "Properties": {"EndpointConfigName": live.name(f"config-{suffix}"), "ProductionVariants": [declared]},
    }
    template["Resources"]["Endpoint"] = {
        "Type": "AWS::SageMaker::Endpoint",
        "Properties": {
            "EndpointName": live.name("endpoint"),
            "EndpointConfigName": {"Fn::GetAtt": ["Config", "EndpointConfigName"]},
        },
    }
    return template


@pytest.mark.parametrize("fault", ["health", "silent-rollback"])
def test_cloudformation_knows_of_an_update_what_sagemaker_says(costly: Account, fault: str) -> None:
    """On AWS a container that gets a minute to start fails; whether SageMaker gives a reason decides."""
    stack = costly.deploy(an_endpoint(costly))
    costly.fault(fault, times=1)
    hurried = {"ContainerStartupHealthCheckTimeoutInSeconds": 60}
    ended = costly.deploy(an_endpoint(costly, suffix="2", **hurried), kind="UPDATE")
    seen = costly.client("sagemaker").describe_endpoint(EndpointName=costly.name("endpoint"))
    assert (seen["EndpointStatus"], seen["EndpointConfigName"]) == ("InService", costly.name("config-1"))
    reasons = [event.get("ResourceStatusReason", "") for event in costly.events(stack["StackId"])]
    told = [reason for reason in reasons if "NotStabilized" in reason]
    assert bool(told) == (ended["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE")
    if costly.world is not None:
        assert bool(told) == (fault == "health")


def test_a_cancelled_update_waits_for_the_endpoint(costly: Account) -> None:
    stack = costly.deploy(an_endpoint(costly))
    costly.begin(an_endpoint(costly, suffix="2"))
    sagemaker, name = costly.client("sagemaker"), costly.name("endpoint")
    costly.until(lambda: sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] == "Updating", 0.5)
    costly.cfn.cancel_update_stack(StackName=stack["StackId"])
    assert costly.ended(stack["StackId"])["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    seen = sagemaker.describe_endpoint(EndpointName=name)
    assert (seen["EndpointStatus"], seen["EndpointConfigName"]) == ("InService", costly.name("config-1"))


def test_a_scaled_variant_keeps_its_instance_type(costly: Account) -> None:
    costly.deploy(an_endpoint(costly))
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{costly.name('endpoint')}/variant/variant-1",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    scaling = costly.client("application-autoscaling")
    scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=1)
    sagemaker, other = costly.client("sagemaker"), costly.name("other")
    variant = {"VariantName": "variant-1", "ModelName": costly.name("model"), "InitialInstanceCount": 1}
    bigger = {**variant, "InstanceType": "ml.g5.4xlarge"}
    sagemaker.create_endpoint_config(EndpointConfigName=other, ProductionVariants=[bigger])
    costly.afterwards(lambda: sagemaker.delete_endpoint_config(EndpointConfigName=other))
    with pytest.raises(ClientError, match="must be deregistered as an autoscaling target"):
        sagemaker.update_endpoint(EndpointName=costly.name("endpoint"), EndpointConfigName=other)


def test_a_package_without_a_subscription_is_not_described(live: Account) -> None:
    asked = PACKAGE if live.world is not None else account.UNSUBSCRIBED
    if not asked:
        pytest.skip("needs ESMCFN_LIVE_UNSUBSCRIBED, a package that the account is not subscribed to")
    live.fault("not-subscribed")
    with pytest.raises(ClientError, match="not subscribed"):
        live.client("sagemaker").describe_model_package(ModelPackageName=asked)


def test_an_endpoint_keeps_the_case_of_its_name(costly: Account) -> None:
    template = an_endpoint(costly)
    name = costly.name("Mixed-Case")
    template["Resources"]["Endpoint"]["Properties"]["EndpointName"] = name
    template["Outputs"] = {
        "Name": {"Value": {"Fn::GetAtt": ["Endpoint", "EndpointName"]}},
        "Arn": {"Value": {"Ref": "Endpoint"}},
    }
    stack = costly.deploy(template)
    found = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    assert found["Name"] == name
    assert found["Arn"].endswith(f":endpoint/{name.lower()}")


def test_a_deleted_endpoint_is_made_again_by_a_revert(costly: Account) -> None:
    costly.deploy(an_endpoint(costly))
    sagemaker, name = costly.client("sagemaker"), costly.name("endpoint")
    sagemaker.delete_endpoint(EndpointName=name)
    costly.until(lambda: name not in [e["EndpointName"] for e in sagemaker.list_endpoints()["Endpoints"]])
    ended = costly.deploy(an_endpoint(costly), kind="UPDATE", DeploymentMode="REVERT_DRIFT")
    assert ended["StackStatus"] == "UPDATE_COMPLETE"
    assert sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] == "InService"


@pytest.mark.parametrize(("retained", "count"), [(False, 1), (True, 2)])
def test_an_update_returns_a_scaled_fleet_to_its_configuration(costly: Account, retained: bool, count: int) -> None:
    costly.deploy(an_endpoint(costly))
    sagemaker, name = costly.client("sagemaker"), costly.name("endpoint")
    wanted = [{"VariantName": "variant-1", "DesiredInstanceCount": 2}]
    sagemaker.update_endpoint_weights_and_capacities(EndpointName=name, DesiredWeightsAndCapacities=wanted)
    costly.until(lambda: sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] == "InService")
    template = an_endpoint(costly, suffix="2")
    template["Resources"]["Endpoint"]["Properties"]["RetainAllVariantProperties"] = retained
    assert costly.deploy(template, kind="UPDATE")["StackStatus"] == "UPDATE_COMPLETE"
    (variant,) = sagemaker.describe_endpoint(EndpointName=name)["ProductionVariants"]
    assert variant["DesiredInstanceCount"] == count


def test_the_log_group_of_an_endpoint_is_in_the_way(costly: Account) -> None:
    costly.deploy(an_endpoint(costly))
    group = f"/aws/sagemaker/Endpoints/{costly.name('endpoint')}"
    logs = costly.client("logs")
    costly.until(lambda: logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"])
    costly.afterwards(lambda: logs.delete_log_group(logGroupName=group))
    plan = costly.plan(a_template(Group=a_group(group)), kind="CREATE", stack="log")
    assert plan["Status"] == "FAILED"
    assert "ResourceExistenceCheck" in plan["StatusReason"]


def test_a_sagemaker_name_that_must_change_is_refused_by_sagemaker(costly: Account) -> None:
    stack = costly.deploy(a_model(costly))
    other = a_model(costly)
    other["Resources"]["Model"]["Properties"]["ExecutionRoleArn"] = {"Fn::GetAtt": ["Other", "Arn"]}
    assert costly.deploy(other, kind="UPDATE")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    reasons = [event.get("ResourceStatusReason", "") for event in costly.events(stack["StackId"])]
    assert any("already exist" in reason for reason in reasons)
    assert not any("custom-named resource" in reason for reason in reasons)


def test_a_quota_that_does_not_suffice_is_a_warning(live: Account) -> None:
    """Nothing is executed, so nothing is paid: no account has a quota for so many of this type."""
    live.fault("quota", instance_type="ml.p4d.24xlarge", limit=0)
    plan = live.plan(an_endpoint(live, instance_type="ml.p4d.24xlarge", count=99), kind="CREATE")
    assert plan["Status"] == "CREATE_COMPLETE"
    assert "WARN" in [mode for _, mode, _ in findings(live, plan["ChangeSetId"])]
