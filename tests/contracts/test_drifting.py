"""Drift over HTTP: whatever a hand changes in AWS is found, and a fresh deployment of anything has none."""

from __future__ import annotations

import json
import threading
from functools import partial
from pathlib import Path

import pytest
from awaited import until
from botocore.stub import Stubber
from builders import a_base_stack, a_container, a_project, a_selection, a_service_account, a_stack, a_variant, a_waiver
from fakes import NOW
from msgspec.structs import replace

from esmcfn.aws import Reach
from esmcfn.aws.detections import CloudFormationDetections
from esmcfn.aws.session import Clients
from esmcfn.domain.deployed import DeployedStack
from esmcfn.domain.drift import Difference, NativeDrift, State
from esmcfn.domain.project import Policy
from esmcfn.errors import CloudError, ExitCode, Interrupted
from esmcfn.inputs import environment_names, load
from esmcfn.selection import select
from esmcfn.template import synthesize
from esmcfn.verbs.drift.drifting import find_drift

from .deploying import Account

REPOSITORY = Path(__file__).parents[2]
ROOTS = (REPOSITORY, *sorted((REPOSITORY / "examples").iterdir()))

OWN = a_stack("own", package="", container=a_container(), variant=a_variant(instance_count=2))
BASE = a_base_stack(service_account=a_service_account())
BOTH = a_selection(a_stack("main"), OWN, base=BASE)
ROLE = "esm-sagemaker-exec-dev"
USER = "esm-shared-invoke-dev"
PAGED = ("DescribeStacks", "ListStackResources", "DescribeStackResourceDrifts", "ListEndpoints")
ANYTHING = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})

TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}
ANYBODY = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})


@pytest.fixture
def deployed(account: Account) -> Account:
    assert account.deploy(BOTH).exit_code is ExitCode.DONE
    return account


def client(account, service):
    import boto3

    return boto3.client(
        service,
        region_name="us-east-2",
        endpoint_url=account.sandbox.endpoint_url,
        aws_access_key_id="sandbox",
        aws_secret_access_key="sandbox",
    )


def drift(account, selection=BOTH, *, waivers=(), within=60.0, strict=False, **reach):
    project = a_project(policy=Policy(waivers=tuple(waivers), known=("dev",)))
    return find_drift(project, selection, account.world(**reach), strict=strict, within=within)


def settled(account, name):
    """Until SageMaker is done with an endpoint."""
    describe = partial(client(account, "sagemaker").describe_endpoint, EndpointName=name)
    until(lambda: describe()["EndpointStatus"] == "InService", f"{name} is in service")


def deviating(report):
    """Logical id to the paths that are otherwise; missing ones have none."""
    return {
        (each.stack, each.logical_id): [difference.path for difference in each.differences]
        for each in report.body.resources
        if each.deviates
    }


NAMES = synthesize(BOTH.models[0]).names
MAIN = "esm-dev-main"


class TestFresh:
    @pytest.mark.parametrize(
        ("root", "environment"),
        [(root, name) for root in ROOTS for name in environment_names(root)],
        ids=lambda value: value if isinstance(value, str) else value.name,
    )
    def test_every_example_is_in_sync_and_covered(self, account, root, environment):
        loaded = load(root, environment)
        here = replace(loaded.project.environment, account="sandbox")
        selection = select(replace(loaded.project, environment=here), problems=loaded.problems)
        account.deploy(selection)
        report = drift(account, selection, strict=True)
        assert deviating(report) == {}
        assert report.exit_code is ExitCode.DONE
        assert report.body.checked == len(report.body.resources) > 3

    def test_so_are_own_containers_a_shared_user_and_several_instances_on_pages_of_one(self, deployed):
        deployed.sandbox.world.pages.update(dict.fromkeys(PAGED, 1))
        report = drift(deployed, strict=True)
        assert (deviating(report), report.exit_code) == ({}, ExitCode.DONE)
        assert {each.state for each in report.body.resources} == {State.IN_SYNC}
        assert len(report.body.resources) == 11

    def test_so_is_one_that_was_updated_parked_and_resumed(self, deployed):
        bigger = replace(BOTH.models[0], variant=a_variant(instance_type="ml.g5.12xlarge"))
        for model in (bigger, replace(bigger, parked=True), bigger):
            selection = replace(BOTH, models=(model, OWN))
            assert deployed.deploy(selection).exit_code is ExitCode.DONE
            report = drift(deployed, selection, strict=True)
            assert (deviating(report), report.exit_code) == ({}, ExitCode.DONE)


