"""An account to try things in: a real one, or the sandbox; what is made there is taken away at the end."""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Callable
from typing import Any

import boto3
from botocore.exceptions import ClientError

from .conftest import REGION, World

ALLOWED = os.environ.get("ESMCFN_LIVE_ACCOUNT", "")
GPU = os.environ.get("ESMCFN_LIVE_GPU", "") == "1"
PACKAGE = os.environ.get("ESMCFN_LIVE_PACKAGE", "")
UNSUBSCRIBED = os.environ.get("ESMCFN_LIVE_UNSUBSCRIBED", "")
INSTANCE = os.environ.get("ESMCFN_LIVE_INSTANCE", "ml.g5.2xlarge")
"""What the tests that cost money need: a package with a subscription, one without, and an instance type."""

SHELL = {name: value for name, value in os.environ.items() if name.startswith("AWS_") or name == "HOME"}
"""The shell's own settings, which the tests' fixtures take away."""

MOST_POLLS = 2000
DONE = ("COMPLETE", "FAILED")


class Account:
    """One account and region.

    Attributes:
        world: the sandbox it is; None for AWS, where nothing can be asked to go wrong.
    """

    def __init__(self, client: Callable[[str], Any], wait: Callable[[float], None], world: World | None) -> None:
        self.client, self._wait, self.world = client, wait, world
        self.prefix = f"esmcfn-live-{uuid.uuid4().hex[:8]}"
        self._stacks: list[str] = []
        self._buckets: list[str] = []
        self._undo: list[Callable[[], object]] = []

    @property
    def cfn(self) -> Any:
        return self.client("cloudformation")

    @property
    def region(self) -> str:
        return str(self.cfn.meta.region_name)

    def fault(self, name: str, **options: Any) -> None:
        """Let the sandbox do what AWS must be provoked to do."""
        if self.world is not None:
            self.world.sandbox.world.settle()
            self.world.sandbox.world.faults.add(name, options)

    def name(self, word: str = "") -> str:
        """Return a name of this test's own."""
        return f"{self.prefix}-{word}" if word else self.prefix

    def until(self, found: Callable[[], Any], every: float = 2.0) -> Any:
        """Ask until there is an answer, some seconds apart."""
        for _ in range(MOST_POLLS):
            answer = found()
            if answer:
                return answer
            self._wait(every)
        raise AssertionError("it never came to be")

    # Change sets and stacks

    def plan(self, template: object, *, stack: str = "", kind: str = "UPDATE", name: str = "", **more: Any) -> Any:
        """Make a change set and wait until it settles."""
        more.setdefault("Capabilities", ["CAPABILITY_NAMED_IAM"])
        made = self.cfn.create_change_set(
            StackName=self._noted(stack),
            ChangeSetName=name or f"c{uuid.uuid4().hex[:8]}",
            ChangeSetType=kind,
            TemplateBody=json.dumps(template),
            **more,
        )

        def settled() -> Any:
            found = self.cfn.describe_change_set(ChangeSetName=made["Id"], IncludePropertyValues=True)
            return found if found["Status"] in ("CREATE_COMPLETE", "FAILED") else None

        return self.until(settled, 1.0)

    def begin(self, template: object, *, stack: str = "", kind: str = "UPDATE", **more: Any) -> Any:
        """Plan and execute; returns the change set. Execution's own options: token, disable_rollback."""
        given: dict[str, Any] = {}
        if "token" in more:
            given["ClientRequestToken"] = more.pop("token")
        if "disable_rollback" in more:
            given["DisableRollback"] = more.pop("disable_rollback")
        plan = self.plan(template, stack=stack, kind=kind, **more)
        assert plan["Status"] == "CREATE_COMPLETE", plan.get("StatusReason")
        self.cfn.execute_change_set(ChangeSetName=plan["ChangeSetId"], **given)
        return plan

    def deploy(self, template: object, *, stack: str = "", kind: str = "CREATE", **more: Any) -> Any:
        """Plan, execute and wait; returns the stack."""
        return self.ended(self.begin(template, stack=stack, kind=kind, **more)["StackId"])

    def ended(self, stack: str) -> Any:
        """Wait until nothing is under way on a stack, and describe it."""

        def still() -> Any:
            (found,) = self.cfn.describe_stacks(StackName=stack)["Stacks"]
            return found if found["StackStatus"].endswith(DONE) else None

        return self.until(still)

    def events(self, stack: str) -> list[Any]:
        """Return a stack's events, oldest first."""
        pages = self.cfn.get_paginator("describe_stack_events").paginate(StackName=stack)
        return [event for page in pages for event in page["StackEvents"]][::-1]

    def own(self, stack: str) -> list[str]:
        """Return the statuses that the stack itself went through."""
        found = self.events(stack)
        return [event["ResourceStatus"] for event in found if event["PhysicalResourceId"] == event["StackId"]]

    def physical(self, stack: str, logical_id: str) -> str:
        """Return the physical id of a resource."""
        found = self.cfn.describe_stack_resource(StackName=stack, LogicalResourceId=logical_id)
        return str(found["StackResourceDetail"]["PhysicalResourceId"])

    def _noted(self, stack: str) -> str:
        name = self.name(stack)
        if name not in self._stacks:
            self._stacks.append(name)
        return name

    # Templates in a bucket

    def uploaded(self, template: object, key: str) -> str:
        """Put a template into a bucket of this test's own and return its URL."""
        s3, bucket = self.client("s3"), self.name("templates")
        if bucket not in self._buckets:
            where = {} if self.region == "us-east-1" else {"LocationConstraint": self.region}
            s3.create_bucket(Bucket=bucket, **({"CreateBucketConfiguration": where} if where else {}))
            self._buckets.append(bucket)
        s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(template).encode())
        return f"https://{bucket}.s3.{self.region}.amazonaws.com/{key}"

    # The end

    def afterwards(self, undo: Callable[[], object]) -> None:
        """Do something before the stacks are deleted; that there is nothing left to do is fine."""
        self._undo.append(undo)

    def close(self) -> None:
        """Take away everything, the last stack first; raises what could not be taken away."""
        problems: list[Exception] = []
        for undo in (
            *reversed(self._undo),
            *(lambda name=name: self._gone(name) for name in reversed(self._stacks)),
            *(lambda name=name: self._emptied(name) for name in self._buckets),
        ):
            try:
                undo()
            except (ClientError, AssertionError) as error:
                problems.append(error)
        if problems:
            raise ExceptionGroup(f"left behind in {self.region}: {self.prefix}*", problems)

    def _gone(self, name: str) -> None:
        try:
            stack = self.ended(name) if self._reviewed(name) else None
        except ClientError as error:
            if "does not exist" in str(error):
                return
            raise
        self.cfn.delete_stack(StackName=name)
        if stack is not None:
            last = self.ended(stack["StackId"])
            assert last["StackStatus"] == "DELETE_COMPLETE", f"{name} is {last['StackStatus']}"

    def _reviewed(self, name: str) -> bool:
        (found,) = self.cfn.describe_stacks(StackName=name)["Stacks"]
        return bool(found["StackStatus"] != "REVIEW_IN_PROGRESS")

    def _emptied(self, bucket: str) -> None:
        s3 = self.client("s3")
        for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
            s3.delete_object(Bucket=bucket, Key=entry["Key"])
        s3.delete_bucket(Bucket=bucket)


