"""Types that keep something: logs, money, files and keys."""

from __future__ import annotations

from .case import KEY_POLICY, OTHER_KEY_POLICY, OTHER_POLICY, OTHER_TAGS, POLICY, TAGS, Case

KEEPING = (
    Case(
        type="AWS::Logs::LogGroup",
        create={"LogGroupName": "/aws/sagemaker/Endpoints/e", "RetentionInDays": 7, "Tags": TAGS},
        update={"RetentionInDays": 30, "Tags": OTHER_TAGS},
        also=({"KmsKeyId": "arn:aws:kms:us-east-2:123456789012:key/1"},),
        then=({"KmsKeyId": "arn:aws:kms:us-east-2:123456789012:key/2"},),
        replaced={"LogGroupName": "other"},
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
            "ResourceTags": TAGS,
        },
        replaced={
            "Budget": {
                "BudgetName": "other",
                "BudgetType": "COST",
                "TimeUnit": "MONTHLY",
                "BudgetLimit": {"Amount": 100, "Unit": "USD"},
            },
            "NotificationsWithSubscribers": [
                {
                    "Notification": {
                        "NotificationType": "ACTUAL",
                        "ComparisonOperator": "GREATER_THAN",
                        "Threshold": 90,
                    },
                    "Subscribers": [{"SubscriptionType": "EMAIL", "Address": "a@example.com"}],
                }
            ],
        },
        update={
            "ResourceTags": OTHER_TAGS,
            "Budget": {
                "BudgetName": "esm",
                "BudgetType": "COST",
                "TimeUnit": "MONTHLY",
                "BudgetLimit": {"Amount": 200, "Unit": "USD"},
            },
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
        replaced={"BucketName": "other"},
        change=("VersioningConfiguration", {"Status": "Suspended"}),
    ),
    Case(
        type="AWS::S3::BucketPolicy",
        create={"Bucket": {"Ref": "Bucket"}, "PolicyDocument": {**POLICY}},
        update={"PolicyDocument": OTHER_POLICY},
        replaced={"Bucket": "other"},
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
        update={
            "Description": "two",
            "Enabled": False,
            "EnableKeyRotation": False,
            "KeyPolicy": OTHER_KEY_POLICY,
            "PendingWindowInDays": 8,
            "Tags": OTHER_TAGS,
        },
        stays=frozenset({"KeyPolicy"}),
        fixed={"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"},
        change=("Description", "by hand"),
    ),
    Case(
        type="AWS::KMS::Alias",
        create={"AliasName": "alias/esm", "TargetKeyId": {"Ref": "One"}},
        update={"TargetKeyId": {"Ref": "Two"}},
        replaced={"AliasName": "alias/other"},
        around={
            name: {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": KEY_POLICY, "Description": name}}
            for name in ("One", "Two")
        },
    ),
)
