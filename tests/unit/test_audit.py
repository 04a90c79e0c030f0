"""Idle is proven or it is not said; what is unknown stays unknown; what could be saved is a patch."""

from __future__ import annotations

import subprocess
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import golden
import pytest
from audited import (
    CALLED,
    DAYS,
    LARGE,
    START,
    STRONG,
    WORKING,
    activities,
    body,
    charge,
    report,
    seeded,
    series,
)
from builders import a_selection, a_stack, a_variant
from built import built
from fakes import NOW, FakeBills, FakeUsage
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from esmcfn.audit import bill_start
from esmcfn.audit.proposal import patch
from esmcfn.audit.saving import _quiet
from esmcfn.domain.audit import Activity, Bill, Metric, Remedy, Series
from esmcfn.domain.cost import to_millionth
from esmcfn.domain.hosting import Autoscaling, ScheduledScaling
from esmcfn.errors import AccessDenied, CloudError, UsageError
from esmcfn.reference.gpus import gpus
from esmcfn.reference.instance_types import offered
from esmcfn.render import FORMATS, render

SUFFIXES = {"text": "txt", "json": "json", "markdown": "md"}
ONE = a_stack("one")


def of_one(said, **options) -> Activity:
    return activities(report(ONE, said={"one": said}, **options))["one"]


class TestActivity:
    def test_no_data_is_not_zero(self):
        assert of_one({}) is Activity.NO_DATA

    def test_a_day_without_a_word_of_the_instances_proves_nothing(self):
        almost = series(4.0, days=range(DAYS - 1))
        found = report(ONE, said={"one": {Metric.CPU: almost}})
        assert activities(found) == {"one": Activity.NO_DATA}
        assert "no word of its instances on 1 of 14 days" in body(found).models[0].why
        assert body(found).models[0].variants[0].calls_by_day == (*[0] * (DAYS - 1), None)

    def test_what_reported_every_day_without_a_call_is_idle(self):
        assert of_one(WORKING) is Activity.IDLE
        assert of_one({Metric.INVOCATIONS: series(0.0)}) is Activity.IDLE

    def test_one_call_is_enough_to_be_busy(self):
        assert of_one({Metric.INVOCATIONS: series(1.0, days=[3])}) is Activity.BUSY

    def test_what_is_younger_than_the_window_is_too_new(self):
        assert of_one(WORKING, created={"one": START + timedelta(seconds=1)}) is Activity.TOO_NEW
        assert of_one(WORKING, created={"one": START}) is Activity.IDLE

    def test_a_young_endpoint_that_is_called_is_busy(self):
        assert of_one(CALLED, created={"one": NOW}) is Activity.BUSY

    def test_calls_outside_of_the_window_do_not_count(self):
        early = Series(points={START - timedelta(hours=1): 5.0, START + timedelta(days=DAYS): 5.0})
        assert of_one({**WORKING, Metric.INVOCATIONS: early}) is Activity.IDLE

    def test_a_metric_that_is_refused_is_denied(self):
        assert of_one({**WORKING, Metric.INVOCATIONS: series(days=[], refused=True)}) is Activity.DENIED

    def test_an_answer_that_is_cut_short_is_unknown(self):
        assert of_one({**WORKING, Metric.INVOCATIONS: series(days=[], partial=True)}) is Activity.UNKNOWN

    @pytest.mark.parametrize(
        ("error", "activity"),
        [(AccessDenied("denied"), Activity.DENIED), (CloudError("throttled"), Activity.UNKNOWN)],
    )
    def test_cloudwatch_that_does_not_answer_leaves_what_runs_unknown(self, error, activity):
        usage = FakeUsage()
        usage.fail = error
        found = report(ONE, a_stack("two", parked=True), usage=usage)
        assert activities(found) == {"one": activity, "two": Activity.PARKED}
        assert body(found).patch.text == ""

    def test_cloudwatch_is_not_asked_where_nothing_runs(self):
        usage = FakeUsage()
        assert activities(report(a_stack("one", parked=True), usage=usage)) == {"one": Activity.PARKED}
        assert usage.asked == []

    def test_what_was_never_deployed_does_not_run(self):
        found = report(ONE, deployed=a_selection(a_stack("other")), said={})
        assert activities(found)["one"] is Activity.NOT_RUNNING
        assert activities(found)["other"] is Activity.NO_DATA


