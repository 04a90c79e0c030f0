"""What CloudFormation calls to make, change and delete the resources of one environment.

Held by the service role; by whoever deploys, where there is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from esmcfn.permissions import hosting
from esmcfn.permissions.grants import HOSTED, Grant, Scope, grant, made_ours, nobody_elses, ours
from esmcfn.reference.handlers import HANDLERS

MODEL_TYPES = ("AWS::SageMaker::Model", "AWS::SageMaker::EndpointConfig", "AWS::SageMaker::Endpoint")
ROLE_TYPES = ("AWS::IAM::Role",)
ACCOUNT_TYPES = (
    "AWS::IAM::AccessKey",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::User",
    "AWS::SecretsManager::Secret",
)
"""What the stacks of an environment consist of; a test holds that there is nothing else."""

SCALING_TYPES = (
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ApplicationAutoScaling::ScalingPolicy",
)

ALARM_TYPES = ("AWS::CloudWatch::Alarm",)
LOG_TYPES = ("AWS::Logs::LogGroup",)
BUDGET_TYPES = ("AWS::Budgets::Budget",)
TOPIC_TYPES = ("AWS::KMS::Key", "AWS::SNS::Subscription", "AWS::SNS::Topic", "AWS::SNS::TopicPolicy")

ONLY_FOR: Mapping[str, frozenset[str]] = {
    "AWS::ApplicationAutoScaling::ScalableTarget RoleARN": frozenset({"iam:PassRole"}),
    "AWS::ApplicationAutoScaling::ScalingPolicy PredictiveScalingPolicyConfiguration": frozenset(
        {"cloudwatch:GetMetricData"}
    ),
    "AWS::Logs::LogGroup BearerTokenAuthenticationEnabled": frozenset({"logs:PutBearerTokenAuthentication"}),
    "AWS::Logs::LogGroup DataProtectionPolicy": frozenset(
        {
            *("logs:CreateLogDelivery", "logs:PutDataProtectionPolicy", "logs:DeleteDataProtectionPolicy"),
            *("firehose:TagDeliveryStream", "s3:REST.PUT.OBJECT"),
        }
    ),
    "AWS::Logs::LogGroup DeletionProtectionEnabled": frozenset({"logs:PutLogGroupDeletionProtection"}),
    "AWS::Logs::LogGroup FieldIndexPolicies": frozenset({"logs:PutIndexPolicy", "logs:DeleteIndexPolicy"}),
    "AWS::Logs::LogGroup ResourcePolicyDocument": frozenset({"logs:PutResourcePolicy", "logs:DeleteResourcePolicy"}),
    "AWS::KMS::Key Enabled": frozenset({"kms:DisableKey", "kms:EnableKey"}),
    "AWS::SNS::Subscription SubscriptionRoleArn": frozenset({"iam:GetRole", "iam:PassRole"}),
    "AWS::SNS::Topic DataProtectionPolicy": frozenset({"sns:PutDataProtectionPolicy"}),
    "AWS::SNS::Topic DeliveryStatusLogging": frozenset({"iam:GetRole", "iam:PassRole"}),
    "AWS::IAM::ManagedPolicy Groups": frozenset({"iam:AttachGroupPolicy", "iam:DetachGroupPolicy"}),
    "AWS::IAM::ManagedPolicy Roles": frozenset({"iam:AttachRolePolicy", "iam:DetachRolePolicy"}),
    "AWS::IAM::User Groups": frozenset({"iam:AddUserToGroup", "iam:RemoveUserFromGroup"}),
    "AWS::IAM::User LoginProfile": frozenset({"iam:CreateLoginProfile", "iam:UpdateLoginProfile"}),
    "AWS::IAM::User PermissionsBoundary": frozenset(
        {"iam:PutUserPermissionsBoundary", "iam:DeleteUserPermissionsBoundary"}
    ),
    "AWS::IAM::User Policies": frozenset({"iam:PutUserPolicy"}),
    "AWS::SageMaker::EndpointConfig KmsKeyId": frozenset({"kms:DescribeKey"}),
    "AWS::SageMaker::EndpointConfig ExecutionRoleArn": frozenset({"iam:PassRole"}),
    "AWS::SecretsManager::Secret GenerateSecretString": frozenset({"secretsmanager:GetRandomPassword"}),
    "AWS::SecretsManager::Secret ReplicaRegions": frozenset(
        {"secretsmanager:ReplicateSecretToRegions", "secretsmanager:RemoveRegionsFromReplication"}
    ),
}
"""Type and property to what its handlers call for that property alone. Ours set none of them, and so get none of that;
a test holds the built templates against the list."""

_READS = ("Describe", "Get", "List")
_CREATES = frozenset({"sagemaker:CreateEndpoint", "sagemaker:CreateEndpointConfig", "sagemaker:CreateModel"})

SUBSCRIPTIONS = "aws-marketplace:ViewSubscriptions"
"""SageMaker asks as the caller whether a package is subscribed to.

