"""The table of a deployment that a terminal shows: how long what takes, and only where somebody knows."""

from __future__ import annotations

import io

import pytest
from builders import a_project
from fakes import FakeStacks, FakeWatch, a_world, an_event
from rich.console import Console
from test_verbs import ONE

from esmcfn.domain.deployment import Execution
from esmcfn.render.live import STARTS, LiveTable
from esmcfn.verbs.deploy.deploying import Wishes, deploy

MODEL = "esm-dev-prototype-model"


def shown(*stages, width=160) -> str:
    """The table after these stages, each a stack, what it does, and how."""
    table = LiveTable(io.StringIO(), colour=False)
    for stack, stage, how in stages:
        table.stage(stack, stage, **how)
    table.pause()
    table._console.width = width
    drawn = Console(file=io.StringIO(), width=width, no_color=True)
    drawn.print(table._table())
    return drawn.file.getvalue()


def test_only_an_endpoint_that_starts_is_said_to_take_long():
    starts = shown((MODEL, "Endpoint  CREATE_IN_PROGRESS", {"waits_for": "Endpoint", "starts": True}))
    assert STARTS in starts
    goes = shown((MODEL, "Endpoint  DELETE_IN_PROGRESS", {"waits_for": "Endpoint"}))
    assert "DELETE_IN_PROGRESS" in goes
    assert " min on AWS" not in goes


@pytest.mark.parametrize(
    ("status", "resource_type", "starts"),
    [
        ("CREATE_IN_PROGRESS", "AWS::SageMaker::Endpoint", True),
        ("UPDATE_IN_PROGRESS", "AWS::SageMaker::Endpoint", True),
        ("DELETE_IN_PROGRESS", "AWS::SageMaker::Endpoint", False),
        ("CREATE_COMPLETE", "AWS::SageMaker::Endpoint", False),
        ("CREATE_IN_PROGRESS", "AWS::SageMaker::EndpointConfig", False),
    ],
)
def test_whether_an_endpoint_starts_is_cloudformation_s_word(status, resource_type, starts):
    stacks, watch = FakeStacks(), FakeWatch()
    event = an_event("Endpoint", status, resource_type=resource_type)
    stacks.ends[MODEL] = Execution(status="CREATE_COMPLETE", events=(event,))
    deploy(a_project(), ONE, a_world(stacks=stacks, watch=watch), Wishes())
    assert (MODEL in watch.starting) is starts
