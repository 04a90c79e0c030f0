"""What refuses a person says what they can do now."""

from __future__ import annotations

import ast
from pathlib import Path

import esmcfn

PACKAGE = Path(esmcfn.__file__).parent

FOR_A_PERSON = frozenset(
    {"UsageError", "DeploymentError", "NotDeployed", "StackBusyError", "StalePlanError", "WrongAccount"}
)
"""Of the others some have a next step of their own (InputError), or are a reason inside of another sentence."""


def test_every_refusal_names_the_next_step():
    mute = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id in FOR_A_PERSON and not any(word.arg == "next_step" for word in node.keywords):
                mute.append(f"{path.relative_to(PACKAGE)}:{node.lineno}: {ast.unparse(node)}")
    assert mute == []
