"""Deployed against observed: what is drift, what is not, and what nobody could tell. The pure room."""

from __future__ import annotations

from copy import deepcopy

import pytest
from builders import a_base_stack, a_stack
from fakes import NOW
from msgspec.structs import replace
from subjects import ALONE, OWN, SHARED, TAGS, a_running, an_endpoint, found, observed, subject

from esmcfn import drift
from esmcfn.domain.drift import (
    Detection,
    Difference,
    NativeDrift,
    Reading,
    Side,
    State,
    Unread,
)
from esmcfn.drift import hosting
from esmcfn.drift.readers import Reader
from esmcfn.template import synthesize


class TestNothingKnown:
    """Unchecked is never in sync."""

    @pytest.mark.parametrize("status", ["", "NOT_CHECKED", "UNKNOWN", "UNSUPPORTED", "SOMETHING_NEW"])
    def test_what_nobody_could_read_is_not_checked(self, status):
        native = NativeDrift(status=status) if status else None
        judged = drift.judge(subject("Bucket", body=ALONE, native=native))
        assert (judged.state, judged.covered) == (State.NOT_CHECKED, False)
        assert "CloudFormation" in judged.why

    def test_why_cloudformation_could_not_is_in_its_own_words(self):
        native = NativeDrift(status="UNKNOWN", reason="no permission to read it")
        assert "no permission to read it" in drift.judge(subject("Bucket", body=ALONE, native=native)).why
        assert "it failed" in drift.judge(subject("Bucket", body=ALONE, native=None, failure="it failed")).why

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
        judged = drift.judge(subject("Bucket", body=ALONE, native=NativeDrift(status="DELETED")))
        assert (judged.state, judged.checked_by) == (State.MISSING, (Side.CLOUDFORMATION,))

    @pytest.mark.parametrize("logical_id", ["Model", "EndpointConfig"])
    def test_of_a_parked_model_nothing_is_said_to_run_on(self, logical_id):
        parked = subject(logical_id, observed=None, of=replace(OWN, parked=True))
        step = drift.judge(parked).next_step
        assert "what runs goes on" not in step
        assert step.endswith("which resume needs; prototype_model is parked, so that nothing runs with it")
        assert "what runs goes on" in drift.judge(subject(logical_id, observed=None)).next_step

    def test_an_endpoint_comes_back_by_reverting_or_by_parking_and_resuming(self):
        step = drift.judge(subject("Endpoint", observed=None)).next_step
        assert step.startswith("esmcfn deploy dev --model prototype_model --revert-drift makes it again")
        assert "esmcfn park dev --model prototype_model and then esmcfn resume dev" in step


class TestMadeAnew:
    @pytest.mark.parametrize(
        ("logical_id", "changed", "removing"),
        [
            ("Model", {"EnableNetworkIsolation": False}, "aws sagemaker delete-model --model-name"),
            ("EndpointConfig", {"KmsKeyId": "k"}, "aws sagemaker delete-endpoint-config --endpoint-config-name"),
        ],
    )
    def test_the_way_back_is_commands_with_names(self, logical_id, changed, removing):
        read = {**observed(logical_id).properties, **changed}
        judged = drift.judge(subject(logical_id, observed=Reading(properties=read, tags=TAGS)))
        assert judged.state is State.DRIFTED
        again = "esmcfn deploy dev --model prototype_model --revert-drift makes it again"
        assert f"{removing} {judged.name}, and then {again}" in judged.next_step


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
        assert judged.next_step.startswith("esmcfn deploy dev --revert-drift puts it back")
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
