"""CloudWatch Logs: the log of an endpoint's containers, made before SageMaker makes one that is kept for ever.

It outlives stack and endpoint, as logs should, and so it may be there before its stack is: CloudFormation then takes it
over, see aws.proposals.
"""

from __future__ import annotations

from troposphere import logs

from esmcfn.domain.stack import ModelStack
from esmcfn.resources import Part, Parts, tags


def container_log(stack: ModelStack) -> Parts:
    """The log group, parked or not: what was written stays."""
    if stack.log_retention_days is None:
        return
    name = f"/aws/sagemaker/Endpoints/{stack.endpoint_name}"
    resource = logs.LogGroup(
        "LogGroup",
        DeletionPolicy="Retain",
        UpdateReplacePolicy="Retain",
        LogGroupName=name,
        RetentionInDays=stack.log_retention_days,
        Tags=tags(stack),
        **({"KmsKeyId": stack.log_kms_key_arn} if stack.log_kms_key_arn else {}),
    )
    lines = {"": stack.written("log_retention_days")}
    if stack.log_kms_key_arn:
        lines["KmsKeyId"] = stack.written("log_kms_key_arn")
    yield Part(resource=resource, name=name, lines=lines)
