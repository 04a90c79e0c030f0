"""Nested stacks: a stack that is a resource of another, made, changed, rolled back and deleted through it.

A nested stack fails for itself and its events hold the cause. What an update replaced or dropped in it is cleaned up
only when the enclosing stack cleans up too, so that the whole can still go back.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-nested-stacks.html
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

from esmcfn.sandbox.cloudformation import requests, validate
from esmcfn.sandbox.cloudformation.agenda import NEVER
from esmcfn.sandbox.cloudformation.changes import Proposal, expected_scope
from esmcfn.sandbox.cloudformation.execution import Engine
from esmcfn.sandbox.cloudformation.fetching import from_url
from esmcfn.sandbox.cloudformation.language import as_text
from esmcfn.sandbox.cloudformation.model import PAUSED, STACK_TYPE, Change, ChangeSet, Revision, Stack
from esmcfn.sandbox.cloudformation.proposals import NO_CHANGES, NO_UPDATES, changes_nothing, proposed, refuse_invalid
from esmcfn.sandbox.cloudformation.registry import Registry
from esmcfn.sandbox.cloudformation.schema import UNKNOWN
from esmcfn.sandbox.cloudformation.template import Template, parse
from esmcfn.sandbox.refusal import Refusal, invalid
from esmcfn.sandbox.resources.base import HandlerError, Progress, Request, physical_name
from esmcfn.sandbox.state import Json
from esmcfn.sandbox.tags import tag_map

Propose = Callable[[Stack, Template, Revision, ChangeSet, str], ChangeSet]
"""How a nested stack gets a change set, as part of the enclosing stack's."""

MOST_DEEP = 5
"""How deep stacks may be nested in the sandbox: a template that nests itself must end somewhere."""


