"""Who compares which type of resource, as data: every type that esmcfn emits has a line here, and a test says so."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

SCALABLE_TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"
SCALING_POLICY = "AWS::ApplicationAutoScaling::ScalingPolicy"
ALARM = "AWS::CloudWatch::Alarm"
KEY = "AWS::KMS::Key"
LOG_GROUP = "AWS::Logs::LogGroup"
SUBSCRIPTION = "AWS::SNS::Subscription"
TOPIC = "AWS::SNS::Topic"
TOPIC_POLICY = "AWS::SNS::TopicPolicy"
BUDGET = "AWS::Budgets::Budget"
HOSTING = "AWS::SageMaker::"
ENDPOINT = f"{HOSTING}Endpoint"
CONFIG = f"{HOSTING}EndpointConfig"
MODEL = f"{HOSTING}Model"
ROLE = "AWS::IAM::Role"
USER = "AWS::IAM::User"
POLICY = "AWS::IAM::ManagedPolicy"
ACCESS_KEY = "AWS::IAM::AccessKey"
SECRET = "AWS::SecretsManager::Secret"  # noqa: S105 - the name of a type


class Reader(Struct, frozen=True, kw_only=True):
    """How a type of resource is compared.

    Attributes:
        read: properties that a reader of esmcfn's own compares; empty where only CloudFormation compares.
        watched: those among them that are drift even where the template says nothing of them.
        beyond: what that reader sees which is no property at all, in words.
        not_compared: property to the reason why nobody compares it; this does not make coverage incomplete.
        name_property: the property with the name that the service knows it by; empty for CloudFormation's id.
        tagged: it carries the stack's tags, and the service tells them.
        exempt: why nobody compares the type at all, which does not make coverage incomplete; empty where one does.
    """

    read: frozenset[str] = frozenset()
    watched: frozenset[str] = frozenset()
    beyond: tuple[str, ...] = ()
    not_compared: Mapping[str, str] = field(default_factory=dict)
    name_property: str = ""
    tagged: bool = False
    exempt: str = ""

    @property
    def ours(self) -> bool:
        """Has esmcfn a reader of its own?"""
        return bool(self.read)


_CONFIG_PARTS = (
    *("ProductionVariants", "ShadowProductionVariants", "DataCaptureConfig", "AsyncInferenceConfig"),
    *("ExplainerConfig", "KmsKeyId", "VpcConfig", "ExecutionRoleArn", "EnableNetworkIsolation"),
)
_MODEL_PARTS = (
    *("PrimaryContainer", "Containers", "ExecutionRoleArn", "VpcConfig"),
    *("EnableNetworkIsolation", "InferenceExecutionConfig"),
)
_USER_PARTS = ("ManagedPolicyArns", "Policies", "Groups", "PermissionsBoundary", "AccessKeys", "Console")
_NOT_TOLD = ("RetainAllVariantProperties", "ExcludeRetainedVariantProperties", "RetainDeploymentConfig")

_SCALED = ("ResourceId", "ScalableDimension", "ServiceNamespace")
_TARGET_PARTS = ("ScalingPolicies", "ScheduledActions", "SuspendedState")
_KEY_PARTS = ("Enabled", "KeySpec", "KeyUsage", "Grants")
_SECRET_PARTS = ("KmsKeyId", "ResourcePolicy", "ReplicaRegions", "RotationEnabled")
_ALARM_ACTIONS = ("ActionsEnabled", "AlarmActions", "InsufficientDataActions", "OKActions")
_ALARM_PARTS = (
    *("AlarmName", "AlarmDescription", "Namespace", "MetricName", "Dimensions", "Statistic", "ExtendedStatistic"),
    *("Period", "EvaluationPeriods", "DatapointsToAlarm", "Threshold", "ComparisonOperator", "TreatMissingData"),
)

READERS: Mapping[str, Reader] = {
    **dict.fromkeys(("AWS::IAM::OIDCProvider", "AWS::S3::Bucket", "AWS::S3::BucketPolicy"), Reader()),
    BUDGET: Reader(
        read=frozenset({"Budget", "NotificationsWithSubscribers"}),
        watched=frozenset({"NotificationsWithSubscribers"}),
        beyond=("that it ends some day",),
        tagged=True,
    ),
    SCALABLE_TARGET: Reader(
        read=frozenset({*_TARGET_PARTS, "MinCapacity", "MaxCapacity", *_SCALED}),
        watched=frozenset(_TARGET_PARTS),
        beyond=("policies that no stack put on it",),
        not_compared={"RoleARN": "Application Auto Scaling works with a role of its own"},
        name_property="ResourceId",
        tagged=True,
    ),
    SCALING_POLICY: Reader(
        read=frozenset({"PolicyName", "PolicyType", "TargetTrackingScalingPolicyConfiguration", *_SCALED}),
        beyond=("that it adds instances and never removes any",),
    ),
    ALARM: Reader(
        read=frozenset({*_ALARM_PARTS, *_ALARM_ACTIONS}),
        watched=frozenset(_ALARM_ACTIONS),
        beyond=("that somebody muted it",),
        name_property="AlarmName",
        tagged=True,
    ),
    KEY: Reader(
        read=frozenset({"Description", "EnableKeyRotation", "KeyPolicy", *_KEY_PARTS}),
        watched=frozenset(_KEY_PARTS),
        beyond=("grants to anybody but AWS's own services",),
        tagged=True,
        not_compared={"PendingWindowInDays": "KMS has it only for a key that is being deleted"},
    ),
    LOG_GROUP: Reader(
        read=frozenset({"LogGroupName", "RetentionInDays", "KmsKeyId"}),
        watched=frozenset({"RetentionInDays", "KmsKeyId"}),
        name_property="LogGroupName",
        tagged=True,
    ),
    SUBSCRIPTION: Reader(read=frozenset({"Endpoint", "Protocol", "TopicArn"})),
    TOPIC: Reader(
        read=frozenset({"DisplayName", "KmsMasterKeyId", "TopicName", "Subscriptions"}),
        watched=frozenset({"DisplayName", "KmsMasterKeyId", "Subscriptions"}),
        beyond=("who else hears of it",),
        name_property="TopicName",
        tagged=True,
    ),
    TOPIC_POLICY: Reader(read=frozenset({"PolicyDocument", "Topics"})),
    ENDPOINT: Reader(
        read=frozenset({"EndpointName", "EndpointConfigName"}),
        beyond=(
            "a licence to scale that no stack gave it",
            "its status",
            "instances and weight of each variant against its configuration",
            "a configuration that it is on its way to",
        ),
        not_compared=dict.fromkeys(_NOT_TOLD, "SageMaker takes it with an update and does not tell it afterwards"),
        name_property="EndpointName",
        tagged=True,
    ),
    CONFIG: Reader(
        read=frozenset({"EndpointConfigName", *_CONFIG_PARTS}),
        watched=frozenset(_CONFIG_PARTS),
        name_property="EndpointConfigName",
        tagged=True,
    ),
    MODEL: Reader(
        read=frozenset({"ModelName", *_MODEL_PARTS}),
        watched=frozenset(_MODEL_PARTS),
        name_property="ModelName",
        tagged=True,
    ),
    ROLE: Reader(
        read=frozenset(
            {
                *("RoleName", "Path", "Description", "MaxSessionDuration", "AssumeRolePolicyDocument"),
                *("ManagedPolicyArns", "Policies", "PermissionsBoundary"),
            }
        ),
        watched=frozenset({"ManagedPolicyArns", "Policies", "PermissionsBoundary", "MaxSessionDuration"}),
        tagged=True,
    ),
    USER: Reader(
        read=frozenset({"UserName", "Path", *_USER_PARTS}),
        watched=frozenset(_USER_PARTS),
        beyond=("access keys that no stack made", "a password for the console"),
        not_compared={"LoginProfile": "IAM does not tell passwords; that there is one is told"},
        tagged=True,
    ),
    POLICY: Reader(
        read=frozenset({"ManagedPolicyName", "Path", "Description", "PolicyDocument", "AttachedTo"}),
        watched=frozenset({"AttachedTo"}),
        beyond=("whom it is attached to besides those of the stack",),
    ),
    ACCESS_KEY: Reader(
        read=frozenset({"UserName", "Status"}),
        not_compared={"Serial": "it only makes CloudFormation issue another key; IAM does not have it"},
    ),
    SECRET: Reader(
        read=frozenset({"Description", *_SECRET_PARTS}),
        watched=frozenset(_SECRET_PARTS),
        beyond=("a policy that lets others read it", "copies in other regions"),
        tagged=True,
        not_compared={"SecretString": "comparing it would mean reading the secret"},
    ),
}
"""Type to how it is compared. CloudFormation's own detection is asked about every one of them besides."""
