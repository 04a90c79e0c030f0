"""CloudFormation's opinion against ours: nothing missing, nothing extra unexplained.

Ours comes from two templates and knows every value and its line of YAML. CloudFormation's comes from its own engine
and knows physical ids, and changes that no template shows (a resource that moves because another one does). Where
they agree, ours is shown with CloudFormation's ids; where only one of them speaks, the plan says which.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from esmcfn.domain.changeset import ChangeSet, ProposedChange
from esmcfn.domain.plan import Action, Change, Impact, PropertyChange
from esmcfn.reference.create_only import requires_replacement

ONLY_OURS = "the templates differ here, but CloudFormation's change set does not list it"
ONLY_THEIRS = "CloudFormation lists this change, but the templates do not differ here"
MAY_REPLACE = "CloudFormation replaces this resource only if a value that it does not know yet changes"
NEW_WORD = "CloudFormation calls this {}, which this version of esmcfn does not know; read the change set itself"

NOTED = "nothing changes: what runs is what the files ask for, and CloudFormation takes note of it"
IMMUTABLE = (
    "somebody made it anew with another {}, which only a replacement can set, and CloudFormation replaces nothing to "
    "revert drift: deploy a change of it, which comes under another name"
)

PUT_BACK = frozenset({"MODIFIED", "DELETED"})
"""ResourceDriftStatus of what a change set that reverts drift puts back.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/drift-aware-change-sets.html
"""

UNSEEN = frozenset({"NOT_CHECKED", "UNKNOWN", "UNSUPPORTED"})
"""ResourceDriftStatus of what it did not compare with what runs."""

_ACTIONS = {
    "Add": Action.ADD,
    "Modify": Action.MODIFY,
    "Remove": Action.DELETE,
    "SyncWithActual": Action.MODIFY,
}


def reconcile(ours: tuple[Change, ...], change_set: ChangeSet) -> tuple[Change, ...]:
    """One list of changes, by logical id, none dropped."""
    theirs = {change.logical_id: change for change in change_set.changes}
    mine = {change.logical_id: change for change in ours}
    return tuple(_joined(mine.get(logical_id), theirs.get(logical_id)) for logical_id in sorted({*mine, *theirs}))


def _joined(ours: Change | None, theirs: ProposedChange | None) -> Change:
    if ours and theirs and (theirs.action, ours.action) == ("Import", Action.ADD):
        return replace(ours, physical_id=theirs.physical_id)  # we ask for it where something may be there before
    if theirs is None:
        assert ours is not None  # noqa: S101 - a logical id comes from one of the two
        return replace(ours, unexplained=ONLY_OURS)
    action, doubt = _action(theirs)
    if ours is None:
        drift = _put_back(theirs)
        return Change(
            action=action,
            logical_id=theirs.logical_id,
            resource_type=theirs.resource_type,
            physical_id=theirs.physical_id or None,
            impact=Impact.UNKNOWN,
            properties=_their_properties(theirs),
            unexplained=_immutable(theirs) or ("" if drift or _follows_another(theirs) else doubt or ONLY_THEIRS),
            drift=drift,
        )
    if not doubt and action is not ours.action:
        doubt = f"CloudFormation says {action}, the templates say {ours.action}"
    # What destroys more is shown: a reviewer must never read "modify" where a replacement is possible.
    worse = Action.REPLACE if Action.REPLACE in (action, ours.action) else action
    known = {each.path for each in ours.properties}
    drifted = tuple(each for each in _their_properties(theirs) if each.reverts and each.path not in known)
    return replace(
        ours,
        action=worse,
        physical_id=theirs.physical_id or ours.physical_id,
        properties=(*ours.properties, *drifted),
        unexplained=_immutable(theirs) or ("" if theirs.drift == "DELETED" else doubt),
        drift=_put_back(theirs),
    )


def unseen(change_set: ChangeSet) -> Iterator[str]:
    """What a change set that reverts drift says that it did not look at, as sentences."""
    for each in change_set.changes:
        if each.drift in UNSEEN:
            said = f"CloudFormation could not compare it with what runs ({each.drift}), so drift of it stays"
            yield f"{each.logical_id}: {said}"
        if each.ignored:
            yield f"{each.logical_id}: CloudFormation does not compare {', '.join(each.ignored)} with what runs"


def _put_back(theirs: ProposedChange) -> str:
    """CloudFormation's word for drift that it puts back; empty where there is none, or it only takes note."""
    if theirs.action == "SyncWithActual":
        return theirs.action
    return theirs.drift if theirs.drift in PUT_BACK else ""


def _immutable(theirs: ProposedChange) -> str:
    """Why drift cannot be put back, empty where it can."""
    if theirs.drift != "MODIFIED" or theirs.replacement in {"True", "Conditional"}:
        return ""
    named = [each.path for each in _their_properties(theirs) if each.reverts and each.replaces]
    return IMMUTABLE.format(", ".join(named)) if named else ""


def _action(theirs: ProposedChange) -> tuple[Action, str]:
    action = _ACTIONS.get(theirs.action)
    if action is None:
        return Action.MODIFY, NEW_WORD.format(f"the action {theirs.action!r}")
    if action is not Action.MODIFY:
        return action, ""
    match theirs.replacement:
        case "True":
            return Action.REPLACE, ""
        case "False" | "":
            return Action.MODIFY, ""
        case "Conditional":
            return Action.REPLACE, MAY_REPLACE
        case word:
            return Action.REPLACE, NEW_WORD.format(f"the replacement {word!r}")


def _follows_another(theirs: ProposedChange) -> bool:
    """Does every detail come from another resource of the stack? Then no template needs to show it."""
    return bool(theirs.properties) and all(detail.dynamic and detail.cause for detail in theirs.properties)


def _their_properties(theirs: ProposedChange) -> tuple[PropertyChange, ...]:
    return tuple(
        PropertyChange(
            path=detail.path.removeprefix("Properties/"),
            before=detail.before,
            after=f"(follows {detail.cause})" if detail.dynamic else detail.after,
            replaces=detail.recreation == "Always" or (detail.drifted and _replaces(theirs, detail.path)),
            reverts=detail.drifted,
        )
        for detail in theirs.properties
    )


def _replaces(theirs: ProposedChange, path: str) -> bool:
    """Can only a replacement set it?"""
    return requires_replacement(theirs.resource_type, path.removeprefix("Properties/")) is True
