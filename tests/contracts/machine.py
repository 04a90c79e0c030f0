"""What stacks may do one after another, templates that make them do it, and a store that dies while it writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from esmcfn.sandbox.state import Store

REGION = "us-east-2"


PACKAGE = "arn:aws:sagemaker:us-east-2:057799348421:model-package/esmc-300m"


NESTED_ONLY = ("UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS")
"""What may follow the cleanup of a nested stack that waits for its parent."""


NEXT = {
    "": {"REVIEW_IN_PROGRESS", "CREATE_IN_PROGRESS"},
    "REVIEW_IN_PROGRESS": {"CREATE_IN_PROGRESS", "IMPORT_IN_PROGRESS", "DELETE_COMPLETE"},
    "IMPORT_IN_PROGRESS": {"IMPORT_COMPLETE", "IMPORT_ROLLBACK_IN_PROGRESS"},
    "IMPORT_ROLLBACK_IN_PROGRESS": {"IMPORT_ROLLBACK_COMPLETE"},
    "IMPORT_COMPLETE": {"UPDATE_IN_PROGRESS", "IMPORT_IN_PROGRESS", "DELETE_IN_PROGRESS"},
    "IMPORT_ROLLBACK_COMPLETE": {"UPDATE_IN_PROGRESS", "IMPORT_IN_PROGRESS", "DELETE_IN_PROGRESS"},
    "CREATE_IN_PROGRESS": {
        "CREATE_COMPLETE",
        "ROLLBACK_IN_PROGRESS",
        "CREATE_FAILED",
        "DELETE_IN_PROGRESS",
    },
    "ROLLBACK_IN_PROGRESS": {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED"},
    "UPDATE_IN_PROGRESS": {
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_FAILED",
    },
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": {"UPDATE_COMPLETE", *NESTED_ONLY},
    "UPDATE_ROLLBACK_IN_PROGRESS": {
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_FAILED",
    },
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": {"UPDATE_ROLLBACK_COMPLETE"},
    "UPDATE_ROLLBACK_FAILED": {"UPDATE_ROLLBACK_IN_PROGRESS", "DELETE_IN_PROGRESS"},
    "UPDATE_FAILED": {
        "ROLLBACK_IN_PROGRESS",
        "UPDATE_IN_PROGRESS",
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "DELETE_IN_PROGRESS",
    },
    "CREATE_FAILED": {"UPDATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "DELETE_IN_PROGRESS"},
    "DELETE_IN_PROGRESS": {"DELETE_COMPLETE", "DELETE_FAILED"},
    "ROLLBACK_COMPLETE": {"DELETE_IN_PROGRESS"},
    "ROLLBACK_FAILED": {"DELETE_IN_PROGRESS"},
    "DELETE_FAILED": {"DELETE_IN_PROGRESS"},
    "CREATE_COMPLETE": {"UPDATE_IN_PROGRESS", "IMPORT_IN_PROGRESS", "DELETE_IN_PROGRESS"},
    "UPDATE_COMPLETE": {"UPDATE_IN_PROGRESS", "IMPORT_IN_PROGRESS", "DELETE_IN_PROGRESS"},
    "UPDATE_ROLLBACK_COMPLETE": {"UPDATE_IN_PROGRESS", "IMPORT_IN_PROGRESS", "DELETE_IN_PROGRESS"},
}
"""Stack status to those that may follow."""


SETTLED = (
    "CREATE_COMPLETE",
    "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE",
    "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_COMPLETE",
)


def a_nested_template(stack: str, version: int) -> str:
    """A template to nest: one topic that changes, and one that another version replaces."""
    changing = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": f"v{version}"}}
    replaced = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": f"{stack}-{version}"}, "DependsOn": "N0"}
    outputs = {"Version": {"Value": f"v{version}"}}
    return json.dumps({"Resources": {"N0": changing, f"N{1 + version % 2}": replaced}, "Outputs": outputs})


def a_template(stack: str, topics: int, version: int, instance: str) -> str:
    """A template of some topics in a chain, one nested stack, and, for versions above 0, an endpoint."""
    resources: dict[str, Any] = {}
    if topics % 2:
        url = f"https://s3.amazonaws.com/nested/{stack}-{version}"
        resources["Nested"] = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url}}
        last = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Fn::GetAtt": "Nested.Outputs.Version"}}}
        resources["ZLast"] = last
    for index in range(topics):
        topic: dict[str, Any] = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": f"v{version}"}}
        if index:
            topic["DependsOn"] = f"T{index - 1}"
        resources[f"T{index}"] = topic
    if version or not topics:
        resources |= _endpoint(stack, version, instance)
    outputs = {"First": {"Value": {"Ref": min(resources)}, "Export": {"Name": f"{stack}-first"}}}
    return json.dumps({"Resources": resources, "Outputs": outputs})


def _endpoint(stack: str, version: int, instance: str) -> dict[str, Any]:
    variant = {
        "VariantName": "v",
        "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]},
        "InstanceType": instance,
        "InitialInstanceCount": 1,
    }
    name = f"{stack}-{version}-{instance.replace('.', '-')}"
    return {
        "Model": {
            "Type": "AWS::SageMaker::Model",
            "Properties": {
                "ModelName": f"{stack}-model",
                "ExecutionRoleArn": "arn:aws:iam::123456789012:role/esm",
                "EnableNetworkIsolation": True,
                "PrimaryContainer": {"ModelPackageName": PACKAGE},
            },
        },
        "Config": {
            "Type": "AWS::SageMaker::EndpointConfig",
            "Properties": {"EndpointConfigName": name, "ProductionVariants": [variant]},
        },
        "Endpoint": {
            "Type": "AWS::SageMaker::Endpoint",
            "Properties": {
                "EndpointName": f"{stack}-endpoint",
                "EndpointConfigName": {"Fn::GetAtt": ["Config", "EndpointConfigName"]},
            },
        },
    }


class Crash(BaseException):
    """The process ends here and now."""


class Crashing(Store):
    """A store whose process may be killed after some of the files that it writes."""

    files_left = float("inf")

    def _replace(self, path: Path, document: Any) -> None:
        if self.files_left < 1:
            raise Crash
        self.files_left -= 1
        super()._replace(path, document)
