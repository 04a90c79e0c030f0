"""A pull request from its opening to its deployment: every `run:` of the workflows, in a sandbox and a small GitHub.

The repository is one that `esmcfn init` made, with its own workflows and its own action; ours runs once as well.
"""

from __future__ import annotations

import json
import re
import shutil
from datetime import UTC, datetime, timedelta

from gh import BOT
from story import MARKER, PINNED, REPOSITORY

from esmcfn import documents, sandbox


def noise(count, issue):
    """Comments of other people, one of them with our marker."""
    said = [{"issue": issue, "user": {"login": "mallory"}, "body": f"{MARKER}" + '{"v":1} -->\nforged'}]
    said += [{"issue": issue, "user": {"login": f"person{number}"}, "body": "+1"} for number in range(count)]
    return [{"id": number, **each} for number, each in enumerate(said, start=1)]


def test_a_pull_request_is_planned_pushed_again_merged_and_deployed(world):
    world.update(comments=noise(250, 7))
    world.pull(7, "ml.g5.2xlarge", "ml.g5.4xlarge")
    opened = world.planned(7)
    assert opened.failed == set(), [job.log for job in opened.jobs]
    assert opened.names == {"changed environments", "plan live", "comment", "planned"}
    assert set((world.folder / "installed").read_text().splitlines()) == {PINNED}
    assert opened.job("plan live").role == "role of live-plan"
    first = world.comments()[-1]
    assert first["user"]["login"] == BOT
    assert re.search(r"^\| `live` \| [1-9]\d* \| 0 \| 0 \| 0 \|", first["body"], re.MULTILINE)
    assert len(world.comments()) == 2  # ours, and the forged one, untouched
    assert world.comments()[0]["body"].endswith("forged")
    assert "| `live` |" in opened.job("comment").summary

    world.pull(7, "ml.g5.4xlarge", "ml.g5.12xlarge")
    world.update(refusals=1)
    again = world.planned(7)
    assert again.failed == set(), [job.log for job in again.jobs]
    assert (world.folder / "slept").read_text() == "20\n"
    assert len(world.comments()) == 2
    assert world.comments()[-1]["body"] != first["body"]

    deployed = world.merged(7)
    assert deployed.failed == set(), [job.log for job in deployed.jobs]
    # Whoever approves the deployment sees the plan before, by the id that the comment shows.
    plan_id = json.loads(world.artifact(again).read_text())["plan_id"]
    assert plan_id in world.comments()[-1]["body"]
    assert plan_id in deployed.job("changed environments").summary
    assert deployed.job("deploy live").role == "role of live"
    assert world.stacks() == {"esm-live": "CREATE_COMPLETE", "esm-live-prototype-model": "CREATE_COMPLETE"}


def test_a_plan_that_another_deployment_overtook_is_refused_made_again_and_deployed_by_hand(world):
    world.pull(1, "ml.g5.2xlarge", "ml.g5.4xlarge")
    world.pull(2, "Project: esm-partner", "Project: other")
    for number in (1, 2):
        assert world.planned(number).failed == set()
    assert "esmcfn:outdated" not in json.dumps(world.comments())
    assert world.merged(1).failed == set()
    (other,) = [each for each in world.comments() if each["issue"] == 2]
    assert other["body"].splitlines()[1] == "<!-- esmcfn:outdated -->"
    assert other["body"].startswith(MARKER)

    before = world.git("rev-parse", "main")
    world.pull(4, "ml.g5.4xlarge", "ml.g5.12xlarge")
    assert world.planned(4).failed == set()
    stale = world.merged(2)
    (unharmed,) = [each for each in world.comments() if each["issue"] == 4]
    assert "esmcfn:outdated" not in unharmed["body"]  # nothing was executed
    assert stale.failed == {"deploy live"}
    job = stale.job("deploy live")
    assert "the plan" in job.log or "change set" in job.log
    assert "**Not deployed**" in job.summary
    assert f"`run: {stale.id}`" in job.summary
    assert world.artifact(stale).exists()

    by_hand = world.deployed(before, run=str(stale.id))
    assert by_hand.failed == set(), [job.log for job in by_hand.jobs]
    assert set(world.stacks().values()) == {"UPDATE_COMPLETE"}


