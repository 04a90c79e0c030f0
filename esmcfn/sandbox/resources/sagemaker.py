"""AWS::SageMaker::Model, EndpointConfig and Endpoint."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from esmcfn.sandbox.refusal import Refusal
from esmcfn.sandbox.resources.base import (
    Handler,
    HandlerError,
    NotYet,
    Outcome,
    Progress,
    Request,
    without_none,
)
from esmcfn.sandbox.sagemaker import model as nouns
from esmcfn.sandbox.state import Json

MODEL_PROPERTIES = (
    "ExecutionRoleArn",
    "EnableNetworkIsolation",
    "InferenceExecutionConfig",
    "PrimaryContainer",
    "Containers",
    "VpcConfig",
)
CONFIG_PROPERTIES = (
    "ProductionVariants",
    "ShadowProductionVariants",
    "DataCaptureConfig",
    "AsyncInferenceConfig",
    "KmsKeyId",
    "ExplainerConfig",
    "MetricsConfig",
)


UPDATE_PROPERTIES = (
    "EndpointConfigName",
    "DeploymentConfig",
    "RetainAllVariantProperties",
    "ExcludeRetainedVariantProperties",
)


class _Named(Handler):
    """What the three share: a name that keeps its case, and a lower-case ARN as identifier."""

    kind: ClassVar[str]
    name_clash_is_the_services = True

    def _name(self, request: Request) -> str:
        if request.physical_id and request.attributes:
            return request.attributes[self.name_property]
        return str(request.properties.get(self.name_property) or request.name(63))

    def _outcome(self, arn: str, name: str, *, pending: bool = False) -> Outcome:
        arn_attribute = self.name_property.removesuffix("Name") + "Arn"
        return Outcome(physical_id=arn, attributes={self.name_property: name, arn_attribute: arn}, pending=pending)

    def _live_name(self, request: Request) -> str:
        return request.attributes[self.name_property]

    def restore(self, request: Request) -> None:
        """Nothing: SageMaker hosting keeps its own state."""

    def existing(self, request: Request) -> Outcome:
        held = request.world.sagemaker.region(request.region)
        owners = {
            "model": [(item.arn, item.name) for item in held.models.values()],
            "endpoint-config": [(item.arn, item.name) for item in held.configs.values()],
            "endpoint": [(item.arn, item.name) for item in held.endpoints.values()],
        }[self.kind]
        for arn, name in owners:
            if arn == request.physical_id:
                return self._outcome(arn, name)
        raise HandlerError("NotFound", f"{request.physical_id} does not exist")

    def conflict(self, request: Request) -> str:
        name = str(request.properties.get(self.name_property, ""))
        held = request.world.sagemaker.region(request.region)
        taken = {"model": [*held.models], "endpoint-config": [*held.configs], "endpoint": [*held.endpoints]}[self.kind]
        return name if name and name.lower() in taken else ""

    def _authorize(self, request: Request, operation: str) -> None:
        request.world.faults.authorize(f"sagemaker:{operation}")


def _found(refusal: Refusal) -> HandlerError:
    code = "NotFound" if refusal.message.startswith("Could not find") else "InvalidRequest"
    return HandlerError(code, refusal.message)


def _clash(refusal: Refusal) -> Exception:
    already = refusal.message.startswith("Cannot create already existing")
    return HandlerError("AlreadyExists", refusal.message) if already else refusal


class _Immutable(_Named):
    """What SageMaker only makes and deletes; its tags alone change in place."""

    made_again = True
    noun: ClassVar[str]
    given: ClassVar[tuple[str, ...]]

    @abstractmethod
    def _make(self, request: Request, asked: Json) -> nouns.Model | nouns.EndpointConfig:
        """Make it; Refusal where SageMaker does not."""

    @abstractmethod
    def _live(self, request: Request) -> nouns.Model | nouns.EndpointConfig:
        """The live object; Refusal where it is gone."""

    @abstractmethod
    def _drop(self, request: Request) -> None:
        """Delete it; Refusal where SageMaker does not."""

    def create(self, request: Request) -> Outcome:
        self._authorize(request, f"Create{self.noun}")
        name = self._name(request)
        given = {key: request.properties[key] for key in self.given if key in request.properties}
        try:
            made = self._make(request, {self.name_property: name, **given, "Tags": request.merged_tags()})
        except Refusal as refusal:
            raise _clash(refusal) from refusal
        return self._outcome(made.arn, name)

    def update(self, request: Request) -> Outcome:
        made = self._found_live(request)
        made.tags = {tag["Key"]: tag["Value"] for tag in request.merged_tags()}
        request.world.sagemaker.save(request.region)
        return self._outcome(made.arn, made.name)

    def delete(self, request: Request) -> None:
        self._authorize(request, f"Delete{self.noun}")
        try:
            self._drop(request)
        except Refusal as refusal:
            raise _found(refusal) from refusal

    def read(self, request: Request) -> dict[str, Json]:
        live = self._found_live(request)
        given = {key: value for key, value in live.request.items() if key != self.name_property}
        return without_none(**{self.name_property: live.name}, Tags=_tag_list(live.tags), **given)

    def _found_live(self, request: Request) -> nouns.Model | nouns.EndpointConfig:
        try:
            return self._live(request)
        except Refusal as refusal:
            raise _found(refusal) from refusal


class Model(_Immutable):
    """AWS::SageMaker::Model: everything but Tags is create-only."""

    resource_type = "AWS::SageMaker::Model"
    given = MODEL_PROPERTIES
    supported = frozenset({*MODEL_PROPERTIES, "ModelName", "Tags"})
    attributes = frozenset({"ModelName", "ModelArn"})
    name_property = "ModelName"
    kind, noun = "model", "Model"

    def _make(self, request: Request, asked: Json) -> nouns.Model:
        return request.world.sagemaker.create_model(request.region, asked, request.at)

    def _live(self, request: Request) -> nouns.Model:
        return request.world.sagemaker.model(request.region, self._live_name(request))

    def _drop(self, request: Request) -> None:
        request.world.sagemaker.delete_model(request.region, self._live_name(request))


class EndpointConfig(_Immutable):
    """AWS::SageMaker::EndpointConfig: everything but Tags is create-only."""

    resource_type = "AWS::SageMaker::EndpointConfig"
    given = CONFIG_PROPERTIES
    supported = frozenset({*CONFIG_PROPERTIES, "EndpointConfigName", "Tags"})
    attributes = frozenset({"EndpointConfigName", "EndpointConfigArn"})
    name_property = "EndpointConfigName"
    kind, noun = "endpoint-config", "EndpointConfig"

    def _make(self, request: Request, asked: Json) -> nouns.EndpointConfig:
        return request.world.sagemaker.create_config(request.region, asked, request.at)

    def _live(self, request: Request) -> nouns.EndpointConfig:
        return request.world.sagemaker.config(request.region, self._live_name(request))

    def _drop(self, request: Request) -> None:
        request.world.sagemaker.delete_config(request.region, self._live_name(request))


class Endpoint(_Named):
    """AWS::SageMaker::Endpoint: a new configuration is a blue/green update in place."""

    resource_type = "AWS::SageMaker::Endpoint"
    supported = frozenset(
        {
            "DeploymentConfig",
            "EndpointConfigName",
            "EndpointName",
            "ExcludeRetainedVariantProperties",
            "RetainAllVariantProperties",
            "Tags",
        }
    )
    attributes = frozenset({"EndpointName", "EndpointArn"})
    name_property = "EndpointName"
    kind = "endpoint"

    def create(self, request: Request) -> Outcome:
        self._authorize(request, "CreateEndpoint")
        name = self._name(request)
        try:
            made = request.world.sagemaker.create_endpoint(
                request.region,
                {
                    "EndpointName": name,
                    "EndpointConfigName": request.properties["EndpointConfigName"],
                    "Tags": request.merged_tags(),
                    "DeploymentConfig": request.properties.get("DeploymentConfig"),
                },
                request.at,
            )
        except Refusal as refusal:
            raise _clash(refusal) from refusal
        return self._outcome(made.arn, name, pending=True)

    def update(self, request: Request) -> Outcome:
        hosting, name = request.world.sagemaker, self._live_name(request)
        try:
            made = hosting.endpoint(request.region, name)
        except Refusal as refusal:
            raise _found(refusal) from refusal
        moves = request.changed("EndpointConfigName", "DeploymentConfig")
        if moves:
            self._authorize(request, "UpdateEndpoint")
            asked = {key: request.properties[key] for key in UPDATE_PROPERTIES if key in request.properties}
            if made.transition is not None:
                raise NotYet(made.transition.until)
            if (
                made.config_name == asked["EndpointConfigName"]
                and not made.failure_reason
                and not request.changed("DeploymentConfig")
            ):
                return self._outcome(made.arn, name)
            scaled = request.world.scaled_variants(request.region, name)
            hosting.update_endpoint(request.region, {"EndpointName": name, **asked}, request.at, scaled=scaled)
        made.tags = {tag["Key"]: tag["Value"] for tag in request.merged_tags()}
        hosting.save(request.region)
        return self._outcome(made.arn, name, pending=moves)

    def progress(self, request: Request) -> Progress:
        try:
            live = request.world.sagemaker.endpoint(request.region, self._live_name(request))
        except Refusal as refusal:
            raise HandlerError("NotStabilized", refusal.message) from refusal
        if live.transition is not None:
            return Progress(done=False, until=live.transition.until)
        if live.status == "Failed":
            raise HandlerError("NotStabilized", f"Endpoint {live.name} failed: {live.failure_reason}")
        if live.last_update == "rolled-back" and live.failure_reason:
            raise HandlerError("NotStabilized", f"Endpoint {live.name} was rolled back: {live.failure_reason}")
        return Progress(done=True)

    def delete(self, request: Request) -> None:
        self._authorize(request, "DeleteEndpoint")
        name = self._live_name(request)
        live = request.world.sagemaker.region(request.region).endpoints.get(name.lower())
        if live is not None and live.transition is not None and live.transition.outcome != "deleted":
            raise NotYet(live.transition.until)
        try:
            request.world.delete_endpoint(request.region, name, request.at)
        except Refusal as refusal:
            raise _found(refusal) from refusal

    def deleted(self, request: Request) -> Progress:
        held = request.world.sagemaker.region(request.region).endpoints
        live = held.get(self._live_name(request).lower())
        if live is None or live.transition is None:
            return Progress(done=True)
        return Progress(done=False, until=live.transition.until)

    def read(self, request: Request) -> dict[str, Json]:
        try:
            live = request.world.sagemaker.endpoint(request.region, self._live_name(request))
        except Refusal as refusal:
            raise _found(refusal) from refusal
        return without_none(
            EndpointName=live.name,
            EndpointConfigName=live.config_name,
            DeploymentConfig=live.deployment_config,
            Tags=_tag_list(live.tags),
        )


def _tag_list(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


HANDLERS: tuple[Handler, ...] = (Model(), EndpointConfig(), Endpoint())
