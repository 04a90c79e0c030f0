"""The verb: what it asks of the world, what it makes of refusals, and which exit code that is."""

from __future__ import annotations

import json
from datetime import date

import pytest
from builders import a_selection, a_stack, a_waiver
from drifted import MODEL, NAME, ONE, Account, attach, lengthen, states
from drifting import physical_id
from msgspec.structs import replace

from esmcfn.domain.drift import Detection, Difference, NativeDrift, Side, StackResource, State
from esmcfn.errors import AccessDenied, CloudError, ExitCode
from esmcfn.render import render


@pytest.fixture
def account():
    return Account()


class TestRefused:
    def test_what_a_permission_hides_is_not_checked_and_only_strictly_bad_news(self, account):
        account.observers.fail["AWS::IAM::Role"] = AccessDenied("missing permission: iam:GetRole")
        report = account.drift()
        assert states(report)["ExecutionRole"] is State.NOT_CHECKED
        assert report.exit_code is ExitCode.DONE
        assert account.drift(strict=True).exit_code is ExitCode.DRIFT

    @pytest.mark.parametrize("method", ["begin", "result"])
    def test_where_cloudformation_may_not_compare_our_readers_still_do(self, account, method):
        account.detections.fail[method] = AccessDenied("missing permission: cloudformation:DetectStackDrift")
        body = account.drift().body
        assert set(states(account.drift()).values()) == {State.IN_SYNC}
        assert body.compared_by(Side.CLOUDFORMATION) == 0
        assert "DetectStackDrift" in body.stacks[0].notes[0]

    def test_a_state_that_cannot_be_compared_is_said_so(self, account):
        refusal = CloudError("cannot be performed while in DELETE_FAILED", code="ValidationError")
        account.detections.fail["begin"] = refusal
        assert "DELETE_FAILED" in account.drift().body.stacks[0].notes[0]

    def test_tags_that_may_not_be_read_are_not_checked(self, account):
        account.detections.says[MODEL] = Detection()
        account.observers.fail["tags"] = AccessDenied("missing permission: sagemaker:ListTags")
        assert states(account.drift())["Endpoint"] is State.NOT_CHECKED

    @pytest.mark.parametrize("method", ["AWS::IAM::Role", "tags", "endpoints"])
    @pytest.mark.parametrize(
        "error", [CloudError("throttled", transient=True), CloudError("expired", code="ExpiredToken")]
    )
    def test_no_answer_at_all_is_no_drift_report(self, account, method, error):
        account.detections.says[MODEL] = Detection()
        account.observers.fail[method] = error
        with pytest.raises(CloudError):
            account.drift()

    def test_a_busy_stack_is_not_checked_and_nothing_is_begun_on_it(self, account):
        account.stacks.change(MODEL, status="UPDATE_IN_PROGRESS")
        report = account.drift()
        assert states(report)["Endpoint"] is State.NOT_CHECKED
        assert account.detections.calls.count("begin") == 1
        assert report.exit_code is ExitCode.DONE

    def test_endpoints_that_may_not_be_listed_are_unread_and_not_none(self, account):
        account.observers.fail["endpoints"] = AccessDenied("missing permission: sagemaker:ListEndpoints")
        body = account.drift().body
        assert (body.complete, body.unmanaged.unread) == (False, "missing permission: sagemaker:ListEndpoints")


