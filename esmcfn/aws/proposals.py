"""Change sets: asked for, awaited, read whole, kept or removed; none is left behind by accident."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from esmcfn.aws import changeset
from esmcfn.aws.events import event_pages
from esmcfn.aws.refusals import busy_told, first, reverting, stale, template_told
from esmcfn.aws.session import Clients, error_code, error_message, translated
from esmcfn.aws.uploads import Uploads, same
from esmcfn.domain.changeset import ChangeSet, Reviewed
from esmcfn.domain.deployed import DeployedStack
from esmcfn.domain.plan import LIFETIME
from esmcfn.domain.template import INLINE_BYTES, Template
from esmcfn.errors import CloudError, Interrupted, TemplateRefused

PREFIX = "esmcfn-"
"""How the name of every change set of ours begins; one that begins otherwise is somebody else's."""

SETTLE_SECONDS = 300
"""How long a change set may take to settle before we call it an error."""

FORGOTTEN = LIFETIME + timedelta(hours=1)
"""Age at which a change set of ours that nobody executed is swept away: its plan cannot be executed any more."""

GONE = frozenset({"ChangeSetNotFound", "ChangeSetNotFoundException"})

_SETTLED = frozenset({"CREATE_COMPLETE", "FAILED", "DELETE_COMPLETE", "DELETE_FAILED"})


