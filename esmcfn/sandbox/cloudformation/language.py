"""Intrinsic functions, conditions and parameters: from a declaration to the values a handler gets."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from esmcfn.sandbox.cloudformation.model import Parameter
from esmcfn.sandbox.cloudformation.schema import UNKNOWN
from esmcfn.sandbox.cloudformation.template import Template, attribute_name
from esmcfn.sandbox.refusal import invalid
from esmcfn.sandbox.state import Json


class _NoValue:
    """AWS::NoValue: the property or list item disappears."""


NO_VALUE = _NoValue()

PSEUDO = frozenset(
    {
        "AWS::AccountId",
        "AWS::NoValue",
        "AWS::NotificationARNs",
        "AWS::Partition",
        "AWS::Region",
        "AWS::StackId",
        "AWS::StackName",
        "AWS::URLSuffix",
    }
)

FUNCTIONS = frozenset(
    {
        "Ref",
        "Fn::GetAtt",
        "Fn::Sub",
        "Fn::Join",
        "Fn::Select",
        "Fn::Split",
        "Fn::If",
        "Fn::FindInMap",
        "Fn::Base64",
        "Fn::GetAZs",
        "Fn::ImportValue",
    }
)


class Resources(Protocol):
    """What Ref and GetAtt of a resource are worth, now or after execution."""

    def ref(self, logical_id: str) -> str:
        """Return the physical id, or UNKNOWN."""

    def attribute(self, logical_id: str, name: str) -> str:
        """Return an attribute, or UNKNOWN."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The pseudo parameters of a stack."""

    account: str
    region: str
    stack_name: str
    stack_id: str
    notification_arns: tuple[str, ...] = ()

    @property
    def partition(self) -> str:
        """aws, aws-cn or aws-us-gov."""
        return {"cn": "aws-cn", "us-gov": "aws-us-gov"}.get(self.region.rpartition("-")[0].rpartition("-")[0], "aws")

    def pseudo(self, name: str) -> Json:
        """Return a pseudo parameter's value."""
        return {
            "AWS::AccountId": self.account,
            "AWS::NoValue": NO_VALUE,
            "AWS::NotificationARNs": list(self.notification_arns),
            "AWS::Partition": self.partition,
            "AWS::Region": self.region,
            "AWS::StackId": self.stack_id,
            "AWS::StackName": self.stack_name,
            "AWS::URLSuffix": "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com",
        }[name]


