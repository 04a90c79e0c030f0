"""The audit prices what runs, and names what was deployed beside it where that is something else."""

from __future__ import annotations

from decimal import Decimal

import pytest
from audited import WORKING, body, report
from builders import a_stack, a_variant
from msgspec.structs import replace

from esmcfn.domain.audit import Remedy
from esmcfn.domain.drift import Reading
from esmcfn.domain.endpoint import ObservedVariant
from esmcfn.domain.hosting import Autoscaling, ScheduledScaling
from esmcfn.domain.stack import VARIANT_NAME
from esmcfn.errors import AccessDenied
from esmcfn.render import render

ONE = a_stack("one", software_usd_per_hour=Decimal(0))
EACH = Decimal("1.515") * 730
CONFIG = "AWS::SageMaker::EndpointConfig"
SCALED = Autoscaling(min_capacity=1, max_capacity=4, target_value=Decimal(70))


def endpoint_of(there, stack):
    return there.there[stack.name][0].outputs["EndpointName"]


def scaled(count: int, stack=ONE, **changes):
    """Somebody, or autoscaling, brought the endpoint to so many instances."""

    def hand(there, observers):
        name = endpoint_of(there, stack)
        (endpoint,) = there.endpoints.there[name]
        seen = ObservedVariant(name=VARIANT_NAME, current_count=count, desired_count=changes.pop("desired", count))
        there.endpoints.there[name] = [replace(endpoint, variants=(seen,), **changes)]

    return hand


def serving(count: int, **variant):
    """Somebody had the endpoint serve another configuration."""

    def hand(there, observers):
        scaled(count, config_name="by-hand")(there, observers)
        written = observers.read(CONFIG, there.there[ONE.name][0].outputs["EndpointConfigName"]).properties
        (before,) = written["ProductionVariants"]
        changed = {**written, "EndpointConfigName": "by-hand", "ProductionVariants": [{**before, **variant}]}
        observers.there[CONFIG, "by-hand"] = Reading(properties=changed)

    return hand


def audited(hand, stack=ONE, said=WORKING):
    found = report(stack, said={"one": said}, by_hand=hand)
    (model,) = body(found).models
    return found, model


class TestUnknown:
    @pytest.mark.parametrize("answer", [None, AccessDenied("missing permission: sagemaker:DescribeEndpointConfig")])
    def test_a_configuration_that_cannot_be_read_makes_the_cost_unknown(self, answer):
        def hand(there, observers):
            serving(4, InstanceType="ml.g5.12xlarge")(there, observers)
            observers.there[CONFIG, "by-hand"] = None
            if answer:
                observers.fail[CONFIG] = answer

        found, model = audited(hand)
        assert (model.expected_monthly, body(found).cost.after_monthly) == (None, None)
        assert model.deployed == ("1 x ml.g5.2xlarge",)
        assert "serves by-hand, which cannot be read, so what it costs is unknown" in render("text", (found,))

    def test_an_endpoint_that_was_deleted_by_hand_costs_nothing_and_its_template_is_named(self):
        def hand(there, observers):
            there.endpoints.there[endpoint_of(there, ONE)] = [None]

        found, model = audited(hand)
        assert (model.instances, model.expected_monthly) == ((), None)
        assert (model.deployed, body(found).cost.after_monthly) == (("1 x ml.g5.2xlarge",), 0)


class TestRuns:
    def test_what_was_scaled_by_hand_is_priced_as_it_runs(self):
        found, model = audited(scaled(5))
        assert (model.instances, model.expected_monthly) == (("5 x ml.g5.2xlarge",), 5 * EACH)
        assert (model.deployed, model.deployed_monthly) == (("1 x ml.g5.2xlarge",), EACH)
        assert body(found).cost.after_monthly == 5 * EACH
        assert [(each.remedy, each.monthly) for each in model.savings] == [(Remedy.PARK, 5 * EACH)]

    @pytest.mark.parametrize("form", ["text", "json", "markdown", "html"])
    def test_every_format_says_both(self, form):
        text = render(form, (audited(scaled(5))[0],))
        assert "5 x ml.g5.2xlarge" in text
        assert "1 x ml.g5.2xlarge" in text
        assert "1,105.95" in text or '"deployed_monthly": "1105.95"' in text

    def test_what_serves_another_configuration_is_priced_by_its_type(self):
        _, model = audited(serving(4, InstanceType="ml.g5.12xlarge", InitialInstanceCount=4))
        assert model.instances == ("4 x ml.g5.12xlarge",)
        assert model.expected_monthly == 4 * Decimal("7.09") * 730
        assert model.deployed == ("1 x ml.g5.2xlarge",)

    def test_what_is_being_started_is_counted(self):
        _, model = audited(scaled(1, desired=3, status="Updating"))
        assert model.instances == ("3 x ml.g5.2xlarge",)

    def test_volumes_are_those_of_what_runs(self):
        small = replace(ONE, variant=a_variant(instance_type="ml.m5.xlarge"))
        note = "what AWS bills for the volumes of ml.m5.xlarge is not in the sums"
        assert any(note in each for each in body(audited(scaled(1, small), small)[0]).notes)
        assert not any(note in each for each in body(audited(scaled(1))[0]).notes)
        assert any(note in each for each in body(audited(serving(1, InstanceType="ml.m5.xlarge"))[0]).notes)

    def test_where_nothing_differs_nothing_is_said_of_it(self):
        found, model = audited(scaled(1))
        assert (model.instances, model.deployed) == (("1 x ml.g5.2xlarge",), ())
        assert "    deployed  " not in render("text", (found,))


class TestScaled:
    def test_what_autoscaling_came_to_is_priced_and_is_no_difference(self):
        stack = replace(ONE, autoscaling=SCALED)
        _, model = audited(scaled(3, stack), stack)
        assert (model.instances, model.expected_monthly) == (("1 to 4 x ml.g5.2xlarge (3 now)",), 3 * EACH)
        assert model.deployed == ()

    def test_an_hour_of_a_schedule_says_nothing_of_the_month(self):
        night = ScheduledScaling(name="night", cron="0 20 * * ? *", timezone="UTC", min_capacity=1, max_capacity=1)
        day = ScheduledScaling(name="day", cron="0 8 * * ? *", timezone="UTC", min_capacity=2, max_capacity=4)
        stack = replace(ONE, autoscaling=replace(SCALED, schedule=(night, day)))
        _, quiet = audited(scaled(1, stack), stack)
        _, busy = audited(scaled(4, stack), stack)
        assert quiet.expected_monthly == busy.expected_monthly == Decimal("1.5") * EACH
