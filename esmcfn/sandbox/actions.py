"""Actions, `service:Operation`: the names that faults take, checked, and the name of a request's own.

The service is IAM's prefix (`cloudwatch`, `servicequotas`), the operation the API's. `*` stands for any letters in the
operation; `*` alone is every action there is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from esmcfn.sandbox.aws import service_model
from esmcfn.sandbox.refusal import Refusal

if TYPE_CHECKING:
    from botocore.model import OperationModel, ServiceModel
    from werkzeug.wrappers import Request

PREFIXES = {"service-quotas": "servicequotas", "monitoring": "cloudwatch", "tagging": "tag"}
"""What a signature or botocore calls a service, to IAM's prefix, where they differ.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

MODELS = {
    "sagemaker": ("sagemaker", "sagemaker-runtime"),
    "servicequotas": ("service-quotas",),
    "tag": ("resourcegroupstaggingapi",),
}
"""IAM's prefix to botocore's services, where it is not one of the same name."""

ALONE = {"iam": frozenset({"PassRole"}), "budgets": frozenset({"ModifyBudget", "ViewBudget"})}
"""Permissions that are no operation; the sandbox asks for them where AWS does."""

_OF_BUDGETS = re.compile(
    r"(?P<verb>Create|Delete|Describe|Update)(Budgets?|Notification|Subscriber)(?!Action|Performance)"
)
"""Operations of Budgets for which IAM has one action to look and one to change.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbudgetservice.html
"""

USUAL = (
    "application-autoscaling",
    "budgets",
    "ce",
    "cloudformation",
    "cloudwatch",
    "iam",
    "kms",
    "logs",
    "pricing",
    "s3",
    "sagemaker",
    "secretsmanager",
    "servicequotas",
    "sns",
    "sts",
)
"""What a mistyped service is compared with first."""


def action(service: str, operation: str) -> str:
    """Return a call's action; `service` as a signature or botocore names it."""
    found = _OF_BUDGETS.match(operation) if service == "budgets" else None
    if found:
        operation = "ViewBudget" if found["verb"] == "Describe" else "ModifyBudget"
    return f"{PREFIXES.get(service, service)}:{operation}"


def fits(pattern: str, name: str) -> bool:
    """Whether an action is one of a pattern's."""
    return fnmatchcase(name, pattern)


def checked(pattern: str) -> str:
    """Return an action or pattern, in IAM's words.

    Raises:
        Refusal: it matches no operation of a service there is; the message suggests one that does.
    """
    if pattern == "*":
        return pattern
    given, colon, operation = pattern.partition(":")
    prefix = PREFIXES.get(given, given)
    names = known_operations(prefix) if colon else frozenset()
    if any(fits(operation, name) for name in names):
        return action(prefix, operation)
    raise Refusal("UnknownAction", _unknown(pattern, prefix, operation, names))


@cache
def known_operations(prefix: str) -> frozenset[str]:
    """Return every operation (and permission) behind an IAM prefix; none where there is no such service."""
    models = MODELS.get(prefix, (prefix,))
    if not set(models) <= _services():
        return frozenset()
    named = frozenset(name for model in models for name in service_model(model).operation_names)
    return named | ALONE.get(prefix, frozenset())


@cache
def _services() -> frozenset[str]:
    import botocore.loaders

    return frozenset(botocore.loaders.create_loader().list_available_services("service-2"))


def _unknown(pattern: str, prefix: str, operation: str, names: Iterable[str]) -> str:
    if names:
        near = _near(operation, names)
        such = f"such as {prefix}:{near}" if near else f"such as {prefix}:*"
        return f"{pattern} is no operation of {prefix}; {such}"
    if not operation:
        owners = [known for known in USUAL if any(fits(prefix, name) for name in known_operations(known))]
        such = f"{owners[0]}:{prefix}" if owners else "sagemaker:CreateEndpoint or cloudformation:Describe*"
        return f"{pattern} is no action: it takes service:Operation, such as {such}"
    service = "cloudformation" if "*" in prefix else _near(prefix, USUAL) or _near(prefix, _services())
    if not service:
        return f"no service is called {prefix!r}; there are: {', '.join(USUAL)}"
    names = known_operations(service)
    near = operation if any(fits(operation, name) for name in names) else _near(operation, names) or "*"
    return f"no service is called {prefix!r}; such as {service}:{near}"


