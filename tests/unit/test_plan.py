"""What a change is, and what it means for callers: never less than the truth, never silent."""

from __future__ import annotations

import pytest
from builders import a_base_stack, a_service_account, a_stack, a_variant
from msgspec.structs import replace

from esmcfn.domain.changeset import ChangeSet, ProposedChange, ProposedProperty
from esmcfn.domain.plan import Action, Change, Impact, PropertyChange, StackAction
from esmcfn.plan import compare, reconcile, removal, stack_plan
from esmcfn.plan.impact import assessed
from esmcfn.template import synthesize

BEFORE = synthesize(a_stack())
BIGGER = synthesize(a_stack(variant=a_variant(instance_type="ml.g5.4xlarge")))


def by_id(changes):
    return {change.logical_id: change for change in changes}


def a_change_set(*changes: ProposedChange, empty: bool = False, warnings: tuple[str, ...] = ()) -> ChangeSet:
    return ChangeSet(
        arn="arn:aws:cloudformation:us-east-2:123456789012:changeSet/c/1",
        name="c",
        stack_name="esm-dev-prototype-model",
        stack_id="arn:aws:cloudformation:us-east-2:123456789012:stack/esm-dev-prototype-model/1",
        new_stack=False,
        empty=empty,
        changes=changes,
        warnings=warnings,
    )


def a_proposed(logical_id: str, action: str = "Modify", replacement: str = "False", **changes) -> ProposedChange:
    return ProposedChange(
        logical_id=logical_id,
        resource_type="AWS::SageMaker::Endpoint",
        physical_id="arn:physical",
        action=action,
        replacement=replacement,
        **changes,
    )


def a_change(resource_type: str = "AWS::SageMaker::Endpoint", action: Action = Action.MODIFY, *paths: str) -> Change:
    return Change(
        action=action,
        logical_id="R",
        resource_type=resource_type,
        physical_id="name",
        impact=Impact.UNKNOWN,
        properties=tuple(PropertyChange(path=path, before="a", after="b") for path in paths),
    )


class TestCompare:
    def test_the_same_template_differs_in_nothing(self):
        assert compare(BEFORE, BEFORE.body) == ()

    def test_everything_is_added_where_nothing_is_deployed(self):
        changes = compare(BEFORE, None)
        assert {change.logical_id for change in changes} == {"Model", "EndpointConfig", "Endpoint"}
        assert {change.action for change in changes} == {Action.ADD}

    def test_another_instance_type_keeps_the_model_replaces_the_configuration_and_updates_the_endpoint(self):
        changes = by_id(compare(BIGGER, BEFORE.body))
        assert set(changes) == {"EndpointConfig", "Endpoint"}
        assert changes["EndpointConfig"].action is Action.REPLACE
        assert changes["Endpoint"].action is Action.MODIFY
        (moved,) = changes["Endpoint"].properties
        assert (moved.path, moved.before, moved.after) == (
            "EndpointConfigName",
            BEFORE.names["EndpointConfig"],
            BIGGER.names["EndpointConfig"],
        )

    def test_a_property_shows_its_values_and_the_line_that_caused_it(self):
        properties = {
            change.path: change for change in by_id(compare(BIGGER, BEFORE.body))["EndpointConfig"].properties
        }
        changed = properties["ProductionVariants/0/InstanceType"]
        assert (changed.before, changed.after, changed.replaces) == ("ml.g5.2xlarge", "ml.g5.4xlarge", True)
        assert changed.origin is not None
        assert (changed.origin.path, changed.origin.line) == ("environments/dev.yaml", 11)

    def test_tags_are_compared_by_key(self):
        tagged = synthesize(a_stack(tags={**a_stack().tags, "Aardvark": "first"}))
        for change in compare(tagged, BEFORE.body):
            assert [(each.path, each.before, each.after) for each in change.properties] == [
                ("Tags/Aardvark", None, "first")
            ]
            assert change.action is Action.MODIFY

    def test_parking_deletes_the_endpoint_alone(self):
        (change,) = compare(synthesize(a_stack(parked=True)), BEFORE.body)
        assert (change.action, change.logical_id) == (Action.DELETE, "Endpoint")
        assert change.physical_id == BEFORE.names["Endpoint"]

    def test_another_type_under_the_same_logical_id_is_a_replacement(self):
        body = {"Resources": {"Model": {"Type": "AWS::SNS::Topic", "Properties": {}}}}
        assert by_id(compare(BEFORE, body))["Model"].action is Action.REPLACE

    def test_a_hand_made_template_without_resources_hides_nothing(self):
        assert len(compare(BEFORE, {"Resources": ["nonsense"]})) == 3

    def test_true_and_one_are_not_the_same(self):
        body = {**BEFORE.body}
        resources = {key: {**value, "Properties": {**value["Properties"]}} for key, value in body["Resources"].items()}
        resources["Model"]["Properties"]["EnableNetworkIsolation"] = 1
        (change,) = compare(BEFORE, {**body, "Resources": resources})
        assert change.properties[0].before == "1"
        assert change.properties[0].after == "true"

    def test_a_stack_that_goes_lists_every_resource(self):
        assert {change.action for change in removal(BEFORE.body)} == {Action.DELETE}
        assert len(removal(BEFORE.body)) == 3


