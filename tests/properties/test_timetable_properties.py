"""What holds of every schedule, whatever hours it names."""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib.metadata import version

import pytest
from dateutil.tz import datetime_ambiguous, datetime_exists
from dateutil.zoneinfo import get_zonefile_instance
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace
from scheduled import priced, scaled

from esmcfn import cost
from esmcfn.domain.hosting import ScheduledScaling
from esmcfn.reference import clocks, moments
from esmcfn.reference.timezones import TIMEZONES
from esmcfn.template import synthesize


@pytest.mark.skipif(
    f"python-dateutil {version('python-dateutil')}" != clocks.MADE_FROM, reason="another list of time zones"
)
@given(st.sampled_from(sorted(TIMEZONES)), st.integers(0, moments.YEAR_MINUTES - 1))
def test_a_clock_reads_as_in_the_list_that_it_was_made_from(timezone, minute):
    """What a clock leaves out, or shows twice, is not asked."""
    zone = get_zonefile_instance().get(timezone)
    shown = datetime(moments.REFERENCE_YEAR, 1, 1, tzinfo=zone) + timedelta(minutes=minute)
    assume(datetime_exists(shown) and not datetime_ambiguous(shown))
    assert clocks.in_utc(minute, timezone) == minute - shown.utcoffset().total_seconds() // 60


counts = st.integers(1, 50)
times = st.builds(
    lambda minute, hour, days: f"{minute} {hour} {days} *",
    st.integers(0, 59),
    st.integers(0, 23),
    st.sampled_from(["? * MON-FRI", "? * *", "? * SUN,WED", "L * ?", "15W 3-9 ?", "? * FRI#2", "1/7 JAN,FEB ?"]),
)


@st.composite
def schedules(draw: st.DrawFn) -> tuple[ScheduledScaling, ...]:
    found = []
    for number, cron in enumerate(draw(st.lists(times, max_size=3))):
        least, most = sorted(draw(st.tuples(counts, counts)))
        found.append(
            ScheduledScaling(name=f"m{number}", cron=cron, timezone="UTC", min_capacity=least, max_capacity=most)
        )
    return tuple(found)


@given(schedules(), st.lists(counts, min_size=3, max_size=3))
def test_min_is_never_above_expected_nor_expected_above_max_and_all_hours_are_counted(schedule, three):
    least, count, most = sorted(three)
    (variant,) = cost.hosted(scaled(*schedule, count=count, least=least, most=most))
    (item,) = priced(variant).items
    assert item.min_monthly <= item.expected_monthly <= item.max_monthly
    assert variant.min_count <= variant.least <= variant.expected <= variant.most <= variant.max_count
    table = variant.timetable
    assert (table is None) == (not schedule)
    assert table is None or table.why_not or table.minutes in {moments.WEEK_MINUTES, moments.YEAR_MINUTES}


@given(st.lists(times, min_size=1, max_size=3, unique=True), st.lists(counts, min_size=3, max_size=3))
def test_a_schedule_that_repeats_the_same_bounds_changes_nothing(crons, three):
    least, count, most = sorted(three)
    schedule = tuple(
        ScheduledScaling(name=f"m{number}", cron=cron, timezone="UTC", min_capacity=least, max_capacity=most)
        for number, cron in enumerate(crons)
    )
    (item,) = priced(*cost.hosted(scaled(*schedule, count=count, least=least, most=most))).items
    (plain,) = priced(*cost.hosted(scaled(count=count, least=least, most=most))).items
    assert item == replace(plain, hosted=item.hosted)


@given(schedules())
def test_what_was_built_is_read_back_with_its_hours(schedule):
    stack = scaled(*schedule)
    (hosted,) = cost.hosted(stack)
    assert cost.hosted_in(synthesize(stack).body, stack=hosted.stack, model=hosted.model, software={}) == (hosted,)
