"""Each resource of the Terraform module, mapped to ours, or the reason why none is needed.

The module's resources and counts: basic makes 6, basic_shared_user 10, multi_model 10 (evolutionaryscale/esm-partner,
iac/terraform-aws-esm-partner, v1.0.0).
"""

from __future__ import annotations

from collections import Counter

import pytest
from test_golden import selected

from esmcfn.template import synthesize_all

OURS = {
    "aws_iam_role.sagemaker_execution_role": "AWS::IAM::Role",
    "aws_sagemaker_model.model": "AWS::SageMaker::Model",
    "aws_sagemaker_endpoint_configuration": "AWS::SageMaker::EndpointConfig",
    "aws_sagemaker_endpoint": "AWS::SageMaker::Endpoint",
    "aws_iam_user": "AWS::IAM::User",
    "aws_iam_policy": "AWS::IAM::ManagedPolicy",
    "aws_iam_access_key": "AWS::IAM::AccessKey",
}

NOT_NEEDED = {
    "random_id.instance_suffix": "names carry a hash: CloudFormation has no random_id, and a random one never changed",
    "aws_iam_role_policy_attachment": "AmazonSageMakerFullAccess is not attached; the role has its own policy inside",
    "aws_iam_user_policy_attachment": "the user names its policies itself",
}

ADDED = {
    "AWS::SecretsManager::Secret": "the module keeps the key's secret in its state, in clear",
}

SHARED = {"aws_iam_role.sagemaker_execution_role": 1, "aws_iam_role_policy_attachment": 1}
MODEL = {
    "random_id.instance_suffix": 1,
    "aws_sagemaker_model.model": 1,
    "aws_sagemaker_endpoint_configuration": 1,
    "aws_sagemaker_endpoint": 1,
}
USER = {"aws_iam_user": 1, "aws_iam_policy": 1, "aws_iam_user_policy_attachment": 1, "aws_iam_access_key": 1}

MODULE = {
    "basic": Counter(SHARED) + Counter(MODEL),
    "basic_shared_user": Counter(SHARED) + Counter(MODEL) + Counter(USER),
    "multi_model": Counter(SHARED) + Counter(MODEL) + Counter(MODEL),
}


def made(case: str) -> Counter[str]:
    _, selection = selected(case)
    return Counter(
        resource["Type"] for template in synthesize_all(selection) for resource in template.body["Resources"].values()
    )


@pytest.mark.parametrize(("case", "count"), [("basic", 6), ("basic_shared_user", 10), ("multi_model", 10)])
def test_the_table_holds_what_the_module_makes(case, count):
    assert MODULE[case].total() == count


@pytest.mark.parametrize("case", MODULE)
def test_each_resource_of_the_module_is_ours_or_not_needed(case):
    wanted = Counter({OURS[kind]: count for kind, count in MODULE[case].items() if kind in OURS})
    assert set(MODULE[case]) <= {*OURS, *NOT_NEEDED}
    ours = made(case)
    assert Counter({kind: count for kind, count in ours.items() if kind not in ADDED}) == wanted


@pytest.mark.parametrize(("case", "count"), [("basic", 4), ("basic_shared_user", 8), ("multi_model", 7)])
def test_what_we_make_in_all(case, count):
    assert made(case).total() == count


def test_the_variant_is_the_modules():
    _, selection = selected("basic")
    model = synthesize_all(selection)[1]
    (variant,) = model.body["Resources"]["EndpointConfig"]["Properties"]["ProductionVariants"]
    assert variant == {
        "VariantName": "variant-1",
        "ModelName": model.names["Model"],
        "InitialInstanceCount": 1,
        "InstanceType": "ml.g5.2xlarge",
        "InitialVariantWeight": 1,
        "ModelDataDownloadTimeoutInSeconds": 3600,
    }
    assert model.body["Resources"]["Model"]["Properties"]["EnableNetworkIsolation"] is True
