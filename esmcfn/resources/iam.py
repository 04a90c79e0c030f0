"""IAM: the execution role, and the shared service account where somebody asked for one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from troposphere import GetAtt, Output, Ref, Sub, iam

from esmcfn.domain.hosting import VOLUME_ACTIONS
from esmcfn.domain.stack import BaseStack, ExecutionRole, ServiceAccount
from esmcfn.resources import Part, Parts, arn, tags

ENDPOINTS_A_POLICY = 40
"""Endpoints in one managed policy: an ARN has up to 130 characters, a policy document at most 6,144.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

_VERSION = "2012-10-17"
_IMAGE = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.[^/]+/(?P<repository>[^:@]+)")


def execution_role(stack: BaseStack) -> Parts:
    """The role that SageMaker assumes: logs and metrics, and what own containers read; no managed policy by default."""
    role = stack.execution_role
    if role is None:
        return
    optional: dict[str, object] = {}
    if role.managed_policies:
        optional["ManagedPolicyArns"] = [_managed_policy(policy) for policy in role.managed_policies]
    if role.permissions_boundary:
        optional["PermissionsBoundary"] = role.permissions_boundary
    resource = iam.Role(
        "ExecutionRole",
        RoleName=role.name,
        Path=role.path,
        AssumeRolePolicyDocument=_trust(),
        Policies=[iam.Policy(PolicyName="run-models", PolicyDocument=_document(_run_models(role)))],
        Tags=tags(stack),
        **optional,
    )
    lines = {
        "": stack.origins.of("iam_role_name_prefix"),
        "ManagedPolicyArns": stack.origins.of("execution_role.managed_policies"),
        "PermissionsBoundary": stack.origins.of("execution_role.permissions_boundary"),
        "Path": stack.origins.of("execution_role.path"),
    }
    yield Part(resource=resource, name=role.name, lines=lines)


def service_account(stack: BaseStack) -> Parts:
    """The user, its policies and its access key; the key's secret is for Secrets Manager alone."""
    account = stack.service_account
    if account is None:
        return
    asked = stack.origins.of("enable_shared_service_account")
    named = stack.origins.of("shared_service_account_name")
    policies = list(_invoke_policies(account))
    for policy in policies:
        yield Part(resource=policy, name=policy.ManagedPolicyName, lines={"": asked})
    user = iam.User(
        "InvokeUser",
        UserName=account.user_name,
        ManagedPolicyArns=[Ref(policy) for policy in policies],
        Tags=tags(stack),
    )
    yield Part(resource=user, name=account.user_name, lines={"": asked, "UserName": named})
    key = iam.AccessKey("InvokeAccessKey", UserName=Ref(user), Serial=1, Status="Active")
    yield Part(resource=key, lines={"": asked})


def outputs(stack: BaseStack) -> Mapping[str, Output]:
    """Names and ids; never the secret."""
    values: dict[str, object] = {}
    if stack.execution_role:
        values["ExecutionRoleName"] = Ref("ExecutionRole")
        values["ExecutionRoleArn"] = GetAtt("ExecutionRole", "Arn")
    if stack.service_account:
        values["SharedServiceUserName"] = Ref("InvokeUser")
        values["SharedServiceUserAccessKeyId"] = Ref("InvokeAccessKey")
        values["SharedServiceSecretArn"] = Ref("InvokeSecret")
    return {title: Output(title, Value=value) for title, value in values.items()}


def _trust() -> dict[str, object]:
    """SageMaker of this account only: nobody else's endpoint may borrow the role."""
    return _document(
        [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"Service": "sagemaker.amazonaws.com"},
                "Condition": {"StringEquals": {"aws:SourceAccount": Ref("AWS::AccountId")}},
            }
        ]
    )


