"""The door: one WSGI application that hands each request to our services, to moto, or to the control API."""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response

from esmcfn.sandbox import actions, wire
from esmcfn.sandbox.account.budgets import Budgets
from esmcfn.sandbox.account.costs import Costs
from esmcfn.sandbox.account.prices import Prices
from esmcfn.sandbox.account.quotas import Quotas
from esmcfn.sandbox.aws import Environ, StartResponse
from esmcfn.sandbox.cloudformation.operations import operations as cloudformation_operations
from esmcfn.sandbox.control import Control
from esmcfn.sandbox.faults import LOSING, TIMEOUT_SECONDS, Fault
from esmcfn.sandbox.refusal import Lost, Refusal
from esmcfn.sandbox.sagemaker import runtime
from esmcfn.sandbox.sagemaker.operations import SageMaker
from esmcfn.sandbox.state import UNKEPT, Unwritable
from esmcfn.sandbox.wire import Call, Operation

if TYPE_CHECKING:
    from esmcfn.sandbox.world import World

DEFAULT_REGION = "us-east-1"

_NOBODY, _SOMEBODY = b":user/moto</Arn>", b":federated-user/sandbox</Arn>"
"""Whom moto takes everybody for whose keys it did not make, an ARN as AWS has none; and who says where this is."""

SIGNING_NAMES = {"servicequotas": "service-quotas"}
"""The name in a signature to botocore's name of the service, where they differ."""


