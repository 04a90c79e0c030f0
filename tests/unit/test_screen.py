"""What a terminal is shown: every word, no line longer than the screen, and a colour for what is meant."""

from __future__ import annotations

import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esmcfn.cli.streams import for_reader
from esmcfn.domain.deployment import Deployment
from esmcfn.domain.plan import Plan
from esmcfn.domain.report import Built
from esmcfn.domain.standing import EnvironmentStatus
from esmcfn.render.colour import on_screen
from esmcfn.render.width import NARROWEST, wrapped

WORDS = st.lists(st.text(alphabet="abc:./-+|=", min_size=1, max_size=30), min_size=1, max_size=20)


@given(
    words=WORDS,
    before=st.sampled_from(("", "    ", "Cost     ", "    + ", "Coverage ", "        ")),
    columns=st.integers(20, 200),
)
def test_no_word_is_lost_or_broken_and_no_line_is_longer_than_the_screen(words, before, columns):
    line = before + " ".join(words)
    pieces = wrapped(line, columns)
    assert " ".join(pieces).split() == line.split()
    for piece in pieces:
        # What is longer holds one word more than it could not do without: its first.
        fits = len(piece) <= max(columns, NARROWEST)
        assert fits or len(piece.removeprefix(before).split()) == 1 or pieces == [line]


@pytest.mark.parametrize(
    ("line", "hang"),
    [
        ("Callers  notice " + "nothing at all " * 9, 9),
        ("Coverage 3 of 3 " + "resources and more " * 9, 9),
        ("    + Endpoint " + "AWS::SageMaker::Endpoint " * 9, 6),
        ("         infrastructure only: " + "what it costs " * 9, 9),
        ("        InstanceType: ml.g5.xlarge -> " + "ml.g5.2xlarge " * 9, 12),
        ("        next: esmcfn " + "prices refresh " * 9, 14),
        ("dev · account 123456789012 · us-east-2 " + "and more " * 9, 4),
    ],
)
def test_what_goes_on_stands_below_where_it_began(line, hang):
    first, *more = wrapped(line, 60)
    assert more
    assert line.startswith(first)
    assert {len(piece) - len(piece.lstrip()) for piece in more} == {hang}


@pytest.mark.parametrize(
    "line", ["17 |     instance_type: " + "x " * 90, "   |     " + "^" * 90, '{"A": ' + "1, " * 90]
)
def test_yaml_and_what_points_at_it_is_never_broken(line):
    assert wrapped(line, 60) == [line]


def test_a_template_is_copied_as_it_is():
    text = "--- # esm-dev sha256:0\n" + '{"Resources": {' + " x" * 200 + "}}\nplain " + "text " * 50 + "\n"
    assert on_screen(text, [Built], columns=60, colours=False) == text


def styles(line, kind):
    return set(re.findall(r"\x1b\[([\d;]+)m", on_screen(line, [kind], columns=80, colours=True))) - {"0"}


BAD, GOOD, CARE, QUIET, BOLD = {"1;31"}, {"32"}, {"33"}, {"2"}, {"1"}


@pytest.mark.parametrize(
    ("kind", "line", "wanted"),
    [
        (Plan, "- esm-dev-big  (big): delete", BAD),
        (Plan, "    - Endpoint  AWS::SageMaker::Endpoint  Endpoint-1", BAD),
        (Deployment, "- esm-dev-big: DELETE_COMPLETE  (0.3 s)", GOOD),
        (Deployment, "- esm-dev-big: DELETE_FAILED  (0.3 s)", BAD),
        (Deployment, "~ esm-dev-big: UPDATE_ROLLBACK_COMPLETE  (4.2 s)", BAD),
        (Deployment, "+ esm-dev-big: CREATE_COMPLETE, endpoint Failed  (4.2 s)", BAD),
        (Deployment, "+ esm-dev-big: CREATE_COMPLETE, endpoint InService  (4.2 s)", GOOD),
        (Deployment, "~ esm-dev-big: not reached", CARE),
        (Deployment, "Done     2 stacks removed", BOLD),
        (EnvironmentStatus, "- big: parked", QUIET),
        (EnvironmentStatus, "- prototype_model: not deployed", QUIET),
        (EnvironmentStatus, "= big: in service", GOOD),
        (EnvironmentStatus, "! big: failed", BAD),
    ],
)
def test_a_colour_means_what_the_report_means(kind, line, wanted):
    assert styles(f"{line}\n", kind) == wanted


def test_a_line_that_goes_on_keeps_its_colour_and_a_label_alone_is_bold():
    shown = on_screen("- esm-dev-big: " + "delete " * 30 + "\n", [Plan], columns=60, colours=True)
    assert all("\x1b[1;31m" in line for line in shown.splitlines())
    assert on_screen("Cost     1.00\n", [Plan], columns=60, colours=True) == "\x1b[1mCost \x1b[0m    1.00\n"


class Screen:
    def __init__(self, tty):
        self.tty = tty

    def isatty(self):
        return self.tty


LONG = "Callers  notice " + "nothing at all " * 9 + "\n"


def test_what_is_piped_keeps_a_line_a_line(monkeypatch):
    monkeypatch.setattr(sys, "stdout", Screen(tty=False))
    assert for_reader(LONG, [Plan]) == LONG


@pytest.mark.parametrize(
    ("no_color", "term", "coloured"), [("", "xterm", True), ("1", "xterm", False), ("", "dumb", False)]
)
def test_a_terminal_has_its_width_and_its_colours_unless_somebody_says_no(monkeypatch, no_color, term, coloured):
    for name, value in (("NO_COLOR", no_color), ("TERM", term), ("COLUMNS", "50")):
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stdout", Screen(tty=True))
    shown = for_reader(LONG, [Plan])
    assert ("\x1b[" in shown) is coloured
    plain = re.sub(r"\x1b\[[\d;]*m", "", shown)
    assert plain.split() == LONG.split()
    assert max(map(len, plain.splitlines())) <= 50
