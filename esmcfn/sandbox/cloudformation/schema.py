"""Resource types as the CloudFormation registry declares them, read from the schemas that cfn-lint ships.

The files are read directly (`data/schemas/providers/<region>.json` names a schema file for each type), so nothing of
cfn-lint is imported. They say what replaces a resource (createOnlyProperties), what is write-only, whether a read
handler exists (drift, import), and which property carries tags.
https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html
"""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from esmcfn.sandbox.state import Json

UNKNOWN = "{{changeSet:KNOWN_AFTER_APPLY}}"
"""What a change set shows for a value that only execution will tell."""


@dataclass(frozen=True, slots=True)
class TypeSchema:
    """One resource type in one region."""

    resource_type: str
    raw: dict[str, Any]

    @property
    def properties(self) -> dict[str, Json]:
        """Every property with its schema."""
        found: dict[str, Json] = self.raw.get("properties", {})
        return found

    @property
    def create_only(self) -> tuple[str, ...]:
        """Property paths (a/b/*) whose change replaces the resource."""
        return self._paths("createOnlyProperties")

    @property
    def conditional_create_only(self) -> tuple[str, ...]:
        """Property paths whose change may replace it."""
        return self._paths("conditionalCreateOnlyProperties")

    @property
    def read_only(self) -> tuple[str, ...]:
        """Property paths that only GetAtt can use."""
        return self._paths("readOnlyProperties")

    @property
    def write_only(self) -> tuple[str, ...]:
        """Property paths that nobody can read back: drift never looks at them."""
        return self._paths("writeOnlyProperties")

    @property
    def identifier(self) -> tuple[str, ...]:
        """The primary identifier's property paths."""
        return self._paths("primaryIdentifier")

    @property
    def readable(self) -> bool:
        """A read handler exists, so drift can be detected and resources imported.

        Nested stacks are left to themselves: drift detection of a stack does not look into them.
        """
        return self.resource_type != "AWS::CloudFormation::Stack" and "read" in self.raw.get("handlers", {})

    @property
    def tag_property(self) -> str:
        """The property that stack tags go to; empty where the type takes none."""
        tagging = self.raw.get("tagging", {})
        if not tagging.get("taggable", False):
            return ""
        return str(tagging.get("tagProperty", "/properties/Tags")).rpartition("/")[2]

    @property
    def system_tags(self) -> bool:
        """CloudFormation adds its aws:cloudformation:* tags."""
        return bool(self.raw.get("tagging", {}).get("cloudFormationSystemTags", False))

    def recreation(self, path: str) -> str:
        """Return Always, Conditionally or Never for a changed property path such as A/0/B."""
        if any(_touches(pattern, path) for pattern in self.create_only):
            return "Always"
        if any(_touches(pattern, path) for pattern in self.conditional_create_only):
            return "Conditionally"
        return "Never"

    def is_write_only(self, path: str) -> bool:
        """Whether a property path lies at or below a write-only one."""
        parts = path.split("/")
        return any(_matches(pattern.split("/"), parts) for pattern in self.write_only)

    def _paths(self, key: str) -> tuple[str, ...]:
        return tuple(str(path).removeprefix("/properties/") for path in self.raw.get(key, ()))


def _touches(pattern: str, path: str) -> bool:
    """Whether a change at `path` changes what `pattern` names: one lies inside the other."""
    wanted, changed = pattern.split("/"), path.split("/")
    return all(a in (b, "*") for a, b in zip(wanted, changed, strict=False))


def _matches(pattern: list[str], path: list[str]) -> bool:
    return len(pattern) <= len(path) and all(a in (b, "*") for a, b in zip(pattern, path, strict=False))


@cache
def _folder() -> Path:
    spec = importlib.util.find_spec("cfnlint")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("cfn-lint is not installed: it carries the registry's schemas")
    return Path(spec.submodule_search_locations[0], "data", "schemas")


@cache
def _types(region: str) -> dict[str, str]:
    path = _folder() / "providers" / f"{region}.json"
    if not path.exists():
        path = _folder() / "providers" / "us-east-1.json"
    known: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return known


