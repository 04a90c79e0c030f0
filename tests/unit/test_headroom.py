"""Whether quotas hold old and new side by side, and what is deleted first where they do not."""

from __future__ import annotations

from decimal import Decimal

import pytest
from builders import a_project, a_selection, a_stack, a_variant
from fakes import FakePerson, FakeQuotas, FakeStacks, a_world
from msgspec.structs import replace
from test_verbs import deployed, planned

from esmcfn.domain.hosting import Autoscaling
from esmcfn.domain.plan import Headroom, Impact
from esmcfn.errors import AccessDenied, ExitCode
from esmcfn.render import render
from esmcfn.verbs.deploy.deploying import Wishes, deploy
from esmcfn.verbs.plan.planning import Manner, make_plan

SCALED = Autoscaling(min_capacity=1, max_capacity=4, target_value=Decimal(70))
SAME_TYPE = a_selection(a_stack(variant=a_variant(instance_count=2)))
OTHER_TYPE = a_selection(a_stack(variant=a_variant(instance_type="ml.g5.4xlarge")))


def rooms(selection, quotas, *, stacks=None, **options):
    world = a_world(stacks=stacks or deployed(), quotas=quotas)
    return make_plan(a_project(), selection, world, Manner(**options)).body


def only(plan):
    return {room.instance_type: room for room in plan.headroom}


class TestPeak:
    def test_a_new_endpoint_needs_what_it_has(self):
        room = only(planned(stacks=FakeStacks()).body)["ml.g5.2xlarge"]
        assert (room.peak, room.after, room.fits) == (1, 1, True)

    def test_blue_green_needs_old_and_new(self):
        room = only(rooms(SAME_TYPE, FakeQuotas()))["ml.g5.2xlarge"]
        assert (room.peak, room.after) == (3, 2)

    def test_a_maximum_counts_as_if_it_ran(self):
        scaled = a_selection(a_stack(autoscaling=SCALED))
        room = only(rooms(scaled, FakeQuotas({"ml.g5.2xlarge": 3})))["ml.g5.2xlarge"]
        assert (room.peak, room.after, room.fits) == (4, 4, False)
        other = a_stack(autoscaling=SCALED, variant=a_variant(instance_count=2))
        room = only(rooms(a_selection(other), FakeQuotas(), stacks=deployed(scaled)))["ml.g5.2xlarge"]
        assert (room.peak, room.after) == (8, 4), "an update keeps what runs, up to the maximum, and starts as many"

    def test_what_others_use_counts_too(self):
        room = only(rooms(SAME_TYPE, FakeQuotas({"ml.g5.2xlarge": 5}, {"ml.g5.2xlarge": 3})))["ml.g5.2xlarge"]
        assert (room.fits, room.fits_after) == (False, True)

    def test_a_model_that_goes_still_stands_while_another_comes(self):
        two = a_selection(a_stack("new"))
        room = only(rooms(two, FakeQuotas(), stacks=deployed(a_selection(a_stack("old")))))["ml.g5.2xlarge"]
        assert (room.peak, room.after) == (2, 1)

    def test_parking_needs_no_room_and_no_call(self):
        quotas = FakeQuotas()
        assert rooms(a_selection(a_stack(parked=True)), quotas).headroom == ()
        assert quotas.asked == 0

    def test_nothing_to_do_asks_for_no_quota(self):
        quotas = FakeQuotas()
        assert rooms(a_selection(), quotas).headroom == ()
        assert quotas.asked == 0

    def test_the_quota_on_all_types_together_counts_as_well(self):
        room = only(rooms(OTHER_TYPE, FakeQuotas({"": 1})))[""]
        assert (room.peak, room.fits) == (2, False)


class TestUnknown:
    def test_a_quota_that_cannot_be_read_stops_nothing_and_is_unknown(self):
        quotas = FakeQuotas()
        quotas.fail = AccessDenied("no servicequotas:ListServiceQuotas")
        plan = rooms(SAME_TYPE, quotas)
        assert only(plan)["ml.g5.2xlarge"].fits is None
        assert "ListServiceQuotas" in only(plan)["ml.g5.2xlarge"].why

    @pytest.mark.parametrize(
        ("limit", "in_use", "fits"), [(None, 0, None), (1, None, False), (9, None, None), (3, 0, True), (2, 0, False)]
    )
    def test_what_is_certain_is_said_even_where_the_rest_is_unknown(self, limit, in_use, fits):
        room = Headroom(instance_type="ml.x", limit=limit, in_use=in_use, peak=3, after=1)
        assert room.fits is fits


class TestDeleteFirst:
    def test_it_is_offered_where_only_both_together_do_not_fit(self):
        quotas = FakeQuotas({"ml.g5.2xlarge": 2})
        project = make_plan(a_project(), SAME_TYPE, a_world(stacks=deployed(), quotas=quotas))
        for form in ("text", "markdown"):
            assert "\\-\\-delete" in render(form, (project,)) or "--delete-first" in render(form, (project,))

    def test_where_even_the_end_does_not_fit_only_a_higher_quota_helps(self):
        quotas = FakeQuotas({"ml.g5.2xlarge": 1})
        text = render("text", (make_plan(a_project(), SAME_TYPE, a_world(stacks=deployed(), quotas=quotas)),))
        assert "raise it before you deploy" in text
        assert "--delete-first" not in text

    def test_the_plan_says_the_downtime(self):
        plan = rooms(SAME_TYPE, FakeQuotas({"ml.g5.2xlarge": 2}), delete_first=True)
        endpoint = next(change for change in plan.stacks[1].changes if change.logical_id == "Endpoint")
        assert plan.stacks[1].delete_first
        assert endpoint.impact is Impact.REPLACES
        assert "calls fail until" in endpoint.meaning

    def test_what_fits_is_not_deleted_first(self):
        plan = rooms(SAME_TYPE, FakeQuotas(), delete_first=True)
        assert not any(stack.delete_first for stack in plan.stacks)

    def test_the_endpoint_goes_and_comes_back_under_its_name(self):
        stacks = deployed()
        name = next(iter(stacks.endpoints.there))
        seen = []
        executed = stacks.execute

        def execute(change_set_id, stack_id, heard, *, within):
            seen.append("Endpoint" in stacks.open[change_set_id].names)
            return executed(change_set_id, stack_id, heard, within=within)

        stacks.execute = execute
        world = a_world(stacks=stacks, quotas=FakeQuotas({"ml.g5.2xlarge": 2}), person=FakePerson())
        report = deploy(a_project(), SAME_TYPE, world, replace(Wishes(), delete_first=True))
        assert report.exit_code is ExitCode.DONE
        assert seen == [False, True]
        assert list(stacks.endpoints.there) == [name]
