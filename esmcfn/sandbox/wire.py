"""The wire of our own services: moto's parsers and serialisers around botocore's service models.

A service is a table from operation to function. A request is parsed by the model and judged by it (required members,
lengths, ranges, patterns, enums) before the function sees it; an answer that the model does not know is a bug.
"""

from __future__ import annotations

import json
import re
import traceback
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from esmcfn.sandbox import unsupported
from esmcfn.sandbox.actions import operation_name
from esmcfn.sandbox.aws import service_model
from esmcfn.sandbox.refusal import Refusal
from esmcfn.sandbox.state import Json
from esmcfn.sandbox.unsupported import Given

if TYPE_CHECKING:
    from botocore.model import OperationModel, ServiceModel, Shape
    from werkzeug.wrappers import Request, Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request to one of our services.

    Attributes:
        parameters: as botocore's model names them.
        access_key: the key id in the request's signature.
    """

    service: str
    operation: str
    region: str
    parameters: Json
    access_key: str = "sandbox"


Operation = Callable[[Call], Json]


def perform(
    service: str, operations: Mapping[str, Operation], request: Request, region: str, *, before: Operation
) -> Response:
    """Answer one HTTP request to `service`; `before` may refuse the call (faults do)."""
    model = service_model(service)
    name = operation_name(request)
    try:
        if name not in model.operation_names:
            raise _no_such_operation(model, name)
        call = _parse(service, model.operation_model(name), request, region)
        before(call)
        if name not in operations:
            raise Refusal("NotImplemented", f"The sandbox does not support {model.service_id} {name}.", status=501)
        _judge(model, call)
        unsupported.refuse(service, name, call.parameters)
        given = Given(call.parameters)
        result = operations[name](replace(call, parameters=given))
        if ignored := given.ignored(name):
            raise AssertionError(f"{name} ignored {', '.join(ignored)}")
        return _success(model.operation_model(name), result, _protocol(model, request))
    except Refusal as refusal:
        return _failure(model, refusal, _protocol(model, request))
    except (
        LookupError,
        TypeError,
        ValueError,
        AttributeError,
        AssertionError,
        RuntimeError,
    ):  # a bug: AWS's shape of it, and the trace in the log
        traceback.print_exc()
        bug = Refusal("InternalFailure", "The sandbox has a bug; see its log", status=500)
        return _failure(model, bug, _protocol(model, request))


_SIGNED_AS = {"monitoring": "cloudwatch", "tagging": "resourcegroupstaggingapi"}
"""Name in a signature to the name of the service, where they differ for a service that moto has."""


def failure(service: str, refusal: Refusal, request: Request) -> Response:
    """Return an error in the protocol of a service that moto has, by the name in its signature."""
    from botocore.exceptions import UnknownServiceError

    try:
        model = service_model(_SIGNED_AS.get(service, service))
    except UnknownServiceError:
        spoken = request.headers.get("X-Amz-Target") or "json" in (request.content_type or "")
        model = service_model("sagemaker" if spoken else "sts")
    return _failure(model, refusal, _protocol(model, request))


def _protocol(model: ServiceModel, request: Request) -> str:
    """Return the protocol that a request speaks: a service may have several."""
    spoken = model.metadata.get("protocols", [model.protocol])
    if len(spoken) == 1 or str(model.protocol).startswith("rest-"):
        return str(model.protocol)
    if request.headers.get("X-Amz-Target"):
        return "json"
    return "query" if "query" in spoken else str(model.protocol)


def _no_such_operation(model: ServiceModel, name: str) -> Refusal:
    if model.protocol == "query":
        return Refusal("InvalidAction", f"Could not find operation {name} for version {model.api_version}")
    return Refusal("UnknownOperationException", f"{name} is not an operation of {model.service_id}")


def _parse(service: str, operation: OperationModel, request: Request, region: str) -> Call:
    from moto.core.parse import PROTOCOL_PARSERS

    parser = PROTOCOL_PARSERS[_protocol(operation.service_model, request)](_moto_model(service, operation.name))
    parameters = parser.parse(
        {
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": request.data,
            "url_path": request.path,
            "url_params": {},
        }
    )
    return Call(
        service=service,
        operation=operation.name,
        region=region,
        parameters=parameters,
        access_key=access_key(request),
    )


def access_key(request: Request) -> str:
    """Return the key id a request was signed with."""
    found = re.search(r"Credential=([^/]+)/", request.headers.get("Authorization", ""))
    return found.group(1) if found else ""


@cache
def _moto_model(service: str, operation: str) -> Any:
    from moto.core.utils import get_service_model

    return get_service_model(service).operation_model(operation)


# What the model itself forbids


def _judge(model: ServiceModel, call: Call) -> None:
    shape = model.operation_model(call.operation).input_shape
    problems = list(_problems(shape, call.parameters, "")) if shape is not None else []
    if problems:
        count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected: "
        code = "ValidationError" if model.protocol == "query" else "ValidationException"
        raise Refusal(code, count + "; ".join(problems))


def judged_words(service: str, operation: str, parameters: Mapping[str, Json]) -> None:
    """Refuse a word that the model of a service does not list; moto takes any.

    Raises:
        Refusal: a parameter has another value than those of its enum.
    """
    shape = service_model(service).operation_model(operation).input_shape
    wrong = [each for each in _problems(shape, dict(parameters), "") if "enum value set" in each] if shape else []
    if wrong:
        raise Refusal("ValidationException", wrong[0])


def _problems(shape: Shape, value: Json, path: str) -> Iterator[str]:
    where = path or "request"
    if shape.type_name == "structure":
        for name in getattr(shape, "required_members", ()):
            if name not in value:
                yield f"Value null at '{_join(path, name)}' failed to satisfy constraint: Member must not be null"
        for name, member in getattr(shape, "members", {}).items():
            if name in value:
                yield from _problems(member, value[name], _join(path, name))
        return
    if shape.type_name == "list":
        for index, item in enumerate(value, 1):
            yield from _problems(shape.member, item, f"{path}.{index}.member")
    elif shape.type_name == "map":
        for key, item in value.items():
            yield from _problems(shape.value, item, f"{path}.{key}")
    for broken in _broken_constraints(shape, value):
        shown = json.dumps(value) if isinstance(value, (list, dict)) else value
        yield f"Value '{shown}' at '{where}' failed to satisfy constraint: Member must {broken}"


def _join(path: str, name: str) -> str:
    lowered = name[:1].lower() + name[1:]
    return f"{path}.{lowered}" if path else lowered


def _broken_constraints(shape: Shape, value: Json) -> Iterator[str]:
    raw: Mapping[str, Any] = getattr(shape, "_shape_model", {})
    if shape.type_name in ("string", "list", "map"):
        if len(value) < raw.get("min", 0):
            yield f"have length greater than or equal to {raw['min']}"
        if len(value) > raw.get("max", float("inf")):
            yield f"have length less than or equal to {raw['max']}"
    if shape.type_name in ("integer", "long", "float", "double"):
        if value < raw.get("min", float("-inf")):
            yield f"have value greater than or equal to {raw['min']}"
        if value > raw.get("max", float("inf")):
            yield f"have value less than or equal to {raw['max']}"
    if shape.type_name == "string" and "enum" in raw and value not in raw["enum"]:
        yield f"satisfy enum value set: [{', '.join(raw['enum'])}]"
    if shape.type_name == "string" and "pattern" in raw and not _matches(raw["pattern"], value):
        yield f"satisfy regular expression pattern: {raw['pattern']}"


@cache
def _pattern(text: str) -> re.Pattern[str] | None:
    try:
        return re.compile(text)
    except re.error:  # the models use Java's dialect: \p{L} and the like
        return None


def _matches(pattern: str, value: str) -> bool:
    compiled = _pattern(pattern)
    return compiled is None or compiled.fullmatch(value) is not None


# Answers


def _success(operation: OperationModel, result: Json, protocol: str) -> Response:
    from moto.core.serialize import get_serializer_class
    from werkzeug.wrappers import Response

    service = operation.service_model
    _refuse_unknown_members(operation.output_shape, result or {}, operation.name)
    serializer = get_serializer_class(service.service_name, protocol)(
        _moto_model(str(service.service_name), operation.name)
    )
    answer = serializer.serialize(result or {})
    body = answer["body"]
    if protocol == "query" and isinstance(body, str):
        body = body.replace("\r", "&#13;")  # XML parsers make a line feed of a bare one
    response = Response(body, status=answer["status_code"])
    response.headers.update(answer["headers"])
    response.headers["x-amzn-RequestId"] = str(uuid.uuid4())
    return response


def _refuse_unknown_members(shape: Shape | None, value: Json, path: str) -> None:
    if shape is None or shape.type_name not in ("structure", "list"):
        return
    if shape.type_name == "list":
        for item in value[:1]:
            _refuse_unknown_members(shape.member, item, path + "[]")
        return
    members: Mapping[str, Shape] = shape.members
    for name, item in value.items():
        if name not in members:
            raise AssertionError(f"{path}.{name} is not in botocore's model")
        if item is not None:
            _refuse_unknown_members(members[name], item, f"{path}.{name}")


def _failure(model: ServiceModel, refusal: Refusal, protocol: str) -> Response:
    from werkzeug.wrappers import Response

    request_id = str(uuid.uuid4())
    if protocol == "query":
        kind = "Sender" if refusal.status < 500 else "Receiver"
        body = (
            f'<ErrorResponse xmlns="{model.metadata.get("xmlNamespace", "")}"><Error><Type>{kind}</Type>'
            f"<Code>{escape(refusal.code)}</Code><Message>{escape(refusal.message)}</Message></Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
        content_type = "text/xml"
    elif protocol == "rest-xml":
        body = f"<Error><Code>{escape(refusal.code)}</Code><Message>{escape(refusal.message)}</Message></Error>"
        content_type = "text/xml"
    else:
        body = json.dumps({"__type": refusal.code, "message": refusal.message})
        content_type = "application/x-amz-json-1.1"
    response = Response(body, status=refusal.status, content_type=content_type)
    response.headers["x-amzn-RequestId"] = request_id
    response.headers["x-amzn-ErrorType"] = refusal.code
    return response
