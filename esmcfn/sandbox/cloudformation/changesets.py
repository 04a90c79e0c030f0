"""CreateChangeSet, DescribeChangeSet, ListChangeSets, DeleteChangeSet and ExecuteChangeSet."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from esmcfn.sandbox.clock import moment
from esmcfn.sandbox.cloudformation import requests
from esmcfn.sandbox.cloudformation.changes import Proposal, compute, parameters_shown
from esmcfn.sandbox.cloudformation.early import findings
from esmcfn.sandbox.cloudformation.execution import Engine
from esmcfn.sandbox.cloudformation.language import Place
from esmcfn.sandbox.cloudformation.model import (
    PAUSED,
    SETTLED_FOR_UPDATE,
    Change,
    ChangeSet,
    Detail,
    Revision,
    Stack,
)
from esmcfn.sandbox.cloudformation.service import digest
from esmcfn.sandbox.cloudformation.template import Template, parse
from esmcfn.sandbox.pages import page
from esmcfn.sandbox.refusal import Refusal, invalid
from esmcfn.sandbox.state import Json
from esmcfn.sandbox.wire import Call, Operation

if TYPE_CHECKING:
    from esmcfn.sandbox.world import World

NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."
MAX_CHANGE_SETS = 1000


class ChangeSets:
    """The change-set operations."""

    def __init__(self, world: World) -> None:
        self.world = world

    @property
    def operations(self) -> dict[str, Operation]:
        """Operation name to function."""
        return {
            "CreateChangeSet": self.create,
            "DescribeChangeSet": self.describe,
            "DescribeChangeSetHooks": self.hooks,
            "ListChangeSets": self.list,
            "DeleteChangeSet": self.delete,
            "ExecuteChangeSet": self.execute,
        }

    # Creating

    def create(self, call: Call) -> Json:
        """CreateChangeSet."""
        given, region = call.parameters, call.region
        requests.refuse_unsupported(given, requests.UNSUPPORTED_IN_CHANGE_SETS)
        kind, name = given.get("ChangeSetType", "UPDATE"), given["ChangeSetName"]
        stack = self.world.cloudformation.find(region, given["StackName"])
        self._check_state(stack, kind, given)
        asked = digest(kind, {k: v for k, v in given.items() if k not in ("ClientToken", "Description")})
        existing = _named(stack, name) if stack is not None else None
        if stack is not None and existing is not None and not existing.execution_status.startswith("EXECUTE_"):
            return self._repeated(stack, existing, given, asked)
        revision = requests.revision(self.world, call, stack)
        template = requests.checked(revision, region, given)
        if stack is None:
            stack = self._review(call, revision)
        if len(stack.change_sets) >= MAX_CHANGE_SETS:
            raise Refusal("LimitExceededException", f"ChangeSet limit exceeded for stack {stack.name}")
        change_set = self._propose(stack, template, revision, call, kind)
        change_set.digest = asked
        stack.change_sets[change_set.id] = change_set
        self.world.cloudformation.save(stack)
        return {"Id": change_set.id, "StackId": stack.id}

    def _check_state(self, stack: Stack | None, kind: str, given: Json) -> None:
        name = given["StackName"]
        if kind == "CREATE" and stack is not None and stack.status != "REVIEW_IN_PROGRESS":
            raise invalid(
                f"Stack [{stack.name}] already exists and cannot be created again with the changeSet "
                f"[{given['ChangeSetName']}]."
            )
        if kind == "UPDATE" and stack is None:
            raise invalid(f"Stack [{name}] does not exist")
        allowed = {*SETTLED_FOR_UPDATE, *PAUSED, *(["REVIEW_IN_PROGRESS"] if kind == "IMPORT" else [])}
        if kind != "CREATE" and stack is not None and stack.status not in allowed:
            raise invalid(f"Stack:{stack.id} is in {stack.status} state and can not be updated.")
        if stack is None and name.startswith("arn:"):
            raise invalid(f"Stack [{name}] does not exist")
        if kind == "IMPORT" and not given.get("ResourcesToImport"):
            raise invalid("ResourcesToImport must be specified for a change set of type IMPORT")
        if given.get("DeploymentMode") == "REVERT_DRIFT" and kind != "UPDATE":
            raise invalid("DeploymentMode REVERT_DRIFT is only supported for change sets of type UPDATE")

    def _repeated(self, stack: Stack, existing: ChangeSet, given: Json, asked: str) -> Json:
        token = given.get("ClientToken", "")
        if token and token == existing.token and asked == existing.digest:
            return {"Id": existing.id, "StackId": stack.id}
        if token != existing.token:
            raise Refusal(
                "AlreadyExistsException",
                f"ChangeSet {existing.name} cannot be created due to a mismatch with existing attribute ClientToken",
            )
        raise Refusal("AlreadyExistsException", f"ChangeSet {existing.name} already exists")

    def _review(self, call: Call, revision: Revision) -> Stack:
        empty = Revision(body='{"Resources": {}}')
        service = self.world.cloudformation
        now = self.world.clock.now()
        stack = service.new_stack(call.region, call.parameters["StackName"], empty, "REVIEW_IN_PROGRESS", now)
        stack.revision.tags = dict(revision.tags)
        Engine(self.world, stack).set_status("REVIEW_IN_PROGRESS", now, "User Initiated")
        return stack

    def _propose(self, stack: Stack, template: Template, revision: Revision, call: Call, kind: str) -> ChangeSet:
        given, now = call.parameters, self.world.clock.now()
        identity = f"{given['ChangeSetName']}/{uuid.uuid4()}"
        change_set = ChangeSet(
            id=f"arn:aws:cloudformation:{stack.region}:{self.world.account}:changeSet/{identity}",
            name=given["ChangeSetName"],
            kind=kind,
            revision=revision,
            created_at=now,
            ready_at=now + self.world.pace.change_set_seconds,
            outcome="CREATE_COMPLETE",
            description=given.get("Description", ""),
            token=given.get("ClientToken", ""),
            on_stack_failure=given.get("OnStackFailure", ""),
            deployment_mode=given.get("DeploymentMode", ""),
            import_existing=bool(given.get("ImportExistingResources")),
            include_nested=bool(given.get("IncludeNestedStacks")),
            operation_id=str(uuid.uuid4()),
            imports=_imports(given),
        )
        try:
            self._fill(change_set, stack, template, given)
        except Refusal as refusal:
            _failed(change_set, refusal.message)
        return change_set

    def _fill(self, change_set: ChangeSet, stack: Stack, template: Template, given: Json) -> None:
        proposal = self._proposal(change_set, stack, template)
        _refuse_new_types(stack, template)
        change_set.findings = findings(self.world, proposal, skip=bool(given.get("DisableValidation")))
        fatal = sorted({finding.name for finding in change_set.findings if finding.mode == "FAIL"})
        if fatal:
            _failed(
                change_set,
                f"The following hook(s)/validation failed: [{', '.join(fatal)}]. To troubleshoot Early Validation "
                "errors, use the DescribeEvents API for detailed failure information.",
            )
            return
        if change_set.imports or change_set.kind == "IMPORT":
            requests.check_imports(self.world, proposal)
        change_set.changes = compute(proposal)
        if change_set.deployment_mode:
            self.world.cloudformation.drift.add_reverts(proposal, change_set)
        if change_set.kind == "IMPORT":
            requests.only_imports(change_set)
        if change_set.kind == "UPDATE" and not change_set.changes and not _something_else(stack, change_set):
            _failed(change_set, NO_CHANGES)

    def _proposal(self, change_set: ChangeSet, stack: Stack, template: Template) -> Proposal:
        service = self.world.cloudformation
        return Proposal(
            stack=stack,
            template=template,
            revision=change_set.revision,
            place=Place(
                account=self.world.account,
                region=stack.region,
                stack_name=stack.name,
                stack_id=stack.id,
                notification_arns=tuple(change_set.revision.notification_arns),
            ),
            exports=lambda name: service.export(stack.region, name),
            imports=change_set.imports,
        )

    # Reading

    def find(self, call: Call) -> tuple[Stack, ChangeSet]:
        """Return the change set a request names, by ARN or by name and stack."""
        given, service = call.parameters, self.world.cloudformation
        name = given["ChangeSetName"]
        if name.startswith("arn:"):
            for stack in service.stacks.values():
                if stack.region == call.region and name in stack.change_sets:
                    return stack, stack.change_sets[name]
            raise _not_found(name)
        if not given.get("StackName"):
            raise invalid("StackName must be specified if ChangeSetName is not specified as an ARN.")
        stack = service.must_find(call.region, given["StackName"], "Stack [{}] does not exist")
        found = _named(stack, name)
        if found is None:
            raise _not_found(name)
        return stack, found

    def describe(self, call: Call) -> Json:
        """DescribeChangeSet."""
        stack, change_set = self.find(call)
        values = bool(call.parameters.get("IncludePropertyValues"))
        settled = change_set.status == "CREATE_COMPLETE"
        changes = [_change(change, values=values) for change in change_set.changes] if settled else []
        some, token = page(changes, call.parameters.get("NextToken"), self.world.page_size(call))
        return {
            **_summary(stack, change_set),
            "Parameters": parameters_shown(change_set.revision.parameters) or None,
            "NotificationARNs": change_set.revision.notification_arns,
            "Capabilities": change_set.revision.capabilities,
            "Tags": requests.tag_list(change_set.revision.tags),
            "RollbackConfiguration": {},
            "OnStackFailure": change_set.on_stack_failure or None,
            "StackDriftStatus": change_set.stack_drift_status or None,
            "DeploymentMode": change_set.deployment_mode or None,
            "Changes": some,
            "NextToken": token,
        }

    def hooks(self, call: Call) -> Json:
        """DescribeChangeSetHooks: the sandbox has no hooks."""
        stack, change_set = self.find(call)
        return {
            "ChangeSetId": change_set.id,
            "ChangeSetName": change_set.name,
            "StackId": stack.id,
            "StackName": stack.name,
            "Status": "PLANNED" if change_set.status == "CREATE_COMPLETE" else "UNAVAILABLE",
            "Hooks": [],
        }

    def list(self, call: Call) -> Json:
        """ListChangeSets."""
        name = call.parameters["StackName"]
        stack = self.world.cloudformation.must_find(call.region, name, "Stack [{}] does not exist")
        found = [_summary(stack, item) for item in stack.change_sets.values()]
        some, token = page(found, call.parameters.get("NextToken"), self.world.page_size(call))
        return {"Summaries": some, "NextToken": token}

    # Ending

    def delete(self, call: Call) -> Json:
        """DeleteChangeSet: deleting one that does not exist is fine as long as its stack does."""
        try:
            stack, change_set = self.find(call)
        except Refusal as refusal:
            if refusal.code == "ChangeSetNotFound":
                return {}
            raise
        if change_set.execution_status in ("EXECUTE_IN_PROGRESS",):
            raise Refusal(
                "InvalidChangeSetStatus",
                f"ChangeSet [{change_set.id}] cannot be deleted in its current execution status of "
                f"[{change_set.execution_status}]",
            )
        del stack.change_sets[change_set.id]
        self.world.cloudformation.save(stack)
        return {}

    def execute(self, call: Call) -> Json:
        """ExecuteChangeSet: the stack's other change sets are deleted."""
        stack, change_set = self.find(call)
        given = call.parameters
        for label, status, wanted in (
            ("status", change_set.status, "CREATE_COMPLETE"),
            ("execution status", change_set.execution_status, "AVAILABLE"),
        ):
            if status != wanted:
                raise Refusal(
                    "InvalidChangeSetStatus",
                    f"ChangeSet [{change_set.id}] cannot be executed in its current {label} of [{status}]",
                )
        if change_set.on_stack_failure and "DisableRollback" in given:
            raise invalid("You cannot specify both OnStackFailure and DisableRollback")
        requests.check_token(stack, given.get("ClientRequestToken", ""))
        disable = bool(given.get("DisableRollback", False))
        if change_set.kind == "CREATE" and stack.status != "REVIEW_IN_PROGRESS":
            raise invalid(f"Stack:{stack.id} is in {stack.status} state and can not be updated.")
        if change_set.kind != "CREATE" and stack.status != "REVIEW_IN_PROGRESS":
            requests.check_updatable(stack, disable_rollback=disable)
        stack.change_sets = {change_set.id: change_set}
        change_set.execution_status = "EXECUTE_IN_PROGRESS"
        stack.change_set_id = change_set.id
        if stack.status == "REVIEW_IN_PROGRESS":
            stack.created_at = self.world.clock.now()
        self.world.cloudformation.start(
            stack,
            change_set.kind.lower(),
            change_set.revision,
            token=given.get("ClientRequestToken", ""),
            disable_rollback=disable,
            on_failure=change_set.on_stack_failure,
            at=self.world.clock.now(),
            change_set=change_set,
        )
        return {}