class TestFresh:
    @pytest.mark.parametrize(
        "selection",
        [ONE, a_selection(a_stack("a"), a_stack("b")), a_selection(a_stack(parked=True)), a_selection(base=None)],
    )
    def test_nothing_is_found_and_everything_is_covered(self, selection):
        report = Account(selection).drift(strict=True)
        assert report.exit_code is ExitCode.DONE
        assert report.body.complete
        assert set(states(report).values()) == {State.IN_SYNC}

    def test_tags_are_not_asked_for_where_cloudformation_compared_them(self, account):
        account.drift()
        assert "tags" not in account.observers.calls

    def test_nothing_deployed_is_no_drift(self, account):
        account.stacks.there.clear()
        report = account.drift(strict=True)
        assert report.exit_code is ExitCode.DONE
        assert all(stack.notes[0].startswith("not deployed") for stack in report.body.stacks)

    def test_a_creation_that_rolled_back_left_nothing_to_compare(self, account):
        account.stacks.change(MODEL, status="ROLLBACK_COMPLETE")
        body = account.drift().body
        assert [stack.deployed is None for stack in body.stacks] == [False, True]

    def test_a_file_that_asks_for_something_else_is_no_drift(self, account):
        bigger = replace(
            ONE, models=(replace(ONE.models[0], variant=replace(ONE.models[0].variant, instance_count=2)),)
        )
        report = account.drift(bigger)
        assert report.exit_code is ExitCode.DONE
        assert report.body.stacks[1].notes[0].startswith("not deployed yet")

    def test_what_is_selected_no_more_is_still_compared(self, account):
        report = account.drift(replace(ONE, models=()))
        assert report.body.stacks[1].notes[0].startswith("selected no more")
        assert states(report)["Endpoint"] is State.IN_SYNC

    def test_progress_is_told(self, account):
        account.drift()
        assert "2 of 2 stacks are compared" in account.told


class TestDrifted:
    def test_a_change_by_hand_is_12(self, account):
        attach(account)
        report = account.drift()
        assert report.exit_code is ExitCode.DRIFT
        assert states(report)["ExecutionRole"] is State.DRIFTED

    def test_a_wanted_endpoint_that_is_gone_is_missing(self, account):
        account.stacks.endpoints.there[NAME] = [None]
        assert states(account.drift())["Endpoint"] is State.MISSING

    def test_a_template_with_another_content_than_its_digest_is_drift(self, account):
        stack, body = account.stacks.there[MODEL]
        account.stacks.there[MODEL] = (stack, {**body, "Metadata": {"by": "hand"}})
        report = account.drift()
        assert states(report)[""] is State.DRIFTED
        account.stacks.template = lambda stack: None
        assert account.drift().exit_code is ExitCode.DRIFT

    def test_tags_are_read_where_cloudformation_found_something_in_them(self, account):
        difference = Difference(path="Tags/0/Value", expected="a", observed="b")
        drifts = {"Model": NativeDrift(status="MODIFIED", differences=(difference,))}
        account.detections.says[MODEL] = Detection(drifts=drifts)
        account.detections.unsupported.add("AWS::SageMaker::EndpointConfig")
        model = physical_id("Model", account.stacks.there[MODEL][1]["Resources"]["Model"])
        for kind in ("AWS::SageMaker::Model", "AWS::SageMaker::EndpointConfig"):
            for key, reading in account.observers.there.items():
                if key[0] == kind:
                    account.observers.there[key] = replace(reading, tags=None)
        account.observers.tagged[model] = {"Project": "another"}
        (found,) = [each for each in account.drift().body.resources if each.logical_id == "Model"]
        assert [each.path for each in found.differences][:1] == ["Tags/Project"]
        assert len(found.differences) == 3

    def test_a_stack_inside_of_another_is_looked_at_by_itself(self, account):
        child = StackResource(
            logical_id="Child",
            resource_type="AWS::CloudFormation::Stack",
            physical_id=account.stacks.there["esm-dev"][0].stack_id,
        )
        stranger = replace(child, logical_id="Other", physical_id="arn:elsewhere")
        account.detections.extra[MODEL] = (child, stranger, replace(child, logical_id="Gone", status="DELETE_COMPLETE"))
        found = states(account.drift())
        assert "Child" not in found
        assert "Gone" not in found
        assert found["Other"] is State.NOT_CHECKED

    def test_narrowed_to_a_model_the_others_and_what_runs_beside_are_left_alone(self):
        two = a_selection(a_stack("a"), a_stack("b"))
        account = Account(two)
        narrowed = replace(two, models=two.models[:1], narrowed=frozenset({"a"}))
        body = account.drift(narrowed).body
        assert [stack.name for stack in body.stacks] == ["esm-dev", "esm-dev-a"]
        assert not body.unmanaged.asked