class TestLooking:
    def of(self, **changes):
        from audited import a_project, a_world
        from fakes import FakeStacks

        from esmcfn.verbs.cost.auditing import audit

        selection = a_selection(ONE)
        stacks = FakeStacks(*built(selection))
        if "fail" in changes:
            stacks.endpoints.fail["observe"] = changes["fail"]
        else:
            stacks.endpoints.serve(ONE.endpoint_name, "config", **changes)
        edit = lambda keys: ("", "")  # noqa: E731
        return audit(a_project(), selection, a_world(stacks=stacks), days=DAYS, billed=False, edit=edit)

    @pytest.mark.parametrize(
        ("error", "activity"),
        [(AccessDenied("denied"), Activity.DENIED), (CloudError("gone wrong"), Activity.UNKNOWN)],
    )
    def test_an_endpoint_that_cannot_be_seen_is_so_alone(self, error, activity):
        found = self.of(fail=error)
        assert activities(found) == {"one": activity}
        assert body(found).models[0].why == error.message

    def test_a_failed_endpoint_costs_nothing(self):
        assert activities(self.of(status="Failed")) == {"one": Activity.NOT_RUNNING}

    def test_an_endpoint_without_variants_proves_nothing(self):
        assert activities(self.of(created_at=START)) == {"one": Activity.NO_DATA}


class TestUse:
    def test_the_average_counts_each_day_by_its_calls(self):
        calls = Series(points={START: 1.0, START + timedelta(days=1): 3.0})
        latency = Series(points={START: 100_000.0, START + timedelta(days=1): 200_000.0})
        found = report(ONE, said={"one": {Metric.INVOCATIONS: calls, Metric.LATENCY: latency}})
        assert body(found).models[0].variants[0].latency_ms == 175

    def test_load_is_a_share_of_all_gpus(self):
        found = report(a_stack("one", **LARGE), said={"one": STRONG})
        (use,) = body(found).models[0].variants
        assert (use.gpu_percent, use.gpu_memory_percent, use.memory_percent) == (15, 17.5, 10)

    def test_what_a_hundred_percent_is_may_be_unknown(self):
        found = report(a_stack("one", variant=a_variant(instance_type="ml.trn1.2xlarge")), said={"one": STRONG})
        assert body(found).models[0].variants[0].gpu_percent is None

    @pytest.mark.parametrize(
        ("name", "count"), [("ml.g5.12xlarge", 4), ("ml.m5.xlarge", 0), ("ml.g6.xlarge", 1), ("ml.inf2.xlarge", None)]
    )
    def test_gpus_are_counted_or_unknown(self, name, count):
        assert offered("us-east-1", name)
        assert gpus(name) == count


