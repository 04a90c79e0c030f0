"""CreateChangeSet, DescribeChangeSet, ListChangeSets, DeleteChangeSet and ExecuteChangeSet."""

from __future__ import annotations

import uuid
from dataclasses import replace

from esmcfn.sandbox.cloudformation import importing, requests
from esmcfn.sandbox.cloudformation.changes import compute, parameters_shown
from esmcfn.sandbox.cloudformation.drift import Drift
from esmcfn.sandbox.cloudformation.early import findings, property_findings
from esmcfn.sandbox.cloudformation.execution import Engine
from esmcfn.sandbox.cloudformation.model import (
    PAUSED,
    SETTLED_FOR_UPDATE,
    ChangeSet,
    Revision,
    Stack,
)
from esmcfn.sandbox.cloudformation.nested import Nested
from esmcfn.sandbox.cloudformation.planned import change_set_summary, change_shown
from esmcfn.sandbox.cloudformation.proposals import NO_CHANGES, NO_UPDATES, proposed, refuse_new_types, something_else
from esmcfn.sandbox.cloudformation.registry import Registry
from esmcfn.sandbox.cloudformation.template import Template
from esmcfn.sandbox.refusal import Refusal, invalid
from esmcfn.sandbox.state import Json
from esmcfn.sandbox.wire import Call, Operation

MAX_CHANGE_SETS = 1000


