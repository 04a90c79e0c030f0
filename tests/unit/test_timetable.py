"""Schedules as hours: when cron expressions come true, how long which bounds hold, and what that costs."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from msgspec.structs import replace
from scheduled import BOOK, HOUR, TODAY, priced, scaled

from esmcfn import cost
from esmcfn.cost.timetable import MOST_MOMENTS, Moment, timetable
from esmcfn.domain.cost import Held, Span, Timetable
from esmcfn.domain.hosting import ScheduledScaling
from esmcfn.reference import clocks, moments
from esmcfn.reference.timezones import TIMEZONES
from esmcfn.template import synthesize


def a_moment(when: str, least: int | None = 1, most: int | None = 2, **changes) -> Moment:
    return replace(Moment(name="evening", when=when, timezone="Europe/Berlin", least=least, most=most), **changes)


EVENING = a_moment("cron(0 19 ? * MON-FRI *)")
MORNING = a_moment("cron(0 7 ? * MON-FRI *)", 2, 6, name="morning")


def found(*schedule: Moment, least: int = 2, most: int = 6) -> Timetable:
    table = timetable(least, most, schedule)
    assert table
    return table


NIGHTS = (
    ScheduledScaling(
        name="evening", cron="0 19 ? * MON-FRI *", timezone="Europe/Berlin", min_capacity=1, max_capacity=2
    ),
    ScheduledScaling(
        name="morning", cron="0 7 ? * MON-FRI *", timezone="Europe/Berlin", min_capacity=2, max_capacity=6
    ),
)


class TestUnreckoned:
    """What nobody can say is said, and not guessed."""

    @pytest.mark.parametrize(
        ("schedule", "why"),
        [
            ([a_moment("at(2026-12-24T19:00:00)")], "it has only moments that come once"),
            ([a_moment("rate(1 day)"), MORNING], "evening comes at a rate, rate(1 day), and nobody knows from when on"),
            ([a_moment("cron(0 19 ? * MON 2026-2027)"), MORNING], "comes in some years only"),
            ([a_moment("cron(0 25 ? * MON *)"), MORNING], "comes at cron(0 25 ? * MON *), which cannot be read"),
            ([a_moment(""), MORNING], "comes at a moment, which cannot be read"),
            ([replace(EVENING, bounded=True), MORNING], "evening begins or ends on some day"),
            ([replace(EVENING, timezone=""), MORNING], "evening follows a clock, which is no time zone"),
            ([replace(EVENING, timezone="Berlin"), MORNING], "evening follows Berlin, which is no time zone"),
            ([replace(EVENING, least=None, most=None), MORNING], "evening sets no bound"),
            ([EVENING, replace(MORNING, when=EVENING.when)], "evening and morning come at the same minute"),
            ([a_moment("cron(0 0 29 2 ? *)")], "evening comes on no day of 2027"),
            ([a_moment("cron(* * * 1-11 ? *)")], f"more than {MOST_MOMENTS:,} moments"),
            ([a_moment("cron(0 19 ? * * *)", 9, None)], "a lower bound of 9 above an upper one of 6"),
        ],
    )
    def test_a_schedule_that_cannot_be_reckoned_says_why_and_keeps_its_extremes(self, schedule, why):
        table = found(*schedule)
        assert (table.held, why in table.why_not) == ((), True), table.why_not
        variant = replace(cost.hosted(scaled(count=3))[0], min_count=1, max_count=6, timetable=table)
        found_cost = priced(variant)
        item = found_cost.items[0]
        assert (item.min_monthly, item.expected_monthly, item.max_monthly) == (HOUR * 730, HOUR * 2190, HOUR * 4380)
        said = [note for note in found_cost.notes if "are not reckoned" in note]
        assert len(said) == 1
        assert table.why_not in said[0]

    def test_what_comes_once_beside_what_repeats_is_left_out_and_said(self):
        table = found(EVENING, MORNING, a_moment("at(2026-12-24T19:00:00)", 9, 9, name="gala"))
        assert table == replace(found(EVENING, MORNING), left_out=("gala",))
        variant = replace(cost.hosted(scaled())[0], timetable=table)
        assert any("does once (gala) is not in the sums" in note for note in priced(variant).notes)


class TestHours:
    def test_nights_and_weekends_of_a_week(self):
        """From Monday to Friday 7 to 19 by day: 60 hours; the rest, weekends among it, is the evening's."""
        table = found(EVENING, MORNING)
        day, night = (Held(min_count=2, max_count=6, minutes=3600), Held(min_count=1, max_count=2, minutes=6480))
        assert (table.span, table.held, table.timezones) == (Span.WEEK, (night, day), ("Europe/Berlin",))

    def test_clocks_that_move_against_each_other_are_reckoned_over_a_year(self):
        """The day ends at 19 UTC, and begins by Berlin's clock: at 6 UTC in winter, at 5 in summer."""
        table = found(a_moment("cron(0 19 ? * * *)", timezone="UTC"), a_moment("cron(0 7 ? * * *)", 2, 6, name="m"))
        assert (table.span, table.timezones) == (Span.YEAR, ("Europe/Berlin", "UTC"))
        summer = (date(2027, 10, 31) - date(2027, 3, 28)).days
        day = (365 * 13 + summer) * 60
        assert table.held == (
            Held(min_count=2, max_count=6, minutes=day),
            Held(min_count=1, max_count=2, minutes=moments.YEAR_MINUTES - day),
        )

    def test_clocks_that_never_change_are_reckoned_over_a_week(self):
        table = found(
            a_moment("cron(0 0 ? * MON *)", timezone="Asia/Tokyo"),  # Sunday, 15:00 UTC
            a_moment("cron(0 0 ? * MON *)", 2, 6, name="m", timezone="UTC"),
        )
        night = Held(min_count=1, max_count=2, minutes=9 * 60)
        assert (table.span, table.held[1]) == (Span.WEEK, night)

    def test_a_single_moment_holds_for_ever_after(self):
        assert found(EVENING).held == (Held(min_count=1, max_count=2, minutes=10_080),)

    def test_a_moment_that_sets_one_bound_leaves_the_other(self):
        table = found(a_moment("cron(0 0 ? * SUN *)", None, 3), a_moment("cron(0 0 ? * MON *)", 1, None, name="b"))
        assert table.held == (Held(min_count=1, max_count=3, minutes=10_080),)

    def test_what_comes_by_the_month_is_reckoned_over_a_year(self):
        first, second = a_moment("cron(0 0 1 * ? *)", 4, 8), a_moment("cron(0 0 2 * ? *)", name="second")
        table = found(first, second)
        assert table.span is Span.YEAR
        assert table.held == (
            Held(min_count=1, max_count=2, minutes=353 * 1440),
            Held(min_count=4, max_count=8, minutes=12 * 1440),
        )
        assert table.minutes == moments.YEAR_MINUTES

    @pytest.mark.parametrize(
        ("cron", "days"),
        [
            ("0 0 L 2 ? *", ["02-28"]),
            ("0 0 1W 5 ? *", ["05-03"]),  # 1 May 2027 is a Saturday, and the day before is not in May
            ("0 0 31W 10 ? *", ["10-29"]),  # 31 October is a Sunday, and the day after is not in October
            ("0 0 31W 2,4 ? *", []),
            ("0 0 9W,20W 1 ? *", ["01-08", "01-20"]),
            ("0 0 17W 1 ? *", ["01-18"]),
            ("0 0 ? 1 MON#2 *", ["01-11"]),
            ("0 0 ? 1 6L *", ["01-29"]),
            ("0 0 ? 1 FRIL,SUNL *", ["01-29", "01-31"]),
            ("0 0 ? 2 L *", ["02-06", "02-13", "02-20", "02-27"]),
            ("0 0 ? 3 SAT-SUN *", ["03-06", "03-07", "03-13", "03-14", "03-20", "03-21", "03-27", "03-28"]),
            ("0 0 1/15 6 ? *", ["06-01", "06-16"]),
        ],
    )
    def test_days_are_those_that_aws_documents(self, cron, days):
        new_year = date(moments.REFERENCE_YEAR, 1, 1).toordinal()
        of_year = [date.fromordinal(new_year + minute // 1440) for minute in moments.of_a_year(cron)]
        assert [f"{day:%m-%d}" for day in of_year] == days

    def test_a_week_begins_on_sunday(self):
        assert moments.of_a_week("30 6 ? * SUN,TUE *") == [390, 2 * 1440 + 390]


class TestMoney:
    def test_min_expected_and_max_are_those_of_each_hour(self):
        (item,) = priced(*cost.hosted(scaled(*NIGHTS, count=3))).items
        week = Decimal(168)
        assert item.min_monthly == (HOUR * 730 * (60 * 2 + 108 * 1) / week).quantize(Decimal("0.000001"))
        assert item.expected_monthly == (HOUR * 730 * (60 * 3 + 108 * 2) / week).quantize(Decimal("0.000001"))
        assert item.max_monthly == (HOUR * 730 * (60 * 6 + 108 * 2) / week).quantize(Decimal("0.000001"))

    def test_the_hours_that_were_assumed_are_said_once_for_all_who_share_them(self):
        stacks = [scaled(*NIGHTS, model=f"model_{name}") for name in "abcde"]
        notes = priced(*(variant for stack in stacks for variant in cost.hosted(stack))).notes
        assert notes[1] == (
            "model_a, model_b, model_c and 2 more: its schedule holds 1 to 2 instances for 108, 2 to 6 instances for "
            "60 of the 168 hours of a week, by the clock of Europe/Berlin"
        )
        assert not any("schedule" in note for note in notes[2:])

    def test_more_bounds_than_a_sentence_holds_are_summed_up(self):
        moments_of_a_day = [a_moment(f"cron(0 {hour} ? * * *)", hour + 1, 30, name=f"h{hour}") for hour in range(6)]
        variant = replace(cost.hosted(scaled())[0], timetable=found(*moments_of_a_day))
        assert priced(variant).notes[1] == (
            "prototype_model: its schedule holds 6 to 30 instances for 133, 1 to 30 instances for 7, 2 to 30 instances "
            "for 7, 3 to 30 instances for 7, other bounds for 14 of the 168 hours of a week, by the clock of "
            "Europe/Berlin"
        )

    def test_bounds_that_hold_for_ever_have_no_hours(self):
        variant = replace(cost.hosted(scaled())[0], timetable=found(a_moment("cron(0 0 ? * * *)", 1, 1)))
        assert priced(variant).notes[1] == "prototype_model: its schedule holds 1 instance at every hour"

    def test_what_is_deployed_is_reckoned_alike_and_said_only_where_it_differs(self):
        wanted = scaled(*NIGHTS)
        (hosted,) = cost.hosted(wanted)
        body = synthesize(wanted).body
        read = cost.hosted_in(body, stack=hosted.stack, model=hosted.model, software={})
        assert [each.timetable for each in read] == [hosted.timetable]
        assert not any(note.startswith("deployed: prototype") for note in priced(hosted, before=read).notes)
        (other,) = cost.hosted(scaled(NIGHTS[0]))
        assert any(
            note.startswith("deployed: prototype_model: its schedule") for note in priced(hosted, before=(other,)).notes
        )

    def test_the_surge_is_that_of_the_dearest_hour(self):
        (variant,) = cost.hosted(scaled(*NIGHTS, count=3, software_usd_per_hour=Decimal(1)))
        found_cost = cost.estimate(
            (variant,), (), region="us-east-2", prices=BOOK, today=TODAY, updating=frozenset({variant.model})
        )
        assert found_cost.surge_usd_per_hour == (HOUR + 1) * 3

    def test_what_the_quietest_hours_cost_is_less_than_their_share(self):
        (variant,) = cost.hosted(scaled(*NIGHTS, count=3))
        assert variant.cheapest(Fraction(108, 168)) == Fraction(108 * 2, 108 * 2 + 60 * 3)
        assert (variant.cheapest(Fraction(0)), variant.cheapest(Fraction(1))) == (0, 1)
        assert cost.hosted(scaled(count=3))[0].cheapest(Fraction(1, 3)) == Fraction(1, 3)


def test_every_time_zone_that_a_schedule_may_name_has_a_clock():
    assert all(clocks.steps(timezone) for timezone in TIMEZONES)
