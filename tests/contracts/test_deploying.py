"""The bad days on which deployment tools differ, and what esmcfn does on each: over HTTP, nothing patched.

The twelve days are those on which five other tools were measured; none of them was right on all.
"""

from __future__ import annotations

import time
from datetime import timedelta
from functools import partial

import pytest
from awaited import HANG_SECONDS, until
from builders import a_project, a_selection, a_stack, a_variant
from fakes import FakePerson
from msgspec.structs import replace

from esmcfn import documents
from esmcfn.domain.deployment import Kind
from esmcfn.domain.plan import ReviewedPlan, StackAction
from esmcfn.errors import CloudError, ExitCode, Interrupted, StackBusyError, StalePlanError
from esmcfn.template import synthesize
from esmcfn.verbs.deploy.deploying import Wishes, deploy, deploy_reviewed
from esmcfn.verbs.deploy.steps import Terms

from .deploying import SPEED, Account

ONE = a_selection()
BIGGER = a_selection(a_stack(variant=a_variant(instance_type="ml.g5.4xlarge")))
MODEL = "esm-dev-prototype-model"


@pytest.fixture
def deployed(account: Account) -> Account:
    assert account.deploy(ONE).exit_code is ExitCode.DONE
    return account


def client(account, service="cloudformation"):
    import boto3

    return boto3.client(
        service,
        region_name="us-east-2",
        endpoint_url=account.sandbox.endpoint_url,
        aws_access_key_id="sandbox",
        aws_secret_access_key="sandbox",
    )


def remaining(account) -> list[str]:
    """Change sets that could still be executed, and stacks in REVIEW_IN_PROGRESS."""
    cfn = client(account)
    stacks = cfn.describe_stacks()["Stacks"]
    sets = [
        summary["ChangeSetName"]
        for stack in stacks
        for summary in cfn.list_change_sets(StackName=stack["StackId"])["Summaries"]
        if not summary["ExecutionStatus"].startswith("EXECUTE_")
    ]
    return sets + [stack["StackName"] for stack in stacks if stack["StackStatus"] == "REVIEW_IN_PROGRESS"]


def status(account, name=MODEL) -> str:
    return client(account).describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]


def outcome(report, name=MODEL):
    return next(stack for stack in report.body.stacks if stack.name == name)


def settle(account, name=MODEL) -> str:
    until(lambda: not status(account, name).endswith("_IN_PROGRESS"), f"{name} is settled")
    return status(account, name)


def propose_by_hand(account, name: str, *, kind="UPDATE", selection=BIGGER) -> str:
    """Somebody else's change set, made without esmcfn."""
    template = synthesize(selection.models[0])
    cfn = client(account)
    made = cfn.create_change_set(
        StackName=MODEL, ChangeSetName=name, ChangeSetType=kind, TemplateBody=template.text, Tags=_tags(template)
    )
    return computed(cfn, made["Id"])


def computed(cfn, change_set: str) -> str:
    """This change set's id, once CloudFormation knows what it would change."""
    describe = partial(cfn.describe_change_set, ChangeSetName=change_set)
    until(lambda: describe()["Status"] == "CREATE_COMPLETE", f"{change_set} is computed")
    return change_set


def _tags(template):
    return [{"Key": key, "Value": value} for key, value in template.stack.tags.items()]


def kept(there, selection=BIGGER, *, wholly=False, **changes) -> ReviewedPlan:
    """A plan as its file would be read again."""
    made = there.kept(selection, wholly=wholly, revert=changes.get("reverts", False))
    document = documents.plan(made.body)
    plan = ReviewedPlan(
        plan_id=document["plan_id"],
        environment="dev",
        account="123456789012",
        region="us-east-2",
        created_at=there.world().now,
        expires_at=there.world().now.replace(year=2099),
        narrowed=frozenset(),
        delete_first=False,
        blocked=False,
        document=document,
    )
    return replace(plan, **changes)


def deploy_kept(account, plan, selection=BIGGER):
    """Deploy a kept plan from a checkout that selects this."""
    return deploy_reviewed(a_project(), selection, account.world(), plan, Wishes())


