"""CloudFormation: what is deployed, and change sets that leave nothing behind."""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError

from esmcfn.aws import changeset
from esmcfn.aws.execution import Operations
from esmcfn.aws.session import Clients, error_code, error_message, translated
from esmcfn.domain.deployment import Execution
from esmcfn.domain.plan import ChangeSet, DeployedStack
from esmcfn.domain.template import Template
from esmcfn.errors import CloudError, Interrupted, StackBusyError
from esmcfn.ports import Heard

TEMPLATE_BYTES = 51_200
"""Bytes of a template sent inline, at most.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
"""

SETTLE_SECONDS = 300
"""How long a change set may take to settle before we call it an error."""

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_BUSY = re.compile(r"is in \w+_IN_PROGRESS state")
_SETTLED = frozenset({"CREATE_COMPLETE", "FAILED", "DELETE_COMPLETE", "DELETE_FAILED"})


class CloudFormationStacks:
    """The port Stacks, by CloudFormation."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._stop = threading.Event()
        self._operations = Operations(clients, self._stop)

    def deployed(self, *, base_name: str, environment: str) -> tuple[DeployedStack, ...]:
        """Ours are stacks whose name fits and whose tag matches; an unread page is never an empty one."""
        found = []
        with translated(f"reading the stacks of {environment}", operation="DescribeStacks"):
            for page in self._client.get_paginator("describe_stacks").paginate():
                found.extend(page["Stacks"])
        ours = (_deployed(stack) for stack in found if _fits(stack, base_name, environment))
        return tuple(sorted(ours, key=lambda stack: stack.name))

    def template(self, stack: DeployedStack) -> Mapping[str, object] | None:
        with translated(f"reading the template of {stack.name}", operation="GetTemplate"):
            response = self._client.get_template(StackName=stack.stack_id, TemplateStage="Original")
        body = response["TemplateBody"]
        return body if isinstance(body, Mapping) else None

    def propose(self, template: Template, deployed: DeployedStack | None) -> ChangeSet:
        name = f"esmcfn-{template.digest.removeprefix('sha256:')[:12]}-{secrets.token_hex(4)}"
        pending = self._create(name, template, deployed)
        try:
            described = self._settled(pending)
            if described["Status"] != "CREATE_COMPLETE" and not changeset.is_empty(described):
                raise self._failed(pending, described)
            return self._read(pending, described)
        except BaseException:
            # Whatever stops us, Ctrl-C included: what we made goes before we do.
            self.discard(pending)
            raise

    def discard(self, change_set: ChangeSet) -> None:
        client = self._client
        with translated(f"removing change set {change_set.name}", operation="DeleteChangeSet"):
            try:
                client.delete_change_set(ChangeSetName=change_set.arn)
            except ClientError as error:
                if error_code(error) not in {"ChangeSetNotFound", "ChangeSetNotFoundException"}:
                    raise
        if change_set.new_stack:
            self._remove_empty(change_set)

    def execute(self, change_set_id: str, stack_id: str, heard: Heard) -> Execution:
        return self._operations.execute(change_set_id, stack_id, heard)

    def delete(self, stack_id: str, heard: Heard) -> Execution:
        return self._operations.delete(stack_id, heard)

    def protect(self, stack_id: str, on: bool) -> None:
        with translated("switching termination protection", operation="UpdateTerminationProtection"):
            self._client.update_termination_protection(StackName=stack_id, EnableTerminationProtection=on)

    def stop(self) -> None:
        """Let nobody wait any longer; whoever waits cleans up and raises Interrupted."""
        self._stop.set()

    @property
    def _client(self) -> Any:
        return self._clients.of("cloudformation")

    def _create(self, name: str, template: Template, deployed: DeployedStack | None) -> ChangeSet:
        stack = template.stack
        size = len(template.text.encode())
        if size > TEMPLATE_BYTES:
            raise CloudError(
                f"{stack.name}: its template has {size:,} bytes, and CloudFormation takes {TEMPLATE_BYTES:,} inline",
                next_step="select fewer models in this environment",
            )
        with _busy_told(stack.name), translated(f"proposing {stack.name}"):
            response = self._client.create_change_set(
                StackName=deployed.stack_id if deployed else stack.name,
                ChangeSetName=name,
                ChangeSetType="UPDATE" if deployed else "CREATE",
                TemplateBody=template.text,
                Capabilities=_capabilities(template),
                Tags=[{"Key": key, "Value": value} for key, value in sorted(stack.tags.items())],
                Description=f"esmcfn {template.digest}",
                ClientToken=name,
            )
        return ChangeSet(
            arn=response["Id"],
            name=name,
            stack_name=stack.name,
            stack_id=response["StackId"],
            new_stack=deployed is None,
            empty=False,
        )

    def _settled(self, pending: ChangeSet) -> Mapping[str, Any]:
        """The first page of the change set, once CloudFormation has made up its mind."""
        waited, delay = 0.0, 0.1
        while True:
            described = self._describe(pending, values=True)
            if described["Status"] in _SETTLED:
                return described
            if waited >= SETTLE_SECONDS:
                raise CloudError(
                    f"{pending.stack_name}: its change set did not settle in {SETTLE_SECONDS} seconds "
                    f"(status {described['Status']})",
                    next_step="try again; if it stays so, look at the stack in the CloudFormation console",
                )
            if self._stop.wait(delay):
                raise Interrupted(f"stopped while CloudFormation was computing {pending.stack_name}")
            waited += delay
            delay = min(delay * 1.5, 5.0)

    def _describe(self, pending: ChangeSet, *, values: bool, token: str = "") -> Mapping[str, Any]:
        arguments: dict[str, Any] = {"ChangeSetName": pending.arn, "IncludePropertyValues": values}
        if token:
            arguments["NextToken"] = token
        with translated(f"reading the change set of {pending.stack_name}", operation="DescribeChangeSet"):
            described: Mapping[str, Any] = self._client.describe_change_set(**arguments)
        return described

    def _pages(self, pending: ChangeSet, first: Mapping[str, Any], *, values: bool) -> list[Mapping[str, Any]]:
        pages = [first]
        while token := pages[-1].get("NextToken"):
            pages.append(self._describe(pending, values=values, token=token))
        return pages

    def _read(self, pending: ChangeSet, described: Mapping[str, Any]) -> ChangeSet:
        empty = changeset.is_empty(described)
        with_values = [] if empty else self._pages(pending, described, values=True)
        plain: list[Mapping[str, Any]] = []
        if changeset.INCOMPLETE in str(described.get("StatusReason", "")):
            plain = self._pages(pending, self._describe(pending, values=False), values=False)
        return ChangeSet(
            arn=pending.arn,
            name=pending.name,
            stack_name=pending.stack_name,
            stack_id=pending.stack_id,
            new_stack=pending.new_stack,
            empty=empty,
            changes=changeset.changes(with_values, plain),
            warnings=() if empty else self._validation(pending, "WARN"),
        )

    def _failed(self, pending: ChangeSet, described: Mapping[str, Any]) -> CloudError:
        reason = str(described.get("StatusReason", described["Status"]))
        details = self._validation(pending, "FAIL") if "AWS::EarlyValidation" in reason else ()
        text = "; ".join((reason, *details))
        return CloudError(f"{pending.stack_name}: CloudFormation refused the change set: {text}")

    def _validation(self, pending: ChangeSet, mode: str) -> tuple[str, ...]:
        """What early validation found; it is written nowhere but in the change set's events.

        https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html
        """
        try:
            with translated("reading early validation", operation="DescribeEvents"):
                events = []
                for page in self._client.get_paginator("describe_events").paginate(ChangeSetName=pending.arn):
                    events.extend(page["OperationEvents"])
        except CloudError as error:
            return (f"early validation was not read: {error.message}",)
        return tuple(
            f"{event.get('ValidationPath', event.get('LogicalResourceId', ''))}: "
            f"{event.get('ValidationStatusReason', event.get('ResourceStatusReason', ''))}"
            for event in events
            if event.get("EventType") == "VALIDATION_ERROR" and event.get("ValidationFailureMode") == mode
        )

    def _remove_empty(self, change_set: ChangeSet) -> None:
        """Remove the empty stack that a first change set makes, unless somebody else's plan stands on it."""
        client = self._client
        with translated(f"removing the empty stack {change_set.stack_name}", operation="DeleteStack"):
            try:
                stack = client.describe_stacks(StackName=change_set.stack_id)["Stacks"][0]
                others = [
                    summary["ChangeSetId"]
                    for page in client.get_paginator("list_change_sets").paginate(StackName=change_set.stack_id)
                    for summary in page["Summaries"]
                    if summary["ChangeSetId"] != change_set.arn
                ]
            except ClientError as error:
                if "does not exist" in error_message(error):
                    return
                raise
            if stack["StackStatus"] == "REVIEW_IN_PROGRESS" and not others:
                client.delete_stack(StackName=change_set.stack_id)


