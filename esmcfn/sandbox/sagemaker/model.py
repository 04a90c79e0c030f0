"""The nouns of our SageMaker hosting, as they lie on disk."""

from __future__ import annotations

from dataclasses import dataclass, field

from esmcfn.sandbox.state import Json


@dataclass(slots=True, kw_only=True)
class Model:
    """A model; `request` is what CreateModel was given."""

    name: str
    arn: str
    created_at: float
    request: dict[str, Json]
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class EndpointConfig:
    """An endpoint configuration; immutable."""

    name: str
    arn: str
    created_at: float
    request: dict[str, Json]
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Variant:
    """A production variant as it runs."""

    name: str
    instance_type: str
    count: int
    weight: float
    desired_count: int
    desired_weight: float
    model_name: str = ""


@dataclass(slots=True, kw_only=True)
class Transition:
    """What an endpoint is on its way to.

    Attributes:
        until: engine seconds at which it ends.
        config_name: the configuration it leads to.
        outcome: in-service, failed (a create), rolled-back (an update), deleted.
        reason: the FailureReason of a bad outcome.
    """

    until: float
    config_name: str
    outcome: str
    reason: str = ""
    silent: bool = False
    retain: bool = False
    exclude: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Endpoint:
    """An endpoint and its blue/green state."""

    name: str
    arn: str
    created_at: float
    modified_at: float
    config_name: str
    status: str
    variants: list[Variant] = field(default_factory=list)
    shadow: list[Variant] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    transition: Transition | None = None
    failure_reason: str = ""
    deployment_config: Json = None
    last_update: str = ""


@dataclass(slots=True, kw_only=True)
class Region:
    """Everything SageMaker has in one region; keyed by the lower-case name, as ARNs are."""

    models: dict[str, Model] = field(default_factory=dict)
    configs: dict[str, EndpointConfig] = field(default_factory=dict)
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