class Front:
    """The sandbox as a WSGI application."""

    def __init__(self, world: World, control: Control) -> None:
        self.world = world
        self.control = control

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        request = Request(environ)
        request.max_form_memory_size = None
        if request.path.startswith("/_esmcfn/"):
            return self.control.answer(request)(environ, start_response)
        service, region = _scope(request)
        if request.content_encoding == "gzip" and service != "s3":  # as botocore sends many data points; S3 keeps it so
            try:
                environ = _unpacked(environ, request.get_data())
            except (OSError, EOFError, zlib.error) as error:
                bad = Refusal("SerializationException", f"The body is not gzip: {error}")
                return wire.failure(service, bad, request)(environ, start_response)
            request = Request(environ)
            request.max_form_memory_size = None
        try:
            answer = self._kept(request, service, region, environ)
        except Unwritable as error:
            bad = Refusal("InternalFailure", f"{error}. It tries again with the next request.", status=UNKEPT)
            answer = wire.failure(service, bad, request)
        return answer(environ, start_response)

    def _kept(self, request: Request, service: str, region: str, environ: Environ) -> Response:
        """Answer one request once what it changed is on disk.

        Raises:
            Lost: a fault takes the answer away.
            Unwritable: the disk is full, or not ours.
        """
        with self.world.lock, self.world.store.together():
            self.world.settle()
            lost = self._lost(request, service)
            if lost is None or lost.options.get("processed"):
                answer = self._answer(request, service, region, environ)
        if lost is not None:
            raise Lost(float(lost.options.get("seconds", TIMEOUT_SECONDS)) if lost.name == "timeout" else 0.0)
        return answer

    def _lost(self, request: Request, service: str) -> Fault | None:
        """Return the fault, if any, that takes away the answer to this request."""
        faults = self.world.faults
        if not any(fault.name in LOSING for fault in faults.active):
            return None
        request.get_data()  # all of it: a socket that is waited on has nothing more to say
        name = actions.action(service, actions.operation_name(request, service))
        return faults.strike("connection-reset", action=name) or faults.strike("timeout", action=name)

    def _answer(self, request: Request, service: str, region: str, environ: Environ) -> Response:
        request.get_data()  # before anything parses it: moto reads it again
        if _expired(request):
            return wire.failure(service, Refusal("AccessDenied", "Request has expired", status=403), request)
        if service == "sagemaker" and request.path.startswith("/endpoints/"):
            return runtime.invoke(self.world, request, region)
        service = SIGNING_NAMES.get(service, service)
        table = self.table(service)
        if table is not None:
            return wire.perform(service, table, request, region, before=self._before)
        if service == "logs":
            return self._logs(request, region, environ)
        if service == "budgets" and actions.operation_name(request) in (own := Budgets(self.world).operations):
            return wire.perform("budgets", own, request, region, before=self._before)
        if service == "monitoring" and actions.operation_name(request) in (own := self.world.measuring):
            return wire.perform("cloudwatch", own, request, region, before=self._before)
        return self._moto(request, service, environ)

    def _logs(self, request: Request, region: str, environ: Environ) -> Response:
        """Answer for CloudWatch Logs: what containers write is ours, the rest is moto's."""
        logs = self.world.logs
        logs.sync(region)
        if logs.ours(request.get_data(), actions.operation_name(request)):
            return wire.perform("logs", logs.operations, request, region, before=self._before)
        answer = self._moto(request, "logs", environ)
        logs.sync(region)
        return answer

    def _before(self, call: Call) -> None:
        self.world.faults.before_call(call.service, call.operation)

    def table(self, service: str) -> Mapping[str, Operation] | None:
        """Return our own operations of a service; None where moto has it."""
        world = self.world
        match service:
            case "cloudformation":
                return cloudformation_operations(world.cloudformation)
            case "sagemaker":
                return SageMaker(world).operations
            case "application-autoscaling":
                return world.autoscaling.operations
            case "service-quotas":
                return Quotas(world).operations
            case "pricing":
                return Prices(world).operations
            case "ce":
                return Costs(world).operations
            case _:
                return None

    def _moto(self, request: Request, service: str, environ: Environ) -> Response:
        if request.path.startswith("/moto-api"):
            return _refused(Refusal("NotFound", "The sandbox has no such page", status=404))
        if self.world.faults.active:
            try:
                self.world.faults.before_call(service, actions.operation_name(request, service))
            except Refusal as refusal:
                return wire.failure(service, refusal, request)
        environ["wsgi.input"] = io.BytesIO(request.get_data())
        self.world.moto.touch(service, actions.operation_name(request))
        try:
            answer = Response.from_app(self.world.moto.app, environ)
        except (KeyError, AttributeError, TypeError, ImportError):  # a service that moto has never heard of
            answer = Response(status=500, mimetype="text/html")
        if (answer.status_code >= 500 or answer.status_code == 404) and answer.mimetype == "text/html":
            what = f"{service} {actions.operation_name(request, service)}".strip()
            lacking = Refusal("NotImplemented", f"The sandbox does not support {what}, called like this", status=501)
            return wire.failure(service, lacking, request)
        if service == "sts":
            answer.set_data(answer.get_data().replace(_NOBODY, _SOMEBODY))
        return answer


def _scope(request: Request) -> tuple[str, str]:
    """Return the service and region of a request's signature."""
    authorization = request.headers.get("Authorization", "") or request.args.get("X-Amz-Credential", "")
    _, _, scope = authorization.partition("Credential=")
    parts = scope.split(",")[0].split("/")
    if len(parts) >= 5:
        return parts[3].lower(), parts[2]
    return "", DEFAULT_REGION


def _unpacked(environ: Environ, body: bytes) -> Environ:
    """Return a request as it was before its body was compressed."""
    plain = gzip.decompress(body)
    kept = {name: value for name, value in environ.items() if name != "HTTP_CONTENT_ENCODING"}
    return {**kept, "wsgi.input": io.BytesIO(plain), "CONTENT_LENGTH": str(len(plain))}


def _expired(request: Request) -> bool:
    """Whether a request was signed in advance, in real time, and for a time that is over."""
    signed, seconds = request.args.get("X-Amz-Date", ""), request.args.get("X-Amz-Expires", "")
    try:
        at = datetime.strptime(signed, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        return datetime.now(UTC) > at + timedelta(seconds=int(seconds))
    except ValueError:
        return bool(signed or seconds)  # not a date and a number: nobody signed that


def _refused(refusal: Refusal) -> Response:
    return Response(json.dumps({"message": refusal.message}), status=refusal.status, content_type="application/json")
