"""Deployed against observed: what is drift, what is not, and what nobody could tell. The pure room."""

from __future__ import annotations

from copy import deepcopy

import pytest
from builders import a_base_stack, a_container, a_service_account, a_stack, a_target
from drifting import physical_id
from fakes import NOW
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from esmcfn import drift
from esmcfn.domain.drift import (
    Detection,
    Difference,
    EnvironmentDrift,
    NativeDrift,
    Reading,
    ResourceDrift,
    Side,
    StackDrift,
    StackResource,
    State,
    Unmanaged,
    UnmanagedEndpoint,
    Unread,
)
from esmcfn.domain.endpoint import ObservedEndpoint, ObservedVariant
from esmcfn.domain.plan import DeployedStack
from esmcfn.drift import hosting
from esmcfn.drift.masking import shown
from esmcfn.drift.readers import READERS, Reader
from esmcfn.template import synthesize, synthesize_all

OWN = a_stack(package="", container=a_container())
SHARED = a_base_stack(service_account=a_service_account())
IN_SYNC = NativeDrift(status="IN_SYNC")
TAGS = {"Project": "esm-partner", "esmcfn:environment": "dev", "esmcfn:model": "prototype_model"}


def deployed(stack) -> DeployedStack:
    return DeployedStack(
        name=stack.name, stack_id="arn", status="CREATE_COMPLETE", digest=synthesize(stack).digest, model=stack.model
    )


def resources(body) -> list[StackResource]:
    return [
        StackResource(logical_id=name, resource_type=written["Type"], physical_id=physical_id(name, written))
        for name, written in body["Resources"].items()
    ]


def subject(logical_id, *, of=OWN, body=None, native=IN_SYNC, failure="", **changes) -> drift.Subject:
    """A resource of a freshly deployed stack that CloudFormation finds in sync and our reader finds as deployed."""
    body = deepcopy(body or synthesize(of).body)
    every = drift.expected(body, resources(body), a_target())
    (resource,) = [each for each in resources(body) if each.logical_id == logical_id]
    expected = every.get(logical_id)
    made = drift.Subject(
        environment="dev",
        account="123456789012",
        stack=deployed(of),
        resource=resource,
        expected=expected,
        every=every,
        detection=Detection(drifts={logical_id: native} if native else {}, failure=failure),
        observed=an_endpoint() if logical_id == "Endpoint" else Reading(properties=dict(expected.properties)),
    )
    return replace(made, **changes)


def an_endpoint(**changes) -> ObservedEndpoint:
    names = synthesize(OWN).names
    made = ObservedEndpoint(
        name=names["Endpoint"],
        status="InService",
        config_name=names["EndpointConfig"],
        created_at=NOW,
        modified_at=NOW,
        variants=(a_running(),),
    )
    return replace(made, **changes)


def a_running(**changes) -> ObservedVariant:
    made = ObservedVariant(name="variant-1", desired_count=1, current_count=1, weight=1.0, desired_weight=1.0)
    return replace(made, **changes)


def observed(logical_id, *, of=OWN, **changes):
    """What our reader would find, with some properties otherwise."""
    wanted = subject(logical_id, of=of).expected.properties
    return Reading(properties={**wanted, **changes})


def found(judged: ResourceDrift) -> dict[str, tuple[str | None, str | None]]:
    return {each.path: (each.expected, each.observed) for each in judged.differences}


