"""A template's text, parsed: JSON, or YAML with CloudFormation's short tags."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from esmcfn.sandbox.refusal import invalid
from esmcfn.sandbox.state import Json

SECTIONS = frozenset(
    {
        "AWSTemplateFormatVersion",
        "Description",
        "Metadata",
        "Parameters",
        "Mappings",
        "Conditions",
        "Transform",
        "Resources",
        "Outputs",
        "Rules",
        "Hooks",
        "Globals",
    }
)

LANGUAGE_EXTENSIONS = "AWS::LanguageExtensions"
"""A Transform that changes nothing as long as none of its functions is used."""

RESOURCE_KEYS = frozenset(
    {
        "Type",
        "Properties",
        "DependsOn",
        "Condition",
        "Metadata",
        "DeletionPolicy",
        "UpdateReplacePolicy",
        "CreationPolicy",
        "UpdatePolicy",
    }
)


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed template; the document is never changed after parsing."""

    body: str
    document: dict[str, Any]

    def section(self, name: str) -> dict[str, Json]:
        """Return a section, empty where the template has none."""
        found: dict[str, Json] = self.document.get(name) or {}
        return found

    @property
    def resources(self) -> dict[str, Json]:
        """Logical id to declaration, in the template's order."""
        return self.section("Resources")

    @property
    def description(self) -> str:
        """The template's own description."""
        return str(self.document.get("Description", ""))

    @property
    def transforms(self) -> list[Json]:
        """What the section Transform names: AWS::LanguageExtensions or nothing."""
        return _transforms(self.document)

    @property
    def processed(self) -> str:
        """The text after its Transform: the same without one.

        No function of AWS::LanguageExtensions is known here, so one that is used was refused, and there is nothing
        else to expand.
        """
        if not self.transforms:
            return self.body
        return json.dumps({name: item for name, item in self.document.items() if name != "Transform"})

    def references(self, logical_id: str) -> tuple[str, ...]:
        """Return the resources that one depends on: Ref, GetAtt, Sub and DependsOn, each once."""
        declaration = self.resources[logical_id]
        found = dict.fromkeys(depends_on(declaration))
        for _, entity in entities(declaration.get("Properties", {})):
            name = entity.partition(".")[0]
            if name in self.resources:
                found[name] = None
        return tuple(found)


def depends_on(declaration: Json) -> list[str]:
    """Return an explicit DependsOn as a list."""
    named = declaration.get("DependsOn", [])
    return [named] if isinstance(named, str) else list(named)


def entities(value: Json) -> Iterator[tuple[str, str]]:
    """Yield what a value refers to: ("Ref", name) and ("GetAtt", "Resource.Attribute")."""
    if isinstance(value, list):
        for item in value:
            yield from entities(item)
    elif isinstance(value, dict):
        if len(value) == 1:
            ((key, inner),) = value.items()
            if key == "Ref":
                yield "Ref", str(inner)
                return
            if key == "Fn::GetAtt":
                yield "GetAtt", attribute_name(inner)
                return
            if key == "Fn::Sub":
                yield from _sub_entities(inner)
                return
        for item in value.values():
            yield from entities(item)


def attribute_name(value: Json) -> str:
    """Return a GetAtt's argument as Resource.Attribute, whichever form it has."""
    if isinstance(value, list):
        return ".".join(part if isinstance(part, str) else json.dumps(part) for part in value)
    return str(value)


def _sub_entities(value: Json) -> Iterator[tuple[str, str]]:
    text, names = (value[0], value[1]) if isinstance(value, list) and len(value) == 2 else (value, {})
    for name in sub_names(str(text)):
        if name not in names:
            yield ("GetAtt" if "." in name else "Ref"), name
    yield from entities(names)


def sub_names(text: str) -> Iterator[str]:
    """Yield the names between ${ and } of a Fn::Sub, without the escaped ${!Literal} ones."""
    start = 0
    while (begin := text.find("${", start)) >= 0:
        end = text.find("}", begin)
        if end < 0:
            raise invalid("Template error: variable names in Fn::Sub syntax must end with }")
        name = text[begin + 2 : end].strip()
        if not name.startswith("!"):
            yield name
        start = end + 1


@lru_cache(maxsize=512)
def parse(body: str) -> Template:
    """Parse a template.

    Raises:
        Refusal: it is neither JSON nor YAML, or not a template.
    """
    document = _load(body)
    if not isinstance(document, dict):
        raise invalid("Template format error: unsupported structure.")
    unknown = sorted(str(key) for key in document if key not in SECTIONS)
    if unknown:
        raise invalid(f"Invalid template property or properties [{', '.join(unknown)}]")
    version = document.get("AWSTemplateFormatVersion", "2010-09-09")
    if str(version) != "2010-09-09":
        raise invalid(f"Template format error: {version} is not a supported value for AWSTemplateFormatVersion.")
    for name in ("Parameters", "Mappings", "Conditions", "Resources", "Outputs"):
        if not isinstance(document.get(name, {}), dict):
            raise invalid(f"Template format error: [/{name}] must be an object")
    if _transforms(document) not in ([], [LANGUAGE_EXTENSIONS]):
        raise invalid(
            "Template format error: of the section Transform the sandbox supports AWS::LanguageExtensions only"
        )
    for name in ("Rules", "Hooks", "Globals"):
        if name in document:
            raise invalid(f"Template format error: the sandbox does not support the section {name}")
    return Template(body, document)


def _transforms(document: dict[str, Json]) -> list[Json]:
    named = document.get("Transform", [])
    return list(named) if isinstance(named, list) else [named]


def _load(body: str) -> Json:
    if body.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(body, object_pairs_hook=_no_duplicates)
        except json.JSONDecodeError as error:
            raise invalid(
                f"Template format error: JSON not well-formed. (line {error.lineno}, column {error.colno})"
            ) from error
    return _load_yaml(body)


def _no_duplicates(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise invalid(f"Template format error: duplicate key {twice}")
    return found


def _scalar(loader: Any, node: Any) -> Json:
    return loader.construct_scalar(node)


def _load_yaml(body: str) -> Json:
    import yaml

    try:
        return yaml.load(body, Loader=_yaml_loader())  # noqa: S506 a SafeLoader with CloudFormation's tags
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise invalid(f"Template format error: YAML not well-formed.{where}") from error


@lru_cache(maxsize=1)
def _yaml_loader() -> Any:
    import yaml

    class Loader(yaml.SafeLoader):
        """YAML as CloudFormation reads it: short tags, no dates, no duplicate keys."""

    def intrinsic(loader: Any, suffix: str, node: Any) -> Json:
        if isinstance(node, yaml.ScalarNode):
            value: Json = loader.construct_scalar(node)
        elif isinstance(node, yaml.SequenceNode):
            value = loader.construct_sequence(node, deep=True)
        else:
            value = loader.construct_mapping(node, deep=True)
        name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
        if name == "Fn::GetAtt" and isinstance(value, str):
            value = value.split(".", 1)
        return {name: value}

    def mapping(loader: Any, node: Any) -> Json:
        pairs = [(loader.construct_object(k, deep=True), loader.construct_object(v, deep=True)) for k, v in node.value]
        return _no_duplicates(pairs)

    Loader.add_multi_constructor("!", intrinsic)
    Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, mapping)
    Loader.add_constructor("tag:yaml.org,2002:timestamp", _scalar)
    return Loader
