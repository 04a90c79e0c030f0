"""Putting back what drifted: asked for of every stack, told before it is done, and exactly what was reviewed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from builders import a_project, a_selection, a_stack, a_variant
from built import built, template_of
from fakes import NOW, FakePerson, FakeStacks, a_world
from msgspec.structs import replace
from test_verbs import a_finding, made

from esmcfn import documents
from esmcfn.domain.changeset import ProposedChange, ProposedProperty
from esmcfn.domain.finding import Level
from esmcfn.domain.plan import Action, Impact, ReviewedPlan, StackAction
from esmcfn.errors import CloudError, ExitCode, Interrupted, StalePlanError, TemplateRefused
from esmcfn.plan import stack_plan
from esmcfn.render import render
from esmcfn.template import synthesize
from esmcfn.verbs.deploy.deploying import Wishes, deploy, deploy_reviewed
from esmcfn.verbs.plan.planning import Manner, make_plan

ONE = a_selection()
MODEL = "esm-dev-prototype-model"
NAMES = template_of(ONE.models[0]).names
BIGGER = a_selection(a_stack(variant=a_variant(instance_type="ml.g5.4xlarge")))


def drifted(logical_id="Endpoint", kind="AWS::SageMaker::Endpoint", *paths, **changes) -> ProposedChange:
    """What CloudFormation proposes for a resource that it finds otherwise than deployed."""
    made = ProposedChange(
        logical_id=logical_id,
        resource_type=kind,
        physical_id="arn:lower-case",
        action="Modify",
        replacement="False",
        drift="MODIFIED",
        properties=tuple(
            ProposedProperty(
                path=f"Properties/{path}", before="now", after="deployed", recreation="", dynamic=False, drifted=True
            )
            for path in paths
        ),
    )
    return replace(made, **changes)


SERVES_ANOTHER = drifted("Endpoint", "AWS::SageMaker::Endpoint", "EndpointConfigName")
GONE = drifted(action="Add", replacement="", drift="DELETED")


@pytest.fixture
def stacks() -> FakeStacks:
    """ONE, deployed, and its endpoint on another configuration."""
    there = FakeStacks(*built(ONE))
    there.drifted[MODEL] = (SERVES_ANOTHER,)
    there.endpoints.serve(NAMES["Endpoint"], "now")
    return there


def planned(stacks, selection=ONE, **options):
    return made(selection, a_world(stacks=stacks), **{"keep": False, "revert": True, **options})


def changes(report, name=MODEL):
    return {change.logical_id: change for stack in report.body.stacks if stack.name == name for change in stack.changes}


class TestPlan:
    def test_a_refusal_leaves_nothing_behind(self, stacks):
        stacks.fail["propose"] = CloudError("does not revert its drift: nested stacks")
        with pytest.raises(CloudError, match="nested stacks"):
            planned(stacks)
        assert stacks.open == {}

    def test_a_refusal_of_what_a_rule_blocks_is_a_note_beside_the_rule(self, stacks):
        stacks.fail["propose"] = TemplateRefused("does not revert its drift: no such type")
        with pytest.raises(TemplateRefused, match="no such type") as caught:
            planned(stacks)
        assert "without --revert-drift" in caught.value.next_step
        hard = a_finding(level=Level.HARD)
        report = make_plan(a_project(), ONE, a_world(stacks=stacks, findings=[hard]), Manner(revert=True))
        assert report.exit_code is ExitCode.FINDINGS
        assert "no such type" in report.body.stacks[0].notes[0]

    def test_every_stack_is_asked_about_whatever_its_digest_says(self, stacks):
        report = planned(stacks)
        assert stacks.calls.count("propose") == 2
        assert [stack.action for stack in report.body.stacks] == [StackAction.UNCHANGED, StackAction.UPDATE]
        assert report.body.reverts
        assert stacks.open == {}

    def test_without_being_asked_for_nothing_goes_back(self, stacks):
        report = make_plan(a_project(), ONE, a_world(stacks=stacks))
        assert report.body.empty
        assert "propose" not in stacks.calls

    def test_what_goes_back_is_shown_from_what_runs_to_what_the_template_says(self, stacks):
        (change,) = changes(planned(stacks)).values()
        (each,) = change.properties
        assert (each.path, each.before, each.after, each.reverts) == ("EndpointConfigName", "now", "deployed", True)
        assert (change.action, change.impact, change.name) == (Action.MODIFY, Impact.BLUE_GREEN, NAMES["Endpoint"])
        assert change.meaning.startswith("what was changed by hand goes back: callers keep name and URL")

    def test_old_and_new_instances_count_while_the_endpoint_goes_back(self, stacks):
        body = planned(stacks).body
        assert body.cost.updating == ("prototype_model",)
        assert [(row.instance_type, row.peak) for row in body.headroom] == [("ml.g5.2xlarge", 2), ("", 2)]

    def test_an_endpoint_that_is_gone_comes_back(self, stacks):
        stacks.drifted[MODEL] = (GONE,)
        stacks.endpoints.there.clear()
        report = planned(stacks)
        (change,) = changes(report).values()
        assert (change.action, change.impact) == (Action.ADD, Impact.IN_PLACE)
        assert change.meaning.startswith(f"{NAMES['Endpoint']} is gone and its calls fail")
        assert "missing; comes back" in render("text", (report,))

    def test_what_also_changes_shows_both(self, stacks):
        stacks.drifted[MODEL] = (drifted("Endpoint", "AWS::SageMaker::Endpoint", "Tags/Project"),)
        found = changes(planned(stacks, BIGGER))
        assert set(found) == {"Endpoint", "EndpointConfig"}
        assert [(each.path, each.reverts) for each in found["Endpoint"].properties] == [
            ("EndpointConfigName", False),
            ("Tags/Project", True),
        ]

    def test_a_resource_that_is_gone_and_changes_is_no_doubt(self, stacks):
        stacks.drifted[MODEL] = (GONE,)
        assert changes(planned(stacks, BIGGER))["Endpoint"].unexplained == ""

    def test_what_only_a_replacement_could_set_is_no_promise(self, stacks):
        stacks.drifted[MODEL] = (drifted("Model", "AWS::SageMaker::Model", "PrimaryContainer/Image"),)
        (change,) = changes(planned(stacks)).values()
        assert (change.impact, change.properties[0].replaces) == (Impact.UNKNOWN, True)
        assert "deploy a change of it" in change.meaning

    def test_secrets_are_hashes(self, stacks):
        change = drifted("Model", "AWS::SageMaker::Model", "PrimaryContainer/Environment/API_TOKEN")
        stacks.drifted[MODEL] = (change,)
        (each,) = changes(planned(stacks))["Model"].properties
        assert "hash" in each.before
        assert "hash" in each.after
        assert each.before != each.after

    def test_what_cloudformation_only_takes_note_of_changes_nothing(self, stacks):
        stacks.drifted[MODEL] = (drifted(action="SyncWithActual", replacement=""),)
        (change,) = changes(planned(stacks)).values()
        assert (change.impact, change.unexplained) == (Impact.NONE, "")

    def test_what_cloudformation_did_not_look_at_is_said(self):
        template = synthesize(ONE.models[0])
        deployed, body = FakeStacks(template).there[MODEL]
        unseen = drifted(drift="UNSUPPORTED", ignored=("RetainDeploymentConfig (write only property)",))
        change_set = FakeStacks(template).propose(template, deployed, revert=True)
        made = stack_plan(template, deployed, body=body, change_set=replace(change_set, changes=(unseen,), empty=False))
        assert any("could not compare it with what runs (UNSUPPORTED)" in note for note in made.notes)
        assert any("does not compare RetainDeploymentConfig (write only property)" in note for note in made.notes)

    @pytest.mark.parametrize("form", ["text", "markdown"])
    def test_the_report_says_what_goes_back_and_what_stays(self, stacks, form):
        text = render(form, (planned(stacks),))
        assert "of what drifted, 1 value goes back" in text
        assert "hat drifted goes back" in text
        assert f"now now, deployed {NAMES['EndpointConfig']}: goes back" in text

    def test_the_plans_id_covers_it(self, stacks):
        stacks.drifted.clear()
        stacks.endpoints.serve(NAMES["Endpoint"], NAMES["EndpointConfig"])
        document = documents.plan(planned(stacks).body)
        assert document["revert_drift"] is True
        assert document["plan_id"] != documents.plan_id({**document, "revert_drift": False})

    def test_policy_and_budget_judge_it_as_every_plan(self, stacks):
        environment = replace(ONE.environment, budget_usd_per_month=1)
        assert planned(stacks, replace(ONE, environment=environment)).exit_code is ExitCode.BUDGET


class TestDeploy:
    def test_it_is_executed_as_planned(self, stacks):
        done = deploy(a_project(), ONE, a_world(stacks=stacks), Wishes(revert=True))
        assert [stack.name for stack in done.body.stacks] == [MODEL]
        assert done.exit_code is ExitCode.DONE
        assert stacks.open == {}

    def test_a_person_who_declines_leaves_nothing(self, stacks):
        with pytest.raises(Interrupted):
            deploy(a_project(), ONE, a_world(stacks=stacks, person=FakePerson(agrees=False)), Wishes(revert=True))
        assert stacks.open == {}


def kept(stacks, **changes) -> ReviewedPlan:
    """A plan as its file would be read again."""
    document = documents.plan(planned(stacks, keep=True).body)
    plan = ReviewedPlan(
        plan_id=document["plan_id"],
        environment="dev",
        account="123456789012",
        region="us-east-2",
        created_at=NOW,
        expires_at=NOW + timedelta(hours=24),
        narrowed=frozenset(),
        delete_first=False,
        blocked=False,
        document=document,
        reverts=True,
    )
    return replace(plan, **changes)


class TestReviewed:
    def execute(self, stacks, plan):
        return deploy_reviewed(a_project(), ONE, a_world(stacks=stacks), plan, Wishes())

    def test_what_was_reviewed_is_executed(self, stacks):
        assert self.execute(stacks, kept(stacks)).exit_code is ExitCode.DONE
        assert stacks.open == {}

    @pytest.mark.parametrize(
        "moved",
        [
            (),
            (drifted("Endpoint", "AWS::SageMaker::Endpoint", "Tags/Project"),),
            (GONE,),
            (SERVES_ANOTHER, drifted("Model", "AWS::SageMaker::Model", "Tags/Project")),
        ],
    )
    def test_drift_that_moved_since_refuses_it(self, stacks, moved):
        plan = kept(stacks)
        stacks.drifted[MODEL] = moved
        with pytest.raises(StalePlanError, match="what drifted has moved since it was reviewed"):
            self.execute(stacks, plan)
        assert len(stacks.open) == 1, "the change set of the review stays, and only that"
        assert "execute" not in stacks.calls

    def test_drift_of_a_stack_that_had_none_refuses_it(self, stacks):
        plan = kept(stacks)
        stacks.drifted["esm-dev"] = (drifted("ExecutionRole", "AWS::IAM::Role", "Description"),)
        with pytest.raises(StalePlanError, match="esm-dev would change now"):
            self.execute(stacks, plan)

    def test_drift_that_cloudformation_does_not_see_moved_refuses_it_too(self, stacks):
        plan = kept(stacks)
        stacks.endpoints.serve(NAMES["Endpoint"], "yet another")
        with pytest.raises(StalePlanError, match="it is yet another now, was now when it was reviewed"):
            self.execute(stacks, plan)

    def test_a_change_set_that_reverts_nothing_is_refused(self, stacks):
        plan = kept(stacks)
        (arn,) = stacks.open
        stacks.reverting[arn] = replace(stacks.reverting[arn], reverts=False)
        with pytest.raises(StalePlanError, match="reverts no drift, unlike the plan"):
            self.execute(stacks, plan)

    def test_a_change_set_that_reverts_is_refused_where_nobody_reviewed_that(self, stacks):
        plan = kept(stacks, reverts=False)
        stacks.change(MODEL, status="UPDATE_ROLLBACK_COMPLETE")  # so that the stack is asked about at all
        with pytest.raises(StalePlanError, match="reverts drift, unlike the plan"):
            self.execute(stacks, plan)