class TestNothingKnown:
    """Unchecked is never in sync."""

    @pytest.mark.parametrize("status", ["", "NOT_CHECKED", "UNKNOWN", "UNSUPPORTED", "SOMETHING_NEW"])
    def test_what_nobody_could_read_is_not_checked(self, status):
        native = NativeDrift(status=status) if status else None
        judged = drift.judge(subject("InvokeSecret", of=SHARED, native=native))
        assert (judged.state, judged.covered) == (State.NOT_CHECKED, False)
        assert "CloudFormation" in judged.why

    def test_why_cloudformation_could_not_is_in_its_own_words(self):
        native = NativeDrift(status="UNKNOWN", reason="no permission to read it")
        assert "no permission to read it" in drift.judge(subject("InvokeSecret", of=SHARED, native=native)).why
        assert "it failed" in drift.judge(subject("InvokeSecret", of=SHARED, native=None, failure="it failed")).why

    def test_what_we_may_not_read_is_not_checked_though_cloudformation_saw_its_properties(self):
        judged = drift.judge(subject("ExecutionRole", of=a_base_stack(), observed=Unread(why="denied")))
        assert (judged.state, judged.why, judged.checked_by) == (
            State.NOT_CHECKED,
            "denied",
            (Side.CLOUDFORMATION,),
        )

    def test_a_difference_is_told_though_the_rest_was_not_checked(self):
        native = NativeDrift(status="MODIFIED", differences=(Difference(path="Path", expected="/", observed="/a/"),))
        judged = drift.judge(subject("ExecutionRole", of=a_base_stack(), native=native, observed=Unread(why="denied")))
        assert (judged.state, judged.covered, found(judged)) == (State.DRIFTED, False, {"Path": ("/", "/a/")})

    def test_tags_that_nobody_could_read_are_not_checked(self):
        judged = drift.judge(subject("Model", native=None, unread_tags="denied"))
        assert (judged.state, judged.why) == (State.NOT_CHECKED, "denied")

    def test_an_endpoint_that_changes_is_not_judged_before_it_is_done(self):
        judged = drift.judge(subject("Endpoint", observed=an_endpoint(status="Updating")))
        assert judged.state is State.NOT_CHECKED
        assert "Updating" in judged.why

    def test_one_that_is_gone_and_there_at_once_is_not_checked(self):
        judged = drift.judge(subject("Model", native=NativeDrift(status="DELETED")))
        assert judged.state is State.NOT_CHECKED

    def test_a_value_that_only_cloudformation_can_work_out_is_not_checked_by_us(self):
        body = deepcopy(dict(synthesize(OWN).body))
        body["Resources"]["Model"]["Properties"]["ExecutionRoleArn"] = {"Fn::ImportValue": "role"}
        body["Resources"]["Model"]["Properties"]["Tags"] = {"Fn::If": ["a", [], []]}
        body["Resources"]["Model"]["Properties"]["SomethingNew"] = {"Fn::Sub": "${Elsewhere.Arn}"}
        body["Resources"]["Model"]["Properties"]["Another"] = {"Ref": "Parameter"}
        reading = Reading(properties={**observed("Model").properties, "ExecutionRoleArn": "another"}, tags={"a": "b"})
        assert drift.judge(subject("Model", body=body, observed=reading)).state is State.IN_SYNC
        judged = drift.judge(subject("Model", body=body, observed=reading, native=None))
        assert judged.state is State.NOT_CHECKED
        assert "ExecutionRoleArn" in judged.why
        assert "SomethingNew" in judged.why

    def test_a_resource_that_the_template_does_not_know_is_cloudformations_alone(self):
        one = subject("Model")
        assert drift.judge(replace(one, expected=None)).state is State.IN_SYNC
        assert drift.judge(replace(one, expected=None, detection=Detection())).state is State.NOT_CHECKED
        modified = Detection(drifts={"Model": NativeDrift(status="MODIFIED")})
        judged = drift.judge(replace(one, expected=None, detection=modified))
        assert (judged.state, judged.next_step) == (State.DRIFTED, "set it back by hand")

    def test_an_exempt_type_is_not_checked_and_lacks_nothing(self):
        readers = {"AWS::SecretsManager::Secret": Reader(exempt="it cannot be read by anybody")}
        judged = drift.judge(subject("InvokeSecret", of=SHARED, native=None), readers=readers)
        assert (judged.state, judged.covered, judged.why) == (
            State.NOT_CHECKED,
            True,
            "it cannot be read by anybody",
        )
        assert drift.judge(subject("InvokeSecret", of=SHARED), readers=readers).state is State.IN_SYNC


