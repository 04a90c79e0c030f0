"""House rules about access: roles, policies and keys."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from esmcfn.domain.finding import Level, Severity
from esmcfn.policy.house.rule import Complaint, Rule, Subject, items, known, mapping, text
from esmcfn.policy.house.walk import walk

_KEY = "AWS::IAM::AccessKey"
_SECRET = "AWS::SecretsManager::Secret"  # noqa: S105  (a resource type)
_TOO_MUCH = re.compile(r"AdministratorAccess.*|.*(?:FullAccess(?:V[0-9]+)?|Administrator|PowerUser(?:Access)?)")
"""AWS's own names for all of something: AmazonS3FullAccess, AmazonEC2ContainerRegistryPowerUser."""
_HOLDERS = ("AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group")
_INLINE = ("AWS::IAM::RolePolicy", "AWS::IAM::UserPolicy", "AWS::IAM::GroupPolicy")
_POLICIES = (*_HOLDERS, "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", *_INLINE)
_ENDPOINT = re.compile(r":sagemaker:[^:]*:[^:]*:endpoint/(?P<name>.*)$")
_EVERYTHING = re.compile(r"[*?]*\*[*?]*|arn:\*(?:\*|:)*")
_PLACEHOLDER = re.compile(r"\$\{[^}]*\}")

