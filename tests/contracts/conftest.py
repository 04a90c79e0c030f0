"""A sandbox in a thread with a frozen clock, and clients that botocore checks both ways."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from esmcfn.sandbox.clock import Clock
from esmcfn.sandbox.server import Sandbox

from .deploying import SPEED, Account

REGION = "us-east-2"
PACKAGE = "arn:aws:sagemaker:us-east-2:057799348421:model-package/esmc-300m-2024-12-6ad677e3dc243fb1b56e5787b7f93b53"


class World:
    """What a contract test holds: clients, the clock, and short ways to do common things."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._clients: dict[tuple[str, str], Any] = {}

    def client(self, service: str, region: str = REGION) -> Any:
        """Return a client of the sandbox, made once."""
        key = (service, region)
        if key not in self._clients:
            self._clients[key] = boto3.client(
                service,
                region_name=region,
                endpoint_url=self.sandbox.endpoint_url,
                aws_access_key_id="sandbox",
                aws_secret_access_key="sandbox",
                config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
            )
        return self._clients[key]

    @property
    def cfn(self) -> Any:
        return self.client("cloudformation")

    def advance(self, seconds: float = 60.0) -> None:
        """Let engine time pass; nothing sleeps."""
        self.sandbox.world.clock.advance(seconds)

    def plan(self, stack: str, template: object, *, kind: str = "CREATE", name: str = "plan", **more: Any) -> Any:
        """Create a change set, let it settle, describe it with values."""
        body = template if isinstance(template, str) else json.dumps(template)
        more.setdefault("Capabilities", ["CAPABILITY_NAMED_IAM"])
        made = self.cfn.create_change_set(
            StackName=stack, TemplateBody=body, ChangeSetName=name, ChangeSetType=kind, **more
        )
        self.advance(1)
        return self.cfn.describe_change_set(ChangeSetName=made["Id"], IncludePropertyValues=True)

    def deploy(self, stack: str, template: object, **more: Any) -> Any:
        """Create or update a stack through a change set and let it finish."""
        known = [
            s["StackName"] for s in self.cfn.describe_stacks()["Stacks"] if s["StackStatus"] != "REVIEW_IN_PROGRESS"
        ]
        plan = self.plan(stack, template, kind="UPDATE" if stack in known else "CREATE", name="deploy", **more)
        assert plan["Status"] == "CREATE_COMPLETE", plan.get("StatusReason")
        self.cfn.execute_change_set(ChangeSetName=plan["ChangeSetId"])
        self.advance()
        return self.stack(plan["StackId"])

    def stack(self, name: str) -> Any:
        """Describe one stack."""
        (found,) = self.cfn.describe_stacks(StackName=name)["Stacks"]
        return found

    def statuses(self, stack: str) -> list[tuple[str, str]]:
        """Return (logical id, status) of every event, oldest first."""
        pages = self.cfn.get_paginator("describe_stack_events").paginate(StackName=stack)
        events = [event for page in pages for event in page["StackEvents"]]
        return [(event["LogicalResourceId"], event["ResourceStatus"]) for event in reversed(events)]

    def reasons(self, stack: str) -> dict[str, str]:
        """Return the last reason of each failed resource."""
        events = self.cfn.describe_stack_events(StackName=stack)["StackEvents"]
        failed = [event for event in reversed(events) if event["ResourceStatus"].endswith("FAILED")]
        return {event["LogicalResourceId"]: event.get("ResourceStatusReason", "") for event in failed}


@pytest.fixture(scope="session")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    sandbox = Sandbox(tmp_path_factory.mktemp("state"), clock=Clock(speed=0))
    sandbox.start()
    yield sandbox
    sandbox.stop()


@pytest.fixture(scope="session")
def _world(_server: Sandbox) -> World:
    return World(_server)


@pytest.fixture
def world(_world: World) -> World:
    """An empty sandbox with a clock that only the test moves."""
    with _world.sandbox.world.lock:
        _world.sandbox.world.reset()
        _world.sandbox.world.pages.clear()
    return _world


@pytest.fixture(scope="session")
def _running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    sandbox = Sandbox(tmp_path_factory.mktemp("state"), clock=Clock(speed=SPEED))
    sandbox.start()
    yield sandbox
    sandbox.stop()


@pytest.fixture
def account(_running: Sandbox) -> Account:
    """An account in which nothing ever happened, for verbs, at a clock that runs."""
    return Account.emptied(_running)


@pytest.fixture(params=["sandbox", pytest.param("aws", marks=pytest.mark.live)])
def live(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An account: the sandbox always, AWS with --live."""
    from . import account as accounts  # it stands on this module

    if request.param == "sandbox":
        world: World = request.getfixturevalue("world")
        found = accounts.of_sandbox(world)
    else:
        for name, value in accounts.SHELL.items():
            monkeypatch.setenv(name, value)
        if not accounts.ALLOWED or boto3.client("sts").get_caller_identity()["Account"] != accounts.ALLOWED:
            pytest.skip("the credentials are not those of ESMCFN_LIVE_ACCOUNT")
        found = accounts.of_aws()
    try:
        yield found
    finally:
        found.close()
    if found.world is not None:
        assert accounts.left_behind(found) == []
