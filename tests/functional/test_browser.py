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
            timeout=90,
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
    bare = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page())

    def order(clicks: int, column: int) -> list[str]:
        click = f"document.querySelectorAll('thead button')[{column}].click();" * clicks
        dom = opened(bare.replace("</body>", f"<script>{click}</script></body>"), "--dump-dom")
        return re.findall(r'<th scope="row">([a-z]+)</th>', dom)

    assert order(0, 0) == ["busy", "idle", "silent", "parked", "fresh", "wide"]
    assert order(1, 0) == ["busy", "fresh", "idle", "parked", "silent", "wide"]
    assert order(2, 0) == ["wide", "silent", "parked", "idle", "fresh", "busy"]
    assert order(1, 2)[:3] == ["idle", "wide", "busy"]
    assert order(2, 2)[:3] == ["busy", "wide", "idle"]  # what is unknown stays last


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
    bare = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page())
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
