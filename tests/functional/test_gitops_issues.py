"""Nightly drift and the weekly audit: one issue an environment, quiet while nothing changes, in a small GitHub."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from gh import BOT

from esmcfn import sandbox

MARKER = "<!-- esmcfn:issue "
ROLE = "esm-sagemaker-exec-live"


@pytest.fixture
def deployed(world):
    """What main says runs."""
    world.pull(1, "ml.g5.2xlarge", "ml.g5.4xlarge")
    world.planned(1)
    assert world.merged(1).failed == set()
    return world


def noise(count):
    """Issues of other people and pull requests, ours among them by everything but their author."""
    forged = f'{MARKER}{{"v":1,"report":"drift","environment":"live","fingerprint":"x"}} -->\nforged'
    issues = [{"user": {"login": "mallory"}, "body": forged}]
    issues += [{"user": {"login": BOT}, "body": "another bot's report"} for _ in range(count)]
    issues += [{"user": {"login": BOT}, "body": forged, "pull_request": {}}, {"user": {"login": BOT}, "body": None}]
    return [{"number": number, "state": "open", **each} for number, each in enumerate(issues, start=100)]


def broken(world):
    """Somebody takes the execution role's policies away in the console; returns what there was."""
    iam = world.client("iam")
    names = iam.list_role_policies(RoleName=ROLE)["PolicyNames"]
    before = {name: iam.get_role_policy(RoleName=ROLE, PolicyName=name)["PolicyDocument"] for name in names}
    sandbox.break_resource(
        world.cloud, stack="esm-live", logical_id="ExecutionRole", action="change", property="Policies", value=[]
    )
    return before


def mended(world, policies):
    for name, document in policies.items():
        world.client("iam").put_role_policy(RoleName=ROLE, PolicyName=name, PolicyDocument=json.dumps(document))


def ours(world):
    return [each for each in world.github["issues"] if each["number"] >= 1000]


def unused(world, days):
    """An endpoint reports its load on all these days, and nobody calls it."""
    name = endpoint(world)
    where = [{"Name": "EndpointName", "Value": name}, {"Name": "VariantName", "Value": "variant-1"}]
    points = [
        {
            "MetricName": "CPUUtilization",
            "Dimensions": where,
            "Timestamp": datetime.now(UTC) + timedelta(days=day),
            "Value": 3.0,
        }
        for day in range(days)
    ]
    world.client("cloudwatch").put_metric_data(Namespace="/aws/sagemaker/Endpoints", MetricData=points)


def endpoint(world):
    (found,) = world.client("sagemaker").list_endpoints()["Endpoints"]
    return found["EndpointName"]


def test_drift_is_one_issue_from_the_first_night_until_it_is_repaired_and_again(deployed):
    world, iam = deployed, deployed.client("iam")
    world.update(issues=noise(250))
    calm = world.nightly()
    assert calm.failed == set(), [job.log for job in calm.jobs]
    assert calm.job("drift of live").role == "role of live-plan"
    assert calm.job("drift of live").permissions == {"contents": "read", "id-token": "write"}
    assert calm.job("issues").permissions == {"contents": "read", "issues": "write"}
    assert ours(world) == []

    intended = broken(world)
    drifted = world.nightly()
    assert drifted.failed == set(), [job.log for job in drifted.jobs]
    (issue,) = ours(world)
    assert (issue["title"], issue["state"]) == ("Drift in live", "open")
    assert "`esm-live/ExecutionRole`" in issue["body"]
    assert "`esm-live/ExecutionRole`" in drifted.job("drift of live").summary

    number = issue["number"]
    world.nightly()
    assert world.said(number) == []

    world.pull(2, "Project: esm-partner", "Project: other")
    assert world.planned(2).failed == set()
    (comment,) = [each["body"] for each in world.comments() if each["issue"] == 2]
    assert "| **1 drifted** |" in comment
    assert "`live` `esm-live/ExecutionRole`" in comment

    iam.tag_role(RoleName=ROLE, Tags=[{"Key": "Owner", "Value": "@octocat"}])
    world.update(refusals=1)
    other = world.nightly()
    assert other.failed == set(), [job.log for job in other.jobs]
    (said,) = world.said(number)
    assert "Otherwise than before: `esm-live/ExecutionRole`" in said
    assert (world.folder / "slept").read_text() == "20\n"

    mended(world, intended)
    iam.untag_role(RoleName=ROLE, TagKeys=["Owner"])
    world.nightly()
    (issue,) = ours(world)
    assert (issue["state"], issue["state_reason"]) == ("closed", "completed")
    assert "**In sync again**: 4 resources compared" in world.said(number)[-1]

    broken(world)
    world.nightly()
    (issue,) = ours(world)
    assert issue["state"] == "open"
    assert "It is back" in world.said(number)[-1]
    untouched = [each for each in world.github["issues"] if each["number"] < 1000]
    assert untouched == noise(250)