class TestAccepted:
    def waiver(self, **changes):
        given = {"rule": "DRIFT", "resource": "ExecutionRole", **changes}
        return a_waiver(**given)

    def test_a_signed_drift_is_no_news_and_stays_in_the_report(self, account):
        lengthen(account)
        report = account.drift(waivers=[self.waiver()])
        assert report.exit_code is ExitCode.DONE
        assert (report.body.waived, report.body.counted(State.DRIFTED)) == (1, 0)
        assert "SEC-142" in render("text", (report,))

    def test_one_that_expired_accepts_nothing_and_is_said_so(self, account):
        lengthen(account)
        report = account.drift(waivers=[self.waiver(expires=date(2026, 11, 20))])
        assert report.exit_code is ExitCode.DRIFT
        assert "it expired on 2026-11-20" in report.notes[0]
        assert report.notes[0].startswith("policies/waivers.yaml:2: ")

    def test_one_that_covers_nothing_is_told_unless_something_was_not_seen(self, account):
        assert "it covers nothing" in account.drift(waivers=[self.waiver()]).notes[0]
        account.observers.fail["AWS::IAM::Role"] = AccessDenied("denied")
        assert account.drift(waivers=[self.waiver()]).notes == ()

    @pytest.mark.parametrize(
        ("kind", "logical_id", "path"),
        [
            ("AWS::IAM::Role", "ExecutionRole", "AssumeRolePolicyDocument"),
            ("AWS::IAM::Role", "ExecutionRole", "ManagedPolicyArns/arn:aws:iam::aws:policy/AdministratorAccess"),
            ("AWS::SageMaker::Model", "Model", "PrimaryContainer/Image"),
            ("AWS::SageMaker::Model", "Model", "Containers/0/ModelDataUrl"),
            ("AWS::SageMaker::Endpoint", "Endpoint", "EndpointConfigName"),
        ],
    )
    def test_trust_policy_image_and_what_serves_are_never_accepted(self, account, kind, logical_id, path):
        difference = Difference(path=path, expected="a", observed="b")
        told = {logical_id: NativeDrift(status="MODIFIED", differences=(difference,))}
        name = "esm-dev" if logical_id == "ExecutionRole" else MODEL
        account.detections.says[name] = Detection(drifts=told)
        report = account.drift(waivers=[self.waiver(resource="*")])
        assert report.exit_code is ExitCode.DRIFT
        assert report.body.waived == 0
        assert "this drift has the level hard" in report.notes[0]
        assert f"nobody may sign for {path}" in report.notes[0]
        assert "so that the waiver holds for what else drifts" in report.notes[0]

    def test_one_for_instances_does_not_hide_that_the_endpoint_is_gone(self, account):
        account.stacks.endpoints.there[account.selection.models[0].endpoint_name] = [None]
        report = account.drift(waivers=[self.waiver(resource="Endpoint")], strict=True)
        assert report.exit_code is ExitCode.DRIFT
        assert (report.body.waived, report.body.counted(State.MISSING)) == (0, 1)

    def test_waivers_of_rules_are_none_of_its_business(self, account):
        assert account.drift(waivers=[a_waiver()]).notes == ()


def test_the_document_of_nothing_asked_is_null_and_not_empty():
    two = a_selection(a_stack("a"))
    report = Account(two).drift(replace(two, narrowed=frozenset({"a"})))
    document = json.loads(render("json", (report,)))
    assert document["unmanaged"]["endpoints"] is None
    assert "not asked for" in render("text", (report,))