class TestMissing:
    @pytest.mark.parametrize("logical_id", ["Model", "EndpointConfig", "Endpoint"])
    def test_what_the_service_does_not_know_is_missing_with_the_way_back(self, logical_id):
        judged = drift.judge(subject(logical_id, observed=None))
        assert judged.state is State.MISSING
        assert judged.next_step

    @pytest.mark.parametrize("logical_id", ["InvokeAccessKey", "InvokeUser"])
    def test_so_is_a_user_and_its_key(self, logical_id):
        assert drift.judge(subject(logical_id, of=SHARED, observed=None)).state is State.MISSING

    def test_what_cloudformation_alone_reads_is_missing_by_its_word(self):
        judged = drift.judge(subject("InvokeSecret", of=SHARED, native=NativeDrift(status="DELETED")))
        assert (judged.state, judged.checked_by) == (State.MISSING, (Side.CLOUDFORMATION,))

    def test_an_endpoint_comes_back_by_parking_and_resuming(self):
        step = drift.judge(subject("Endpoint", observed=None)).next_step
        assert step.startswith("esmcfn park dev --model prototype_model, then esmcfn resume dev")


class TestEndpoint:
    def test_another_configuration_is_drift_and_its_numbers_are_its_own(self):
        other = an_endpoint(config_name="mine", variants=(a_running(desired_count=7),))
        judged = drift.judge(subject("Endpoint", observed=other))
        assert found(judged) == {"EndpointConfigName": (an_endpoint().config_name, "mine")}
        assert "update-endpoint " in judged.next_step

    def test_on_its_way_to_another_configuration(self):
        moving = an_endpoint(status="Updating", pending_config="mine")
        assert list(found(drift.judge(subject("Endpoint", observed=moving)))) == ["PendingEndpointConfigName"]

    def test_on_its_way_to_what_was_deployed_is_no_drift_but_not_checked(self):
        moving = an_endpoint(status="Updating", pending_config=an_endpoint().config_name)
        assert drift.judge(subject("Endpoint", observed=moving)).state is State.NOT_CHECKED

    @pytest.mark.parametrize("reason", ["", "no capacity"])
    def test_one_that_failed_is_drift_with_the_reason(self, reason):
        judged = drift.judge(subject("Endpoint", observed=an_endpoint(status="Failed", failure_reason=reason)))
        assert found(judged) == {"EndpointStatus": ("InService", f"Failed: {reason}" if reason else "Failed")}

    def test_a_stray_update_of_weights_and_capacities_is_drift_in_numbers(self):
        stray = an_endpoint(variants=(a_running(desired_count=3, desired_weight=0.5),))
        judged = drift.judge(subject("Endpoint", observed=stray))
        assert found(judged) == {
            "Variants/variant-1/DesiredInstanceCount": ("1", "3"),
            "Variants/variant-1/DesiredWeight": ("1", "0.5"),
        }
        assert "VariantName=variant-1,DesiredInstanceCount=1,DesiredWeight=1" in judged.next_step

    @pytest.mark.parametrize(
        "variants", [(), (a_running(desired_count=None, desired_weight=None),), (a_running(name="another"),)]
    )
    def test_numbers_that_sagemaker_does_not_tell_are_no_drift(self, variants):
        assert drift.judge(subject("Endpoint", observed=an_endpoint(variants=variants))).state is State.IN_SYNC

    @pytest.mark.parametrize(("count", "state"), [(1, State.IN_SYNC), (4, State.IN_SYNC), (5, State.DRIFTED)])
    def test_within_the_band_of_autoscaling_any_number_is_in_sync(self, count, state):
        body = deepcopy(dict(synthesize(OWN).body))
        name = an_endpoint().name
        body["Resources"]["Target"] = {
            "Type": hosting.SCALABLE_TARGET,
            "Properties": {"ResourceId": f"endpoint/{name}/variant/variant-1", "MinCapacity": 1, "MaxCapacity": 4},
        }
        body["Resources"]["Broken"] = {
            "Type": hosting.SCALABLE_TARGET,
            "Properties": {"ResourceId": f"endpoint/{name}/variant/variant-1", "MinCapacity": "some"},
        }
        running = an_endpoint(variants=(a_running(desired_count=count),))
        judged = drift.judge(subject("Endpoint", body=body, observed=running))
        assert judged.state is state
        if state is State.DRIFTED:
            assert found(judged) == {"Variants/variant-1/DesiredInstanceCount": ("1 to 4", "5")}
            assert "DesiredInstanceCount=1; to keep" in judged.next_step

    def test_without_its_configuration_in_the_template_numbers_are_not_compared(self):
        body = deepcopy(dict(synthesize(OWN).body))
        del body["Resources"]["EndpointConfig"]
        stray = an_endpoint(variants=(a_running(desired_count=3),))
        assert drift.judge(subject("Endpoint", body=body, observed=stray)).state is State.IN_SYNC

    def test_a_configuration_that_cannot_be_read_is_not_guessed_at(self):
        body = deepcopy(dict(synthesize(OWN).body))
        body["Resources"]["EndpointConfig"]["Properties"]["ProductionVariants"] = ["odd", {"VariantName": "variant-1"}]
        assert drift.judge(subject("Endpoint", body=body, observed=an_endpoint())).state is State.IN_SYNC

    def test_tags_are_compared_and_awss_own_are_not(self):
        tags = {**TAGS, "Project": "another", "Owner": "me", "aws:cloudformation:stack-name": "x"}
        del tags["esmcfn:model"]
        judged = drift.judge(subject("Endpoint", native=None, endpoint_tags=tags))
        assert found(judged) == {
            "Tags/Owner": (None, "me"),
            "Tags/Project": ("esm-partner", "another"),
            "Tags/esmcfn:model": ("prototype_model", None),
        }
        assert "tags" in judged.next_step


