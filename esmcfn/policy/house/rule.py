"""What a house rule is, and what it may look at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from esmcfn.domain.finding import Level, Severity
from esmcfn.domain.template import Template

Complaint = tuple[str, str]
"""A message, and the path that it is about: "EndpointConfig/ProductionVariants/0/InstanceType"."""

WHOLE = ""
"""The path of a complaint about the environment as a whole: about what it selects, taken together."""


class Subject(Struct, frozen=True, kw_only=True):
    """A template under judgement, and what a judgement may need besides.

    Attributes:
        others: every template of the run, this one included, in the order of deployment.
        limits: name of a limit to its number; one that is absent limits nothing.
    """

    template: Template
    others: Sequence[Template]
    limits: Mapping[str, int]

    @property
    def region(self) -> str:
        return self.template.stack.target.region

    def resources(self, *types: str) -> Iterator[tuple[str, Mapping[str, object]]]:
        """Logical id and properties of every resource of these types."""
        yield from resources(self.template, *types)


class Rule(Struct, frozen=True, kw_only=True):
    """A house rule; docs/rules.md and `esmcfn explain` are made from these fields.

    Attributes:
        summary: the rule itself, as a sentence that is true where it is kept.
        why: what happens to people who break it.
        source: address of a page that says so too.
        check: what is wrong with a template.
        good, bad: `Resources` as YAML, one that keeps the rule and one that breaks it.
    """

    id: str
    severity: Severity
    level: Level
    summary: str
    why: str
    source: str
    check: Callable[[Subject], Iterable[Complaint]]
    good: str
    bad: str


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


def number(value: object) -> int:
    """A whole number; 0 where the template does not say one."""
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
