"""Moments of a schedule: what AWS's six fields can say, and what never comes true."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esmcfn.reference.cron import fault, last_year


@pytest.mark.parametrize(
    ("cron", "said"),
    [
        ("61 19 ? * MON *", "minutes: 61 is not made of 0 to 59"),
        ("0 25 ? * MON *", "hours: 25 is not made of 0 to 23"),
        ("0 0 32 * ? *", "day of the month: 32 is not made of 1 to 31"),
        ("0 0 0 * ? *", "day of the month: 0 is not"),
        ("0 0 32W * ? *", "day of the month: 32W is not"),
        ("0 0 1,L * ? *", "day of the month: 1,L is not"),
        ("0 0 ? 13 MON *", "month: 13 is not made of 1 to 12 or JAN to DEC"),
        ("0 0 ? * 8 *", "day of the week: 8 is not made of 1 to 7 or SUN to SAT"),
        ("0 0 ? * FOO *", "day of the week: FOO is not"),
        ("0 0 ? * mon-fri *", "day of the week: mon-fri is not"),
        ("0 0 ? * MON#6 *", "day of the week: MON#6 is not"),
        ("0 0 ? * 9#2 *", "day of the week: 9#2 is not"),
        ("0 0 ? * MON#1,TUE#2 *", "day of the week: MON#1,TUE#2 is not"),
        ("0 0 ? * MONL,9L *", "day of the week: MONL,9L is not"),
        ("a b ? c d e", "minutes: a is not"),
        ("? 0 ? * MON *", "minutes: ? is not"),
        ("L 0 ? * MON *", "minutes: L is not"),
        ("*-5 0 ? * MON *", "minutes: *-5 is not"),
        ("0/0 0 ? * MON *", "minutes: 0/0 is not"),
        ("0/60 0 ? * MON *", "minutes: 0/60 is not"),
        ("0, 0 ? * MON *", "minutes: 0, is not"),
        ("0 0 ? * ? *", "exactly one of the two days must be a ?"),
        ("0 0 1 * MON *", "exactly one of the two days must be a ?"),
        ("0 0 30 2 ? *", "there is no such day"),
        ("0 0 30-31 FEB ? *", "there is no such day"),
        ("0 0 31 APR,JUN ? *", "there is no such day"),
        ("0 0 31W 11 ? *", "there is no such day"),
        ("0 0 29 2 ? 2027", "there is no such day"),
        ("0 0 ? * MON 1969", "year: 1969 is not made of 1970 to 2199"),
        ("0 0 ? * MON 2200", "year: 2200 is not"),
        ("0 0 ? * MON 2030-2028", "year: 2030-2028 is not"),
        ("0 0 ? * MON", "six fields, and not 5"),
        ("", "six fields, and not 0"),
    ],
)
def test_what_never_comes_true_is_told(cron, said):
    assert fault(cron).startswith(said)
    assert last_year(cron) is None


@pytest.mark.parametrize(
    "cron",
    [
        "0 19 ? * MON-FRI *",
        "0 10 * * ? *",
        "15 12 * * ? *",
        "0/15 * * * ? *",
        "*/10 * ? * MON-FRI *",
        "0/5 8-17 ? * MON-FRI *",
        "0 22-2 ? * FRI-MON *",
        "0 9 L * ? *",
        "0 9 3W,15W * ? *",
        "0 9 ? * 2#1 *",
        "0 9 ? * L *",
        "15 10 ? * 6L 2027-2028",
        "0 0 29 2 ? *",
        "0 0 29 FEB ? 2027,2028",
        "0 0 31 2/1 ? *",
        "0,30 7 1,15 JAN,JUL ? 2027/2",
    ],
)
def test_what_awss_documentation_knows_is_taken(cron):
    assert fault(cron) == ""


@pytest.mark.parametrize(
    ("years", "last"), [("*", None), ("2027", 2027), ("2026,2024", 2026), ("2024-2026", 2026), ("2190/5", 2195)]
)
def test_the_last_year_is_known_where_there_is_one(years, last):
    assert last_year(f"0 7 ? * MON {years}") == last


@given(st.text(alphabet="0123456789?*LW#-/, SUNMOJFEB", max_size=40))
def test_whatever_is_written_gets_an_answer(written):
    assert isinstance(fault(written), str)