class TestTheTwelveDays:
    def test_an_update_without_changes_is_success_and_leaves_nothing(self, deployed):
        report = deployed.deploy(ONE)
        assert report.exit_code is ExitCode.DONE
        assert report.body.stacks == ()
        assert remaining(deployed) == []

    def test_an_update_without_changes_that_only_cloudformation_can_see_is_success_too(self, deployed):
        stack = client(deployed).describe_stacks(StackName=MODEL)["Stacks"][0]
        deployed.fault("capacity", instance_type="ml.g5.4xlarge")
        assert deployed.deploy(BIGGER).exit_code is ExitCode.DEPLOYMENT
        deployed.clear()
        report = deployed.deploy(ONE)  # the digest is not believed after a rollback: CloudFormation has to say it
        assert (report.exit_code, report.body.stacks) == (ExitCode.DONE, ())
        assert client(deployed).describe_stacks(StackName=MODEL)["Stacks"][0]["StackId"] == stack["StackId"]
        assert remaining(deployed) == []

    def test_a_failure_names_its_cause_what_cloudformation_did_and_what_to_do(self, deployed):
        deployed.fault("quota", instance_type="ml.g5.4xlarge")
        found = outcome(deployed.deploy(BIGGER))
        assert found.execution.status == "UPDATE_ROLLBACK_COMPLETE"
        assert found.diagnosis.kind is Kind.QUOTA
        assert found.diagnosis.causes[0].logical_id == "Endpoint"
        assert found.diagnosis.causes[0].code == "ServiceLimitExceeded"
        assert "as it was before" in found.diagnosis.aftermath

    def test_a_container_that_does_not_answer_is_shown_with_its_last_lines(self, account):
        account.fault("health")
        found = outcome(account.deploy(ONE))
        assert found.diagnosis.kind is Kind.HEALTH
        assert found.diagnosis.log.started
        assert found.diagnosis.log.lines

    def test_what_early_validation_rejects_is_named_with_its_place_and_leaves_nothing(self, deployed):
        deployed.fault("validation", mode="FAIL", reason="the name is taken", logical_id="EndpointConfig")
        with pytest.raises(CloudError, match="the name is taken") as caught:
            deployed.deploy(BIGGER)
        assert "EndpointConfig" in caught.value.message
        deployed.clear()
        assert remaining(deployed) == []

    def test_a_stack_whose_rollback_failed_is_named_and_recovered_when_asked(self, deployed):
        deployed.fault("capacity", instance_type="ml.g5.4xlarge")
        deployed.fault("rollback", logical_id="Endpoint")
        first = deployed.deploy(BIGGER)
        assert outcome(first).execution.status == "UPDATE_ROLLBACK_FAILED"
        assert "--recover" in outcome(first).diagnosis.aftermath
        deployed.clear()
        second = deployed.deploy(BIGGER)
        assert second.exit_code is ExitCode.DEPLOYMENT
        assert "--recover" in outcome(second).error.next_step
        assert deployed.deploy(BIGGER, Wishes(recover=True)).exit_code is ExitCode.DONE
        assert "UPDATE_ROLLBACK_FAILED" in deployed.person.asked[-2]
        assert status(deployed) == "UPDATE_COMPLETE"

    def test_a_stack_that_somebody_else_updates_is_left_alone_and_they_are_named(self, deployed):
        theirs = propose_by_hand(deployed, "console-plan")
        with deployed.frozen():
            client(deployed).execute_change_set(ChangeSetName=theirs, ClientRequestToken="Console-Update-1")
            with pytest.raises(StackBusyError, match="Console-Update-1"):
                deployed.deploy(BIGGER)

    def test_or_waited_for_and_then_planned_again(self, deployed):
        theirs, paused = propose_by_hand(deployed, "console-plan"), []

        def pause(seconds):
            paused.append(seconds)
            deployed.sandbox.world.clock.run_at(SPEED)  # they come to their end only because somebody waits for it
            time.sleep(seconds)

        with deployed.frozen():
            client(deployed).execute_change_set(ChangeSetName=theirs)
            bigger_still = a_selection(a_stack(variant=a_variant(instance_type="ml.g5.8xlarge")))
            waiting = replace(deployed.world(), pause=pause)
            report = deploy(a_project(), bigger_still, waiting, Wishes(wait_for_stack=HANG_SECONDS))
        assert report.exit_code is ExitCode.DONE
        assert paused

    def test_a_stack_in_review_with_somebody_elses_change_set_is_not_taken_from_them(self, account):
        propose_by_hand(account, "pr-42-plan", kind="CREATE")
        report = account.deploy(ONE)
        assert report.exit_code is ExitCode.BUSY
        assert "pr-42-plan" in outcome(report).error.message
        assert remaining(account) == ["pr-42-plan", MODEL]
        assert account.deploy(ONE, Wishes(terms=Terms(discard_others=True))).exit_code is ExitCode.DONE

    @pytest.mark.parametrize("consents", [True, False])
    def test_a_failed_creation_that_keeps_its_resources_loses_them_only_with_consent(self, account, consents):
        template, cfn = synthesize(ONE.models[0]), client(account)
        account.deploy(replace(ONE, models=()))
        account.fault("capacity", times=1)
        cfn.create_stack(StackName=MODEL, TemplateBody=template.text, Tags=_tags(template), OnFailure="DO_NOTHING")
        assert settle(account) == "CREATE_FAILED"
        assert account.deploy(ONE).exit_code is ExitCode.DEPLOYMENT
        account.person = FakePerson(consents=consents)
        if consents:
            assert account.deploy(ONE, Wishes(recover=True)).exit_code is ExitCode.DONE
        else:
            with pytest.raises(Interrupted):
                account.deploy(ONE, Wishes(recover=True))
            assert status(account) == "CREATE_FAILED"
        assert "deletes everything" in account.person.asked[0]

    def test_an_update_of_outputs_alone_is_a_change_and_is_deployed(self, deployed):
        other = a_selection(replace(a_stack(), forge_model_name="esmc-300m-2025-01"))
        planned = deployed.plan(other).body
        model = next(stack for stack in planned.stacks if stack.name == MODEL)
        assert (model.action, model.changes) == (StackAction.UPDATE, ())
        assert "Outputs change: ForgeModelName" in model.notes[0]
        assert deployed.deploy(other).exit_code is ExitCode.DONE
        outputs = client(deployed).describe_stacks(StackName=MODEL)["Stacks"][0]["Outputs"]
        assert {"esmc-300m-2025-01"} <= {output["OutputValue"] for output in outputs}

    def test_describing_that_is_throttled_after_the_execution_decides_nothing(self, deployed):
        deployed.fault("throttle", action="cloudformation:DescribeStackEvents", times=9)
        assert deployed.deploy(BIGGER, attempts=1).exit_code is ExitCode.DONE
        assert status(deployed) == "UPDATE_COMPLETE"

    def test_a_list_of_changes_over_many_pages_is_read_to_its_end(self, deployed):
        deployed.sandbox.world.pages["DescribeChangeSet"] = 1
        deployed.sandbox.world.pages["DescribeStacks"] = 1
        model = next(stack for stack in deployed.plan(BIGGER).body.stacks if stack.name == MODEL)
        assert [change.logical_id for change in model.changes] == ["Endpoint", "EndpointConfig"]


