"""Templates that the contract tests share: as small as they can be."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

PACKAGE = "arn:aws:sagemaker:us-east-2:057799348421:model-package/esmc-300m-2024-12-6ad677e3dc243fb1b56e5787b7f93b53"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def a_template(**resources: Any) -> dict[str, Any]:
    """A template of these resources."""
    return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}


def a_topic(**properties: Any) -> dict[str, Any]:
    """An SNS topic."""
    return {"Type": "AWS::SNS::Topic", "Properties": properties}


def a_role(**properties: Any) -> dict[str, Any]:
    """A role that SageMaker may assume."""
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": deepcopy(TRUST), **properties}}


def an_endpoint(
    *, instance_type: str = "ml.g5.2xlarge", suffix: str = "1", count: int = 1, **properties: Any
) -> dict[str, Any]:
    """Model, configuration and endpoint, with names that change with `suffix`."""
    return a_template(
        Model={
            "Type": "AWS::SageMaker::Model",
            "Properties": {
                "ModelName": "Model-1",
                "ExecutionRoleArn": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/esm"},
                "EnableNetworkIsolation": True,
                "PrimaryContainer": {"ModelPackageName": PACKAGE},
            },
        },
        Config={
            "Type": "AWS::SageMaker::EndpointConfig",
            "Properties": {
                "EndpointConfigName": f"Config-{suffix}",
                "ProductionVariants": [
                    {
                        "VariantName": "variant-1",
                        "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]},
                        "InstanceType": instance_type,
                        "InitialInstanceCount": count,
                        "InitialVariantWeight": 1,
                    }
                ],
            },
        },
        Endpoint={
            "Type": "AWS::SageMaker::Endpoint",
            "Properties": {
                "EndpointName": "Endpoint-ESMC-300M-1",
                "EndpointConfigName": {"Fn::GetAtt": ["Config", "EndpointConfigName"]},
                **properties,
            },
        },
    )


def a_group(name: str, **attributes: Any) -> dict[str, Any]:
    return {"Type": "AWS::Logs::LogGroup", **attributes, "Properties": {"LogGroupName": name}}
