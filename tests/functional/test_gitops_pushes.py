"""What becomes of a pull request between its opening and its merge: drafts, pushes, other bases, names that change."""

from __future__ import annotations

import json

LEFT = "The comment is left as it is"


def logs(run):
    return "\n".join(job.log for job in run.jobs)


def plan_id(world, run, environment="live"):
    return json.loads(world.artifact(run, environment).read_text())["plan_id"]


def test_a_push_while_the_older_commit_is_planned_leaves_the_comment_and_the_deployment_to_the_newer_one(world):
    older = world.pull(1, "ml.g5.2xlarge", "ml.g5.4xlarge")

    def pushed(folder):
        if folder.name == "plan-live":
            world.kept = None
            world.pull(1, "ml.g5.4xlarge", "ml.g5.12xlarge")

    world.kept = pushed
    late = world.planned(1, head=older)
    assert late.failed == set(), logs(late)
    assert world.comments() == [], "somebody would read the plan of a commit that is no longer there"
    assert LEFT in late.job("comment").summary

    newer = world.planned(1)
    assert newer.failed == set(), logs(newer)
    (comment,) = world.comments()
    assert plan_id(world, newer) in comment["body"]
    assert LEFT in world.planned(1, head=older, again=late.anew).job("comment").summary
    assert world.comments() == [comment]


def test_a_pull_request_that_was_closed_and_opened_again_has_the_plan_of_its_newest_run(world):
    """Nothing was pushed meanwhile, so that two runs are of one commit."""
    world.pull(1, "ml.g5.2xlarge", "ml.g5.4xlarge")
    opened, again = world.planned(1), world.planned(1)
    assert again.failed == set(), logs(again)
    assert LEFT in world.planned(1, again=opened.anew).job("comment").summary
    (comment,) = world.comments()
    assert plan_id(world, again) in comment["body"]
    done = world.merged(1)
    assert done.failed == set(), logs(done)
    assert world.reviewed(done) == [str(again.id)]
