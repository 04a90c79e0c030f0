"""What a hostile or unlucky machine does: nothing moves a terminal's cursor, nothing becomes a traceback."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from esmcfn.errors import ExitCode, Problem, visible
from esmcfn.render.canonical import canonical

ESCAPES = "\x1b]0;title\x07\u009b31m\u202e\u2028\n::error::forged"


def test_what_would_move_a_cursor_is_written_out():
    assert visible(ESCAPES) == r"\x1b]0;title\x07\x9b31m\u202e\u2028\n::error::forged"
    assert visible("ESM C: größer, ½, 蛋白") == "ESM C: größer, ½, 蛋白"
    assert visible("a\nb", keep="\n") == "a\nb"
    assert "\n" not in str(Problem("f", 1, 1, ESCAPES, ESCAPES))


def test_json_says_the_same_with_escapes_of_its_own():
    text = canonical({"key": ESCAPES})
    assert json.loads(text) == {"key": ESCAPES}
    assert not {"\x1b", "\x07", "\u009b", "\u202e", "\u2028"} & set(text)


def test_an_error_stays_json_whatever_the_names_after_two_dashes_look_like(root):
    for name in ("-f", "--format=text", "-ftext"):
        done = root.esmcfn("validate", "-f", "json", "--", name)
        assert done.code == ExitCode.INPUT
        assert done.document["schema"] == "esmcfn.error/v1"


def test_an_environments_name_cannot_forge_a_line(root):
    done = root.esmcfn("plan", ESCAPES)
    assert done.code == ExitCode.INPUT
    assert "\x1b" not in done.err
    assert not any(line.startswith("::error::") for line in done.err.splitlines())


@pytest.mark.parametrize("redirect", [">&-", "2>&-", "<&-", ">/dev/full", "2>/dev/full"])
@pytest.mark.parametrize("words", ["plan dev", "plan nope -f json"])
def test_closed_and_full_streams_are_no_bugs(root, redirect, words):
    command = " ".join([*(f"'{word}'" for word in root.command()), words, redirect])
    done = subprocess.run(
        ["sh", "-c", command], env=root.environment, cwd=root.folder, capture_output=True, text=True, timeout=300
    )
    unseen = redirect == ">&-" or (redirect == ">/dev/full" and words == "plan dev")
    expected = ExitCode.USAGE if unseen else ExitCode.INPUT if "nope" in words else ExitCode.DONE
    assert done.returncode == expected, done.stderr
    assert "Traceback" not in done.stderr
    assert "bug" not in done.stderr


def test_words_may_stand_before_or_after_the_verb(root):
    before = root.esmcfn("-v", "--root", ".", "validate", "dev")
    after = root.esmcfn("validate", "dev", "-v", "--root", ".")
    assert (before.code, before.out) == (after.code, after.out) == (0, before.out)


def test_a_report_that_cannot_be_written_is_said_before_anything_is_done(root):
    done = root.esmcfn("deploy", "dev", "--yes", "--output", "/nowhere/report")
    assert done.code == ExitCode.USAGE
    assert "starting the sandbox" not in done.err


def test_the_last_format_counts(root):
    done = root.esmcfn("plan", "nope", "-f", "text", "-f", "json")
    assert done.document["exit_code"] == 3


def test_a_relative_cache_folder_is_ignored(root):
    assert root.esmcfn("check", "dev", XDG_CACHE_HOME="cache").code == 0
    assert not (root.folder / "cache").exists()


def test_the_same_bytes_whatever_the_machine(root):
    texts = {
        root.esmcfn("build", "dev", PYTHONHASHSEED=seed, TZ=zone, LC_ALL=locale).out
        for seed, zone, locale in (("0", "UTC", "C"), ("1", "Asia/Tokyo", "C.UTF-8"), ("2", "America/Lima", "POSIX"))
    }
    assert len(texts) == 1
    assert os.linesep in texts.pop()
