"""Where each endpoint of an environment stands: what is wanted, what is deployed, what SageMaker serves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field

from esmcfn.domain.deployed import DeployedStack
from esmcfn.domain.endpoint import ContainerLog, ObservedEndpoint


class Standing(StrEnum):
    """What it comes to."""

    IN_SERVICE = "in service"
    OTHER = "other configuration"
    CHANGING = "changing"
    FAILED = "failed"
    MISSING = "missing"
    PARKED = "parked"
    NOT_DEPLOYED = "not deployed"
    UNCLEAR = "unclear"


class Survey(Struct, frozen=True, kw_only=True):
    """The stacks of an account and region that esmcfn tagged.

    Attributes:
        ours: those of the environment that was asked for, by name.
        others: any other environment's name, as the tag has it, to the names of its stacks.
        reviews: name to ARN of stacks in REVIEW_IN_PROGRESS whose name would fit; they carry no tag that says whose.
        endpoints: names of endpoints that any of all these stacks has among its Outputs.
    """

    ours: tuple[DeployedStack, ...] = ()
    reviews: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    endpoints: frozenset[str] = frozenset()


class Stray(Struct, frozen=True, kw_only=True):
    """An environment that runs and that nobody describes any more: its file is gone, its stacks are not."""

    environment: str
    stacks: tuple[str, ...]

    def __str__(self) -> str:
        count, name = len(self.stacks), self.environment
        return (
            f"environment {name}: {count} stack{'' if count == 1 else 's'}, no file ({', '.join(self.stacks)}); "
            f"bring environments/{name}.yaml back to destroy it or to keep it"
        )


class ModelStatus(Struct, frozen=True, kw_only=True):
    """One model, and where its endpoint stands.

    Attributes:
        stack: the stack's name.
        deployed: None where there is no stack; one whose first creation rolled back is there by name only.
        selected: False for what still runs and is selected no more.
        parked: the environment's file says so.
        wanted_config: the configuration that the YAML makes; None where it wants no endpoint.
        endpoint: None where SageMaker knows none, or nothing is deployed that it could know.
        log: the container's last lines; None where nobody asked, which is whenever nothing failed.
        log_unread: why they could not be read, empty where they were.
        meaning: what SageMaker's word for it means, empty where it goes without saying.
        next_step: what to do now, empty where nothing is to be done.
    """

    model: str
    stack: str
    deployed: DeployedStack | None
    selected: bool
    parked: bool
    standing: Standing
    endpoint_name: str
    wanted_config: str | None
    endpoint: ObservedEndpoint | None
    log: ContainerLog | None = None
    log_unread: str = ""
    meaning: str = ""
    next_step: str = ""

    @property
    def deployed_config(self) -> str | None:
        """The configuration that the stack says it deployed; None where it deployed no endpoint."""
        if self.deployed is None or "EndpointName" not in self.deployed.outputs:
            return None
        return self.deployed.outputs.get("EndpointConfigName")

    @property
    def failure_reason(self) -> str:
        """SageMaker's own words, empty where it has none."""
        return self.endpoint.failure_reason if self.endpoint else ""


class EnvironmentStatus(Struct, frozen=True, kw_only=True):
    """Where an environment stands.

    Attributes:
        as_of: when it was looked at, in UTC.
        base: None where nothing is shared, or it is not deployed.
        strays: other environments of the same account and region for which there is no file.
    """

    environment: str
    account: str
    region: str
    as_of: datetime
    base: DeployedStack | None
    models: tuple[ModelStatus, ...]
    strays: tuple[Stray, ...] = ()


class Waited(Struct, frozen=True, kw_only=True):
    """What `wait` has waited for.

    Attributes:
        seconds: how long it took.
    """

    status: EnvironmentStatus
    seconds: float
