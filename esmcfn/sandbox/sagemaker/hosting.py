"""The rules of SageMaker hosting: what may be made, how endpoints move, what each refusal says.

Endpoints are blue/green: an update makes a second fleet beside the first, needs quota for both, and ends on the new
configuration or, when the new fleet fails, on the old one. ARNs are lower case and names keep their case.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from esmcfn.sandbox.aws import ACCOUNT
from esmcfn.sandbox.faults import Faults
from esmcfn.sandbox.refusal import Refusal
from esmcfn.sandbox.sagemaker import rules
from esmcfn.sandbox.sagemaker.containers import Containers
from esmcfn.sandbox.sagemaker.fleet import TOTAL, declared, instance_types, quota_message, retained, variants
from esmcfn.sandbox.sagemaker.model import Endpoint, EndpointConfig, Model, Region, Transition, Variant
from esmcfn.sandbox.sagemaker.rules import refuse
from esmcfn.sandbox.sagemaker.trouble import trouble
from esmcfn.sandbox.state import Json, Store
from esmcfn.sandbox.tags import tag_map

ENDPOINT_SECONDS = 2.0
"""How long an endpoint is Creating or Updating unless the sandbox was told otherwise."""

INSTANCES = 100
TOTAL_INSTANCES = 1000
"""Quotas of the sandbox: an instance type's, and the account's over all endpoints."""

NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")


class Hosting:
    """SageMaker hosting of every region."""

    def __init__(self, store: Store, faults: Faults, containers: Containers) -> None:
        self._store = store
        self._faults = faults
        self._containers = containers
        self.seconds = ENDPOINT_SECONDS
        self.regions = dict(store.all("sagemaker", Region))

    def region(self, name: str) -> Region:
        """Return what a region holds."""
        return self.regions.setdefault(name, Region())

    def save(self, region: str) -> None:
        """Keep a region on disk."""
        self._store.put("sagemaker", region, self.region(region))

    def arn(self, region: str, kind: str, name: str) -> str:
        """Return the lower-case ARN of a model, endpoint-config or endpoint."""
        return f"arn:aws:sagemaker:{region}:{ACCOUNT}:{kind}/{name.lower()}"

    # Models

    def create_model(self, region: str, request: Json, at: float) -> Model:
        """CreateModel."""
        name = _name(request["ModelName"], "modelName")
        arn = self.arn(region, "model", name)
        if name.lower() in self.region(region).models:
            raise refuse(f'Cannot create already existing model "{arn}".')
        for container in rules.containers(request):
            if container.get("ModelPackageName"):
                self._check_package(region, request, container, str(container["ModelPackageName"]))
        if not request.get("ExecutionRoleArn"):
            raise refuse("ExecutionRoleArn is required for a model that is hosted.")
        self._faults.authorize("iam:PassRole")
        tags = tag_map(request.pop("Tags", None))
        model = Model(name=name, arn=arn, created_at=at, request=request, tags=tags)
        self.region(region).models[name.lower()] = model
        self.save(region)
        return model

    def model(self, region: str, name: str) -> Model:
        """Return a model by name."""
        found = self.region(region).models.get(name.lower())
        if found is None or found.name != name:
            raise refuse(f'Could not find model "{self.arn(region, "model", name)}".')
        return found

    def delete_model(self, region: str, name: str) -> None:
        """DeleteModel: allowed while an endpoint uses it, as on AWS."""
        self.model(region, name)
        del self.region(region).models[name.lower()]
        self.save(region)

    def _check_package(self, region: str, request: Json, container: Json, package: str) -> None:
        parts = package.split(":")
        if len(parts) < 6 or parts[4] == ACCOUNT:
            raise refuse(f'Could not find model package "{package}".')
        if parts[3] != region:
            raise refuse(f"Invalid model package ARN {package}: it is not in the region {region}.")
        if self._faults.strike("not-subscribed", model_package=package):
            raise refuse("Caller is not subscribed to the marketplace offering.")
        if container.get("Environment"):
            raise refuse(
                "Environment variable map cannot be specified when using a ModelPackage subscribed from AWS "
                "Marketplace."
            )
        if not request.get("EnableNetworkIsolation"):
            raise refuse("EnableNetworkIsolation must be true for models using SageMaker Marketplace packages.")

    # Endpoint configurations

    def create_config(self, region: str, request: Json, at: float) -> EndpointConfig:
        """CreateEndpointConfig."""
        name = _name(request["EndpointConfigName"], "endpointConfigName")
        arn = self.arn(region, "endpoint-config", name)
        if name.lower() in self.region(region).configs:
            raise refuse(f'Cannot create already existing endpoint configuration "{arn}".')
        for variant in rules.configuration(request):
            model = self.model(region, variant["ModelName"])
            if request.get("AsyncInferenceConfig") and "ModelPackageName" in model.request.get("PrimaryContainer", {}):
                raise refuse("Asynchronous inference is not supported for models using SageMaker Marketplace packages.")
        tags = tag_map(request.pop("Tags", None))
        config = EndpointConfig(name=name, arn=arn, created_at=at, request=request, tags=tags)
        self.region(region).configs[name.lower()] = config
        self.save(region)
        return config

    def config(self, region: str, name: str) -> EndpointConfig:
        """Return an endpoint configuration by name."""
        found = self.region(region).configs.get(name.lower())
        if found is None or found.name != name:
            raise refuse(f'Could not find endpoint configuration "{self.arn(region, "endpoint-config", name)}".')
        return found

    def delete_config(self, region: str, name: str) -> None:
        """DeleteEndpointConfig: refused while an endpoint is being made or changed with it."""
        config = self.config(region, name)
        for endpoint in self.region(region).endpoints.values():
            moving = endpoint.transition
            if (
                moving is not None
                and moving.outcome != "deleted"
                and name in (moving.config_name, endpoint.config_name)
            ):
                raise refuse(f'Cannot delete endpoint configuration "{config.arn}" that is in use by an endpoint.')
        del self.region(region).configs[name.lower()]
        self.save(region)

    # Endpoints

    def create_endpoint(self, region: str, request: Json, at: float) -> Endpoint:
        """CreateEndpoint: Creating, then InService or Failed."""
        name = _name(request["EndpointName"], "endpointName")
        arn = self.arn(region, "endpoint", name)
        if name.lower() in self.region(region).endpoints:
            raise refuse(f'Cannot create already existing endpoint "{arn}".')
        config = self.config(region, request["EndpointConfigName"])
        fleet = variants(declared(config))
        self._check_quota(region, config, fleet)
        reason = self._launch(region, name, config, fleet, at)
        endpoint = Endpoint(
            name=name,
            arn=arn,
            created_at=at,
            modified_at=at,
            config_name=config.name,
            status="Creating",
            tags=tag_map(request.get("Tags")),
            deployment_config=request.get("DeploymentConfig"),
            variants=variants(config.request["ProductionVariants"]),
            shadow=variants(config.request.get("ShadowProductionVariants", [])),
            transition=Transition(
                until=at + self.seconds,
                config_name=config.name,
                outcome="failed" if reason else "in-service",
                reason=reason,
            ),
        )
        self.region(region).endpoints[name.lower()] = endpoint
        self.save(region)
        return endpoint

    def endpoint(self, region: str, name: str) -> Endpoint:
        """Return an endpoint by name."""
        found = self.region(region).endpoints.get(name.lower())
        if found is None or found.name != name:
            raise refuse(f'Could not find endpoint "{self.arn(region, "endpoint", name)}".')
        return found

    def update_endpoint(self, region: str, request: Json, at: float, *, scaled: Iterable[str] = ()) -> Endpoint:
        """UpdateEndpoint: Updating, then InService on the new configuration or on the old one.

        `scaled` are the names of variants with a registered scalable target.
        """
        endpoint = self.endpoint(region, request["EndpointName"])
        if endpoint.transition is not None:
            raise refuse(f'Cannot update in-progress endpoint "{endpoint.arn}".')
        config = self.config(region, request["EndpointConfigName"])
        self._check_scaled(endpoint, config, scaled)
        retain = bool(request.get("RetainAllVariantProperties"))
        exclude = [item["VariantPropertyType"] for item in request.get("ExcludeRetainedVariantProperties") or ()]
        fresh = variants(declared(config))
        fleet = retained(fresh, endpoint.variants, exclude) if retain else fresh
        self._check_quota(region, config, fleet)
        silent = self._faults.strike("silent-rollback") is not None
        reason = "" if silent else self._launch(region, endpoint.name, config, fleet, at)
        bad = silent or bool(reason)
        endpoint.status, endpoint.modified_at, endpoint.failure_reason = "Updating", at, ""
        endpoint.deployment_config = request.get("DeploymentConfig", endpoint.deployment_config)
        endpoint.last_update = ""
        endpoint.transition = Transition(
            until=at + self.seconds,
            config_name=config.name,
            outcome="rolled-back" if bad else "in-service",
            reason=reason,
            silent=silent,
            retain=retain,
            exclude=exclude,
        )
        self.save(region)
        return endpoint

    def scale(self, region: str, name: str, wanted: Json, at: float) -> Endpoint:
        """UpdateEndpointWeightsAndCapacities: Updating, then InService with the new counts."""
        endpoint = self.endpoint(region, name)
        if endpoint.transition is not None or endpoint.status != "InService":
            raise refuse(f'Cannot update in-progress endpoint "{endpoint.arn}".')
        variants = {variant.name: variant for variant in endpoint.variants}
        for item in wanted:
            if item["VariantName"] not in variants:
                raise refuse(f"Variant {item['VariantName']} does not exist in endpoint {name}.")
            if int(item.get("DesiredInstanceCount", 1)) < 1:
                raise refuse("Minimum instance count is required to be 1 or higher")
        for item in wanted:
            variant = variants[item["VariantName"]]
            variant.desired_count = int(item.get("DesiredInstanceCount", variant.desired_count))
            variant.desired_weight = float(item.get("DesiredWeight", variant.desired_weight))
            added = range(variant.count, variant.desired_count)
            self._containers.launch_some(region, name, variant, added, at=at, seconds=self.seconds)
        endpoint.status, endpoint.modified_at = "Updating", at
        endpoint.transition = Transition(until=at + self.seconds, config_name=endpoint.config_name, outcome="scaled")
        self.save(region)
        return endpoint

    def delete_endpoint(self, region: str, name: str, at: float) -> None:
        """DeleteEndpoint: Deleting, then gone; not while it is Creating or Updating."""
        endpoint = self.endpoint(region, name)
        if endpoint.transition is not None and endpoint.transition.outcome != "deleted":
            raise refuse(f'Cannot update in-progress endpoint "{endpoint.arn}".')
        endpoint.status, endpoint.modified_at = "Deleting", at
        endpoint.transition = Transition(
            until=at + min(self.seconds, 0.2), config_name=endpoint.config_name, outcome="deleted"
        )
        self.save(region)

    def next_due(self) -> tuple[float, str, str] | None:
        """Return when the next endpoint changes: (engine seconds, region, key)."""
        due = [
            (endpoint.transition.until, region, key)
            for region, held in self.regions.items()
            for key, endpoint in held.endpoints.items()
            if endpoint.transition is not None
        ]
        return min(due, default=None)

    def finish(self, region: str, key: str, at: float) -> None:
        """End an endpoint's transition."""
        endpoint = self.region(region).endpoints[key]
        moving, endpoint.transition = endpoint.transition, None
        if moving is None:
            return
        endpoint.modified_at = at
        if moving.outcome == "deleted":
            del self.region(region).endpoints[key]
        elif moving.outcome == "scaled":
            endpoint.status = "InService"
            for variant in endpoint.variants:
                variant.count, variant.weight = variant.desired_count, variant.desired_weight
        elif moving.outcome == "failed":
            endpoint.status, endpoint.failure_reason = "Failed", moving.reason
        else:
            endpoint.status, endpoint.last_update = "InService", moving.outcome
            endpoint.failure_reason = moving.reason
            if moving.outcome == "in-service":
                config = self.region(region).configs.get(moving.config_name.lower())
                if config is not None:
                    fresh = variants(config.request["ProductionVariants"])
                    endpoint.variants = retained(fresh, endpoint.variants, moving.exclude) if moving.retain else fresh
                    endpoint.shadow = variants(config.request.get("ShadowProductionVariants", []))
                endpoint.config_name = moving.config_name
        self.save(region)

    # What can go wrong with a fleet

    def used(self, region: str, instance_type: str = "") -> int:
        """Return how many instances run in a region: of one type, or of all."""
        return sum(
            variant.desired_count
            for endpoint in self.region(region).endpoints.values()
            if endpoint.status not in ("Failed", "Deleting")
            for variant in (*endpoint.variants, *endpoint.shadow)
            if instance_type in ("", variant.instance_type)
        )

    def limit(self, instance_type: str) -> int:
        """Return the quota of an instance type: AWS's is often 0, so a fault can say."""
        fault = self._faults.find("quota", instance_type=instance_type)
        return INSTANCES if fault is None else int(fault.options.get("limit", 0))

    @property
    def total(self) -> int:
        """The quota of instances over all endpoints of a region."""
        fault = self._faults.find("total-quota")
        return TOTAL_INSTANCES if fault is None else int(fault.options.get("limit", 0))

    def _check_quota(self, region: str, config: EndpointConfig, fleet: list[Variant]) -> None:
        """Blue/green: the running fleet counts beside the new one, which may keep more instances than declared."""
        counts = {variant.name: variant.desired_count for variant in fleet}
        for variant in declared(config):
            wanted = counts[variant["VariantName"]]
            for instance_type in instance_types(variant):
                limit, used = self.limit(instance_type), self.used(region, instance_type)
                if used + wanted > limit:
                    name = f"{instance_type} for endpoint usage"
                    raise Refusal("ResourceLimitExceeded", quota_message(name, limit, used, wanted))
        if self.used(region) + sum(counts.values()) > self.total:
            message = quota_message(TOTAL, self.total, self.used(region), sum(counts.values()))
            raise Refusal("ResourceLimitExceeded", message)

    def _launch(self, region: str, endpoint: str, config: EndpointConfig, fleet: list[Variant], at: float) -> str:
        """Start the containers of a fleet; returns why it will fail, or nothing."""
        found = trouble(self._faults, region, config, self.region(region).models)
        if found is None or found.started:
            self._containers.launch(region, endpoint, fleet, at=at, seconds=self.seconds, healthy=found is None)
        return found.reason if found is not None else ""

    def _check_scaled(self, endpoint: Endpoint, config: EndpointConfig, scaled: Iterable[str]) -> None:
        new = {variant["VariantName"]: variant for variant in config.request["ProductionVariants"]}
        for name in scaled:
            old = next((variant for variant in endpoint.variants if variant.name == name), None)
            changed = name not in new or (old is not None and new[name].get("InstanceType") != old.instance_type)
            if changed:
                raise refuse(
                    f'The variant(s) "[{name}]" must be deregistered as an autoscaling target before it can be '
                    "removed or have its instance type updated."
                )


def _name(value: Json, where: str) -> str:
    name = str(value)
    if NAME.fullmatch(name) is None:
        raise refuse(
            f"1 validation error detected: Value '{name}' at '{where}' failed to satisfy constraint: Member must "
            r"satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
        )
    return name
