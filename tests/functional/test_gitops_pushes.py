"""What becomes of a pull request between its opening and its merge: drafts, pushes, other bases, names that change."""

from __future__ import annotations

import json
import re

from esmcfn import sandbox

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


def test_a_draft_that_becomes_ready_is_closed_and_opened_again_has_the_plan_of_its_newest_run(world):
    """Nothing was pushed meanwhile, so that all runs are of one commit."""
    world.pull(1, "ml.g5.2xlarge", "ml.g5.4xlarge")
    actions = ("opened", "converted_to_draft", "ready_for_review", "edited", "closed", "reopened")
    runs = {action: world.happened(1, action) for action in actions}
    assert {action for action in actions if runs[action]} == {"opened", "ready_for_review", "reopened"}
    assert world.happened(1, "opened", base="release") is None
    again = runs["reopened"]
    assert again.failed == set(), logs(again)
    for older in (runs["opened"], runs["ready_for_review"]):
        assert LEFT in world.planned(1, again=older.anew).job("comment").summary
    (comment,) = world.comments()
    assert plan_id(world, again) in comment["body"]
    done = world.merged(1)
    assert done.failed == set(), logs(done)
    assert world.reviewed(done) == [str(again.id)]


def test_of_two_environments_of_which_one_fails_to_plan_the_comment_has_both_and_the_other_is_deployed_exactly(world):
    world.write("other")
    world.commit()
    world.pull(1, "ml.g5.2xlarge", "ml.g5.4xlarge")
    world.pull(1, sandbox.ACCOUNT, "9" * 12, file="environments/other.yaml")
    run = world.planned(1)
    assert run.failed == {"plan other", "planned"}, logs(run)
    (comment,) = world.comments()
    assert plan_id(world, run) in comment["body"]
    assert "2 environments, **1 without a plan**" in comment["body"]
    assert "| `other` | | | | | **no plan**: exit code 4 | | | |" in comment["body"]
    why = comment["body"].partition("This blocks the deployment")[2]
    assert "9" * 12 in why, comment["body"]

    done = world.merged(1)
    assert done.failed == {"deploy other"}
    assert "**Not deployed**" in done.job("deploy other").summary
    assert "9" * 12 in done.job("deploy other").summary
    assert world.stacks() == {"esm-live": "CREATE_COMPLETE", "esm-live-prototype-model": "CREATE_COMPLETE"}


def test_an_environment_that_is_renamed_is_planned_under_its_new_name_and_what_the_old_one_left_is_named(world):
    world.pull(1, "ml.g5.2xlarge", "ml.g5.4xlarge")
    assert world.planned(1).failed == set()
    assert world.merged(1).failed == set()
    before = world.stacks()
    world.git("checkout", "-q", "-b", "pull-2")
    world.git("mv", "environments/live.yaml", "environments/new.yaml")
    world.pull(2, "environment: live", "environment: new", file="environments/new.yaml")
    run = world.planned(2)
    assert run.names >= {"plan new", "comment"}
    assert run.failed == set(), logs(run)
    (comment,) = [each for each in world.comments() if each["issue"] == 2]
    assert re.search(r"^\| `new` \| [1-9]\d* \| 0 \| 0 \| 0 \|", comment["body"], re.MULTILINE)
    assert (
        "`live`: its file is gone, its stacks are not; `esmcfn destroy live --like ANOTHER` removes them"
        in comment["body"]
    )
    done = world.merged(2)
    assert done.failed == set(), logs(done)
    assert before.items() <= world.stacks().items(), "nobody's endpoint goes because a file was renamed"
    assert "`live`: its file is gone" in done.job("changed environments").summary


def test_a_forks_pull_request_whose_base_moves_is_judged_anew_and_merged_it_has_no_plan_to_deploy(world):
    world.pull(1, "ml.g5.2xlarge", "ml.g5.4xlarge")
    world.pull(2, "Project: esm-partner", "Project: moved")
    assert world.planned(1, repository="mallory/repository").failed == set()
    world.squashed(2)
    again = world.planned(1, repository="mallory/repository")
    assert again.failed == set(), logs(again)
    assert {job.role for job in again.jobs} == {None}
    assert world.comments() == []
    before = world.git("rev-parse", "main")
    refused = world.merged(1)
    assert refused.failed == {"deploy live"}
    assert world.reviewed(refused) == []
    assert "in the runs that were looked at: '' (none: '')" in refused.job("deploy live").summary
    assert set(world.stacks().values()) == {"REVIEW_IN_PROGRESS"}
    done = world.deployed(before, run=str(refused.id))
    assert done.failed == set(), logs(done)


def test_a_pull_request_on_top_of_another_brings_no_plan_of_its_own(world):
    """It was merged into the other's branch, whose next push was planned; before, it had been planned against main."""
    world.pull(1, "ml.g5.2xlarge", "ml.g5.4xlarge")
    world.git("branch", "pull-2", "pull-1")
    top = world.pull(2, "Project: esm-partner", "Project: other")
    alone = world.planned(2)
    assert alone.failed == set(), logs(alone)
    world.git("checkout", "-q", "pull-1")
    world.git("merge", "-q", "--ff-only", "pull-2")
    world.git("checkout", "-q", "main")
    head = world.pull(1, "Project: other", "Project: another")
    planned = world.planned(1)
    before = world.git("rev-parse", "main")
    world.squashed(1)
    github = world.github
    (pulls,) = github["merges"].values()
    pulls.append({"merged_at": "2026-01-01T00:00:00Z", "base": {"ref": "pull-1"}, "head": {"sha": top}})
    world.save(github)
    done = world.deployed(before)
    assert head != top
    assert done.failed == set(), logs(done)
    assert world.reviewed(done) == [str(planned.id)]
