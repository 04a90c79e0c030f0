"""Change sets that hide something from other tools: many pages, imports, plans that others made obsolete."""

from __future__ import annotations

import json

import pytest
from builders import a_project, a_selection, a_stack
from fakes import a_world
from msgspec.structs import replace

from esmcfn import plan
from esmcfn.aws import Reach, connect
from esmcfn.domain.plan import Action, Impact
from esmcfn.domain.template import Template
from esmcfn.errors import StalePlanError
from esmcfn.render import render
from esmcfn.sandbox.clock import Clock
from esmcfn.sandbox.server import Sandbox
from esmcfn.template import digest_of
from esmcfn.verbs.plan.planning import make_plan

from .conftest import World
from .deploying import SPEED, Account
from .templates import a_template, a_topic
from .test_deploying import BIGGER, MODEL, ONE, client, deploy_kept, kept


@pytest.fixture
def fast(world: World):
    """The sandbox of these tests, at a speed at which change sets settle by themselves."""
    world.sandbox.world.clock.run_at(SPEED)
    yield world
    world.sandbox.world.clock.run_at(0)


@pytest.fixture
def cloud(fast: World):
    return connect(
        Reach(region="us-east-2", endpoint_url=fast.sandbox.endpoint_url, credentials=("sandbox", "sandbox"))
    )


def of_topics(names, **properties) -> Template:
    """A template of topics, in the place of a model's stack."""
    stack = a_stack()
    body = a_template(**{name: a_topic(**properties) for name in names})
    digest = digest_of(body)
    body["Description"] = digest
    return Template(stack=stack, text=json.dumps(body), body=body, digest=digest, origins={}, names={})


def test_of_a_hundred_and_twenty_changes_the_last_one_that_deletes_is_in_every_format(fast, cloud):
    before = of_topics([f"T{number:03}" for number in range(120)])
    after = of_topics([f"T{number:03}" for number in range(119)], DisplayName="x")
    fast.deploy(MODEL, before.text, Tags=[{"Key": "esmcfn:environment", "Value": "dev"}])
    fast.sandbox.world.pages["DescribeChangeSet"] = 50
    (deployed,) = cloud.stacks.deployed(base_name="esm-dev", environment="dev")
    change_set = cloud.stacks.propose(after, deployed)
    try:
        stack = plan.stack_plan(after, deployed, body=before.body, change_set=change_set)
    finally:
        cloud.stacks.discard(change_set)
    assert len(stack.changes) == 120
    assert [change.logical_id for change in stack.changes if change.action is Action.DELETE] == ["T119"]
    empty = make_plan(a_project(), a_selection(), a_world())
    report = replace(empty, body=replace(empty.body, stacks=(stack,)))
    for form in ("text", "json", "markdown"):
        assert "T119" in render(form, (report,))
    assert json.loads(render("json", (report,)))["summary"]["delete"] == 1


def test_an_import_is_shown_as_something_to_look_at_and_never_dropped(fast, cloud):
    sns = fast.client("sns")
    arn = sns.create_topic(Name="by-hand")["TopicArn"]
    template = a_template(T={**a_topic(TopicName="by-hand"), "DeletionPolicy": "Retain"})
    asked = {"ResourceType": "AWS::SNS::Topic", "LogicalResourceId": "T", "ResourceIdentifier": {"TopicArn": arn}}
    made = fast.plan("s", template, kind="IMPORT", ResourcesToImport=[asked])
    reviewed = cloud.stacks.reviewed(made["ChangeSetId"])
    (change,) = plan.reconcile((), reviewed.change_set)
    assert change.logical_id == "T"
    assert change.impact is Impact.UNKNOWN
    assert "Import" in change.unexplained


@pytest.fixture
def account(tmp_path):
    sandbox = Sandbox(tmp_path / "state", clock=Clock(speed=SPEED))
    sandbox.start()
    yield Account(sandbox)
    sandbox.stop()


def test_a_reviewed_plan_that_somebodys_direct_update_made_obsolete_is_stale(account):
    account.deploy(ONE)
    reviewed, cfn = kept(account), client(account)
    body = cfn.get_template(StackName=MODEL)["TemplateBody"]
    body["Outputs"]["Note"] = {"Value": "by hand"}
    tags = cfn.describe_stacks(StackName=MODEL)["Stacks"][0]["Tags"]
    cfn.update_stack(StackName=MODEL, TemplateBody=json.dumps(body), Tags=tags)
    cfn.get_waiter("stack_update_complete").wait(StackName=MODEL, WaiterConfig={"Delay": 1})
    with pytest.raises(StalePlanError):
        deploy_kept(account, reviewed, BIGGER)
    assert "by hand" in [
        output["OutputValue"] for output in cfn.describe_stacks(StackName=MODEL)["Stacks"][0]["Outputs"]
    ]
