"""The same fields as a page for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from esmcfn.inputs import pricing, rulebook, schema
from esmcfn.inputs.document import MAX_DEPTH, MAX_EXPANDED
from esmcfn.inputs.field import Field
from esmcfn.inputs.files import MAX_BYTES

_FILES: Mapping[str, Field] = {
    "catalogs/*.yaml": schema.CATALOG,
    "environments/NAME.yaml": schema.ENVIRONMENT,
    "policies/*.yaml": rulebook.POLICY,
    "policies/waivers.yaml": rulebook.WAIVERS,
    "policies/prices.yaml": pricing.BOOK,
    "policies/discounts.yaml": pricing.AGREED,
}

_READING = f"""\
# What the YAML files may say

Every problem is reported at once, as `file:line:column`, with the nearest valid value where there is one, and exit
code 3. Editors that know the YAML language server show the same while you type: begin a file with
`# yaml-language-server: $schema=` and the path of a schema of this folder.

The files are YAML, read more strictly than YAML asks:

- A key counts once; a second one is a problem, not an override.
- A key without a value, or with an empty text, counts as not written, as Terraform's `coalesce` has it. So
  `instance_type: ""` keeps the catalog's; `instance_count: 0` is a problem.
- Numbers are plain decimals. `012`, `0x1f`, `1_000` and `12:30` mean different things to different readers of YAML, so
  they are problems. So is a number, a date or a `yes` where a text belongs: write it in quotes.
- No tags (`!x`), no merge keys (`<<`), one document a file. Anchors and aliases work in moderation: {MAX_EXPANDED:,}
  repeated keys and values, {MAX_DEPTH} levels of nesting, {MAX_BYTES // 1024} KiB a file.
- A text is one line of visible characters: no control characters, line breaks, tabs or marks that turn the direction
  of reading, written as they are or escaped, in values, keys or comments.
- No file outside of the root is read, by whatever path or link.
"""


def page() -> str:
    """docs/schemas/README.md, byte for byte the same everywhere."""
    tables = (line for name, field in _FILES.items() for line in _table(name, field))
    return _READING + "\n".join(tables) + "\n"


def _table(name: str, field: Field) -> Iterator[str]:
    yield f"\n## {name}\n\n{field.about}\n"
    yield "| key | must be | without it | for |"
    yield "|---|---|---|---|"
    yield from _rows(field, "")


def _rows(field: Field, above: str) -> Iterator[str]:
    for name, inner in field.fields.items():
        path = f"{above}{name}"
        choice = f"one of {', '.join(field.one_of)}" if name in field.one_of else ""
        yield _row(path, inner, "a problem" if inner.required else choice or _default(inner))
        yield from _rows(inner, f"{path}.")
        if inner.each and inner.each.fields:
            yield from _rows(inner.each, f"{path}.{'KEY' if inner.keys else 'N'}.")


def _row(path: str, field: Field, without: str) -> str:
    cells = (f"`{path}`", field.must, without, field.about)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _default(field: Field) -> str:
    if field.default is None:
        return "nothing"
    return f"`{str(field.default).lower()}`" if field.default != "" else "empty"
