"""What the operations that take a template have in common: body, parameters, tags, capabilities, tokens."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping

from esmcfn.sandbox.cloudformation import validate
from esmcfn.sandbox.cloudformation.fetching import from_url
from esmcfn.sandbox.cloudformation.model import PAUSED, SETTLED_FOR_UPDATE, Revision, Stack
from esmcfn.sandbox.cloudformation.template import Template, entities, parse
from esmcfn.sandbox.ground import Ground
from esmcfn.sandbox.refusal import Refusal, invalid
from esmcfn.sandbox.resources import HANDLERS, SUPPORTED
from esmcfn.sandbox.state import Json
from esmcfn.sandbox.wire import Call

UNSUPPORTED_IN_CHANGE_SETS = (
    "RollbackConfiguration",
    "ResourceTypes",
)
UNSUPPORTED_IN_STACKS = (
    "RollbackConfiguration",
    "ResourceTypes",
    "TimeoutInMinutes",
    "StackPolicyURL",
    "StackPolicyDuringUpdateBody",
    "StackPolicyDuringUpdateURL",
    "RetainExceptOnCreate",
)
"""Parameters whose effect the sandbox does not have: asking for it is refused, an empty value is fine."""


def refuse_unsupported(given: Mapping[str, Json], names: tuple[str, ...]) -> None:
    """Refuse what would otherwise be ignored silently.

    Raises:
        Refusal: ValidationError.
    """
    for name in names:
        if given.get(name):
            raise invalid(f"The sandbox does not support {name}")
    deployment = given.get("DeploymentConfig") or {}
    if deployment.get("Mode") == "EXPRESS":
        raise invalid("The sandbox does not support DeploymentConfig.Mode EXPRESS")
    if deployment.get("DisableRollback"):
        raise invalid("The sandbox does not support DeploymentConfig.DisableRollback")


STACK_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]*")
MOST_LETTERS = 128
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html"""

TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[^:]+:\d{12}:.+")
ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/.+")


def check_name(name: str) -> None:
    """Refuse what no new stack may be called; the service model leaves it open, since it may be an ARN elsewhere.

    Raises:
        Refusal: ValidationError with what is wrong.
    """
    said = f"1 validation error detected: Value '{name}' at 'stackName' failed to satisfy constraint: Member must "
    if len(name) > MOST_LETTERS:
        raise invalid(f"{said}have length less than or equal to {MOST_LETTERS}")
    if STACK_NAME.fullmatch(name) is None:
        raise invalid(f"{said}satisfy regular expression pattern: {STACK_NAME.pattern}")


def _refuse_arns(given: Mapping[str, Json]) -> None:
    """Refuse topics that are none, and a role that CloudFormation could not assume."""
    strange = [arn for arn in given.get("NotificationARNs", ()) if TOPIC.fullmatch(arn) is None]
    if strange:
        raise invalid(f"NotificationARNs: {strange[0]} is not the ARN of a topic")
    role = given.get("RoleARN", "")
    if role and ROLE.fullmatch(role) is None:
        raise invalid(f"Role {role} is invalid or cannot be assumed")


def revision(ground: Ground, call: Call, stack: Stack | None) -> Revision:
    """Return what a request wants a stack to be; what it leaves out stays as it is."""
    given = call.parameters
    previous = stack.revision if stack is not None and stack.status != "REVIEW_IN_PROGRESS" else None
    text = body(ground, call, previous)
    template = parse(text)
    tags = {str(tag["Key"]): str(tag["Value"]) for tag in given.get("Tags", ())}
    if len(tags) > validate.MAX_TAGS:
        raise invalid("Value at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50")
    if len(tags) != len(given.get("Tags", ())):
        raise invalid("Duplicate tag keys are not allowed")
    if any(key.lower().startswith("aws:") for key in tags):
        raise invalid("aws: prefixed tag key names are not allowed for external use.")
    if len(given.get("NotificationARNs", ())) > 5:
        raise invalid("At most 5 notification ARNs are allowed")
    _refuse_arns(given)
    before = previous.parameters if previous else ()
    return Revision(
        body=text,
        parameters=validate.parameters(template, given.get("Parameters", ()), before),
        tags=tags if "Tags" in given or previous is None else dict(previous.tags),
        capabilities=list(given.get("Capabilities", ())),
        notification_arns=list(
            given["NotificationARNs"] if "NotificationARNs" in given or previous is None else previous.notification_arns
        )
        if "NotificationARNs" in given or previous is not None
        else [],
        role_arn=given.get("RoleARN", previous.role_arn if previous else ""),
    )


