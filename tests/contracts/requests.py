"""Requests to every operation of the sandbox that succeed, and what must have happened before each."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from esmcfn.sandbox.aws import Moto
from esmcfn.sandbox.clock import Clock
from esmcfn.sandbox.control import Control
from esmcfn.sandbox.front import Front
from esmcfn.sandbox.state import encode
from esmcfn.sandbox.world import World

from .conftest import REGION
from .templates import PACKAGE, an_endpoint

NOW = 1_780_000_000.0
ENDPOINT = "Endpoint-ESMC-300M-1"
ARN = f"arn:aws:sagemaker:{REGION}:123456789012:endpoint/{ENDPOINT.lower()}"
GROUP = f"/aws/sagemaker/Endpoints/{ENDPOINT}"
STREAM = "the first one"
TARGET = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": f"endpoint/{ENDPOINT}/variant/variant-1",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
TRACKING = {
    "TargetValue": 60.0,
    "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
}
DAYS = {"Start": "2026-05-01", "End": "2026-06-01"}
METRIC = {"Namespace": "AWS/SageMaker", "MetricName": "Invocations"}
WINDOW = {"StartTime": datetime.fromtimestamp(NOW - 3600, UTC), "EndTime": datetime.fromtimestamp(NOW, UTC)}
QUERY = {"Id": "q", "MetricStat": {"Metric": METRIC, "Period": 60, "Stat": "Sum"}}
OTHERS = {"StatisticValues": {"SampleCount": 1.0, "Sum": 1.0, "Minimum": 1.0, "Maximum": 1.0}}


def template(suffix: str = "1", *, count: int = 1, **more: Any) -> str:
    """An endpoint with a parameter that is shown, and an export; what it makes is ours, so moto is not needed."""
    parameters = {"P": {"Type": "String", "Default": "a"}}
    outputs = {"P": {"Value": {"Ref": "P"}, "Export": {"Name": "exported"}}}
    found = {**an_endpoint(suffix=suffix, count=count), "Parameters": parameters, "Outputs": outputs, **more}
    return json.dumps(found)


class Door(Moto):
    """The sandbox without a socket: requests as botocore writes them, answers as it reads them."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(None, clock=Clock(real=lambda: NOW, speed=0))
        self.front = Front(self.world, Control(self.world, "token"))

    def _service(self, service: str, region: str, environ: Any) -> Any:
        return self.front

    def do(self, service: str, operation: str, **parameters: Any) -> Any:
        """Call an operation, and let everything that follows from it happen."""
        answer = self.call(service, operation, REGION, parameters)
        self.world.clock.advance(60)
        self.world.settle()
        return answer

    def fault(self, name: str, **options: Any) -> None:
        self.world.faults.add(name, options)

    @property
    def state(self) -> str:
        """Everything the sandbox holds, with ids that differ each time left out."""
        held = self.world
        parts = (held.cloudformation.stacks, held.sagemaker.regions, held.autoscaling.regions, held.metrics.series)
        return plain(json.dumps([encode(part) for part in parts], default=str))


def plain(text: str) -> str:
    """Return text without ids."""
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32,64}|-[0-9A-F]{12}\b", "ID", text)


# What there is before a call


