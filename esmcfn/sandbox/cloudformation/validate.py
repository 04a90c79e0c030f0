"""What CloudFormation refuses about a template before it plans anything with it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from esmcfn.sandbox.cloudformation import functions, schema, sections
from esmcfn.sandbox.cloudformation.language import PSEUDO
from esmcfn.sandbox.cloudformation.model import STACK_TYPE, Parameter
from esmcfn.sandbox.cloudformation.template import RESOURCE_KEYS, Template, depends_on, entities
from esmcfn.sandbox.refusal import Refusal, invalid
from esmcfn.sandbox.state import Json

MAX_BODY_BYTES = 51_200
MAX_URL_BODY_BYTES = 1_048_576
MAX_RESOURCES = 500
MAX_OUTPUTS = 200
MAX_PARAMETERS = 200
MAX_MAPPINGS = 200
MAX_TAGS = 50
MAX_PARAMETER_BYTES = 4096
MAX_DESCRIPTION_BYTES = 1024
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""

NAMED_IAM = {
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::User": "UserName",
    "AWS::IAM::Group": "GroupName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
}
"""Types that need CAPABILITY_NAMED_IAM when the property is set, and CAPABILITY_IAM otherwise."""

IAM = frozenset(
    {
        *NAMED_IAM,
        "AWS::IAM::AccessKey",
        "AWS::IAM::Policy",
        "AWS::IAM::UserToGroupAddition",
    }
)

LISTS = ("CommaDelimitedList", "List<Number>")

AUTO_EXPAND = "CAPABILITY_AUTO_EXPAND"

POLICIES = {
    "DeletionPolicy": ("Delete", "Retain", "Snapshot", "RetainExceptOnCreate"),
    "UpdateReplacePolicy": ("Delete", "Retain", "Snapshot"),
}


def check(template: Template, region: str, supported: Mapping[str, frozenset[str]]) -> None:
    """Refuse a template that CloudFormation would refuse, or that the sandbox cannot honour.

    `supported` maps each resource type that has a handler to its GetAtt attributes.

    Raises:
        Refusal: ValidationError with CloudFormation's text.
    """
    if not template.resources:
        raise invalid("Template format error: At least one Resources member must be defined.")
    _limits(template)
    sections.check(template)
    _types(template, region, supported)
    _declarations(template)
    _references(template, supported)
    _cycles(template)


def _limits(template: Template) -> None:
    for section, most in (
        ("Resources", MAX_RESOURCES),
        ("Outputs", MAX_OUTPUTS),
        ("Parameters", MAX_PARAMETERS),
        ("Mappings", MAX_MAPPINGS),
    ):
        count = len(template.section(section))
        if count > most:
            noun = section[:-1].lower()
            raise invalid(
                f"Template format error: Number of {section.lower()}, {count}, is greater than "
                f"maximum allowed, {most}" + (f" ({noun}s)" if section != "Resources" else "")
            )
    if len(template.description.encode()) > MAX_DESCRIPTION_BYTES:
        raise invalid("Template format error: 'Description' length is greater than 1024.")


def _types(template: Template, region: str, supported: Mapping[str, frozenset[str]]) -> None:
    strange, lacking = [], []
    for logical_id, declaration in template.resources.items():
        if not re.fullmatch(r"[A-Za-z0-9]{1,255}", logical_id):
            raise invalid(f"Template format error: Resource name {logical_id} is non alphanumeric.")
        if not isinstance(declaration, dict) or not isinstance(declaration.get("Type"), str):
            raise invalid(
                f"Template format error: [/Resources/{logical_id}] Every Resources object must contain a Type member."
            )
        kind = declaration["Type"]
        if schema.load(kind, region) is None:
            strange.append(kind)
        elif kind not in supported:
            lacking.append(kind)
    if strange:
        raise invalid(f"Template format error: Unrecognized resource types: [{', '.join(sorted(set(strange)))}]")
    if lacking:
        raise invalid(
            f"Template format error: Unrecognized resource types: [{', '.join(sorted(set(lacking)))}] "
            "(they exist on AWS; the sandbox does not have them)"
        )


def _declarations(template: Template) -> None:
    for logical_id, declaration in template.resources.items():
        unknown = sorted(set(declaration) - RESOURCE_KEYS)
        if unknown:
            raise invalid(f"Invalid template resource property '{unknown[0]}'")
        for key, allowed in POLICIES.items():
            if key in declaration and declaration[key] not in allowed:
                raise invalid(f"Template error: resource {logical_id} has invalid {key} attribute {declaration[key]}")
        if not isinstance(declaration.get("Properties", {}), dict):
            raise invalid(f"Template format error: [/Resources/{logical_id}/Properties] must be an object")
        _unhonoured(logical_id, declaration)
        named = declaration.get("DependsOn", [])
        if not all(isinstance(item, str) for item in (named if isinstance(named, list) else [named])):
            raise invalid(f"Template format error: DependsOn must be a string or list of strings. ({logical_id})")
        if not isinstance(declaration.get("Condition", ""), str):
            raise invalid(f"Template format error: [/Resources/{logical_id}/Condition] must be a string")


def _unhonoured(logical_id: str, declaration: Json) -> None:
    """Refuse attributes that none of the sandbox's types has."""
    for key in ("CreationPolicy", "UpdatePolicy"):
        if key in declaration:
            raise invalid(f"Template error: resource {logical_id} of type {declaration['Type']} does not support {key}")
    for key in POLICIES:
        if declaration.get(key) == "Snapshot":
            raise invalid(
                f"Template error: resource {logical_id} of type {declaration['Type']} does not support {key} Snapshot"
            )