class TestHosting:
    def test_another_package_or_image_in_the_model_is_drift(self):
        other = {**observed("Model").properties["PrimaryContainer"], "Image": "another"}
        judged = drift.judge(subject("Model", observed=observed("Model", PrimaryContainer=other)))
        assert list(found(judged)) == ["PrimaryContainer/Image"]
        package = subject("Model", of=a_stack())
        changed = Reading(
            properties={**package.expected.properties, "PrimaryContainer": {"ModelPackageName": "another"}}
        )
        assert list(found(drift.judge(replace(package, observed=changed)))) == ["PrimaryContainer/ModelPackageName"]

    def test_what_awss_side_fills_in_is_no_drift(self):
        model = {**observed("Model").properties, "Containers": [], "CreationTime": NOW, "ModelArn": "arn"}
        model["PrimaryContainer"] = {**model["PrimaryContainer"], "Mode": "SingleModel", "ImageConfig": {}}
        assert drift.judge(subject("Model", observed=Reading(properties=model))).state is State.IN_SYNC
        config = {**observed("EndpointConfig").properties, "EnableNetworkIsolation": False, "MetricsConfig": {"a": 1}}
        (variant,) = config["ProductionVariants"]
        config["ProductionVariants"] = [{**variant, "InitialVariantWeight": 1.0, "AcceleratorType": "none"}]
        assert drift.judge(subject("EndpointConfig", observed=Reading(properties=config))).state is State.IN_SYNC

    def test_what_sagemaker_takes_from_a_package_is_no_drift(self):
        package = subject("Model", of=a_stack())
        container = {
            **package.expected.properties["PrimaryContainer"],
            "Image": "of the seller",
            "Environment": {"A": "b"},
        }
        reading = Reading(properties={**package.expected.properties, "PrimaryContainer": container})
        assert drift.judge(replace(package, observed=reading)).state is State.IN_SYNC

    def test_a_variable_of_the_container_that_was_added_or_changed_is_drift_and_never_shown(self):
        own = observed("Model").properties["PrimaryContainer"]
        changed = {**own, "Environment": {"LOG_LEVEL": "debug", "TOKEN": "very secret"}}
        judged = drift.judge(subject("Model", observed=observed("Model", PrimaryContainer=changed)))
        assert list(found(judged)) == ["PrimaryContainer/Environment/LOG_LEVEL", "PrimaryContainer/Environment/TOKEN"]
        assert "very secret" not in repr(judged)
        assert "debug" not in repr(judged)

    def test_capturing_that_nobody_deployed_is_drift(self):
        reading = observed("EndpointConfig", DataCaptureConfig={"EnableCapture": True})
        assert list(found(drift.judge(subject("EndpointConfig", observed=reading)))) == ["DataCaptureConfig"]

    def test_variants_are_compared_by_name(self):
        (variant,) = observed("EndpointConfig").properties["ProductionVariants"]
        bigger = {**variant, "InstanceType": "ml.g5.48xlarge", "ServerlessConfig": {"MaxConcurrency": 1}}
        reading = observed("EndpointConfig", ProductionVariants=["odd", {"VariantName": "b"}, bigger])
        judged = drift.judge(subject("EndpointConfig", observed=reading))
        assert list(found(judged)) == [
            "ProductionVariants/0",
            "ProductionVariants/b",
            "ProductionVariants/variant-1/InstanceType",
            "ProductionVariants/variant-1/ServerlessConfig",
        ]

    def test_a_written_default_that_is_not_told_is_no_drift(self):
        (variant,) = observed("EndpointConfig").properties["ProductionVariants"]
        quiet = {key: value for key, value in variant.items() if key != "InitialVariantWeight"}
        reading = observed("EndpointConfig", ProductionVariants=[quiet])
        assert drift.judge(subject("EndpointConfig", observed=reading)).state is State.IN_SYNC

    def test_nothing_and_something_empty_are_the_same(self):
        body = deepcopy(dict(synthesize(OWN).body))
        body["Resources"]["Model"]["Properties"]["VpcConfig"] = {}
        body["Resources"]["EndpointConfig"]["Properties"]["ProductionVariants"] = ["odd", {"VariantName": "b"}]
        reading = observed("EndpointConfig", ProductionVariants=["odd", {"VariantName": "b", "ServerlessConfig": {}}])
        assert drift.judge(subject("EndpointConfig", body=body, observed=reading)).state is State.IN_SYNC
        assert drift.judge(subject("Model", body=body, observed=observed("Model"))).state is State.IN_SYNC

    def test_a_secret_that_cloudformation_finds_otherwise_is_drift(self):
        change = Difference(path="SecretString", expected="{}", observed='{"secret_access_key":"very secret"}')
        native = NativeDrift(status="MODIFIED", differences=(change,))
        judged = drift.judge(subject("InvokeSecret", of=SHARED, native=native))
        assert judged.state is State.DRIFTED
        assert judged.next_step.startswith("set it back by hand")
        assert "very secret" not in repr(judged)

    def test_numbers_and_their_digits_and_truth_and_its_word_are_the_same(self):
        body = deepcopy(dict(synthesize(OWN).body))
        (variant,) = body["Resources"]["EndpointConfig"]["Properties"]["ProductionVariants"]
        variant["InitialInstanceCount"] = "1"
        body["Resources"]["Model"]["Properties"]["EnableNetworkIsolation"] = "true"
        reading = observed("EndpointConfig")
        assert drift.judge(subject("EndpointConfig", body=body, observed=reading)).state is State.IN_SYNC
        assert drift.judge(subject("Model", body=body, observed=observed("Model"))).state is State.IN_SYNC

    def test_where_both_sides_speak_of_a_property_ours_names_its_parts(self):
        native = NativeDrift(
            status="MODIFIED",
            differences=(
                Difference(path="PrimaryContainer", expected="{}", observed='{"Image":"another"}'),
                Difference(path="VpcConfig", expected="[no json", observed=None),
            ),
        )
        other = {**observed("Model").properties["PrimaryContainer"], "Image": "another"}
        judged = drift.judge(subject("Model", native=native, observed=observed("Model", PrimaryContainer=other)))
        assert list(found(judged)) == ["PrimaryContainer/Image", "VpcConfig"]
        assert judged.checked_by == (Side.CLOUDFORMATION, Side.ESMCFN)


