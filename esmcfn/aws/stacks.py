"""CloudFormation: what is deployed, and the change sets that are asked for."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC
from typing import Any

from esmcfn.aws.events import event_pages, holder
from esmcfn.aws.proposals import Proposals
from esmcfn.aws.session import Clients, translated
from esmcfn.domain.changeset import ChangeSet, Reviewed
from esmcfn.domain.deployed import DeployedStack
from esmcfn.domain.stack import ENVIRONMENT_TAG, MODEL_TAG
from esmcfn.domain.standing import Survey
from esmcfn.domain.template import Template

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class CloudFormationStacks:
    """The port Stacks, by CloudFormation."""

    def __init__(self, clients: Clients, stop: threading.Event) -> None:
        self._clients, self._stop = clients, stop
        self._proposals = Proposals(clients, stop)

    def deployed(self, *, base_name: str, environment: str) -> tuple[DeployedStack, ...]:
        return self.survey(base_name=base_name, environment=environment).ours

    def survey(self, *, base_name: str, environment: str) -> Survey:
        """Ours are stacks whose name fits and whose tag matches; an unread page is never an empty one."""
        found = []
        with translated(f"reading the stacks of {environment}", operation="DescribeStacks"):
            for page in self._client.get_paginator("describe_stacks").paginate():
                found.extend(page["Stacks"])
        ours = (_deployed(stack) for stack in found if _fits(stack, base_name, environment))
        others: dict[str, list[str]] = {}
        for stack in found:
            # A nested stack carries its parent's tags.
            if (owner := _owner(stack)) not in {"", environment} and "ParentId" not in stack:
                others.setdefault(owner, []).append(stack["StackName"])
        return Survey(
            ours=tuple(sorted(ours, key=lambda stack: stack.name)),
            others={owner: tuple(sorted(names)) for owner, names in sorted(others.items())},
            reviews={
                stack["StackName"]: stack["StackId"]
                for stack in found
                if stack["StackStatus"] == "REVIEW_IN_PROGRESS" and _named(stack, base_name)
            },
            endpoints=frozenset(_endpoints(found)),
        )

    def template(self, stack: DeployedStack) -> Mapping[str, object] | None:
        with translated(f"reading the template of {stack.name}", operation="GetTemplate"):
            response = self._client.get_template(StackName=stack.stack_id, TemplateStage="Original")
        body = response["TemplateBody"]
        return body if isinstance(body, Mapping) else None

    def propose(self, template: Template, deployed: DeployedStack | None, *, revert: bool = False) -> ChangeSet:
        return self._proposals.propose(template, deployed, revert=revert)

    def discard(self, change_set: ChangeSet) -> None:
        self._proposals.discard(change_set)

    def reviewed(self, change_set_id: str) -> Reviewed:
        return self._proposals.reviewed(change_set_id)

    def others(self, stack_id: str) -> tuple[str, ...]:
        return self._proposals.others(stack_id)

    def holder(self, stack_id: str) -> str:
        return holder(event_pages(self._client, stack_id), stack_id)

    def stop(self) -> None:
        """Let nobody wait any longer; whoever waits cleans up and raises Interrupted."""
        self._stop.set()

    def go_on(self) -> None:
        """Wait again, after everybody has stopped."""
        self._stop.clear()

    def clear(self, stack_id: str) -> bool:
        return self._proposals.clear(stack_id)

    @property
    def _client(self) -> Any:
        return self._clients.of("cloudformation")


def _named(stack: Mapping[str, Any], base_name: str) -> bool:
    name = str(stack["StackName"])
    return name == base_name or name.startswith(f"{base_name}-")


def _fits(stack: Mapping[str, Any], base_name: str, environment: str) -> bool:
    name = stack["StackName"]
    named = name == base_name or name.startswith(f"{base_name}-")
    return named and _owner(stack) == environment


def _owner(stack: Mapping[str, Any]) -> str:
    """The environment that a stack's tag names; empty where it has none, or does not exist yet."""
    tags = {tag["Key"]: tag["Value"] for tag in stack.get("Tags", [])}
    return "" if stack["StackStatus"] == "REVIEW_IN_PROGRESS" else str(tags.get(ENVIRONMENT_TAG, ""))


def _endpoints(stacks: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Names of the endpoints of every environment's stacks, as their Outputs have them."""
    for stack in stacks:
        outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
        if _owner(stack) and "EndpointName" in outputs:
            yield outputs["EndpointName"]


def _deployed(stack: Mapping[str, Any]) -> DeployedStack:
    tags = {tag["Key"]: tag["Value"] for tag in stack.get("Tags", [])}
    digest = _DIGEST.search(stack.get("Description", ""))
    began = stack.get("LastUpdatedTime") or stack.get("CreationTime")
    return DeployedStack(
        name=stack["StackName"],
        stack_id=stack["StackId"],
        status=stack["StackStatus"],
        digest=digest[0] if digest else "",
        model=tags.get(MODEL_TAG),
        updated_at=began.astimezone(UTC) if began else None,
        status_reason=stack.get("StackStatusReason", ""),
        outputs={output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])},
        termination_protection=stack.get("EnableTerminationProtection"),
    )
