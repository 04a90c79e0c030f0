"""What GitHub needs in an account: its OIDC provider, roles to plan and to deploy, CloudFormation's role, a bucket."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from troposphere import GetAtt, Output, Ref, Sub, iam, s3

from esmcfn.domain.stack import BootstrapStack, GitHubRole
from esmcfn.resources import Part, Parts, tags

ISSUER = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"
PATH = "/esmcfn/"
DEPLOYING_SECONDS = 21_600
"""A deployment's session: as long as a job may take at GitHub, so that it never loses sight of what it watches.

https://docs.github.com/en/actions/reference/limits
"""

_VERSION = "2012-10-17"

_NEVER_FOR_PLANS = [
    "cloudformation:CreateStack",
    "cloudformation:ExecuteChangeSet",
    "cloudformation:SetStackPolicy",
    "cloudformation:UpdateStack",
    "cloudformation:UpdateTerminationProtection",
]
"""Whatever else may come to be attached to the role that plans: it executes nothing."""

_TEMPLATES: dict[str, object] = {
    "Version": _VERSION,
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"],
            "Resource": Sub("${ArtifactBucket.Arn}/templates/*"),
        }
    ],
}
"""What is too large to be sent along is put there; CloudFormation reads it as whoever proposes."""


def provider(stack: BootstrapStack) -> Parts:
    """GitHub as an identity provider; an account can have it once. AWS trusts GitHub's certificate by itself.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html
    """
    if not stack.provider_arn:
        made = iam.OIDCProvider(
            "GitHubProvider",
            Url=f"https://{ISSUER}",
            ClientIdList=[AUDIENCE],
            Tags=tags(stack),
            DeletionPolicy="Retain",
        )
        made.resource["UpdateReplacePolicy"] = "Retain"
        yield Part(resource=made)


def service_role(stack: BootstrapStack) -> Parts:
    """The role that CloudFormation works with: it alone makes, changes and deletes resources."""
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "cloudformation.amazonaws.com"},
        "Condition": {"StringEquals": {"aws:SourceAccount": Ref("AWS::AccountId")}},
    }
    yield _role(stack, "ServiceRole", stack.service_role, trust, [_policy("manage-endpoints", stack.service_policy)])


def github_roles(stack: BootstrapStack) -> Parts:
    """Two roles for two kinds of jobs: one that can only propose, and one that can only execute what it is shown."""
    deny: dict[str, object] = {
        "Version": _VERSION,
        "Statement": [{"Effect": "Deny", "Action": _NEVER_FOR_PLANS, "Resource": "*"}],
    }
    templates = _policy("large-templates", _TEMPLATES)
    plan = [_policy("plan", stack.plan.policy), templates, _policy("execute-nothing", deny)]
    yield _role(stack, "PlanRole", stack.plan.name, _trust(stack, stack.plan), plan)
    deploy = [_policy("deploy", stack.deploy.policy), templates]
    trust = _trust(stack, stack.deploy)
    yield _role(stack, "DeployRole", stack.deploy.name, trust, deploy, session_seconds=DEPLOYING_SECONDS)


def artifact_bucket(stack: BootstrapStack) -> Parts:
    """For templates that are too large to be sent inline; kept when the stack goes, since plans may lie in it."""
    bucket = s3.Bucket(
        "ArtifactBucket",
        BucketEncryption=s3.BucketEncryption(
            ServerSideEncryptionConfiguration=[
                s3.ServerSideEncryptionRule(
                    BucketKeyEnabled=True,
                    ServerSideEncryptionByDefault=s3.ServerSideEncryptionByDefault(SSEAlgorithm="aws:kms"),
                )
            ]
        ),
        OwnershipControls=s3.OwnershipControls(Rules=[s3.OwnershipControlsRule(ObjectOwnership="BucketOwnerEnforced")]),
        PublicAccessBlockConfiguration=s3.PublicAccessBlockConfiguration(
            BlockPublicAcls=True, BlockPublicPolicy=True, IgnorePublicAcls=True, RestrictPublicBuckets=True
        ),
        VersioningConfiguration=s3.VersioningConfiguration(Status="Enabled"),
        Tags=tags(stack),
        DeletionPolicy="Retain",
        UpdateReplacePolicy="Retain",
    )
    yield Part(resource=bucket)
    statement = {
        "Sid": "OnlyOverTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [GetAtt(bucket, "Arn"), Sub("${ArtifactBucket.Arn}/*")],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    document = {"Version": _VERSION, "Statement": [statement]}
    yield Part(resource=s3.BucketPolicy("ArtifactBucketPolicy", Bucket=Ref(bucket), PolicyDocument=document))


def outputs() -> Mapping[str, Output]:
    """What goes into GitHub's variables and into the environment's file."""
    values = {
        "PlanRoleArn": GetAtt("PlanRole", "Arn"),
        "DeployRoleArn": GetAtt("DeployRole", "Arn"),
        "ServiceRoleArn": GetAtt("ServiceRole", "Arn"),
        "ArtifactBucketName": Ref("ArtifactBucket"),
    }
    return {title: Output(title, Value=value) for title, value in values.items()}


def _role(
    stack: BootstrapStack,
    title: str,
    name: str,
    trust: Mapping[str, object],
    policies: list[iam.Policy],
    *,
    session_seconds: int = 3600,
) -> Part:
    role = iam.Role(
        title,
        RoleName=name,
        Path=PATH,
        MaxSessionDuration=session_seconds,
        AssumeRolePolicyDocument={"Version": _VERSION, "Statement": [dict(trust)]},
        Policies=policies,
        Tags=tags(stack),
    )
    return Part(resource=role, name=name)


def _policy(name: str, document: Mapping[str, object]) -> iam.Policy:
    return iam.Policy(PolicyName=name, PolicyDocument=dict(document))


def _trust(stack: BootstrapStack, role: GitHubRole) -> dict[str, object]:
    """A job of this repository, in this GitHub environment, of these workflows, with a token made for AWS."""
    exact = {f"{ISSUER}:aud": AUDIENCE}
    like: dict[str, object] = {f"{ISSUER}:job_workflow_ref": list(role.workflows)}
    owner, _, name = stack.repository.partition("/")
    if stack.repository_id:
        exact[f"{ISSUER}:repository_id"] = stack.repository_id
        exact[f"{ISSUER}:environment"] = role.environment
        # GitHub writes the numbers of owner and repository into newer subjects; the claim above pins the repository.
        like[f"{ISSUER}:sub"] = list(_subjects(owner, name, role.environment))
    else:
        exact[f"{ISSUER}:sub"] = f"repo:{stack.repository}:environment:{role.environment}"
    return {
        "Effect": "Allow",
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": stack.provider_arn or Ref("GitHubProvider")},
        "Condition": {"StringEquals": exact, "StringLike": like},
    }


def _subjects(owner: str, name: str, environment: str) -> Iterator[str]:
    yield f"repo:{owner}/{name}:environment:{environment}"
    for mark in "-@":
        yield f"repo:{owner}{mark}*/{name}{mark}*:environment:{environment}"
