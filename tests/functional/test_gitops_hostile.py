"""What a pull request's author may try with names, links, line ends and pushes, against the workflows as they run."""

from __future__ import annotations

import json
import os


def logs(run):
    return "\n".join(job.log for job in run.jobs)


def test_files_called_as_options_or_as_each_other_are_environments_without_a_plan_and_nothing_else(world):
    text = (world.origin / "environments/live.yaml").read_text(encoding="utf-8")
    names = ("--all", "-f", "--root=..", "Live", "live ", "a b", "..", "~", "live\n::error::x")
    for name in names:
        world.pull(5, "", text, file=f"environments/{name}.yaml")
    run = world.planned(5)
    assert run.failed >= {"planned"}
    assert {job.role for job in run.jobs} == {None}, "none of them is planned in an account"
    assert "Traceback" not in logs(run)
    assert not [line for line in logs(run).splitlines() if line.lstrip().startswith("::")]
    (comment,) = world.comments()
    for name in ("--all", "-f", "--root=..", "Live", "a b"):
        assert f"| `{name}` | | | | | **no plan**: exit code 3 | | | |" in comment["body"]
    # Names that differ in their letters' case alone meet in IAM, so that the one that was there has none either.
    assert "would also be Live's, in the same account" in comment["body"]


def test_other_line_ends_plan_nothing_and_a_folder_in_the_place_of_a_file_is_told(world):
    path = world.origin / "environments/live.yaml"
    world.git("checkout", "-q", "-b", "pull-5")
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    world.commit()
    world.git("checkout", "-q", "main")
    run = world.planned(5)
    assert run.failed == set(), logs(run)
    assert world.comments() == []

    world.git("checkout", "-q", "pull-5")
    path.unlink()
    path.mkdir()
    (path / "x.yaml").write_text("environment: x\n")
    world.commit()
    world.git("checkout", "-q", "main")
    run = world.planned(5)
    assert run.failed >= {"planned"}
    assert "Traceback" not in logs(run)
    assert "`live` has no plan" in world.comments()[0]["body"]


def test_a_waiver_behind_a_link_is_refused_since_neither_owners_nor_git_would_see_who_writes_it(world):
    world.git("checkout", "-q", "-b", "pull-5")
    policies, notes = world.origin / "policies", world.origin / "notes"
    notes.mkdir()
    (policies / "waivers.yaml").rename(notes / "waivers.yaml")
    (policies / "waivers.yaml").symlink_to("../notes/waivers.yaml")
    world.commit()
    world.git("checkout", "-q", "main")
    run = world.planned(5)
    (judging,) = [job for job in run.jobs if job.name.startswith("judge every environment")]
    assert run.failed >= {judging.name, "planned"}
    assert "policies/waivers.yaml is reached by a link" in judging.log or "reached by a link" in judging.log
    (comment,) = world.comments()
    assert "reached by a link" in comment["body"]


def test_checks_in_a_submodule_that_git_is_told_to_ignore_are_seen_to_be_gone(world):
    checks = world.origin / "policies/checkov"
    checks.mkdir(exist_ok=True)
    (checks / "own.yaml").write_text(
        "metadata: {id: CKV2_OUR_1, name: our own, category: GENERAL_SECURITY}\n"
        "definition: {cond_type: attribute, resource_types: [AWS::SageMaker::Model], "
        "attribute: EnableNetworkIsolation, operator: equals, value: maybe}\n"
    )
    head = world.commit()
    world.git("checkout", "-q", "-b", "pull-5")
    world.git("rm", "-rq", "policies/checkov")
    module = '[submodule "x"]\n\tpath = policies/checkov\n\turl = ./x\n\tignore = all\n'
    (world.origin / ".gitmodules").write_text(module)
    world.git("add", ".gitmodules")
    world.git("update-index", "--add", "--cacheinfo", f"160000,{head},policies/checkov")
    world.git("commit", "-qm", "a submodule")
    world.git("checkout", "-qf", "main")
    run = world.planned(5)
    (comment,) = world.comments()
    assert "**lifts** `CKV2_OUR_1`" in comment["body"]
    assert "**blocked -> passes**" in comment["body"]
    assert "Traceback" not in logs(run)


def test_a_plan_of_what_was_pushed_over_is_not_taken_and_a_run_that_runs_again_deploys_nothing_twice(world):
    world.pull(1, "ml.g5.2xlarge", "ml.g5.4xlarge")
    world.planned(1)
    world.pull(1, "ml.g5.4xlarge", "ml.g5.12xlarge")
    before = world.git("rev-parse", "main")
    refused = world.merged(1)
    assert world.reviewed(refused) == []
    assert refused.failed == {"deploy live"}

    done = world.deployed(before, run=str(refused.id))
    assert done.failed == set(), logs(done)
    stacks = world.stacks()
    again = world.deployed(before, run=str(refused.id))
    assert "stale" in again.job("deploy live").log
    assert "**Deployed already**" in again.job("deploy live").summary
    assert world.stacks() == stacks


def test_what_a_run_left_under_the_name_of_a_plan_is_shown_as_none_and_refused(world):
    """Somebody who can push a branch can write its workflow, and so whatever its run keeps."""
    world.pull(1, "ml.g5.2xlarge", "ml.g5.4xlarge")
    planned = world.planned(1)
    folder = world.artifact(planned).parent
    plan = json.loads(world.artifact(planned).read_text())
    for name, content in (("prod", plan), ("live", "[" * 200_000), ("..", {}), ("dev", {"schema": "esmcfn.plan/v1"})):
        (folder / f"{name}.json").write_text(content if isinstance(content, str) else json.dumps(content))
    (folder / "run").write_text("1")
    os.symlink("/etc/passwd", folder / "other.json")
    done = world.merged(1)
    assert done.failed == {"deploy live"}
    assert "is no plan of esmcfn" in logs(done)
    assert "Traceback" not in logs(done)
    assert set(world.stacks().values()) == {"REVIEW_IN_PROGRESS"}
