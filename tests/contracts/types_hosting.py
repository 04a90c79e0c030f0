"""Types that an endpoint is run with: hosting, scaling, alarms."""

from __future__ import annotations

import json

from .case import OTHER_TAGS, TAGS, Case
from .templates import a_topic, an_endpoint

_MODEL = an_endpoint()["Resources"]["Model"]
_CONFIG = an_endpoint()["Resources"]["Config"]
_ENDPOINT = an_endpoint()["Resources"]["Endpoint"]
_VARIANT = _CONFIG["Properties"]["ProductionVariants"][0]
_ROLE = "arn:aws:iam::123456789012:role/esm"
_IMAGE = "123456789012.dkr.ecr.us-east-2.amazonaws.com/esm:1"
_OWN = {
    "Type": "AWS::SageMaker::Model",
    "Properties": {"ModelName": "Own", "ExecutionRoleArn": _ROLE, "PrimaryContainer": {"Image": _IMAGE}},
}
_TARGET = {
    "Type": "AWS::ApplicationAutoScaling::ScalableTarget",
    "Properties": {
        "ServiceNamespace": "sagemaker",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        "ResourceId": {"Fn::Sub": "endpoint/${Endpoint.EndpointName}/variant/variant-1"},
        "MinCapacity": 1,
        "MaxCapacity": 2,
    },
}
_LATENCY = {
    "Metric": {"Namespace": "AWS/SageMaker", "MetricName": "ModelLatency"},
    "Period": 60,
    "Stat": "Average",
}
_TRACKING = {
    "TargetValue": 60,
    "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
}