def test_a_run_given_by_hand_must_be_a_plan_of_this_repository(world):
    world.pull(1, "ml.g5.2xlarge", "ml.g5.4xlarge")
    before = world.git("rev-parse", "main")
    fork = world.planned(1, repository="mallory/repository")
    world.merged(1)
    for run in (str(fork.id), "99999"):
        refused = world.deployed(before, run=run)
        assert refused.failed == {"changed environments"}
        assert refused.names == {"changed environments"}
    assert "of this repository" in world.deployed(before, run=str(fork.id)).job("changed environments").log
    assert set(world.stacks().values()) == {"REVIEW_IN_PROGRESS"}


def test_of_several_pull_requests_in_one_push_each_has_the_plan_that_was_reviewed(world):
    world.write("other")
    world.commit()
    world.pull(1, "ml.g5.2xlarge", "ml.g5.4xlarge")
    world.pull(2, "ml.g5.2xlarge", "ml.g5.4xlarge", file="environments/other.yaml")
    runs = [world.planned(number) for number in (1, 2)]
    before = world.git("rev-parse", "main")
    world.squashed(1)
    world.squashed(2)
    done = world.deployed(before)
    assert done.failed == set(), [job.log for job in done.jobs]
    assert world.reviewed(done) == [str(run.id) for run in reversed(runs)]
    assert {name: status for name, status in world.stacks().items() if status != "CREATE_COMPLETE"} == {}
    assert len(world.stacks()) == 4


def test_of_two_plans_of_one_environment_the_one_that_main_builds_to_is_deployed_and_shown(world):
    """The newer pull request was planned on another main, and merged over the older one's change by a revert."""
    world.pull(1, "ml.g5.2xlarge", "ml.g5.4xlarge")
    world.pull(2, "Project: esm-partner", "Project: other")
    runs = [world.planned(number) for number in (1, 2)]
    before = world.git("rev-parse", "main")
    world.squashed(1)
    world.squashed(2)
    world.git("checkout", "-q", "HEAD^1", "--", "environments/live.yaml")
    world.commit()
    done = world.deployed(before)
    assert done.failed == set(), [job.log for job in done.jobs]
    shown = done.job("changed environments")
    assert world.reviewed(done) == [str(run.id) for run in reversed(runs)]
    fitting, passed = (json.loads(world.artifact(run).read_text())["plan_id"] for run in runs)
    assert fitting in shown.summary
    assert passed not in shown.summary
    assert f"not {runs[1].id}" in re.sub(r"not \S*/(\d+)/plan", r"not \1/plan", shown.log)


def test_without_a_plan_the_refusal_says_which_runs_were_looked_at(world):
    world.pull(1, "ml.g5.2xlarge", "ml.g5.4xlarge")
    before = world.git("rev-parse", "main")
    world.squashed(1)
    done = world.deployed(before)
    assert done.failed == {"deploy live"}
    assert "in the runs that were looked at: '' (none: '')" in done.job("deploy live").log
    assert world.artifact(done).exists()


def test_a_push_of_which_nobody_knows_what_was_before_looks_at_its_last_commit_alone(world):
    world.pull(1, "ml.g5.2xlarge", "ml.g5.4xlarge")
    planned = world.planned(1)
    world.squashed(1)
    world.update(refusals=1)
    done = world.deployed("0" * 40)
    assert world.reviewed(done) == [str(planned.id)]
    assert (world.folder / "slept").read_text() == "20\n"
    asked = [path for _, path in world.github["calls"] if path.endswith("/pulls")]
    assert len(set(asked)) == 1


def test_a_pull_request_of_a_fork_is_judged_and_gets_neither_credentials_nor_a_comment(world):
    world.pull(3, "ml.g5.2xlarge", "ml.g5.4xlarge")
    run = world.planned(3, repository="mallory/repository")
    assert run.failed == set(), [job.log for job in run.jobs]
    assert run.names == {"changed environments", "judge live of a fork", "planned"}
    assert {scope for job in run.jobs for scope in job.permissions} == {"contents"}
    assert {job.role for job in run.jobs} == {None}
    assert world.comments() == []
    summary = run.job("judge live of a fork").summary
    assert "esm-live-prototype-model" in summary
    assert "policy" in summary
    assert "USD a month" in summary