class TestAccess:
    ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"

    def role(self, **changes):
        return drift.judge(
            subject(
                "ExecutionRole", of=a_base_stack(), observed=observed("ExecutionRole", of=a_base_stack(), **changes)
            )
        )

    def user(self, **changes):
        return drift.judge(subject("InvokeUser", of=SHARED, observed=observed("InvokeUser", of=SHARED, **changes)))

    def test_a_policy_attached_by_hand_is_drift_with_the_command_that_detaches_it(self):
        judged = self.role(ManagedPolicyArns=[self.ADMIN])
        assert found(judged) == {f"ManagedPolicyArns/{self.ADMIN}": (None, self.ADMIN)}
        assert judged.next_step == (
            f"aws iam detach-role-policy --role-name esm-sagemaker-exec-dev --policy-arn {self.ADMIN}"
        )

    def test_an_inline_policy_and_a_boundary_that_nobody_deployed_are_drift(self):
        policies = [*observed("ExecutionRole", of=a_base_stack()).properties["Policies"], {"PolicyName": "by-hand"}]
        judged = self.role(Policies=policies, PermissionsBoundary=self.ADMIN)
        assert list(found(judged)) == ["PermissionsBoundary", "Policies/by-hand"]
        assert "delete-role-policy" in judged.next_step

    def test_a_policy_document_is_compared_by_what_it_means(self):
        (policy,) = observed("ExecutionRole", of=a_base_stack()).properties["Policies"]
        document = deepcopy(policy["PolicyDocument"])
        document["Statement"][0]["Action"].reverse()
        document["Statement"][1]["Action"] = [document["Statement"][1]["Action"]]
        assert self.role(Policies=[{**policy, "PolicyDocument": document}]).state is State.IN_SYNC
        document["Statement"][1]["Action"] = "*"
        judged = self.role(Policies=[{**policy, "PolicyDocument": document}])
        assert list(found(judged)) == ["Policies/run-models/PolicyDocument"]

    @pytest.mark.parametrize("document", ["no json", '{"Statement": {"Action": "*"}}', None])
    def test_another_trust_is_drift_in_whatever_form_it_comes(self, document):
        assert self.role(AssumeRolePolicyDocument=document).state is State.DRIFTED

    def test_a_users_extra_keys_groups_password_and_policies_are_drift(self):
        keys = observed("InvokeUser", of=SHARED).properties["AccessKeys"]
        judged = self.user(AccessKeys=[*keys, "another"], Groups=["admins"], Console="has a password")
        assert found(judged) == {
            "AccessKeys/another": (None, "another"),
            "Console": (None, "has a password"),
            "Groups/admins": (None, "admins"),
        }
        assert judged.next_step.count("aws iam") == 3

    def test_a_policy_that_was_taken_away_is_attached_again(self):
        judged = self.user(ManagedPolicyArns=[], Path="/elsewhere/")
        assert "aws iam attach-user-policy" in judged.next_step
        assert judged.differences[0].observed is None

    def test_a_policy_attached_to_others_is_drift(self):
        wanted = observed("InvokePolicy", of=SHARED).properties["AttachedTo"]
        assert wanted == ["user/esm-shared-invoke-dev"]
        reading = observed("InvokePolicy", of=SHARED, AttachedTo=[*wanted, "role/another"])
        judged = drift.judge(subject("InvokePolicy", of=SHARED, observed=reading))
        assert found(judged) == {"AttachedTo/role/another": (None, "role/another")}
        assert judged.next_step.startswith("set policy")

    def test_a_policy_may_name_whom_it_is_for_itself(self):
        body = deepcopy(dict(synthesize(SHARED).body))
        body["Resources"]["InvokePolicy"]["Properties"]["Roles"] = ["a-role"]
        judged = drift.judge(subject("InvokePolicy", of=SHARED, body=body))
        assert judged.state is State.IN_SYNC

    def test_a_key_that_was_switched_off_is_drift(self):
        reading = observed("InvokeAccessKey", of=SHARED, Status="Inactive")
        judged = drift.judge(subject("InvokeAccessKey", of=SHARED, native=None, observed=reading))
        assert found(judged) == {"Status": ("Active", "Inactive")}
        assert "update-access-key" in judged.next_step

    def test_a_key_is_in_sync_by_our_word_alone(self):
        judged = drift.judge(subject("InvokeAccessKey", of=SHARED, native=NativeDrift(status="UNSUPPORTED")))
        assert (judged.state, judged.checked_by, judged.covered) == (State.IN_SYNC, (Side.ESMCFN,), True)

    def test_tags_of_a_role_come_with_it(self):
        role = subject("ExecutionRole", of=a_base_stack())
        reading = replace(role.observed, tags={"Project": "esm-partner", "esmcfn:environment": "prod"})
        judged = drift.judge(replace(role, observed=reading))
        assert found(judged) == {"Tags/esmcfn:environment": ("dev", "prod")}
        assert judged.next_step.startswith("set the tags back")


