"""After a signal nothing is begun in AWS, also where its exception was swallowed; over HTTP, nothing patched."""

from __future__ import annotations

import pytest
from awaited import HANG_SECONDS
from builders import a_project, a_selection, a_stack
from msgspec.structs import replace

from esmcfn.aws import Reach, connect
from esmcfn.errors import ExitCode, Interrupted, NotBegun
from esmcfn.template import synthesize_all
from esmcfn.verbs.deploy.deploying import Wishes, deploy
from esmcfn.verbs.deploy.steps import Terms
from esmcfn.verbs.plan.keeping import Keeping
from esmcfn.verbs.plan.planning import make_plan

from .test_deploying import MODEL, ONE, client, remaining, status


class Told:
    """What a process is told, and when: after so many looks."""

    def __init__(self, after: int = 10**9):
        self.left = after

    def __call__(self):
        self.left -= 1
        return self.left < 0

    def stop(self):
        self.left = 0


def reached(account, told):
    return connect(
        Reach(
            region="us-east-2",
            endpoint_url=account.sandbox.endpoint_url,
            credentials=("sandbox", "sandbox"),
            read_seconds=HANG_SECONDS,
            attempts=4,
        ),
        halted=told,
    )


def test_nothing_is_begun_and_what_was_made_is_cleared_away(account):
    account.deploy(ONE)
    (stack,) = [
        each
        for each in reached(account, Told()).stacks.survey(base_name="esm-dev", environment="dev").ours
        if each.name == MODEL
    ]
    other = synthesize_all(a_selection(a_stack("other")))[-1]
    told = Told()
    cloud = reached(account, told)
    proposed = cloud.stacks.propose(other, None)
    told.stop()
    heard = []
    for begin in (
        lambda: cloud.operations.execute(proposed.arn, proposed.stack_id, heard.append, within=60),
        lambda: cloud.operations.delete(stack.stack_id, heard.append, within=60),
        lambda: cloud.operations.recover(replace(stack, status="UPDATE_ROLLBACK_FAILED"), heard.append, within=60),
        lambda: cloud.operations.recover(replace(stack, status="UPDATE_FAILED"), heard.append, within=60),
    ):
        with pytest.raises(NotBegun):
            begin()
    for ask in (
        lambda: cloud.operations.protect(stack.stack_id, True),
        lambda: cloud.stacks.propose(other, None),
        lambda: cloud.endpoints.delete_log("Endpoint"),
    ):
        with pytest.raises(Interrupted):
            ask()
    assert heard == []
    assert status(account, MODEL) == "CREATE_COMPLETE"
    assert not client(account).describe_stacks(StackName=MODEL)["Stacks"][0]["EnableTerminationProtection"]
    cloud.stacks.discard(proposed)
    assert "esm-dev-other" not in str(client(account).describe_stacks())


def test_a_call_that_is_tried_again_is_not_sent_again(account):
    """The first try was throttled before the signal came; botocore would wait, and send it once more."""
    told = Told()
    cloud = reached(account, told)
    template = synthesize_all(ONE)[0]
    proposed = cloud.stacks.propose(template, None)
    account.fault("throttle", action="cloudformation:ExecuteChangeSet", times=1)
    told.left = 2  # it is looked at before the call, and before it is sent
    with pytest.raises(Interrupted, match="AWS may have heard the first time"):
        cloud.operations.execute(proposed.arn, proposed.stack_id, lambda event: None, within=60)
    account.clear()
    assert status(account, template.stack.name) == "REVIEW_IN_PROGRESS"
    cloud.stacks.discard(proposed)


def test_a_change_set_whose_answer_was_lost_before_the_signal_is_not_left_behind(account):
    told = Told()
    cloud = reached(account, told)
    account.fault("connection-reset", action="cloudformation:CreateChangeSet", processed="true", times=1)
    told.left = 2  # it is looked at before the call, and before it is sent
    with pytest.raises(Interrupted, match="stopped before CreateChangeSet was sent again"):
        cloud.stacks.propose(synthesize_all(ONE)[0], None)
    assert client(account).describe_stacks()["Stacks"] == []


@pytest.mark.parametrize("looks", range(0, 12, 2))
def test_whenever_it_is_noticed_a_deployment_begins_nothing_after_it(account, looks):
    told = Told(looks)
    cloud = reached(account, told)
    world = replace(account.world(), connect=lambda: cloud)
    try:
        ended = deploy(a_project(), ONE, world, Wishes(terms=Terms())).exit_code
    except Interrupted:
        ended = ExitCode.INTERRUPTED
    assert (ended is ExitCode.DONE) == (told.left >= 0)
    if told.left < 0:
        assert not remaining(account) or "AVAILABLE" not in str(remaining(account))


def test_a_plan_that_is_stopped_leaves_nothing(account):
    cloud = reached(account, Told(3))
    with pytest.raises(Interrupted), Keeping(account.world().person.tell) as keeping:
        make_plan(a_project(), ONE, replace(account.world(), connect=lambda: cloud), keeping=keeping)
    assert client(account).describe_stacks()["Stacks"] == []
