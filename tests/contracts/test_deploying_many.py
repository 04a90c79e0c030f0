"""Fifty models at once: AWS is asked at a pace, however many wait."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from builders import a_selection, a_stack

from esmcfn.aws.pace import BURST, READS_PER_SECOND
from esmcfn.errors import ExitCode
from esmcfn.sandbox.clock import Clock
from esmcfn.sandbox.faults import action_name
from esmcfn.sandbox.server import Sandbox

from .deploying import Account

FIFTY = a_selection(*(a_stack(f"model_{number}") for number in range(50)))


@pytest.fixture
def account(tmp_path) -> Iterator[Account]:
    sandbox = Sandbox(tmp_path / "state", clock=Clock(speed=1.0))
    sandbox.start()
    yield Account(sandbox)
    sandbox.stop()


def test_fifty_models_are_deployed_at_once_and_nobody_is_throttled(account):
    faults, called = account.sandbox.world.faults, []
    before = type(faults).before_call

    def listening(service: str, operation: str) -> None:
        called.append(action_name(service, operation))
        before(faults, service, operation)

    faults.before_call = listening
    began = time.monotonic()
    report = account.deploy(FIFTY)
    seconds = time.monotonic() - began
    assert report.exit_code is ExitCode.DONE
    assert len(report.body.stacks) == 51

    paced = [
        action
        for action in called
        if action in {"cloudformation:DescribeStackEvents", "cloudformation:ExecuteChangeSet"}
    ]
    assert len(paced) <= READS_PER_SECOND * seconds + BURST + 1
    running = account.sandbox.world.clock
    assert running.speed == 1.0
