"""What an engine says about its own rule; the engines here are small scripts, a real process each."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from esmcfn.domain.finding import Engine, Level, Severity
from esmcfn.policy.cfnlint import level
from esmcfn.policy.engine import Adapter, Installation, Surroundings
from esmcfn.policy.explanation import Explanation, Unknown, explain
from esmcfn.policy.process import Fault

SURROUNDINGS = Surroundings(region="us-east-2")


RULES = {"E1001": {}, "E1002": {"name": "A name", "why": "A reason.", "source": "", "severity": "error"}}


def asked(tmp_path: Path, rule: str, script: str = "", *, missing: Fault | None = None) -> Explanation | Unknown:
    path = tmp_path / "engine.py"
    path.write_text(script or f"print({json.dumps(json.dumps({'rules': RULES}))})", "utf-8")

    def find(surroundings: Surroundings) -> Installation | Fault:
        return missing or Installation(version="1.0", command=(sys.executable, "-I", str(path)), question={})

    adapter = Adapter(
        engine=Engine.CFN_LINT,
        fault_rule="FAULT",
        mend="install it",
        by_hand="run it by hand",
        find=find,
        level=level,
    )
    return explain(rule, SURROUNDINGS, forms=((re.compile(r"E\d{4}"), adapter, "https://the.page"),))


def test_a_rule_that_the_engine_does_not_have_is_unknown_and_the_nearest_is_named(tmp_path: Path) -> None:
    assert asked(tmp_path, "E1003") == Unknown("did you mean E1002?")


def test_an_id_that_looks_like_no_engine_s_is_unknown_without_asking(tmp_path: Path) -> None:
    assert asked(tmp_path, "X1", "1/0") == Unknown()


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("1/0", "ended with status 1: ZeroDivisionError: division by zero. Mend it: run it by hand"),
        ("import nowhere", "ModuleNotFoundError: No module named 'nowhere'. Mend it: install it"),
        ("print('[]')", "it answered with something else than rules"),
        ('print(\'{"rules": {"E1002": {}}}\')', "it answered with something else than rules"),
        ('print(\'{"rules": {"E1002": 5}}\')', "it answered with something else than rules"),
    ],
)
def test_an_engine_that_cannot_answer_is_no_reason_to_invent_a_rule(tmp_path: Path, script: str, reason: str) -> None:
    found = asked(tmp_path, "E1002", script)

    assert isinstance(found, Explanation)
    assert (found.summary, found.why, found.severity) == ("", "", "")
    assert reason in found.unasked


def test_an_engine_that_is_missing_is_said_with_what_mends_it(tmp_path: Path) -> None:
    found = asked(tmp_path, "E1002", missing=Fault("is not installed", mend="install it"))

    assert isinstance(found, Explanation)
    assert found.unasked == (
        "cfn-lint could not be asked whether it has this rule: it is not installed. Mend it: install it"
    )


def test_a_rule_is_explained_in_its_engine_s_words(tmp_path: Path) -> None:
    assert asked(tmp_path, "E1002") == Explanation(
        rule="E1002",
        engine=Engine.CFN_LINT,
        level=Level.HARD,
        severity=Severity.ERROR.value,
        summary="A name",
        why="A reason.",
        source="https://the.page",
    )