class TestReconcile:
    def test_where_both_agree_nothing_is_unexplained_and_cloudformations_id_is_shown(self):
        ours = compare(BIGGER, BEFORE.body)
        theirs = a_change_set(a_proposed("Endpoint"), a_proposed("EndpointConfig", replacement="True"))
        joined = by_id(reconcile(ours, theirs))
        assert all(not change.unexplained for change in joined.values())
        assert joined["Endpoint"].physical_id == "arn:physical"

    def test_a_change_that_cloudformation_does_not_list_is_kept_and_said_so(self):
        joined = reconcile(compare(BIGGER, BEFORE.body), a_change_set(a_proposed("Endpoint")))
        assert "does not list" in by_id(joined)["EndpointConfig"].unexplained

    def test_a_change_that_only_cloudformation_lists_is_kept_and_said_so(self):
        (only,) = reconcile((), a_change_set(a_proposed("Model", "Remove", "")))
        assert only.action is Action.DELETE
        assert "do not differ" in only.unexplained

    def test_a_change_that_follows_another_resource_is_explained(self):
        detail = ProposedProperty(
            path="Properties/SecretString",
            before=None,
            after=None,
            recreation="Never",
            dynamic=True,
            cause="Key",
        )
        (follows,) = reconcile((), a_change_set(a_proposed("InvokeSecret", properties=(detail,))))
        assert not follows.unexplained
        assert follows.properties[0].after == "(follows Key)"

    def test_conditional_is_shown_as_a_replacement_of_unknown_impact(self):
        ours = (a_change("AWS::SageMaker::Endpoint", Action.MODIFY, "Tags/a"),)
        (joined,) = reconcile(ours, a_change_set(a_proposed("R", replacement="Conditional")))
        assert joined.action is Action.REPLACE
        assert assessed(joined).impact is Impact.UNKNOWN

    @pytest.mark.parametrize("word", ["Import", "Dynamic", "SomethingNew"])
    def test_a_word_that_we_do_not_know_is_never_dropped(self, word):
        (joined,) = reconcile((), a_change_set(a_proposed("R", word, "")))
        assert word in joined.unexplained

    def test_a_replacement_word_that_we_do_not_know_is_shown_as_a_replacement(self):
        ours = (a_change("AWS::SageMaker::Endpoint", Action.MODIFY, "Tags/a"),)
        (joined,) = reconcile(ours, a_change_set(a_proposed("R", replacement="Perhaps")))
        assert joined.action is Action.REPLACE
        assert "Perhaps" in joined.unexplained

    def test_where_they_disagree_the_more_destructive_one_is_shown(self):
        ours = (a_change("AWS::SageMaker::Endpoint", Action.REPLACE, "EndpointName"),)
        (joined,) = reconcile(ours, a_change_set(a_proposed("R", replacement="False")))
        assert joined.action is Action.REPLACE
        assert "CloudFormation says modify" in joined.unexplained


