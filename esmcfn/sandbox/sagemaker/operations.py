"""SageMaker's control plane for hosting, as one table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from esmcfn.sandbox.clock import moment
from esmcfn.sandbox.sagemaker.hosting import Hosting
from esmcfn.sandbox.sagemaker.model import Endpoint, EndpointConfig, Model, Variant
from esmcfn.sandbox.sagemaker.rules import refuse
from esmcfn.sandbox.services import Services
from esmcfn.sandbox.state import Json
from esmcfn.sandbox.tags import tag_map
from esmcfn.sandbox.wire import Call, Operation

REPEATED = ("AsyncInferenceConfig", "ExplainerConfig", "MetricsConfig")
"""What an endpoint's description has from its configuration, word for word."""

UNSUPPORTED_FILTERS = ("CreationTimeAfter", "CreationTimeBefore", "LastModifiedTimeAfter", "LastModifiedTimeBefore")


class SageMaker:
    """The operations of models, endpoint configurations and endpoints."""

    def __init__(self, world: Services) -> None:
        self.world = world

    @property
    def hosting(self) -> Hosting:
        """What the operations act on; a reset replaces it."""
        return self.world.sagemaker

    @property
    def operations(self) -> dict[str, Operation]:
        """Operation name to function."""
        return {
            "CreateModel": self.create_model,
            "DescribeModel": self.describe_model,
            "ListModels": self.list_models,
            "DeleteModel": self.delete_model,
            "DescribeModelPackage": self.describe_package,
            "CreateEndpointConfig": self.create_config,
            "DescribeEndpointConfig": self.describe_config,
            "ListEndpointConfigs": self.list_configs,
            "DeleteEndpointConfig": self.delete_config,
            "CreateEndpoint": self.create_endpoint,
            "DescribeEndpoint": self.describe_endpoint,
            "ListEndpoints": self.list_endpoints,
            "UpdateEndpoint": self.update_endpoint,
            "UpdateEndpointWeightsAndCapacities": self.scale,
            "DeleteEndpoint": self.delete_endpoint,
            "AddTags": self.add_tags,
            "ListTags": self.list_tags,
            "DeleteTags": self.delete_tags,
        }

    # Models

    def create_model(self, call: Call) -> Json:
        """CreateModel."""
        _check_tags(call)
        made = self.hosting.create_model(call.region, dict(call.parameters), self.world.clock.now())
        return {"ModelArn": made.arn}

    def describe_model(self, call: Call) -> Json:
        """DescribeModel: network isolation as it was asked for."""
        found = self.hosting.model(call.region, call.parameters["ModelName"])
        return {
            "EnableNetworkIsolation": False,
            **found.request,
            "ModelName": found.name,
            "ModelArn": found.arn,
            "CreationTime": moment(found.created_at),
        }

    def list_models(self, call: Call) -> Json:
        """ListModels."""
        found = self._listed(call, self.hosting.region(call.region).models.values(), _model_summary)
        return {"Models": found[0], "NextToken": found[1]}

    def delete_model(self, call: Call) -> Json:
        """DeleteModel."""
        self.hosting.delete_model(call.region, call.parameters["ModelName"])
        return {}

    def describe_package(self, call: Call) -> Json:
        """DescribeModelPackage: of a package that another account publishes."""
        arn = call.parameters["ModelPackageName"]
        parts = arn.split(":")
        if len(parts) < 6 or parts[3] != call.region or parts[4] == self.world.account:
            raise refuse(f"ModelPackage {arn} does not exist.")
        if self.world.faults.find("not-subscribed", model_package=arn):
            raise refuse("Caller is not subscribed to the marketplace offering.")
        name = parts[5].partition("/")[2]
        return {
            "ModelPackageName": name,
            "ModelPackageArn": arn,
            "CreationTime": moment(1_733_011_200),
            "ModelPackageStatus": "Completed",
            "ModelPackageStatusDetails": {"ValidationStatuses": []},
        }

    # Endpoint configurations

    def create_config(self, call: Call) -> Json:
        """CreateEndpointConfig."""
        _check_tags(call)
        made = self.hosting.create_config(call.region, dict(call.parameters), self.world.clock.now())
        return {"EndpointConfigArn": made.arn}

    def describe_config(self, call: Call) -> Json:
        """DescribeEndpointConfig."""
        found = self.hosting.config(call.region, call.parameters["EndpointConfigName"])
        return {
            **found.request,
            "EndpointConfigName": found.name,
            "EndpointConfigArn": found.arn,
            "CreationTime": moment(found.created_at),
        }

    def list_configs(self, call: Call) -> Json:
        """ListEndpointConfigs."""
        found = self._listed(call, self.hosting.region(call.region).configs.values(), _config_summary)
        return {"EndpointConfigs": found[0], "NextToken": found[1]}

    def delete_config(self, call: Call) -> Json:
        """DeleteEndpointConfig."""
        self.hosting.delete_config(call.region, call.parameters["EndpointConfigName"])
        return {}

    # Endpoints

    def create_endpoint(self, call: Call) -> Json:
        """CreateEndpoint."""
        _check_tags(call)
        made = self.hosting.create_endpoint(call.region, dict(call.parameters), self.world.clock.now())
        return {"EndpointArn": made.arn}

    def describe_endpoint(self, call: Call) -> Json:
        """DescribeEndpoint: while it is Updating, the old configuration serves and the new one is pending."""
        found = self.hosting.endpoint(call.region, call.parameters["EndpointName"])
        answer: dict[str, object] = {
            **_endpoint_summary(found),
            "EndpointConfigName": found.config_name,
            "ProductionVariants": [_variant(found, item) for item in found.variants] or None,
            "ShadowProductionVariants": [_variant(found, item) for item in found.shadow] or None,
            **self._configured(call.region, found.config_name),
            "FailureReason": found.failure_reason or None,
            "LastDeploymentConfig": found.deployment_config,
        }
        if found.transition is not None and found.status == "Updating":
            answer["PendingDeploymentSummary"] = {
                "EndpointConfigName": found.transition.config_name,
                "StartTime": moment(found.modified_at),
            }
        return answer

    def _configured(self, region: str, config_name: str) -> dict[str, object]:
        """Return what DescribeEndpoint repeats of the configuration, if that is still there."""
        config = self.hosting.region(region).configs.get(config_name.lower())
        if config is None:
            return {}
        found: dict[str, object] = {name: config.request[name] for name in REPEATED if name in config.request}
        capture = config.request.get("DataCaptureConfig")
        if capture:
            found["DataCaptureConfig"] = {
                "EnableCapture": bool(capture.get("EnableCapture")),
                "CaptureStatus": "Started" if capture.get("EnableCapture") else "Stopped",
                "CurrentSamplingPercentage": capture["InitialSamplingPercentage"],
                "DestinationS3Uri": capture["DestinationS3Uri"],
                "KmsKeyId": capture.get("KmsKeyId", ""),
            }
        return found

    def list_endpoints(self, call: Call) -> Json:
        """ListEndpoints."""
        endpoints = self.hosting.region(call.region).endpoints.values()
        wanted = call.parameters.get("StatusEquals")
        found = self._listed(call, [e for e in endpoints if wanted in (None, e.status)], _endpoint_summary)
        return {"Endpoints": found[0], "NextToken": found[1]}

    def update_endpoint(self, call: Call) -> Json:
        """UpdateEndpoint."""
        name = call.parameters["EndpointName"]
        scaled = self.world.scaled_variants(call.region, name)
        now = self.world.clock.now()
        made = self.hosting.update_endpoint(call.region, dict(call.parameters), now, scaled=scaled)
        return {"EndpointArn": made.arn}

    def scale(self, call: Call) -> Json:
        """UpdateEndpointWeightsAndCapacities."""
        wanted = call.parameters["DesiredWeightsAndCapacities"]
        found = self.hosting.scale(call.region, call.parameters["EndpointName"], wanted, self.world.clock.now())
        return {"EndpointArn": found.arn}

    def delete_endpoint(self, call: Call) -> Json:
        """DeleteEndpoint."""
        name = call.parameters["EndpointName"]
        self.world.delete_endpoint(call.region, name, self.world.clock.now())
        return {}

    # Tags

    def add_tags(self, call: Call) -> Json:
        """AddTags."""
        owner = self._owner(call)
        _check_tags(call)
        owner.tags |= tag_map(call.parameters["Tags"])
        self.hosting.save(call.region)
        return {"Tags": _tags(owner.tags)}

    def list_tags(self, call: Call) -> Json:
        """ListTags."""
        some, token = self.world.page(call, _tags(self._owner(call).tags))
        return {"Tags": some, "NextToken": token}

    def delete_tags(self, call: Call) -> Json:
        """DeleteTags."""
        owner, gone = self._owner(call), call.parameters["TagKeys"]
        owner.tags = {k: v for k, v in owner.tags.items() if k not in gone}
        self.hosting.save(call.region)
        return {}

    def _owner(self, call: Call) -> Model | EndpointConfig | Endpoint:
        arn, held = call.parameters["ResourceArn"], self.hosting.region(call.region)
        owners: list[Model | EndpointConfig | Endpoint] = [
            *held.models.values(),
            *held.configs.values(),
            *held.endpoints.values(),
        ]
        for owner in owners:
            if owner.arn == arn:
                return owner
        raise refuse(f"Unable to find resource {arn}")

    def _listed(
        self, call: Call, held: Iterable[Any], summary: Callable[[Any], Mapping[str, object]]
    ) -> tuple[list[Mapping[str, object]], str | None]:
        given = call.parameters
        for name in UNSUPPORTED_FILTERS:
            if name in given:
                raise refuse(f"The sandbox does not support {name}")
        by = given.get("SortBy")
        found = [item for item in held if given.get("NameContains", "").lower() in item.name.lower()]
        found.sort(
            key=lambda item: (_rank(item, by), item.name),
            reverse=given.get("SortOrder", "Descending") == "Descending",
        )
        return self.world.page(call, [summary(item) for item in found])