class Proposals:
    """Making, reading and removing change sets."""

    def __init__(self, clients: Clients, stop: threading.Event) -> None:
        self._clients, self._stop = clients, stop
        self._uploads = Uploads(clients)

    def propose(self, template: Template, deployed: DeployedStack | None, *, revert: bool = False) -> ChangeSet:
        name = f"{PREFIX}{template.digest.removeprefix('sha256:')[:12]}-{secrets.token_hex(4)}"
        with reverting(template.stack.name) if revert and deployed else nullcontext():
            return self._proposed(name, template, deployed, revert=revert and deployed is not None)

    def _proposed(self, name: str, template: Template, deployed: DeployedStack | None, *, revert: bool) -> ChangeSet:
        try:
            pending = self._create(name, template, deployed, revert=revert)
        except (CloudError, Interrupted) as error:
            if isinstance(error, Interrupted) or error.transient:
                self._unheard(name, template.stack.name)
            raise
        try:
            others = self._others(pending)
            described = self._settled(pending)
            if described["Status"] != "CREATE_COMPLETE" and not changeset.is_empty(described):
                raise self._failed(pending, described)
            self._same(pending, template)
            return self._read(pending, described, others)
        except BaseException as error:
            # Whatever stops us, Ctrl-C included: what we made goes before we do.
            self.discard(pending)
            if isinstance(error, CloudError) and error.code in GONE:
                raise first(template.stack.name, "their deployment removed our change set") from error
            raise

    def discard(self, change_set: ChangeSet) -> None:
        self._delete(change_set.arn)
        if change_set.new_stack:
            self._remove_empty(change_set)

    def reviewed(self, change_set_id: str) -> Reviewed:
        """Raises StalePlanError where it is gone, is not ours, or cannot be executed any more."""
        stack_name = _part(change_set_id, -2)
        asked = ChangeSet(
            arn=change_set_id, name=stack_name, stack_name=stack_name, stack_id="", new_stack=False, empty=False
        )
        try:
            described = self._describe(asked, values=True)
        except CloudError as error:
            if error.code in GONE or "does not exist" in error.message:
                raise stale(
                    f"change set {stack_name} is gone: it was executed, removed, or its stack changed"
                ) from error
            raise
        status = (described["Status"], described.get("ExecutionStatus", ""))
        if status != ("CREATE_COMPLETE", "AVAILABLE"):
            raise stale(
                f"change set {described['ChangeSetName']} cannot be executed any more: it is {' and '.join(status)}"
            )
        known = ChangeSet(
            arn=described["ChangeSetId"],
            name=described["ChangeSetName"],
            stack_name=described["StackName"],
            stack_id=described["StackId"],
            new_stack=self._stack_status(described["StackId"]) == "REVIEW_IN_PROGRESS",
            empty=False,
            reverts=described.get("DeploymentMode") == changeset.REVERT_DRIFT,
        )
        with translated(f"reading the template of change set {known.name}", operation="GetTemplate"):
            body = self._client.get_template(ChangeSetName=known.arn, TemplateStage="Original")["TemplateBody"]
        return Reviewed(
            change_set=self._read(known, described, ()),
            template=body if isinstance(body, Mapping) else None,
            created_at=described["CreationTime"].astimezone(UTC),
            tags={tag["Key"]: tag["Value"] for tag in described.get("Tags", [])},
            strange=changeset.strange(described, body if isinstance(body, Mapping) else {}),
        )

    def others(self, stack_id: str) -> tuple[str, ...]:
        """Names of other people's change sets on a stack; ours that are forgotten are swept away."""
        found = []
        for summary in self._summaries(stack_id):
            if not _ours(summary):
                found.extend([summary["ChangeSetName"]] if _pending(summary) else [])
            elif _pending(summary) and _forgotten(summary):
                self._delete(summary["ChangeSetId"])
        return tuple(sorted(found))

    @property
    def _client(self) -> Any:
        return self._clients.of("cloudformation")

    def _create(self, name: str, template: Template, deployed: DeployedStack | None, *, revert: bool) -> ChangeSet:
        stack = template.stack
        source = self._uploads.source(template)
        mode = self._mode() if revert else {}
        with busy_told(stack.name), template_told(), translated(f"proposing {stack.name}"):
            response = self._client.create_change_set(
                StackName=deployed.stack_id if deployed else stack.name,
                ChangeSetName=name,
                ChangeSetType="UPDATE" if deployed else "CREATE",
                **source,
                Capabilities=_capabilities(template),
                Tags=[{"Key": key, "Value": value} for key, value in sorted(stack.tags.items())],
                Description=f"esmcfn {template.digest}",
                ClientToken=name,
                **({"RoleARN": stack.target.service_role_arn} if stack.target.service_role_arn else {}),
                **mode,
                **({"ImportExistingResources": True} if changeset.takes_over(template.body) else {}),
            )
        return ChangeSet(
            arn=response["Id"],
            name=name,
            stack_name=stack.name,
            stack_id=response["StackId"],
            new_stack=deployed is None,
            empty=False,
            reverts=revert,
        )

    def _unheard(self, name: str, stack_name: str) -> None:
        """Remove what CloudFormation may have made although its answer did not come; that is not heard is the news."""
        try:
            with translated(f"looking for change set {name}", operation="DescribeChangeSet"):
                made = self._client.describe_change_set(ChangeSetName=name, StackName=stack_name)
            self.discard(
                ChangeSet(
                    arn=made["ChangeSetId"],
                    name=name,
                    stack_name=stack_name,
                    stack_id=made["StackId"],
                    new_stack=True,
                    empty=False,
                )
            )
        except CloudError:
            return  # there is none, or nobody can tell: a later plan sweeps it away once it is forgotten

    def _mode(self) -> Mapping[str, str]:
        """Asked for only where the installed boto3 knows the word.

        Raises:
            CloudError: it does not.
        """
        known = self._client.meta.service_model.operation_model("CreateChangeSet").input_shape.members
        if "DeploymentMode" not in known:
            raise CloudError(
                "the installed boto3 does not know change sets that revert drift",
                next_step="pip install --upgrade boto3; they came with 1.40.76",
            )
        return {"DeploymentMode": changeset.REVERT_DRIFT}

    def _same(self, pending: ChangeSet, template: Template) -> None:
        """What CloudFormation fetched is what was built: somebody else may write into the bucket, too."""
        if len(template.text.encode()) <= INLINE_BYTES:
            return
        with translated(f"reading the template of {pending.stack_name}", operation="GetTemplate"):
            body = self._client.get_template(ChangeSetName=pending.arn, TemplateStage="Original")["TemplateBody"]
        if not same(template, body):
            raise CloudError(
                f"{pending.stack_name}: CloudFormation has another template than was built; no change set was kept",
                next_step="see who writes into the artifact bucket",
            )

    def _delete(self, arn: str) -> None:
        with translated(f"removing change set {_part(arn, -2)}", operation="DeleteChangeSet"):
            try:
                self._client.delete_change_set(ChangeSetName=arn)
            except ClientError as error:
                if error_code(error) not in GONE:
                    raise

    def _others(self, pending: ChangeSet) -> tuple[str, ...]:
        """Other people's change sets, as far as a planner may see them: a missing permission stops no plan."""
        try:
            return self.others(pending.stack_id)
        except CloudError:
            return (UNREAD,)

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

    def _read(self, pending: ChangeSet, described: Mapping[str, Any], others: tuple[str, ...]) -> ChangeSet:
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
            others=others,
            reverts=pending.reverts,
        )

    def _failed(self, pending: ChangeSet, described: Mapping[str, Any]) -> TemplateRefused:
        reason = str(described.get("StatusReason", described["Status"]))
        details = self._validation(pending, "FAIL") if "AWS::EarlyValidation" in reason else ()
        text = "; ".join((reason, *details))
        return TemplateRefused(f"{pending.stack_name}: CloudFormation refused the change set: {text}")

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
        """Remove the empty stack that a first change set makes, unless somebody's plan still stands on it."""
        if self._stack_status(change_set.stack_id) != "REVIEW_IN_PROGRESS":
            return
        standing = [
            summary
            for summary in self._summaries(change_set.stack_id)
            if summary["ChangeSetId"] != change_set.arn
            and (_executed(summary) or (_pending(summary) and not (_ours(summary) and _forgotten(summary))))
        ]
        if not standing and self._never_begun(change_set.stack_id):
            with translated(f"removing the empty stack {change_set.stack_name}", operation="DeleteStack"):
                self._client.delete_stack(StackName=change_set.stack_id)

    def _never_begun(self, stack_id: str) -> bool:
        """Do its events know of nothing but a review? DescribeStacks may lag behind what somebody has executed."""
        reviews = {"REVIEW_IN_PROGRESS"}
        return all(
            event.get("ResourceStatus") in reviews
            for page in event_pages(self._client, stack_id)
            for event in page["StackEvents"]
        )

    def clear(self, stack_id: str) -> bool:
        """Remove a stack that was never begun, with our change sets on it; False where somebody else's stand there."""
        for summary in self._summaries(stack_id):
            if _ours(summary) and _pending(summary):
                self._delete(summary["ChangeSetId"])
        name = _part(stack_id, 1)
        empty = ChangeSet(arn="", name=name, stack_name=name, stack_id=stack_id, new_stack=True, empty=True)
        self._remove_empty(empty)
        return self._stack_status(stack_id) != "REVIEW_IN_PROGRESS"

    def _stack_status(self, stack_id: str) -> str:
        """StackStatus, empty where there is no such stack."""
        with translated(f"reading stack {_part(stack_id, 1)}", operation="DescribeStacks"):
            try:
                return str(self._client.describe_stacks(StackName=stack_id)["Stacks"][0]["StackStatus"])
            except ClientError as error:
                if "does not exist" in error_message(error):
                    return ""
                raise

    def _summaries(self, stack_id: str) -> list[Mapping[str, Any]]:
        """Every change set of a stack, all pages; none where there is no such stack."""
        with translated(f"listing the change sets of {_part(stack_id, 1)}", operation="ListChangeSets"):
            try:
                pages = list(self._client.get_paginator("list_change_sets").paginate(StackName=stack_id))
            except ClientError as error:
                if "does not exist" in error_message(error):
                    return []
                raise
        return [summary for page in pages for summary in page["Summaries"]]


