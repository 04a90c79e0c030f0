"""Types that say who may do what and who hears of it, in the base stack."""

from __future__ import annotations

import json
from copy import deepcopy

from .case import OTHER_POLICY, OTHER_TAGS, POLICY, TAGS, USER, Case
from .templates import TRUST, a_role, a_topic


def _of_a_topic(action: str) -> dict[str, object]:
    statement = {"Effect": "Allow", "Principal": "*", "Action": action, "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


ACCESS = (
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
        create={"Topics": [{"Ref": "Topic"}], "PolicyDocument": _of_a_topic("sns:Publish")},
        update={"PolicyDocument": _of_a_topic("sns:Get*"), "Topics": [{"Ref": "Other"}]},
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
)
