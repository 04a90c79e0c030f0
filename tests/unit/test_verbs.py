"""Verbs join the core to the world: unhappy paths first, and nothing is ever left behind."""

from __future__ import annotations

import pytest
from builders import (
    a_base_stack,
    a_project,
    a_selection,
    a_stack,
    a_variant,
    a_waiver,
    an_environment,
    some_origins,
)
from built import built
from fakes import FakeIdentity, FakePerson, FakeStacks, a_world
from msgspec.structs import replace

from esmcfn import documents
from esmcfn.domain.finding import Engine, Finding, Level, Severity
from esmcfn.domain.plan import Action, Impact, StackAction
from esmcfn.errors import CloudError, ExitCode, StackBusyError, TemplateRefused, UsageError, WrongAccount
from esmcfn.render import render
from esmcfn.template import synthesize
from esmcfn.verbs.cost.pricing import price
from esmcfn.verbs.offline import build, check, validate
from esmcfn.verbs.plan.keeping import Keeping, kept_by
from esmcfn.verbs.plan.planning import Manner, make_plan

ONE = a_selection()
BIGGER = a_selection(a_stack(variant=a_variant(instance_type="ml.g5.4xlarge")))


def deployed(selection=ONE, **options) -> FakeStacks:
    return FakeStacks(*built(selection), **options)


def planned(selection=ONE, *, stacks=None, findings=(), identity=None, keep=False, **options):
    return made(selection, a_world(stacks=stacks, findings=findings, identity=identity), keep=keep, **options)


def made(selection, world, *, keep=True, **options):
    """A plan whose change sets stay, unless something goes wrong."""
    with Keeping(world.person.tell) as keeping:
        return make_plan(a_project(), selection, world, Manner(**options), keeping=keeping if keep else None)


def a_finding(level: Level = Level.HARD, **changes) -> Finding:
    finding = Finding(
        rule="ESM001",
        engine=Engine.HOUSE,
        severity=Severity.ERROR,
        level=level,
        message="too many",
        origin=some_origins("environments/dev.yaml", 11).at,
        stack="esm-dev-prototype-model",
        model="prototype_model",
    )
    return replace(finding, **changes)


