"""Reports as issues: one an environment, quiet while nothing changes, closed only where everything was looked at."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from msgspec.structs import replace
from reported import RUN, a_drift, a_drifted, a_model, an_audit

from esmcfn.cli.program import program, run
from esmcfn.domain.issue import (
    MARKER,
    Known,
    News,
    SeenBeside,
    SeenDifference,
    SeenSaving,
    Standing,
    fingerprint,
    marker_of,
)
from esmcfn.inputs.reported import known_issues
from esmcfn.render.issue import issue, news
from esmcfn.verbs.issuing import requests, unheard, vanished

BOT = "github-actions[bot]"


def kept(report, *, number=7, author=BOT, open=True):
    return Known(number=number, author=author, open=open, marker=marker_of(report))


def asked(report, *known):
    found = requests(report, issue(report, run=RUN), known, author=BOT, tell=news)
    return [(each.method, each.path, each.fields.get("state"), each) for each in found]


def short(found):
    return [(method, path, state) for method, path, state, _ in found]


IN_SYNC, DRIFTED = a_drift(), a_drift(a_drifted())
SIGNED = a_drift(a_drifted(waiver={"ticket": "OPS-7"}))


def test_of_two_long_policies_the_difference_is_shown_and_not_what_is_alike():
    alike = '{"Statement":[' + "x" * 300
    policy = SeenDifference("PolicyDocument", f'{alike},"Allow mine"', f'{alike},"Allow all"')
    body = issue(a_drift(a_drifted(differences=(policy,))), run=RUN).body
    assert "Allow mine" in body
    assert "Allow all" in body


def test_what_a_waiver_accepts_is_not_called_no_drift():
    assert "**No drift but what a waiver accepts (1 resource)** in" in issue(SIGNED, run=RUN).body
    assert "In sync" not in news(SIGNED, Standing.BAD, News())


def test_drift_opens_one_issue_and_no_drift_opens_none():
    assert short(asked(DRIFTED)) == [("POST", "issues", None)]
    assert asked(IN_SYNC) == []
    assert asked(a_drift(complete=False)) == []


def test_the_same_drift_of_another_night_is_edited_in_place_without_a_comment():
    later = a_drift(a_drifted(), as_of="2026-11-22T02:17:00Z")
    assert fingerprint(later) == fingerprint(DRIFTED)
    ((method, path, state, request),) = asked(later, kept(DRIFTED))
    assert (method, path, state) == ("PATCH", "issues/7", None)
    assert "2026-11-22" in request.fields["body"]


def test_other_drift_is_a_comment_that_names_what_is_new_what_differs_and_what_is_gone():
    before = a_drift(a_drifted("A"), a_drifted("B"))
    now = a_drift(a_drifted("B", differences=()), a_drifted("C"))
    comment, edit = asked(now, kept(before))
    assert comment[:2] == ("POST", "issues/7/comments")
    assert edit[:3] == ("PATCH", "issues/7", None)
    said = comment[3].fields["body"]
    assert "New: `esm-prod-model/C`" in said
    assert "Otherwise than before: `esm-prod-model/B`" in said
    assert "Gone: `esm-prod-model/A`" in said


def test_it_closes_with_a_word_when_all_is_in_sync_and_stays_closed_in_silence():
    assert short(asked(IN_SYNC, kept(DRIFTED))) == [
        ("POST", "issues/7/comments", None),
        ("PATCH", "issues/7", "closed"),
    ]
    assert asked(IN_SYNC, kept(IN_SYNC, open=False)) == []


def test_what_could_not_be_looked_at_closes_nothing_and_opens_nothing():
    unseen = a_drift(a_drifted(state="not checked", why_not_checked="iam:GetRole is denied"), complete=False)
    assert unseen.standing is Standing.UNCLEAR
    assert asked(unseen) == []
    assert asked(unseen, kept(DRIFTED, open=False)) == []
    assert short(asked(unseen, kept(DRIFTED))) == [("POST", "issues/7/comments", None), ("PATCH", "issues/7", None)]
    assert short(asked(unseen, kept(unseen))) == [("PATCH", "issues/7", None)]


def test_it_opens_again_when_drift_returns_even_the_same():
    assert short(asked(DRIFTED, kept(DRIFTED, open=False))) == [
        ("POST", "issues/7/comments", None),
        ("PATCH", "issues/7", "open"),
    ]


@pytest.mark.parametrize(
    "other",
    [
        kept(DRIFTED, author="mallory"),
        kept(a_drift(a_drifted(), environment="dev")),
        Known(number=7, author=BOT, open=True, marker=None),
        kept(an_audit(a_model())),
    ],
)
def test_nobody_elses_issue_no_other_environment_and_no_other_report_is_taken_for_it(other):
    assert short(asked(DRIFTED, other)) == [("POST", "issues", None)]


def test_of_two_that_are_open_the_first_goes_on_and_the_other_is_closed():
    found = short(asked(DRIFTED, kept(DRIFTED, number=9), kept(DRIFTED, number=8), kept(DRIFTED, number=5, open=False)))
    assert found == [
        ("PATCH", "issues/8", None),
        ("POST", "issues/9/comments", None),
        ("PATCH", "issues/9", "closed"),
    ]


def test_a_locked_issue_is_edited_without_the_comment_that_github_would_refuse():
    other = a_drift(a_drifted("Another"))
    locked = replace(kept(DRIFTED), locked=True)
    found = requests(other, issue(other), [locked], author=BOT, tell=news)
    assert [(each.method, each.path) for each in found] == [("PATCH", "issues/7")]
    assert unheard(found, [locked, replace(locked, number=8)]) == (7,)
    gone = vanished([locked], (), author=BOT, tell=str)
    assert [(each.method, each.path) for each in gone] == [("PATCH", "issues/7")]


def test_an_issue_that_says_nothing_of_what_stood_in_it_is_commented_on_without_a_list():
    one = kept(a_drift(a_drifted("A")))
    bare = replace(one, marker=replace(one.marker, marks=None))
    comment, _ = asked(DRIFTED, bare)
    assert "It has changed" in comment[3].fields["body"]
    assert "New:" not in comment[3].fields["body"]


def test_a_new_endpoint_beside_is_news_and_its_age_is_not():
    beside = a_drift(a_drifted(), beside=(SeenBeside("theirs", "InService", "10.00"),))
    dearer = a_drift(a_drifted(), beside=(SeenBeside("theirs", "Updating", "20.00"),))
    assert fingerprint(beside) != fingerprint(DRIFTED)
    assert fingerprint(beside) == fingerprint(dearer)


def test_an_audit_opens_where_something_could_be_saved_and_figures_that_move_are_no_news():
    idle, cheaper = an_audit(a_model()), an_audit(a_model(savings=(SeenSaving("park", "9.00", "nobody called"),)))
    assert short(asked(idle)) == [("POST", "issues", None)]
    assert short(asked(cheaper, kept(idle))) == [("PATCH", "issues/7", None)]
    other = an_audit(a_model(savings=(SeenSaving("smaller", "9.00", "a smaller type does"),)))
    assert short(asked(other, kept(idle)))[0] == ("POST", "issues/7/comments", None)
    busy, unseen = an_audit(a_model(activity="busy", savings=())), an_audit(a_model(activity="no data", savings=()))
    assert short(asked(busy, kept(idle)))[-1] == ("PATCH", "issues/7", "closed")
    assert short(asked(unseen, kept(idle)))[-1] == ("PATCH", "issues/7", None)


def test_the_body_says_what_drifted_how_and_what_to_do():
    body = issue(DRIFTED, run=RUN).body
    assert body.startswith(MARKER)
    assert "**1 resource otherwise than deployed** in `prod`" in body
    assert "- `esm-prod-model/Endpoint` `AWS::SageMaker::Endpoint`: **drifted**" in body
    assert "  - `Tags/Owner`: `(none)` → `somebody`" in body
    assert "  - next: deploy" in body
    assert RUN in body


def report_file(tmp_path, name="prod.json", **changes):
    document = {
        "schema": "esmcfn.drift/v1",
        "environment": "prod",
        "account": "123456789012",
        "region": "us-east-2",
        "as_of": "2026-11-21T02:17:00Z",
        "summary": {},
        "coverage": {"resources": 1, "checked": 1, "complete": True},
        "stacks": [
            {
                "name": "esm-prod",
                "resources": [
                    {"logical_id": "Role", "resource_type": "AWS::IAM::Role", "name": "r", "state": "missing"},
                ],
            }
        ],
        "unmanaged": {"asked": True, "why_not_read": None, "endpoints": []},
        "verdict": {"drifted": True, "strict": False, "bad": True},
        **changes,
    }
    path = tmp_path / name
    path.write_text(json.dumps(document))
    return path


def invoked(*words):
    return CliRunner().invoke(program, ["issue", *map(str, words)], standalone_mode=False)


def test_the_command_writes_what_is_to_be_asked_for_and_reads_what_it_wrote(tmp_path):
    report, known, out = report_file(tmp_path), tmp_path / "known", tmp_path / "out"
    known.write_text("\n")
    done = invoked(report, "--known", known, "--out", out)
    assert done.stdout == "POST issues Drift in prod\n"
    assert (out / "requests").read_text() == "POST issues 1.json\n"
    opened = json.loads((out / "1.json").read_text())
    known.write_text(json.dumps({"number": 3, "state": "open", "author": BOT, "body": opened["body"]}) + "\n")
    assert invoked(report, "--known", known, "--out", out).stdout == "PATCH issues/3 Drift in prod\n"
    assert invoked(report).stdout == opened["body"]


def test_an_environment_that_nobody_could_look_at_is_said_and_its_issue_left_alone(tmp_path):
    error = {"schema": "esmcfn.error/v1", "exit_code": 4, "message": "expired", "next_step": "log in"}
    path = tmp_path / "qa.json"
    path.write_text(json.dumps(error))
    known = tmp_path / "known"
    known.write_text("")
    done = invoked(path, "--known", known, "--out", tmp_path / "out")
    assert (done.stdout, (tmp_path / "out/requests").read_text()) == ("", "")
    assert "qa: nobody could look" in done.stderr
    assert "`qa`: **nobody could look** (exit code 4): expired" in invoked(path).stdout


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{", "null", '{"schema": 1}', '{"schema": "esmcfn.drift/v1"}', '{"schema": "esmcfn.drifts/v1"}'],
)
def test_a_file_that_is_no_report_is_refused_without_a_traceback(tmp_path, content, capsys):
    path = tmp_path / "x.json"
    path.write_text(content)
    assert run(["issue", str(path)]) == 2
    assert "is no report of" in capsys.readouterr().err


@pytest.mark.parametrize("line", ["{", "[]", '{"number": "1"}'])
def test_what_is_no_list_of_issues_is_refused_with_its_line(tmp_path, line, capsys):
    known = tmp_path / "known"
    known.write_text("\n" + line)
    words = ["issue", str(report_file(tmp_path)), "--known", str(known), "--out", str(tmp_path / "out")]
    assert run(words) == 2
    assert "known:2" in capsys.readouterr().err


def known_file(tmp_path, *lines):
    """Issues as GitHub tells them, about environments of these names."""
    path = tmp_path / "known.jsonl"
    rows = (
        {
            "number": number,
            "state": state,
            "author": author,
            "body": issue(replace(a_drift(a_drifted()), environment=name)).body,
        }
        for number, name, state, author in lines
    )
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return str(path)


def test_an_environment_that_is_no_longer_there_has_its_issue_closed_with_the_reason(tmp_path, capsys):
    (tmp_path / "environments").mkdir()
    (tmp_path / "environments" / "broken.yaml").write_text("no: [yaml", encoding="utf-8")
    known = known_file(
        tmp_path,
        (3, "broken", "open", BOT),
        (4, "gone", "open", BOT),
        (5, "gone", "closed", BOT),
        (6, "gone", "open", "somebody"),
    )
    out = tmp_path / "requests"
    words = ["--root", str(tmp_path), "issue", "--close-vanished", "--known", known, "--out", str(out)]
    assert run(words) == 0
    assert capsys.readouterr().out == "POST issues/4/comments\nPATCH issues/4\n"
    said = json.loads((out / "1.json").read_text(encoding="utf-8"))["body"]
    assert "`gone` is no longer in the repository" in said
    assert "esmcfn destroy" in said
    assert json.loads((out / "2.json").read_text(encoding="utf-8")) == {
        "state": "closed",
        "state_reason": "not_planned",
    }


def test_without_a_folder_of_environments_nobody_knows_which_are_gone(tmp_path, capsys):
    words = ["issue", "--close-vanished", "--known", known_file(tmp_path, (4, "gone", "open", BOT))]
    assert run(["--root", str(tmp_path), *words, "--out", str(tmp_path / "requests")]) == 2
    assert "no folder environments" in capsys.readouterr().err
    assert not (tmp_path / "requests").exists()


@pytest.mark.parametrize("words", [(), ("--close-vanished",)])
def test_no_report_or_no_list_of_issues_cannot_be_meant(words, capsys):
    assert run(["issue", *words]) == 2
    assert capsys.readouterr().err


def test_known_without_out_cannot_be_meant(tmp_path):
    assert run(["issue", str(report_file(tmp_path)), "--known", "x"]) == 2


def test_what_somebody_wrote_above_the_marker_does_not_make_it_another_issue(tmp_path):
    path = tmp_path / "known"
    body = f"Bob is on it.\n\n{issue(DRIFTED).body}"
    path.write_text(json.dumps({"number": 1, "state": "open", "author": BOT, "body": body}))
    (found,) = known_issues(path)
    assert found.marker == marker_of(DRIFTED)


@pytest.mark.parametrize("body", [None, "", f"{MARKER}{{}} -->", f"{MARKER}{'[' * 4_000} -->", f"{MARKER}x", "text"])
def test_an_issue_whose_first_line_somebody_edited_is_nobodys(tmp_path, body):
    path = tmp_path / "known"
    path.write_text(json.dumps({"number": 1, "state": "open", "author": BOT, "body": body}))
    (found,) = known_issues(path)
    assert found.marker is None