https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonSageMakerFullAccess.html
"""


def of_handlers(scope: Scope) -> Iterator[Grant]:
    """What CloudFormation must be allowed for an environment's stacks."""
    if scope.scaled:
        yield from hosting.of_scaling(_actions(SCALING_TYPES), scope)
    if scope.alarmed:
        yield from hosting.of_alarms(_actions(ALARM_TYPES), scope)
    if scope.logged:
        yield from hosting.of_logs(_actions(LOG_TYPES), scope)
    if scope.keys:
        yield from hosting.of_keys(scope)
    if scope.alarm_topic:
        yield from hosting.of_topic(_actions(TOPIC_TYPES), scope)
    if scope.budget:
        yield from _of_budget(_actions(BUDGET_TYPES), scope)
    for action in _actions(MODEL_TYPES):
        yield from _of_models(action, scope)
    yield grant(SUBSCRIPTIONS, "*")
    if scope.execution_role:
        for action in _actions(ROLE_TYPES):
            yield from _of_role(action, scope)
    if scope.service_account:
        for action in _actions(ACCOUNT_TYPES):
            yield from _of_account(action, scope)


def _of_budget(actions: list[str], scope: Scope) -> Iterator[Grant]:
    """CloudFormation names it, so ours is told by its tag; of the bill there is one view that everybody has.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbudgetservice.html
    """
    for action in actions:
        service, _, operation = action.partition(":")
        resource = "billingview/primary" if service == "billing" else "budget/*"
        reads = service == "billing" or operation.startswith((*_READS, "View"))
        yield grant(action, scope.arn(service, resource), condition=None if reads else nobody_elses(scope))


def _actions(types: tuple[str, ...]) -> list[str]:
    found: set[str] = set()
    for key, actions in HANDLERS.items():
        kind = key.partition(" ")[0]
        if kind in types:
            unused = (each for name, each in ONLY_FOR.items() if name.partition(" ")[0] == kind)
            found |= actions.difference(*unused)
    return sorted(found)


def _of_models(action: str, scope: Scope) -> Iterator[Grant]:
    """SageMaker's names come from the catalog, so what is ours is told by its tag.

    Reading is not narrowed by tags: what does not exist has none, and a handler must be told that it does not exist.
    """
    if action == "iam:PassRole":
        passed = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
        yield grant(action, scope.execution_role_arn, condition=passed)
        return
    kinds = [scope.arn("sagemaker", f"{kind}/*") for kind in HOSTED]
    operation = action.partition(":")[2]
    if operation.startswith(_READS):
        yield grant(action, *kinds)
        return
    if operation == "AddTags":  # while creating and afterwards
        yield grant(action, *kinds, condition=nobody_elses(scope))
    else:
        yield grant(action, *kinds, condition=made_ours(scope) if action in _CREATES else ours(scope))


def _of_role(action: str, scope: Scope) -> Iterator[Grant]:
    """The execution role alone, with the policies and the boundary that the environment names."""
    role = scope.execution_role
    if role is None:
        return
    condition: dict[str, Mapping[str, object]] = {}
    if action == "iam:AttachRolePolicy":
        if not role.managed_policies:
            return
        condition["ArnEquals"] = {"iam:PolicyARN": [_policy_arn(each, scope) for each in role.managed_policies]}
    bounded = {"iam:AttachRolePolicy", "iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"}
    if role.permissions_boundary and action in bounded:
        condition["StringEquals"] = {"iam:PermissionsBoundary": role.permissions_boundary}
    if role.permissions_boundary and action == "iam:DeleteRolePermissionsBoundary":
        return
    yield grant(action, scope.execution_role_arn, condition=condition or None)


def _of_account(action: str, scope: Scope) -> Iterator[Grant]:
    account = scope.service_account
    if account is None:
        return
    service, _, operation = action.partition(":")
    user = scope.arn("iam", f"user/{account.user_name}")
    policies = scope.arn("iam", f"policy/{account.policy_name}*")
    if service == "secretsmanager":  # CloudFormation names it after its logical id
        yield grant(action, scope.arn(service, "secret:InvokeSecret-*"))
    elif operation in {"AttachUserPolicy", "DetachUserPolicy"}:
        yield grant(action, user, condition={"ArnLike": {"iam:PolicyARN": policies}})
    elif "User" in operation or "AccessKey" in operation or "LoginProfile" in operation:
        yield grant(action, user)
    else:
        yield grant(action, policies)


def _policy_arn(policy: str, scope: Scope) -> str:
    return policy if policy.startswith("arn:") else f"arn:{scope.partition}:iam::aws:policy/{policy}"