def test_forged_plans_and_swapped_change_sets_get_nowhere(world):
    world.pull(4, "ml.g5.2xlarge", "ml.g5.4xlarge")
    path = world.artifact(world.planned(4))
    before, honest = world.git("rev-parse", "main"), path.read_text()
    # The run of a fork on the same commit, newer: its own workflow may have uploaded anything.
    github = world.github
    ours = github["runs"][-1]
    github["runs"].append({**ours, "id": 99, "run_number": 10**6, "head_repository": {"full_name": "mallory/r"}})
    path.write_text("{}")
    world.save(github)
    empty = world.merged(4)
    assert "**Not deployed**" in empty.job("deploy live").summary
    assert world.reviewed(empty) == [str(ours["id"])]

    hidden, swapped = json.loads(honest), json.loads(honest)
    hidden["stacks"][1]["changes"] = []
    hidden["plan_id"] = documents.plan_id(hidden)
    swapped["stacks"][0]["change_set_id"] = swapped["stacks"][1]["change_set_id"]
    for forged, said in ((hidden, "the plan is stale"), (swapped, "its change set is of stack")):
        path.write_text(json.dumps(forged))
        refused = world.deployed(before, run=str(ours["id"]))
        assert refused.failed == {"deploy live"}
        assert said in refused.job("deploy live").log
    assert set(world.stacks().values()) == {"REVIEW_IN_PROGRESS"}


def test_evil_names_become_one_comment_without_markup_or_commands(world):
    evil = "::error::x<img src=x>@octocat"
    text = (world.origin / "environments/live.yaml").read_text(encoding="utf-8")
    world.pull(5, "", text, file=f"environments/{evil}.yaml")
    keys = "".join(f"  model_{number:03}:\n    selector: ESMC-300M\n" for number in range(4))
    large = text.replace("live", "large").replace(f'"{sandbox.ACCOUNT}"', "sandbox").partition("  prototype_model")[0]
    world.pull(5, "", large + keys, file="environments/large.yaml")
    run = world.planned(5)
    assert run.failed >= {f"plan {evil} without credentials", "planned"}
    assert {job.role for job in run.jobs} == {None}
    (comment,) = world.comments()
    assert re.search(r"^\| `large` \| [1-9]\d* \| 0 \| 0 \| 0 \|", comment["body"], re.MULTILINE)
    assert "not deployed by a workflow: `large`" in comment["body"]
    assert f"| `{evil}` | | | | | **no plan**: exit code 3 | | | |" in comment["body"]
    logs = "\n".join(job.log for job in run.jobs)
    assert not [line for line in logs.splitlines() if line.lstrip().startswith("::")]


def test_five_hundred_models_become_one_comment_that_names_every_deletion_and_the_summary_has_more(world):
    """The plan is one that esmcfn kept, with its model's stack five hundred times: every second one goes."""

    ending = []

    def multiplied(folder):
        for path in folder.glob("live.json"):
            plan = json.loads(path.read_text())
            (stack,) = [each for each in plan["stacks"] if each["model"]]
            plan["stacks"] += [another(stack, number) for number in range(500)]
            plan["plan_id"] = documents.plan_id(plan)
            path.write_text(json.dumps(plan))

    def another(stack, number):
        goes = number % 2 == 0
        changes = [{**each, "action": "delete", "impact": "deletes"} if goes else each for each in stack["changes"]]
        ending.extend(changes if goes else [])
        name, action = f"esm-live-model-{number:03}", "delete" if goes else "create"
        return {**stack, "name": name, "action": action, "changes": changes}

    world.kept = multiplied
    world.pull(8, "ml.g5.2xlarge", "ml.g5.4xlarge")
    run = world.planned(8)
    assert run.failed == set(), [job.log for job in run.jobs]
    (comment,) = world.comments()
    warned = comment["body"].partition("<details>")[0]
    assert len(ending) == 750
    assert f"| **{len(ending)}** |" in warned
    assert all(f"`esm-live-model-{number:03}`" in warned for number in range(0, 500, 2))
    assert "Not shown here, for its length:" in comment["body"]
    whole = run.job("comment").summary
    assert len(comment["body"]) < len(whole) <= 2**20
    assert len(json.loads(world.artifact(run).read_text())["stacks"]) == 502


