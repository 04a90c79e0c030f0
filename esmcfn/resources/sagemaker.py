"""SageMaker hosting: a Model, an EndpointConfig with one variant, and the Endpoint that callers know.

Names are literals, not references: the change set then shows exact values before and after, and DependsOn keeps
CloudFormation's order (create Model, config, endpoint; clean up in reverse).
"""

from __future__ import annotations

from collections.abc import Mapping

from troposphere import AWSObject, GetAtt, Output, Sub, sagemaker

from esmcfn import naming
from esmcfn.domain.origin import Origin
from esmcfn.domain.stack import ModelStack
from esmcfn.reference.create_only import CREATE_ONLY
from esmcfn.resources import Part, Parts, arn, resolved, tags


def hosting(stack: ModelStack) -> Parts:
    """Model, EndpointConfig and, unless parked, Endpoint."""
    model = _named(stack, stack.model_base_name, "ModelName", _model(stack))
    config = _named(stack, stack.config_base_name, "EndpointConfigName", _config(stack, model.ModelName))
    yield Part(resource=model, name=model.ModelName, lines=_model_lines(stack))
    yield Part(resource=config, name=config.EndpointConfigName, lines=_config_lines(stack))
    if not stack.parked:
        endpoint = sagemaker.Endpoint(
            "Endpoint",
            # Whoever comes first makes the log: SageMaker's own would be kept for ever.
            DependsOn=["EndpointConfig", "LogGroup"] if stack.log_retention_days else "EndpointConfig",
            EndpointName=stack.endpoint_name,
            EndpointConfigName=config.EndpointConfigName,
            Tags=tags(stack),
            **_kept(stack),
        )
        yield Part(resource=endpoint, name=stack.endpoint_name, lines=_endpoint_lines(stack))


def outputs(stack: ModelStack, names: Mapping[str, str]) -> Mapping[str, Output]:
    """What a caller needs; nothing of the endpoint while it is parked."""
    values: dict[str, object] = {
        "EndpointConfigName": names["EndpointConfig"],
        "ForgeModelName": stack.forge_model_name,
    }
    if not stack.parked:
        values["EndpointName"] = GetAtt("Endpoint", "EndpointName")
        values["EndpointUrl"] = Sub(naming.endpoint_url(stack.endpoint_name, "${AWS::Region}", "${AWS::URLSuffix}"))
    return {title: Output(title, Value=value) for title, value in values.items()}


def _kept(stack: ModelStack) -> dict[str, object]:
    """An update keeps the instances that autoscaling has come to, in place of starting again with instance_count."""
    return {"RetainAllVariantProperties": True} if stack.autoscaling else {}


def _model(stack: ModelStack) -> AWSObject:
    role = arn("iam", f"role{stack.execution_role_path}", region="")
    return sagemaker.Model(
        "Model",
        ExecutionRoleArn=role if stack.execution_role_path else stack.execution_role_arn,
        EnableNetworkIsolation=stack.network_isolation,
        PrimaryContainer=_container(stack),
        Tags=tags(stack),
    )


def _container(stack: ModelStack) -> sagemaker.ContainerDefinition:
    own = stack.container
    if own is None:
        return sagemaker.ContainerDefinition(ModelPackageName=stack.package)
    optional: dict[str, object] = {}
    if own.model_data:
        optional["ModelDataUrl"] = own.model_data
    if own.environment:
        optional["Environment"] = dict(own.environment)
    return sagemaker.ContainerDefinition(Image=own.image, **optional)


def _config(stack: ModelStack, model_name: str) -> AWSObject:
    variant = stack.variant
    return sagemaker.EndpointConfig(
        "EndpointConfig",
        DependsOn="Model",
        ProductionVariants=[
            sagemaker.ProductionVariant(
                VariantName=variant.name,
                ModelName=model_name,
                InstanceType=variant.instance_type,
                InitialInstanceCount=variant.instance_count,
                InitialVariantWeight=int(variant.weight) if variant.weight.is_integer() else variant.weight,
                ModelDataDownloadTimeoutInSeconds=variant.download_timeout,
            )
        ],
        Tags=tags(stack),
        **({"KmsKeyId": stack.kms_key_arn} if stack.kms_key_arn else {}),
    )


def _named(stack: ModelStack, base: str, name_property: str, resource: AWSObject) -> AWSObject:
    """Give it the name that its own create-only properties make, all of them, whoever added them."""
    properties = resource.to_dict()["Properties"]
    create_only = CREATE_ONLY[resource.resource_type] - {name_property}
    content = {key: resolved(value, stack.target) for key, value in properties.items() if key in create_only}
    target = stack.target
    name = naming.content_name(base, account=target.account, region=target.region, stack=stack.name, properties=content)
    setattr(resource, name_property, name)
    return resource


def _model_lines(stack: ModelStack) -> dict[str, Origin]:
    places = stack.catalog_origins
    if stack.container is None:
        return {"PrimaryContainer": places.of("model_package")}
    lines = {"PrimaryContainer": places.of("container"), "PrimaryContainer/Image": places.of("container.image")}
    for name in stack.container.environment:
        lines[f"PrimaryContainer/Environment/{name}"] = places.of(f"container.environment.{name}")
    return lines


def _config_lines(stack: ModelStack) -> dict[str, Origin]:
    """An override in the environment is the line to edit; without one, it is the catalog's."""
    lines = {}
    for key, path in (("instance_type", "InstanceType"), ("instance_count", "InitialInstanceCount")):
        lines[f"ProductionVariants/0/{path}"] = stack.written(key)
    if stack.says("kms_key_arn"):
        lines["KmsKeyId"] = stack.written("kms_key_arn")
    return lines


def _endpoint_lines(stack: ModelStack) -> dict[str, Origin]:
    """Its own, and by their keys those of what belongs to it and may be switched off, so that nothing is there."""
    lines = {"EndpointName": stack.catalog_origins.of("endpoint_name")}
    if stack.autoscaling:
        lines["RetainAllVariantProperties"] = stack.written("autoscaling")
    for key in ("alarms", "alarms.invocation_5xx_errors", "log_retention_days"):
        if stack.says(key):
            lines[key.replace(".", "/")] = stack.written(key)
    return lines