WITHOUT_RESOURCE = frozenset(
    {
        "aws-marketplace:SearchAgreements",
        "aws-marketplace:ViewSubscriptions",
        "ce:GetCostAndUsage",
        "cloudwatch:GetMetricData",
        "cloudwatch:ListMetrics",
        "cloudwatch:PutMetricData",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcs",
        "application-autoscaling:DescribeScalableTargets",
        "application-autoscaling:DescribeScalingActivities",
        "application-autoscaling:DescribeScalingPolicies",
        "application-autoscaling:DescribeScheduledActions",
        "ecr:GetAuthorizationToken",
        "kms:CreateKey",
        "logs:DescribeIndexPolicies",
        "logs:DescribeLogGroups",
        "logs:DescribeResourcePolicies",
        "sagemaker:ListEndpoints",
        "servicequotas:ListServiceQuotas",
        "cloudformation:BatchDescribeTypeConfigurations",
        "cloudformation:DescribeStackDriftDetectionStatus",
        "pricing:GetProducts",
        "sns:GetSubscriptionAttributes",
        "sns:SetSubscriptionAttributes",
        "sns:Unsubscribe",
        "sts:GetCallerIdentity",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    }
)
"""Actions for which IAM knows no resource to name.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""


def _secret_leaks(subject: Subject) -> Iterable[Complaint]:
    keys = {logical_id for logical_id, _ in subject.resources(_KEY)}
    safe = {f"Resources/{logical_id}/Properties/SecretString" for logical_id, _ in subject.resources(_SECRET)}
    for path, value in walk(subject.template.body, ""):
        if any(path == place or path.startswith(f"{place}/") for place in safe):
            continue
        for key in sorted(keys):
            if _tells_secret(value, key):
                parts = path.removeprefix("Resources/").split("/")
                yield Complaint(
                    f"the secret of {key} goes elsewhere than into Secrets Manager", _origin_path(path, parts)
                )


def _tells_secret(value: object, key: str) -> bool:
    """Does this node itself read the secret, by Fn::GetAtt (either form) or inside Fn::Sub?"""
    node = mapping(value)
    attribute = node.get("Fn::GetAtt")
    if attribute in ([key, "SecretAccessKey"], f"{key}.SecretAccessKey"):
        return True
    template = node.get("Fn::Sub")
    texts = template[:1] if isinstance(template, list) else [template]
    return any(isinstance(each, str) and f"${{{key}.SecretAccessKey}}" in each for each in texts)


def _origin_path(path: str, parts: list[str]) -> str:
    """ "Resources/X/Properties/A" as "X/A"; anything else as it is."""
    if not path.startswith("Resources/"):
        return path
    return "/".join([parts[0], *(parts[2:] if parts[1:2] == ["Properties"] else parts[1:])])


def _too_powerful(subject: Subject) -> Iterable[Complaint]:
    for logical_id, properties in subject.resources(*_HOLDERS):
        for index, policy in enumerate(items(properties.get("ManagedPolicyArns"))):
            place, arn = f"{logical_id}/ManagedPolicyArns/{index}", known(policy, subject.template)
            if arn is None and not _of_this_template(policy, subject):
                yield Complaint("which policy is attached cannot be read", place)
            name = (arn or "").rsplit("/", 1)[-1]
            if _TOO_MUCH.fullmatch(name):
                yield Complaint(f"{name} is attached", place)


def _of_this_template(policy: object, subject: Subject) -> bool:
    """Is it a policy that stands in the template itself, where it is judged by what it says?"""
    referred = mapping(policy).get("Ref")
    told = mapping(policy).get("Fn::GetAtt")
    attribute = told.partition(".")[0] if isinstance(told, str) else next(iter(items(told)), None)
    return any(
        isinstance(each, str) and subject.template.resource_type(each) == "AWS::IAM::ManagedPolicy"
        for each in (referred, attribute)
    )


def _long_lived_key(subject: Subject) -> Iterable[Complaint]:
    for logical_id, _ in subject.resources(_KEY):
        yield Complaint("an access key lives until somebody rotates it; roles need none", logical_id)


def _any_resource(subject: Subject) -> Iterable[Complaint]:
    for path, statement in statements(subject):
        named = [known(resource, subject.template) or "" for resource in items(statement.get("Resource"))]
        everything = any(_EVERYTHING.fullmatch(each) for each in named) or "NotResource" in statement
        actions = [str(action) for action in items(statement.get("Action"))]
        excess = sorted(action for action in actions if action not in WITHOUT_RESOURCE)
        if everything and statement.get("Effect") == "Allow" and (excess or "NotAction" in statement):
            yield Complaint(f"{', '.join(excess) or 'NotAction'} on every resource", f"{path}/Resource")


def _mixed_case(subject: Subject) -> Iterable[Complaint]:
    for path, statement in statements(subject):
        for resource in items(statement.get("Resource")):
            # What CloudFormation fills in counts as lower case, and its own colons must not count.
            found = _ENDPOINT.search(_PLACEHOLDER.sub("x", text(resource)))
            if found and found["name"] != found["name"].lower():
                yield Complaint(f"endpoint/{found['name']} never matches: write it in lower case", f"{path}/Resource")


def statements(subject: Subject) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Path and text of every statement of every IAM policy."""
    for logical_id, properties in subject.resources(*_POLICIES):
        documents = [("PolicyDocument", properties.get("PolicyDocument"))]
        for index, policy in enumerate(items(properties.get("Policies"))):
            documents.append((f"Policies/{index}/PolicyDocument", mapping(policy).get("PolicyDocument")))
        for place, document in documents:
            for index, statement in enumerate(items(mapping(document).get("Statement"))):
                yield f"{logical_id}/{place}/Statement/{index}", mapping(statement)


def a_role(principal: str, rest: str = "") -> str:
    """A role as rules about roles show one, that this principal may assume; the rest stands below it."""
    return f"""\
Role:
  Type: AWS::IAM::Role
  Properties:
    AssumeRolePolicyDocument:
      Version: "2012-10-17"
      Statement:
        - Effect: Allow
          Action: sts:AssumeRole
          Principal: {principal}
{rest}"""


def _role(policy: str) -> str:
    managed = f"    ManagedPolicyArns:\n      - arn:aws:iam::aws:policy/{policy}\n"
    return a_role("{Service: sagemaker.amazonaws.com}", managed)


