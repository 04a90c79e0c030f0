"""What runs beside an environment, and what bootstrap made for it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import golden
import pytest
from builders import a_project, a_selection, a_stack, a_waiver
from drifted import NAME, ONE, Account, attach
from fakes import NOW
from msgspec.structs import replace

from esmcfn.domain.drift import ListedEndpoint, Reading, State
from esmcfn.domain.endpoint import ObservedVariant
from esmcfn.errors import AccessDenied, ExitCode
from esmcfn.render import FORMATS, render


@pytest.fixture
def account():
    return Account()


SUFFIXES = {"text": "txt", "json": "json", "markdown": "md"}


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


class TestBootstrap:
    """What bootstrap made is looked at when that is asked for."""

    @pytest.fixture
    def roots(self):
        from esmcfn.verbs.deploy.bootstrapping import Repository, bootstrap_selection

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