def _run_models(role: ExecutionRole) -> list[object]:
    """What running a Marketplace package takes; SageMaker itself fetches the package."""
    statements: list[object] = [
        {
            "Sid": "WriteLogs",
            "Effect": "Allow",
            "Action": [
                "logs:CreateLogGroup",
                "logs:CreateLogStream",
                "logs:DescribeLogStreams",
                "logs:PutLogEvents",
            ],
            "Resource": arn("logs", "log-group:/aws/sagemaker/*"),
        },
        {
            "Sid": "WriteMetrics",
            "Effect": "Allow",
            "Action": "cloudwatch:PutMetricData",
            "Resource": "*",
            "Condition": {
                "StringLike": {"cloudwatch:namespace": ["/aws/sagemaker/*", "/aws/SageMaker/*", "AWS/SageMaker"]}
            },
        },
    ]
    statements.extend(_pull_images(role.images))
    statements.extend(_read_model_data(role.model_data))
    statements.extend(_encrypt_volumes(role.keys))
    return statements


def _pull_images(images: tuple[str, ...]) -> Iterator[object]:
    repositories = sorted(
        {
            f"arn:${{AWS::Partition}}:ecr:{found['region']}:{found['account']}:repository/{found['repository']}"
            for found in map(_IMAGE.match, images)
            if found
        }
    )
    if repositories:
        actions = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        yield {
            "Sid": "PullImages",
            "Effect": "Allow",
            "Action": actions,
            "Resource": [Sub(repository) for repository in repositories],
        }
        # The token names no repository, so IAM takes no resource here.
        yield {"Sid": "LogInToEcr", "Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"}


def _read_model_data(addresses: tuple[str, ...]) -> Iterator[object]:
    objects = sorted({address.removeprefix("s3://") for address in addresses if address})
    if objects:
        buckets = sorted({address.split("/", 1)[0] for address in objects})
        yield {
            "Sid": "ReadModelData",
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": [Sub(f"arn:${{AWS::Partition}}:s3:::{address}") for address in objects],
        }
        yield {
            "Sid": "ListModelData",
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": [Sub(f"arn:${{AWS::Partition}}:s3:::{bucket}") for bucket in buckets],
        }


def _encrypt_volumes(keys: tuple[str, ...]) -> Iterator[object]:
    """What SageMaker needs to attach an encrypted volume as this role; the grant is for AWS's own services alone."""
    if keys:
        yield {
            "Sid": "EncryptVolumes",
            "Effect": "Allow",
            "Action": list(VOLUME_ACTIONS),
            "Resource": list(keys),
        }
        yield {
            "Sid": "GrantToAws",
            "Effect": "Allow",
            "Action": "kms:CreateGrant",
            "Resource": list(keys),
            "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}},
        }


def _invoke_policies(account: ServiceAccount) -> Iterator[iam.ManagedPolicy]:
    """InvokeEndpoint on this environment's endpoints. SageMaker's ARNs are lower case whatever the name's case is."""
    names = sorted({name.lower() for name in account.endpoint_names})
    for start in range(0, len(names), ENDPOINTS_A_POLICY):
        number = start // ENDPOINTS_A_POLICY + 1
        suffix = "" if number == 1 else str(number)
        statement = {
            "Sid": "InvokeEndpoints",
            "Effect": "Allow",
            "Action": "sagemaker:InvokeEndpoint",
            "Resource": [arn("sagemaker", f"endpoint/{name}") for name in names[start : start + ENDPOINTS_A_POLICY]],
        }
        yield iam.ManagedPolicy(
            f"InvokePolicy{suffix}",
            ManagedPolicyName="-".join(filter(None, (account.policy_name, suffix))),
            Description="Invoke the endpoints of this environment",
            PolicyDocument=_document([statement]),
        )


def _managed_policy(policy: str) -> object:
    """An ARN as it is; a bare name is one of AWS's own policies."""
    return policy if policy.startswith("arn:") else Sub(f"arn:${{AWS::Partition}}:iam::aws:policy/{policy}")


def _document(statements: list[object]) -> dict[str, object]:
    return {"Version": _VERSION, "Statement": statements}
