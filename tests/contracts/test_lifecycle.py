"""The sandbox as a process: starting, finding, stopping, surviving."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

import esmcfn.sandbox as sandbox
from esmcfn.errors import SandboxError
from esmcfn.sandbox.clock import Clock
from esmcfn.sandbox.cloudformation.operations import operations
from esmcfn.sandbox.server import Sandbox as Server
from esmcfn.sandbox.wire import Call
from esmcfn.sandbox.world import World

from .templates import a_template, a_topic, an_endpoint

pytestmark = pytest.mark.slow


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    made = tmp_path / "root"
    made.mkdir()
    yield made
    sandbox.stop(made)


def cfn(address: sandbox.Address) -> object:
    return boto3.client(
        "cloudformation",
        region_name="us-east-2",
        endpoint_url=address.endpoint_url,
        aws_access_key_id="sandbox",
        aws_secret_access_key="sandbox",
    )


def wait_for(root: Path, client: object, stack: str, status: str) -> None:
    """Advance the server's clock until a stack has a status; the wall clock says nothing."""
    for _ in range(200):
        seen = client.describe_stacks(StackName=stack)["Stacks"][0]  # type: ignore[attr-defined]
        if seen["StackStatus"] == status:
            return
        sandbox.set_clock(root, advance_seconds=0.1)
    events = client.describe_stack_events(StackName=stack)["StackEvents"]  # type: ignore[attr-defined]
    raise AssertionError((seen, [event.get("ResourceStatusReason") for event in events]))


def test_a_stop_does_not_wait_for_somebody_to_reap_the_server(root: Path) -> None:
    pid = sandbox.ensure(root).pid
    assert sandbox.stop(root)
    assert os.waitpid(pid, 0)[0] == pid, "still unreaped, as below an init that does not care"


def test_nothing_runs_before_the_first_start(root: Path) -> None:
    assert sandbox.find(root) is None
    assert sandbox.status(root).line == "stopped"
    assert sandbox.stop(root) is False
    assert sandbox.reset(root) is None
    with pytest.raises(SandboxError, match="not running"):
        sandbox.fault(root, "quota")