class TestSavings:
    def remedies(self, said, stack=ONE, **options):
        found = body(report(stack, said={"one": said}, **options))
        return {saving.remedy: saving for saving in found.models[0].savings}

    def test_parking_saves_what_it_costs(self):
        assert self.remedies(WORKING)[Remedy.PARK].monthly == Decimal("1.515") * 730

    def test_what_idles_at_an_unknown_price_saves_an_unknown_amount(self):
        stack = a_stack("one", variant=a_variant(instance_type="ml.p6-b300.48xlarge"))
        found = body(report(stack, said={"one": WORKING}))
        assert (found.models[0].savings[0].monthly, found.saving_monthly) == (None, None)

    def test_nights_and_weekends_without_a_call_are_a_schedule(self):
        weekdays = [day for day in range(DAYS) if (START + timedelta(days=day)).weekday() < 5]
        calls = series(1.0, days=weekdays, hours=range(8, 18))
        saving = self.remedies({**WORKING, Metric.INVOCATIONS: calls})[Remedy.SCHEDULE]
        assert "between 18:00 and 08:00 UTC nor on Saturdays and Sundays" in saving.how
        assert saving.monthly == to_millionth(Decimal("1.515") * 730 * (168 - 5 * 11) / 168) == Decimal("743.883036")

    def test_what_a_schedule_of_scaling_saves_already_is_not_saved_again(self):
        nights = tuple(
            ScheduledScaling(
                name=name, cron=f"0 {hour} ? * * *", timezone="UTC", min_capacity=count, max_capacity=count
            )
            for name, hour, count in (("evening", 18, 1), ("morning", 8, 4))
        )
        scaling = Autoscaling(min_capacity=1, max_capacity=4, target_value=Decimal(70), schedule=nights)
        said = {**WORKING, Metric.INVOCATIONS: series(3.0, hours=range(8, 18))}
        found = self.remedies(said, a_stack("one", autoscaling=scaling))[Remedy.SCHEDULE]
        assert "91 of 168 hours a week" in found.how
        assert found.monthly.quantize(Decimal("0.01")) == (Decimal("1.515") * 730 * 91 / 168).quantize(Decimal("0.01"))

    def test_weekends_alone_are_a_schedule(self):
        weekdays = [day for day in range(DAYS) if (START + timedelta(days=day)).weekday() < 5]
        calls = series(1.0, days=weekdays, hours=range(24))
        saving = self.remedies({**WORKING, Metric.INVOCATIONS: calls})[Remedy.SCHEDULE]
        assert "no call on Saturdays and Sundays" in saving.how
        assert saving.monthly == to_millionth(Decimal("1.515") * 730 * 47 / 168)

    def test_calls_around_the_clock_leave_nothing_to_schedule(self):
        assert self.remedies({**WORKING, Metric.INVOCATIONS: series(hours=range(24))}) == {}

    def test_days_without_a_report_prove_no_schedule(self):
        assert Remedy.SCHEDULE not in self.remedies({Metric.INVOCATIONS: series(days=range(10))})

    def test_one_week_is_no_habit(self):
        assert Remedy.SCHEDULE not in self.remedies(CALLED, days=13)

    def test_an_unknown_price_saves_an_unknown_amount(self):
        stack = a_stack("one", variant=a_variant(instance_type="ml.p6-b300.48xlarge"))
        assert self.remedies(CALLED, stack)[Remedy.SCHEDULE].monthly is None

    def test_a_smaller_size_that_holds_the_busiest_minute_is_named(self):
        saving = self.remedies({**CALLED, **STRONG}, a_stack("one", **LARGE))[Remedy.SMALLER]
        assert saving.monthly == (Decimal("7.09") - Decimal("1.515")) * 730
        assert "ml.g5.2xlarge would hold that" in saving.how

    @pytest.mark.parametrize(
        "said",
        [
            {**STRONG, Metric.MEMORY: series(14.0)},
            {**STRONG, Metric.GPU: series(81.0)},
            {**STRONG, Metric.GPU_MEMORY: series(81.0)},
            {Metric.GPU: series(60.0), Metric.GPU_MEMORY: series(70.0)},
            {Metric.GPU: series(60.0), Metric.MEMORY: series(10.0)},
        ],
    )
    def test_a_size_that_might_not_hold_it_is_not(self, said):
        assert Remedy.SMALLER not in self.remedies({**CALLED, **said}, a_stack("one", **LARGE))

    @pytest.mark.parametrize(
        "offered", [(), ("ml.g6.2xlarge",), ("ml.t2.medium",), ("ml.g5.24xlarge",), ("ml.c5.xlarge",)]
    )
    def test_other_families_and_dearer_sizes_are_not_compared(self, offered):
        stack = a_stack("one", **{**LARGE, "supported_instance_types": offered})
        assert Remedy.SMALLER not in self.remedies({**CALLED, **STRONG}, stack)

    def test_without_a_gpu_nothing_is_compared(self):
        stack = a_stack(
            "one", variant=a_variant(instance_type="ml.m5.4xlarge"), supported_instance_types=("ml.m5.xlarge",)
        )
        assert Remedy.SMALLER not in self.remedies({**CALLED, **STRONG}, stack)

    def test_what_is_selected_no_more_is_to_be_deployed_away(self):
        found = report(ONE, deployed=a_selection(ONE, a_stack("gone")), usage=Everything(WORKING))
        gone = body(found).models[1]
        assert (gone.selected, gone.activity) == (False, Activity.IDLE)
        assert "selected no more" in gone.savings[0].how
        assert body(found).patch.models == ("one",)

    def test_what_is_selected_no_more_is_not_made_smaller(self):
        gone = a_stack("gone", **LARGE)
        found = report(ONE, deployed=a_selection(ONE, gone), usage=Everything({**CALLED, **STRONG}))
        assert [saving.remedy for saving in body(found).models[1].savings] == [Remedy.SCHEDULE]

    @given(st.sets(st.integers(0, 23), min_size=1, max_size=24))
    def test_the_quiet_hours_hold_no_call_and_end_at_one(self, busy):
        begin, hours = _quiet(busy)
        assert not busy & {(begin + step) % 24 for step in range(hours)}
        assert (begin + hours) % 24 in busy
        assert (begin - 1) % 24 in busy