def _references(template: Template, supported: Mapping[str, frozenset[str]]) -> None:
    known = {*template.resources, *template.section("Parameters"), *PSEUDO}
    lost = [
        name
        for declaration in template.resources.values()
        for kind, name in entities(declaration.get("Properties", {}))
        if kind == "Ref" and name not in known
    ]
    lost += [n for d in template.resources.values() for n in depends_on(d) if n not in template.resources]
    if lost:
        raise invalid(
            "Template format error: Unresolved resource dependencies "
            f"[{', '.join(sorted(set(lost)))}] in the Resources block of the template"
        )
    outputs = [name for kind, name in entities(template.section("Outputs")) if kind == "Ref" and name not in known]
    if outputs:
        raise invalid(
            "Template format error: Unresolved resource dependencies "
            f"[{', '.join(sorted(set(outputs)))}] in the Outputs block of the template"
        )
    functions.check([d.get("Properties", {}) for d in template.resources.values()], template)
    functions.check(list(template.section("Outputs").values()), template)
    functions.check(list(template.section("Conditions").values()), template)
    for where in (*template.resources.values(), template.section("Outputs")):
        for kind, name in entities(where):
            if kind == "GetAtt":
                _attribute(template, name, supported)
    _conditions(template)


def _attribute(template: Template, name: str, supported: Mapping[str, frozenset[str]]) -> None:
    logical_id, _, attribute = name.partition(".")
    declaration = template.resources.get(logical_id)
    if declaration is None:
        raise invalid(f"Template error: instance of Fn::GetAtt references undefined resource {logical_id}")
    output = declaration["Type"] == STACK_TYPE and re.fullmatch(r"Outputs\.[A-Za-z0-9]+", attribute)
    if attribute not in supported[declaration["Type"]] and not output:
        raise invalid(
            f"Template error: resource {logical_id} does not support attribute type {attribute} in Fn::GetAtt"
        )


def _conditions(template: Template) -> None:
    declared = template.section("Conditions")
    for block in ("Resources", "Outputs"):
        for name, item in template.section(block).items():
            if "Condition" in item and item["Condition"] not in declared:
                raise invalid(
                    f"Template format error: Unresolved condition dependency {item['Condition']} "
                    f"in the {block} block of the template ({name})"
                )


def _cycles(template: Template) -> None:
    waiting = {name: set(template.references(name)) for name in template.resources}
    while waiting:
        free = [name for name, needs in waiting.items() if not needs & waiting.keys()]
        if not free:
            raise invalid(f"Circular dependency between resources: [{', '.join(sorted(waiting))}]")
        for name in free:
            del waiting[name]


def capabilities(template: Template, granted: list[str], *, direct: bool = False) -> None:
    """Refuse a template with IAM resources that the caller did not acknowledge.

    A Transform needs an acknowledgement when nobody reviews a change set (`direct`).

    Raises:
        Refusal: InsufficientCapabilitiesException naming what is missing.
    """
    needed = needed_capability(template)
    enough = {
        "": True,
        "CAPABILITY_IAM": bool({"CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"} & set(granted)),
        "CAPABILITY_NAMED_IAM": "CAPABILITY_NAMED_IAM" in granted,
    }
    if not enough[needed]:
        raise Refusal("InsufficientCapabilitiesException", f"Requires capabilities : [{needed}]")
    if direct and template.transforms and AUTO_EXPAND not in granted:
        raise Refusal("InsufficientCapabilitiesException", f"Requires capabilities : [{AUTO_EXPAND}]")


