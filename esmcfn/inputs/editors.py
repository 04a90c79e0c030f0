"""The same fields as JSON schemas, for editors: completion, descriptions and red lines while one types.

`python -m esmcfn.inputs.editors docs/schemas` writes them and their page; a test holds what is checked in current.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from esmcfn.inputs import pricing, rulebook, schema
from esmcfn.inputs.field import Field, Kind
from esmcfn.inputs.page import page

_TYPES: Mapping[Kind, str] = {
    Kind.TEXT: "string",
    Kind.WHOLE: "integer",
    Kind.DECIMAL: "number",
    Kind.TRUTH: "boolean",
    Kind.DATE: "string",
    Kind.MAPPING: "object",
    Kind.LIST: "array",
}


def json_schemas() -> Mapping[str, str]:
    """File name to text, byte for byte the same everywhere."""
    files = {
        "catalog": schema.CATALOG,
        "environment": schema.ENVIRONMENT,
        "policy": rulebook.POLICY,
        "waivers": rulebook.WAIVERS,
        "prices": pricing.BOOK,
        "discounts": pricing.AGREED,
    }
    return {f"{name}.schema.json": _rendered(name, field) for name, field in files.items()}


def _rendered(name: str, field: Field) -> str:
    top = {"$schema": "http://json-schema.org/draft-07/schema#", "title": f"esmcfn {name}", **_schema(field)}
    return json.dumps(top, indent=2, ensure_ascii=False) + "\n"


def _schema(field: Field) -> dict[str, object]:
    """One field in the words of JSON schema, draft 7."""
    rendered: dict[str, object] = {}
    if field.about:
        rendered["description"] = field.about
    if field.default is not None:
        rendered["default"] = field.default
    types = _types(field)
    rendered["type"] = types[0] if len(types) == 1 else types
    if field.pattern:
        rendered["pattern"] = f"^(?:{field.pattern})$"
    if field.longest is not None:
        rendered["maxLength"] = field.longest
    if field.least is not None:
        rendered["minimum"] = field.least
    if field.most is not None:
        rendered["maximum"] = field.most
    if field.among:
        rendered["enum"] = [*field.among, *((not field.never,) if field.never is not None else ())]
    if field.never is not None:
        rendered["not"] = {"const": field.never}
    if Kind.LIST in field.kinds and field.each:
        rendered["items"] = _schema(field.each)
    if Kind.MAPPING in field.kinds:
        rendered.update(_mapping(field))
    return rendered


def _mapping(field: Field) -> Iterable[tuple[str, object]]:
    if field.keys:
        yield "propertyNames", _schema(field.keys)
    if field.each:
        yield "additionalProperties", _schema(field.each)
    if field.fields:
        yield "properties", {name: _optional(inner) for name, inner in field.fields.items()}
        yield "required", [name for name, inner in field.fields.items() if inner.required]
        yield "additionalProperties", False
    if field.one_of:
        yield "oneOf", [{"required": [name]} for name in field.one_of]
    excluding = [(name, inner.excludes) for name, inner in field.fields.items() if inner.excludes]
    if excluding:
        yield "allOf", [{"not": {"required": sorted(pair)}} for pair in excluding]


def _optional(field: Field) -> dict[str, object]:
    """A key that need not be there may be there without a value, or with an empty text."""
    rendered = _schema(field)
    if not field.required:
        rendered["type"] = [*_types(field), "null"]
        if field.pattern:
            rendered["pattern"] = f"^(?:{field.pattern})?$"
    return rendered


def _types(field: Field) -> list[str]:
    return list(dict.fromkeys(_TYPES[kind] for kind in field.kinds))


def documents() -> Mapping[str, str]:
    """Everything that stands in docs/schemas."""
    return {**json_schemas(), "README.md": page()}


def main(folder: str) -> None:
    """Write the files."""
    for name, text in documents().items():
        (Path(folder) / name).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(sys.argv[1])