class TestWhatWasReviewed:
    def test_is_executed_as_it_was_reviewed(self, deployed):
        report = deploy_kept(deployed, kept(deployed))
        assert report.exit_code is ExitCode.DONE
        assert outcome(report).endpoint.status == "InService"

    def test_a_first_plan_too(self, account):
        plan = kept(account, ONE)
        assert deploy_kept(account, plan, ONE).exit_code is ExitCode.DONE
        assert remaining(account) == []

    def test_is_refused_once_the_checkout_builds_something_else(self, deployed):
        plan = kept(deployed)
        other = a_selection(a_stack(variant=a_variant(instance_type="ml.g5.8xlarge")))
        with pytest.raises(StalePlanError, match=r"ml\.g5\.4xlarge was reviewed, ml\.g5\.8xlarge is built"):
            deploy_kept(deployed, plan, other)
        assert status(deployed) == "CREATE_COMPLETE"

    def test_is_refused_once_the_stack_has_moved(self, deployed):
        plan = kept(deployed)
        other = a_selection(a_stack(variant=a_variant(instance_type="ml.g5.8xlarge")))
        assert deployed.deploy(other).exit_code is ExitCode.DONE
        with pytest.raises(StalePlanError, match="gone"):
            deploy_kept(deployed, plan)

    def test_is_refused_once_its_change_set_is_removed(self, deployed):
        plan = kept(deployed)
        (name,) = remaining(deployed)
        client(deployed).delete_change_set(StackName=MODEL, ChangeSetName=name)
        with pytest.raises(StalePlanError, match="gone"):
            deploy_kept(deployed, plan)

    def test_is_refused_when_it_has_expired(self, deployed):
        plan = kept(deployed, expires_at=deployed.world().now)
        with pytest.raises(StalePlanError, match="expired"):
            deploy_kept(deployed, plan)

    @pytest.mark.parametrize(
        ("made", "said"), [(timedelta(days=-2), "expired"), (timedelta(hours=1), "which is yet to come")]
    )
    def test_is_refused_when_its_own_times_do_not_fit_the_clock(self, deployed, made, said):
        plan = kept(deployed, created_at=deployed.world().now + made)
        with pytest.raises(StalePlanError, match=said):
            deploy_kept(deployed, plan)

    def test_is_refused_where_the_reviewer_was_shown_another_cost(self, deployed):
        plan = kept(deployed)
        cost = {**plan.document["cost"], "after_monthly": "1.00"}
        with pytest.raises(StalePlanError, match=r"cost\.after_monthly: .* 1\.00 was reviewed"):
            deploy_kept(deployed, replace(plan, document={**plan.document, "cost": cost}))

    @pytest.mark.parametrize("place", [{"environment": "prod"}, {"account": "111122223333"}, {"region": "us-west-2"}])
    def test_is_refused_in_another_place(self, deployed, place):
        with pytest.raises(StalePlanError, match="the plan is for"):
            deploy_kept(deployed, kept(deployed, **place))

    def test_is_refused_where_another_change_set_was_put_in_its_place(self, deployed):
        plan = kept(deployed)
        evil = a_selection(a_stack(variant=a_variant(instance_type="ml.p4d.24xlarge")))
        forged = propose_by_hand(deployed, "esmcfn-evil", selection=evil)
        stacks = [{**stack, "change_set_id": forged if stack["change_set_id"] else None} for stack in plan.stacks]
        with pytest.raises(StalePlanError, match="another template"):
            deploy_kept(deployed, replace(plan, document={**plan.document, "stacks": stacks}))

    def test_is_refused_where_its_change_set_sets_other_tags(self, deployed):
        plan, cfn = kept(deployed), client(deployed)
        template = synthesize(BIGGER.models[0])
        made = cfn.create_change_set(
            StackName=MODEL, ChangeSetName="esmcfn-tags", ChangeSetType="UPDATE", TemplateBody=template.text, Tags=[]
        )
        computed(cfn, made["Id"])
        stacks = [{**stack, "change_set_id": made["Id"] if stack["change_set_id"] else None} for stack in plan.stacks]
        with pytest.raises(StalePlanError, match="other tags"):
            deploy_kept(deployed, replace(plan, document={**plan.document, "stacks": stacks}))

    def test_is_refused_where_nobody_reviewed_a_stack_that_would_change_now(self, deployed):
        plan = kept(deployed)
        two = a_selection(BIGGER.models[0], a_stack("second"))
        with pytest.raises(StalePlanError, match="esm-dev-second"):
            deploy_kept(deployed, plan, two)

    def test_deletions_are_reviewed_too(self, account):
        two = a_selection(a_stack("kept"), a_stack("dropped"))
        account.deploy(two)
        one = a_selection(a_stack("kept"))
        plan = kept(account, one)
        assert deploy_kept(account, plan, one).exit_code is ExitCode.DONE
        names = [stack["StackName"] for stack in client(account).describe_stacks()["Stacks"]]
        assert sorted(names) == ["esm-dev", "esm-dev-kept"]