class TestTemplate:
    def test_one_that_somebody_wrote_by_hand_is_drift_of_the_stack(self):
        stack = deployed(OWN)
        assert drift.judge_template(stack, stack.digest, environment="dev") is None
        judged = drift.judge_template(stack, "sha256:other", environment="dev")
        assert (judged.state, judged.differences[0].observed) == (State.DRIFTED, "sha256:other")
        assert "not JSON" in drift.judge_template(stack, None, environment="dev").differences[0].observed

    def test_another_digest_than_the_files_make_is_not_deployed_yet_and_no_drift(self):
        stack = deployed(OWN)
        (note,) = drift.stack_notes(stack, environment="dev", wanted_digest="sha256:new", failure="")
        assert note.startswith("not deployed yet")
        assert not list(drift.stack_notes(stack, environment="dev", wanted_digest=stack.digest, failure=""))
        (note,) = drift.stack_notes(None, environment="dev", wanted_digest="sha256:new", failure="")
        assert note.startswith("not deployed:")
        notes = list(drift.stack_notes(stack, environment="dev", wanted_digest=None, failure="busy"))
        assert notes[0].startswith("selected no more")
        assert notes[1].endswith("busy")

    @pytest.mark.parametrize("body", [None, {}, {"Resources": []}, {"Resources": {"Model": "odd"}}])
    def test_a_template_that_is_none_of_ours_says_nothing(self, body):
        assert drift.expected(body, resources(synthesize(OWN).body), a_target()) == {}

    def test_a_resource_without_properties_has_none(self):
        body = {"Resources": {"Model": {"Type": "AWS::SageMaker::Model"}}}
        (found,) = drift.expected(body, resources(synthesize(OWN).body), a_target()).values()
        assert (found.properties, found.tags) == ({}, {})
        assert found.name == synthesize(OWN).names["Model"].lower()