def _rank(item: Any, by: str | None) -> Any:
    """Return what a list is sorted by: the time of creation unless it says otherwise."""
    return item.name.lower() if by == "Name" else item.status if by == "Status" else item.created_at


def _model_summary(model: Model) -> Mapping[str, object]:
    return {"ModelName": model.name, "ModelArn": model.arn, "CreationTime": moment(model.created_at)}


def _config_summary(config: EndpointConfig) -> Mapping[str, object]:
    return {
        "EndpointConfigName": config.name,
        "EndpointConfigArn": config.arn,
        "CreationTime": moment(config.created_at),
    }


def _endpoint_summary(endpoint: Endpoint) -> Mapping[str, object]:
    return {
        "EndpointName": endpoint.name,
        "EndpointArn": endpoint.arn,
        "CreationTime": moment(endpoint.created_at),
        "LastModifiedTime": moment(endpoint.modified_at),
        "EndpointStatus": endpoint.status,
    }


def _variant(endpoint: Endpoint, variant: Variant) -> Mapping[str, object]:
    creating = endpoint.status in ("Creating", "Failed")
    return {
        "VariantName": variant.name,
        "CurrentWeight": 0.0 if creating else variant.weight,
        "DesiredWeight": variant.desired_weight,
        "CurrentInstanceCount": 0 if creating else variant.count,
        "DesiredInstanceCount": variant.desired_count,
    }


def _tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def _check_tags(call: Call) -> None:
    """Refuse tags that are AWS's own: CloudFormation sets those, and nobody else."""
    own = [tag["Key"] for tag in call.parameters.get("Tags") or () if tag["Key"].lower().startswith("aws:")]
    if own:
        raise refuse(f"Tag keys that start with aws: are reserved: {own[0]}")
