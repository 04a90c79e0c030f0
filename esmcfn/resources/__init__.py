"""What a stack consists of, a module an AWS service: pure functions from a stack to troposphere's objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct, field
from troposphere import AWSObject, Sub, Tags

from esmcfn.domain.origin import Origin
from esmcfn.domain.stack import Stack, Target


class Part(Struct, frozen=True, kw_only=True):
    """One resource of a template, and the lines of YAML behind it.

    Attributes:
        name: the physical name that esmcfn gives it, empty where CloudFormation names it.
        lines: path inside the resource ("" for the whole, "ProductionVariants/0/InstanceType") to a line of YAML.
    """

    resource: AWSObject
    name: str = ""
    lines: Mapping[str, Origin] = field(default_factory=dict)


Parts = Iterator[Part]


def tags(stack: Stack) -> Tags:
    """The stack's tags, as every resource that can carry tags carries them."""
    return Tags(**stack.tags)


def arn(service: str, resource: str, *, region: str = "${AWS::Region}") -> Sub:
    """An ARN in whatever partition and account the stack lives."""
    return Sub(f"arn:${{AWS::Partition}}:{service}:{region}:${{AWS::AccountId}}:{resource}")


def resolved(value: object, target: Target) -> object:
    """A property with its pseudo parameters filled in, as a name's hash needs it.

    Raises:
        ValueError: it refers to something that is only known when the stack exists; a name must never hang on that.
    """
    if isinstance(value, dict):
        if set(value) == {"Fn::Sub"}:
            return _substituted(str(value["Fn::Sub"]), target)
        if any(key == "Ref" or key.startswith("Fn::") for key in value):
            raise ValueError(f"a name's hash cannot hang on {value}: it is not known before the stack exists")
        return {key: resolved(inner, target) for key, inner in value.items()}
    if isinstance(value, list):
        return [resolved(inner, target) for inner in value]
    return value


def _substituted(text: str, target: Target) -> str:
    known = {
        "${AWS::Partition}": target.partition,
        "${AWS::Region}": target.region,
        "${AWS::AccountId}": target.account,
        "${AWS::URLSuffix}": target.url_suffix,
    }
    for name, value in known.items():
        text = text.replace(name, value)
    if "${" in text:
        raise ValueError(f"a name's hash cannot hang on {text}: it is not known before the stack exists")
    return text