class TestMasking:
    def test_the_same_value_has_the_same_hash_and_another_one_has_another(self):
        one, again, other, elsewhere = (
            shown("PrimaryContainer/Environment/A", value, salt=salt)
            for value, salt in (("x", "s"), ("x", "s"), ("y", "s"), ("x", "t"))
        )
        assert one == again
        assert len({one, other, elsewhere}) == 3
        assert one.startswith("(hidden, hash ")

    def test_what_is_inside_of_json_is_masked_too(self):
        text = shown("PrimaryContainer", '{"Environment":{"A":"very secret"},"Image":"i","N":[true,null]}', salt="s")
        assert "very secret" not in text
        assert '"Image":"i"' in text

    def test_tags_are_for_everybody_to_read(self):
        assert shown("Tags/Environment", "dev", salt="s") == "dev"
        assert shown("Description", "{not json", salt="s") == "{not json"
        assert shown("Description", None, salt="s") is None

    @given(st.text(min_size=1).filter(lambda text: len(text) > 8 and text not in "(hidden, hash 0123456789abcdef)"))
    def test_no_value_of_a_variable_is_ever_repeated(self, value):
        masked = shown("PrimaryContainer/Environment", {"NAME": value, "LIST": [value]}, salt="s")
        assert value not in masked


class TestReaders:
    """The table is whole, and a fresh deployment of anything is in sync by it."""

    STACKS = (OWN, a_stack(), a_stack(parked=True), SHARED, a_base_stack())

    @pytest.mark.parametrize("stack", STACKS)
    def test_every_type_that_esmcfn_emits_has_a_line(self, stack):
        for resource in resources(synthesize(stack).body):
            reader = READERS.get(resource.resource_type)
            assert reader is not None, f"say in drift/readers.py who compares {resource.resource_type}"

    @pytest.mark.parametrize("stack", STACKS)
    def test_whatever_is_written_is_compared_by_us_or_said_not_to_be(self, stack):
        for name, written in synthesize(stack).body["Resources"].items():
            reader = READERS[written["Type"]]
            if reader.ours:
                rest = set(written["Properties"]) - reader.read - {"Tags", *reader.not_compared}
                assert not rest, f"{name}: nobody but CloudFormation compares {rest}"

    @pytest.mark.parametrize("stack", STACKS)
    def test_tags_are_asked_for_only_where_cloudformation_did_not_find_all_in_sync(self, stack):
        for resource in resources(synthesize(stack).body):
            reader = READERS[resource.resource_type]
            assert drift.wants_tags(resource, Detection()) == reader.tagged
            assert not drift.wants_tags(resource, Detection(drifts={resource.logical_id: IN_SYNC}))


