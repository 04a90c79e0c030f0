"""Which drift a waiver may accept. What was signed for when it was instances must not hide that an endpoint is gone."""

from __future__ import annotations

from esmcfn.domain.drift import STACK_TYPE, ResourceDrift, State

_NEVER = frozenset(
    {
        *("AssumeRolePolicyDocument", "PolicyDocument", "Policies", "ManagedPolicyArns", "PermissionsBoundary"),
        *("KeyPolicy", "Grants", "ResourcePolicy"),
        *("AttachedTo", "Groups", "AccessKeys", "Console", "ExecutionRoleArn"),
        *("EndpointConfigName", "PendingEndpointConfigName", "EndpointStatus"),
    }
)
"""Trust, permissions, and what serves."""

_NEVER_INSIDE = frozenset({"Image", "ModelDataUrl", "ModelPackageName"})
"""What a container runs."""

_CONTAINERS = frozenset({"PrimaryContainer", "Containers"})


def acceptable(resource: ResourceDrift) -> bool:
    """May somebody sign for it? A waiver names a resource, so one value that nobody may sign for forbids it all."""
    if resource.state is State.MISSING or resource.resource_type == STACK_TYPE or not resource.differences:
        return False
    return not any(_never(each.path) for each in resource.differences)


def _never(path: str) -> bool:
    parts = path.split("/")
    return parts[0] in _NEVER or (parts[0] in _CONTAINERS and (parts[-1] in _NEVER_INSIDE or len(parts) < 3))
