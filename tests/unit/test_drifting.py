"""The verb: what it asks of the world, what it makes of refusals, and which exit code that is."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal

import golden
import pytest
from builders import a_base_stack, a_project, a_selection, a_service_account, a_stack, a_waiver
from drifting import FakeDetections, FakeObservers, physical_id
from fakes import NOW, FakeStacks, a_world
from msgspec.structs import replace

from esmcfn import drift
from esmcfn.domain.drift import Detection, Difference, ListedEndpoint, NativeDrift, Reading, Side, StackResource, State
from esmcfn.domain.endpoint import ObservedVariant
from esmcfn.domain.project import Policy
from esmcfn.errors import AccessDenied, CloudError, ExitCode
from esmcfn.render import FORMATS, render
from esmcfn.template import synthesize_all
from esmcfn.verbs.drifting import find_drift

ONE = a_selection(base=a_base_stack(service_account=a_service_account()))
MODEL = "esm-dev-prototype-model"
NAME = ONE.models[0].endpoint_name
SUFFIXES = {"text": "txt", "json": "json", "markdown": "md"}
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"


class Account:
    """A selection, freshly deployed: whatever a template says is there."""

    def __init__(self, selection=ONE):
        self.selection = selection
        self.stacks = FakeStacks(*synthesize_all(selection))
        self.detections = FakeDetections(self.stacks)
        self.observers = FakeObservers()
        self.told: list[str] = []
        for name, (_, body) in self.stacks.there.items():
            listed = self.detections._listed(name)
            for each in drift.expected(body, listed, selection.target).values():
                reading = Reading(properties=dict(each.properties), tags=each.tags)
                self.observers.there[each.resource.resource_type, each.name] = reading
                self.observers.tagged[each.resource.physical_id] = each.tags or {}
        for model in selection.models:
            if not model.parked:
                said = self.stacks.endpoints.there[model.endpoint_name][0]
                running = ObservedVariant(name="variant-1", desired_count=1, current_count=1, desired_weight=1.0)
                self.stacks.endpoints.there[model.endpoint_name] = [replace(said, variants=(running,))]

    def change(self, kind, name, **properties):
        """Somebody changed it by hand."""
        there = self.observers.there[kind, name]
        self.observers.there[kind, name] = replace(there, properties={**there.properties, **properties})

    def drift(self, selection=None, *, waivers=(), **options):
        world = replace(
            a_world(stacks=self.stacks, detections=self.detections, observers=self.observers),
            progress=self.told.append,
        )
        project = a_project(policy=Policy(waivers=tuple(waivers), known=("dev",)))
        return find_drift(project, selection or self.selection, world, **options)


@pytest.fixture
def account():
    return Account()


def attach(account):
    account.change("AWS::IAM::Role", "esm-sagemaker-exec-dev", ManagedPolicyArns=[ADMIN])


def lengthen(account):
    """A change that anybody may sign for."""
    account.change("AWS::IAM::Role", "esm-sagemaker-exec-dev", MaxSessionDuration=7200)


def states(report):
    return {each.logical_id: each.state for each in report.body.resources}


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
        assert "no waiver lifts it" in report.notes[0]

    def test_one_for_instances_does_not_hide_that_the_endpoint_is_gone(self, account):
        account.stacks.endpoints.there[account.selection.models[0].endpoint_name] = [None]
        report = account.drift(waivers=[self.waiver(resource="Endpoint")], strict=True)
        assert report.exit_code is ExitCode.DRIFT
        assert (report.body.waived, report.body.counted(State.MISSING)) == (0, 1)

    def test_waivers_of_rules_are_none_of_its_business(self, account):
        assert account.drift(waivers=[a_waiver()]).notes == ()


class TestBeside:
    def listed(self, name="alone", **changes):
        made = ListedEndpoint(
            name=name, arn=f"arn:{name}", status="InService", created_at=NOW - timedelta(days=3, hours=4)
        )
        return replace(made, **changes)

    def run_beside(self, account, config):
        account.observers.listed = (self.listed(), self.listed(NAME))
        account.stacks.endpoints.serve("alone", "its-config", variants=(ObservedVariant(name="v", current_count=2),))
        account.observers.there["AWS::SageMaker::EndpointConfig", "its-config"] = (
            Reading(properties=config) if config else None
        )

    def test_it_is_told_with_its_price_and_changes_no_exit_code(self, account):
        self.run_beside(account, {"ProductionVariants": [{"VariantName": "v", "InstanceType": "ml.g5.xlarge"}]})
        report = account.drift(strict=True)
        (found,) = report.body.unmanaged.endpoints
        assert report.exit_code is ExitCode.DONE
        assert found.monthly_usd == Decimal("1.4084") * 2 * 730

    @pytest.mark.parametrize(
        ("config", "why"),
        [
            (None, "could not be read"),
            ({"ProductionVariants": [{"VariantName": "v", "ServerlessConfig": {}}]}, "not paid by the hour"),
            ({"ProductionVariants": [{"VariantName": "v", "InstanceType": "ml.x.huge"}]}, "no price is known"),
            (
                {
                    "ProductionVariants": [{"VariantName": "v", "InstanceType": "ml.g5.xlarge"}],
                    "AsyncInferenceConfig": {"OutputConfig": {}},
                },
                "price list of their own",
            ),
        ],
    )
    def test_an_unknown_price_is_unknown_and_not_zero(self, account, config, why):
        self.run_beside(account, config)
        (found,) = account.drift().body.unmanaged.endpoints
        assert found.monthly_usd is None
        assert why in found.why_unknown
        assert "unknown USD a month" in render("text", (account.drift(),))

    def test_what_may_not_be_described_is_told_all_the_same(self, account):
        self.run_beside(account, {"ProductionVariants": []})
        account.observers.fail["AWS::SageMaker::EndpointConfig"] = AccessDenied("denied")
        account.observers.fail["tags"] = AccessDenied("denied")
        (found,) = account.drift().body.unmanaged.endpoints
        assert (found.why_unknown, found.tags) == ("denied", None)
        account.observers.fail.clear()
        account.stacks.endpoints.fail["observe"] = AccessDenied("denied too")
        (found,) = account.drift().body.unmanaged.endpoints
        assert found.why_unknown == "denied too"

    def test_one_of_another_environments_or_of_a_broken_stack_is_not_told(self, account):
        account.observers.listed = (self.listed(), self.listed("theirs"), self.listed("vanished"))
        account.stacks.endpoints.serve("alone", "c")
        account.stacks.endpoints.serve("theirs", "c")
        account.observers.tagged["arn:alone"] = {"aws:cloudformation:stack-name": "esm-prod-a"}
        account.stacks.of_other_environments = {"prod": ("esm-prod-a",)}
        survey = account.stacks.survey
        account.stacks.survey = lambda **words: replace(survey(**words), endpoints=frozenset({"Theirs"}))
        assert account.drift().body.unmanaged.endpoints == ()


@pytest.mark.parametrize("form", FORMATS)
def test_a_report_of_everything_reads_as_reviewed(form, update_golden):
    account = Account(a_selection(a_stack("main"), a_stack("spare"), base=ONE.base))
    attach(account)
    spare = account.selection.models[1]
    account.stacks.endpoints.there[spare.endpoint_name] = [None]
    main = account.selection.models[0].endpoint_name
    running = account.stacks.endpoints.there[main][0]
    account.stacks.endpoints.there[main] = [
        replace(running, variants=(ObservedVariant(name="variant-1", desired_count=4, desired_weight=1.0),))
    ]
    account.observers.fail["AWS::IAM::User"] = AccessDenied("asking IAM about user (missing permission: iam:GetUser)")
    TestBeside().run_beside(account, {"ProductionVariants": [{"VariantName": "v", "InstanceType": "ml.g5.xlarge"}]})
    wider = replace(account.selection, models=(*account.selection.models, a_stack("later")))
    waiver = a_waiver(rule="DRIFT", resource="Endpoint", reason="an incident", ticket="OPS-7")
    report = account.drift(wider, waivers=[waiver], strict=True)
    golden.check(f"drift/everything.{SUFFIXES[form]}", render(form, (report,)), update=update_golden)


def test_the_document_of_nothing_asked_is_null_and_not_empty():
    two = a_selection(a_stack("a"))
    report = Account(two).drift(replace(two, narrowed=frozenset({"a"})))
    document = json.loads(render("json", (report,)))
    assert document["unmanaged"]["endpoints"] is None
    assert "not asked for" in render("text", (report,))


class TestBootstrap:
    """What bootstrap made is looked at when that is asked for."""

    @pytest.fixture
    def roots(self):
        from esmcfn.verbs.bootstrapping import Repository, bootstrap_selection

        return Account(bootstrap_selection(a_project(), ONE, Repository(name="acme/models")))

    def drift(self, account, **options):
        """Of dev, in an account where the stacks of another selection are deployed."""
        return account.drift(replace(ONE, base=None, models=()), **options)

    def test_where_it_was_never_made_the_command_that_makes_it_is_told(self, account):
        body = account.drift(bootstrap=True).body
        assert body.stacks[-1].notes == ("not there: esmcfn bootstrap dev --repository OWNER/NAME makes it",)
        assert not body.drifted

    def test_it_is_in_sync_and_nobody_calls_it_selected_no_more(self, roots):
        (stack,) = [each for each in self.drift(roots, bootstrap=True, strict=True).body.stacks if each.resources][:1]
        assert (stack.selected, stack.notes) == (True, ())
        assert {each.state for each in stack.resources} == {State.IN_SYNC}

    def test_what_drifted_goes_back_by_bootstrapping_again(self, roots):
        roots.change("AWS::IAM::Role", "esmcfn-esm-dev-plan", MaxSessionDuration=43200)
        found = [each for each in self.drift(roots, bootstrap=True).body.resources if each.deviates]
        assert found[0].logical_id == "PlanRole"
        assert "esmcfn bootstrap dev --revert-drift, with the words of its first run," in found[0].next_step