def test_two_commands_at_once_start_one_server(root: Path) -> None:
    found: list[sandbox.Address] = []
    threads = [threading.Thread(target=lambda: found.append(sandbox.ensure(root))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({address.pid for address in found}) == 1
    assert sum(address.started for address in found) == 1
    assert sandbox.state_folder(root).stat().st_mode & 0o777 == 0o700


def test_what_was_executed_survives_a_kill(root: Path) -> None:
    first = sandbox.ensure(root)
    client = cfn(first)
    sandbox.set_clock(root, speed=50)
    template = an_endpoint()
    template["Resources"]["T"] = a_topic(DisplayName="kept")
    template["Outputs"] = {"T": {"Value": {"Ref": "T"}}}
    client.create_stack(StackName="s", TemplateBody=json.dumps(template))  # type: ignore[attr-defined]
    wait_for(root, client, "s", "CREATE_COMPLETE")
    os.kill(first.pid, signal.SIGKILL)
    second = sandbox.ensure(root)
    assert second.started
    assert second.pid != first.pid
    (stack,) = cfn(second).describe_stacks()["Stacks"]  # type: ignore[attr-defined]
    arn = stack["Outputs"][0]["OutputValue"]
    sns = boto3.client(
        "sns",
        region_name="us-east-2",
        endpoint_url=second.endpoint_url,
        aws_access_key_id="sandbox",
        aws_secret_access_key="sandbox",
    )
    assert sns.get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"] == "kept"
    assert sandbox.status(root).stacks == 1
    assert sandbox.reset(root) is not None
    assert cfn(second).describe_stacks()["Stacks"] == []  # type: ignore[attr-defined]


def test_an_operation_goes_on_after_a_kill(root: Path) -> None:
    first = sandbox.ensure(root)
    cfn(first).create_stack(StackName="s", TemplateBody=json.dumps(a_template(T=a_topic())))  # type: ignore[attr-defined]
    os.kill(first.pid, signal.SIGKILL)
    second = sandbox.ensure(root)
    assert second.pid != first.pid
    wait_for(root, cfn(second), "s", "CREATE_COMPLETE")


def test_it_starts_within_two_seconds_after_its_imports_however_much_is_deployed(tmp_path: Path) -> None:
    """Seconds of work, whoever else is at work; a tenth of one is usual, and the imports before take half a second."""
    body = json.dumps(a_template(**{f"T{number}": a_topic(TopicName=f"t{number}") for number in range(6)}))
    before = World(tmp_path / "state", clock=Clock(speed=0))
    for number in range(30):
        named = body.replace('"TopicName": "t', f'"TopicName": "s{number}-t')
        call = Call(
            service="cloudformation",
            operation="CreateStack",
            region="us-east-2",
            parameters={"StackName": f"s{number}", "TemplateBody": named},
        )
        operations(before.cloudformation)["CreateStack"](call)
    before.clock.advance(60)
    before.settle()
    before.moto.reset()
    began = time.process_time()
    server = Server(tmp_path / "state")
    server.start()
    answer = cfn(sandbox.Address(server.endpoint_url, sandbox.ACCOUNT, os.getpid(), started=True))
    stacks = answer.describe_stacks()["Stacks"]  # type: ignore[attr-defined]
    took = time.process_time() - began
    assert {stack["StackStatus"] for stack in stacks} == {"CREATE_COMPLETE"}
    assert took < 2.0
    assert len(_topics(server.endpoint_url)) == 100, "the first page of 180, made again when they are first asked for"
    server.stop()
    server.world.reset()


def _topics(endpoint_url: str) -> list[object]:
    sns = boto3.client(
        "sns",
        region_name="us-east-2",
        endpoint_url=endpoint_url,
        aws_access_key_id="sandbox",
        aws_secret_access_key="sandbox",
    )
    found: list[object] = sns.list_topics()["Topics"]
    return found


def test_a_stale_note_is_not_believed(root: Path) -> None:
    address = sandbox.ensure(root)
    note = sandbox.state_folder(root) / "run.json"
    noted = json.loads(note.read_text())
    note.write_text(json.dumps({**noted, "token": "another"}))
    assert sandbox.find(root) is None
    note.write_text(json.dumps(noted))
    assert sandbox.find(root) == sandbox.Address(address.endpoint_url, address.account, address.pid, started=False)


def test_the_control_api_needs_the_token(root: Path) -> None:
    import http.client

    port = int(sandbox.ensure(root).endpoint_url.rpartition(":")[2])
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("POST", "/_esmcfn/reset", body="{}")
    assert connection.getresponse().status == 403
    connection.close()


def test_the_environment_leads_nowhere_else(root: Path) -> None:
    found = sandbox.environment(sandbox.Address("http://127.0.0.1:1", "123456789012", 1, started=False), "eu-west-1")
    assert found["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert (found["AWS_REGION"], found["AWS_DEFAULT_REGION"]) == ("eu-west-1", "eu-west-1")
    assert (found["AWS_PROFILE"], found["AWS_SESSION_TOKEN"]) == ("", "")


def test_faults_are_listed_and_unknown_ones_refused(root: Path) -> None:
    sandbox.ensure(root)
    sandbox.fault(root, "quota", instance_type="ml.g5.2xlarge")
    assert sandbox.status(root).faults == ("quota",)
    with pytest.raises(SandboxError, match="there are: quota, total-quota, capacity"):
        sandbox.fault(root, "flood")
    with pytest.raises(SandboxError, match="it has: instance_type, limit"):
        sandbox.fault(root, "quota", colour="red")
    sandbox.clear_faults(root)
    assert sandbox.status(root).faults == ()
