"""What CloudFormation calls for what belongs to an endpoint besides SageMaker: autoscaling."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from esmcfn.permissions.grants import OWNER_TAG, Condition, Grant, Scope, grant

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
            condition = _OF_SAGEMAKER if action in _NAMESPACED else None
            yield grant(action, scope.arn(service, "scalable-target/*"), condition=condition)
    ours: Condition = {"StringEquals": {f"aws:ResourceTag/{OWNER_TAG}": scope.environment}}
    yield grant("sagemaker:UpdateEndpointWeightsAndCapacities", scope.arn("sagemaker", "endpoint/*"), condition=ours)
