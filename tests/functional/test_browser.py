"""The page in a real browser, where one is installed: it breaks no rule of its own, is drawn, and sorts."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path

import audited
import pytest
from builders import a_stack
from msgspec.structs import replace

from esmcfn.render import render

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
BROWSER = next(filter(None, map(shutil.which, BROWSERS)), None)

pytestmark = pytest.mark.skipif(BROWSER is None, reason=f"none of {', '.join(BROWSERS)} is installed")

Opened = Callable[..., str]


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    """Opens a page without a network; returns what the browser printed."""

    def open_page(text: str, *options: str) -> str:
        page = tmp_path / "audit.html"
        page.write_text(text, encoding="utf-8")
        done = subprocess.run(
            [
                *(str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
                *("--hide-scrollbars", "--enable-logging=stderr", f"--user-data-dir={tmp_path / 'profile'}"),
                *("--host-resolver-rules=MAP * ~NOTFOUND", "--window-size=800,1000", *options, page.as_uri()),
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    return open_page


def page() -> str:
    return render("html", (audited.seeded(),))


def complaints(printed: str) -> list[str]:
    """What the page's console was told."""
    return re.findall(r'CONSOLE[^"]*"(.*)', printed)


def test_the_page_breaks_none_of_its_own_rules(opened):
    assert complaints(opened(page(), "--dump-dom")) == []


def test_a_script_that_somebody_changed_is_refused(opened):
    printed = opened(page().replace('"use strict"', '"use  strict"'), "--dump-dom")
    assert any("Content Security Policy" in complaint for complaint in complaints(printed))


def test_a_click_on_a_heading_sorts_and_another_turns_it_around(opened):
    """The click is a script of the test's own, so the policy is taken away for it."""
    bare = without_policy(page())

    def order(clicks: int, column: int) -> list[str]:
        click = f"document.querySelectorAll('thead button')[{column}].click();" * clicks
        dom = opened(bare.replace("</body>", f"<script>{click}</script></body>"), "--dump-dom")
        return re.findall(r'<th scope="row">([a-z]+)</th>', dom)

    assert order(0, 0) == ["busy", "idle", "silent", "parked", "fresh", "wide"]
    assert order(1, 0) == ["busy", "fresh", "idle", "parked", "silent", "wide"]
    assert order(2, 0) == ["wide", "silent", "parked", "idle", "fresh", "busy"]
    assert order(1, 2)[:3] == ["idle", "wide", "busy"]
    assert order(2, 2)[:3] == ["busy", "wide", "idle"]  # what is unknown stays last


def without_policy(text: str) -> str:
    """For scripts of a test's own."""
    return re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)


def test_a_sorted_column_says_so_to_those_who_do_not_see_it(opened):
    def sorts(clicks: str) -> list[str]:
        dom = opened(without_policy(page()).replace("</body>", f"<script>{clicks}</script></body>"), "--dump-dom")
        return re.findall(r'aria-sort="([a-z]+)"', dom)

    click = "document.querySelectorAll('thead button')[{}].click();"
    assert sorts("") == []
    assert sorts(click.format(0)) == ["ascending"]
    assert sorts(click.format(0) + click.format(2) * 2) == ["descending"], "one column of a table at a time"


def test_what_is_folded_is_unfolded_for_the_printer_and_folded_again(opened):
    def unfolded(*events: str) -> int:
        script = "".join(f"dispatchEvent(new Event('{event}'));" for event in events)
        dom = opened(without_policy(page()).replace("</body>", f"<script>{script}</script></body>"), "--dump-dom")
        return len(re.findall(r"<details open", dom))

    assert (unfolded(), unfolded("beforeprint"), unfolded("beforeprint", "afterprint")) == (0, 2, 0)


MEASURE = """
const hits = [];
for (const svg of document.querySelectorAll("figure svg[role=img]")) {
  const frame = svg.getBoundingClientRect();
  const words = [...svg.querySelectorAll("text")].map((text) => [text.textContent, text.getBoundingClientRect()]);
  words.forEach(([text, box], at) => {
    if (box.left < frame.left - 1 || box.right > frame.right + 1) hits.push(`${text} leaves`);
    for (const [other, its] of words.slice(at + 1))
      if (box.left < its.right && its.left < box.right && box.top + 3 < its.bottom && its.top + 3 < box.bottom)
        hits.push(`${text} on ${other}`);
  });
}
document.title = `${document.querySelectorAll("figure text").length} words: ${hits.join("; ")}`;
"""