def test_a_night_without_credentials_fails_and_leaves_the_issue_as_it_was(deployed):
    world = deployed
    broken(world)
    world.nightly()
    before = ours(world)
    sandbox.fault(world.cloud, "access-denied", action="cloudformation:DescribeStacks")
    blind = world.nightly()
    assert blind.failed == {"drift of live"}
    assert "nobody could look" in blind.job("drift of live").summary
    assert "its issue stays as it is" in blind.job("issues").log
    assert ours(world) == before


def test_an_environment_that_cannot_be_read_fails_the_run_and_the_others_are_looked_at(deployed):
    world = deployed
    (world.origin / "environments/broken.yaml").write_text("environment: other\n")
    world.commit()
    broken(world)
    run = world.nightly()
    assert run.failed == {"environments that cannot be read"}
    assert "broken" in run.job("environments that cannot be read").log
    assert len(ours(world)) == 1


def test_a_limit_that_lasts_fails_the_run_and_the_next_one_goes_on(deployed):
    world = deployed
    broken(world)
    world.update(refusals=3)
    refused = world.nightly()
    assert refused.failed == {"issues"}
    assert ours(world) == []
    assert world.nightly().failed == set()
    assert len(ours(world)) == 1


def test_what_could_be_saved_is_an_issue_of_its_own_until_it_is_used_and_the_page_is_an_artifact(deployed):
    world = deployed
    sandbox.fault(world.cloud, "access-denied", action="ce:GetCostAndUsage", after=2)  # a second look is one too many
    young = world.nightly("audit.yml")
    assert young.failed == set(), [job.log for job in young.jobs]
    assert ours(world) == []
    report, page = (
        (world.folder / "artifacts" / str(young.id) / "audit-live" / f"live.{ending}").read_text(encoding="utf-8")
        for ending in ("json", "html")
    )
    assert page.startswith("<!doctype html>")
    assert all("2 Cost Explorer requests, 0.02 USD" in text for text in (report, page))
    sandbox.clear_faults(world.cloud)

    unused(world, 21)
    world.variables["DAYS_LATER"] = "20"
    idle = world.nightly("audit.yml")
    assert idle.failed == set(), [job.log for job in idle.jobs]
    (issue,) = ours(world)
    assert issue["title"] == "What could be saved in live"
    assert "**1 model could cost less** in `live`" in issue["body"]
    assert "+    parked: true" in issue["body"]
    world.variables["DAYS_LATER"] = "19"
    world.nightly("audit.yml")
    assert world.said(issue["number"]) == []

    sandbox.fault(world.cloud, "access-denied", action="cloudwatch:GetMetricData")
    world.nightly("audit.yml")
    (unseen,) = ours(world)
    assert unseen["state"] == "open"  # what nobody can see is not in use
    assert len(world.said(issue["number"])) == 1


def test_whatever_people_do_to_the_issue_one_stays_open_and_says_what_drifts(deployed):
    world = deployed
    broken(world)
    world.nightly()
    (first,) = ours(world)
    # Somebody writes above it, and closes it by hand; nothing was repaired.
    first.update(body=f"Bob is on it.\n\n{first['body']}", state="closed")
    world.update(issues=[first])
    run = world.nightly()
    assert run.failed == set(), [job.log for job in run.jobs]
    (again,) = ours(world)
    assert again["state"] == "open"
    assert again["body"].startswith(MARKER)
    (said,) = world.said(first["number"])
    assert "**It is back**, or was never gone" in said

    # An older one of ours comes to light, which somebody locked; and something else drifts.
    older = {**again, "number": 500, "locked": True}
    world.update(issues=[older, again])
    world.client("iam").tag_role(RoleName=ROLE, Tags=[{"Key": "Owner", "Value": "somebody"}])
    run = world.nightly()
    assert run.failed == set(), [job.log for job in run.jobs]
    kept, double = world.github["issues"]
    assert (kept["number"], kept["state"]) == (500, "open")
    assert "Owner" in kept["body"]
    assert world.said(500) == []
    assert "issue 500 is locked" in run.job("issues").log
    assert (double["state"], double["state_reason"]) == ("closed", "not_planned")
    assert world.said(double["number"])[-1] == "Continued in #500."

    # GitHub refuses a comment for another reason: that is told the next time, and nobody else waits for it.
    gone = {**double, "number": 600, "state": "open", "body": kept["body"].replace('"live"', '"gone"', 1)}
    kept.update(locked=False, refuses=True)
    world.update(issues=[kept, gone])
    world.client("iam").untag_role(RoleName=ROLE, TagKeys=["Owner"])
    run = world.nightly()
    assert run.failed == {"issues"}
    assert world.github["issues"][0] == kept
    assert world.github["issues"][1]["state"] == "closed"
    assert "no longer in the repository" in world.said(600)[-1]
