"""The stack operations: describing, listing, templates, creating, updating, deleting, recovering."""

from __future__ import annotations

import json

from esmcfn.sandbox.clock import moment
from esmcfn.sandbox.cloudformation import requests, validate
from esmcfn.sandbox.cloudformation.model import Stack
from esmcfn.sandbox.cloudformation.proposals import changes_nothing, proposed, refuse_invalid
from esmcfn.sandbox.cloudformation.service import CloudFormation
from esmcfn.sandbox.cloudformation.shown import (
    capabilities,
    declared_parameter,
    event_shown,
    identifiers,
    resource_drift,
    resource_summary,
    stack_shown,
    stack_summary,
)
from esmcfn.sandbox.cloudformation.template import parse
from esmcfn.sandbox.refusal import Refusal, invalid
from esmcfn.sandbox.resources import SUPPORTED
from esmcfn.sandbox.state import Json
from esmcfn.sandbox.wire import Call, Operation

MOST_STACK_RESOURCES = 100
"""DescribeStackResources stops here; ListStackResources has pages."""


class Stacks:
    """The operations that read stacks, and those that change them without a change set."""

    def __init__(self, service: CloudFormation) -> None:
        self.service = service
        self.world = service.world

    @property
    def operations(self) -> dict[str, Operation]:
        """Operation name to function."""
        return {
            "CreateStack": self.create,
            "UpdateStack": self.update,
            "DeleteStack": self.delete,
            "DescribeStacks": self.describe,
            "ListStacks": self.list,
            "DescribeStackEvents": self.events,
            "DescribeStackResource": self.resource,
            "DescribeStackResources": self.resources,
            "ListStackResources": self.list_resources,
            "GetTemplate": self.template,
            "GetTemplateSummary": self.summary,
            "ValidateTemplate": self.validate,
            "UpdateTerminationProtection": self.protect,
            "ListExports": self.exports,
            "ListImports": self.imports,
            "GetStackPolicy": self.policy,
            "SetStackPolicy": self.set_policy,
            "DescribeAccountLimits": self.limits,
        }

    # Changing

    def create(self, call: Call) -> Json:
        """CreateStack."""
        given, service = call.parameters, self.service
        requests.refuse_unsupported(given, requests.UNSUPPORTED_IN_STACKS)
        existing = service.by_name(call.region, given["StackName"])
        if existing is not None:
            requests.check_token(existing, given.get("ClientRequestToken", ""))
            raise Refusal("AlreadyExistsException", f"Stack [{existing.name}] already exists")
        if "DisableRollback" in given and "OnFailure" in given:
            raise invalid("You cannot specify both DisableRollback and OnFailure")
        requests.check_name(given["StackName"])
        wanted = requests.revision(self.world, call, None)
        template = requests.checked(wanted, call.region, given, direct=True)
        now, skip = self.world.clock.now(), bool(given.get("DisableValidation"))
        stack = service.new_stack(call.region, given["StackName"], wanted, "CREATE_IN_PROGRESS", now)
        try:
            refuse_invalid(self.service, proposed(self.service, stack, template, wanted), skip=skip)
        except Refusal:
            del service.stacks[stack.id]
            raise
        stack.termination_protection = bool(given.get("EnableTerminationProtection"))
        stack.policy = requests.allowing(given.get("StackPolicyBody", ""))
        service.start(
            stack,
            "create",
            wanted,
            token=given.get("ClientRequestToken", ""),
            disable_rollback=bool(given.get("DisableRollback")),
            on_failure=given.get("OnFailure", ""),
            at=now,
        )
        return {"StackId": stack.id}

    def update(self, call: Call) -> Json:
        """UpdateStack: an update without changes is refused."""
        given, service = call.parameters, self.service
        requests.refuse_unsupported(given, requests.UNSUPPORTED_IN_STACKS)
        stack = service.must_find(call.region, given["StackName"], "Stack [{}] does not exist")
        disable = bool(given.get("DisableRollback"))
        requests.refuse_nested(stack)
        requests.check_token(stack, given.get("ClientRequestToken", ""))
        requests.check_updatable(stack, disable_rollback=disable)
        wanted = requests.revision(self.world, call, stack)
        template = requests.checked(wanted, call.region, given, direct=True)
        proposal = proposed(self.service, stack, template, wanted)
        refuse_invalid(self.service, proposal, skip=bool(given.get("DisableValidation")))
        if changes_nothing(proposal):
            raise invalid("No updates are to be performed.")
        if "StackPolicyBody" in given:
            stack.policy = requests.allowing(given["StackPolicyBody"])
        service.start(
            stack,
            "update",
            wanted,
            token=given.get("ClientRequestToken", ""),
            disable_rollback=disable,
            at=self.world.clock.now(),
        )
        return {"StackId": stack.id}

    def delete(self, call: Call) -> Json:
        """DeleteStack: of a stack that does not exist is fine."""
        given, service = call.parameters, self.service
        requests.refuse_unsupported(given, ())
        stack, token = service.find(call.region, given["StackName"]), given.get("ClientRequestToken", "")
        retain, force = given.get("RetainResources", ()), given.get("DeletionMode") == "FORCE_DELETE_STACK"
        if stack is None or stack.deleted:
            return {}
        requests.refuse_nested(stack)
        requests.take_role(stack, given)
        if stack.termination_protection:
            raise invalid(f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
        if stack.busy and stack.status != "DELETE_IN_PROGRESS":
            if stack.status.startswith("CREATE"):
                pass  # a stack that is being created may be deleted
            else:
                raise invalid(f"Stack [{stack.id}] cannot be deleted while in status {stack.status}")
        if stack.status == "DELETE_IN_PROGRESS":
            return {}
        if (retain or force) and stack.status != "DELETE_FAILED":
            raise invalid(f"Invalid operation on stack [{stack.id}]. It is only for stacks in DELETE_FAILED state.")
        requests.check_token(stack, token)
        service.delete(stack, token=token, retain=retain, force=force, at=self.world.clock.now())
        return {}

    def protect(self, call: Call) -> Json:
        """UpdateTerminationProtection."""
        stack = self._find(call)
        if stack.deleted or stack.status == "DELETE_IN_PROGRESS":
            raise invalid(f"Stack [{stack.name}] is in {stack.status} state")
        stack.termination_protection = bool(call.parameters["EnableTerminationProtection"])
        self.service.save(stack)
        return {"StackId": stack.id}

    # Reading

    def _find(self, call: Call, message: str = "Stack [{}] does not exist") -> Stack:
        return self.service.must_find(call.region, call.parameters["StackName"], message)

    def describe(self, call: Call) -> Json:
        """DescribeStacks: all of them, or one by name or ARN (a deleted one by ARN only)."""
        service, name = self.service, call.parameters.get("StackName")
        if self.world.faults.strike("stale", stack=(name or "").partition("/")[2].partition("/")[0] or name or ""):
            stacks = service.stale(call.region, name)
        else:
            stacks = [service.must_find(call.region, name)] if name else service.live(call.region)
        some, token = self.world.page(call, stacks)
        return {"Stacks": [stack_shown(stack) for stack in some], "NextToken": token}

    def list(self, call: Call) -> Json:
        """ListStacks: deleted ones too."""
        wanted = set(call.parameters.get("StackStatusFilter", ()))
        stacks = [stack for stack in self.service.stacks.values() if stack.region == call.region]
        found = [
            stack_summary(stack)
            for stack in sorted(stacks, key=lambda item: -item.created_at)
            if not wanted or stack.status in wanted
        ]
        some, token = self.world.page(call, found)
        return {"StackSummaries": some, "NextToken": token}

    def events(self, call: Call) -> Json:
        """DescribeStackEvents: newest first."""
        stack = self._find(call)
        found = [event_shown(stack, event) for event in reversed(stack.events)]
        some, token = self.world.page(call, found)
        return {"StackEvents": some, "NextToken": token}

    def resource(self, call: Call) -> Json:
        """DescribeStackResource."""
        stack = self._find(call, "Stack '{}' does not exist")
        found = stack.resources.get(call.parameters["LogicalResourceId"])
        if found is None:
            raise invalid(f"Resource {call.parameters['LogicalResourceId']} does not exist for stack {stack.name}")
        return {
            "StackResourceDetail": {
                "StackName": stack.name,
                "StackId": stack.id,
                "Metadata": json.dumps(found.metadata) if found.metadata is not None else None,
                **resource_summary(found),
            }
        }

    def resources(self, call: Call) -> Json:
        """DescribeStackResources: the first hundred."""
        given, service = call.parameters, self.service
        if given.get("StackName") and given.get("PhysicalResourceId"):
            raise invalid("StackName and PhysicalResourceId cannot be specified together.")
        if given.get("StackName"):
            stack = service.must_find(call.region, given["StackName"])
        elif given.get("PhysicalResourceId"):
            stack = self._owner(call.region, given["PhysicalResourceId"])
        else:
            raise invalid("At least one of StackName, PhysicalResourceId must be specified.")
        logical_id = given.get("LogicalResourceId")
        found = [
            {
                "StackName": stack.name,
                "StackId": stack.id,
                "LogicalResourceId": item.logical_id,
                "PhysicalResourceId": item.physical_id or None,
                "ResourceType": item.resource_type,
                "Timestamp": moment(item.updated_at),
                "ResourceStatus": item.status,
                "ResourceStatusReason": item.reason or None,
                "DriftInformation": resource_drift(item),
            }
            for item in stack.resources.values()
            if logical_id in (None, item.logical_id)
        ]
        return {"StackResources": found[:MOST_STACK_RESOURCES]}

    def _owner(self, region: str, physical_id: str) -> Stack:
        for stack in self.service.live(region):
            if any(item.physical_id == physical_id for item in stack.resources.values()):
                return stack
        raise invalid(f"Stack for {physical_id} does not exist")

    def list_resources(self, call: Call) -> Json:
        """ListStackResources."""
        stack = self._find(call, "Stack with id {} does not exist")
        found = [resource_summary(item) for item in stack.resources.values()]
        some, token = self.world.page(call, found)
        return {"StackResourceSummaries": some, "NextToken": token}

    def template(self, call: Call) -> Json:
        """GetTemplate: the text exactly as it was sent; Processed, the default, is without its Transform."""
        given = call.parameters
        if given.get("ChangeSetName"):
            _, change_set = self.service.change_sets.find(call)
            text = change_set.revision.body
        elif given.get("StackName"):
            stack = self._find(call, "Stack with id {} does not exist")
            if stack.status == "REVIEW_IN_PROGRESS":
                raise invalid(
                    f"GetTemplate cannot be called on REVIEW_IN_PROGRESS stacks without a change set: {stack.name}"
                )
            text = stack.revision.body
        else:
            raise invalid("StackName must be specified")
        if given.get("TemplateStage", "Processed") == "Processed":
            text = parse(text).processed
        return {"TemplateBody": text, "StagesAvailable": ["Original", "Processed"]}

    def summary(self, call: Call) -> Json:
        """GetTemplateSummary."""
        given = call.parameters
        if given.get("StackName"):
            if given.get("TemplateBody") or given.get("TemplateURL"):
                raise invalid("Specify only one of StackName, TemplateBody and TemplateURL.")
            stack = self._find(call, "Stack with id {} does not exist")
            template = parse(stack.revision.body)
        else:
            template = parse(requests.body(self.world, call, None))
        validate.check(template, call.region, SUPPORTED)
        return {
            **capabilities(template),
            "Description": template.description or None,
            "Parameters": [declared_parameter(key, item) for key, item in template.section("Parameters").items()],
            "ResourceTypes": sorted({item["Type"] for item in template.resources.values()}),
            "DeclaredTransforms": template.transforms or None,
            "Version": template.document.get("AWSTemplateFormatVersion"),
            "Metadata": json.dumps(template.section("Metadata")) if template.section("Metadata") else None,
            "ResourceIdentifierSummaries": identifiers(template, call.region),
        }

    def validate(self, call: Call) -> Json:
        """ValidateTemplate."""
        template = parse(requests.body(self.world, call, None))
        validate.check(template, call.region, SUPPORTED)
        return {
            **capabilities(template),
            "DeclaredTransforms": template.transforms or None,
            "Description": template.description or None,
            "Parameters": [
                {
                    "ParameterKey": key,
                    "DefaultValue": str(item["Default"]) if "Default" in item else None,
                    "NoEcho": str(item.get("NoEcho", "")).lower() == "true",
                    "Description": item.get("Description"),
                }
                for key, item in template.section("Parameters").items()
            ],
        }

    def exports(self, call: Call) -> Json:
        """ListExports."""
        found: list[dict[str, object]] = [
            {"ExportingStackId": stack.id, "Name": output["ExportName"], "Value": output["OutputValue"]}
            for stack in self.service.live(call.region)
            for output in stack.outputs
            if "ExportName" in output
        ]
        some, token = self.world.page(call, found)
        return {"Exports": some, "NextToken": token}

    def imports(self, call: Call) -> Json:
        """ListImports."""
        from esmcfn.sandbox.cloudformation.outputs import importers

        name = call.parameters["ExportName"]
        found = importers(self.service, call.region, name)
        if not found:
            raise invalid(f"Export '{name}' is not imported by any stack.")
        return {"Imports": [stack.name for stack in found]}

    def policy(self, call: Call) -> Json:
        """GetStackPolicy."""
        return {"StackPolicyBody": self._find(call).policy or None}

    def set_policy(self, call: Call) -> Json:
        """SetStackPolicy: kept and shown; the sandbox does not enforce it, so one that forbids anything is refused."""
        stack = self._find(call)
        stack.policy = requests.allowing(call.parameters.get("StackPolicyBody", ""))
        self.service.save(stack)
        return {}

    def limits(self, call: Call) -> Json:
        """DescribeAccountLimits."""
        return {
            "AccountLimits": [
                {"Name": "StackLimit", "Value": 2000},
                {"Name": "StackOutputsLimit", "Value": validate.MAX_OUTPUTS},
            ]
        }