def needed_capabilities(template: Template) -> list[str]:
    """Return every capability a template needs, for GetTemplateSummary."""
    return [*filter(None, [needed_capability(template)]), *([AUTO_EXPAND] if template.transforms else [])]


def needed_capability(template: Template) -> str:
    """Return the IAM capability a template needs; empty for none."""
    needed = ""
    for declaration in template.resources.values():
        kind = declaration["Type"]
        if kind in NAMED_IAM and NAMED_IAM[kind] in declaration.get("Properties", {}):
            return "CAPABILITY_NAMED_IAM"
        if kind in IAM:
            needed = "CAPABILITY_IAM"
    return needed


def iam_types(template: Template) -> list[str]:
    """Return the IAM types in a template, for GetTemplateSummary's reason."""
    return sorted({d["Type"] for d in template.resources.values()} & IAM)


def parameters(template: Template, given: Json, previous: Iterable[Parameter]) -> list[Parameter]:
    """Match the parameters a caller gave with the ones the template declares.

    Raises:
        Refusal: ValidationError: missing, unknown, or a value that the template forbids.
    """
    sections.check(template)
    declared = template.section("Parameters")
    if len(given) != len({item["ParameterKey"] for item in given}):
        raise invalid("Duplicate parameter keys are not allowed")
    values = {item["ParameterKey"]: item for item in given}
    unknown = sorted(set(values) - set(declared))
    if unknown:
        raise invalid(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    before = {parameter.key: parameter.value for parameter in previous}
    missing, found = [], []
    for key, declaration in declared.items():
        value = _value(key, declaration, values.get(key), before)
        if value is None:
            missing.append(key)
            continue
        _allowed(key, declaration, value)
        found.append(Parameter(key=key, value=value, no_echo=str(declaration.get("NoEcho", "")).lower() == "true"))
    if missing:
        raise invalid(f"Parameters: [{', '.join(missing)}] must have values")
    return found


def _value(key: str, declaration: Json, given: Json, before: Mapping[str, str]) -> str | None:
    if given is not None and given.get("UsePreviousValue"):
        if key not in before:
            raise invalid(
                f"Invalid input for parameter key {key}. Cannot specify usePreviousValue as true "
                "for a parameter key not in the previous template"
            )
        return before[key]
    if given is not None and "ParameterValue" in given:
        return str(given["ParameterValue"])
    default = declaration.get("Default")
    if isinstance(default, bool):
        return str(default).lower()
    return None if default is None else str(default)


def _allowed(key: str, declaration: Json, value: str) -> None:
    kind = str(declaration.get("Type", ""))
    if schema.UNKNOWN in value:  # a nested stack's, before the enclosing one is executed
        return
    if len(value.encode()) > MAX_PARAMETER_BYTES:
        raise invalid(f"Parameter '{key}' must contain at most {MAX_PARAMETER_BYTES} characters")
    constraint = str(declaration.get("ConstraintDescription", ""))
    if kind == "Number" and not re.fullmatch(r"-?\d+(\.\d+)?", value):
        raise invalid(f"Parameter '{key}' must be a number.")
    items = [item.strip() for item in value.split(",")] if kind in LISTS else [value]
    if kind == "List<Number>" and not all(re.fullmatch(r"-?\d+(\.\d+)?", item) for item in items):
        raise invalid(f"Parameter '{key}' must be a list of numbers.")
    allowed = [str(item) for item in declaration.get("AllowedValues", ())]
    if allowed and not set(items) <= set(allowed):
        raise invalid(f"Parameter '{key}' must be one of AllowedValues" + (f": {constraint}" if constraint else ""))
    pattern = declaration.get("AllowedPattern")
    if pattern and re.fullmatch(pattern, value) is None:
        raise invalid(f"Parameter '{key}' must match pattern {pattern}" + (f": {constraint}" if constraint else ""))
    if len(value) < int(declaration.get("MinLength", 0)):
        raise invalid(f"Parameter '{key}' must contain at least {declaration['MinLength']} characters")
    if len(value) > int(declaration.get("MaxLength", len(value))):
        raise invalid(f"Parameter '{key}' must contain at most {declaration['MaxLength']} characters")
    if kind == "Number":
        if float(value) < float(declaration.get("MinValue", value)):
            raise invalid(f"Parameter '{key}' must be a number not less than {declaration['MinValue']}")
        if float(value) > float(declaration.get("MaxValue", value)):
            raise invalid(f"Parameter '{key}' must be a number not greater than {declaration['MaxValue']}")