def prepared(door: Door) -> None:
    """A stack with an endpoint, a change set, a target with a policy and an action, a metric."""
    door.do("cloudformation", "CreateStack", StackName="s", TemplateBody=template(count=2))
    more = [{"Key": "a", "Value": "b"}]
    changed = {"StackName": "s", "TemplateBody": template("2"), "Tags": more}
    door.do("cloudformation", "CreateChangeSet", ChangeSetName="plan", **changed)
    importing = {"Resources": {"M": model("a-model", {"Fn::ImportValue": "exported"})}}
    door.do("cloudformation", "CreateStack", StackName="importer", TemplateBody=json.dumps(importing))
    scaling = "application-autoscaling"
    door.do(scaling, "RegisterScalableTarget", **TARGET, MinCapacity=1, MaxCapacity=2, Tags={"b": "c"})
    step = {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": [{"ScalingAdjustment": 1}]}
    door.do(scaling, "PutScalingPolicy", **TARGET, PolicyName="load", StepScalingPolicyConfiguration=step)
    action = {"Schedule": "rate(1 day)", "ScalableTargetAction": {"MaxCapacity": 1}}
    door.do(scaling, "PutScheduledAction", **TARGET, ScheduledActionName="night", **action)
    second = {**TARGET, "ResourceId": "endpoint/A-endpoint/variant/variant-1"}
    config = door.do("sagemaker", "DescribeEndpointConfig", EndpointConfigName="Config-1")["ProductionVariants"]
    door.do("sagemaker", "CreateEndpointConfig", EndpointConfigName="A-config", ProductionVariants=config)
    door.do("sagemaker", "CreateEndpoint", EndpointName="A-endpoint", EndpointConfigName="A-config")
    door.do("sagemaker", "AddTags", ResourceArn=ARN, Tags=[{"Key": "b", "Value": "c"}])
    door.do(scaling, "RegisterScalableTarget", **second, MinCapacity=1, MaxCapacity=2)
    door.do(scaling, "PutScalingPolicy", **second, PolicyName="other", StepScalingPolicyConfiguration=step)
    door.do(scaling, "PutScheduledAction", **second, ScheduledActionName="day", **action)
    at = datetime.fromtimestamp(NOW - 60, UTC).isoformat()
    earlier = datetime.fromtimestamp(NOW - 600, UTC).isoformat()
    metric = {"region": REGION, "namespace": METRIC["Namespace"], "name": METRIC["MetricName"], "at": at, "value": 5}
    door.world.seeds.add(
        {
            "prices": [
                {"instance_type": "ml.g5.2xlarge", "region": REGION, "usd_per_hour": "1.5"},
                {"instance_type": "ml.g5.4xlarge", "region": REGION, "usd_per_hour": "2.5"},
            ],
            "costs": [
                {"date": "2026-05-02", "usd": "3", "tags": {"team": "esm"}},
                {"date": "2026-05-03", "usd": "3", "tags": {"team": "two"}},
            ],
            "metrics": [metric, {**metric, "at": earlier}, {**metric, "name": "Other"}],
        }
    )


def model(name: str, shown: Any) -> Any:
    """A model that depends on nothing."""
    given = {"ModelName": name, "ExecutionRoleArn": "arn:aws:iam::123456789012:role/esm"}
    container = {"Image": "123456789012.dkr.ecr.us-east-2.amazonaws.com/esm:1", "Environment": {"P": shown}}
    return {"Type": "AWS::SageMaker::Model", "Properties": {**given, "PrimaryContainer": container}}


def updating(door: Door) -> None:
    prepared(door)
    door.call("cloudformation", "ExecuteChangeSet", REGION, {"ChangeSetName": "plan", "StackName": "s"})
    door.world.clock.advance(0.3)
    door.world.settle()


def paused(door: Door) -> None:
    prepared(door)
    door.fault("handler", logical_id="Endpoint", operation="update", times=1)
    door.do("cloudformation", "ExecuteChangeSet", ChangeSetName="plan", StackName="s", DisableRollback=True)


def stuck(door: Door) -> None:
    prepared(door)
    door.fault("health", times=1)
    door.fault("rollback", logical_id="Endpoint", times=1)
    door.do("cloudformation", "ExecuteChangeSet", ChangeSetName="plan", StackName="s")


def undeletable(door: Door) -> None:
    door.do("cloudformation", "CreateStack", StackName="s", TemplateBody=template())
    door.fault("handler", logical_id="Endpoint", operation="delete", times=1)
    door.do("cloudformation", "DeleteStack", StackName="s")


def transformed(door: Door) -> None:
    body = template(Transform="AWS::LanguageExtensions")
    expand = ["CAPABILITY_AUTO_EXPAND"]
    door.do("cloudformation", "CreateStack", StackName="s", TemplateBody=body, Capabilities=expand)
    door.do("cloudformation", "CreateChangeSet", StackName="s", ChangeSetName="plan", TemplateBody=template("2"))


def warned(door: Door) -> None:
    prepared(door)
    door.fault("validation", mode="WARN")


def drifted(door: Door) -> str:
    prepared(door)
    return str(door.do("cloudformation", "DetectStackDrift", StackName="s")["StackDriftDetectionId"])


BEFORE: dict[str, Callable[[Door], object]] = {
    "CancelUpdateStack": updating,
    "RollbackStack": paused,
    "ContinueUpdateRollback": stuck,
    "DeleteStack": undeletable,
    "DescribeStackResourceDrifts": drifted,
    "DescribeStackDriftDetectionStatus": drifted,
    "GetTemplate": transformed,
    "CreateChangeSet": warned,
}

STACK = {"StackName": "s"}
PLAN = {"ChangeSetName": "plan", "StackName": "s"}
BODY = {"TemplateBody": template("3")}
VARIANT = {"VariantName": "v", "ModelName": "Model-1", "InstanceType": "ml.m5.xlarge", "InitialInstanceCount": 1}
MODEL = {"ModelName": "m", "ExecutionRoleArn": "arn:aws:iam::123456789012:role/esm"}

BASE: dict[str, dict[str, Any]] = {
    "CreateChangeSet": {"StackName": "s", "ChangeSetName": "new", **BODY},
    "DescribeChangeSet": PLAN,
    "DescribeChangeSetHooks": PLAN,
    "ListChangeSets": STACK,
    "DeleteChangeSet": PLAN,
    "ExecuteChangeSet": PLAN,
    "DetectStackDrift": STACK,
    "DetectStackResourceDrift": {**STACK, "LogicalResourceId": "Model"},
    "DescribeStackResourceDrifts": STACK,
    "CreateStack": {"StackName": "new", "TemplateBody": json.dumps({"Resources": {"M": model("new", "x")}})},
    "UpdateStack": {**STACK, **BODY},
    "DeleteStack": STACK,
    "DescribeStackEvents": STACK,
    "DescribeStackResource": {**STACK, "LogicalResourceId": "Model"},
    "DescribeStackResources": STACK,
    "ListStackResources": STACK,
    "GetTemplate": STACK,
    "GetTemplateSummary": BODY,
    "ValidateTemplate": BODY,
    "UpdateTerminationProtection": {**STACK, "EnableTerminationProtection": True},
    "ListImports": {"ExportName": "exported"},
    "GetStackPolicy": STACK,
    "SetStackPolicy": STACK,
    "DescribeEvents": STACK,
    "CancelUpdateStack": STACK,
    "ContinueUpdateRollback": STACK,
    "RollbackStack": STACK,
    "CreateModel": {**MODEL, "PrimaryContainer": {"Image": "123456789012.dkr.ecr.us-east-2.amazonaws.com/esm:1"}},
    "DescribeModel": {"ModelName": "Model-1"},
    "DeleteModel": {"ModelName": "Model-1"},
    "DescribeModelPackage": {"ModelPackageName": PACKAGE},
    "CreateEndpointConfig": {"EndpointConfigName": "c", "ProductionVariants": [VARIANT]},
    "DescribeEndpointConfig": {"EndpointConfigName": "Config-1"},
    "DeleteEndpointConfig": {"EndpointConfigName": "Config-1"},
    "CreateEndpoint": {"EndpointName": "e", "EndpointConfigName": "Config-1"},
    "DescribeEndpoint": {"EndpointName": ENDPOINT},
    "UpdateEndpoint": {"EndpointName": ENDPOINT, "EndpointConfigName": "Config-1"},
    "UpdateEndpointWeightsAndCapacities": {
        "EndpointName": ENDPOINT,
        "DesiredWeightsAndCapacities": [{"VariantName": "variant-1", "DesiredInstanceCount": 2}],
    },
    "DeleteEndpoint": {"EndpointName": ENDPOINT},
    "AddTags": {"ResourceArn": ARN, "Tags": [{"Key": "a", "Value": "b"}]},
    "ListTags": {"ResourceArn": ARN},
    "DeleteTags": {"ResourceArn": ARN, "TagKeys": ["a"]},
    "TagResource": {"Tags": {"a": "b"}},
    "UntagResource": {"TagKeys": ["a"]},
    "GetServiceQuota": {"ServiceCode": "sagemaker", "QuotaCode": "L-7A3DF611"},
    "GetAWSDefaultServiceQuota": {"ServiceCode": "sagemaker", "QuotaCode": "L-7A3DF611"},
    "RegisterScalableTarget": TARGET,
    "DeregisterScalableTarget": TARGET,
    "DescribeScalableTargets": {"ServiceNamespace": "sagemaker"},
    "PutScalingPolicy": {
        **TARGET,
        "PolicyName": "new",
        "PolicyType": "StepScaling",
        "StepScalingPolicyConfiguration": {"AdjustmentType": "ExactCapacity", "StepAdjustments": []},
    },
    "DeleteScalingPolicy": {**TARGET, "PolicyName": "load"},
    "DescribeScalingPolicies": {"ServiceNamespace": "sagemaker"},
    "DescribeScalingActivities": {"ServiceNamespace": "sagemaker"},
    "PutScheduledAction": {**TARGET, "ScheduledActionName": "night"},
    "DeleteScheduledAction": {**TARGET, "ScheduledActionName": "night"},
    "DescribeScheduledActions": {"ServiceNamespace": "sagemaker"},
    "ListServiceQuotas": {"ServiceCode": "sagemaker"},
    "ListAWSDefaultServiceQuotas": {"ServiceCode": "sagemaker"},
    "GetAttributeValues": {"ServiceCode": "AmazonSageMaker", "AttributeName": "instanceName"},
    "GetProducts": {"ServiceCode": "AmazonSageMaker"},
    "GetCostAndUsage": {"TimePeriod": DAYS, "Granularity": "DAILY", "Metrics": ["UnblendedCost"]},
    "GetTags": {"TimePeriod": DAYS, "TagKey": "team"},
    "PutMetricData": {"Namespace": "Own", "MetricData": [{"MetricName": "n", "Value": 1.0}]},
    "GetMetricData": {"MetricDataQueries": [QUERY], **WINDOW},
    "GetMetricStatistics": {**METRIC, **WINDOW, "Period": 60, "Statistics": ["Sum"]},
    "DescribeLogStreams": {"logGroupName": GROUP},
    "GetLogEvents": {"logGroupName": GROUP, "logStreamName": STREAM, "limit": 2},
    "FilterLogEvents": {"logGroupName": GROUP},
}
"""Requests that succeed; an operation without one takes nothing but what is optional."""