def must_load(resource_type: str, region: str) -> TypeSchema:
    """Return the schema of a type that a stack already has."""
    found = load(resource_type, region)
    if found is None:
        raise LookupError(f"{resource_type} is not in the registry's schemas of {region}")
    return found


@cache
def load(resource_type: str, region: str) -> TypeSchema | None:
    """Return the schema of a type as the registry has it in a region, or None where it does not exist."""
    name = _types(region).get(resource_type)
    if name is None:
        return None
    text = (_folder() / "resources" / f"{name}.json").read_text(encoding="utf-8")
    return TypeSchema(resource_type, json.loads(text))


# Property syntax


@dataclass(frozen=True, slots=True)
class SyntaxProblem:
    """A property that the schema forbids; path as A/0/B below Properties."""

    path: str
    message: str


def problems(schema: TypeSchema, properties: Json) -> list[SyntaxProblem]:
    """Return what a resource's properties get wrong; values of intrinsics are judged when they are known."""
    found = list(_object_problems(schema, schema.raw, properties, ""))
    read_only = [path for path in schema.read_only if "/" not in path and path in properties]
    writable = set(schema.raw.get("required", ())) | set(schema.create_only)
    found += [
        SyntaxProblem(path, f"extraneous key [{path}] is not permitted: it is read-only")
        for path in read_only
        if path not in writable
    ]
    return found


def _object_problems(schema: TypeSchema, shape: Json, value: Json, path: str) -> Iterator[SyntaxProblem]:
    known = shape.get("properties", {})
    for name in shape.get("required", ()):
        if name not in value:
            yield SyntaxProblem(path, f"#{_pointer(path)}: required key [{name}] not found")
    for name, item in value.items():
        where = f"{path}/{name}" if path else name
        if name in known:
            yield from _value_problems(schema, known[name], item, where)
        elif (pattern := _pattern_property(shape, name)) is not None:
            yield from _value_problems(schema, pattern, item, where)
        elif shape.get("additionalProperties", True) is False or known:
            yield SyntaxProblem(where, f"#{_pointer(path)}: extraneous key [{name}] is not permitted")
    for group in (shape.get("requiredXor"),):
        if group and sum(name in value for name in group) != 1:
            yield SyntaxProblem(path, f"#{_pointer(path)}: exactly one of {group} is required")


def _pattern_property(shape: Json, name: str) -> Json | None:
    for pattern, item in shape.get("patternProperties", {}).items():
        if re.search(pattern, name):
            return item
    return None


def _value_problems(schema: TypeSchema, shape: Json, value: Json, path: str) -> Iterator[SyntaxProblem]:
    shape = _follow(schema, shape)
    if shape is None or is_open(value):
        return
    kinds = shape.get("type", ())
    kinds = (kinds,) if isinstance(kinds, str) else tuple(kinds)
    if kinds and not any(_is_a(kind, value) for kind in kinds):
        expected = " or ".join(kind.capitalize() for kind in kinds)
        yield SyntaxProblem(path, f"#{_pointer(path)}: expected type: {expected}, found: {_kind_of(value)}")
        return
    if isinstance(value, dict) and ("properties" in shape or "patternProperties" in shape):
        yield from _object_problems(schema, shape, value, path)
    elif isinstance(value, list):
        yield from _list_problems(schema, shape, value, path)
    elif not isinstance(value, dict):
        yield from _scalar_problems(shape, value, path)


def _list_problems(schema: TypeSchema, shape: Json, value: Json, path: str) -> Iterator[SyntaxProblem]:
    if len(value) < shape.get("minItems", 0):
        yield SyntaxProblem(path, f"#{_pointer(path)}: expected minimum item count: {shape['minItems']}")
    if len(value) > shape.get("maxItems", len(value)):
        yield SyntaxProblem(path, f"#{_pointer(path)}: expected maximum item count: {shape['maxItems']}")
    for index, item in enumerate(value):
        yield from _value_problems(schema, shape.get("items", {}), item, f"{path}/{index}")