def _named(stack: Stack, name: str) -> ChangeSet | None:
    """Return the newest change set of a name: an executed one's name is free again."""
    return next((item for item in reversed(stack.change_sets.values()) if item.name == name), None)


def _not_found(name: str) -> Refusal:
    return Refusal("ChangeSetNotFound", f"ChangeSet [{name}] does not exist", status=404)


def _failed(change_set: ChangeSet, reason: str) -> None:
    change_set.outcome, change_set.outcome_reason = "FAILED", reason
    change_set.changes = []


def _imports(given: Json) -> dict[str, dict[str, str]]:
    return {item["LogicalResourceId"]: dict(item["ResourceIdentifier"]) for item in given.get("ResourcesToImport", ())}


def _refuse_new_types(stack: Stack, template: Template) -> None:
    changed = sorted(
        logical_id
        for logical_id, live in stack.present.items()
        if logical_id in template.resources and template.resources[logical_id]["Type"] != live.resource_type
    )
    if changed:
        raise invalid(
            "Update of resource type is not permitted. The new template modifies resource type of the following "
            f"resources: [{', '.join(changed)}]"
        )


def _something_else(stack: Stack, change_set: ChangeSet) -> bool:
    """Outputs, tags or notification topics change: executable, with an empty list of changes."""
    old, new = stack.revision, change_set.revision
    return (
        parse(old.body).section("Outputs") != parse(new.body).section("Outputs")
        or old.tags != new.tags
        or old.notification_arns != new.notification_arns
    )


def _summary(stack: Stack, change_set: ChangeSet) -> dict[str, object]:
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
    }


def _change(change: Change, *, values: bool) -> dict[str, object]:
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
            "Path": detail.path,
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
