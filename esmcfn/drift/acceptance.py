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
    return not unacceptable(resource)


def unacceptable(resource: ResourceDrift) -> str:
    """Why nobody may sign for it; empty where somebody may."""
    if resource.resource_type == STACK_TYPE:
        return "its template was edited by hand"
    if resource.state is State.MISSING:
        return "it is missing"
    if not resource.differences:
        return "CloudFormation calls it modified without saying in what"
    never = [each.path for each in resource.differences if _never(each.path)]
    return f"nobody may sign for {', '.join(never)}" if never else ""


def _never(path: str) -> bool:
    parts = path.split("/")
    return parts[0] in _NEVER or (parts[0] in _CONTAINERS and (parts[-1] in _NEVER_INSIDE or len(parts) < 3))
