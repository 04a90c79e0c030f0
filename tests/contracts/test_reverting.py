"""Over HTTP: what a hand changed goes back to what was deployed, as it was planned; and what does not is said."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest
from awaited import until
from botocore.stub import Stubber
from builders import a_base_stack, a_container, a_selection, a_service_account, a_stack, a_variant
from msgspec.structs import replace

from esmcfn.aws import Reach
from esmcfn.aws.proposals import Proposals
from esmcfn.aws.session import Clients
from esmcfn.domain.deployed import DeployedStack
from esmcfn.domain.drift import State
from esmcfn.domain.overwriting import Fate
from esmcfn.domain.plan import Action, Impact
from esmcfn.errors import CloudError, ExitCode, StalePlanError
from esmcfn.sandbox.server import Sandbox
from esmcfn.template import synthesize
from esmcfn.verbs.deploy.deploying import Wishes

from .deploying import Account
from .test_deploying import client, deploy_kept, kept
from .test_drifting import ANYBODY, ANYTHING, ROLE, USER, deviating, drift, settled

MAIN = a_stack("main")
OWN = a_stack("own", package="", container=a_container(), variant=a_variant(instance_count=2))
BOTH = a_selection(MAIN, OWN, base=a_base_stack(service_account=a_service_account()))
NAMES = synthesize(MAIN).names
REVERT = Wishes(revert=True)


@pytest.fixture
def deployed(_running: Sandbox) -> Account:
    account = Account.emptied(_running)
    assert account.deploy(BOTH).exit_code is ExitCode.DONE
    return account


def serves_another(account: Account) -> None:
    sagemaker = client(account, "sagemaker")
    config = sagemaker.describe_endpoint_config(EndpointConfigName=NAMES["EndpointConfig"])
    sagemaker.create_endpoint_config(EndpointConfigName="mine", ProductionVariants=config["ProductionVariants"])
    sagemaker.update_endpoint(EndpointName=NAMES["Endpoint"], EndpointConfigName="mine")
    settled(account, NAMES["Endpoint"])


def endpoint_deleted(account: Account) -> None:
    sagemaker = client(account, "sagemaker")
    sagemaker.delete_endpoint(EndpointName=NAMES["Endpoint"])
    until(lambda: len(sagemaker.list_endpoints()["Endpoints"]) < 2, "it is gone")


def config_deleted(account: Account) -> None:
    client(account, "sagemaker").delete_endpoint_config(EndpointConfigName=NAMES["EndpointConfig"])


def tagged(account: Account) -> None:
    sagemaker = client(account, "sagemaker")
    arn = sagemaker.describe_endpoint(EndpointName=NAMES["Endpoint"])["EndpointArn"]
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "Project", "Value": "another"}])


def role_widened(account: Account) -> None:
    iam = client(account, "iam")
    iam.put_role_policy(RoleName=ROLE, PolicyName="by-hand", PolicyDocument=ANYTHING)
    iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=ANYBODY)


def policy_edited(account: Account) -> None:
    iam = client(account, "iam")
    (policy,) = iam.list_attached_user_policies(UserName=USER)["AttachedPolicies"]
    iam.create_policy_version(PolicyArn=policy["PolicyArn"], PolicyDocument=ANYTHING, SetAsDefault=True)


def test_where_nothing_drifted_nothing_is_to_do_and_nothing_is_left(deployed):
    report = deployed.plan(BOTH, revert=True)
    assert report.body.empty
    assert deployed.deploy(BOTH, REVERT).body.stacks == ()
    for stack in client(deployed).describe_stacks()["Stacks"]:
        left = client(deployed).list_change_sets(StackName=stack["StackName"])["Summaries"]
        assert [each for each in left if each["ExecutionStatus"] == "AVAILABLE"] == []


@pytest.mark.parametrize(
    ("by_hand", "logical_id", "action", "impact"),
    [
        (serves_another, "Endpoint", Action.MODIFY, Impact.BLUE_GREEN),
        (endpoint_deleted, "Endpoint", Action.ADD, Impact.IN_PLACE),
        (config_deleted, "EndpointConfig", Action.ADD, Impact.IN_PLACE),
        (tagged, "Endpoint", Action.MODIFY, Impact.NONE),
        (role_widened, "ExecutionRole", Action.MODIFY, Impact.IN_PLACE),
        (policy_edited, "InvokePolicy", Action.MODIFY, Impact.IN_PLACE),
    ],
)
def test_what_a_hand_changed_is_planned_and_goes_back(deployed, by_hand, logical_id, action, impact):
    by_hand(deployed)
    assert deployed.plan(BOTH).body.empty, "templates alone show nothing of it"
    report = deployed.plan(BOTH, revert=True)
    (change,) = [change for stack in report.body.stacks for change in stack.changes]
    assert (change.logical_id, change.action, change.impact, change.unexplained) == (logical_id, action, impact, "")
    assert all(each.reverts for each in change.properties)
    assert deployed.deploy(BOTH, REVERT).exit_code is ExitCode.DONE
    assert deviating(drift(deployed, BOTH)) == {}
    assert deployed.plan(BOTH, revert=True).body.empty


def test_an_endpoint_that_sagemaker_rolled_back_in_silence_is_repaired(deployed):
    bigger = replace(BOTH, models=(replace(MAIN, variant=a_variant(instance_type="ml.g5.12xlarge")), OWN))
    deployed.fault("silent-rollback", times=1)
    failed = deployed.deploy(bigger)
    assert failed.exit_code is ExitCode.DEPLOYMENT
    (main,) = [stack for stack in failed.body.stacks if stack.name == "esm-dev-main"]
    assert "--revert-drift" in main.diagnosis.advice
    deployed.clear()
    assert deployed.deploy(bigger).exit_code is ExitCode.DEPLOYMENT, "another deployment finds nothing to do"
    assert deployed.deploy(bigger, REVERT).exit_code is ExitCode.DONE
    assert deviating(drift(deployed, bigger)) == {}


def test_a_configuration_that_was_made_anew_comes_back_by_the_steps_that_are_told(deployed):
    sagemaker, name = client(deployed, "sagemaker"), NAMES["EndpointConfig"]
    found = sagemaker.describe_endpoint_config(EndpointConfigName=name)
    tags = sagemaker.list_tags(ResourceArn=found["EndpointConfigArn"])["Tags"]
    variants = [{**each, "InitialInstanceCount": 3} for each in found["ProductionVariants"]]
    sagemaker.delete_endpoint_config(EndpointConfigName=name)
    sagemaker.create_endpoint_config(
        EndpointConfigName=name,
        ProductionVariants=variants,
        Tags=[tag for tag in tags if not tag["Key"].startswith("aws:")],
    )
    reverted = deployed.deploy(BOTH, REVERT)
    (left,) = reverted.body.left
    assert "next: somebody made it anew" in left
    assert f"aws sagemaker delete-endpoint-config --endpoint-config-name {name}, and then" in left
    sagemaker.delete_endpoint_config(EndpointConfigName=name)
    assert deployed.deploy(BOTH, REVERT).exit_code is ExitCode.DONE
    assert deviating(drift(deployed, BOTH)) == {}


def test_a_change_of_the_files_goes_with_it(deployed):
    role_widened(deployed)
    bigger = replace(BOTH, models=(replace(MAIN, variant=a_variant(instance_type="ml.g5.12xlarge")), OWN))
    report = deployed.deploy(bigger, REVERT)
    assert [stack.name for stack in report.body.stacks] == ["esm-dev", "esm-dev-main"]
    assert deviating(drift(deployed, bigger)) == {}


def test_instances_that_somebody_added_are_said_to_stay_with_the_way_back(deployed):
    client(deployed, "sagemaker").update_endpoint_weights_and_capacities(
        EndpointName=NAMES["Endpoint"],
        DesiredWeightsAndCapacities=[{"VariantName": "variant-1", "DesiredInstanceCount": 3}],
    )
    settled(deployed, NAMES["Endpoint"])
    body = deployed.plan(BOTH, revert=True).body
    assert body.empty
    (found,) = [found for each in body.drifts for found in each.found if found.state is State.DRIFTED]
    assert found.fate is Fate.KEPT
    assert "update-endpoint-weights-and-capacities" in found.next_step


class TestReviewed:
    def kept(self, account):
        return kept(account, BOTH, reverts=True)

    def test_exactly_that_is_executed(self, deployed):
        role_widened(deployed)
        report = deploy_kept(deployed, self.kept(deployed), BOTH)
        assert report.exit_code is ExitCode.DONE
        assert deviating(drift(deployed, BOTH)) == {}

    @pytest.mark.parametrize("later", [serves_another, tagged, policy_edited])
    def test_what_drifted_since_refuses_it(self, deployed, later):
        role_widened(deployed)
        plan = self.kept(deployed)
        later(deployed)
        with pytest.raises(StalePlanError, match=r"would change now|moved since"):
            deploy_kept(deployed, plan, BOTH)
        assert deviating(drift(deployed, BOTH))["esm-dev", "ExecutionRole"]

    def test_so_does_what_somebody_put_back_meanwhile(self, deployed):
        role_widened(deployed)
        plan = self.kept(deployed)
        client(deployed, "iam").delete_role_policy(RoleName=ROLE, PolicyName="by-hand")
        with pytest.raises(StalePlanError, match="moved since it was reviewed"):
            deploy_kept(deployed, plan, BOTH)


class TestRefused:
    def test_a_service_that_cannot_be_read_stops_it_and_leaves_nothing(self, deployed):
        tagged(deployed)
        deployed.fault("access-denied", action="cloudformation:CreateChangeSet")
        try:
            with pytest.raises(CloudError, match="CreateChangeSet"):
                deployed.plan(BOTH, revert=True)
        finally:
            deployed.clear()

    def test_cloudformations_refusal_comes_with_the_next_step(self):
        clients = Clients(Reach(region="us-east-2", endpoint_url="http://127.0.0.1:9", credentials=("a", "b")))
        stack = DeployedStack(name="s", stack_id="arn:s", status="CREATE_COMPLETE", digest="", model=None)
        proposals = Proposals(clients, threading.Event())
        with Stubber(clients.of("cloudformation")) as stub:
            said = "DeploymentMode REVERT_DRIFT is not supported in this region"
            stub.add_client_error("create_change_set", "ValidationError", said)
            with pytest.raises(CloudError, match=f"does not revert its drift: .*{said}") as caught:
                proposals.propose(synthesize(MAIN), stack, revert=True)
        assert "without --revert-drift" in caught.value.next_step

    def test_a_boto3_that_does_not_know_it_is_told_before_anything_is_asked(self):
        operation = SimpleNamespace(input_shape=SimpleNamespace(members={"StackName": None}))
        meta = SimpleNamespace(service_model=SimpleNamespace(operation_model=lambda name: operation))
        clients = SimpleNamespace(of=lambda name: SimpleNamespace(meta=meta))
        stack = DeployedStack(name="s", stack_id="arn:s", status="CREATE_COMPLETE", digest="", model=None)
        with pytest.raises(CloudError, match="does not know change sets that revert drift") as caught:
            Proposals(clients, threading.Event()).propose(synthesize(MAIN), stack, revert=True)
        assert "1.40.76" in caught.value.next_step
