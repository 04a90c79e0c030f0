"""A wrong environment beside right ones: nothing is written for any, and whoever reads findings is told the lines."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

from esmcfn import sandbox
from esmcfn.errors import ExitCode

MEND = "next: correct the lines named above; nothing was written and nothing was called\n"


@pytest.fixture
def two(root):
    """An environment that is right, and one that comes after it and selects what nobody offers."""
    root.write("environments/qa.yaml", root.read("environments/dev.yaml").replace("dev", "qa"))
    root.edit("ESMC-300M", "NOPE", file="environments/qa.yaml")
    return root


WRITING = (
    ("deploy", "--all", "--yes"),
    ("park", "dev", "qa", "--yes"),
    ("resume", "--all", "--yes"),
    ("destroy", "--all", "--yes"),
    ("build", "--all", "--out", "built"),
    ("prices", "refresh", "--all"),
)


def test_what_writes_looks_at_every_environment_first(two):
    before = {path: path.read_bytes() for path in two.folder.rglob("*") if path.is_file()}
    for words in WRITING:
        done = two.esmcfn(*words)
        assert (done.code, done.out) == (ExitCode.INPUT, ""), words
        assert done.err.endswith(MEND), words
        assert "environments/qa.yaml:" in done.err
    assert {path: path.read_bytes() for path in two.folder.rglob("*") if path.is_file()} == before
    assert sandbox.find(two.folder) is None  # nothing was called


def test_every_problem_of_every_environment_is_told_at_once(two):
    two.write("environments/bad.yaml", "environment: bad\n")
    done = two.esmcfn("deploy", "--all", "--yes", "-f", "json")
    assert done.code == ExitCode.INPUT
    assert {problem["file"] for problem in done.document["problems"]} == {
        "environments/bad.yaml",
        "environments/qa.yaml",
    }


def test_what_reads_says_of_which_environment_nothing_was_called(two):
    done = two.esmcfn("plan", "--all")
    assert done.code == ExitCode.INPUT
    assert "Plan     4 to add" in done.out
    assert "next: correct the lines named above; nothing was written or called for qa\n" in done.err


@pytest.mark.parametrize("form", ["sarif", "github", "junit", "markdown", "json", "text"])
def test_the_only_environment_replaces_yesterdays_report_with_what_is_wrong(two, form):
    two.write("report", "all was well yesterday")
    done = two.esmcfn("check", "qa", "-f", form, "--output", "report")
    assert (done.code, done.out) == (ExitCode.INPUT, "")
    report = two.read("report")
    assert "yesterday" not in report
    assert "qa" in report
    if form != "text":
        assert "environments/qa.yaml" in report
        assert "NOPE" in report


def test_the_only_environment_is_told_on_standard_output(two):
    told = {form: two.esmcfn("check", "qa", "-f", form) for form in ("sarif", "github", "junit", "markdown")}
    assert {done.code for done in told.values()} == {ExitCode.INPUT}
    assert json.loads(told["sarif"].out)["runs"][0]["results"][0]["ruleId"] == "ESMCFN-INPUT"
    assert told["github"].out.startswith("::error file=environments/qa.yaml,line=")
    assert ElementTree.fromstring(told["junit"].out).find(".//error") is not None
    assert "`environments/qa.yaml:" in told["markdown"].out


def test_an_environment_that_is_not_there_is_no_clean_one(root):
    done = root.esmcfn("check", "q\n::warning::pwned", "dev", "-f", "github")
    assert done.code == ExitCode.INPUT
    assert not any(line.startswith("::warning") for line in (done.out + done.err).splitlines())
    assert done.out.startswith("::error file=environments/,line=1")


def test_a_plan_of_an_environment_that_is_gone_is_stale(root):
    root.write("environments/qa.yaml", root.read("environments/dev.yaml").replace("dev", "qa"))
    assert root.esmcfn("plan", "qa", "--out", "plan.json").code == ExitCode.DONE
    (root.folder / "environments" / "qa.yaml").unlink()
    done = root.esmcfn("deploy", "--plan", "plan.json", "--yes")
    assert done.code == ExitCode.STALE
    assert "error: the plan is for qa, and there is no such environment now\n" in done.err
    named = root.esmcfn("deploy", "--plan", "plan.json", "--yes", "--", "q\n::error::x")
    assert named.code == ExitCode.STALE
    assert named.err.startswith("error: the plan is not for 'q\\n::error::x'\n")


def test_a_check_of_less_than_the_environment_says_so_also_where_the_shell_asked_for_it(root_of):
    root = root_of("multi_model")
    root.write("other.json", '{"Resources": {}}')
    typed = root.esmcfn("check", "dev", "--model", "prototype_model", "-f", "json")
    assert (typed.document["narrowed_to"], typed.document["templates"]) == (["prototype_model"], [])
    assert "note:" not in typed.err
    heard = root.esmcfn("check", "dev", ESMCFN_MODEL="prototype_model")
    assert heard.out.startswith("dev · only prototype_model · ")
    assert heard.err == "note: ESMCFN_MODEL is set: only prototype_model is judged\n"
    other = root.esmcfn("check", "dev", "-f", "markdown", ESMCFN_TEMPLATE="other.json")
    assert other.out.startswith("### dev, only other.json, in place of what is built: policy ")
    assert other.err == "note: ESMCFN_TEMPLATE is set: only other.json is judged\n"
    assert root.esmcfn("check", "dev").out.startswith("dev · checkov ")