@contextmanager
def _busy_told(stack_name: str) -> Iterator[None]:
    """Turn CloudFormation's "is in UPDATE_IN_PROGRESS state" into the error that has its own exit code."""
    try:
        yield
    except CloudError as error:
        if not _BUSY.search(error.message):
            raise
        raise StackBusyError(
            f"{stack_name}: another operation is running on this stack: {error.message}",
            next_step="wait until it is done, then plan again",
        ) from error


def _fits(stack: Mapping[str, Any], base_name: str, environment: str) -> bool:
    name = stack["StackName"]
    tags = {tag["Key"]: tag["Value"] for tag in stack.get("Tags", [])}
    named = name == base_name or name.startswith(f"{base_name}-")
    return named and tags.get("esmcfn:environment") == environment and stack["StackStatus"] != "REVIEW_IN_PROGRESS"


def _deployed(stack: Mapping[str, Any]) -> DeployedStack:
    tags = {tag["Key"]: tag["Value"] for tag in stack.get("Tags", [])}
    digest = _DIGEST.search(stack.get("Description", ""))
    return DeployedStack(
        name=stack["StackName"],
        stack_id=stack["StackId"],
        status=stack["StackStatus"],
        digest=digest[0] if digest else "",
        model=tags.get("esmcfn:model"),
        outputs={output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])},
        termination_protection=stack.get("EnableTerminationProtection"),
    )


def _capabilities(template: Template) -> list[str]:
    """Named IAM resources need to be allowed; nothing else of ours does."""
    resources = template.body.get("Resources", {})
    types = {resource["Type"] for resource in resources.values()} if isinstance(resources, dict) else set()
    return ["CAPABILITY_NAMED_IAM"] if any(kind.startswith("AWS::IAM::") for kind in types) else []