def of_sandbox(world: World) -> Account:
    """The sandbox as an account; waiting advances its clock by a quarter of a second."""
    return Account(lambda service: world.client(service, REGION), lambda _: world.advance(0.25), world)


def of_aws() -> Account:
    """The account of the shell's credentials."""
    clients: dict[str, Any] = {}

    def client(service: str) -> Any:
        return clients.setdefault(service, boto3.client(service))

    return Account(client, time.sleep, None)


def left_behind(live: Account) -> list[str]:
    """Return what is still there of what the tests make."""
    sagemaker = live.client("sagemaker")
    return [
        *(stack["StackName"] for stack in live.cfn.describe_stacks()["Stacks"]),
        *(topic["TopicArn"] for topic in live.client("sns").list_topics()["Topics"]),
        *(bucket["Name"] for bucket in live.client("s3").list_buckets()["Buckets"]),
        *(policy["Arn"] for policy in live.client("iam").list_policies(Scope="Local")["Policies"]),
        *(found["EndpointName"] for found in sagemaker.list_endpoints()["Endpoints"]),
        *(found["EndpointConfigName"] for found in sagemaker.list_endpoint_configs()["EndpointConfigs"]),
        *(found["ModelName"] for found in sagemaker.list_models()["Models"]),
    ]


def findings(live: Account, change_set: str) -> list[tuple[str, str, str]]:
    """Return the name, the mode and the path of what early validation found."""
    found = live.cfn.describe_events(ChangeSetName=change_set)["OperationEvents"]
    return [
        (event["ValidationName"], event["ValidationFailureMode"], event["ValidationPath"])
        for event in found
        if event["EventType"] == "VALIDATION_ERROR"
    ]
