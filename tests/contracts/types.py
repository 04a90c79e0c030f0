"""One case a resource type: what it is made of, what an update changes, what a hand may break."""

from __future__ import annotations

import json
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


@dataclass(frozen=True, kw_only=True)
class Case:
    """A resource type under contract.

    Attributes:
        create: properties at first; update: those that an update sets anew.
        more: properties that only a case of its own can have (they exclude others), created and read back too.
        around: other resources that the template needs.
        change: (property, value) that a hand changes; None where nothing can be changed or read.
        shared: it cannot be deleted by hand alone, since others hold it.
    """

    type: str
    create: dict[str, Any]
    update: dict[str, Any] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)
    around: dict[str, Any] = field(default_factory=dict)
    change: tuple[str, Any] | None = None
    deletable: bool = True

    def template(self, *parts: dict[str, Any]) -> dict[str, Any]:
        """Return a template with the resource `It`, later parts over earlier ones."""
        properties: dict[str, Any] = {}
        for part in (self.create, *parts):
            properties |= part
        return {"Resources": {**self.around, "It": {"Type": self.type, "Properties": properties}}}


_MODEL = an_endpoint()["Resources"]["Model"]
_CONFIG = an_endpoint()["Resources"]["Config"]
_ENDPOINT = an_endpoint()["Resources"]["Endpoint"]
_VARIANT = _CONFIG["Properties"]["ProductionVariants"][0]
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
        more={"TopicName": "t.fifo", "FifoTopic": True, "ContentBasedDeduplication": True},
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
        around={"Topic": a_topic()},
        change=("RawMessageDelivery", True),
    ),
    Case(
        type="AWS::SNS::TopicPolicy",
        create={"Topics": [{"Ref": "Topic"}], "PolicyDocument": POLICY},
        update={"PolicyDocument": OTHER_POLICY},
        around={"Topic": a_topic()},
    ),
    Case(
        type="AWS::IAM::Role",
        create={
            "RoleName": "esm",
            "Path": "/esm/",
            "Description": "one",
            "AssumeRolePolicyDocument": TRUST,
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
            "ManagedPolicyArns": [],
            "Policies": [{"PolicyName": "q", "PolicyDocument": OTHER_POLICY}],
            "Tags": OTHER_TAGS,
        },
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
        around={"User": USER, "Role": a_role()},
        change=("PolicyDocument", OTHER_POLICY),
    ),
    Case(
        type="AWS::IAM::AccessKey",
        create={"UserName": {"Ref": "User"}, "Status": "Active", "Serial": 1},
        update={"Status": "Inactive"},
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
        change=("Description", "by hand"),
    ),
    Case(
        type="AWS::SageMaker::Model",
        create={**_MODEL["Properties"], "Tags": TAGS},
        update={"Tags": OTHER_TAGS},
        change=("Tags", OTHER_TAGS),
    ),
    Case(
        type="AWS::SageMaker::EndpointConfig",
        create={
            "EndpointConfigName": "Config-1",
            "ProductionVariants": [_VARIANT],
            "KmsKeyId": "alias/esm",
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
        around={"Model": _MODEL},
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
            "Tags": OTHER_TAGS,
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
            "Threshold": 5,
            "EvaluationPeriods": 4,
            "Tags": OTHER_TAGS,
        },
        around={"Topic": a_topic()},
        change=("Threshold", 99),
    ),
    Case(
        type="AWS::CloudWatch::Dashboard",
        create={"DashboardName": "esm", "DashboardBody": json.dumps({"widgets": []})},
        update={"DashboardBody": json.dumps({"widgets": [{"type": "text"}]})},
        change=("DashboardBody", json.dumps({"start": "-PT1H", "widgets": []})),
    ),
    Case(
        type="AWS::Logs::LogGroup",
        create={"LogGroupName": "/aws/sagemaker/Endpoints/e", "RetentionInDays": 7, "Tags": TAGS},
        update={"RetentionInDays": 30, "Tags": OTHER_TAGS},
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
        },
        update={
            "Budget": {
                "BudgetName": "esm",
                "BudgetType": "COST",
                "TimeUnit": "MONTHLY",
                "BudgetLimit": {"Amount": 200, "Unit": "USD"},
            }
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
        change=("VersioningConfiguration", {"Status": "Suspended"}),
    ),
    Case(
        type="AWS::S3::BucketPolicy",
        create={"Bucket": {"Ref": "Bucket"}, "PolicyDocument": {**POLICY}},
        update={"PolicyDocument": OTHER_POLICY},
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
        update={"Description": "two", "EnableKeyRotation": False, "PendingWindowInDays": 8, "Tags": OTHER_TAGS},
        change=("Description", "by hand"),
    ),
    Case(
        type="AWS::KMS::Alias",
        create={"AliasName": "alias/esm", "TargetKeyId": {"Ref": "One"}},
        update={"TargetKeyId": {"Ref": "Two"}},
        around={
            name: {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": KEY_POLICY, "Description": name}}
            for name in ("One", "Two")
        },
    ),
)

__all__ = ["CASES", "PACKAGE", "Case"]
