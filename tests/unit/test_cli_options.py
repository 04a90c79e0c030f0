"""What commands share: lengths of time, and the formats that each verb offers."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from esmcfn.cli.options import DURATION, reports


class TestDurations:
    @pytest.mark.parametrize(
        "said", ["", " ", "soon", "90", "m", "-5m", "1.5h", "5 m", "m5", "5m2h", "٣m", "9999999999s", "5M", "1h\n5m"]
    )
    def test_what_is_none_is_a_usage_error_that_names_some(self, said):
        with pytest.raises(click.BadParameter, match="90s, 30m, 2h"):
            DURATION.convert(said, None, None)

    def test_a_number_alone_is_told_what_it_lacks(self):
        with pytest.raises(click.BadParameter, match="for example 90m"):
            DURATION.convert("90", None, None)

    @pytest.mark.parametrize("said", ["367d", "999999999d", "8785h"])
    def test_more_than_a_year_is_a_slip_of_the_finger(self, said):
        with pytest.raises(click.BadParameter, match="longer than 366 days"):
            DURATION.convert(said, None, None)

    @pytest.mark.parametrize(
        ("said", "seconds"),
        [("0s", 0), ("90s", 90), ("30m", 1800), ("2h", 7200), ("1h30m", 5400), ("1d2h3m4s", 93784), (" 5m ", 300)],
    )
    def test_units_add_up_to_seconds(self, said, seconds):
        found = DURATION.convert(said, None, None)
        assert isinstance(found, float)
        assert found == seconds

    def test_what_is_seconds_already_stays_so(self):
        assert DURATION.convert(2.5, None, None) == 2.5


def test_a_verb_offers_its_own_formats():
    @click.command()
    @reports("outputs", formats=("text", "env"))
    def outputs(run: object) -> int:
        return 0

    done = CliRunner().invoke(outputs, ["--help"])
    assert "[text|env]" in done.output
    assert CliRunner().invoke(outputs, ["dev", "-f", "markdown"]).exit_code == 2
