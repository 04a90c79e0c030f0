"""Verb -> the API calls it makes, and what IAM wants for each.

Actions are named as IAM names them. A contract test runs every verb and compares what the sandbox hears with this
table: nothing may be missing, and nothing may be too much.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from esmcfn.domain.stack import ENVIRONMENT_TAG
from esmcfn.permissions import hosting
from esmcfn.permissions.grants import (
    HOSTED,
    Condition,
    Grant,
    Scope,
    grant,
    nobody_elses,
    nobody_elses_now,
)

_LOOK = frozenset({"cloudformation:DescribeStacks"})
_SEE = _LOOK | {"sagemaker:DescribeEndpoint"}
_COMPARE = _LOOK | {"cloudformation:GetTemplate"}
_LOGS = frozenset({"logs:DescribeLogStreams", "logs:GetLogEvents"})
_HEADROOM = frozenset({"sagemaker:DescribeEndpoint", "sagemaker:DescribeEndpointConfig", "sagemaker:ListEndpoints"})
_QUOTAS = frozenset({"servicequotas:ListServiceQuotas"})
_PROPOSE = frozenset(
    {
        "cloudformation:CreateChangeSet",
        "cloudformation:DeleteChangeSet",
        "cloudformation:DeleteStack",
        "cloudformation:DescribeChangeSet",
        "cloudformation:DescribeEvents",
        "cloudformation:ListChangeSets",
    }
)
_EXECUTE = frozenset(
    {
        "cloudformation:CancelUpdateStack",
        "cloudformation:ExecuteChangeSet",
        "cloudformation:UpdateTerminationProtection",
    }
)
_DESTROY = frozenset(
    {
        "cloudformation:CancelUpdateStack",
        "cloudformation:DeleteStack",
        "cloudformation:DescribeStackEvents",
        "cloudformation:UpdateTerminationProtection",
        "logs:DeleteLogGroup",
    }
)
_RECOVER = frozenset({"cloudformation:ContinueUpdateRollback", "cloudformation:RollbackStack"})
_OF_ROLES = frozenset({"iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"})
_OF_USERS = frozenset(
    {
        "iam:GetLoginProfile",
        "iam:GetUser",
        "iam:GetUserPolicy",
        "iam:ListAccessKeys",
        "iam:ListAttachedUserPolicies",
        "iam:ListGroupsForUser",
        "iam:ListUserPolicies",
    }
)
_OF_POLICIES = frozenset({"iam:GetPolicy", "iam:GetPolicyVersion", "iam:ListEntitiesForPolicy"})
_DETECT = frozenset(
    {
        "cloudformation:DescribeStackDriftDetectionStatus",
        "cloudformation:DescribeStackResourceDrifts",
        "cloudformation:DetectStackDrift",
        "cloudformation:ListStackResources",
    }
)
_OF_HOSTING = frozenset(
    {
        "application-autoscaling:DescribeScalableTargets",
        "application-autoscaling:DescribeScalingPolicies",
        "application-autoscaling:DescribeScheduledActions",
        "application-autoscaling:ListTagsForResource",
        "cloudwatch:DescribeAlarms",
        "cloudwatch:ListTagsForResource",
        "logs:DescribeLogGroups",
        "logs:ListTagsForResource",
        "sagemaker:DescribeModel",
        "sagemaker:ListTags",
        "sns:GetSubscriptionAttributes",
        "sns:GetTopicAttributes",
        "sns:ListSubscriptionsByTopic",
        "sns:ListTagsForResource",
    }
)
_OF_KEYS = frozenset(
    {
        "kms:DescribeKey",
        "kms:GetKeyPolicy",
        "kms:GetKeyRotationStatus",
        "kms:ListGrants",
        "kms:ListResourceTags",
    }
)
_OF_BUDGETS = frozenset({"budgets:ListTagsForResource", "budgets:ViewBudget"})
_OF_SECRETS = frozenset({"secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy"})
_OBSERVE = _HEADROOM | _OF_HOSTING | _OF_ROLES | _OF_USERS | _OF_POLICIES | _OF_KEYS | _OF_BUDGETS | _OF_SECRETS
_OVERWRITTEN = _OBSERVE | {"cloudformation:ListStackResources"}
_READ_ONLY_PLAN = _COMPARE | _OVERWRITTEN | _QUOTAS | {"cloudformation:DescribeStackEvents"}
_DEPLOY = _READ_ONLY_PLAN | _PROPOSE | _EXECUTE | _LOGS

_AUDIT = frozenset({"ce:GetCostAndUsage", "cloudwatch:GetMetricData"})

VERBS: Mapping[str, frozenset[str]] = {
    "audit": _SEE | _COMPARE | _AUDIT | {"sagemaker:DescribeEndpointConfig"},
    "audit --drift": _COMPARE | _DETECT | _OBSERVE | _AUDIT,
    "cost": _COMPARE,
    "deploy": _DEPLOY | _RECOVER,
    "deploy --plan": _DEPLOY | _RECOVER | _DETECT,  # of plan --drift --out, whose detection is asked again
    "destroy": _COMPARE | _LOGS | _DESTROY,
    "doctor": _LOOK | _HEADROOM | _QUOTAS | {"sagemaker:DescribeModelPackage"},
    "drift": _COMPARE | _DETECT | _OBSERVE,
    "logs": _SEE | _LOGS | {"logs:FilterLogEvents"},
    "outputs": _LOOK,
    "park": _DEPLOY,
    "plan": _READ_ONLY_PLAN | _PROPOSE,
    "plan --drift": _READ_ONLY_PLAN | _PROPOSE | _DETECT,
    "plan --read-only": _READ_ONLY_PLAN,
    "prices refresh": frozenset({"pricing:GetProducts"}),
    "resume": _DEPLOY,
    "status": _SEE | _LOGS,
    "wait": _SEE | _LOGS,
}
"""What each verb calls; one that is missing here calls nothing."""

UNCHECKED = frozenset({"sts:GetCallerIdentity"})
"""Calls that every identity may make, and no policy can forbid.