class Nested:
    """Nested stacks, for the handler of their type and for change sets that include them."""

    def __init__(self, service: Registry) -> None:
        self.service = service
        self.world = service.world

    # What the handler asks

    def create(self, request: Request) -> Stack:
        """Begin to make a nested stack, or to execute what a change set prepared for it."""
        parent, service = self._parent(request), self.service
        child = self._in_review(parent, request.logical_id)
        change_set = self._planned(parent, child)
        body = change_set.revision.body if change_set is not None else ""
        wanted, template = self._wanted(parent, request.properties, request.tags, body)
        fresh = child is None
        if child is None:
            child = self._new(parent, request.logical_id, request.name(128), wanted, "CREATE_IN_PROGRESS", request.at)
        try:
            refuse_invalid(self.service, proposed(self.service, child, template, wanted))
        except Refusal:
            if fresh:
                del service.stacks[child.id]
            raise
        self._start(child, "create", wanted, parent, change_set, request.at)
        return child

    def update(self, request: Request) -> tuple[Stack, bool]:
        """Begin to change a nested stack, or to take it back with the enclosing one; says whether it takes time."""
        parent, child = self._parent(request), self.child(request)
        if parent.execution is None:
            raise HandlerError("InvalidRequest", f"Change a resource of the nested stack {child.name} instead.")
        if parent.execution.phase == "rollback":
            return child, self._take_back(parent, child, request)
        change_set = self._planned(parent, child)
        body = change_set.revision.body if change_set is not None else ""
        wanted, template = self._wanted(parent, request.properties, request.tags, body)
        proposal = proposed(self.service, child, template, wanted)
        refuse_invalid(self.service, proposal)
        if child.execution is None and changes_nothing(proposal):
            return child, False
        if child.execution is None or child.held or child.status in PAUSED:
            self._start(child, "update", wanted, parent, change_set, request.at)
            return child, True
        raise HandlerError("", f"Stack:{child.id} is in {child.status} state and can not be updated.")

    def delete(self, request: Request) -> None:
        """Begin to delete a nested stack."""
        child = self.child(request)
        if child.status == "DELETE_IN_PROGRESS":
            return
        parent = self.service.stacks[child.parent_id]
        token = parent.execution.token if parent.execution is not None else ""
        self.service.delete(child, token=token, retain=(), force=False, at=request.at)

    def progress(self, request: Request) -> Progress:
        """Say how a nested stack stands; raises what the enclosing stack says of its failure."""
        parent, child = self._parent(request), self.child(request)
        back = parent.execution is not None and parent.execution.phase == "rollback"
        good = ("UPDATE_ROLLBACK_COMPLETE",) if back else ("CREATE_COMPLETE", "UPDATE_COMPLETE")
        if child.status in good or (child.held and not back):
            return Progress(done=True)
        if child.status.endswith("IN_PROGRESS") and (back or "ROLLBACK" not in child.status):
            return Progress(done=False, until=_until(child, request.at))
        if child.status.startswith(("CREATE", "ROLLBACK")):
            raise HandlerError("", f"Embedded stack {child.id} was not successfully created: {child.reason}")
        raise HandlerError(
            "",
            f"Embedded stack {child.id} was not successfully updated. Currently in {child.status} "
            f"with reason: {child.reason}",
        )

    def deleted(self, request: Request) -> Progress:
        """Say how a deletion stands."""
        child = self.child(request, gone=True)
        if child.deleted:
            return Progress(done=True)
        if child.busy:
            return Progress(done=False, until=_until(child, request.at))
        raise HandlerError("", f"Embedded stack {child.id} was not successfully deleted: {child.reason}")

    def child(self, request: Request, *, gone: bool = False) -> Stack:
        """Return the nested stack that a resource is; raises NotFound when it is deleted."""
        found = self.service.stacks.get(request.physical_id)
        if found is None or (found.deleted and not gone):
            raise HandlerError("NotFound", f"Stack with id {request.physical_id} does not exist")
        return found

    def _parent(self, request: Request) -> Stack:
        return self.service.stacks[request.stack_id]

    def _take_back(self, parent: Stack, child: Stack, request: Request) -> bool:
        if child.execution is None:
            return False
        engine = Engine(self.service, child)
        if child.held or child.status in PAUSED:
            engine.begin_rollback(request.at)
        elif child.status == "UPDATE_IN_PROGRESS":
            engine.cancel(request.at)
        elif child.status == "UPDATE_ROLLBACK_FAILED":
            dotted = [name for name in parent.running.skip if "." in name]  # of this nested stack, and of those in it
            engine.proceed([name.removeprefix(f"{child.name}.") for name in dotted], request.at)
        self.service.save(child)
        return True

    # Making

    def _new(self, parent: Stack, logical_id: str, name: str, revision: Revision, status: str, at: float) -> Stack:
        service, depth, above = self.service, 1, parent
        while above.parent_id:
            above, depth = service.stacks[above.parent_id], depth + 1
        if depth >= MOST_DEEP:
            raise HandlerError("", f"The sandbox nests stacks {MOST_DEEP} deep at most")
        child = service.new_stack(parent.region, name, revision, status, at)
        child.parent_id, child.parent_logical_id = parent.id, logical_id
        child.root_id = parent.root_id or parent.id
        return child

    def _start(
        self, child: Stack, kind: str, wanted: Revision, parent: Stack, change_set: ChangeSet | None, at: float
    ) -> None:
        if change_set is not None:
            child.change_sets = {change_set.id: change_set}
            change_set.execution_status = "EXECUTE_IN_PROGRESS"
        self.service.start(
            child,
            kind,
            wanted,
            token=parent.running.token,
            disable_rollback=parent.running.disable_rollback,
            on_failure="DO_NOTHING" if kind == "create" else "",  # the enclosing stack deletes it
            at=at,
            change_set=change_set,
        )

    def _wanted(
        self, parent: Stack, properties: Mapping[str, Json], tags: Mapping[str, str], body: str = ""
    ) -> tuple[Revision, Template]:
        """Return what the enclosing template wants a nested stack to be; a planned body is not fetched again."""
        text = body or from_url(self.world, parent.region, str(properties["TemplateURL"]))
        given = [
            {"ParameterKey": key, "ParameterValue": _parameter(value)}
            for key, value in properties.get("Parameters", {}).items()
        ]
        all_tags = {**tags, **tag_map(properties.get("Tags"))}
        granted = (parent.execution.revision if parent.execution else None) or parent.revision
        revision = Revision(
            body=text,
            parameters=validate.parameters(parse(text), given, ()),
            tags={key: value for key, value in all_tags.items() if not key.startswith("aws:")},
            capabilities=list(granted.capabilities),
            notification_arns=list(properties.get("NotificationARNs", ())),
            role_arn=granted.role_arn,
        )
        return revision, requests.checked(revision, parent.region, {"Capabilities": revision.capabilities})

    # Change sets that include nested stacks

    def plan(self, change_set: ChangeSet, proposal: Proposal, propose: Propose) -> None:
        """Give each nested stack that changes a change set of its own, and drop those that do not change.

        Raises:
            Refusal: one of them failed.
        """
        fates = {change.logical_id: _fate(change) for change in change_set.changes}
        scope = expected_scope(proposal, fates)
        for change in list(change_set.changes):
            if change.resource_type != STACK_TYPE or change.action == "Remove":
                continue
            declared = proposal.template.resources[change.logical_id].get("Properties", {})
            made = self._plan_one(change_set, proposal, change, propose, scope.resolve(declared))
            if made is None and all(detail.source == "Automatic" for detail in change.details):
                change_set.changes.remove(change)
            elif made is not None:
                change.change_set_id = made.id
                if made.outcome == "FAILED":
                    raise invalid(f"Nested change set {made.id} was not successfully created: Currently in FAILED.")

    def _plan_one(
        self, outer: ChangeSet, proposal: Proposal, change: Change, propose: Propose, properties: Json
    ) -> ChangeSet | None:
        parent, service = proposal.stack, self.service
        if UNKNOWN in str(properties["TemplateURL"]):
            raise invalid(f"The sandbox cannot plan {change.logical_id}: its TemplateURL is known after execution only")
        now = self.world.clock.now()
        planned = Stack(
            id=parent.id,
            name=parent.name,
            region=parent.region,
            created_at=now,
            status=parent.status,
            revision=outer.revision,
        )
        wanted, template = self._wanted(planned, properties, outer.revision.tags)
        child = service.stacks.get(change.physical_id)
        if child is None:
            name = physical_name(parent.name, parent.id, change.logical_id, outer.id, 128)
            empty = Revision(body='{"Resources": {}}', tags=dict(wanted.tags))
            child = self._new(parent, change.logical_id, name, empty, "REVIEW_IN_PROGRESS", now)
            Engine(self.service, child).set_status("REVIEW_IN_PROGRESS", now, "User Initiated")
        elif changes_nothing(proposed(self.service, child, template, wanted)) and not _has_nested(template):
            return None
        kind = "UPDATE" if change.action == "Modify" else "CREATE"
        made = propose(child, template, wanted, outer, kind)
        child.change_sets[made.id] = made
        service.save(child)
        return None if kind == "UPDATE" and made.outcome == "FAILED" and not made.findings and _idle(made) else made

    def forget(self, change_set_ids: Collection[str]) -> None:
        """Remove what change sets prepared in nested stacks: they are deleted."""
        service = self.service
        for stack in [stack for stack in service.stacks.values() if stack.parent_id and not stack.deleted]:
            gone = [key for key, item in stack.change_sets.items() if item.parent_id in change_set_ids]
            for key in gone:
                del stack.change_sets[key]
            if gone and stack.status == "REVIEW_IN_PROGRESS" and not stack.change_sets:
                service.delete(stack, token="", retain=(), force=False, at=self.world.clock.now())
            elif gone:
                service.save(stack)
            if gone:
                self.forget(gone)

    def _in_review(self, parent: Stack, logical_id: str) -> Stack | None:
        for stack in self._children(parent):
            if stack.parent_logical_id == logical_id and self._planned(parent, stack) is not None:
                return stack if stack.status == "REVIEW_IN_PROGRESS" else None
        return None

    def _planned(self, parent: Stack, child: Stack | None) -> ChangeSet | None:
        outer = parent.execution.change_set_id if parent.execution is not None else ""
        if child is None or not outer:
            return None
        mine = (item for item in child.change_sets.values() if item.parent_id == outer)
        return next((item for item in mine if item.execution_status == "AVAILABLE"), None)

    def _children(self, parent: Stack) -> Iterator[Stack]:
        for stack in self.service.stacks.values():
            if stack.parent_id == parent.id and not stack.deleted:
                yield stack


def _until(child: Stack, at: float) -> float:
    wake_at = child.execution.wake_at if child.execution is not None else NEVER
    return at if wake_at == NEVER else max(at, wake_at)


def _parameter(value: Json) -> str:
    return ",".join(as_text(item) for item in value) if isinstance(value, list) else as_text(value)


def _fate(change: Change) -> str:
    if change.action in ("Add", "Import"):
        return "add"
    return "replace" if change.replacement in ("True", "Conditional") else "modify"


def _has_nested(template: Template) -> bool:
    return any(item["Type"] == STACK_TYPE for item in template.resources.values())


def _idle(change_set: ChangeSet) -> bool:
    return change_set.outcome_reason in (NO_CHANGES, NO_UPDATES)
