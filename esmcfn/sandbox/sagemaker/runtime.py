"""InvokeEndpoint: refused for what does not serve, answered as an ESM container answers.

The envelope is the ESM SDK's: a request `{"endpoint": "encode", "encode": {...}}` gets the same two keys back. Numbers
are made up from the sequence, always the same for the same input; shapes are the models' own.
"""

from __future__ import annotations

import hashlib
import json
import re
import struct
from collections.abc import Mapping

from werkzeug.wrappers import Request, Response

from esmcfn.sandbox.refusal import Refusal
from esmcfn.sandbox.sagemaker.model import Endpoint, Variant
from esmcfn.sandbox.services import Services
from esmcfn.sandbox.state import Json

PATH = re.compile(r"/endpoints/(?P<name>[^/]+)/(?P<action>.+)")
MAX_BODY_BYTES = 25 * 1024 * 1024
VOCABULARY = dict(zip("LAGVSERTIDPKQNFYMHWCXBUZO.-|", range(4, 32), strict=True))
WIDTHS = {"300m": 960, "600m": 1152, "6b": 2560, "esm3": 1536}
LOGITS = 64
LOG_GROUP = "https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#logEventViewer:group=/aws/sagemaker/Endpoints/{name}"


UNSUPPORTED = ("Target-Model", "Target-Container-Hostname", "Enable-Explanations", "Session-Id")
"""Headers of a request that only other kinds of endpoints understand: several models, pipelines, sessions."""


class ContainerError(Exception):
    """The container answered with an error of its own."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def invoke(world: Services, request: Request, region: str) -> Response:
    """Answer one call of the runtime API."""
    match = PATH.fullmatch(request.path)
    if match is None or match["action"] != "invocations":
        what = match["action"] if match else request.path
        return _refused(Refusal("ValidationError", f"The sandbox does not support {what}"))
    try:
        world.faults.before_call("sagemaker", "InvokeEndpoint")
        return _answer(world, request, region, match["name"])
    except Refusal as refusal:
        return _refused(refusal)


def _answer(world: Services, request: Request, region: str, name: str) -> Response:
    endpoint = _serving(world, region, name)
    _refuse_async(world, region, endpoint)
    variant = _variant(endpoint, request.headers.get("X-Amzn-SageMaker-Target-Variant"))
    if request.headers.get("X-Amzn-SageMaker-Inference-Component"):
        raise Refusal("ValidationError", "Inference Components are not supported in this Endpoint.")
    for header in UNSUPPORTED:
        if request.headers.get(f"X-Amzn-SageMaker-{header}"):
            raise Refusal("ValidationError", f"{endpoint.name} hosts one model a variant: the sandbox has no {header}")
    if len(request.data) > MAX_BODY_BYTES:
        raise Refusal("ValidationError", "The request body is larger than 25 MB")
    try:
        if world.faults.strike("model-error"):
            raise ContainerError(500, "the sandbox was asked for this error")
        body = _container(request.data, request.headers.get("X-Amzn-SageMaker-Custom-Attributes", ""))
    except ContainerError as error:
        said = f'ERROR:    {error.message}\nINFO:     "POST /invocations HTTP/1.1" {error.status}'
        world.containers.write(region, name, variant.name, said, at=world.clock.now())
        return _model_error(error, region, name)
    response = Response(json.dumps(body, separators=(",", ":")), content_type="application/json")
    response.headers["x-Amzn-Invoked-Production-Variant"] = variant.name
    return response


def _serving(world: Services, region: str, name: str) -> Endpoint:
    held = world.sagemaker.region(region).endpoints.get(name.lower())
    if held is None or held.name != name or held.status in ("Creating", "Failed", "Deleting", "OutOfService"):
        raise Refusal("ValidationError", f"Endpoint {name} of account {world.account} not found.")
    return held


def _variant(endpoint: Endpoint, wanted: str | None) -> Variant:
    for variant in endpoint.variants:
        if wanted in (None, variant.name):
            return variant
    raise Refusal("ValidationError", f"Variant {wanted} not found for Request")


def _refuse_async(world: Services, region: str, endpoint: Endpoint) -> None:
    config = world.sagemaker.region(region).configs.get(endpoint.config_name.lower())
    if config is not None and config.request.get("AsyncInferenceConfig"):
        raise Refusal("ValidationError", f"Endpoint {endpoint.name} is asynchronous: the sandbox does not invoke it")


# The container


def _container(data: bytes, attributes: str) -> Json:
    try:
        asked = json.loads(data)
    except ValueError:
        raise ContainerError(400, "the body is not JSON") from None
    method = asked.get("endpoint") if isinstance(asked, dict) else None
    if method not in METHODS or not isinstance(asked.get(method), dict):
        known = ", ".join(METHODS)
        raise ContainerError(400, f"the sandbox's container knows {known}; not {method!r}")
    if "return_bytes=true" in attributes and method == "logits":
        raise ContainerError(400, "the sandbox's container makes no tensors: send return_bytes=false")
    return {"endpoint": method, method: METHODS[method](asked[method], str(asked.get("model", "")))}


def _encode(inner: Json, _model: str) -> Json:
    sequence = str(inner.get("inputs", {}).get("sequence") or "")
    outputs: dict[str, Json] = dict.fromkeys(
        ("structure", "coordinates", "secondary_structure", "sasa", "function", "residue_annotation")
    )
    return {"outputs": {"sequence": tokens(sequence), **outputs}, "potential_sequence_of_concern": False}


def tokens(sequence: str) -> list[int]:
    """Return a protein's tokens between <cls> and <eos>; `_` is a mask, anything unknown is an error."""
    found = [0]
    for letter in sequence.upper():
        if letter != "_" and letter not in VOCABULARY:
            raise ContainerError(422, f"{letter!r} is not an amino acid")
        found.append(32 if letter == "_" else VOCABULARY[letter])
    return [*found, 2]