class TestUnmanaged:
    CONFIG = {"ProductionVariants": [{"VariantName": "variant-1", "InstanceType": "ml.g5.xlarge"}]}

    def test_what_runs_is_counted_and_what_failed_runs_nothing(self):
        assert hosting.instances(self.CONFIG, an_endpoint()) == (("ml.g5.xlarge", 1),)
        failed = an_endpoint(status="Failed", variants=())
        assert hosting.instances(self.CONFIG, failed) == (("ml.g5.xlarge", 0),)

    @pytest.mark.parametrize(
        ("config", "endpoint"),
        [
            (None, an_endpoint()),
            (CONFIG, None),
            (CONFIG, an_endpoint(variants=())),
            ({"ProductionVariants": [{"VariantName": "variant-1"}]}, an_endpoint()),
            ({"ProductionVariants": "odd"}, an_endpoint()),
        ],
    )
    def test_what_nobody_can_count_is_unknown_and_not_zero(self, config, endpoint):
        assert hosting.instances(config, endpoint) is None


def a_drift(*resources: ResourceDrift, **changes) -> EnvironmentDrift:
    made = EnvironmentDrift(
        environment="dev",
        account="123456789012",
        region="us-east-2",
        as_of=NOW,
        stacks=(StackDrift(name="esm-dev", model=None, deployed=None, selected=True, resources=resources),),
        unmanaged=Unmanaged(),
    )
    return replace(made, **changes)


def test_incomplete_coverage_is_news_only_when_strict():
    judged = drift.judge(subject("InvokeSecret", of=SHARED, native=None))
    assert (a_drift(judged).complete, a_drift(judged).bad) == (False, False)
    assert a_drift(judged, strict=True).bad
    unread = a_drift(unmanaged=Unmanaged(unread="denied"))
    assert (unread.complete, replace(unread, strict=True).bad) == (False, True)


def test_what_is_dear_or_of_unknown_price_comes_first():
    def one(name, usd):
        return UnmanagedEndpoint(
            name=name, status="InService", created_at=NOW, tags=None, instances=None, monthly_usd=usd
        )

    ordered = hosting.sorted_endpoints([one("a", 1), one("b", 2), one("c", None)])
    assert [each.name for each in ordered] == ["c", "b", "a"]


def test_every_stack_of_a_selection_is_in_sync_with_itself():
    from builders import a_selection

    for template in synthesize_all(a_selection(OWN, base=SHARED)):
        for logical_id in template.body["Resources"]:
            assert drift.judge(subject(logical_id, of=template.stack)).state is State.IN_SYNC, logical_id