class TestImpact:
    @pytest.mark.parametrize(
        ("resource_type", "action", "paths", "impact"),
        [
            ("AWS::SageMaker::Endpoint", Action.ADD, (), Impact.NONE),
            ("AWS::SageMaker::Endpoint", Action.MODIFY, ("EndpointConfigName",), Impact.BLUE_GREEN),
            ("AWS::SageMaker::Endpoint", Action.MODIFY, ("Tags/Team",), Impact.NONE),
            ("AWS::SageMaker::Endpoint", Action.MODIFY, ("DeploymentConfig",), Impact.IN_PLACE),
            ("AWS::SageMaker::Endpoint", Action.REPLACE, ("EndpointName",), Impact.REPLACES),
            ("AWS::SageMaker::Endpoint", Action.DELETE, (), Impact.DELETES),
            ("AWS::SageMaker::EndpointConfig", Action.REPLACE, ("ProductionVariants",), Impact.NONE),
            ("AWS::SageMaker::Model", Action.DELETE, (), Impact.NONE),
            ("AWS::SageMaker::Model", Action.ADD, (), Impact.NONE),
            ("AWS::SageMaker::Model", Action.MODIFY, ("Tags/Team",), Impact.NONE),
            ("AWS::IAM::Role", Action.ADD, (), Impact.NONE),
            ("AWS::IAM::Role", Action.MODIFY, ("Policies",), Impact.IN_PLACE),
            ("AWS::IAM::Role", Action.REPLACE, ("RoleName",), Impact.REPLACES),
            ("AWS::IAM::Role", Action.DELETE, (), Impact.DELETES),
            ("AWS::IAM::AccessKey", Action.ADD, (), Impact.NONE),
            ("AWS::IAM::AccessKey", Action.MODIFY, ("Status",), Impact.IN_PLACE),
            ("AWS::IAM::AccessKey", Action.REPLACE, ("Serial",), Impact.REPLACES),
            ("AWS::IAM::User", Action.DELETE, (), Impact.DELETES),
            ("AWS::Unknown::Thing", Action.ADD, (), Impact.NONE),
            ("AWS::Unknown::Thing", Action.MODIFY, ("P",), Impact.UNKNOWN),
            ("AWS::Unknown::Thing", Action.DELETE, (), Impact.UNKNOWN),
        ],
    )
    def test_what_a_change_does_to_callers(self, resource_type, action, paths, impact):
        judged = assessed(a_change(resource_type, action, *paths))
        assert judged.impact is impact
        assert judged.meaning

    def test_an_unexplained_change_is_never_called_harmless(self):
        change = replace(a_change("AWS::SageMaker::Model", Action.ADD), unexplained="odd")
        assert assessed(change).impact is Impact.UNKNOWN


class TestStackPlan:
    def test_outputs_alone_update_a_stack_without_a_change(self):
        body = {**BEFORE.body, "Outputs": {}}
        made = stack_plan(BEFORE, a_deployed(), body=body, change_set=a_change_set())
        assert made.action is StackAction.UPDATE
        assert made.changes == ()
        names = "EndpointConfigName, EndpointName, EndpointUrl, ForgeModelName"
        assert made.notes == (f"the stack's Outputs change: {names}",)

    def test_an_empty_change_set_and_equal_templates_are_nothing_to_do(self):
        made = stack_plan(BEFORE, a_deployed(), body=BEFORE.body, change_set=a_change_set(empty=True))
        assert made.action is StackAction.UNCHANGED
        assert made.change_set_id is None

    def test_an_empty_change_set_over_templates_that_differ_is_not_believed(self):
        made = stack_plan(BIGGER, a_deployed(), body=BEFORE.body, change_set=a_change_set(empty=True))
        assert made.action is StackAction.UPDATE
        assert {change.impact for change in made.changes} == {Impact.UNKNOWN}

    def test_what_early_validation_warns_of_is_a_note(self):
        made = stack_plan(
            BIGGER,
            a_deployed(),
            body=BEFORE.body,
            change_set=a_change_set(a_proposed("Endpoint"), warnings=("quota",)),
        )
        assert "CloudFormation warns: quota" in made.notes

    def test_a_deployed_template_that_is_not_ours_shows_cloudformations_view_alone(self):
        made = stack_plan(BEFORE, a_deployed(), body=None, change_set=a_change_set(a_proposed("Model", "Remove", "")))
        assert [change.logical_id for change in made.changes] == ["Model"]
        assert any("changed by hand" in note for note in made.notes)

    def test_an_attribute_that_changes_no_resource_is_a_note(self):
        resources = {**BEFORE.body["Resources"]}
        resources["Endpoint"] = {**resources["Endpoint"], "DependsOn": "Model"}
        made = stack_plan(BEFORE, a_deployed(), body={**BEFORE.body, "Resources": resources}, change_set=None)
        assert made.changes == ()
        assert made.notes == ("Endpoint: DependsOn change; nothing happens to the resource itself",)

    def test_the_shared_service_account_adds_five_resources_to_the_base_stack(self):
        template = synthesize(a_base_stack(service_account=a_service_account()))
        assert len(stack_plan(template, None, body=None, change_set=None).changes) == 5


def a_deployed(status: str = "CREATE_COMPLETE"):
    from esmcfn.domain.deployed import DeployedStack

    return DeployedStack(
        name="esm-dev-prototype-model",
        stack_id="arn:aws:cloudformation:us-east-2:123456789012:stack/esm-dev-prototype-model/1",
        status=status,
        digest="",
        model="prototype_model",
    )
