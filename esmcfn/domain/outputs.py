"""What callers of an environment need to know, as it is deployed: the Terraform module's outputs."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from esmcfn.domain.plan import EndpointOutput


class Absent(Struct, frozen=True, kw_only=True):
    """A model that has no endpoint to call, and why.

    Attributes:
        why: "parked", "not deployed yet", ...
        next_step: what brings an endpoint, empty where nothing is to be done.
    """

    model: str
    why: str
    next_step: str = ""


class Outputs(Struct, frozen=True, kw_only=True):
    """The outputs of an environment; never a secret.

    Attributes:
        endpoints: by key of the selected model, in the environment's order.
        execution_role: its name; None where it cannot be known.
        user_names, access_key_ids, secret_arns: by name of the shared user; empty where there is none. The secret
            holds the access key as JSON, in Secrets Manager.
        absent: the models that are left out of `endpoints`.
    """

    environment: str
    account: str
    region: str
    endpoints: Mapping[str, EndpointOutput]
    execution_role: str | None
    user_names: Mapping[str, str] = field(default_factory=dict)
    access_key_ids: Mapping[str, str] = field(default_factory=dict)
    secret_arns: Mapping[str, str] = field(default_factory=dict)
    absent: tuple[Absent, ...] = ()