def _policy(action: str, resource: str) -> str:
    return f"""\
Policy:
  Type: AWS::IAM::ManagedPolicy
  Properties:
    PolicyDocument:
      Version: "2012-10-17"
      Statement:
        - Effect: Allow
          Action: {action}
          Resource: "{resource}"
"""


_USER_AND_KEY = """\
User:
  Type: AWS::IAM::User
Key:
  Type: AWS::IAM::AccessKey
  Properties:
    UserName: !Ref User
"""
_ROLE_TO_ASSUME = """\
Role:
  Type: AWS::IAM::Role
  Properties:
    AssumeRolePolicyDocument:
      Version: "2012-10-17"
      Statement:
        - Effect: Allow
          Action: sts:AssumeRole
          Principal: {AWS: "arn:aws:iam::123456789012:role/notebook"}
"""

_ENDPOINT_ARN = "arn:aws:sagemaker:us-east-2:123456789012:endpoint"

ACCESS_RULES = (
    Rule(
        id="ESM007",
        severity=Severity.ERROR,
        level=Level.HARD,
        summary="The secret of an access key goes into Secrets Manager and nowhere else",
        why="Outputs, metadata and tags are read by everybody who may look at the stack, and they are kept.",
        advice="put it into a secret of Secrets Manager, and hand on its ARN",
        source="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/security-best-practices.html",
        check=_secret_leaks,
        good=_USER_AND_KEY
        + """\
Secret:
  Type: AWS::SecretsManager::Secret
  Properties:
    SecretString: !Sub '{"secret_access_key": "${Key.SecretAccessKey}"}'
""",
        bad=_USER_AND_KEY
        + """\
Parameter:
  Type: AWS::SSM::Parameter
  Properties:
    Type: String
    Value: !GetAtt Key.SecretAccessKey
""",
    ),
    Rule(
        id="ESM008",
        severity=Severity.WARNING,
        level=Level.ADVISORY,
        summary="Callers assume a role instead of holding an access key",
        why="A key works for whoever finds it, from anywhere, until somebody notices.",
        advice="set enable_shared_service_account to false, and let callers assume a role",
        source="https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html",
        check=_long_lived_key,
        good=_ROLE_TO_ASSUME,
        bad=_USER_AND_KEY,
    ),
    Rule(
        id="ESM009",
        severity=Severity.ERROR,
        level=Level.SOFT,
        summary="Nobody gets AdministratorAccess, AmazonSageMakerFullAccess or another policy for all of something",
        why="Running a package takes logs and metrics; these also read buckets and delete endpoints.",
        advice="name the policies that are needed; what models need is there without execution_role.managed_policies",
        source="https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html",
        check=_too_powerful,
        good=_role("AmazonEC2ContainerRegistryReadOnly"),
        bad=_role("AmazonSageMakerFullAccess"),
    ),
    Rule(
        id="ESM010",
        severity=Severity.ERROR,
        level=Level.SOFT,
        summary="A policy names its resources, save for the few actions that know none",
        why='"*" includes everything that the account will ever hold.',
        advice="name the ARNs, or split off the actions that take none",
        source="https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html",
        check=_any_resource,
        good=_policy("sagemaker:InvokeEndpoint", f"{_ENDPOINT_ARN}/endpoint-esmc-300m-1-0a1b2c3d"),
        bad=_policy("sagemaker:InvokeEndpoint", "*"),
    ),
    Rule(
        id="ESM011",
        severity=Severity.ERROR,
        level=Level.HARD,
        summary="An endpoint's ARN in a policy is in lower case",
        why="SageMaker's ARNs are in lower case whatever the name is, and IAM compares exactly.",
        advice="write the name in lower case",
        source="https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html",
        check=_mixed_case,
        good=_policy("sagemaker:InvokeEndpoint", f"{_ENDPOINT_ARN}/endpoint-esmc-300m-1-0a1b2c3d"),
        bad=_policy("sagemaker:InvokeEndpoint", f"{_ENDPOINT_ARN}/Endpoint-ESMC-300M-1-0a1b2c3d"),
    ),
)
