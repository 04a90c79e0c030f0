"""What `doctor` finds: checks, each with what was seen and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct


class Health(StrEnum):
    """What a check came to; what nobody could look at is unknown, and never ok."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Check(Struct, frozen=True, kw_only=True):
    """One check.

    Attributes:
        name: what was looked at: "credentials", "quota".
        subject: which of several: an instance type, a model's key, a tool; empty where there is one.
        said: what was seen.
        next_step: what to do; empty where nothing is to be done.
    """

    name: str
    health: Health
    said: str
    subject: str = ""
    next_step: str = ""


class Examined(Struct, frozen=True, kw_only=True):
    """One environment."""

    environment: str
    account: str
    region: str
    checks: tuple[Check, ...]


class Asked(Struct, frozen=True, kw_only=True):
    """Actions that IAM is asked about together.

    Attributes:
        context: key of a condition to a value that it will have.
    """

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    context: Mapping[str, str]


class Package(Struct, frozen=True, kw_only=True):
    """A model package as SageMaker tells it; `instance_types` is empty where it does not say."""

    instance_types: tuple[str, ...] = ()