class TestByHand:
    """One change a test, as somebody in the console would make it."""

    def test_another_configuration_is_served(self, deployed):
        sagemaker = client(deployed, "sagemaker")
        config = sagemaker.describe_endpoint_config(EndpointConfigName=NAMES["EndpointConfig"])
        sagemaker.create_endpoint_config(EndpointConfigName="mine", ProductionVariants=config["ProductionVariants"])
        sagemaker.update_endpoint(EndpointName=NAMES["Endpoint"], EndpointConfigName="mine")
        settled(deployed, NAMES["Endpoint"])
        report = drift(deployed)
        assert report.exit_code is ExitCode.DRIFT
        assert deviating(report) == {(MAIN, "Endpoint"): ["EndpointConfigName"]}

    def test_instances_were_added(self, deployed):
        client(deployed, "sagemaker").update_endpoint_weights_and_capacities(
            EndpointName=NAMES["Endpoint"],
            DesiredWeightsAndCapacities=[{"VariantName": "variant-1", "DesiredInstanceCount": 3, "DesiredWeight": 2}],
        )
        settled(deployed, NAMES["Endpoint"])
        paths = deviating(drift(deployed))[MAIN, "Endpoint"]
        assert paths == ["Variants/variant-1/DesiredInstanceCount", "Variants/variant-1/DesiredWeight"]

    def test_the_endpoint_was_deleted_and_comes_back_as_advised(self, deployed):
        client(deployed, "sagemaker").delete_endpoint(EndpointName=NAMES["Endpoint"])
        until(lambda: drift(deployed).body.counted(State.MISSING), "it is gone")
        report = drift(deployed)
        assert deviating(report) == {(MAIN, "Endpoint"): []}
        parked = replace(BOTH, models=(replace(BOTH.models[0], parked=True), OWN))
        assert deployed.deploy(parked).exit_code is ExitCode.DONE
        assert deployed.deploy(BOTH).exit_code is ExitCode.DONE
        assert deviating(drift(deployed)) == {}

    def test_a_parked_endpoint_is_rightly_absent(self, deployed):
        parked = replace(BOTH, models=(replace(BOTH.models[0], parked=True), OWN))
        deployed.deploy(parked)
        assert deviating(drift(deployed, parked)) == {}
        assert deviating(drift(deployed, BOTH)) == {}

    def test_the_model_was_made_anew_with_another_image(self, deployed):
        sagemaker, name = client(deployed, "sagemaker"), synthesize(OWN).names["Model"]
        model = sagemaker.describe_model(ModelName=name)
        tags = sagemaker.list_tags(ResourceArn=model["ModelArn"])["Tags"]
        sagemaker.delete_model(ModelName=name)
        image = model["PrimaryContainer"]["Image"].replace("0", "1")
        variables = {"LOG_LEVEL": "a very private level"}
        sagemaker.create_model(
            ModelName=name,
            ExecutionRoleArn=model["ExecutionRoleArn"],
            EnableNetworkIsolation=True,
            PrimaryContainer={**model["PrimaryContainer"], "Image": image, "Environment": variables},
            Tags=[tag for tag in tags if not tag["Key"].startswith("aws:")],
        )
        report = drift(deployed)
        assert deviating(report)["esm-dev-own", "Model"] == [
            "PrimaryContainer/Environment/LOG_LEVEL",
            "PrimaryContainer/Image",
        ]
        assert "private level" not in repr(report)

    def test_the_configuration_was_deleted(self, deployed):
        client(deployed, "sagemaker").delete_endpoint_config(EndpointConfigName=NAMES["EndpointConfig"])
        assert deviating(drift(deployed)) == {(MAIN, "EndpointConfig"): []}

    def test_tags_were_changed(self, deployed):
        sagemaker = client(deployed, "sagemaker")
        arn = sagemaker.describe_endpoint(EndpointName=NAMES["Endpoint"])["EndpointArn"]
        sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "Project", "Value": "another"}])
        client(deployed, "iam").tag_role(RoleName=ROLE, Tags=[{"Key": "Owner", "Value": "me"}])
        report = drift(deployed)
        assert deviating(report) == {
            (MAIN, "Endpoint"): ["Tags/Project"],
            ("esm-dev", "ExecutionRole"): ["Tags/Owner"],
        }

    def test_the_role_was_given_more_than_it_was_deployed_with(self, deployed):
        iam = client(deployed, "iam")
        arn = iam.create_policy(PolicyName="anything", PolicyDocument=ANYTHING)["Policy"]["Arn"]
        iam.attach_role_policy(RoleName=ROLE, PolicyArn=arn)
        iam.put_role_policy(RoleName=ROLE, PolicyName="by-hand", PolicyDocument=ANYTHING)
        iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=ANYBODY)
        assert deviating(drift(deployed)) == {
            ("esm-dev", "ExecutionRole"): [
                "AssumeRolePolicyDocument",
                f"ManagedPolicyArns/{arn}",
                "Policies/by-hand",
            ]
        }

    def test_the_shared_user_was_given_a_key_a_group_a_password_and_policies(self, deployed):
        iam = client(deployed, "iam")
        key = iam.create_access_key(UserName=USER)["AccessKey"]["AccessKeyId"]
        iam.create_group(GroupName="admins")
        iam.add_user_to_group(GroupName="admins", UserName=USER)
        iam.create_login_profile(UserName=USER, Password="not-a-real-one")
        iam.put_user_policy(UserName=USER, PolicyName="by-hand", PolicyDocument=ANYTHING)
        report = drift(deployed)
        assert deviating(report) == {
            ("esm-dev", "InvokeUser"): [f"AccessKeys/{key}", "Console", "Groups/admins", "Policies/by-hand"]
        }

    def test_the_policy_was_edited_and_handed_to_another(self, deployed):
        iam = client(deployed, "iam")
        (policy,) = iam.list_attached_user_policies(UserName=USER)["AttachedPolicies"]
        iam.create_policy_version(PolicyArn=policy["PolicyArn"], PolicyDocument=ANYTHING, SetAsDefault=True)
        iam.create_user(UserName="somebody")
        iam.attach_user_policy(UserName="somebody", PolicyArn=policy["PolicyArn"])
        paths = deviating(drift(deployed))["esm-dev", "InvokePolicy"]
        assert paths == ["AttachedTo/user/somebody", "PolicyDocument"]

    def test_the_key_was_switched_off_and_then_deleted(self, deployed):
        iam = client(deployed, "iam")
        (key,) = iam.list_access_keys(UserName=USER)["AccessKeyMetadata"]
        given = {"UserName": USER, "AccessKeyId": key["AccessKeyId"]}
        iam.update_access_key(**given, Status="Inactive")
        assert deviating(drift(deployed)) == {("esm-dev", "InvokeAccessKey"): ["Status"]}
        iam.delete_access_key(**given)
        found = deviating(drift(deployed))
        assert found["esm-dev", "InvokeAccessKey"] == []

    def test_the_secret_was_deleted(self, deployed):
        secrets = client(deployed, "secretsmanager")
        (secret,) = secrets.list_secrets()["SecretList"]
        secrets.delete_secret(SecretId=secret["ARN"], ForceDeleteWithoutRecovery=True)
        assert deviating(drift(deployed)) == {("esm-dev", "InvokeSecret"): []}

    def test_the_template_was_edited_with_its_digest_left_in_it(self, deployed):
        cloudformation = client(deployed, "cloudformation")
        body = dict(synthesize(BOTH.models[0]).body)
        body["Outputs"] = {**body["Outputs"], "Extra": {"Value": "by hand"}}
        tags = [{"Key": key, "Value": value} for key, value in BOTH.models[0].tags.items()]
        cloudformation.update_stack(
            StackName=MAIN, TemplateBody=json.dumps(body), Tags=tags, Capabilities=["CAPABILITY_NAMED_IAM"]
        )
        cloudformation.get_waiter("stack_update_complete").wait(StackName=MAIN, WaiterConfig={"Delay": 0.1})
        assert deviating(drift(deployed)) == {(MAIN, ""): ["Template"]}

    def test_a_waiver_accepts_it(self, deployed):
        client(deployed, "iam").tag_role(RoleName=ROLE, Tags=[{"Key": "Owner", "Value": "me"}])
        accepted = drift(deployed, waivers=[a_waiver(rule="DRIFT", resource="esm-dev/ExecutionRole")])
        assert (accepted.exit_code, accepted.body.waived) == (ExitCode.DONE, 1)