https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
"""

BESIDES: Mapping[str, frozenset[str]] = {
    # What doctor asks where it can, and does without where it cannot.
    "sagemaker:DescribeModelPackage": frozenset(
        {"aws-marketplace:SearchAgreements", "iam:GetRole", "iam:SimulatePrincipalPolicy"}
    ),
    "cloudformation:CreateChangeSet": frozenset({"cloudformation:TagResource"}),
    "cloudformation:DescribeStacks": frozenset({"cloudformation:ListStacks"}),
    "cloudformation:DetectStackDrift": frozenset(
        {
            "cloudformation:BatchDescribeTypeConfigurations",
            "cloudformation:DetectStackResourceDrift",
        }
    ),
    "budgets:ViewBudget": frozenset({"billing:GetBillingViewData"}),
}
"""What IAM wants besides the call's own action: for stacks that are tagged, for DescribeStacks without a name, and for
CloudFormation to read, as whoever asks.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudformation.html
"""

READS = (
    *("audit", "audit --drift", "cost", "doctor", "drift", "logs", "outputs"),
    *("plan", "plan --drift", "plan --read-only", "prices refresh", "status", "wait"),
)
"""Verbs that leave what runs as it is."""

WRITES = ("deploy", "deploy --plan", "destroy", "park", "resume")
"""Verbs that execute; CloudFormation needs what `handlers` says besides."""

_EVERYWHERE = frozenset({"cloudformation:DescribeStacks", "cloudformation:ListStacks"})
"""Asked without a name, so of every stack of account and region; IAM then compares with stack/*/*.

https://github.com/jogold/cloudstructs/issues/215
"""

_WITHOUT_RESOURCE = frozenset(
    {
        "aws-marketplace:SearchAgreements",
        "application-autoscaling:DescribeScalableTargets",
        "application-autoscaling:DescribeScalingPolicies",
        "application-autoscaling:DescribeScheduledActions",
        "ce:GetCostAndUsage",
        "cloudformation:BatchDescribeTypeConfigurations",
        "cloudformation:DescribeStackDriftDetectionStatus",
        "cloudwatch:GetMetricData",
        "logs:DescribeLogGroups",
        "pricing:GetProducts",
        "sagemaker:ListEndpoints",
        "servicequotas:ListServiceQuotas",
        "sns:GetSubscriptionAttributes",
    }
)
"""Actions for which IAM knows no resource to name.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

_KINDS: Mapping[str, tuple[str, ...]] = {
    "DescribeEndpointConfig": ("endpoint-config",),
    "DescribeModel": ("model",),
    "ListTags": HOSTED,
}
"""Operation of SageMaker to what it is asked about, where that is not an endpoint."""

_CHANGE_SETS: Condition = {
    "StringLike": {"cloudformation:ChangeSetName": ["esmcfn-*", "arn:*:cloudformation:*:*:changeSet/esmcfn-*"]}
}
"""Ours, whether they are called by name or by ARN."""

_UNTAGGED: Condition = {"Null": {f"aws:ResourceTag/{ENVIRONMENT_TAG}": "true"}}
"""A stack that no change set of ours was ever executed on, as what a first plan made.

IAM knows no condition for an empty one: another's stack of such a name and without the tag is not told apart.
"""

_ALTERS = frozenset(
    {
        "CancelUpdateStack",
        "ContinueUpdateRollback",
        "DeleteChangeSet",
        "DeleteStack",
        "ExecuteChangeSet",
        "RollbackStack",
        "UpdateTerminationProtection",
    }
)
"""What an environment's role does to no stack that carries another environment's tag: esm-dev-* is esm-dev-prod, too.

A new stack has no tags before its first change set is executed, hence only another's tag forbids.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudformation.html
"""


def of_verbs(verbs: Iterable[str], scope: Scope) -> Iterator[Grant]:
    """What whoever runs these verbs must be allowed."""
    chosen = tuple(verbs)
    called = frozenset[str]().union(*(VERBS.get(verb, frozenset()) for verb in chosen))
    executes = any(verb in WRITES for verb in chosen)
    extra = hosting.compared(scope) if "cloudformation:DetectStackDrift" in called else {}
    wanted = called.union(*(BESIDES.get(each, frozenset()) for each in called)) - extra.keys()
    for action in sorted(each for each in wanted if _there(each, scope)):
        yield _grant(action, scope, executes=executes)
    yield from (grant(action, *resources) for action, resources in extra.items())
    if "cloudformation:CreateChangeSet" in called and scope.service_role_arn:
        passed = {"StringEquals": {"iam:PassedToService": "cloudformation.amazonaws.com"}}
        yield grant("iam:PassRole", scope.service_role_arn, condition=passed)
    if "cloudformation:CreateChangeSet" in called and scope.artifact_bucket:
        place = f"arn:{scope.partition}:s3:::{scope.artifact_bucket}/templates/*"
        yield from (grant(action, place) for action in UPLOADING)


UPLOADING = ("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject")
"""For a template that is too large to be sent along: it is put there, and CloudFormation reads it as whoever calls."""


_READ_WHERE: Mapping[str, str] = {
    "application-autoscaling": "scalable-target/*",
    "billing": "billingview/primary",
    "budgets": "budget/*",
    "cloudwatch": "alarm:*",
    "kms": "key/*",
    "logs": "log-group:/aws/sagemaker/Endpoints/*",
    "secretsmanager": "secret:InvokeSecret-*",  # CloudFormation names it after its logical id
    "sns": "{}-*",
}
"""Service to what is read of it, where that does not depend on the operation; {} is the base stack's name."""


def _there(action: str, scope: Scope) -> bool:
    """Has the environment anything that this could be asked about? Nobody reads keys, secrets and budgets for nothing.

    Whoever adds the first of them runs `bootstrap` again, as for what CloudFormation reads and makes of them.
    """
    match action.partition(":")[0]:
        case "kms":
            return bool(scope.alarm_topic)
        case "billing" | "budgets":
            return scope.budget
        case "secretsmanager":
            return scope.service_account is not None
        case _:
            return True


def _grant(action: str, scope: Scope, *, executes: bool) -> Grant:
    service, _, operation = action.partition(":")
    if action in _EVERYWHERE:
        return grant(action, scope.arn(service, "stack/*/*"))
    if action in _WITHOUT_RESOURCE:
        return grant(action, "*")
    if operation == "DescribeModelPackage":  # a seller's, of whatever account
        return grant(action, f"arn:{scope.partition}:sagemaker:{scope.region}:*:model-package/*")
    if operation == "SimulatePrincipalPolicy":
        return grant(action, scope.arn("iam", "role/*"), scope.arn("iam", "user/*"))
    if service == "sagemaker":  # the headroom of a quota counts everybody's endpoints
        return grant(action, *(scope.arn("sagemaker", f"{kind}/*") for kind in _KINDS.get(operation, ("endpoint",))))
    if service == "iam":
        kind = "role" if action in _OF_ROLES else "user" if action in _OF_USERS else "policy"
        return grant(action, scope.arn("iam", f"{kind}/*"))
    if service in _READ_WHERE:
        return grant(action, scope.arn(service, _READ_WHERE[service].format(scope.stacks)))
    stacks = (scope.arn(service, f"stack/{scope.stacks}/*"), scope.arn(service, f"stack/{scope.stacks}-*/*"))
    return grant(action, *stacks, condition=_condition(operation, scope, executes=executes))


def _condition(operation: str, scope: Scope, *, executes: bool) -> Condition | None:
    match operation:
        case "CreateChangeSet":
            role = (
                {"StringEquals": {"cloudformation:RoleArn": scope.service_role_arn}} if scope.service_role_arn else {}
            )
            return {**_CHANGE_SETS, **role, **nobody_elses(scope)}
        case "TagResource":
            return nobody_elses(scope)
        case "DeleteStack" if not executes:
            return _UNTAGGED
        case "DeleteChangeSet" | "ExecuteChangeSet":
            return {**_CHANGE_SETS, **nobody_elses_now(scope)}
        case _ if operation in _ALTERS:
            return nobody_elses_now(scope)
        case _:
            return None