HOSTING = (
    Case(
        type="AWS::SageMaker::Model",
        create={**_MODEL["Properties"], "Tags": TAGS},
        update={"Tags": OTHER_TAGS},
        also=(
            {
                "ModelName": "Own",
                "ExecutionRoleArn": _ROLE,
                "PrimaryContainer": {
                    "Image": _IMAGE,
                    "Mode": "SingleModel",
                    "Environment": {"MODEL": "esmc-300m"},
                    "ModelDataSource": {
                        "S3DataSource": {
                            "S3Uri": "s3://bucket/model/",
                            "S3DataType": "S3Prefix",
                            "CompressionType": "None",
                        }
                    },
                },
                "VpcConfig": {"Subnets": ["subnet-0a1b2c3d", "subnet-1a1b2c3d"], "SecurityGroupIds": ["sg-0a1b2c3d"]},
            },
            {
                "ExecutionRoleArn": _ROLE,
                "Containers": [
                    {"ContainerHostname": "first", "Image": _IMAGE},
                    {"ContainerHostname": "second", "Image": _IMAGE, "ModelDataUrl": "s3://bucket/model.tar.gz"},
                ],
                "InferenceExecutionConfig": {"Mode": "Direct"},
            },
        ),
        replaced={
            "ModelName": "Other",
            "ExecutionRoleArn": "arn:aws:iam::123456789012:role/other",
            "EnableNetworkIsolation": False,
            "PrimaryContainer": {"Image": _IMAGE},
            "Containers": [{"Image": _IMAGE}],
            "InferenceExecutionConfig": {"Mode": "Serial"},
            "VpcConfig": {"Subnets": ["subnet-0a1b2c3d"], "SecurityGroupIds": ["sg-0a1b2c3d"]},
        },
        change=("Tags", OTHER_TAGS),
    ),
    Case(
        type="AWS::SageMaker::EndpointConfig",
        create={
            "EndpointConfigName": "Config-1",
            "ProductionVariants": [_VARIANT],
            "DataCaptureConfig": {
                "EnableCapture": True,
                "InitialSamplingPercentage": 10,
                "DestinationS3Uri": "s3://bucket/capture",
                "CaptureOptions": [{"CaptureMode": "Input"}],
            },
            "MetricsConfig": {"EnableDetailedObservability": False},
            "Tags": TAGS,
        },
        update={"Tags": OTHER_TAGS},
        also=(
            {
                "ProductionVariants": [{**_VARIANT, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 30}],
                "ShadowProductionVariants": [{**_VARIANT, "VariantName": "shadow", "InstanceType": "ml.m5.2xlarge"}],
                "KmsKeyId": "alias/esm",
            },
            {
                "ProductionVariants": [{**_VARIANT, "ModelName": {"Fn::GetAtt": ["Own", "ModelName"]}}],
                "AsyncInferenceConfig": {
                    "ClientConfig": {"MaxConcurrentInvocationsPerInstance": 4},
                    "OutputConfig": {
                        "S3OutputPath": "s3://bucket/out",
                        "S3FailurePath": "s3://bucket/bad",
                        "NotificationConfig": {"SuccessTopic": "arn:aws:sns:us-east-2:123456789012:done"},
                    },
                },
            },
            {
                "ProductionVariants": [
                    {
                        **{name: value for name, value in _VARIANT.items() if name != "InstanceType"},
                        "InstancePools": [
                            {"InstanceType": "ml.g5.2xlarge", "Priority": 1},
                            {"InstanceType": "ml.g5.4xlarge", "Priority": 2},
                        ],
                        "RoutingConfig": {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"},
                        "ModelDataDownloadTimeoutInSeconds": 1800,
                        "ContainerStartupHealthCheckTimeoutInSeconds": 1200,
                        "InferenceAmiVersion": "al2-ami-sagemaker-inference-gpu-2",
                    }
                ],
                "ExplainerConfig": {
                    "ClarifyExplainerConfig": {
                        "ShapConfig": {"ShapBaselineConfig": {"ShapBaseline": "1,2,3"}},
                    }
                },
            },
        ),
        replaced={
            "EndpointConfigName": "Other",
            "ProductionVariants": [{**_VARIANT, "InitialInstanceCount": 2}],
            "ShadowProductionVariants": [{**_VARIANT, "VariantName": "shadow"}],
            "KmsKeyId": "alias/other",
            "DataCaptureConfig": {
                "EnableCapture": False,
                "InitialSamplingPercentage": 10,
                "DestinationS3Uri": "s3://bucket/capture",
                "CaptureOptions": [{"CaptureMode": "Output"}],
            },
            "AsyncInferenceConfig": {"OutputConfig": {"S3OutputPath": "s3://bucket/other"}},
            "ExplainerConfig": {
                "ClarifyExplainerConfig": {"ShapConfig": {"ShapBaselineConfig": {"ShapBaseline": "4,5,6"}}}
            },
            "MetricsConfig": {"EnableDetailedObservability": True},
        },
        around={"Model": _MODEL, "Own": _OWN},
        change=("Tags", OTHER_TAGS),
    ),
    Case(
        type="AWS::SageMaker::Endpoint",
        create={
            **_ENDPOINT["Properties"],
            "RetainAllVariantProperties": False,
            "ExcludeRetainedVariantProperties": [{"VariantPropertyType": "DesiredWeight"}],
            "Tags": TAGS,
        },
        update={
            "EndpointConfigName": {"Fn::GetAtt": ["Other", "EndpointConfigName"]},
            "DeploymentConfig": {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "a"}]}},
            "RetainAllVariantProperties": True,
            "ExcludeRetainedVariantProperties": [{"VariantPropertyType": "DesiredInstanceCount"}],
            "Tags": OTHER_TAGS,
        },
        around={
            "Model": _MODEL,
            "Config": _CONFIG,
            "Other": {**_CONFIG, "Properties": {**_CONFIG["Properties"], "EndpointConfigName": "Other"}},
        },
        replaced={"EndpointName": "Another"},
        change=("EndpointConfigName", "Other"),
    ),
    Case(
        type="AWS::ApplicationAutoScaling::ScalableTarget",
        create={
            **_TARGET["Properties"],
            "RoleARN": "arn:aws:iam::123456789012:role/scaling",
            "SuspendedState": {
                "DynamicScalingInSuspended": False,
                "DynamicScalingOutSuspended": False,
                "ScheduledScalingSuspended": False,
            },
            "ScheduledActions": [
                {
                    "ScheduledActionName": "night",
                    "Schedule": "cron(0 20 * * ? *)",
                    "ScalableTargetAction": {"MaxCapacity": 1},
                }
            ],
            "Tags": TAGS,
        },
        update={
            "MinCapacity": 2,
            "MaxCapacity": 4,
            "SuspendedState": {
                "DynamicScalingInSuspended": True,
                "DynamicScalingOutSuspended": False,
                "ScheduledScalingSuspended": False,
            },
            "ScheduledActions": [
                {
                    "ScheduledActionName": "day",
                    "Schedule": "cron(0 6 * * ? *)",
                    "ScalableTargetAction": {"MaxCapacity": 3},
                }
            ],
            "RoleARN": "arn:aws:iam::123456789012:role/other",
            "Tags": OTHER_TAGS,
        },
        stays=frozenset({"SuspendedState"}),
        replaced={
            "ResourceId": "endpoint/other/variant/variant-1",
            "ScalableDimension": "sagemaker:variant:DesiredProvisionedConcurrency",
            "ServiceNamespace": "ecs",
        },
        around={"Model": _MODEL, "Config": _CONFIG, "Endpoint": _ENDPOINT},
        change=("MaxCapacity", 9),
    ),
    Case(
        type="AWS::ApplicationAutoScaling::ScalingPolicy",
        create={
            "PolicyName": "load",
            "PolicyType": "TargetTrackingScaling",
            "ScalingTargetId": {"Ref": "Target"},
            "TargetTrackingScalingPolicyConfiguration": _TRACKING,
        },
        update={"TargetTrackingScalingPolicyConfiguration": {**_TRACKING, "TargetValue": 30}},
        also=(
            {
                "PolicyName": "steps",
                "PolicyType": "StepScaling",
                **{name: _TARGET["Properties"][name] for name in ("ServiceNamespace", "ScalableDimension")},
                "ResourceId": {"Fn::Select": [0, {"Fn::Split": ["|", {"Ref": "Target"}]}]},
                "StepScalingPolicyConfiguration": {
                    "AdjustmentType": "ChangeInCapacity",
                    "Cooldown": 300,
                    "MetricAggregationType": "Average",
                    "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}],
                },
            },
        ),
        then=(
            {
                "PolicyType": "TargetTrackingScaling",
                "StepScalingPolicyConfiguration": None,
                "TargetTrackingScalingPolicyConfiguration": _TRACKING,
            },
        ),
        stays=frozenset({"TargetTrackingScalingPolicyConfiguration"}),
        replaced={
            "PolicyName": "other",
            "ScalingTargetId": "endpoint/other/variant/variant-1|sagemaker:variant:DesiredInstanceCount|sagemaker",
            "ResourceId": "endpoint/other/variant/variant-1",
            "ScalableDimension": "sagemaker:variant:DesiredProvisionedConcurrency",
            "ServiceNamespace": "ecs",
        },
        around={"Model": _MODEL, "Config": _CONFIG, "Endpoint": _ENDPOINT, "Target": _TARGET},
        change=("TargetTrackingScalingPolicyConfiguration", {**_TRACKING, "TargetValue": 5}),
    ),
    Case(
        type="AWS::CloudWatch::Alarm",
        create={
            "AlarmName": "errors",
            "AlarmDescription": "one",
            "ActionsEnabled": True,
            "AlarmActions": [{"Ref": "Topic"}],
            "OKActions": [{"Ref": "Topic"}],
            "InsufficientDataActions": [{"Ref": "Topic"}],
            "Namespace": "AWS/SageMaker",
            "MetricName": "Invocation5XXErrors",
            "Dimensions": [{"Name": "EndpointName", "Value": "e"}],
            "Statistic": "Sum",
            "Period": 60,
            "Unit": "Count",
            "EvaluationPeriods": 3,
            "DatapointsToAlarm": 2,
            "Threshold": 1,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "notBreaching",
            "Tags": TAGS,
        },
        update={
            "AlarmDescription": "two",
            "ActionsEnabled": False,
            "OKActions": [],
            "AlarmActions": [],
            "InsufficientDataActions": [],
            "Namespace": "AWS/Own",
            "MetricName": "Other",
            "Dimensions": [{"Name": "EndpointName", "Value": "f"}],
            "Statistic": "Average",
            "Period": 300,
            "Unit": "Seconds",
            "EvaluationPeriods": 4,
            "DatapointsToAlarm": 3,
            "Threshold": 5,
            "ComparisonOperator": "LessThanThreshold",
            "TreatMissingData": "breaching",
            "Tags": OTHER_TAGS,
        },
        also=(
            {
                "Namespace": "AWS/SageMaker",
                "MetricName": "ModelLatency",
                "ExtendedStatistic": "p99",
                "EvaluateLowSampleCountPercentile": "ignore",
                "Period": 60,
                "EvaluationPeriods": 1,
                "Threshold": 1,
                "ComparisonOperator": "GreaterThanThreshold",
            },
            {
                "Metrics": [
                    {"Id": "m1", "MetricStat": _LATENCY, "ReturnData": True},
                    {"Id": "band", "Expression": "ANOMALY_DETECTION_BAND(m1, 2)", "ReturnData": True},
                ],
                "ThresholdMetricId": "band",
                "EvaluationPeriods": 1,
                "ComparisonOperator": "GreaterThanUpperThreshold",
            },
        ),
        then=(
            {"ExtendedStatistic": "p90", "EvaluateLowSampleCountPercentile": "evaluate"},
            {
                "Metrics": [
                    {"Id": "m1", "MetricStat": {**_LATENCY, "Period": 300}, "ReturnData": True},
                    {"Id": "limits", "Expression": "ANOMALY_DETECTION_BAND(m1, 3)", "ReturnData": True},
                ],
                "ThresholdMetricId": "limits",
            },
        ),
        stays=frozenset({"MetricName"}),
        replaced={"AlarmName": "other"},
        around={"Topic": a_topic()},
        change=("Threshold", 99),
    ),
    Case(
        type="AWS::CloudWatch::Dashboard",
        create={"DashboardName": "esm", "DashboardBody": json.dumps({"widgets": []})},
        update={"DashboardBody": json.dumps({"widgets": [{"type": "text"}]})},
        replaced={"DashboardName": "other"},
        change=("DashboardBody", json.dumps({"start": "-PT1H", "widgets": []})),
    ),
)