def _scalar_problems(shape: Json, value: Json, path: str) -> Iterator[SyntaxProblem]:
    where = f"#{_pointer(path)}"
    if "enum" in shape and value not in shape["enum"]:
        yield SyntaxProblem(path, f"{where}: {value} is not a valid enum value")
    if isinstance(value, str) and UNKNOWN not in value:
        if len(value) < shape.get("minLength", 0):
            yield SyntaxProblem(path, f"{where}: expected minLength: {shape['minLength']}")
        if len(value) > shape.get("maxLength", len(value)):
            yield SyntaxProblem(path, f"{where}: expected maxLength: {shape['maxLength']}")
        if "pattern" in shape and not _search(shape["pattern"], value):
            yield SyntaxProblem(path, f"{where}: failed validation constraint for keyword [pattern]")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if value < shape.get("minimum", value):
            yield SyntaxProblem(path, f"{where}: {value} is not greater or equal to {shape['minimum']}")
        if value > shape.get("maximum", value):
            yield SyntaxProblem(path, f"{where}: {value} is not less or equal to {shape['maximum']}")


def is_open(value: Json) -> bool:
    """Whether a value is an intrinsic or not known yet."""
    if isinstance(value, dict) and len(value) == 1:
        key = str(next(iter(value)))
        return key == "Ref" or key.startswith("Fn::")
    return isinstance(value, str) and value == UNKNOWN


def _follow(schema: TypeSchema, shape: Json) -> Json | None:
    while isinstance(shape, dict) and "$ref" in shape:
        target: Json = schema.raw
        for part in shape["$ref"].removeprefix("#/").split("/"):
            target = target.get(part) if isinstance(target, dict) else None
        shape = target
    return shape if isinstance(shape, dict) else None


def _pointer(path: str) -> str:
    return f"/{path}" if path else ""


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern)
    except re.error:  # ECMAScript dialect, such as \p{L}
        return None


def _search(pattern: str, value: str) -> bool:
    compiled = _compiled(pattern)
    return compiled is None or compiled.search(value) is not None


def _is_a(kind: str, value: Json) -> bool:
    return {
        "string": isinstance(value, (str, int, float)),  # CloudFormation makes text of other scalars
        "boolean": isinstance(value, bool) or value in ("true", "false"),
        "integer": isinstance(value, int) and not isinstance(value, bool),
        "number": isinstance(value, (int, float)) and not isinstance(value, bool),
        "array": isinstance(value, list),
        "object": isinstance(value, dict),
        "null": value is None,
    }.get(kind, True)


def _kind_of(value: Json) -> str:
    names = {
        bool: "Boolean",
        str: "String",
        int: "Integer",
        float: "Number",
        list: "JSONArray",
        dict: "JSONObject",
    }
    return names.get(type(value), "Null")


def coerced(schema: TypeSchema, value: Json) -> Json:
    """Return resolved properties with text made numbers and booleans where the schema wants them.

    Parameters are text, so `Ref` yields "2" for a Number; CloudFormation converts before it calls a handler.
    """
    return {name: _coerce(schema, schema.properties.get(name), item) for name, item in value.items()}


def _coerce(schema: TypeSchema, shape: Json, value: Json) -> Json:
    shape = _follow(schema, shape) or {}
    if isinstance(value, dict):
        inner = shape.get("properties", {})
        return {name: _coerce(schema, inner.get(name), item) for name, item in value.items()}
    if isinstance(value, list):
        return [_coerce(schema, shape.get("items"), item) for item in value]
    if isinstance(value, str):
        if shape.get("type") == "integer" and re.fullmatch(r"-?\d+", value):
            return int(value)
        if shape.get("type") == "number" and re.fullmatch(r"-?\d+(\.\d+)?", value):
            return float(value) if "." in value else int(value)
        if shape.get("type") == "boolean" and value.lower() in ("true", "false"):
            return value.lower() == "true"
    elif shape.get("type") == "string" and not isinstance(value, (dict, list)) and value is not None:
        return str(value).lower() if isinstance(value, bool) else str(value)
    return value
