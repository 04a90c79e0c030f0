"""One case a resource type: what it is made of, what an update changes, what a hand may break."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from .templates import PACKAGE, TRUST, a_role, a_topic, an_endpoint

POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sagemaker:InvokeEndpoint", "Resource": "*"}],
}
OTHER_POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sagemaker:DescribeEndpoint", "Resource": "*"}],
}
TAGS = [{"Key": "own", "Value": "1"}]
OTHER_TAGS = [{"Key": "own", "Value": "2"}, {"Key": "more", "Value": "x"}]
USER = {"Type": "AWS::IAM::User", "Properties": {"UserName": "shared"}}
KEY_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
    ],
}

OTHER_KEY_POLICY = json.loads(json.dumps(KEY_POLICY).replace("kms:*", "kms:Describe*"))


@dataclass(frozen=True, kw_only=True)
class Case:
    """A resource type under contract.

    Attributes:
        create: properties at first; update: those that an update sets anew, None for one that it takes away.
        also: whole sets of properties that exclude those of `create`, each created and read back too.
        then: what an update makes of each of `also`.
        fixed: other values of properties that the service refuses to change.
        stays: properties that the others need, or in whose absence the service keeps what it has.
        replaced: other values of properties that cannot change in place: a change set says so.
        around: other resources that the template needs.
        change: (property, value) that a hand changes; None where nothing can be changed or read.
        shared: it cannot be deleted by hand alone, since others hold it.
    """

    type: str
    create: dict[str, Any]
    update: dict[str, Any] = field(default_factory=dict)
    also: tuple[dict[str, Any], ...] = ()
    then: tuple[dict[str, Any], ...] = ()
    fixed: dict[str, Any] = field(default_factory=dict)
    stays: frozenset[str] = frozenset()
    replaced: dict[str, Any] = field(default_factory=dict)
    around: dict[str, Any] = field(default_factory=dict)
    change: tuple[str, Any] | None = None
    deletable: bool = True

    @property
    def tested(self) -> set[str]:
        """The properties that are created and read back somewhere."""
        return {name for part in (self.create, self.update, *self.also) for name in part}

    @property
    def changed(self) -> set[str]:
        """The properties that are changed in place somewhere."""
        return {name for part in (self.update, *self.then) for name in part}

    def template(self, *parts: dict[str, Any]) -> dict[str, Any]:
        """Return a template with the resource `It`, later parts over earlier ones."""
        return self.of(self.create, *parts)

    def of(self, *parts: dict[str, Any]) -> dict[str, Any]:
        """Return a template with the resource `It` and nothing of `create`."""
        properties: dict[str, Any] = {}
        for part in parts:
            properties |= part
        given = {name: value for name, value in properties.items() if value is not None}
        return {"Resources": {**self.around, "It": {"Type": self.type, "Properties": given}}}


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

CASES = (
    Case(
        type="AWS::SNS::Topic",
        create={
            "TopicName": "alarms",
            "DisplayName": "one",
            "KmsMasterKeyId": "alias/aws/sns",
            "Subscription": [{"Protocol": "email", "Endpoint": "a@example.com"}],
            "Tags": TAGS,
        },
        update={
            "DisplayName": "two",
            "KmsMasterKeyId": "alias/other",
            "Subscription": [{"Protocol": "email", "Endpoint": "b@example.com"}],
            "Tags": OTHER_TAGS,
        },
        also=({"TopicName": "t.fifo", "FifoTopic": True, "ContentBasedDeduplication": True},),
        then=({"ContentBasedDeduplication": False},),
        replaced={"TopicName": "other", "FifoTopic": True},
        change=("DisplayName", "by hand"),
    ),
    Case(
        type="AWS::SNS::Subscription",
        create={
            "TopicArn": {"Ref": "Topic"},
            "Protocol": "email",
            "Endpoint": "a@example.com",
            "FilterPolicy": {"kind": ["a"]},
            "RawMessageDelivery": False,
        },
        update={"FilterPolicy": {"kind": ["b"]}, "RawMessageDelivery": True},
        also=(
            {
                "TopicArn": {"Ref": "Topic"},
                "Protocol": "https",
                "Endpoint": "https://example.com/alarms",
                "FilterPolicy": {"kind": ["a"]},
                "FilterPolicyScope": "MessageBody",
                "DeliveryPolicy": {"healthyRetryPolicy": {"numRetries": 5}},
                "RedrivePolicy": {"deadLetterTargetArn": "arn:aws:sqs:us-east-2:123456789012:dead"},
            },
        ),
        then=(
            {
                "FilterPolicyScope": "MessageAttributes",
                "DeliveryPolicy": {"healthyRetryPolicy": {"numRetries": 6}},
                "RedrivePolicy": {"deadLetterTargetArn": "arn:aws:sqs:us-east-2:123456789012:other"},
            },
        ),
        replaced={"Endpoint": "b@example.com", "Protocol": "email-json", "TopicArn": {"Ref": "Other"}},
        around={"Topic": a_topic(), "Other": a_topic(DisplayName="other")},
        change=("RawMessageDelivery", True),
    ),
    Case(
        type="AWS::SNS::TopicPolicy",
        create={"Topics": [{"Ref": "Topic"}], "PolicyDocument": POLICY},
        update={"PolicyDocument": OTHER_POLICY, "Topics": [{"Ref": "Other"}]},
        around={"Topic": a_topic(), "Other": a_topic(DisplayName="other")},
    ),
    Case(
        type="AWS::IAM::Role",
        create={
            "RoleName": "esm",
            "Path": "/esm/",
            "Description": "one",
            "AssumeRolePolicyDocument": deepcopy(TRUST),
            "MaxSessionDuration": 3600,
            "ManagedPolicyArns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
            "Policies": [{"PolicyName": "p", "PolicyDocument": POLICY}],
            "PermissionsBoundary": "arn:aws:iam::aws:policy/PowerUserAccess",
            "Tags": TAGS,
        },
        update={
            "Description": "two",
            "MaxSessionDuration": 7200,
            "ManagedPolicyArns": ["arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"],
            "Policies": [{"PolicyName": "q", "PolicyDocument": OTHER_POLICY}],
            "PermissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess",
            "Tags": OTHER_TAGS,
            "AssumeRolePolicyDocument": json.loads(json.dumps(TRUST).replace("sagemaker.", "ec2.")),
        },
        replaced={"RoleName": "other", "Path": "/other/"},
        change=("Description", "by hand"),
    ),
    Case(
        type="AWS::IAM::User",
        create={
            "UserName": "shared",
            "Path": "/esm/",
            "ManagedPolicyArns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
            "Policies": [{"PolicyName": "p", "PolicyDocument": POLICY}],
            "Tags": TAGS,
        },
        update={
            "Path": "/other/",
            "ManagedPolicyArns": [],
            "Policies": [{"PolicyName": "q", "PolicyDocument": OTHER_POLICY}],
            "Tags": OTHER_TAGS,
        },
        replaced={"UserName": "other"},
        change=("Policies", [{"PolicyName": "r", "PolicyDocument": OTHER_POLICY}]),
    ),
    Case(
        type="AWS::IAM::ManagedPolicy",
        create={
            "ManagedPolicyName": "invoke",
            "Path": "/esm/",
            "Description": "one",
            "PolicyDocument": POLICY,
            "Users": [{"Ref": "User"}],
            "Roles": [],
        },
        update={"PolicyDocument": OTHER_POLICY, "Users": [], "Roles": [{"Ref": "Role"}]},
        replaced={"ManagedPolicyName": "other", "Path": "/other/", "Description": "two"},
        around={"User": USER, "Role": a_role()},
        change=("PolicyDocument", OTHER_POLICY),
    ),
    Case(
        type="AWS::IAM::AccessKey",
        create={"UserName": {"Ref": "User"}, "Status": "Active", "Serial": 1},
        update={"Status": "Inactive"},
        replaced={"Serial": 2, "UserName": "other"},
        around={"User": USER},
    ),
    Case(
        type="AWS::IAM::OIDCProvider",
        create={
            "Url": "https://token.actions.githubusercontent.com",
            "ClientIdList": ["sts.amazonaws.com"],
            "ThumbprintList": ["6938fd4d98bab03faadb97b34396831e3780aea1"],
            "Tags": TAGS,
        },
        update={
            "ClientIdList": ["other"],
            "ThumbprintList": ["1c58a3a8518e8759bf075b76b750d4f2df264fcd"],
            "Tags": OTHER_TAGS,
        },
        replaced={"Url": "https://gitlab.com"},
        change=("ClientIdList", ["by-hand"]),
    ),
    Case(
        type="AWS::SecretsManager::Secret",
        create={
            "Name": "shared",
            "Description": "one",
            "KmsKeyId": "alias/esm",
            "SecretString": "first",
            "Tags": TAGS,
        },
        update={"Description": "two", "KmsKeyId": "alias/other", "SecretString": "second", "Tags": OTHER_TAGS},
        also=({"Description": "made up", "GenerateSecretString": {"PasswordLength": 40, "ExcludePunctuation": True}},),
        then=({"GenerateSecretString": {"PasswordLength": 20, "ExcludePunctuation": True}},),
        replaced={"Name": "other"},
        change=("Description", "by hand"),
    ),
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
    Case(
        type="AWS::Logs::LogGroup",
        create={"LogGroupName": "/aws/sagemaker/Endpoints/e", "RetentionInDays": 7, "Tags": TAGS},
        update={"RetentionInDays": 30, "Tags": OTHER_TAGS},
        also=({"KmsKeyId": "arn:aws:kms:us-east-2:123456789012:key/1"},),
        then=({"KmsKeyId": "arn:aws:kms:us-east-2:123456789012:key/2"},),
        replaced={"LogGroupName": "other"},
        change=("RetentionInDays", 1),
    ),
    Case(
        type="AWS::Budgets::Budget",
        create={
            "Budget": {
                "BudgetName": "esm",
                "BudgetType": "COST",
                "TimeUnit": "MONTHLY",
                "BudgetLimit": {"Amount": 100, "Unit": "USD"},
            },
            "NotificationsWithSubscribers": [
                {
                    "Notification": {
                        "NotificationType": "ACTUAL",
                        "ComparisonOperator": "GREATER_THAN",
                        "Threshold": 80,
                    },
                    "Subscribers": [{"SubscriptionType": "EMAIL", "Address": "a@example.com"}],
                }
            ],
            "ResourceTags": TAGS,
        },
        replaced={
            "Budget": {
                "BudgetName": "other",
                "BudgetType": "COST",
                "TimeUnit": "MONTHLY",
                "BudgetLimit": {"Amount": 100, "Unit": "USD"},
            },
            "NotificationsWithSubscribers": [
                {
                    "Notification": {
                        "NotificationType": "ACTUAL",
                        "ComparisonOperator": "GREATER_THAN",
                        "Threshold": 90,
                    },
                    "Subscribers": [{"SubscriptionType": "EMAIL", "Address": "a@example.com"}],
                }
            ],
        },
        update={
            "ResourceTags": OTHER_TAGS,
            "Budget": {
                "BudgetName": "esm",
                "BudgetType": "COST",
                "TimeUnit": "MONTHLY",
                "BudgetLimit": {"Amount": 200, "Unit": "USD"},
            },
        },
        change=("Budget/BudgetLimit/Amount", 999),
    ),
    Case(
        type="AWS::S3::Bucket",
        create={
            "BucketName": "esm-artifacts",
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
            },
            "VersioningConfiguration": {"Status": "Enabled"},
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": True,
                "BlockPublicPolicy": True,
                "IgnorePublicAcls": True,
                "RestrictPublicBuckets": True,
            },
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
            "Tags": TAGS,
        },
        update={
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [
                    {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}, "BucketKeyEnabled": True}
                ]
            },
            "VersioningConfiguration": {"Status": "Suspended"},
            "PublicAccessBlockConfiguration": {"BlockPublicAcls": True},
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]},
            "Tags": OTHER_TAGS,
        },
        replaced={"BucketName": "other"},
        change=("VersioningConfiguration", {"Status": "Suspended"}),
    ),
    Case(
        type="AWS::S3::BucketPolicy",
        create={"Bucket": {"Ref": "Bucket"}, "PolicyDocument": {**POLICY}},
        update={"PolicyDocument": OTHER_POLICY},
        replaced={"Bucket": "other"},
        around={"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {}}},
        change=("PolicyDocument", OTHER_POLICY),
    ),
    Case(
        type="AWS::KMS::Key",
        create={
            "Description": "one",
            "KeyPolicy": KEY_POLICY,
            "EnableKeyRotation": True,
            "Enabled": True,
            "PendingWindowInDays": 7,
            "KeySpec": "SYMMETRIC_DEFAULT",
            "KeyUsage": "ENCRYPT_DECRYPT",
            "Tags": TAGS,
        },
        update={
            "Description": "two",
            "Enabled": False,
            "EnableKeyRotation": False,
            "KeyPolicy": OTHER_KEY_POLICY,
            "PendingWindowInDays": 8,
            "Tags": OTHER_TAGS,
        },
        stays=frozenset({"KeyPolicy"}),
        fixed={"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"},
        change=("Description", "by hand"),
    ),
    Case(
        type="AWS::KMS::Alias",
        create={"AliasName": "alias/esm", "TargetKeyId": {"Ref": "One"}},
        update={"TargetKeyId": {"Ref": "Two"}},
        replaced={"AliasName": "alias/other"},
        around={
            name: {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": KEY_POLICY, "Description": name}}
            for name in ("One", "Two")
        },
    ),
)

NESTED = Case(
    type="AWS::CloudFormation::Stack",
    create={
        "TemplateURL": "https://s3.us-east-2.amazonaws.com/templates/child.json",
        "Parameters": {"Word": "one"},
        "Tags": TAGS,
        "NotificationARNs": ["arn:aws:sns:us-east-2:123456789012:one"],
    },
    update={
        "TemplateURL": "https://s3.us-east-2.amazonaws.com/templates/other.json",
        "Parameters": {"Word": "two"},
        "Tags": OTHER_TAGS,
        "NotificationARNs": ["arn:aws:sns:us-east-2:123456789012:two"],
    },
)
"""A nested stack: its templates must lie in a bucket, and it is read back as a stack, so it has tests of its own."""

__all__ = ["CASES", "NESTED", "PACKAGE", "Case"]
