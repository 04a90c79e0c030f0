"""docs/drift.md says who compares what, from the table that the program goes by."""

from __future__ import annotations

import re
from pathlib import Path

from esmcfn.drift.readers import READERS, Reader

PAGE = Path(__file__).parents[2] / "docs" / "drift.md"
PLACE = re.compile(r"(<!-- readers -->\n).*?(<!-- /readers -->)", re.DOTALL)


def row(kind: str, reader: Reader) -> str:
    tags = ("Tags",) if reader.tagged and reader.ours else ()
    compared = ", ".join([*(f"`{name}`" for name in (*sorted(reader.read), *tags)), *reader.beyond])
    whys: dict[str, list[str]] = {}
    for name, why in reader.not_compared.items():
        whys.setdefault(why, []).append(f"`{name}`")
    left = "; ".join(f"{', '.join(names)}: {why}" for why, names in whys.items())
    return f"| `{kind}` | {compared or 'nothing: CloudFormation compares it'} | {reader.exempt or left} |"


def table() -> str:
    rows = [row(kind, reader) for kind, reader in sorted(READERS.items())]
    return "\n".join(["| type | compared by esmcfn besides | compared by nobody |", "|---|---|---|", *rows, ""])


def test_the_table_of_readers_is_current(update_golden):
    text = PAGE.read_text(encoding="utf-8")
    current = PLACE.sub(lambda found: f"{found[1]}{table()}{found[2]}", text)
    if update_golden:
        PAGE.write_text(current, encoding="utf-8")
        text = current
    assert text == current, "make golden rewrites the table of docs/drift.md"
