"""explain: what an engine says about its own rule, and never about one that nobody has."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from builders import a_root
from click.testing import CliRunner, Result

from esmcfn.cli.program import program
from esmcfn.errors import UsageError
from esmcfn.policy.checkov import VARIABLE
from esmcfn.policy.graph import GRAPH_RULES
from esmcfn.policy.house import RULES


def run(root: Path, *words: str) -> Result:
    return CliRunner().invoke(program, ["--root", str(root), "explain", *words])


@pytest.fixture
def no_checkov(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "/nowhere")


@pytest.mark.parametrize(
    ("rule", "near"),
    [("ESM099", "did you mean ESM0"), ("nothing", "house rules: ESM001 to "), ("ESMCFN-CHEKOV", "ESMCFN-CHECKOV?")],
)
def test_a_rule_of_nobody_s_is_a_usage_error(tmp_path: Path, rule: str, near: str) -> None:
    error = run(tmp_path, rule).exception

    assert isinstance(error, UsageError)
    assert error.message == f"no engine has a rule {rule}"
    assert near in error.next_step


@pytest.mark.parametrize("rule", ["\x1b[31mESM001", "E" * 5000])
def test_a_rule_is_told_written_out_and_short(tmp_path: Path, rule: str) -> None:
    error = run(tmp_path, rule).exception

    assert isinstance(error, UsageError)
    assert error.message.isprintable()
    assert len(error.message) < 120


@pytest.mark.parametrize("rule", ["ESMCFN-CHECKOV", "esmcfn-cfn-lint", "ESMCFN-LEVELS"])
def test_what_blocks_without_a_rule_is_explained_too(tmp_path: Path, rule: str) -> None:
    done = run(tmp_path, rule)

    assert done.exit_code == 0
    assert f"{rule.upper()}  hard  " in done.stdout
    assert "no level and no waiver changes" in done.stdout.lower()


@pytest.mark.usefixtures("no_checkov")
def test_without_checkov_it_is_said_that_nobody_looked(tmp_path: Path) -> None:
    done = run(tmp_path, "CKV_AWS_99999999", "--format", "json")

    assert done.exit_code == 0
    document = json.loads(done.stdout)
    assert "could not be asked" in document["unasked"]
    assert "summary" not in document


def test_without_a_rule_every_one_of_the_house_is_listed_with_the_level_in_force(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies/levels.yaml").write_text("levels: {ESM004: hard, CKV2_ESM_9: soft}\n", encoding="utf-8")
    lines = [line.split(maxsplit=2) for line in run(tmp_path).stdout.splitlines()]
    levels = {rule: level for rule, level, _ in lines}
    assert set(levels) == {rule.id for rule in (*RULES, *GRAPH_RULES)}
    assert (levels["ESM004"], levels["CKV2_ESM_9"], levels["ESM001"]) == ("hard", "soft", "hard")
    document = json.loads(run(tmp_path, "-f", "json").stdout)
    assert document["schema"] == "esmcfn.rules/v1"
    assert {each["rule"]: each["level"] for each in document["rules"]} == levels


@pytest.mark.usefixtures("no_checkov")
def test_the_level_is_the_one_in_force(tmp_path: Path) -> None:
    root = a_root(tmp_path, files={"policies/a.yaml": "levels: {ESM001: soft, CKV_AWS_1: hard}\n"})

    levels = {
        rule: json.loads(run(root, rule, "--format", "json").stdout)["level"]
        for rule in ("ESM001", "ESM002", "CKV_AWS_1", "CKV_AWS_2", "CKV_AWS_149")
    }

    assert levels == {
        "ESM001": "soft",
        "ESM002": "hard",
        "CKV_AWS_1": "hard",
        "CKV_AWS_2": "soft",
        "CKV_AWS_149": "advisory",
    }