def checked(wanted: Revision, region: str, given: Mapping[str, Json], *, direct: bool = False) -> Template:
    """Return the template of a revision after everything CloudFormation checks at once."""
    template = parse(wanted.body)
    validate.check(template, region, SUPPORTED)
    _keep_secrets(template)
    validate.capabilities(template, list(given.get("Capabilities", ())), direct=direct)
    return template


def _keep_secrets(template: Template) -> None:
    """Refuse an output that would show a secret attribute: stricter than AWS, on purpose."""
    for kind, name in entities(template.section("Outputs")):
        owner, _, attribute = name.partition(".")
        if kind == "GetAtt" and attribute in HANDLERS[template.resources[owner]["Type"]].secret_attributes:
            raise invalid(f"The sandbox refuses to show {name} in an output: it is a secret")


def body(ground: Ground, call: Call, previous: Revision | None) -> str:
    """Return the template's text: given, from S3, or the previous one."""
    given = call.parameters
    sources = [name for name in ("TemplateBody", "TemplateURL", "UsePreviousTemplate") if given.get(name)]
    if len(sources) != 1:
        raise invalid("Either Template URL or Template Body must be specified.")
    if sources == ["UsePreviousTemplate"]:
        if previous is None:
            raise invalid("UsePreviousTemplate can only be used with an existing stack")
        return previous.body
    if sources == ["TemplateURL"]:
        return from_url(ground, call.region, given["TemplateURL"])
    text = str(given["TemplateBody"])
    if len(text.encode()) > validate.MAX_BODY_BYTES:
        raise invalid(
            "1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have "
            "length less than or equal to 51200"
        )
    return text


def allowing(policy: str) -> str:
    """Return a stack policy that allows every update; the sandbox enforces none.

    Raises:
        Refusal: it is no such policy.
    """
    if not policy:
        return ""
    try:
        statements = json.loads(policy)["Statement"]
        allowed = {
            (s["Effect"], *(json.dumps(s[key]) for key in ("Action", "Principal", "Resource"))) for s in statements
        }
    except (ValueError, KeyError, TypeError) as error:
        raise invalid("Error validating stack policy: Invalid stack policy") from error
    if allowed != {("Allow", '"Update:*"', '"*"', '"*"')}:
        raise invalid("The sandbox does not enforce stack policies: it takes one that allows Update:* of * only")
    return policy


def take_role(stack: Stack, given: Mapping[str, Json]) -> None:
    """Keep the role that an operation names: later ones use it too, as CloudFormation does."""
    _refuse_arns(given)
    stack.revision.role_arn = given.get("RoleARN") or stack.revision.role_arn


def check_token(stack: Stack, token: str) -> None:
    """Refuse a request token that another operation of the stack used.

    Raises:
        Refusal: TokenAlreadyExistsException.
    """
    if token and token in stack.used_tokens:
        raise Refusal("TokenAlreadyExistsException", f"Token {token} already exists for stack {stack.name}")


def refuse_nested(stack: Stack | None) -> None:
    """Refuse to change a nested stack other than through its root: stricter than AWS, on purpose.

    Raises:
        Refusal: ValidationError.
    """
    if stack is not None and stack.parent_id:
        raise invalid(f"Stack [{stack.name}] is nested: the sandbox changes it through its root [{stack.root_id}] only")


def check_updatable(stack: Stack, *, disable_rollback: bool = False) -> None:
    """Refuse an update of a stack that is not in a state for it.

    Raises:
        Refusal: ValidationError with the state.
    """
    if stack.status in SETTLED_FOR_UPDATE or (stack.status in PAUSED and disable_rollback):
        return
    raise invalid(f"Stack:{stack.id} is in {stack.status} state and can not be updated.")


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags as the API shows them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def digest(*parts: object) -> str:
    """Return a digest of what a request asks for, to recognise a repeated one."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()
