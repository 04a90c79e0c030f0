"""The services that resources are made in: everything that an account has below CloudFormation."""

from __future__ import annotations

from esmcfn.sandbox.account.alarms import Alarms
from esmcfn.sandbox.account.metrics import Metrics
from esmcfn.sandbox.account.seeds import Seeds
from esmcfn.sandbox.autoscaling.service import AutoScaling
from esmcfn.sandbox.ground import Ground
from esmcfn.sandbox.logs import Logs
from esmcfn.sandbox.refusal import Refusal
from esmcfn.sandbox.sagemaker.containers import Containers
from esmcfn.sandbox.sagemaker.hosting import Hosting
from esmcfn.sandbox.wire import Operation

TARGET_STAYS = (
    "An Application AutoScaling scalable target exists for a variant being deleted, and the IAM identity used to "
    "invoke DeleteEndpoint does not have application-autoscaling:DeregisterScalableTarget permission to deregister "
    "the scalable target."
)


class Services(Ground):
    """What handlers of resources work with."""

    containers: Containers
    logs: Logs
    sagemaker: Hosting
    autoscaling: AutoScaling
    metrics: Metrics
    alarms: Alarms
    seeds: Seeds

    def open(self) -> None:
        """Begin with what the store kept."""
        self.containers = Containers(self.store)
        self.logs = Logs(self, self.containers)
        self.sagemaker = Hosting(self.store, self.faults, self.containers)
        self.autoscaling = AutoScaling(self, self.sagemaker)
        self.metrics = Metrics(self)
        self.alarms = Alarms(self, self.metrics)
        self.seeds = Seeds(self.store, self.metrics)

    @property
    def measuring(self) -> dict[str, Operation]:
        """The operations of CloudWatch that are ours."""
        return {**self.metrics.operations, **self.alarms.operations}

    def scaled_variants(self, region: str, endpoint: str) -> list[str]:
        """Return the variants of an endpoint that have a scalable target."""
        return self.autoscaling.variants(region, endpoint)

    def delete_endpoint(self, region: str, endpoint: str, at: float) -> None:
        """Delete an endpoint and deregister the scalable targets of its variants, without notice.

        Raises:
            Refusal: the endpoint cannot be deleted, or whoever asks may not deregister.
        """
        self.sagemaker.endpoint(region, endpoint)
        if self.scaled_variants(region, endpoint):
            try:
                self.faults.authorize("application-autoscaling:DeregisterScalableTarget")
            except Refusal as refusal:
                raise Refusal("ValidationException", TARGET_STAYS) from refusal
        self.sagemaker.delete_endpoint(region, endpoint, at)
        self.autoscaling.endpoint_deleted(region, endpoint)