class TestPlanUnhappy:
    def test_another_accounts_stacks_are_refused(self):
        with pytest.raises(WrongAccount, match="belongs to account 123456789012, the credentials to 999999999999"):
            planned(stacks=deployed(account="999999999999"))

    def test_another_accounts_credentials_are_refused_before_anything_is_proposed(self):
        stacks = FakeStacks()
        with pytest.raises(WrongAccount):
            planned(stacks=stacks, identity=FakeIdentity("999999999999"))
        assert "propose" not in stacks.calls

    @pytest.mark.parametrize(
        "status", ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "DELETE_IN_PROGRESS"]
    )
    def test_a_stack_that_somebody_else_is_changing_is_exit_7(self, status):
        stacks = deployed()
        stacks.change("esm-dev", status=status)
        with pytest.raises(StackBusyError, match=status) as caught:
            planned(stacks=stacks)
        assert caught.value.exit_code is ExitCode.BUSY

    @pytest.mark.parametrize("method", ["deployed", "propose", "template", "discard"])
    @pytest.mark.parametrize("error", [CloudError("throttled"), KeyboardInterrupt()])
    def test_whatever_fails_no_change_set_is_left_behind_that_could_be_removed(self, method, error):
        stacks = deployed()
        stacks.fail[method] = error
        with pytest.raises(type(error)):
            planned(BIGGER, stacks=stacks)
        assert method == "discard" or not stacks.open

    @pytest.mark.parametrize("keep", [True, False])
    def test_when_one_stack_fails_the_change_sets_of_the_others_go_too(self, keep):
        selection = a_selection(*(a_stack(f"model_{number}") for number in range(12)))
        stacks = FakeStacks()
        proposed = stacks.propose

        def failing(template, there, **options):
            if template.stack.model == "model_7":
                raise CloudError("no")
            return proposed(template, there, **options)

        stacks.propose = failing
        with pytest.raises(CloudError):
            planned(selection, stacks=stacks, keep=keep)
        assert stacks.open == {}

    def test_when_the_engines_fail_kept_change_sets_go_too(self):
        stacks = FakeStacks()
        world = a_world(stacks=stacks)

        def begin(*words, **options):
            judgement = a_world().begin(*words, **options)
            judgement.findings = lambda staying: (_ for _ in ()).throw(KeyboardInterrupt())
            return judgement

        with pytest.raises(KeyboardInterrupt):
            made(ONE, replace(world, begin=begin))
        assert stacks.open == {}

    def test_a_change_set_that_cannot_be_removed_keeps_no_other_and_hides_no_error(self):
        selection = a_selection(*(a_stack(f"model_{number}") for number in range(3)))
        stacks, person = FakeStacks(), FakePerson()
        discards = stacks.discard

        def discard(change_set):
            if change_set.stack_name == "esm-dev-model-0":
                raise CloudError("throttled")
            discards(change_set)

        stacks.discard = discard
        world = a_world(stacks=stacks, person=person)

        def begin(*words, **options):
            judgement = a_world().begin(*words, **options)
            judgement.findings = lambda staying: (_ for _ in ()).throw(UsageError("the real trouble"))
            return judgement

        with pytest.raises(UsageError, match="the real trouble"):
            made(selection, replace(world, begin=begin))
        assert [template.stack.name for template in stacks.open.values()] == ["esm-dev-model-0"]
        assert person.told == ["a change set stays: throttled"]

    @pytest.mark.parametrize("error", [UsageError("the disk is full"), KeyboardInterrupt()])
    def test_change_sets_that_no_file_names_do_not_stay(self, error):
        stacks, person = FakeStacks(), FakePerson()
        world = a_world(stacks=stacks, person=person)
        with pytest.raises(type(error)), Keeping(person.tell) as keeping:  # noqa: PT012 - the second statement fails
            make_plan(a_project(), ONE, world, keeping=keeping)
            assert len(stacks.open) == 2
            raise error
        assert not stacks.open
        assert person.told == []

    def test_change_sets_that_a_file_names_stay_and_others_go(self):
        stacks, person = FakeStacks(), FakePerson()
        world = a_world(stacks=stacks, person=person)
        with Keeping(person.tell) as keeping:
            report = make_plan(a_project(), ONE, world, keeping=keeping)
            make_plan(a_project(), ONE, world, keeping=keeping)  # of an environment that did not come to a report
            keeping.clear(besides=kept_by([report]))
        assert len(stacks.open) == 2
        assert set(stacks.open) == set(kept_by([report]))

    def test_findings_that_block_are_exit_10_and_still_show_the_changes(self):
        report = planned(findings=[a_finding()])
        assert report.exit_code is ExitCode.FINDINGS
        assert report.body.verdict.blocked
        assert report.body.summary["add"] == 4

    @pytest.mark.parametrize("keep", [True, False])
    def test_a_template_that_cloudformation_refuses_is_judged_all_the_same(self, keep):
        stacks = FakeStacks()
        stacks.fail["propose"] = TemplateRefused("proposing esm-dev: Unrecognized resource types")
        report = planned(findings=[a_finding()], stacks=stacks, keep=keep)
        assert report.exit_code is ExitCode.FINDINGS
        assert report.body.summary["add"] == 4
        assert all("Unrecognized resource types" in stack.notes[0] for stack in report.body.stacks)
        assert not any(stack.change_set_id for stack in report.body.stacks)

    @pytest.mark.parametrize("findings", [[], [a_finding(Level.ADVISORY)]])
    def test_a_refusal_that_no_rule_knows_of_ends_the_plan_and_leaves_nothing(self, findings):
        stacks = FakeStacks()
        proposed = stacks.propose

        def failing(template, there, **options):
            if template.stack.model is None:
                raise TemplateRefused("proposing esm-dev: Unrecognized resource types")
            return proposed(template, there, **options)

        stacks.propose = failing
        with pytest.raises(TemplateRefused, match="Unrecognized") as caught:
            planned(findings=findings, stacks=stacks, keep=True)
        assert (caught.value.exit_code, stacks.open) == (ExitCode.CLOUD, {})
        assert "esmcfn build" in caught.value.next_step

    def refused(self, said, stacks):
        def failing(template, there, **options):
            raise TemplateRefused(said)

        stacks.propose = failing
        with pytest.raises(TemplateRefused) as caught:
            planned(BIGGER, stacks=stacks)
        return caught.value.next_step

    def test_a_role_that_is_there_before_anything_is_deployed_may_be_of_another_region(self):
        role = "Resource of type 'AWS::IAM::Role' with identifier 'esm-sagemaker-exec-dev' already exists."
        way = self.refused(role, FakeStacks())
        assert way.startswith("esm-sagemaker-exec-dev is of the whole account, and nothing of dev is deployed in us-ea")
        assert "was the region in environments/dev.yaml changed?" in way
        assert "write that region back, esmcfn destroy dev, and deploy again here" in way
        assert "region" not in self.refused(role, deployed())
        model = role.replace("IAM::Role", "SageMaker::Model")
        assert "region" not in self.refused(model, FakeStacks())

    def test_an_advisory_or_waived_finding_blocks_nothing(self):
        findings = [a_finding(Level.ADVISORY), a_finding(waiver=a_waiver(ticket="W1"))]
        assert planned(findings=findings).exit_code is ExitCode.DONE

    def test_over_budget_is_exit_13(self):
        selection = replace(ONE, environment=an_environment(budget_usd_per_month=1))
        assert planned(selection).exit_code is ExitCode.BUDGET

    def test_an_unknown_price_stops_under_a_hard_budget_and_says_what_to_do(self):
        stack = a_stack(variant=a_variant(instance_type="ml.x9.huge"))
        report = planned(a_selection(stack, environment=an_environment(budget_usd_per_month=1)))
        assert (report.exit_code, report.body.verdict.blocked) == (ExitCode.BUDGET, True)
        said = "the budget cannot be judged: the price of ml.x9.huge in us-east-2 is unknown"
        assert report.body.verdict.reasons == (f"{said}; give it in policies/prices.yaml",)
        assert "give the price in policies/prices.yaml" in render("text", (report,))
        assert "### dev: budget cannot be judged" in render("markdown", (report,))

    def test_an_unknown_price_under_a_soft_budget_is_told(self):
        stack = a_stack(variant=a_variant(instance_type="ml.x9.huge"))
        report = planned(a_selection(stack, environment=an_environment(budget_usd_per_month=1, budget_soft=True)))
        assert (report.exit_code, report.body.verdict.blocked) == (ExitCode.DONE, False)
        assert "the budget cannot be judged" in render("text", (report,))

    @pytest.mark.parametrize(("budget", "soft"), [(2000, False), (2000, True), (1, True), (1, False)])
    def test_a_charge_that_nobody_named_is_told_beside_every_budget(self, budget, soft):
        stack = a_stack("one", software_usd_per_hour=None)
        environment = an_environment(budget_usd_per_month=budget, budget_soft=soft)
        report = planned(a_selection(stack, environment=environment))
        assert report.exit_code is (ExitCode.BUDGET if budget == 1 and not soft else ExitCode.DONE)
        said = "instances only: what the seller of one charges is unknown and not counted"
        for form in ("text", "json", "markdown"):
            assert said in render(form, (report,))

    def test_a_stack_that_has_to_be_recovered_is_not_asked_about(self):
        stacks = deployed()
        stacks.change("esm-dev-prototype-model", status="UPDATE_ROLLBACK_FAILED")
        report = planned(BIGGER, stacks=stacks)
        model = report.body.stacks[1]
        assert "propose" not in stacks.calls
        assert "UPDATE_ROLLBACK_FAILED" in model.notes[0]

    def test_a_first_creation_that_rolled_back_is_created_anew(self):
        stacks = deployed()
        stacks.change("esm-dev-prototype-model", status="ROLLBACK_COMPLETE")
        model = planned(stacks=stacks).body.stacks[1]
        assert model.action is StackAction.CREATE
        assert "ROLLBACK_COMPLETE" in model.notes[0]