def test_what_changes_nothing_that_is_built_is_no_reason_to_comment(world):
    world.pull(6, "environment: live", "# a remark\nenvironment: live")
    run = world.planned(6)
    assert run.failed == set()
    assert run.names == {"changed environments", "comment", "planned"}
    assert world.comments() == []


def test_a_change_of_policies_alone_judges_every_environment_and_fails_where_one_is_blocked(world):
    world.pull(6, "", "required_tags: [Project]\n", file="policies/tags.yaml")
    run = world.planned(6)
    assert run.failed == set(), [job.log for job in run.jobs]
    (judged,) = [job for job in run.jobs if job.name.startswith("judge every environment")]
    assert "policies/ is changed" in judged.summary
    assert {"live", "dev"} <= set(re.findall(r"\w+", judged.summary))
    assert judged.role is None
    (comment,) = world.comments()
    assert "no environment changes, policies do" in comment["body"]
    assert "> - `dev`, `live`: sets `required_tags`: (not set) -> Project" in comment["body"]

    world.pull(6, "Project", "CostCenter", file="policies/tags.yaml")
    assert world.planned(6).failed >= {judged.name, "planned"}
    (comment,) = world.comments()
    assert "> - `dev`, `live`: **passes -> blocked**" in comment["body"]
    assert "**blocks now** `ESM016` `environments/live.yaml:" in comment["body"]


def test_a_waiver_beside_a_change_is_read_in_the_same_comment_and_a_fork_writes_none(world):
    world.pull(6, "ml.g5.2xlarge", "ml.g5.4xlarge")
    today = datetime.now(UTC).date()
    waiver = {"rule": "DRIFT", "environment": "live", "resource": "esm-live/ExecutionRole", "reason": "for a while"}
    waiver |= {"owner": "a@example.com", "approver": "b@example.com", "ticket": "OPS-1", "created": f"{today}"}
    text = json.dumps({"waivers": [{**waiver, "expires": f"{today + timedelta(days=30)}"}]})
    world.pull(6, "waivers: []", text.strip("{}"), file="policies/waivers.yaml")
    assert world.planned(6, repository="mallory/repository").failed == set()
    assert world.comments() == []
    run = world.planned(6)
    assert run.failed == set(), [job.log for job in run.jobs]
    (comment,) = world.comments()
    assert "waiver added `OPS-1`: `DRIFT` for `esm-live/ExecutionRole` in `live`" in comment["body"]
    assert "written by someone" in comment["body"]
    assert "example.com" not in comment["body"]
    assert "| `live` |" in comment["body"]


def test_a_judgement_that_did_not_come_is_unknown_in_the_comment(world):
    world.pull(6, "", "required_tags: [Project]\n", file="policies/tags.yaml")
    world.kept = lambda folder: [path.write_text("") for path in folder.glob("policies.json")]
    assert world.planned(6).failed == set()
    (comment,) = world.comments()
    assert "**unknown**" in comment["body"]


def test_dependencies_that_init_pinned_are_installed_by_digest_and_nothing_beside_them(world):
    digest = f"boto3==1.44.5 --hash=sha256:{'ab' * 32}"
    (world.origin / ".github/actions/esmcfn/dependencies.txt").write_text(f"{digest}\n")
    world.commit()
    world.pull(6, "environment: live", "# a remark\nenvironment: live")
    run = world.planned(6)
    assert run.failed == set(), [job.log for job in run.jobs]
    dependencies, esmcfn, check = (world.folder / "pip").read_text().splitlines()[:3]
    assert "--require-hashes" in dependencies
    assert "--only-binary :all: --no-deps" in dependencies
    assert "--no-deps --no-build-isolation" in esmcfn
    assert "pip check" in check
    assert set((world.folder / "installed").read_text().splitlines()) == {digest, PINNED}


def test_our_own_workflows_install_the_esmcfn_of_their_commit(world):
    for name in ("workflows", "actions"):
        shutil.rmtree(world.origin / ".github" / name)
        shutil.copytree(REPOSITORY / ".github" / name, world.origin / ".github" / name)
    (world.origin / "Makefile").write_text("")
    world.commit()
    world.pull(6, "environment: live", "# a remark\nenvironment: live")
    run = world.planned(6)
    assert run.failed == set(), [job.log for job in run.jobs]
    assert not (world.folder / "installed").exists()
    assert (world.origin / ".venv/bin/esmcfn").exists()