@dataclass(slots=True, kw_only=True)
class Scope:
    """Everything a value of one template may refer to."""

    template: Template
    place: Place
    parameters: Mapping[str, Json]
    resources: Resources
    exports: Callable[[str], str]
    _conditions: dict[str, bool] = field(default_factory=dict)

    def condition(self, name: str) -> bool:
        """Evaluate a named condition, once."""
        if name not in self._conditions:
            declared = self.template.section("Conditions")
            if name not in declared:
                raise invalid(f"Template format error: Unresolved condition dependency {name}")
            self._conditions[name] = self._truth(declared[name])
        return self._conditions[name]

    def included(self, declaration: Json) -> bool:
        """Whether a resource or output exists under its condition."""
        name = declaration.get("Condition")
        return name is None or self.condition(str(name))

    def resolve(self, value: Json) -> Json:
        """Return a value with its intrinsics evaluated; AWS::NoValue members are left out."""
        if isinstance(value, list):
            resolved = (self.resolve(item) for item in value)
            return [item for item in resolved if item is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((key, inner),) = value.items()
            if key == "Ref" or key.startswith("Fn::"):
                return self._function(key, inner)
        pairs = ((name, self.resolve(item)) for name, item in value.items())
        return {name: item for name, item in pairs if item is not NO_VALUE}

    def ref(self, name: str) -> Json:
        """Evaluate Ref."""
        if name in PSEUDO:
            return self.place.pseudo(name)
        if name in self.parameters:
            return self.parameters[name]
        return self.resources.ref(name)

    def _function(self, key: str, inner: Json) -> Json:
        match key:
            case "Ref":
                return self.ref(str(inner))
            case "Fn::GetAtt":
                return self._get_att(inner)
            case "Fn::Sub":
                return self._sub(inner)
            case "Fn::If":
                name, yes, no = inner
                return self.resolve(yes if self.condition(name) else no)
            case "Fn::FindInMap":
                return self._find_in_map(inner)
            case "Fn::ImportValue":
                return self.exports(str(self.resolve(inner)))
            case "Fn::GetAZs":
                region = self.resolve(inner) or self.place.region
                return [f"{region}{zone}" for zone in "abc"]
            case _:
                return self._text_function(key, self.resolve(inner))

    def _text_function(self, key: str, inner: Json) -> Json:
        match key:
            case "Fn::Join":
                delimiter, items = _two(key, inner)
                return str(delimiter).join(as_text(item) for item in _items(key, items))
            case "Fn::Select":
                return _select(inner)
            case "Fn::Split":
                delimiter, text = _two(key, inner)
                return [UNKNOWN] if UNKNOWN in as_text(text) else as_text(text).split(delimiter)
            case "Fn::Base64":
                return base64.b64encode(as_text(inner).encode()).decode()
            case _:
                raise invalid(f"Template format error: the sandbox does not support {key}")

    def _get_att(self, inner: Json) -> Json:
        name = attribute_name(inner)
        logical_id, _, attribute = name.partition(".")
        return self.resources.attribute(logical_id, attribute)

    def _sub(self, inner: Json) -> str:
        text, names = (inner, {}) if isinstance(inner, str) else inner
        out, rest = "", str(text)
        while (begin := rest.find("${")) >= 0:
            end = rest.index("}", begin)
            name = rest[begin + 2 : end].strip()
            out += rest[:begin] + self._sub_value(name, names)
            rest = rest[end + 1 :]
        return out + rest

    def _sub_value(self, name: str, names: Mapping[str, Json]) -> str:
        if name.startswith("!"):
            return "${" + name[1:] + "}"
        if name in names:
            return as_text(self.resolve(names[name]))
        if "." in name:
            return as_text(self._get_att(name))
        return as_text(self.ref(name))

    def _find_in_map(self, inner: Json) -> Json:
        name, first, second = (as_text(self.resolve(part)) for part in inner)
        table = self.template.section("Mappings")
        try:
            return table[name][first][second]
        except KeyError:
            raise invalid(f"Template error: Unable to get mapping for {name}::{first}::{second}") from None

    def _truth(self, expression: Json) -> bool:
        ((key, inner),) = expression.items()
        match key:
            case "Fn::Equals":
                left, right = (self.resolve(part) for part in inner)
                return as_text(left) == as_text(right)
            case "Fn::And":
                return all(self._truth(part) for part in inner)
            case "Fn::Or":
                return any(self._truth(part) for part in inner)
            case "Fn::Not":
                return not self._truth(inner[0])
            case "Condition":
                return self.condition(str(inner))
            case _:
                raise invalid(f"Template format error: {key} is not a condition function the sandbox knows")


def _select(inner: Json) -> Json:
    index, items = _two("Fn::Select", inner)
    if _items("Fn::Select", items) == [UNKNOWN]:
        return UNKNOWN
    number = as_text(index)
    if not (number.isdecimal() and int(number) < len(items)):
        raise invalid(f"Template error: Fn::Select cannot select nonexistent value at index {number}")
    return items[int(number)]


def _two(key: str, inner: Json) -> Json:
    """Return a function's two arguments; AWS::NoValue may have taken one of them away."""
    if not isinstance(inner, list) or len(inner) != 2:
        raise invalid(f"Template error: {key} requires two arguments, and one of them is no value")
    return inner


def _items(key: str, items: Json) -> Json:
    if not isinstance(items, list):
        raise invalid(f"Template error: {key} requires a list, not {as_text(items)}")
    return items


def as_text(value: Json) -> str:
    """Return a scalar as CloudFormation writes it into text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        return json.dumps(value)
    return "" if value is NO_VALUE else str(value)


def parameter_values(template: Template, parameters: list[Parameter], *, masked: bool = False) -> dict[str, Json]:
    """Return parameter values as Ref yields them: text, or a list for list types; NoEcho ones masked on request."""
    values: dict[str, Json] = {}
    for parameter in parameters:
        kind = str(template.section("Parameters").get(parameter.key, {}).get("Type", "String"))
        text = "****" if masked and parameter.no_echo else parameter.value
        listed = kind.startswith("List<") or kind == "CommaDelimitedList"
        values[parameter.key] = [item.strip() for item in text.split(",")] if listed else text
    return values
