"""What CloudFormation calls for what belongs to an endpoint besides SageMaker: autoscaling, alarms, logs, keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from esmcfn.permissions.grants import (
    HOSTED,
    Condition,
    Grant,
    Scope,
    grant,
    made_ours,
    nobody_elses,
    ours,
)

_OF_SAGEMAKER: Condition = {"StringEquals": {"application-autoscaling:service-namespace": "sagemaker"}}
_NAMESPACED = frozenset(
    {
        "application-autoscaling:DeleteScalingPolicy",
        "application-autoscaling:DeleteScheduledAction",
        "application-autoscaling:DeregisterScalableTarget",
        "application-autoscaling:PutScalingPolicy",
        "application-autoscaling:PutScheduledAction",
        "application-autoscaling:RegisterScalableTarget",
    }
)
"""Actions that IAM can narrow to SageMaker's targets; a target has a name only once it is there.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsapplicationautoscaling.html
"""

_SCALER = "sagemaker.application-autoscaling.amazonaws.com"
_LINKED_ROLE = "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
"""https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-service-linked-roles.html"""


def of_scaling(actions: Iterable[str], scope: Scope) -> Iterator[Grant]:
    """Targets and policies of SageMaker, the alarms that a policy makes, and the role that is linked to the service.

    Application Auto Scaling looks at the endpoint as whoever registers it.
    """
    for action in actions:
        service, _, operation = action.partition(":")
        if action == "iam:CreateServiceLinkedRole":
            role = scope.arn("iam", f"role/aws-service-role/{_SCALER}/{_LINKED_ROLE}")
            yield grant(action, role, condition={"StringEquals": {"iam:AWSServiceName": _SCALER}})
        elif service == "cloudwatch":
            named = "*" if operation == "DescribeAlarms" else "TargetTracking-endpoint/*"
            yield grant(action, scope.arn(service, f"alarm:{named}"))
        elif service == "application-autoscaling" and operation.startswith("Describe"):
            yield grant(action, "*")
        elif service == "application-autoscaling":
            condition = {**nobody_elses(scope), **(_OF_SAGEMAKER if action in _NAMESPACED else {})}
            reads = operation.startswith("List")
            yield grant(action, scope.arn(service, "scalable-target/*"), condition=None if reads else condition)
    hosted = (scope.arn("sagemaker", f"{kind}/*") for kind in HOSTED)
    yield grant("sagemaker:UpdateEndpointWeightsAndCapacities", *hosted, condition=ours(scope))


def of_alarms(actions: Iterable[str], scope: Scope) -> Iterator[Grant]:
    """Alarms begin with an endpoint's name, which the catalog gives; so what is ours is told by its tag.

    PutMetricAlarm makes and changes: what is there already has its tag from before.
    """
    everything = scope.arn("cloudwatch", "alarm:*")
    for action in actions:
        operation = action.partition(":")[2]
        if operation.startswith(("Describe", "List")):
            yield grant(action, everything)
        elif operation in {"PutMetricAlarm", "TagResource"}:
            yield grant(action, everything, condition=nobody_elses(scope))
        else:
            yield grant(action, everything, condition=ours(scope))


def of_logs(actions: Iterable[str], scope: Scope) -> Iterator[Grant]:
    """The logs of endpoints, whose names the catalog gives. None is deleted: they are kept when their stack goes."""
    groups = scope.arn("logs", _ENDPOINT_LOGS)
    for action in actions:
        if action == "logs:DeleteLogGroup":
            continue
        if action in _OF_ANY_LOG:
            yield grant(action, "*")
        else:
            yield grant(action, groups)


_ENDPOINT_LOGS = "log-group:/aws/sagemaker/Endpoints/*"
_OF_ANY_LOG = frozenset({"logs:DescribeIndexPolicies", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies"})
"""What a handler reads of all logs at a time, to find the one that it is about.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html
"""


def of_keys(scope: Scope) -> Iterator[Grant]:
    """SageMaker lets the volumes of new instances be encrypted as whoever makes the endpoint.

    https://docs.aws.amazon.com/sagemaker/latest/dg/api-permissions-reference.html
    """
    yield grant("kms:DescribeKey", *scope.keys)
    for_aws: Condition = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    yield grant("kms:CreateGrant", *scope.keys, condition=for_aws)


def of_topic(actions: Iterable[str], scope: Scope) -> Iterator[Grant]:
    """The one topic by its name, and the key by its tag.

    A key that is being made has no tags yet, and IAM may learn of them minutes later. So what the handler does besides
    making it asks for no tag that is there, only for none of another environment; but who may use a key is changed on
    ours alone.
    https://docs.aws.amazon.com/kms/latest/developerguide/tag-permissions.html
    """
    keys = scope.arn("kms", "key/*")
    for action in actions:
        service, _, operation = action.partition(":")
        if action == "kms:CreateKey":
            yield grant(action, "*", condition=made_ours(scope))
        elif action in {"kms:EnableKeyRotation", "kms:TagResource"}:
            yield grant(action, keys, condition=nobody_elses(scope))
        elif service == "kms":
            yield grant(action, keys, condition=ours(scope))
        elif operation in _OF_ANY_SUBSCRIPTION:
            yield grant(action, "*")
        else:
            yield grant(action, scope.arn("sns", scope.alarm_topic))


_OF_ANY_SUBSCRIPTION = frozenset({"GetSubscriptionAttributes", "SetSubscriptionAttributes", "Unsubscribe"})
"""What IAM narrows to no subscription.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html
"""


def compared(scope: Scope) -> Mapping[str, tuple[str, ...]]:
    """What CloudFormation reads, as whoever asks for drift, of these types alone: action to resources."""
    everywhere = ("*",)
    found: dict[str, tuple[str, ...]] = {}
    if scope.scaled:
        described = ("DescribeScalableTargets", "DescribeScalingPolicies", "DescribeScheduledActions")
        found |= {f"application-autoscaling:{operation}": everywhere for operation in described}
        targets = (scope.arn("application-autoscaling", "scalable-target/*"),)
        found["application-autoscaling:ListTagsForResource"] = targets
    if scope.alarmed:
        alarms = (scope.arn("cloudwatch", "alarm:*"),)
        found |= {"cloudwatch:DescribeAlarms": alarms, "cloudwatch:ListTagsForResource": alarms}
    if scope.logged:
        found |= dict.fromkeys(sorted(_OF_ANY_LOG), everywhere)
        groups = (scope.arn("logs", _ENDPOINT_LOGS),)
        found |= {f"logs:{operation}": groups for operation in ("GetDataProtectionPolicy", "ListTagsForResource")}
    if scope.budget:
        budgets = (scope.arn("budgets", "budget/*"),)
        found |= {f"budgets:{operation}": budgets for operation in ("ListTagsForResource", "ViewBudget")}
        found["billing:GetBillingViewData"] = (scope.arn("billing", "billingview/primary"),)
    if scope.alarm_topic:
        topic, keys = (scope.arn("sns", scope.alarm_topic),), (scope.arn("kms", "key/*"),)
        of_topics = ("GetDataProtectionPolicy", "GetTopicAttributes", "ListSubscriptionsByTopic", "ListTagsForResource")
        of_keys = ("DescribeKey", "GetKeyPolicy", "GetKeyRotationStatus", "ListResourceTags")
        found |= {f"sns:{operation}": topic for operation in of_topics}
        found |= {f"kms:{operation}": keys for operation in of_keys}
        found["sns:GetSubscriptionAttributes"] = everywhere
    return found