def _near(word: str, words: Iterable[str]) -> str:
    """Return the word that was meant, if one is like it; with a pattern, up to its star."""
    head, star, _ = word.partition("*")
    lowered: dict[str, str] = {}
    for known in sorted(words):
        lowered.setdefault((known[: len(head)] if star else known).lower(), known)
    found = get_close_matches(head.lower(), lowered, 1, 0.6)
    if not found:
        return ""
    return f"{lowered[found[0]][: len(head)]}*" if star else lowered[found[0]]


# The operation of a request


def operation_name(request: Request, service: str = "") -> str:
    """Return the operation a request asks for; empty where only the path says it and `service` has no such path."""
    rpc = re.search(r"/operation/(\w+)$", request.path)
    if rpc is not None:
        return rpc.group(1)
    target: str = request.headers.get("X-Amz-Target", "")
    if target:
        return target.rpartition(".")[2]
    if named := str(request.values.get("Action", "")):
        return named
    if service == "sagemaker":
        service = "sagemaker-runtime"
    if service not in _services():
        return ""
    model = service_model(service)
    return _by_path(model, request) if str(model.protocol).startswith("rest-") else ""


def _by_path(model: ServiceModel, request: Request) -> str:
    """Return the REST operation whose method, path, query and headers fit; of several, the one that asks for most."""
    arguments, headers = request.args, {name.lower(): value for name, value in request.headers.items()}
    best, most = "", -1
    for operation, path, wanted_query, wanted_headers in _rest(model):
        fitting = operation.http["method"] == request.method and path.fullmatch(request.path) is not None
        literal = all(arguments.get(key) == value if value else key in arguments for key, value in wanted_query)
        if fitting and literal and wanted_headers <= headers.keys() and len(wanted_query) + len(wanted_headers) > most:
            best, most = operation.name, len(wanted_query) + len(wanted_headers)
    return best


@cache
def _rest(model: ServiceModel) -> tuple[tuple[OperationModel, re.Pattern[str], list[tuple[str, str]], set[str]], ...]:
    return tuple(_route(model.operation_model(name)) for name in model.operation_names)


def _route(operation: OperationModel) -> tuple[OperationModel, re.Pattern[str], list[tuple[str, str]], set[str]]:
    path, _, query = str(operation.http["requestUri"]).partition("?")
    pattern = re.escape(path).replace(r"\{", "{").replace(r"\}", "}").replace(r"\+}", "+}")
    pattern = re.sub(r"\{[^}]*\+\}", ".+", pattern)
    pattern = re.sub(r"\{[^}]*\}", "[^/]+", pattern)
    needed = dict(_needed(operation))
    wanted = [*parse_qsl(query, keep_blank_values=True), *((name, "") for name, at in needed.items() if at == "query")]
    return (
        operation,
        re.compile(pattern + "/?"),
        wanted,
        {name.lower() for name, at in needed.items() if at == "header"},
    )


def _needed(operation: OperationModel) -> Iterator[tuple[str, str]]:
    """Yield what a request cannot be without, in its query or its headers."""
    shape = operation.input_shape
    members: Mapping[str, object] = shape.members if shape is not None else {}
    for name in getattr(shape, "required_members", ()):
        serialized: Mapping[str, str] = members[name].serialization  # type: ignore[attr-defined]
        location = serialized.get("location", "")
        if location in ("header", "querystring"):
            yield serialized["name"], "query" if location == "querystring" else "header"