class ChangeSets:
    """The change-set operations."""

    def __init__(self, service: Registry, nested: Nested, drift: Drift) -> None:
        self.service = service
        self.world = service.world
        self.nested = nested
        self.drift = drift

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
        stack = self.service.find(region, given["StackName"])
        requests.refuse_nested(stack)
        self._check_state(stack, kind, given)
        asked = requests.digest(kind, {k: v for k, v in given.items() if k not in ("ClientToken", "Description")})
        existing = _named(stack, name) if stack is not None else None
        if stack is not None and existing is not None and not existing.execution_status.startswith("EXECUTE_"):
            return self._repeated(stack, existing, given, asked)
        revision = requests.revision(self.world, call, stack)
        template = requests.checked(revision, region, given)
        if stack is None:
            stack = self._review(call, revision)
        if len(stack.change_sets) >= MAX_CHANGE_SETS:
            raise Refusal("LimitExceededException", f"ChangeSet limit exceeded for stack {stack.name}")
        change_set = self._propose(stack, template, revision, given, kind)
        change_set.digest = asked
        stack.change_sets[change_set.id] = change_set
        self.service.save(stack)
        return {"Id": change_set.id, "StackId": stack.id}

    def _check_state(self, stack: Stack | None, kind: str, given: Json) -> None:
        name = given["StackName"]
        if stack is not None and stack.deleted:
            raise invalid(f"Stack:{stack.id} is in {stack.status} state and can not be updated.")
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
        if stack is None:
            requests.check_name(name)
        if given.get("IncludeNestedStacks") and (kind == "IMPORT" or given.get("DeploymentMode") == "REVERT_DRIFT"):
            what = "an import" if kind == "IMPORT" else "REVERT_DRIFT"
            raise invalid(f"IncludeNestedStacks cannot be combined with {what}")
        if given.get("OnStackFailure") == "DELETE" and kind != "CREATE":
            raise invalid("OnStackFailure DELETE is only valid for change sets of type CREATE")
        if (kind == "IMPORT") != bool(given.get("ResourcesToImport")):
            raise invalid("ResourcesToImport must be specified for a change set of type IMPORT, and for no other")
        if kind == "IMPORT" and given.get("ImportExistingResources"):
            raise invalid("ImportExistingResources is only valid for change sets of type CREATE and UPDATE")
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
        service = self.service
        now = self.world.clock.now()
        stack = service.new_stack(call.region, call.parameters["StackName"], empty, "REVIEW_IN_PROGRESS", now)
        stack.revision.tags = dict(revision.tags)
        Engine(self.service, stack).set_status("REVIEW_IN_PROGRESS", now, "User Initiated")
        return stack

    def _propose_nested(
        self, stack: Stack, template: Template, revision: Revision, outer: ChangeSet, kind: str
    ) -> ChangeSet:
        """Return a nested stack's change set, as part of the enclosing stack's."""
        name = f"{outer.name[:80]}-{stack.parent_logical_id[:20]}-{uuid.uuid4().hex[:12]}"
        given = {"ChangeSetName": name, "IncludeNestedStacks": True, "OnStackFailure": outer.on_stack_failure}
        return self._propose(stack, template, revision, given, kind, outer=outer)

    def _propose(
        self,
        stack: Stack,
        template: Template,
        revision: Revision,
        given: Json,
        kind: str,
        *,
        outer: ChangeSet | None = None,
    ) -> ChangeSet:
        now = self.world.clock.now()
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
            parent_id=outer.id if outer else "",
            root_id=(outer.root_id or outer.id) if outer else "",
        )
        try:
            self._fill(change_set, stack, template, given)
        except Refusal as refusal:
            _failed(change_set, refusal.message)
        return change_set

    def _fill(self, change_set: ChangeSet, stack: Stack, template: Template, given: Json) -> None:
        proposal = proposed(self.service, stack, template, change_set.revision, imports=change_set.imports)
        refuse_new_types(stack, template)
        if change_set.import_existing and not list(property_findings(self.service, proposal)):
            change_set.imports = importing.existing(self.service, proposal)
            proposal = replace(proposal, imports=change_set.imports)
        change_set.findings = findings(self.service, proposal, skip=bool(given.get("DisableValidation")))
        fatal = sorted({finding.name for finding in change_set.findings if finding.mode == "FAIL"})
        if fatal:
            _failed(
                change_set,
                f"The following hook(s)/validation failed: [{', '.join(fatal)}]. To troubleshoot Early Validation "
                "errors, use the DescribeEvents API for detailed failure information.",
            )
            return
        if change_set.kind == "IMPORT":
            importing.check_imports(self.service, proposal)
        change_set.changes = compute(proposal)
        if change_set.deployment_mode:
            self.drift.add_reverts(proposal, change_set)
        if change_set.kind == "IMPORT":
            importing.only_imports(change_set)
        if change_set.include_nested:
            self.nested.plan(change_set, proposal, self._propose_nested)
        if change_set.kind == "UPDATE" and not change_set.changes and not something_else(proposal):
            _failed(change_set, NO_UPDATES if template.transforms else NO_CHANGES)

    # Reading

    def find(self, call: Call) -> tuple[Stack, ChangeSet]:
        """Return the change set a request names, by ARN or by name and stack."""
        given, service = call.parameters, self.service
        name, owner = given["ChangeSetName"], given.get("StackName")
        if name.startswith("arn:"):  # it says all, and CloudFormation does not look at the stack's name
            for stack in service.stacks.values():
                if stack.region == call.region and name in stack.change_sets:
                    return stack, stack.change_sets[name]
            raise _not_found(name)
        if not owner:
            raise invalid("StackName must be specified if ChangeSetName is not specified as an ARN.")
        stack = service.must_find(call.region, owner, "Stack [{}] does not exist")
        found = _named(stack, name)
        if found is None:
            raise _not_found(name)
        return stack, found

    def describe(self, call: Call) -> Json:
        """DescribeChangeSet."""
        stack, change_set = self.find(call)
        values = bool(call.parameters.get("IncludePropertyValues"))
        settled = change_set.status == "CREATE_COMPLETE"
        changes = [change_shown(change, values=values) for change in change_set.changes] if settled else []
        some, token = self.world.page(call, changes)
        return {
            **change_set_summary(stack, change_set),
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
        stack = self.service.must_find(call.region, name, "Stack [{}] does not exist")
        found = [change_set_summary(stack, item) for item in stack.change_sets.values()]
        some, token = self.world.page(call, found)
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
        requests.refuse_nested(stack)
        del stack.change_sets[change_set.id]
        self.nested.forget({change_set.id})
        self.service.save(stack)
        return {}

    def execute(self, call: Call) -> Json:
        """ExecuteChangeSet: the stack's other change sets are deleted."""
        stack, change_set = self.find(call)
        requests.refuse_nested(stack)
        given = call.parameters
        requests.check_token(stack, given.get("ClientRequestToken", ""))
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
        disable = bool(given.get("DisableRollback", change_set.on_stack_failure == "DO_NOTHING"))
        if change_set.kind == "CREATE" and stack.status != "REVIEW_IN_PROGRESS":
            raise invalid(f"Stack:{stack.id} is in {stack.status} state and can not be updated.")
        if change_set.kind != "CREATE" and stack.status != "REVIEW_IN_PROGRESS":
            requests.check_updatable(stack, disable_rollback=disable)
        self.nested.forget(stack.change_sets.keys() - {change_set.id})
        stack.change_sets = {change_set.id: change_set}
        change_set.execution_status = "EXECUTE_IN_PROGRESS"
        self.service.start(
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
