"""Intrinsic functions before they are evaluated: known, alone in their object, with arguments that can be right."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from esmcfn.sandbox.cloudformation.language import FUNCTIONS
from esmcfn.sandbox.cloudformation.sections import TRUTHS
from esmcfn.sandbox.cloudformation.template import Template
from esmcfn.sandbox.refusal import invalid
from esmcfn.sandbox.state import Json


def check(values: Iterable[Json], template: Template) -> None:
    """Refuse functions that the sandbox does not know, or that cannot be meant so.

    Raises:
        Refusal: ValidationError.
    """
    for value in values:
        if isinstance(value, list):
            check(value, template)
        elif isinstance(value, dict):
            for key, inner in value.items():
                _one(key, inner, template, alone=len(value) == 1)
                check([inner], template)
        elif isinstance(value, str) and "{{resolve:" in value:
            raise invalid("Template error: the sandbox does not support dynamic references ({{resolve:...}})")


def _one(key: str, inner: Json, template: Template, *, alone: bool) -> None:
    if key == "Ref":
        if not alone:
            raise invalid("Template error: every Ref object must have a single String value.")
        arguments(key, inner)
    if not key.startswith("Fn::") or key in TRUTHS:
        return
    if key not in FUNCTIONS:
        raise invalid(f"Template format error: the sandbox does not support {key}")
    if not alone:
        raise invalid(f"Template error: every {key} object must have one key only")
    arguments(key, inner)
    if key == "Fn::FindInMap":
        _mapped(inner, template)
    if key == "Fn::If" and inner[0] not in template.section("Conditions"):
        raise invalid(f"Template error: unresolved condition dependency {inner[0]} in Fn::If")


def _mapped(inner: Json, template: Template) -> None:
    """Refuse to look for what no mapping has, as far as the template says it in words."""
    name, first, second = (part if isinstance(part, (str, int)) else None for part in inner)
    tables = template.section("Mappings")
    if name is not None and name not in tables:
        raise invalid(f"Template error: Mapping named '{name}' is not present in the 'Mappings' section of template.")
    rows = [tables[name]] if name is not None else list(tables.values())
    found = [table[str(first)] for table in rows if str(first) in table] if first is not None else []
    lost = first is not None and not found
    if lost or (found and second is not None and not any(str(second) in row for row in found)):
        raise invalid(f"Template error: Unable to get mapping for {name}::{first}::{second}")


def arguments(key: str, inner: Json) -> None:
    """Refuse a function whose arguments cannot be right.

    Raises:
        Refusal: ValidationError.
    """
    if not FORMS[key](inner):
        said = WORDS.get(key, f"{key} object has the wrong arguments: {inner!r:.200}")
        raise invalid(f"Template error: {said}")


def _listed(value: Json) -> bool:
    return isinstance(value, list) or _function(value)


def _text(value: Json) -> bool:
    return isinstance(value, str) or _function(value)


def _name(value: Json) -> bool:
    return isinstance(value, (str, int)) or _function(value)


def _number(value: Json) -> bool:
    return _function(value) or re.fullmatch(r"\d+", str(value)) is not None


def _function(value: Json) -> bool:
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::"))


def _pair(value: Json) -> bool:
    return isinstance(value, list) and len(value) == 2


FORMS: Mapping[str, Callable[[Json], bool]] = {
    "Ref": lambda given: isinstance(given, str),
    "Fn::GetAtt": lambda given: (
        "." in given if isinstance(given, str) else _pair(given) and all(isinstance(part, str) for part in given)
    ),
    "Fn::Sub": lambda given: (
        isinstance(given, str) or (_pair(given) and isinstance(given[0], str) and isinstance(given[1], dict))
    ),
    "Fn::Join": lambda given: _pair(given) and isinstance(given[0], str) and _listed(given[1]),
    "Fn::Select": lambda given: _pair(given) and _number(given[0]) and _listed(given[1]),
    "Fn::Split": lambda given: _pair(given) and isinstance(given[0], str) and _text(given[1]),
    "Fn::FindInMap": lambda given: isinstance(given, list) and len(given) == 3 and all(map(_name, given)),
    "Fn::If": lambda given: isinstance(given, list) and len(given) == 3 and isinstance(given[0], str),
    "Fn::Base64": _text,
    "Fn::ImportValue": _text,
    "Fn::GetAZs": _text,
}
"""A function to whether its arguments can be right."""

WORDS = {
    "Fn::FindInMap": "every Fn::FindInMap object requires three parameters",
    "Fn::If": "Fn::If requires a list argument with three parameters",
}
"""What CloudFormation says, where it is known."""
