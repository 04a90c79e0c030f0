"""Runs that somebody cancels or runs again: what AWS is left with, what is said of it, and how it goes on."""

from __future__ import annotations

import json

from story import MARKER

from esmcfn import sandbox


def logs(run):
    return "\n".join(job.log for job in run.jobs)


def test_a_plan_that_is_cancelled_takes_its_change_sets_back_and_no_comment_tells_of_it(world):
    world.pull(1, "ml.g5.2xlarge", "ml.g5.4xlarge")
    world.signalled()
    sandbox.set_clock(world.cloud, change_set_seconds=3600, speed=1)
    world.cancel = lambda job: job == "plan live" and world.stacks()
    run = world.planned(1)
    assert run.conclusion == "cancelled"
    assert run.job("plan live").result == "cancelled"
    assert run.job("comment").result == "skipped"
    assert run.job("planned").result == "failure"
    assert world.stacks() == {}, logs(run)
    assert world.comments() == []
    assert "change sets that this command made are removed" in run.job("plan live").summary

    world.cancel = None
    sandbox.set_clock(world.cloud, change_set_seconds=1, speed=1000)
    assert world.planned(1, again=run).failed == set()
    (comment,) = world.comments()
    # Whoever reads it after the next push was cancelled sees of which commit it is.
    head = world.git("rev-parse", "pull-1")
    assert comment["body"].splitlines()[1].endswith(f" · commit `{head[:12]}`")
    assert json.loads(comment["body"].splitlines()[0].removeprefix(MARKER).removesuffix(" -->"))["head"] == head


def test_a_plan_that_is_cancelled_before_its_comment_was_reviewed_by_nobody_and_is_not_deployed(world):
    world.pull(1, "ml.g5.2xlarge", "ml.g5.4xlarge")
    world.cancel = lambda job: job == "comment"
    run = world.planned(1)
    assert run.job("comment").result == "cancelled"
    assert world.artifact(run).exists()
    assert world.comments() == []
    world.cancel = None
    refused = world.merged(1)
    assert world.reviewed(refused) == []
    assert refused.failed == {"deploy live"}
    assert set(world.stacks().values()) == {"REVIEW_IN_PROGRESS"}


def test_a_deployment_that_is_cancelled_says_what_goes_on_and_the_next_runs_come_to_what_was_reviewed(world):
    world.pull(1, "ml.g5.2xlarge", "ml.g5.4xlarge")
    assert world.planned(1).failed == set()
    world.signalled()
    sandbox.set_clock(world.cloud, stack_seconds=3600, speed=1)
    world.cancel = lambda job: job == "deploy live" and world.stacks().get("esm-live") == "CREATE_IN_PROGRESS"
    before = world.git("rev-parse", "main")
    stopped = world.merged(1)
    assert stopped.conclusion == "cancelled"
    job = stopped.job("deploy live")
    assert "CloudFormation goes on with: esm-live; not begun: esm-live-prototype-model" in job.summary
    assert "**Cancelled**" in job.summary

    world.cancel = None
    sandbox.set_clock(world.cloud, stack_seconds=1, speed=1000, advance_seconds=3600)
    refused = world.deployed(before, again=stopped)
    assert refused.failed == {"deploy live"}
    assert "is gone: it was executed" in refused.job("deploy live").summary
    assert "**Not deployed**" in refused.job("deploy live").summary
    assert world.deployed(before, run=str(stopped.id)).failed == set()
    assert set(world.stacks().values()) == {"CREATE_COMPLETE"}


def test_a_deployment_that_is_run_again_says_that_it_is_deployed_already_and_outdates_nobodys_plan(world):
    world.pull(1, "ml.g5.2xlarge", "ml.g5.4xlarge")
    assert world.planned(1).failed == set()
    before = world.git("rev-parse", "main")
    first = world.merged(1)
    assert first.failed == set(), logs(first)
    world.pull(2, "Project: esm-partner", "Project: other")
    assert world.planned(2).failed == set()

    again = world.deployed(before, again=first.anew)
    assert again.failed == set(), logs(again)
    summary = again.job("deploy live").summary
    assert "**Deployed already**" in summary
    assert "what was reviewed is deployed already" in summary
    assert not world.artifact(again).exists(), "there is nothing to review"
    assert "esmcfn:outdated" not in world.comments()[-1]["body"]


def test_a_deployment_that_failed_and_is_run_again_is_compared_again_and_says_what_is_left(world):
    world.pull(1, "ml.g5.2xlarge", "ml.g5.4xlarge")
    assert world.planned(1).failed == set()
    before = world.git("rev-parse", "main")
    sandbox.fault(world.cloud, "capacity")
    failed = world.merged(1)
    assert failed.failed == {"deploy live"}
    sandbox.clear_faults(world.cloud)
    again = world.deployed(before, again=failed)
    assert again.names == {"deploy live", "mark other plans as outdated"}
    assert again.failed == {"deploy live"}
    summary = again.job("deploy live").summary
    assert "    error: " in summary
    assert "**Not deployed**" in summary
    assert world.deployed(before, run=str(failed.id)).failed == set()
    assert set(world.stacks().values()) == {"CREATE_COMPLETE"}
