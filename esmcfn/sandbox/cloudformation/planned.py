"""Change sets in the form in which the API shows them."""

from __future__ import annotations

from esmcfn.sandbox.clock import moment
from esmcfn.sandbox.cloudformation.model import Change, ChangeSet, Detail, Stack


def change_set_summary(stack: Stack, change_set: ChangeSet) -> dict[str, object]:
    """Return what both ListChangeSets and DescribeChangeSet say."""
    return {
        "StackId": stack.id,
        "StackName": stack.name,
        "ChangeSetId": change_set.id,
        "ChangeSetName": change_set.name,
        "ExecutionStatus": change_set.execution_status,
        "Status": change_set.status,
        "StatusReason": change_set.reason or None,
        "CreationTime": moment(change_set.created_at),
        "Description": change_set.description or None,
        "IncludeNestedStacks": change_set.include_nested,
        "ImportExistingResources": change_set.import_existing,
        "ParentChangeSetId": change_set.parent_id or None,
        "RootChangeSetId": change_set.root_id or None,
    }


def change_shown(change: Change, *, values: bool) -> dict[str, object]:
    """Return one change, with or without property values."""
    details = change.details if values else _without_values(change.details)
    return {
        "Type": "Resource",
        "ResourceChange": {
            "PolicyAction": change.policy_action or None,
            "Action": change.action,
            "LogicalResourceId": change.logical_id,
            "PhysicalResourceId": change.physical_id or None,
            "ResourceType": change.resource_type,
            "Replacement": change.replacement or None,
            "Scope": change.scope,
            "ChangeSetId": change.change_set_id or None,
            "ResourceDriftStatus": change.drift_status or None,
            "ResourceDriftIgnoredAttributes": change.ignored or None,
            "Details": [_detail(detail, values=values) for detail in details],
            "BeforeContext": (change.before_context or None) if values else None,
            "AfterContext": (change.after_context or None) if values else None,
        },
    }


def _without_values(details: list[Detail]) -> list[Detail]:
    """One detail a property and cause: paths are part of the property values."""
    found: dict[tuple[str, ...], Detail] = {}
    for detail in details:
        key = (detail.attribute, detail.name, detail.evaluation, detail.source, detail.causing_entity)
        known = found.setdefault(key, detail)
        if detail.recreation == "Always" and known.recreation != "Always":
            found[key] = detail
    return list(found.values())


def _detail(detail: Detail, *, values: bool) -> dict[str, object]:
    target: dict[str, object] = {
        "Attribute": detail.attribute,
        "Name": detail.name or None,
        "RequiresRecreation": detail.recreation,
    }
    if values:
        target |= {
            "Path": detail.path or None,
            "BeforeValue": detail.before,
            "AfterValue": detail.after,
            "AttributeChangeType": detail.change_type,
        }
        if detail.actual is not None:
            target["BeforeValueFrom"] = "ACTUAL_STATE"
            target["Drift"] = {"PreviousValue": detail.previous, "ActualValue": detail.actual}
    return {
        "Target": target,
        "Evaluation": detail.evaluation,
        "ChangeSource": detail.source,
        "CausingEntity": detail.causing_entity or None,
    }
