"""Every resource type the sandbox has, as values."""

from __future__ import annotations

from esmcfn.sandbox.cloudformation.schema import TypeSchema
from esmcfn.sandbox.resources import (
    autoscaling,
    budgets,
    iam,
    iam_access,
    kms,
    monitoring,
    s3,
    sagemaker,
    secretsmanager,
    sns,
    stacks,
)
from esmcfn.sandbox.resources.base import Handler

HANDLERS: dict[str, Handler] = {
    handler.resource_type: handler
    for module in (autoscaling, budgets, iam, iam_access, kms, monitoring, s3, sagemaker, secretsmanager, sns, stacks)
    for handler in module.HANDLERS
}


def tag_property(kind: TypeSchema) -> str:
    """Return the property that a type's stack tags go to; empty where it takes none, or the sandbox sets none."""
    name = kind.tag_property
    return name if name in HANDLERS[kind.resource_type].supported else ""


SUPPORTED: dict[str, frozenset[str]] = {kind: handler.attributes for kind, handler in HANDLERS.items()}
"""Type to the attributes GetAtt accepts."""
