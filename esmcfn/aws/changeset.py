"""Reading a change set: all pages, values and warnings, and both ways to say that there is nothing to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from esmcfn.domain.changeset import ProposedChange, ProposedProperty

NOTHING_TO_DO = (
    "The submitted information didn't contain changes.",
    "No updates are to be performed.",
)
"""How the StatusReason of a FAILED change set begins when nothing would change; the second with a transform.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets-create.html
"""

INCOMPLETE = "[WARN] --include-property-values option can return incomplete ChangeSet data"
"""A StatusReason with this text hides resources unless it is read again without property values.

https://github.com/aws/aws-cdk-cli/issues/1780
"""

KNOWN_AFTER = "{{changeSet:KNOWN_AFTER_APPLY}}"

Response = Mapping[str, Any]


def is_empty(described: Response) -> bool:
    """Does CloudFormation say that nothing would change? Never judged by an empty list of changes."""
    reason = str(described.get("StatusReason", ""))
    return described.get("Status") == "FAILED" and reason.startswith(NOTHING_TO_DO)


def changes(with_values: list[Response], plain: list[Response]) -> tuple[ProposedChange, ...]:
    """The changes of all pages; `plain` was read without values and restores what reading with values dropped."""
    read = {change.logical_id: change for change in _changes(with_values)}
    for change in _changes(plain):
        read.setdefault(change.logical_id, change)
    return tuple(read[logical_id] for logical_id in sorted(read))


def takes_over(body: Mapping[str, object]) -> bool:
    """May something of this template be there before its stack? Then CloudFormation takes it over, in place of failing.

    It does so with what is named and kept, and with nothing else.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-automatically.html
    """
    resources = body.get("Resources")
    return isinstance(resources, Mapping) and any(
        isinstance(each, Mapping)
        and each.get("Type") == "AWS::Logs::LogGroup"
        and each.get("DeletionPolicy") == "Retain"
        for each in resources.values()
    )


def strange(described: Response, body: Mapping[str, object]) -> tuple[str, ...]:
    """What esmcfn never asks for and this change set does, in words; a forged one differs here or in its template.

    Args:
        body: the change set's template.
    """
    asked = {"ImportExistingResources"} if takes_over(body) else set[str]()
    found = [key for key in _NEVER_ASKED if described.get(key) and key not in asked]
    mode = described.get("DeploymentMode")
    found += [f"DeploymentMode {mode}"] if mode and mode != REVERT_DRIFT else []
    found += [f"capability {capability}" for capability in described.get("Capabilities", []) if capability != ALLOWED]
    return tuple(found)


ALLOWED = "CAPABILITY_NAMED_IAM"
"""The one capability that templates of ours need."""

_NEVER_ASKED = (
    "Parameters",
    "NotificationARNs",
    "IncludeNestedStacks",
    "ParentChangeSetId",
    "ImportExistingResources",
    "OnStackFailure",
)

REVERT_DRIFT = "REVERT_DRIFT"
"""DeploymentMode of a change set that compares what runs, too, and puts it back.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/drift-aware-change-sets.html
"""


def _changes(pages: list[Response]) -> Iterator[ProposedChange]:
    for page in pages:
        for item in page.get("Changes", []):
            change = item.get("ResourceChange")
            if change:
                yield ProposedChange(
                    logical_id=change.get("LogicalResourceId", ""),
                    resource_type=change.get("ResourceType", ""),
                    physical_id=change.get("PhysicalResourceId", ""),
                    action=change.get("Action", ""),
                    replacement=change.get("Replacement", ""),
                    properties=tuple(_property(detail) for detail in change.get("Details", [])),
                    drift=change.get("ResourceDriftStatus", ""),
                    ignored=tuple(_ignored(each) for each in change.get("ResourceDriftIgnoredAttributes", [])),
                )


def _ignored(described: Response) -> str:
    """ "RetainDeploymentConfig (write only property)"."""
    return f"{described['Path'].strip('/')} ({described['Reason'].lower().replace('_', ' ')})"


def _property(detail: Response) -> ProposedProperty:
    target = detail.get("Target", {})
    drifted = "Drift" in target and target.get("AttributeChangeType") != "SyncWithActual"
    before, after = (_value(target.get(side), drifted) for side in ("BeforeValue", "AfterValue"))
    return ProposedProperty(
        path=str(target.get("Path") or _name(target)).strip("/"),
        before=before,
        after=after,
        recreation=target.get("RequiresRecreation", ""),
        dynamic=detail.get("Evaluation") == "Dynamic" or after == KNOWN_AFTER,
        source=detail.get("ChangeSource", ""),
        cause=detail.get("CausingEntity", ""),
        drifted=drifted,
    )


def _value(said: str | None, drifted: bool) -> str | None:
    """Of a property that drifted, "null" is how CloudFormation writes that there is none."""
    return None if drifted and said == "null" else said


def _name(target: Response) -> str:
    return "/".join(part for part in (target.get("Attribute"), target.get("Name")) if part)
