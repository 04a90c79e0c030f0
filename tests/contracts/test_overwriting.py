"""Over HTTP: a plan warns of what a deployment would overwrite, and what it says is what the deployment then does."""

from __future__ import annotations

from functools import partial

import pytest
from awaited import until
from builders import a_selection, a_stack, a_variant

from esmcfn.domain.drift import State
from esmcfn.domain.overwriting import Fate
from esmcfn.errors import ExitCode, StalePlanError
from esmcfn.sandbox.server import Sandbox
from esmcfn.template import synthesize

from .deploying import Account
from .test_deploying import MODEL, client, deploy_kept, kept

ONE = a_selection()
BIGGER = a_selection(a_stack(variant=a_variant(instance_type="ml.g5.4xlarge")))
NAMES = synthesize(ONE.models[0]).names


@pytest.fixture
def deployed(_running: Sandbox) -> Account:
    account = Account.emptied(_running)
    assert account.deploy(ONE).exit_code is ExitCode.DONE
    return account


def scaled(account: Account, count: int) -> None:
    """Somebody has so many instances run, by hand."""
    sagemaker = client(account, "sagemaker")
    wanted = [{"VariantName": "variant-1", "DesiredInstanceCount": count}]
    sagemaker.update_endpoint_weights_and_capacities(EndpointName=NAMES["Endpoint"], DesiredWeightsAndCapacities=wanted)
    describe = partial(sagemaker.describe_endpoint, EndpointName=NAMES["Endpoint"])
    until(lambda: describe()["EndpointStatus"] == "InService", "they run")


def drift(report, name=MODEL):
    return next(each.drift for each in report.body.stacks if each.name == name)


def test_a_fresh_deployment_loses_nothing(deployed):
    report = deployed.plan(BIGGER)
    assert (drift(report).state, drift(report).checked, drift(report).native) == (State.IN_SYNC, 3, False)
    assert drift(report, "esm-dev") is None


def test_asked_for_every_stack_is_compared_by_cloudformation_too(deployed):
    report = deployed.plan(ONE, wholly=True)
    assert [(each.state, each.native) for each in report.body.drifts] == [(State.IN_SYNC, True)] * 2


def test_instances_that_somebody_added_are_told_and_then_really_lost(deployed):
    scaled(deployed, 3)
    report = deployed.plan(BIGGER)
    (found,) = drift(report).found
    (each,) = found.properties
    assert (each.now, each.deployed, each.planned, each.fate) == ("3", "1", "1", Fate.OVERWRITTEN)
    assert deployed.deploy(BIGGER).exit_code is ExitCode.DONE
    endpoint = client(deployed, "sagemaker").describe_endpoint(EndpointName=NAMES["Endpoint"])
    assert endpoint["ProductionVariants"][0]["DesiredInstanceCount"] == 1


def test_a_plan_that_was_reviewed_is_refused_when_somebody_adds_instances_meanwhile(deployed):
    reviewed = kept(deployed)
    scaled(deployed, 2)
    with pytest.raises(StalePlanError, match="DesiredInstanceCount: it drifted since the review"):
        deploy_kept(deployed, reviewed)
    scaled(deployed, 1)
    assert deploy_kept(deployed, reviewed).exit_code is ExitCode.DONE


def test_a_plan_for_which_cloudformation_itself_compared_is_executed_too(deployed):
    reviewed = kept(deployed, wholly=True)
    assert reviewed.native
    assert deploy_kept(deployed, reviewed).exit_code is ExitCode.DONE


@pytest.mark.parametrize("action", ["sagemaker:DescribeEndpoint", "cloudformation:ListStackResources"])
def test_a_plan_that_was_reviewed_is_refused_when_what_runs_cannot_be_read_any_more(deployed, action):
    reviewed = kept(deployed)
    scaled(deployed, 3)
    deployed.fault("access-denied", action=action)
    try:
        with pytest.raises(StalePlanError, match="compared when it was reviewed, and cannot be now"):
            deploy_kept(deployed, reviewed)
    finally:
        deployed.clear()
    endpoint = client(deployed, "sagemaker").describe_endpoint(EndpointName=NAMES["Endpoint"])
    assert endpoint["ProductionVariants"][0]["DesiredInstanceCount"] == 3


@pytest.mark.parametrize(
    "action", ["cloudformation:ListStackResources", "sagemaker:DescribeModel", "sagemaker:ListTags"]
)
def test_a_role_that_may_not_read_it_gets_a_plan_all_the_same(deployed, action):
    deployed.fault("access-denied", action=action)
    try:
        report = deployed.plan(BIGGER, read_only=True)
    finally:
        deployed.clear()
    assert drift(report).state is State.NOT_CHECKED
    assert report.exit_code is ExitCode.DONE


def test_a_model_that_somebody_deleted_is_missing(deployed):
    sagemaker = client(deployed, "sagemaker")
    sagemaker.delete_endpoint(EndpointName=NAMES["Endpoint"])
    until(lambda: not sagemaker.list_endpoints()["Endpoints"], "it is gone")
    report = deployed.plan(BIGGER)
    assert [(each.logical_id, each.fate) for each in drift(report).found] == [("Endpoint", Fate.FAILS)]
    assert deployed.deploy(BIGGER).exit_code is ExitCode.DEPLOYMENT