class TestPlan:
    def test_a_first_plan_adds_everything_and_leaves_nothing_behind(self):
        stacks = FakeStacks()
        body = planned(stacks=stacks).body
        assert [stack.action for stack in body.stacks] == [StackAction.CREATE, StackAction.CREATE]
        assert body.summary == {"add": 4, "modify": 0, "replace": 0, "delete": 0, "unchanged": 0}
        assert stacks.open == {}
        assert all(stack.change_set_id is None for stack in body.stacks)

    def test_an_unchanged_environment_asks_aws_for_the_list_of_stacks_and_nothing_else(self):
        stacks, identity = deployed(), FakeIdentity()
        body = planned(stacks=stacks, identity=identity).body
        assert body.empty
        assert body.summary["unchanged"] == 4
        assert stacks.calls == ["deployed"]
        assert identity.asked == 0

    def test_a_bigger_instance_keeps_the_model_replaces_the_configuration_and_updates_the_endpoint(self):
        body = planned(BIGGER, stacks=deployed()).body
        changes = {change.logical_id: change for change in body.stacks[1].changes}
        assert {name: change.action for name, change in changes.items()} == {
            "EndpointConfig": Action.REPLACE,
            "Endpoint": Action.MODIFY,
        }
        assert changes["Endpoint"].impact is Impact.BLUE_GREEN
        assert body.summary == {"add": 0, "modify": 1, "replace": 1, "delete": 0, "unchanged": 2}
        assert body.cost.delta_monthly > 0

    def test_a_key_that_is_no_longer_selected_is_a_stack_to_delete_after_the_others(self):
        two = a_selection(a_stack("kept"), a_stack("dropped"))
        body = planned(a_selection(a_stack("kept")), stacks=deployed(two)).body
        assert [(stack.name, stack.action) for stack in body.stacks] == [
            ("esm-dev", StackAction.UNCHANGED),
            ("esm-dev-kept", StackAction.UNCHANGED),
            ("esm-dev-dropped", StackAction.DELETE),
        ]
        assert body.summary["delete"] == 3
        assert {change.impact for change in body.stacks[2].changes} == {Impact.NONE, Impact.DELETES}

    def test_narrowing_to_a_model_never_lists_the_others_for_deletion(self):
        two = a_selection(a_stack("a"), a_stack("b"))
        narrowed = a_selection(a_stack("a"), narrowed=frozenset({"a"}))
        assert all(
            stack.action is not StackAction.DELETE for stack in planned(narrowed, stacks=deployed(two)).body.stacks
        )

    def test_a_base_stack_that_nobody_needs_any_more_goes_last(self):
        selection = a_selection(a_stack(), base=None)
        body = planned(replace(selection, models=()), stacks=deployed()).body
        assert [stack.name for stack in body.stacks] == ["esm-dev-prototype-model", "esm-dev"]

    def test_read_only_makes_no_change_set_and_shows_the_same_changes(self):
        stacks = deployed()
        body = planned(BIGGER, stacks=stacks, read_only=True).body
        assert "propose" not in stacks.calls
        assert not body.server_side
        assert body.summary == planned(BIGGER, stacks=deployed()).body.summary

    def test_the_digest_is_not_believed_while_the_stack_is_not_settled(self):
        stacks = deployed()
        stacks.change("esm-dev", status="UPDATE_ROLLBACK_COMPLETE")
        assert planned(stacks=stacks).body.empty
        assert "propose" in stacks.calls

    def test_keeping_leaves_the_change_sets_and_names_them(self):
        stacks = FakeStacks()
        body = planned(stacks=stacks, keep=True).body
        assert {stack.change_set_id for stack in body.stacks} == set(stacks.open)

    def test_changes_are_news_only_when_asked_for(self):
        assert planned().exit_code is ExitCode.DONE
        assert planned(detailed=True).exit_code is ExitCode.CHANGES
        assert planned(stacks=deployed(), detailed=True).exit_code is ExitCode.DONE

    def test_the_plans_id_does_not_hang_on_the_clock_or_on_change_sets(self):
        before, later = planned(keep=True), a_world()
        again = make_plan(a_project(), ONE, replace(later, now=later.now.replace(hour=13)))
        assert before.body.plan_id == again.body.plan_id
        assert before.body.plan_id != planned(BIGGER).body.plan_id

    def test_outputs_name_what_callers_need_and_skip_what_is_parked(self):
        selection = a_selection(a_stack("on"), a_stack("off", parked=True))
        endpoints = planned(selection).body.endpoints
        assert set(endpoints) == {"on"}
        assert endpoints["on"].endpoint_url == (
            f"https://runtime.sagemaker.us-east-2.amazonaws.com/endpoints/{endpoints['on'].endpoint_name}/invocations"
        )