@pytest.mark.parametrize("width", [390, 1280])
def test_no_word_of_a_drawing_stands_on_another_or_outside(opened, width):
    """Of thirteen models and kinds, on a phone and on a screen."""
    report = audited.seeded(*(a_stack(f"a_model_with_a_long_name_{number}") for number in range(7)))
    drift = report.body.drift
    kinds = [replace(each, resource_type=f"AWS::Service::LongKind{at}") for at, each in enumerate(drift.resources[:13])]
    stacks = (replace(drift.stacks[0], resources=tuple(kinds)), *drift.stacks[1:])
    drawn = replace(report, body=replace(report.body, drift=replace(drift, stacks=stacks)))
    text = without_policy(render("html", (drawn,))).replace("</body>", f"<script>{MEASURE}</script></body>")
    (title,) = re.findall("<title>(.*?)</title>", opened(text, "--dump-dom", f"--window-size={width},1000"))[:1]
    count, _, hits = title.partition(" words: ")
    assert hits == ""
    assert int(count) > 60


@pytest.mark.parametrize(
    ("theme", "paper", "bar"), [("1", (255, 255, 255), (0, 103, 168)), ("0", (20, 24, 29), (78, 168, 230))]
)
def test_bars_are_drawn_in_the_light_and_in_the_dark(opened, tmp_path, theme, paper, bar):
    picture = tmp_path / "page.png"
    opened(page(), f"--screenshot={picture}", f"--blink-settings=preferredColorScheme={theme}")
    colours = pixels(picture)
    assert colours[0] == paper
    assert colours.count(bar) > 3_000


@pytest.mark.parametrize(
    ("theme", "states"),
    [
        ("1", {"drifted": (194, 83, 10), "missing": (168, 72, 127), "not checked": (107, 114, 128)}),
        ("0", {"drifted": (240, 144, 77), "missing": (224, 142, 188), "not checked": (154, 163, 174)}),
    ],
)
def test_what_drifted_is_missing_or_was_not_checked_is_drawn_in_colours_of_its_own(opened, tmp_path, theme, states):
    picture = tmp_path / "page.png"
    opened(
        page(), f"--screenshot={picture}", "--window-size=1280,1200", f"--blink-settings=preferredColorScheme={theme}"
    )
    colours = pixels(picture)
    for state, colour in states.items():
        assert colours.count(colour) > 100, state


def test_a_table_of_endpoints_of_no_stack_sorts_by_what_they_cost_and_the_unknown_stays_last(opened):
    bare = without_policy(page())
    heading = "document.querySelector('[id^=unmanaged]').closest('table').querySelectorAll('thead button')"

    def order(clicks: int) -> list[str]:
        click = f"{heading}[4].click();" * clicks
        dom = opened(bare.replace("</body>", f"<script>{click}</script></body>"), "--dump-dom")
        return re.findall(r'<th scope="row">Notebook-demo-([0-9])</th>', dom)

    assert (order(0), order(1), order(2)) == (["2", "0", "1"], ["1", "0", "2"], ["0", "1", "2"])


def test_a_page_without_drift_breaks_no_rule_either(opened):
    from builders import a_stack

    text = render("html", (audited.report(a_stack("one"), billed=False),))
    assert complaints(opened(text, "--dump-dom")) == []


def test_it_prints(opened, tmp_path):
    paper = tmp_path / "page.pdf"
    opened(page(), f"--print-to-pdf={paper}", "--no-pdf-header-footer")
    assert paper.read_bytes().startswith(b"%PDF")


def pixels(picture: Path) -> list[tuple[int, int, int]]:
    """Every fourth line of a PNG with eight bits a channel, as colours."""
    data, at, packed, header = picture.read_bytes(), 8, b"", b""
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        header, packed = (body, packed) if kind == b"IHDR" else (header, packed + body * (kind == b"IDAT"))
        at += 12 + length
    width, height, depth, colour = struct.unpack(">IIBB", header[:10])
    assert (depth, colour in {2, 6}) == (8, True)
    size = 3 if colour == 2 else 4
    rows, line, before = zlib.decompress(packed), width * size, bytearray(width * size)
    found: list[tuple[int, int, int]] = []
    for number in range(height):
        begin = number * (line + 1)
        before = unfiltered(rows[begin], bytearray(rows[begin + 1 : begin + 1 + line]), before, size)
        if number % 4 == 0:
            found += [(before[x], before[x + 1], before[x + 2]) for x in range(0, line, size)]
    return found


def unfiltered(kind: int, row: bytearray, above: bytearray, size: int) -> bytearray:
    """https://www.w3.org/TR/png-3/#9Filters"""
    for x in range(len(row)):
        left = row[x - size] if x >= size else 0
        corner = above[x - size] if x >= size else 0
        up = above[x]
        estimate = left + up - corner
        near = min((left, up, corner), key=lambda value: abs(estimate - value))
        row[x] = (row[x] + (0, left, up, (left + up) // 2, near)[kind]) & 255
    return row
