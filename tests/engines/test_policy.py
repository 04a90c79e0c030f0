"""Policy: engines side by side, levels, order, and what is remembered.

The engines here are small scripts, a real process each; `test_engines` has the real ones.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from builders import a_base_stack, a_stack, a_target
from msgspec.structs import replace
from scripted import a_template, an_engine, judged

from esmcfn import policy
from esmcfn.domain.finding import Engine, Finding, Level, Severity
from esmcfn.domain.origin import Origin
from esmcfn.domain.project import Policy
from esmcfn.domain.template import Template
from esmcfn.policy.engine import Installation, Surroundings
from esmcfn.policy.process import Fault

TODAY = date(2026, 11, 21)


def test_a_remark_becomes_a_finding_at_its_line(tmp_path: Path) -> None:
    adapter = an_engine(tmp_path, "answer({name: [remark(name)] for name in names})")
    template = replace(a_template(), stack=a_stack(), origins={"Topic": Origin("environments/dev.yaml", 7)})

    (finding,) = judged(adapter, tmp_path / "cache", template)

    assert finding == Finding(
        rule="W1",
        engine=Engine.CFN_LINT,
        severity=Severity.WARNING,
        level=Level.ADVISORY,
        message="says W1",
        origin=Origin("environments/dev.yaml", 7),
        stack=template.stack.name,
        model="prototype_model",
        logical_id="Topic",
        path="Topic/TopicName",
        advice="change what the line says where it matters",
        fingerprint=finding.fingerprint,
    )


def test_a_level_of_the_policy_wins_over_the_engine_s(tmp_path: Path) -> None:
    adapter = an_engine(tmp_path, "answer({name: [remark(name)] for name in names})")

    (finding,) = judged(adapter, tmp_path / "cache", levels={"W1": Level.HARD})

    assert finding.level is Level.HARD


def test_what_blocks_comes_first_then_file_line_and_rule(tmp_path: Path) -> None:
    adapter = an_engine(
        tmp_path,
        """
        answer({names[0]: [remark(0, "W2", path="Low"), remark(0, "W1", path="Low"), remark(0, "W9", path="High"),
                           remark(0, "E9", "error", path="Low"), remark(0, "E1", "error", path="Other")]})
        """,
    )
    template = a_template(High=Origin("a.yaml", 2), Low=Origin("a.yaml", 10), Other=Origin("b.yaml", 1))

    found = judged(adapter, tmp_path / "cache", template)

    assert [finding.rule for finding in found] == ["E9", "E1", "W9", "W1", "W2"]


def test_what_was_judged_is_not_judged_again_and_finds_the_line_where_it_is_now(tmp_path: Path) -> None:
    adapter = an_engine(tmp_path, "answer({name: [remark(name)] for name in names})")
    before = a_template(Topic=Origin("a.yaml", 1))
    judged(adapter, tmp_path / "cache", before)
    silent = an_engine(tmp_path, "sys.exit('nobody should ask')")

    (finding,) = judged(silent, tmp_path / "cache", a_template(Topic=Origin("a.yaml", 5)))

    assert (finding.rule, finding.origin) == ("W1", Origin("a.yaml", 5))


def test_only_the_template_that_is_new_is_asked_about(tmp_path: Path) -> None:
    judged(an_engine(tmp_path, "answer({name: [] for name in names})"), tmp_path / "cache", a_template())
    adapter = an_engine(tmp_path, "answer({name: [remark(name, 'W%d' % len(names))] for name in names})")

    found = judged(adapter, tmp_path / "cache", a_template(), a_template("esm-dev-new", text='{"new": 1}'))

    assert [(finding.rule, finding.stack) for finding in found] == [("W1", "esm-dev-new")]


def test_equal_templates_are_one_question_and_two_answers(tmp_path: Path) -> None:
    adapter = an_engine(tmp_path, "answer({name: [remark(name, 'W%d' % len(names))] for name in names})")

    found = judged(adapter, tmp_path / "cache", a_template("one"), a_template("two"))

    assert [(finding.rule, finding.stack) for finding in found] == [("W1", "one"), ("W1", "two")]


@pytest.mark.parametrize(
    "change",
    [
        {"version": "2.0"},
        {"question": "another"},
    ],
)
def test_another_version_or_question_is_another_verdict(tmp_path: Path, change: dict[str, str]) -> None:
    said = "answer({name: [remark(name, %r)] for name in names}, version=%r)"
    judged(an_engine(tmp_path, said % ("W1", "1.0")), tmp_path / "cache")

    adapter = an_engine(tmp_path, said % ("W2", change.get("version", "1.0")), **change)

    assert [finding.rule for finding in judged(adapter, tmp_path / "cache")] == ["W2"]


def test_another_policy_or_region_is_another_verdict(tmp_path: Path) -> None:
    adapter = an_engine(tmp_path, "answer({name: [] for name in names})")
    judged(adapter, tmp_path / "cache")
    silent = an_engine(tmp_path, "sys.exit('asked')")
    for region, digest in (("us-east-2", "other"), ("eu-west-1", "")):
        judgement = policy.begin(
            (a_template(),),
            policy=Policy(digest=digest),
            region=region,
            cache=tmp_path / "cache",
            today=TODAY,
            engines=(silent,),
        )
        assert [finding.rule for finding in judgement.findings()] == ["FAULT"]


def test_a_damaged_verdict_is_no_verdict(tmp_path: Path) -> None:
    adapter = an_engine(tmp_path, "answer({name: [remark(name)] for name in names})")
    judged(adapter, tmp_path / "cache")
    (stored,) = (tmp_path / "cache").rglob("*.json")
    for damage in ("", "{", "[]", '{"key": "another", "remarks": []}', '{"remarks": [{}]}', "\0" * 100):
        stored.write_text(damage, "utf-8")
        assert [finding.rule for finding in judged(adapter, tmp_path / "cache")] == ["W1"]


def test_a_cache_that_cannot_be_written_only_costs_time(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where a folder should be", "utf-8")
    adapter = an_engine(tmp_path, "answer({name: [remark(name)] for name in names})")

    assert [finding.rule for finding in judged(adapter, tmp_path / "cache")] == ["W1"]


def test_asking_twice_gives_the_same_answer(tmp_path: Path) -> None:
    adapter = an_engine(tmp_path, "answer({name: [remark(name)] for name in names})")
    judgement = policy.begin(
        (a_template(),), policy=Policy(), region="us-east-2", cache=tmp_path / "cache", today=TODAY, engines=(adapter,)
    )
    assert judgement.findings() is judgement.findings()


def test_house_rules_speak_whatever_the_engines_do(tmp_path: Path) -> None:
    body = {"Resources": {"Key": {"Type": "AWS::IAM::AccessKey", "Properties": {"UserName": "someone"}}}}
    stack = a_base_stack(target=a_target())
    template = Template(stack=stack, text="{}", body=body, digest="", origins={}, names={})

    found = judged(an_engine(tmp_path, "1/0"), tmp_path / "cache", template)

    assert [finding.rule for finding in found] == ["FAULT", "ESM008"]


def test_informational_rules_that_the_policy_names_are_asked_for(tmp_path: Path) -> None:
    asked: list[tuple[str, ...]] = []

    def find(surroundings: Surroundings) -> Installation | Fault:
        asked.append(surroundings.informational)
        return Fault("was only asked")

    adapter = replace(an_engine(tmp_path, ""), find=find)
    judged(adapter, tmp_path / "cache", levels={"I3011": Level.ADVISORY, "E1": Level.SOFT})

    assert asked == [("I3011",)]


def test_a_level_of_no_rule_is_told_once_blocks_and_is_softened_by_nothing(tmp_path: Path) -> None:
    adapter = an_engine(
        tmp_path,
        'answer({name: [remark(name, "ESMCFN-LEVELS", "warning", path="")] for name in names})',
    )
    templates = (a_template("one", text="1"), a_template("two", text="2"))

    (finding,) = judged(adapter, tmp_path / "cache", *templates, levels={"ESMCFN-LEVELS": Level.ADVISORY})

    assert (finding.rule, finding.level, finding.origin) == ("ESMCFN-LEVELS", Level.HARD, None)
    assert (finding.stack, finding.model) == ("", None)


def test_an_engine_hears_the_levels_of_its_own_rules_alone() -> None:
    surroundings = Surroundings(region="us-east-2", levels=("CKV_AWS_1", "E1001", "ESM001", "I3011"))

    assert surroundings.levels_of(r"[EWI]\d{4}") == {"levels": "E1001,I3011"}
    assert surroundings.levels_of("X") == {}


def test_a_region_without_budgets_is_told_what_to_leave_out(tmp_path: Path) -> None:
    script = "answer({names[0]: [remark(0, 'E3006', 'error', path) for path in ('Budget/Type', 'Topic/Type')]})"
    types = {"Budget": {"Type": "AWS::Budgets::Budget"}, "Topic": {"Type": "AWS::SNS::Topic"}}
    template = replace(a_template(), body={"Resources": types})
    found = {each.logical_id: each.advice for each in judged(an_engine(tmp_path, script), tmp_path / "cache", template)}
    assert "leave notify out" in found["Budget"]
    assert "notify" not in found["Topic"]