def _decode(inner: Json, _model: str) -> Json:
    letters = {number: letter for letter, number in VOCABULARY.items()} | {32: "_"}
    given = inner.get("inputs", {}).get("sequence") or []
    outputs: dict[str, Json] = dict.fromkeys(("secondary_structure", "sasa", "function", "coordinates", "plddt", "ptm"))
    return {"outputs": {"sequence": "".join(letters[n] for n in given if n in letters), **outputs}}


def _logits(inner: Json, model: str) -> Json:
    given = inner.get("inputs", {}).get("sequence")
    if not isinstance(given, list) or not given:
        raise ContainerError(422, "inputs.sequence must be a list of tokens")
    config: Mapping[str, Json] = inner.get("logits_config", {})
    width = next((size for name, size in WIDTHS.items() if name in model.lower()), WIDTHS["300m"])
    tracks = {"sequence": _matrix(given, LOGITS, "logits")} if config.get("sequence") else None
    return {
        "logits": tracks,
        "embeddings": [_matrix(given, width, "embeddings")] if config.get("return_embeddings") else None,
        "hidden_states": None,
        "mean_embedding": None,
        "mean_hidden_state": None,
    }


METHODS = {"encode": _encode, "decode": _decode, "logits": _logits}


def _matrix(given: list[int], width: int, kind: str) -> list[list[float]]:
    rows = []
    for position, token in enumerate(given):
        seed = hashlib.shake_128(f"{kind}/{position}/{token}".encode()).digest(width * 2)
        rows.append([round(number / 32768, 4) for number in struct.unpack(f"<{width}h", seed)])
    return rows


# Errors


def _refused(refusal: Refusal) -> Response:
    response = Response(
        json.dumps({"Message": refusal.message, "message": refusal.message}),
        status=refusal.status,
        content_type="application/json",
    )
    response.headers["x-amzn-ErrorType"] = refusal.code
    return response


def _model_error(error: ContainerError, region: str, name: str) -> Response:
    log = LOG_GROUP.format(region=region, name=name)
    text = (
        f"Received {'server' if error.status >= 500 else 'client'} error ({error.status}) from primary with message "
        f'"{error.message}". See {log} in account 123456789012 for more information.'
    )
    body = {
        "Message": text,
        "OriginalStatusCode": error.status,
        "OriginalMessage": error.message,
        "LogStreamArn": f"arn:aws:logs:{region}:123456789012:log-group:/aws/sagemaker/Endpoints/{name}",
    }
    response = Response(json.dumps(body), status=424, content_type="application/json")
    response.headers["x-amzn-ErrorType"] = "ModelError"
    return response