class Everything(FakeUsage):
    """Says the same of every variant."""

    def __init__(self, said):
        super().__init__()
        self.same = said

    def measure(self, variants, window):
        return {(variant, metric): self.same.get(metric, Series()) for variant in variants for metric in Metric}


class TestBill:
    def months(self, *charges, created=None):
        found = report(ONE, bills=FakeBills(*charges), created={"one": created} if created else {})
        return {month.start.month: month for month in body(found).months if month.model == "one"}

    def test_it_begins_two_months_ago_and_ends_before_today(self):
        bills = FakeBills()
        report(ONE, bills=bills)
        assert bills.asked == [("dev", date(2026, 9, 1), date(2026, 11, 21))]
        assert bill_start(date(2026, 1, 31)) == date(2025, 11, 1)

    def test_a_whole_month_is_compared_with_its_own_hours(self):
        month = self.months(charge(10, "1127.16", "one"), created=datetime(2026, 9, 1, tzinfo=UTC))[10]
        assert (month.actual, month.estimate) == (Decimal("1127.16"), Decimal("1.515") * 24 * 31)
        assert month.difference == 0

    def test_the_month_that_runs_is_compared_with_the_days_that_are_billed(self):
        month = self.months(charge(11, "700", "one"), created=datetime(2026, 9, 1, tzinfo=UTC))[11]
        assert (month.days, month.of_days, month.estimate) == (20, 30, Decimal("1.515") * 24 * 20)

    def test_before_the_endpoint_was_made_the_estimate_says_nothing(self):
        months = self.months(charge(9, "5", "one"), created=datetime(2026, 10, 22, tzinfo=UTC))
        assert (months[9].estimate, months[9].difference) == (None, None)
        assert months[10].days == 10

    def test_no_line_is_not_zero(self):
        assert {month.actual for month in self.months().values()} == {None}

    def test_usage_types_of_a_model_are_added(self):
        assert self.months(charge(11, "1.10", "one"), charge(11, "2.20", "one", "other"))[11].actual == Decimal("3.30")

    def test_a_model_that_is_gone_is_still_billed(self):
        months = body(report(ONE, bills=FakeBills(charge(9, "7", "gone")))).months
        (gone,) = [month for month in months if month.model == "gone" and month.actual]
        assert (gone.actual, gone.estimate) == (7, None)

    def test_its_price_is_said(self):
        assert "2 Cost Explorer requests, 0.02 USD" in body(report(ONE, bills=FakeBills(requests=2))).notes

    def test_tags_that_nobody_activated_are_explained(self):
        assert any("cost allocation tags" in note for note in body(report(ONE)).notes)

    @pytest.mark.parametrize(
        ("changes", "words"),
        [({"complete": False}, "its sums are too low"), ({"untagged_usd": Decimal(12)}, "12 USD of SageMaker")],
    )
    def test_what_is_missing_from_it_is_said(self, changes, words):
        from esmcfn.audit.billing import bill_notes

        bill = Bill(start=date(2026, 9, 1), end=date(2026, 9, 2), charges=(charge(9, "1"),), requests=1)
        assert any(words in note for note in bill_notes(replace(bill, **changes), "dev"))
        assert not any(words in note for note in bill_notes(bill, "dev"))

    def test_cost_explorer_that_does_not_answer_leaves_the_rest(self):
        bills = FakeBills()
        bills.fail = CloudError("no answer")
        found = body(report(ONE, said={"one": WORKING}, bills=bills))
        assert (found.bill, found.why_no_bill, found.months) == (None, "no answer", ())
        assert found.models[0].activity is Activity.IDLE

    def test_it_is_not_asked_where_that_is_not_wanted(self):
        bills = FakeBills()
        assert body(report(ONE, bills=bills, billed=False)).bill is None
        assert bills.asked == []