UNREAD = "(change sets of others could not be listed)"
"""Stands for names that nobody could read."""


def _ours(summary: Mapping[str, Any]) -> bool:
    return str(summary["ChangeSetName"]).startswith(PREFIX)


def _executed(summary: Mapping[str, Any]) -> bool:
    """Was it begun? Then the stack is more than a review, whatever DescribeStacks says."""
    return str(summary["ExecutionStatus"]).startswith("EXECUTE_")


def _pending(summary: Mapping[str, Any]) -> bool:
    """May it still be executed? One that failed, or was executed, is nobody's plan any more."""
    return summary["Status"].startswith("CREATE_") and summary["ExecutionStatus"] in {"AVAILABLE", "UNAVAILABLE"}


def _forgotten(summary: Mapping[str, Any]) -> bool:
    created: datetime = summary["CreationTime"]
    return created.astimezone(UTC) + FORGOTTEN < datetime.now(UTC)


def _part(arn: str, number: int) -> str:
    """A part of a stack's or a change set's ARN; the name is the second of a stack, the last but one of both."""
    parts = arn.split("/")
    return parts[number] if len(parts) > 2 else arn


def _capabilities(template: Template) -> list[str]:
    """Named IAM resources need to be allowed; nothing else of ours does."""
    resources = template.body.get("Resources", {})
    types = {resource["Type"] for resource in resources.values()} if isinstance(resources, dict) else set()
    return ["CAPABILITY_NAMED_IAM"] if any(kind.startswith("AWS::IAM::") for kind in types) else []
