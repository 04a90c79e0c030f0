"""The form of a template's sections, apart from its resources: what would otherwise be passed over in silence."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from esmcfn.sandbox.cloudformation.language import PSEUDO
from esmcfn.sandbox.cloudformation.template import Template, entities
from esmcfn.sandbox.refusal import invalid
from esmcfn.sandbox.state import Json

PARAMETER_KEYS = frozenset(
    {
        "AllowedPattern",
        "AllowedValues",
        "ConstraintDescription",
        "Default",
        "Description",
        "MaxLength",
        "MaxValue",
        "MinLength",
        "MinValue",
        "NoEcho",
        "Type",
    }
)
OUTPUT_KEYS = frozenset({"Condition", "Description", "Export", "Value"})
PARAMETER_TYPES = ("String", "Number", "List<Number>", "CommaDelimitedList")
ONLY_FOR = {"MinLength": "String", "MaxLength": "String", "MinValue": "Number", "MaxValue": "Number"}
"""Constraints of a parameter to the only type that has them."""


def _plain(value: Json) -> bool:
    return isinstance(value, (str, int, float))


def _text(value: Json) -> bool:
    return isinstance(value, str)


def _whole(value: Json) -> bool:
    return not isinstance(value, bool) and re.fullmatch(r"\d{1,9}", str(value)) is not None


def _number(value: Json) -> bool:
    return not isinstance(value, bool) and re.fullmatch(r"-?\d{1,30}(\.\d{1,30})?", str(value)) is not None


def _pattern(value: Json) -> bool:
    try:
        return isinstance(value, str) and re.compile(value) is not None
    except re.error:
        return False


FORMS: Mapping[str, tuple[Callable[[Json], bool], str]] = {
    "AllowedPattern": (_pattern, "a regular expression"),
    "AllowedValues": (lambda value: isinstance(value, list) and all(map(_plain, value)), "a list of strings"),
    "ConstraintDescription": (_text, "a string"),
    "Description": (_text, "a string"),
    "MaxLength": (_whole, "a number"),
    "MaxValue": (_number, "a number"),
    "MinLength": (_whole, "a number"),
    "MinValue": (_number, "a number"),
    "NoEcho": (lambda value: str(value).lower() in ("true", "false"), "true or false"),
}
"""What the keys of a parameter must be, and how that is said."""

NOT_TEXT = "Template format error: The Value field of every Outputs member must evaluate to a String."
TRUTHS = ("Condition", "Fn::And", "Fn::Equals", "Fn::Not", "Fn::Or")


def check(template: Template) -> None:
    """Refuse a section whose form is wrong.

    Raises:
        Refusal: ValidationError, in CloudFormation's words where they are known.
    """
    if not isinstance(template.document.get("Description", ""), str):
        raise invalid("Template format error: [/Description] must be a string")
    metadata = template.document.get("Metadata", {})
    if not isinstance(metadata, dict):
        raise invalid("Template format error: [/Metadata] must be an object")
    for name, declaration in template.section("Parameters").items():
        _parameter(name, declaration)
    for name, table in template.section("Mappings").items():
        _mapping(name, table)
    _conditions(template)
    for name, output in template.section("Outputs").items():
        _output(name, output)
    exported = [output["Export"]["Name"] for output in template.section("Outputs").values() if "Export" in output]
    plain = [name for name in exported if isinstance(name, str)]
    if len(set(plain)) != len(plain):
        raise invalid(f"Template format error: two Outputs export {max(plain, key=plain.count)}")


def _named(kind: str, name: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9]{1,255}", name):
        raise invalid(f"Template format error: {kind} name {name} is non alphanumeric.")


def _parameter(name: str, declaration: Json) -> None:
    _named("Parameter", name)
    if not isinstance(declaration, dict) or not isinstance(declaration.get("Type"), str):
        raise invalid(
            f"Template format error: [/Parameters/{name}] Every Parameters object must contain a Type member."
        )
    unknown = sorted(set(declaration) - PARAMETER_KEYS)
    if unknown:
        raise invalid(f"Invalid template parameter property '{unknown[0]}'")
    kind = declaration["Type"]
    if kind not in PARAMETER_TYPES:
        raise invalid(f"Template format error: the sandbox does not support the parameter type {kind}")
    for constraint, only in ONLY_FOR.items():
        if constraint in declaration and kind != only:
            raise invalid(f"Template format error: {constraint} of parameter {name} is for the type {only} only")
    if isinstance(declaration.get("Default"), (dict, list)):
        raise invalid(f"Template format error: Every Default member must be a string. ({name})")
    for key, value in declaration.items():
        if key in FORMS and not FORMS[key][0](value):
            raise invalid(f"Template format error: {key} of parameter {name} must be {FORMS[key][1]}")


def _mapping(name: str, table: Json) -> None:
    _named("Mapping", name)
    rows: Mapping[str, Json] = table if isinstance(table, dict) else {}
    values = [value for row in rows.values() for value in (row.values() if isinstance(row, dict) else [{}])]
    named = {str(key) for keys in (rows, *filter(_object, rows.values())) for key in keys}
    functions = [key for key in named if key in ("Ref", "Condition") or "::" in key]
    if not values or functions or any(value is None or isinstance(value, dict) for value in values):
        raise invalid(f"Template format error: Every Mappings attribute must be a String or a List. ({name})")


def _object(value: Json) -> bool:
    return isinstance(value, dict)


def _output(name: str, output: Json) -> None:
    _named("Output", name)
    if not isinstance(output, dict) or "Value" not in output:
        raise invalid(f"Template format error: [/Outputs/{name}] Every Outputs member must contain a Value object")
    unknown = sorted(set(output) - OUTPUT_KEYS)
    if unknown:
        raise invalid(f"Invalid template output property '{unknown[0]}'")
    value = output["Value"]
    plain = isinstance(value, dict) and not any(key == "Ref" or key.startswith("Fn::") for key in value)
    if value is None or isinstance(value, list) or plain or value == {"Ref": "AWS::NoValue"}:
        raise invalid(NOT_TEXT)
    export = output.get("Export", {"Name": ""})
    if not isinstance(export, dict) or set(export) != {"Name"} or isinstance(export["Name"], list):
        raise invalid(f"Template format error: [/Outputs/{name}/Export] must have a Name and nothing else")
    for key in ("Condition", "Description"):
        if not isinstance(output.get(key, ""), str):
            raise invalid(f"Template format error: [/Outputs/{name}/{key}] must be a string")


def _conditions(template: Template) -> None:
    declared = template.section("Conditions")
    for name, expression in declared.items():
        _named("Condition", name)
        _truth(expression, name)
    known = {*template.section("Parameters"), *PSEUDO}
    lost = sorted({entity for _, entity in entities(declared) if entity not in known})
    if lost:
        raise invalid(
            f"Template error: Unresolved dependencies [{', '.join(lost)}]. Cannot reference resources in the "
            "Conditions block of the template"
        )
    if "Fn::ImportValue" in _keys(declared):
        raise invalid("Template error: Fn::ImportValue cannot be used in the Conditions block of the template")
    needs = {name: set(_named_in(expression)) for name, expression in declared.items()}
    while needs:
        free = [name for name, wanted in needs.items() if not wanted & needs.keys()]
        if not free:
            raise invalid(
                f"Template format error: Circular dependency between conditions: [{', '.join(sorted(needs))}]"
            )
        for name in free:
            del needs[name]


def _truth(expression: Json, name: str) -> None:
    """Refuse what is no condition function, or has the wrong number of arguments."""
    if not isinstance(expression, dict) or len(expression) != 1:
        raise invalid(f"Template format error: Every Conditions member must be an object with one function. ({name})")
    ((key, inner),) = expression.items()
    if key not in TRUTHS:
        raise invalid(f"Template format error: {key} is not a condition function the sandbox knows")
    if key == "Condition":
        if not isinstance(inner, str):
            raise invalid(f"Template format error: Condition takes a name. ({name})")
        return
    least, most = {"Fn::Equals": (2, 2), "Fn::Not": (1, 1)}.get(key, (2, 10))
    if not isinstance(inner, list) or not least <= len(inner) <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        raise invalid(f"Template error: {key} object requires a list of {wanted} arguments. ({name})")
    if key != "Fn::Equals":
        for part in inner:
            _truth(part, name)


def _keys(value: Json) -> Iterator[str]:
    """Yield every key in a value, at any depth."""
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _keys(inner)
    yield from value if isinstance(value, dict) else ()


def _named_in(expression: Json) -> Iterator[str]:
    """Yield the conditions that a condition refers to."""
    if isinstance(expression, list):
        for item in expression:
            yield from _named_in(item)
    elif isinstance(expression, dict):
        for key, inner in expression.items():
            if key == "Condition" and isinstance(inner, str):
                yield inner
            elif key == "Fn::If" and isinstance(inner, list) and inner:
                yield str(inner[0])
                yield from _named_in(inner[1:])
            else:
                yield from _named_in(inner)
