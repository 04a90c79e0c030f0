"""What a house rule is, and what it may look at."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from msgspec import Struct

from esmcfn.domain.cost import HostedVariant
from esmcfn.domain.finding import Level, Severity
from esmcfn.domain.project import Policy
from esmcfn.domain.template import Template


class Complaint(NamedTuple):
    """What is wrong, before anybody decides what that is worth.

    Attributes:
        path: what it is about: "EndpointConfig/ProductionVariants/0/InstanceType".
    """

    message: str
    path: str


ENVIRONMENT = "environment:"
"""Begins the path of a complaint about the environment as a whole; a key of the environment's file may follow."""

_MOST_DIGITS = 9
"""A count of more is none that AWS takes."""

WHOLE = f"{ENVIRONMENT}selected_models"
"""The path of a complaint about what an environment selects, taken together."""


class Subject(Struct, frozen=True, kw_only=True):
    """A template under judgement, and what a judgement may need besides.

    Attributes:
        others: every template of the environment, this one included, those of the run first.
        policy: what is in force; limits that are absent limit nothing.
        today: None where no clock was asked.
        staying: what runs on although the environment does not select it any more.
    """

    template: Template
    others: Sequence[Template]
    policy: Policy = Policy()
    today: date | None = None
    staying: Sequence[HostedVariant] = ()

    @property
    def limits(self) -> Mapping[str, int]:
        return self.policy.limits

    @property
    def region(self) -> str:
        return self.template.stack.target.region

    @property
    def first(self) -> bool:
        """Is this the template at which what concerns all of them is told, once?"""
        return self.template is self.others[0]

    def resources(self, *types: str) -> Iterator[tuple[str, Mapping[str, object]]]:
        """Logical id and properties of every resource of these types."""
        yield from resources(self.template, *types)


class Described(Struct, frozen=True, kw_only=True):
    """What is said about a rule of ours; docs/rules.md and `esmcfn explain` are made from these fields.

    Attributes:
        summary: the rule itself, as a sentence that is true where it is kept.
        why: what happens to people who break it.
        advice: what to do where it is broken.
        source: address of a page that says so too.
        about: property of a resource that it misses, whose line is the one to edit; empty for the resource itself.
        good, bad: YAML that keeps the rule and YAML that breaks it: `Resources` of a template, or, where `of_root`,
            keys of an environment, of policies/*.yaml and of a catalog side by side.
    """

    id: str
    severity: Severity
    level: Level
    summary: str
    why: str
    advice: str
    source: str
    good: str
    bad: str
    of_root: bool = False
    about: str = ""


class Rule(Described, frozen=True, kw_only=True):
    """A house rule.

    Attributes:
        check: what is wrong with a template.
    """

    check: Callable[[Subject], Iterable[Complaint]]


def resources(template: Template, *types: str) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Logical id and properties of every resource of these types, in the template's order."""
    for logical_id, resource in mapping(template.body.get("Resources")).items():
        body = mapping(resource)
        if body.get("Type") in types:
            yield logical_id, mapping(body.get("Properties"))


def mapping(value: object) -> Mapping[str, object]:
    """A mapping as it is, anything else as an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> Sequence[object]:
    """A list as it is, one thing as a list of it, nothing as an empty one: IAM's own habit."""
    if value is None:
        return ()
    return value if isinstance(value, list) else (value,)


def text(value: object) -> str:
    """A string, also where Fn::Sub makes it; empty where only CloudFormation can know it."""
    if isinstance(value, str):
        return value
    substituted = mapping(value).get("Fn::Sub")
    if isinstance(substituted, list) and substituted:
        substituted = substituted[0]
    return substituted if isinstance(substituted, str) else ""


def known(value: object, template: Template) -> str | None:
    """A string as CloudFormation will read it: written, referred to, joined or substituted.

    What AWS itself fills in (AWS::Partition) and what other resources tell stays as "${...}" in it. None where the
    template does not tell it: nobody may take that for harmless.
    """
    value = _referred(value, template)
    if isinstance(value, str):
        return value
    joined = mapping(value).get("Fn::Join")
    if isinstance(joined, list) and len(joined) == 2 and isinstance(joined[0], str) and isinstance(joined[1], list):
        parts = [known(each, template) for each in joined[1]]
        return None if None in parts else joined[0].join(part for part in parts if part is not None)
    written = mapping(value).get("Fn::Sub")
    own: Mapping[str, object] = {}
    if isinstance(written, list) and len(written) == 2:
        written, own = written[0], mapping(written[1])
    return _substituted(written, own, template) if isinstance(written, str) else None


_PLACEHOLDER = re.compile(r"\$\{([^!}][^}]*)\}")


def _substituted(written: str, own: Mapping[str, object], template: Template) -> str:
    def filled(found: re.Match[str]) -> str:
        name = found[1].strip()
        told = known(own.get(name, {"Ref": name}), template)
        return found[0] if told is None else told

    return _PLACEHOLDER.sub(filled, written)


def number(value: object, template: Template) -> int | None:
    """A whole number as CloudFormation reads it: also as digits, and as a parameter's default.

    None where the template does not tell it: nobody may take that for few.
    """
    value = _referred(value, template)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    digits = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS else None


def _referred(value: object, template: Template) -> object:
    """What a reference stands for: its parameter's default, a pseudo parameter's own name, else nothing."""
    referred = mapping(value).get("Ref")
    if not isinstance(referred, str):
        return value
    if referred.startswith("AWS::") and referred != "AWS::NoValue":
        return f"${{{referred}}}"
    parameter = mapping(mapping(template.body.get("Parameters")).get(referred))
    # The default of a parameter of this type is not its value but the name under which Systems Manager keeps it.
    return None if str(parameter.get("Type", "")).startswith("AWS::SSM::") else parameter.get("Default")


def given(value: object) -> bool:
    """Is there anything, or was it left out, which CloudFormation knows two ways of?"""
    return value is not None and value != {"Ref": "AWS::NoValue"}