class TestCost:
    def test_an_account_out_of_reach_makes_the_comparison_unknown_and_not_the_price(self):
        stacks = FakeStacks()
        stacks.fail["deployed"] = CloudError("no network")
        body = price(a_project(), ONE, a_world(stacks=stacks)).body
        assert body.cost.before_monthly is None
        assert str(body.cost.after_monthly) == "1105.950"
        assert body.why == "no network"

    def test_what_is_deployed_is_compared(self):
        body = price(a_project(), BIGGER, a_world(stacks=deployed())).body
        assert body.compared
        assert body.cost.delta_monthly == body.cost.after_monthly - body.cost.before_monthly

    def test_over_budget_is_exit_13(self):
        selection = replace(ONE, environment=an_environment(budget_usd_per_month=1))
        assert price(a_project(), selection, a_world(), compared=False).exit_code is ExitCode.BUDGET

    def test_equal_sums_of_other_instances_are_not_called_as_deployed(self):
        small, large = a_variant(), a_variant(instance_type="ml.g5.4xlarge")
        one, other = ((a_stack("a", variant=x), a_stack("b", variant=y)) for x, y in ((small, large), (large, small)))
        stacks = deployed(a_selection(*one))
        same = render("text", (price(a_project(), a_selection(*one), a_world(stacks=stacks)),))
        swapped = render("text", (price(a_project(), a_selection(*other), a_world(stacks=stacks)),))
        assert "a month, as deployed" in same
        assert "a month, as deployed" not in swapped
        assert "(+0.00)" in swapped

    def test_a_soft_budget_is_said_and_stops_nothing(self):
        selection = replace(ONE, environment=an_environment(budget_usd_per_month=1, budget_soft=True))
        report = price(a_project(), selection, a_world(), compared=False)
        assert report.exit_code is ExitCode.DONE
        assert "above the soft budget: 1,105.95" in report.body.verdict.reasons[0]
        assert not report.body.verdict.blocked
        for form in ("text", "markdown"):
            assert "above the soft budget" in render(form, (report,))

    def test_an_update_is_paid_for_twice_while_it_lasts(self):
        body = price(a_project(), BIGGER, a_world(stacks=deployed())).body
        assert body.cost.updating == ("prototype_model",)
        assert body.cost.surge_usd_per_hour == body.cost.items[0].price.usd_per_hour

    def test_what_does_not_change_is_not_paid_for_twice(self):
        assert price(a_project(), ONE, a_world(stacks=deployed())).body.cost.updating == ()

    def test_what_is_parked_now_is_not_paid_for_twice_and_saves(self):
        parked = a_selection(a_stack(parked=True))
        cost = price(a_project(), parked, a_world(stacks=deployed())).body.cost
        assert (cost.updating, cost.after_monthly, str(cost.parked_monthly)) == ((), 0, "1105.950")