class TestBeside:
    def test_what_no_stack_has_is_told_with_what_it_costs(self, deployed):
        sagemaker = client(deployed, "sagemaker")
        config = sagemaker.describe_endpoint_config(EndpointConfigName=NAMES["EndpointConfig"])
        for number in range(3):
            sagemaker.create_endpoint_config(
                EndpointConfigName=f"config-{number}", ProductionVariants=config["ProductionVariants"]
            )
            sagemaker.create_endpoint(EndpointName=f"Alone-{number}", EndpointConfigName=f"config-{number}")
            settled(deployed, f"Alone-{number}")
        report = drift(deployed)
        assert report.exit_code is ExitCode.DONE
        assert [(each.name, f"{each.monthly_usd:.2f}") for each in report.body.unmanaged.endpoints] == [
            (f"Alone-{number}", "1105.95") for number in range(3)
        ]

    def test_another_environments_are_none_of_them(self, deployed):
        narrowed = replace(BOTH, environment=replace(BOTH.environment, name="other"), base=None, models=())
        assert drift(deployed, narrowed).body.unmanaged.endpoints == ()


class TestRefused:
    @pytest.mark.parametrize(
        ("action", "unread"),
        [
            ("sagemaker:DescribeModel", {"Model"}),
            ("sagemaker:DescribeEndpoint", {"Endpoint"}),
            ("sagemaker:DescribeEndpointConfig", {"EndpointConfig"}),
            ("sagemaker:ListEndpoints", set()),
        ],
    )
    def test_a_missing_permission_is_not_checked_and_named(self, deployed, action, unread):
        deployed.fault("access-denied", action=action)
        report = drift(deployed, strict=True)
        assert {each.logical_id for each in report.body.resources if not each.covered} >= unread
        assert deviating(report) == {}
        assert report.exit_code is ExitCode.DRIFT
        assert drift(deployed).exit_code is ExitCode.DONE
        assert action in repr(report.body)

    @pytest.mark.parametrize("operation", ["DetectStackDrift", "DescribeStackResourceDrifts"])
    def test_without_cloudformations_detection_it_is_said_and_everything_is_compared(self, deployed, operation):
        deployed.fault("access-denied", action=f"cloudformation:{operation}")
        report = drift(deployed, strict=True)
        assert (deviating(report), report.exit_code) == ({}, ExitCode.DONE)
        assert all(operation in stack.notes[0] for stack in report.body.stacks)

    def test_without_cloudformations_detection_our_readers_find_the_same(self, deployed):
        sagemaker = client(deployed, "sagemaker")
        arn = sagemaker.describe_endpoint(EndpointName=NAMES["Endpoint"])["EndpointArn"]
        sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "Project", "Value": "another"}])
        deployed.fault("access-denied", action="cloudformation:DetectStackDrift")
        assert deviating(drift(deployed)) == {(MAIN, "Endpoint"): ["Tags/Project"]}

    def test_no_answer_is_no_report(self, deployed):
        deployed.fault("server-error", action="cloudformation:DescribeStackDriftDetectionStatus")
        with pytest.raises(CloudError):
            drift(deployed, attempts=1)

    def test_one_that_takes_too_long_is_not_checked_by_cloudformation(self, deployed):
        with deployed.frozen():
            report = drift(deployed, within=0.0)
        assert any("not done after 0 seconds" in note for stack in report.body.stacks for note in stack.notes)
        assert deviating(report) == {}

    def test_a_person_who_stops_does_not_wait(self, deployed):
        world = deployed.world()
        with deployed.frozen():
            threading.Timer(0.5, world.connect().stacks.stop).start()
            with pytest.raises(Interrupted):
                find_drift(a_project(), BOTH, world)


