"""What a user sees is a file, reviewed like code; `pytest --update-golden` rewrites it."""

from __future__ import annotations

import difflib
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"


def check(path: str, actual: str, *, update: bool) -> None:
    """Compare with the golden file at a path below tests/golden, with a unified diff where they differ."""
    file = FOLDER / path
    if update:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(actual, encoding="utf-8")
        return
    expected = file.read_text(encoding="utf-8") if file.exists() else ""
    diff = "".join(
        difflib.unified_diff(
            expected.splitlines(keepends=True), actual.splitlines(keepends=True), f"golden/{path}", "actual"
        )
    )
    assert not diff, f"{diff}\n(pytest --update-golden rewrites it)"
