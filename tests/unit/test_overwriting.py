"""What a deployment would do to what drifted: seen through the plan, with the services in dicts."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from builders import a_base_stack, a_project, a_service_account, a_stack, a_variant
from fakes import a_world
from msgspec.structs import replace
from overwritten import BIGGER, CONFIG, COUNT, MODEL, NAMES, ONE, Account, fates, plan_of, selection
from subjects import SHARED, subject

from esmcfn import documents
from esmcfn.domain.budget import BudgetNotice, MonthlyBudget
from esmcfn.domain.drift import Detection, Difference, NativeDrift, State
from esmcfn.domain.hosting import AlarmTopic
from esmcfn.domain.overwriting import Fate
from esmcfn.domain.plan import Action, Change, Impact, PropertyChange
from esmcfn.drift.overwriting import Built, planned_drift
from esmcfn.errors import AccessDenied, CloudError, ExitCode
from esmcfn.render import render
from esmcfn.template import synthesize
from esmcfn.verbs.deploy.deploying import Wishes, deploy


@pytest.fixture
def account():
    return Account()


class TestUnseen:
    @pytest.mark.parametrize(
        "error", [AccessDenied("missing permission: x:Y"), CloudError("no answer", transient=True)]
    )
    @pytest.mark.parametrize("where", [CONFIG, "tags", "resources"])
    def test_what_cannot_be_read_is_not_checked_and_the_plan_goes_on(self, account, where, error):
        port = account.detections if where == "resources" else account.observers
        port.fail[where] = error
        report = account.plan()
        assert report.exit_code is ExitCode.DONE
        drift = report.body.stacks[1].drift
        assert drift.state is State.NOT_CHECKED
        assert error.message in json.dumps(documents.plan(report.body)["stacks"][1]["drift"])

    def test_a_stack_that_is_stuck_is_not_checked(self, account):
        account.stacks.change(MODEL, status="UPDATE_ROLLBACK_FAILED")
        drift = account.drift()
        assert (drift.state, drift.resources) == (State.NOT_CHECKED, 0)
        assert "stuck" in drift.why

    def test_what_only_cloudformation_compares_is_not_in_sync_until_it_is_asked(self):
        shared = replace(ONE, base=a_base_stack(service_account=a_service_account()))
        there = Account(shared)
        there.writes("esm-dev", "InvokeSecret", Type="API")
        base = a_base_stack(service_account=a_service_account(), tags={**a_base_stack().tags, "Team": "x"})
        drift = there.drift(replace(shared, base=base), stack="esm-dev")
        assert (drift.state, drift.resources - drift.checked) == (State.NOT_CHECKED, 1)
        drift = there.drift(replace(shared, base=base), stack="esm-dev", wholly=True)
        assert (drift.state, drift.native) == (State.IN_SYNC, True)

    @pytest.mark.parametrize("form", ["text", "markdown"])
    def test_whatever_only_an_option_compares_is_one_line_of_a_stack_and_whole_in_json(self, form):
        topic = AlarmTopic(name="esm-dev-alarms", emails=("a@example.com", "b@example.com"))
        budget = MonthlyBudget(usd_per_month=Decimal(9), notice=BudgetNotice(emails=topic.emails))
        base = a_base_stack(service_account=a_service_account(), alarm_topic=topic, budget=budget)
        watched = replace(ONE, base=base)
        there = Account(watched)
        there.writes("esm-dev", "AlarmKey", Origin="AWS_KMS")
        there.writes("esm-dev", "InvokeSecret", Type="API")
        report = there.plan(replace(watched, base=replace(watched.base, tags={**watched.base.tags, "Team": "x"})))
        said = [line for line in render(form, (report,)).splitlines() if "drift" in line and "not checked" in line]
        unseen = documents.plan(report.body)["stacks"][0]["drift"]["found"]
        assert len(said) == 1, said
        assert f"{len(unseen)} resources not checked: CloudFormation's own detection was not asked" in said[0]
        assert {each["logical_id"] for each in unseen} == {"AlarmKey", "InvokeSecret"}
        assert all(each["unasked"] and each["why_not_checked"] for each in unseen)

    def test_what_was_refused_is_told_beside_what_was_not_asked(self):
        shared = replace(ONE, base=a_base_stack(service_account=a_service_account()))
        there = Account(shared)
        there.writes("esm-dev", "InvokeSecret", Type="API")
        there.observers.fail["AWS::IAM::Role"] = AccessDenied("missing permission: iam:GetRole")
        report = there.plan(replace(shared, base=replace(shared.base, tags={**shared.base.tags, "Team": "x"})))
        (said,) = [line for line in render("text", (report,)).splitlines() if line.startswith("    ? drift")]
        assert "iam:GetRole" in said
        assert "not asked (plan --drift)" in said
        found = {
            each["resource_type"]: each["unasked"]
            for each in documents.plan(report.body)["stacks"][0]["drift"]["found"]
        }
        assert (found["AWS::IAM::Role"], found["AWS::SecretsManager::Secret"]) == (False, True)

    def test_an_endpoint_on_its_way_is_not_checked(self, account):
        account.runs(3, status="Updating")
        assert account.drift().state is State.NOT_CHECKED


class TestCost:
    def test_what_does_not_change_is_not_looked_at(self, account):
        assert account.plan(ONE).body.drifts == ()
        assert (account.observers.calls, account.detections.calls) == ([], [])

    def test_what_changes_is_read_by_our_readers_alone(self, account):
        account.plan()
        assert account.detections.calls == ["resources"]
        assert "AWS::IAM::Role" not in account.observers.calls

    def test_what_comes_and_what_goes_is_not_looked_at(self, account):
        coming = replace(ONE, models=(a_stack("another"),))
        assert [each.drift for each in account.plan(coming).body.stacks] == [None, None, None]

    def test_asked_for_every_stack_is_looked_at_and_cloudformation_asked(self, account):
        body = account.plan(ONE, wholly=True).body
        assert [(each.state, each.native) for each in body.drifts] == [(State.IN_SYNC, True)] * 2
        assert account.detections.calls.count("begin") == 2


class TestFates:
    def test_instances_that_somebody_added_are_lost_with_the_configuration(self, account):
        account.runs(3)
        assert fates(account.drift()) == {COUNT: ("3", "1", "1", Fate.OVERWRITTEN)}

    def test_unless_the_files_ask_for_as_many(self, account):
        account.runs(3)
        wanted = selection(variant=a_variant(instance_count=3))
        assert fates(account.drift(wanted)) == {COUNT: ("3", "1", "3", Fate.ADOPTED)}

    def test_or_change_nothing_of_the_endpoint(self, account):
        account.runs(3)
        drift = account.drift(selection(tags={**ONE.models[0].tags, "Team": "x"}))
        assert fates(drift) == {COUNT: ("3", "1", "1", Fate.UNCLEAR)}
        assert "update-endpoint-weights-and-capacities" in drift.found[0].next_step

    def test_instances_that_sagemaker_is_told_to_keep_stay(self, account):
        account.runs(3)
        template = synthesize(BIGGER.models[0])
        kept = plan_of(account, template, RetainAllVariantProperties=True)
        assert fates(kept)[COUNT] == ("3", "1", "3", Fate.KEPT)
        excluded = [{"VariantPropertyType": "DesiredInstanceCount"}]
        but = plan_of(account, template, RetainAllVariantProperties=True, ExcludeRetainedVariantProperties=excluded)
        assert fates(but)[COUNT] == ("3", "1", "1", Fate.OVERWRITTEN)

    def test_another_configuration_makes_room_for_the_new_one(self, account):
        account.stacks.endpoints.serve(NAMES["Endpoint"], "mine")
        after = synthesize(BIGGER.models[0]).names["EndpointConfig"]
        assert fates(account.drift()) == {
            ("Endpoint", "EndpointConfigName"): ("mine", NAMES["EndpointConfig"], after, Fate.OVERWRITTEN)
        }

    def test_what_is_replaced_takes_its_drift_with_it(self, account):
        account.told(CONFIG, "EndpointConfig", KmsKeyId="mine")
        assert fates(account.drift()) == {("EndpointConfig", "KmsKeyId"): ("mine", None, None, Fate.OVERWRITTEN)}

    def test_what_is_not_touched_stays_and_the_way_back_is_told(self, account):
        account.tag("Model", Team="me")
        drift = account.drift()
        assert fates(drift) == {("Model", "Tags/Team"): ("me", None, "me", Fate.KEPT)}
        assert "tag" in drift.found[0].next_step

    @pytest.mark.parametrize(
        ("key", "fate"), [("Project", Fate.OVERWRITTEN), ("esmcfn:model", Fate.UNCLEAR), ("Mine", Fate.KEPT)]
    )
    def test_a_tag_is_lost_where_the_plan_sets_just_that_one(self, account, key, fate):
        account.tag("Endpoint", **{key: "by hand"})
        drift = account.drift(selection(tags={**ONE.models[0].tags, "Project": "new"}))
        assert fates(drift)["Endpoint", f"Tags/{key}"][3] is fate

    def test_parking_takes_everything_with_it(self, account):
        account.runs(3)
        drift = account.drift(selection(parked=True))
        assert fates(drift) == {COUNT: ("3", "1", None, Fate.OVERWRITTEN)}

    def test_an_endpoint_that_is_gone_makes_its_update_fail(self, account):
        account.stacks.endpoints.there.clear()
        drift = account.drift()
        assert fates(drift) == {"Endpoint": (State.MISSING, Fate.FAILS)}
        assert drift.found[0].next_step
        assert "a deploy would fail" in render("text", (account.plan(),))

    @pytest.mark.parametrize(
        ("logical_id", "kind", "fate"),
        [("EndpointConfig", CONFIG, Fate.OVERWRITTEN), ("Model", "AWS::SageMaker::Model", Fate.KEPT)],
    )
    def test_other_things_that_are_gone_come_back_or_stay_gone(self, account, logical_id, kind, fate):
        account.observers.there[kind, NAMES[logical_id]] = None
        assert fates(account.drift())[logical_id] == (State.MISSING, fate)

    def test_what_is_gone_and_is_to_go_is_as_wanted(self, account):
        account.stacks.endpoints.there.clear()
        assert fates(account.drift(selection(parked=True))) == {"Endpoint": (State.MISSING, Fate.ADOPTED)}

    def test_policies_attached_by_hand_need_not_go_with_another_change(self, account):
        admin = "arn:aws:iam::aws:policy/AdministratorAccess"
        account.told("AWS::IAM::Role", "esm-sagemaker-exec-dev", ManagedPolicyArns=[admin])
        base = replace(ONE.base, execution_role=replace(ONE.base.execution_role, managed_policies=("ReadOnlyAccess",)))
        drift = account.drift(replace(ONE, base=base), stack="esm-dev")
        said = fates(drift)["ExecutionRole", f"ManagedPolicyArns/{admin}"]
        assert said == (admin, None, None, Fate.UNCLEAR)

    def test_what_only_cloudformation_sees_goes_back_to_what_is_written(self, account):
        found = NativeDrift(status="MODIFIED", differences=(Difference(path="Guard", expected="a", observed="b"),))
        account.detections.says[MODEL] = Detection(drifts={"Endpoint": found})
        said = fates(account.drift(wholly=True))["Endpoint", "Guard"]
        assert said == ("b", "a", "a", Fate.OVERWRITTEN)

    def test_a_difference_that_cloudformation_does_not_name_is_unclear(self, account):
        account.detections.says[MODEL] = Detection(drifts={"Endpoint": NativeDrift(status="MODIFIED")})
        assert fates(account.drift(wholly=True))["Endpoint"] == (State.DRIFTED, Fate.UNCLEAR)

    def test_a_template_that_somebody_edited_is_put_back(self, account):
        stack, body = account.stacks.there[MODEL]
        body["Outputs"] = {}
        account.stacks.there[MODEL] = (replace(stack, status="UPDATE_ROLLBACK_COMPLETE"), body)
        drift = account.drift()
        assert (drift.found[0].logical_id, drift.found[0].fate) == ("", Fate.OVERWRITTEN)


def test_keys_beside_a_user_stay_whatever_changes_of_it():
    made = subject("InvokeUser", of=SHARED)
    (policy,) = made.observed.properties.get("Policies", ()) or ({"PolicyName": "own", "PolicyDocument": {}},)
    beside = {"AccessKeys": ["AKIDEXAMPLE"], "Policies": [policy, {"PolicyName": "by-hand"}]}
    observed = replace(made.observed, properties={**made.observed.properties, **beside})
    back = PropertyChange(path="Policies/by-hand", before="{}", after=None, reverts=True)
    change = Change(
        action=Action.MODIFY,
        logical_id="InvokeUser",
        resource_type="AWS::IAM::User",
        physical_id="u",
        impact=Impact.NONE,
        properties=(back,),
    )
    built = Built(expected=made.every, changes={"InvokeUser": change})
    found = fates(planned_drift([replace(made, observed=observed)], built, native=False))
    assert found["InvokeUser", "AccessKeys/AKIDEXAMPLE"] == ("AKIDEXAMPLE", None, "AKIDEXAMPLE", Fate.KEPT)
    assert found["InvokeUser", "Policies/by-hand"][3] is Fate.OVERWRITTEN


def test_a_deployment_that_reverts_says_what_stayed(account):
    account.runs(3)
    world = a_world(stacks=account.stacks, detections=account.detections, observers=account.observers)
    report = deploy(a_project(), ONE, world, Wishes(revert=True))
    (left,) = report.body.left
    assert left.startswith(f"{MODEL}/Endpoint Variants/variant-1/DesiredInstanceCount: CloudFormation does not put it")
    assert "next: " in left
    assert left in render("text", (report,))
