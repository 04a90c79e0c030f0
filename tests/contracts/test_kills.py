"""A server killed with SIGKILL at any moment goes on where it was, and what it says never contradicts itself."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from esmcfn import sandbox

from .templates import a_topic, an_endpoint

pytestmark = pytest.mark.slow

KILLS = 3


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    made = tmp_path / "root"
    made.mkdir()
    yield made
    sandbox.stop(made)


def client(address: sandbox.Address, service: str) -> Any:
    return boto3.client(
        service,
        region_name="us-east-2",
        endpoint_url=address.endpoint_url,
        aws_access_key_id="sandbox",
        aws_secret_access_key="sandbox",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=120),
    )


def a_stack(number: int, version: int) -> str:
    """An endpoint with names of its own, a topic, and an export."""
    text = json.dumps(an_endpoint(suffix=f"{number}-{version}"))
    template = json.loads(text.replace("Endpoint-ESMC-300M-1", f"E-{number}").replace("Model-1", f"M-{number}"))
    template["Resources"]["Topic"] = a_topic(DisplayName=f"v{version}")
    template["Outputs"] = {"T": {"Value": {"Ref": "Topic"}, "Export": {"Name": f"topic-{number}"}}}
    return json.dumps(template)


def churn(address: sandbox.Address, chance: random.Random) -> None:
    """Create, change and delete stacks until nobody answers any more."""
    cfn = client(address, "cloudformation")
    try:
        while True:
            number, version = chance.randrange(3), chance.randrange(3)
            body = {"StackName": f"s{number}", "TemplateBody": a_stack(number, version)}
            calls = (cfn.create_stack, cfn.update_stack, cfn.update_stack, cfn.delete_stack)
            call = chance.choice(calls)
            try:
                call(**(body if call != cfn.delete_stack else {"StackName": f"s{number}"}))
            except ClientError:
                continue  # it is not in a state for that
    except BotoCoreError:
        return


def settled(root: Path, cfn: Any) -> list[Any]:
    """Let everything come to its end, and return the stacks."""
    for _ in range(200):
        stacks: list[Any] = cfn.describe_stacks()["Stacks"]
        if not any(stack["StackStatus"].endswith("IN_PROGRESS") for stack in stacks):
            return stacks
        sandbox.set_clock(root, advance_seconds=5)
    raise AssertionError([(stack["StackName"], stack["StackStatus"]) for stack in stacks])


def test_whenever_it_is_killed_stacks_and_services_agree(root: Path) -> None:
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    for _ in range(KILLS):
        address = sandbox.ensure(root)
        sandbox.set_clock(root, speed=30)
        working = threading.Thread(target=churn, args=(address, random.Random(chance.random())))
        working.start()
        time.sleep(chance.uniform(0.05, 0.6))
        os.kill(address.pid, signal.SIGKILL)
        working.join()
    address = sandbox.ensure(root)
    cfn, sagemaker = client(address, "cloudformation"), client(address, "sagemaker")
    stacks = settled(root, cfn)
    named = {stack["StackName"] for stack in stacks}
    assert len(named) == len(stacks), f"seed {seed}: two live stacks of one name"
    whole = {s["StackName"] for s in stacks if s["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE")}
    whole |= {s["StackName"] for s in stacks if s["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"}
    held = {endpoint["EndpointName"] for endpoint in sagemaker.list_endpoints()["Endpoints"]}
    assert held == {f"E-{name[1:]}" for name in whole}, (
        f"seed {seed}: {[(s['StackName'], s['StackStatus']) for s in stacks]}"
    )
    exported = {export["Name"] for export in cfn.list_exports()["Exports"]}
    assert exported == {f"topic-{name[1:]}" for name in whole}
    for name in whole:
        serving = sagemaker.describe_endpoint(EndpointName=f"E-{name[1:]}")
        (config,) = [
            r["PhysicalResourceId"]
            for r in cfn.describe_stack_resources(StackName=name)["StackResources"]
            if r["LogicalResourceId"] == "Config"
        ]
        assert config.endswith(serving["EndpointConfigName"].lower()), f"seed {seed}: {name}"
        cfn.detect_stack_drift(StackName=name)
        sandbox.set_clock(root, advance_seconds=5)
        drifts = cfn.describe_stack_resource_drifts(StackName=name)["StackResourceDrifts"]
        assert {found["StackResourceDriftStatus"] for found in drifts} == {"IN_SYNC"}, f"seed {seed}"
    for name in named:
        cfn.delete_stack(StackName=name)
    assert settled(root, cfn) == []
    assert sagemaker.list_endpoints()["Endpoints"] == sagemaker.list_models()["Models"] == []
    assert client(address, "sns").list_topics()["Topics"] == []
