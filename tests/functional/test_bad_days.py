"""What a command says and leaves when AWS has a bad day: over HTTP, against the sandbox's faults."""

from __future__ import annotations

import pytest
from test_exit_codes import remaining

from esmcfn import sandbox
from esmcfn.errors import ExitCode


@pytest.fixture
def troubled(root):
    """A root whose sandbox runs fast and takes faults."""
    sandbox.ensure(root.folder)
    sandbox.set_clock(root.folder, speed=100)
    return root


def ask(root, name, **options):
    sandbox.fault(root.folder, name, **options)


def test_throttling_is_waited_out(troubled):
    ask(troubled, "throttle", action="cloudformation:DescribeStacks", times=2)
    ask(troubled, "throttle", action="cloudformation:DescribeChangeSet", times=2)
    assert troubled.esmcfn("plan", "dev").code == ExitCode.DONE


@pytest.mark.parametrize("action", ["cloudformation:DescribeStacks", "cloudformation:CreateChangeSet"])
def test_a_missing_permission_is_named_and_nothing_is_left(troubled, action):
    ask(troubled, "access-denied", action=action)
    done = troubled.esmcfn("plan", "dev", "-f", "json")
    assert done.code == ExitCode.CLOUD
    assert action in done.document["message"]
    assert done.document["next_step"]
    sandbox.clear_faults(troubled.folder)
    assert remaining(troubled) == []


def test_a_change_set_that_cannot_be_read_is_removed(troubled):
    ask(troubled, "access-denied", action="cloudformation:DescribeChangeSet")
    assert troubled.esmcfn("plan", "dev").code == ExitCode.CLOUD
    sandbox.clear_faults(troubled.folder)
    assert remaining(troubled) == []


def test_early_validation_that_cannot_be_read_is_said_and_stops_nothing(troubled):
    ask(troubled, "access-denied", action="cloudformation:DescribeEvents")
    done = troubled.esmcfn("plan", "dev")
    assert done.code == ExitCode.DONE
    assert "early validation was not read" in done.out


def test_expired_credentials_are_called_so(troubled):
    ask(troubled, "expired-token")
    done = troubled.esmcfn("plan", "dev")
    assert done.code == ExitCode.CLOUD
    assert "log in again" in done.err


def test_what_early_validation_refuses_is_an_error_with_its_place(troubled):
    ask(troubled, "validation", mode="FAIL", reason="the name is taken")
    done = troubled.esmcfn("plan", "dev")
    assert done.code == ExitCode.CLOUD
    assert "the name is taken" in done.err
    sandbox.clear_faults(troubled.folder)
    assert remaining(troubled) == []


def test_what_early_validation_warns_of_is_part_of_the_plan(troubled):
    ask(troubled, "validation", mode="WARN", reason="the quota is 0")
    done = troubled.esmcfn("plan", "dev")
    assert done.code == ExitCode.DONE
    assert "CloudFormation warns: " in done.out
    assert "the quota is 0" in done.out


@pytest.mark.parametrize(
    ("fault", "options", "cause"),
    [
        ("quota", {"instance_type": "ml.g5.2xlarge"}, "ml.g5.2xlarge for endpoint usage"),
        ("capacity", {}, "InsufficientInstanceCapacity"),
        ("not-subscribed", {}, "not subscribed"),
        ("handler", {"logical_id": "Model", "message": "no reason at all"}, "no reason at all"),
    ],
)
def test_a_deployment_that_fails_names_its_cause(troubled, fault, options, cause):
    ask(troubled, fault, **options)
    done = troubled.esmcfn("deploy", "dev", "--yes", "-f", "json")
    assert done.code == ExitCode.DEPLOYMENT, done.err
    (base, model) = done.document["stacks"]
    assert (base["status"], model["status"]) == ("CREATE_COMPLETE", "ROLLBACK_COMPLETE")
    assert cause in " ".join(model["causes"])


def test_an_update_that_fails_goes_back_and_the_next_plan_shows_it_again(troubled):
    troubled.deployed()
    troubled.edit("ml.g5.2xlarge", "ml.g5.4xlarge")
    ask(troubled, "capacity", instance_type="ml.g5.4xlarge")
    done = troubled.esmcfn("deploy", "dev", "--yes", "-f", "json")
    assert done.code == ExitCode.DEPLOYMENT
    assert done.document["stacks"][0]["status"] == "UPDATE_ROLLBACK_COMPLETE"
    again = troubled.esmcfn("plan", "dev", "-f", "json").document
    assert again["summary"]["replace"] == 1


def test_the_first_creation_rolled_back_and_the_plan_says_what_is_in_the_way(troubled):
    ask(troubled, "capacity")
    assert troubled.esmcfn("deploy", "dev", "--yes").code == ExitCode.DEPLOYMENT
    sandbox.clear_faults(troubled.folder)
    done = troubled.esmcfn("plan", "dev")
    assert done.code == ExitCode.DONE
    assert "ROLLBACK_COMPLETE" in done.out