class TestOffline:
    def test_validate_lists_the_stacks_in_the_order_of_deployment(self):
        assert validate(ONE).body.stacks == ("esm-dev", "esm-dev-prototype-model")

    def test_build_makes_every_template(self):
        assert build(ONE).body.templates == (synthesize(a_base_stack()), synthesize(a_stack()))

    def test_check_is_exit_10_where_a_finding_blocks(self):
        report = check(a_project(), ONE, a_world(findings=[a_finding()]))
        assert report.exit_code is ExitCode.FINDINGS
        assert report.body.verdict.reasons == ("ESM001 (hard) in prototype_model: too many",)


class TestUnseen:
    """A plan that compares templates does not know what runs, and says so."""

    def test_what_stays_was_not_looked_at(self):
        report = planned(stacks=deployed())
        assert report.body.to_look == "esmcfn drift dev"
        said = "2 stacks that stay as they are were not compared with what runs: esmcfn drift dev does that"
        for form in ("text", "markdown"):
            assert said in render(form, (report,))
        assert documents.plan(report.body)["drift"]["not_looked_at"] == 2

    def test_what_comes_cannot_be_looked_at(self):
        report = planned()
        assert "not compared with what runs" not in render("text", (report,))
        assert documents.plan(report.body)["drift"]["next_step"] is None


class TestOverBudget:
    """Exit code 13 is never without the reason and a way on, also where nothing would change."""

    def over(self, **changes):
        environment = an_environment(budget_usd_per_month=1)
        return make_plan(a_project(environment=environment), replace(ONE, environment=environment), a_world(**changes))

    def test_nothing_to_do_and_over_budget(self):
        report = self.over(stacks=deployed())
        assert report.exit_code is ExitCode.BUDGET
        assert "### dev: nothing to do, over budget" in render("markdown", (report,))
        for form in ("text", "markdown"):
            assert "the budget forbids deploying this: select less" in render(form, (report,))

    def test_over_budget_and_blocked(self):
        report = self.over(findings=[a_finding()])
        assert "### dev: blocked, over budget" in render("markdown", (report,))
