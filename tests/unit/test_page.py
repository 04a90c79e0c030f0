"""The page: one file, nothing from outside, readable with eyes, without them, in the dark and on paper."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from html.parser import HTMLParser
from importlib.resources import files

import audited
import golden
import pytest
from builders import a_stack
from fakes import FakeBills
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from esmcfn.domain.report import Failure
from esmcfn.errors import AccessDenied, CloudError
from esmcfn.render import render
from esmcfn.render.page import charts

PAGE = files("esmcfn.render.page")


class Elements(HTMLParser):
    """Every element of a page, with its attributes and the elements that it stands in."""

    VOID = frozenset({"meta", "br", "line", "path"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str], tuple[str, ...]]] = []
        self.text: list[tuple[tuple[str, ...], str]] = []
        self._open: list[str] = []
        self.feed(page)
        assert self._open == [], "every element is closed"

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, {name: value or "" for name, value in attrs}, tuple(self._open)))
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.found.append((tag, {name: value or "" for name, value in attrs}, tuple(self._open)))

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.text.append((tuple(self._open), data))

    def of(self, tag):
        return [attributes for name, attributes, _ in self.found if name == tag]

    def inside(self, tag):
        return "".join(data for stack, data in self.text if stack and stack[-1] == tag)


SEEDED = audited.seeded()
THE_PAGE = render("html", (SEEDED,))
"""Made once: nobody changes a report or a text."""


def page(*reports) -> str:
    return render("html", reports) if reports else THE_PAGE


class TestOneFile:
    def test_nothing_comes_from_anywhere_else(self):
        text = page()
        assert not re.search(r"(?i)https?:|//[a-z]|@import|url\(|data:", text)
        assert not Elements(text).of("link")
        assert all(not each["href"].strip("#").startswith(("/", ".")) for each in Elements(text).of("a"))

    def test_the_policy_allows_exactly_its_own_style_and_script(self):
        found = Elements(page())
        (policy,) = (each["content"] for each in found.of("meta") if "Content-Security-Policy" in each.values())

        def digest(tag):
            return "'sha256-" + base64.b64encode(hashlib.sha256(found.inside(tag).encode()).digest()).decode() + "'"

        assert policy == (
            f"default-src 'none'; style-src {digest('style')}; script-src {digest('script')}; "
            "base-uri 'none'; form-action 'none'"
        )

    def test_nothing_asks_for_what_the_policy_refuses(self):
        for _, attributes, _ in Elements(page()).found:
            assert not any(name == "style" or name.startswith("on") for name in attributes)

    def test_names_are_text_whatever_they_are(self):
        report = SEEDED
        first, *rest = report.body.models
        hostile = replace(first, model='<script>alert("x")</script>', why="</style><img src=x onerror=y>")
        text = page(replace(report, body=replace(report.body, models=(hostile, *rest))))
        assert len(Elements(text).of("script")) == 1
        assert not Elements(text).of("img")


class TestReaders:
    def test_tables_have_captions_and_scopes(self):
        found = Elements(page())
        assert len(found.of("caption")) == len(found.of("table")) == 6
        assert all(each["scope"] in {"col", "row"} for each in found.of("th"))

    def test_drawings_have_a_title_and_a_description(self):
        found = Elements(page())
        ids = Counter(attributes["id"] for _, attributes, _ in found.found if "id" in attributes)
        assert set(ids.values()) == {1}
        drawings = [each for each in found.of("svg") if each.get("role") == "img"]
        named = [name for each in drawings for name in each.get("aria-labelledby", "").split()]
        assert len(named) == 8
        assert set(named) <= set(ids)
        assert all(each.get("role") == "img" or each.get("aria-hidden") == "true" for each in found.of("svg"))

    def test_what_is_drawn_stands_in_a_table_too(self):
        found = Elements(page())
        shown = found.inside("td") + found.inside("th")
        for figure in ("590.85", "1,127.16", "2026-11-07", "no line", "10,351.40", "400 d 5 h", "EndpointConfig"):
            assert figure in shown

    @pytest.mark.parametrize("theme", [0, 1, 2])
    @pytest.mark.parametrize("ink", ["ink", "soft", "bad", "good"])
    @pytest.mark.parametrize("paper", ["paper", "shade"])
    def test_text_stands_out_in_the_light_in_the_dark_and_on_paper(self, theme, ink, paper):
        style = (PAGE / "page.css").read_text(encoding="utf-8")
        themes = [dict(re.findall(r"--(\w+):(#\w+)", block)) for block in re.findall(r":root\{([^}]*)\}", style)]
        assert contrast(themes[theme][ink], themes[theme][paper]) >= 4.5

    @pytest.mark.parametrize("theme", [0, 1, 2])
    def test_bars_stand_out(self, theme):
        style = (PAGE / "page.css").read_text(encoding="utf-8")
        colours = [dict(re.findall(r"--(\w+):(#\w+)", block)) for block in re.findall(r":root\{([^}]*)\}", style)][
            theme
        ]
        assert all(contrast(colours[f"s{number}"], colours["paper"]) >= 3 for number in range(7))


class TestNoData:
    def test_charts_without_anything_say_so(self):
        report = audited.report(a_stack("one"), bills=FakeBills(), billed=False)
        text = page(report)
        assert text.count('class="nothing"') == text.count(">no data</text>") == 4
        assert Counter(each.get("class") for each in Elements(text).of("text")) == {"nothing": 4}, "and no axis"
        assert not Elements(text).of("line")
        assert "Cost Explorer was not asked" in text
        assert "Not checked: drift was not asked for (--drift)." in text
        assert "No data: drift was not asked for (--drift)." in text

    def test_nobody_beside_is_none_and_endpoints_that_may_not_be_listed_are_no_data(self):
        def unlisted(there, observers):
            observers.fail["endpoints"] = AccessDenied("missing permission: sagemaker:ListEndpoints")

        alone = page(audited.report(a_stack("one"), billed=False, by_hand=lambda there, observers: None))
        assert ">none</text>" in alone
        assert "None: every endpoint of this account and region has a stack" in alone
        unread = page(audited.report(a_stack("one"), billed=False, by_hand=unlisted))
        assert "No data: not read: missing permission: sagemaker:ListEndpoints." in unread

    def test_nothing_deployed_is_no_drift(self):
        nothing = audited.report(a_stack("one"), billed=False, by_hand=lambda there, observers: there.there.clear())
        assert "nothing is deployed" in page(nothing)

    def test_what_counts_comes_before_what_nobody_could_check(self):
        text = page()
        order = ["esm-dev/ExecutionRole", "esm-dev-busy/Endpoint", "esm-dev-wide/EndpointConfig", "esm-dev-busy/Model"]
        places = [text.index(f">{each}</th>") for each in order]
        assert places == sorted(places)

    def test_an_endpoint_beside_without_a_price_is_no_bar_of_zero(self):
        text = page()
        assert text.index(">Notebook-demo-2</th>") < text.index(">Notebook-demo-0</th>"), "it may be the dearest"
        assert "Notebook-demo-0: 10,351.40 USD" in text
        assert "Notebook-demo-2: price unknown" in text

    def test_a_day_without_a_report_says_so(self):
        calls = {audited.Metric.INVOCATIONS: audited.series(2.0, days=[0, 1])}
        text = page(audited.report(a_stack("one"), said={"one": calls}, billed=False))
        assert re.findall("<title>([^<]*): no data</title>", text) == ["11-09 to 11-20"]
        assert text.count('class="unknown"') == 1
        assert "4 calls on 2 days of 14 with data, 2 on the busiest" in text

    def test_more_models_than_colours_share_one(self):
        charges = [audited.charge(10, f"{number + 1}.00", f"model-{number}") for number in range(9)]
        text = page(audited.report(a_stack("one"), bills=FakeBills(*charges)))
        assert "all others (3), 2026-10: 6.00 USD" in text

    def test_no_calls_at_all_are_zero_and_drawn(self):
        text = page(audited.report(a_stack("one"), said={"one": audited.WORKING}, billed=False))
        assert text.count('class="nothing"') == 3
        assert "0 calls on 14 days of 14 with data" in text


def columns(*values, unit="USD", **changes) -> charts.Chart:
    found = [charts.Column(name=f"c{number}", values=(value,)) for number, value in enumerate(values)]
    return charts.columns(found, title="", summary="", unit=unit, each="day", **changes)


def said(chart: charts.Chart, kind: str) -> list[str]:
    return [word.text for word in chart.words if word.kind == kind]


def axis(chart: charts.Chart) -> list[str]:
    return [word.text for word in chart.words if word.kind == "tick" and word.anchor == "end"]


class TestCharts:
    @pytest.mark.parametrize(
        ("most", "labels"),
        [
            (0, ["0", "1"]),
            (0.0004, ["0.0000", "0.0001", "0.0002", "0.0003", "0.0004"]),
            (0.04, ["0.00", "0.01", "0.02", "0.03", "0.04"]),
            (7, ["0", "2", "4", "6", "8"]),
            (100, ["0", "20", "40", "60", "80", "100"]),
            (13_000, ["0", "5k", "10k", "15k"]),
            (1_400_000, ["0", "0.5M", "1M", "1.5M"]),
        ],
    )
    def test_lines_stand_at_round_figures_above_the_highest_bar(self, most, labels):
        chart = columns(float(most))
        assert axis(chart) == labels
        assert len(chart.lines) == len(labels)

    @given(st.integers(0, 10**9))
    def test_what_is_counted_has_whole_lines(self, most):
        for label in axis(columns(float(most), unit="calls")):
            number = float(label.rstrip("kM").replace(",", "")) * {"k": 1e3, "M": 1e6}.get(label[-1], 1)
            assert number == pytest.approx(round(number))

    @given(st.lists(st.none() | st.floats(-100, 1e7), max_size=120))
    def test_nothing_leaves_the_drawing(self, values):
        chart = columns(*values)
        for each in (*chart.bars, *chart.gaps):
            assert 0 <= each.x <= each.x + each.width <= chart.width + 0.1
            assert 0 <= each.y <= each.y + each.height <= chart.height
        assert all(0 <= word.x <= chart.width and 0 < word.y <= chart.height for word in chart.words)
        assert bool(chart.nothing) == all(value is None for value in values)

    @pytest.mark.parametrize(("count", "named", "rule"), [(7, 7, ""), (8, 4, "2nd"), (14, 7, "2nd"), (90, 7, "13th")])
    def test_columns_that_are_not_named_are_said(self, count, named, rule):
        chart = columns(*[1.0] * count, unit="calls")
        assert len([word for word in chart.words if word.text.startswith("c")]) == named
        assert chart.summary == (f"; every {rule} day is named" if rule else "")

    def test_a_wide_column_tells_its_sum_and_a_refund_is_in_it(self):
        chart = charts.columns(
            [charts.Column(name="a", values=(10.0, -4.0)), charts.Column(name="b", values=(None, None))],
            title="",
            summary="",
            unit="USD",
            each="month",
            legend=("one", "other"),
        )
        assert (said(chart, "sum"), len(chart.bars)) == (["6"], 1)

    @pytest.mark.parametrize(("count", "says"), [(1, "lying"), (14, "upright"), (60, "")])
    def test_a_gap_says_so_where_there_is_room_and_always_to_a_hand(self, count, says):
        chart = columns(None, *[1.0] * count)
        assert [(gap.says, gap.label) for gap in chart.gaps] == [(says, "c0: no data")]

    def test_thirteen_kinds_have_their_names_and_states_in_words(self):
        kinds = [f"AKindOfResource{number}" for number in range(13)]
        found = [charts.Row(name=kind, values=(1.0, 0.0), says="1 in sync") for kind in kinds]
        chart = charts.rows(found, title="", summary="", legend=(("in sync", 0), ("drifted", 1)), unit="resources")
        assert said(chart, "name") == kinds
        assert said(chart, "sum") == ["1 in sync"] * 13
        assert chart.legend == (("in sync", 0),), "only what is drawn"
        assert len({word.y for word in chart.words}) == 13
        assert chart.height == 13 * charts.ROW

    def test_a_long_name_keeps_both_ends(self):
        assert charts.shortened("a-very-long-name-of-a-notebook-17") == "a-very-long-n…-a-notebook-17"
        assert charts.shortened("n" * charts.LONGEST_NAME) == "n" * charts.LONGEST_NAME

    def test_a_row_of_small_bars_tells_unknown_from_zero(self):
        assert charts.spark([None, None]) == charts.spark([]) == ""
        assert charts.spark([0]).count("v-1.0") == 1
        assert charts.spark([0, None, 4]).count("M") == 2


def test_several_environments_stand_on_one_page_and_one_that_failed_is_told():
    failed = Failure(verb="audit", environment="prod", error=CloudError("access denied"))
    found = Elements(page(SEEDED, failed, audited.report(a_stack("one")), replace(failed, environment="eu")))
    assert len(found.of("section")) == 4
    assert "access denied" in found.inside("pre")
    assert found.inside("title").startswith("esmcfn audit: dev, prod, dev and 1 more")


def test_several_environments_are_compared_in_one_table_and_what_failed_is_no_zero():
    failed = Failure(verb="audit", environment="prod", error=CloudError("access denied"))
    text = page(audited.seeded(), failed, audited.report(a_stack("one"), billed=False))
    table = text[text.index('<caption id="overview">') : text.index("</table>")]
    rows = [re.findall(r"<td[^>]*>([^<]*)</td>", row) for row in table.split("<tr>")[2:]]
    assert rows == [
        ["4,093.81", "11,811.40", "1,105.95", "6", "3", "3"],
        ["failed", *["no data"] * 5],
        ["no data", "1,105.95", "nothing", "1", "not checked", "no data"],
    ]
    assert table.count('data-value=""') == 6 + 4, "what is unknown sorts last"
    assert [f"#{each['id']}" for each in Elements(text).of("section")] == re.findall(r'<a href="([^"]*)">', table)
    assert "overview" not in page(), "one environment needs no table of them"


def test_another_report_is_shown_as_its_text():
    from builders import a_project, a_selection
    from fakes import a_world

    from esmcfn.verbs.cost.pricing import price

    report = price(a_project(), a_selection(), a_world(), compared=False)
    assert "prototype_model  1 x ml.g5.2xlarge" in Elements(page(report)).inside("pre")


def test_the_page_reads_as_reviewed(update_golden):
    golden.check("audits/seeded.html", page(), update=update_golden)


def contrast(one: str, other: str) -> float:
    """https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio"""

    def luminance(colour: str) -> float:
        digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
        parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
