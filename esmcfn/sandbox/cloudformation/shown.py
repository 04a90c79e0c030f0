"""Stacks, resources and events in the form in which the API shows them."""

from __future__ import annotations

from esmcfn.sandbox.clock import moment
from esmcfn.sandbox.cloudformation import requests, schema, validate
from esmcfn.sandbox.cloudformation.changes import parameters_shown
from esmcfn.sandbox.cloudformation.model import Event, Resource, Stack
from esmcfn.sandbox.cloudformation.template import Template
from esmcfn.sandbox.state import Json


def stack_shown(stack: Stack) -> dict[str, object]:
    """Return stack as the API shows it."""
    return {
        "StackId": stack.id,
        "StackName": stack.name,
        "ChangeSetId": stack.change_set_id or None,
        "Description": stack.description or None,
        "Parameters": parameters_shown(stack.revision.parameters) or None,
        "CreationTime": moment(stack.created_at),
        "DeletionTime": moment(stack.deleted_at) if stack.deleted_at else None,
        "LastUpdatedTime": moment(stack.updated_at) if stack.updated_at else None,
        "RollbackConfiguration": {},
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason or None,
        "DisableRollback": stack.disable_rollback,
        "NotificationARNs": stack.revision.notification_arns,
        "Capabilities": stack.revision.capabilities or None,
        "Outputs": stack.outputs or None,
        "RoleARN": stack.revision.role_arn or None,
        "Tags": requests.tag_list(stack.revision.tags),
        "EnableTerminationProtection": stack.termination_protection,
        "DriftInformation": drift_shown(stack),
        "LastOperations": stack.last_operations or None,
        "ParentId": stack.parent_id or None,
        "RootId": stack.root_id or None,
    }


def drift_shown(stack: Stack) -> dict[str, object]:
    """Return drift as the API shows it."""
    found: dict[str, object] = {"StackDriftStatus": stack.drift_status}
    if stack.drift_checked_at:
        found["LastCheckTimestamp"] = moment(stack.drift_checked_at)
    return found


def resource_drift(resource: Resource) -> dict[str, object]:
    """Return resource drift as the API shows it."""
    found: dict[str, object] = {"StackResourceDriftStatus": resource.drift_status or "NOT_CHECKED"}
    if resource.drift_checked_at:
        found["LastCheckTimestamp"] = moment(resource.drift_checked_at)
    return found


def stack_summary(stack: Stack) -> dict[str, object]:
    """Return stack summary as the API shows it."""
    return {
        "StackId": stack.id,
        "StackName": stack.name,
        "TemplateDescription": stack.description or None,
        "CreationTime": moment(stack.created_at),
        "LastUpdatedTime": moment(stack.updated_at) if stack.updated_at else None,
        "DeletionTime": moment(stack.deleted_at) if stack.deleted_at else None,
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason or None,
        "DriftInformation": drift_shown(stack),
        "LastOperations": stack.last_operations or None,
        "ParentId": stack.parent_id or None,
        "RootId": stack.root_id or None,
    }


def resource_summary(resource: Resource) -> dict[str, object]:
    """Return resource summary as the API shows it."""
    return {
        "LogicalResourceId": resource.logical_id,
        "PhysicalResourceId": resource.physical_id or None,
        "ResourceType": resource.resource_type,
        "LastUpdatedTimestamp": moment(resource.updated_at),
        "ResourceStatus": resource.status,
        "ResourceStatusReason": resource.reason or None,
        "DriftInformation": resource_drift(resource),
    }


def event_shown(stack: Stack, event: Event) -> dict[str, object]:
    """Return event as the API shows it."""
    return {
        "StackId": stack.id,
        "EventId": event.id,
        "StackName": stack.name,
        "OperationId": event.operation_id or None,
        "LogicalResourceId": event.logical_id,
        "PhysicalResourceId": event.physical_id,
        "ResourceType": event.resource_type,
        "Timestamp": moment(event.at),
        "ResourceStatus": event.status,
        "ResourceStatusReason": event.reason or None,
        "ResourceProperties": event.properties or None,
        "ClientRequestToken": event.token or None,
        "DetailedStatus": event.detailed_status or None,
    }


def capabilities(template: Template) -> dict[str, object]:
    """Return capabilities as the API shows it."""
    needed = validate.needed_capabilities(template)
    if not needed:
        return {}
    kinds = ", ".join([*validate.iam_types(template), *template.transforms])
    return {
        "Capabilities": needed,
        "CapabilitiesReason": f"The following resource(s) require capabilities: [{kinds}]",
    }


def declared_parameter(key: str, item: Json) -> dict[str, object]:
    """Return declared parameter as the API shows it."""
    return {
        "ParameterKey": key,
        "DefaultValue": str(item["Default"]) if "Default" in item else None,
        "ParameterType": item.get("Type", "String"),
        "NoEcho": str(item.get("NoEcho", "")).lower() == "true",
        "Description": item.get("Description"),
        "ParameterConstraints": {"AllowedValues": [str(v) for v in item.get("AllowedValues", ())]},
    }


def identifiers(template: Template, region: str) -> list[dict[str, object]]:
    """Return identifiers as the API shows it."""
    by_type: dict[str, list[str]] = {}
    for logical_id, declaration in template.resources.items():
        kind = schema.load(declaration["Type"], region)
        if kind is not None and kind.readable:
            by_type.setdefault(declaration["Type"], []).append(logical_id)
    return [
        {
            "ResourceType": name,
            "LogicalResourceIds": ids,
            "ResourceIdentifiers": list(found.identifier) if (found := schema.load(name, region)) else [],
        }
        for name, ids in sorted(by_type.items())
    ]
