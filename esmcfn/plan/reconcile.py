"""CloudFormation's opinion against ours: nothing missing, nothing extra unexplained.

Ours comes from two templates and knows every value and its line of YAML. CloudFormation's comes from its own engine
and knows physical ids, and changes that no template shows (a resource that moves because another one does). Where
they agree, ours is shown with CloudFormation's ids; where only one of them speaks, the plan says which.
"""

from __future__ import annotations

from msgspec.structs import replace

from esmcfn.domain.plan import Action, Change, ChangeSet, Impact, PropertyChange, ProposedChange

ONLY_OURS = "the templates differ here, but CloudFormation's change set does not list it"
ONLY_THEIRS = "CloudFormation lists this change, but the templates do not differ here"
MAY_REPLACE = "CloudFormation replaces this resource only if a value that it does not know yet changes"
NEW_WORD = "CloudFormation calls this {}, which this version of esmcfn does not know; read the change set itself"

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
    if theirs is None:
        assert ours is not None  # noqa: S101 - a logical id comes from one of the two
        return replace(ours, unexplained=ONLY_OURS)
    action, doubt = _action(theirs)
    if ours is None:
        return Change(
            action=action,
            logical_id=theirs.logical_id,
            resource_type=theirs.resource_type,
            physical_id=theirs.physical_id or None,
            impact=Impact.UNKNOWN,
            properties=_their_properties(theirs),
            unexplained="" if _follows_another(theirs) else doubt or ONLY_THEIRS,
        )
    if not doubt and action is not ours.action:
        doubt = f"CloudFormation says {action}, the templates say {ours.action}"
    # What destroys more is shown: a reviewer must never read "modify" where a replacement is possible.
    worse = Action.REPLACE if Action.REPLACE in (action, ours.action) else action
    return replace(ours, action=worse, physical_id=theirs.physical_id or ours.physical_id, unexplained=doubt)


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
            replaces=detail.recreation == "Always",
        )
        for detail in theirs.properties
    )