class TestDetection:
    """What the sandbox's CloudFormation never does, as botocore's own model of it allows."""

    def test_a_detection_that_failed_still_has_the_results_of_the_rest_on_every_page(self):
        clients = Clients(Reach(region="us-east-2", endpoint_url="http://127.0.0.1:9", credentials=("a", "b")))
        stack = DeployedStack(name="s", stack_id="arn:s", status="CREATE_COMPLETE", digest="", model=None)
        begun = {"StackId": "arn:s", "StackDriftDetectionId": "d", "Timestamp": NOW}
        changed = {"PropertyPath": "/Tags/0", "ExpectedValue": "null", "ActualValue": "x", "DifferenceType": "ADD"}
        removed = {"PropertyPath": "/A/B", "ExpectedValue": "y", "ActualValue": "null", "DifferenceType": "REMOVE"}
        with Stubber(clients.of("cloudformation")) as stub:
            stub.add_response("detect_stack_drift", {"StackDriftDetectionId": "d"}, {"StackName": "arn:s"})
            for status in ("DETECTION_IN_PROGRESS", "DETECTION_FAILED"):
                answer = {**begun, "DetectionStatus": status, "DetectionStatusReason": "no permission for B"}
                stub.add_response("describe_stack_drift_detection_status", answer)
            stub.add_response(
                "describe_stack_resource_drifts",
                {"StackResourceDrifts": [_resource("A", "MODIFIED", changed, removed)], "NextToken": "more"},
                {"StackName": "arn:s"},
            )
            stub.add_response(
                "describe_stack_resource_drifts",
                {"StackResourceDrifts": [{**_resource("B", "UNKNOWN"), "DriftStatusReason": "denied"}]},
                {"StackName": "arn:s", "NextToken": "more"},
            )
            detections = CloudFormationDetections(clients, threading.Event())
            found = detections.result(stack, detections.begin(stack), within=60)
        assert found.failure == "no permission for B"
        assert found.drifts == {
            "A": NativeDrift(
                status="MODIFIED",
                differences=(
                    Difference(path="Tags/0", expected=None, observed="x"),
                    Difference(path="A/B", expected="y", observed=None),
                ),
            ),
            "B": NativeDrift(status="UNKNOWN", reason="denied"),
        }


def _resource(logical_id, status, *differences):
    return {
        "StackId": "arn:s",
        "LogicalResourceId": logical_id,
        "ResourceType": "AWS::SNS::Topic",
        "StackResourceDriftStatus": status,
        "PropertyDifferences": list(differences),
        "Timestamp": NOW,
    }
