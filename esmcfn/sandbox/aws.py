"""moto's services, called in process in AWS's own terms.

`Moto.call("sns", "CreateTopic", region, {...})` builds the request as botocore would, hands it to moto's WSGI
application without a socket, and reads the answer as botocore would. So resource handlers rely on AWS's documented
operations and never on the names inside moto, and both sides are checked against botocore's service models.
"""

from __future__ import annotations

import io
import sys
import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from esmcfn.sandbox.refusal import Refusal
from esmcfn.sandbox.state import Json

if TYPE_CHECKING:
    from botocore.model import OperationModel, ServiceModel

ACCOUNT = "123456789012"
"""The sandbox's account: moto's default, and the account id of AWS's own examples."""

READING = ("Describe", "Filter", "Get", "List")
"""How the operations begin that change nothing."""

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]


@cache
def service_model(service: str) -> ServiceModel:
    """Return botocore's model of a service; loading one costs 0.1 s the first time."""
    import botocore.loaders
    import botocore.model

    loaded = botocore.loaders.create_loader().load_service_model(service, "service-2")
    return botocore.model.ServiceModel(loaded, service_name=service)


def _protocol(model: OperationModel) -> str:
    """Return the protocol to speak with moto: XML where a service prefers CBOR, which not all of moto reads."""
    protocol = str(model.service_model.protocol)
    return "query" if protocol == "smithy-rpc-v2-cbor" else protocol


class Moto:
    """moto's server application, created when it is first needed (the import takes half a second).

    `prepare` then fills it, once, with what it should have.
    """

    def __init__(self, prepare: Callable[[], None] = lambda: None) -> None:
        self._prepare = prepare
        self._app: Any = None
        self._services: dict[tuple[str, str], WsgiApp] = {}
        self._touched: Counter[str] = Counter()

    @property
    def app(self) -> Any:
        """moto's own WSGI application: it picks the service by the signature's scope."""
        if self._app is None:
            from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

            def create(service: Any) -> Any:
                made = create_backend_app(service)
                made.debug = False  # a crash becomes an answer, and its trace goes to the log
                return made

            self._app = DomainDispatcherApplication(create)
            self.reset()  # moto's services belong to the process: another world may have left something there
            self._prepare()
        return self._app

    def touched(self, service: str) -> int:
        """Return how often something may have changed in a service, by its name in a signature."""
        return self._touched[service]

    def touch(self, service: str, operation: str) -> None:
        """Note a request to a service that may change something."""
        if not operation.startswith(READING):
            self._touched[service] += 1

    def reset(self) -> None:
        """Empty every service; nothing happens when moto was never used in this process.

        What moto holds belongs to the process: a sandbox that is new in it may find what another one left.
        """
        if "moto.core.base_backend" in sys.modules:
            from moto.core.base_backend import BackendDict

            BackendDict.reset()

    def call(self, service: str, operation: str, region: str, parameters: Json) -> Json:
        """Perform one operation.

        Raises:
            Refusal: the service answered with an error.
        """
        import botocore.parsers

        model = service_model(service).operation_model(operation)
        tokens = {name: str(uuid.uuid4()) for name in model.idempotent_members if name not in parameters}
        environ = self._environ(model, region, {**parameters, **tokens})
        self.touch(model.service_model.signing_name, operation)
        status, headers, body = self._run(self._service(service, region, environ), environ)
        if status >= 500:
            raise Refusal("NotImplemented", f"moto does not support {service} {operation} as it was called", status=501)
        parser = botocore.parsers.create_parser(_protocol(model))
        parsed = parser.parse(
            {
                "status_code": status,
                "headers": headers,
                "body": body,
                "context": {"operation_name": operation},
            },
            model.output_shape,
        )
        if status >= 300:
            error = parsed.get("Error", {})
            raise Refusal(str(error.get("Code", status)), str(error.get("Message", "")), status=status)
        return parsed

    def _service(self, service: str, region: str, environ: Environ) -> WsgiApp:
        """Return the application of one service: moto looks for it anew, in its own folder, with each request."""
        if (service, region) not in self._services:
            self._services[service, region] = self.app.get_application(environ)
        return self._services[service, region]

    def _environ(self, model: OperationModel, region: str, parameters: Json) -> Environ:
        import botocore.serialize
        from werkzeug.test import EnvironBuilder

        serializer = botocore.serialize.create_serializer(_protocol(model), True)
        request = serializer.serialize_to_request(parameters, model)
        body = request["body"]
        headers = dict(request["headers"])
        if isinstance(body, dict):
            body = urlencode(body)
        scope = f"20260101/{region}/{model.service_model.signing_name}/aws4_request"
        headers["Authorization"] = f"AWS4-HMAC-SHA256 Credential=sandbox/{scope}, SignedHeaders=host, Signature=0"
        content = body.encode() if isinstance(body, str) else bytes(body)
        path, _, inline = str(request["url_path"]).partition("?")
        given = request.get("query_string") or {}
        query = "&".join(filter(None, [inline, given if isinstance(given, str) else urlencode(given)]))
        builder = EnvironBuilder(
            path=path,
            method=request["method"],
            query_string=query,
            headers={name: str(value) for name, value in headers.items()},
            input_stream=io.BytesIO(content),
            content_length=len(content),
            base_url="http://127.0.0.1",
        )
        return dict(builder.get_environ())

    def _run(self, app: WsgiApp, environ: Environ) -> tuple[int, Any, bytes]:
        from botocore.awsrequest import HeadersDict

        answered: dict[str, Any] = {}

        def start_response(status: str, headers: list[tuple[str, str]], *_: object) -> None:
            answered["status"] = int(status.split()[0])
            answered["headers"] = HeadersDict(dict(headers))

        body = b"".join(app(environ, start_response))
        return answered["status"], answered["headers"], body