class TestPatch:
    def test_what_idles_is_parked_and_nothing_else_is_touched(self):
        text = body(seeded()).patch.text
        changed = [line for line in text.splitlines() if line[:1] in "+-" and line[:3] not in {"+++", "---"}]
        assert changed == ["+    parked: true"]

    @pytest.mark.parametrize("end", ["\n", ""])
    @pytest.mark.parametrize("newline", ["\n", "\r\n"])
    def test_git_applies_it(self, tmp_path, end, newline):
        before = newline.join(["a: 1", "b:  # \x85 kept", "  c: 2"]) + end
        after = before.replace("c: 2", f"c: 2{newline}  parked: true")
        file = tmp_path / "environments" / "dev.yaml"
        file.parent.mkdir()
        file.write_bytes(before.encode())
        made = patch("environments/dev.yaml", before, after, ("c",))
        subprocess.run(["git", "apply", "--unsafe-paths", "-"], input=made.text.encode(), cwd=tmp_path, check=True)
        assert file.read_bytes().decode() == after

    def test_a_file_that_cannot_be_edited_is_told(self):
        def edit(keys):
            raise UsageError("it is an alias", next_step="write it yourself")

        found = body(report(ONE, said={"one": WORKING}, edit=edit))
        assert (found.patch.text, found.patch.models) == ("", ("one",))
        assert "write it yourself" in found.patch.why_not


@pytest.mark.parametrize("form", FORMATS)
def test_the_report_reads_as_reviewed(form, update_golden):
    golden.check(f"audits/seeded.{SUFFIXES[form]}", render(form, (seeded(),)), update=update_golden)


@pytest.mark.parametrize("form", FORMATS)
def test_a_report_without_bill_and_patch_reads_as_reviewed(form, update_golden):
    def edit(keys):
        raise UsageError("it is an alias", next_step="write it yourself")

    report_without = report(ONE, said={"one": WORKING}, billed=False, edit=edit)
    golden.check(f"audits/without.{SUFFIXES[form]}", render(form, (report_without,)), update=update_golden)


def test_a_name_cannot_break_out_of_the_patch_in_markdown():
    text = "environment: dev\nselected_models:\n  one:\n    selector: X  # ````\n"
    found = report(
        ONE, said={"one": WORKING}, edit=lambda keys: (text, text.replace("# ````", "# ````\n    parked: true"))
    )
    assert render("markdown", (found,)).count("````") == 2


def test_no_heading_stands_over_a_bill_of_which_there_is_nothing_to_say():
    found = seeded()
    bare = tuple(replace(month, actual=None, estimate=None) for month in body(found).months)
    assert bare
    assert "Bill, USD" not in render("text", (replace(found, body=replace(body(found), months=bare)),))
