"""Sessions and clients, and the one place where botocore's errors are caught."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOTokenLoadError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)
from botocore.parsers import ResponseParserError
from msgspec import Struct

from esmcfn.aws.halting import watch
from esmcfn.aws.models import ServiceModels
from esmcfn.errors import AccessDenied, CloudError

POOL = 80
"""Connections that are kept open a service; more than stacks are worked on side by side."""


class Reach(Struct, frozen=True, kw_only=True):
    """How to reach an account.

    Attributes:
        endpoint_url: another address than AWS's own; with it come `credentials`, and nothing of the shell is used.
        credentials: access key id and secret for `endpoint_url`, never real ones.
        profile: AWS profile, empty for botocore's own search.
        role_arn: role to assume with those credentials, or empty.
        actor: who is at work; begins the token of every operation, by which others see who holds a stack.
            Letters, digits and hyphens, at most 90.
        read_seconds: how long one answer may take.
        attempts: tries of one call, in botocore's standard mode, which waits at most 20 seconds between two of them.
    """

    region: str
    endpoint_url: str = ""
    credentials: tuple[str, str] | None = None
    profile: str = ""
    role_arn: str = ""
    actor: str = "esmcfn"
    read_seconds: float = 60.0
    attempts: int = 7


class Clients:
    """Clients by service, each made when first asked for; safe to ask from several threads."""

    def __init__(self, reach: Reach, halted: Callable[[], bool] = lambda: False) -> None:
        self._reach, self._halted = reach, halted
        self._session: botocore.session.Session | None = None
        self._made: dict[str, Any] = {}
        self._lock = threading.Lock()

    def of(self, service: str) -> Any:  # botocore makes client classes at run time; there is no type to name
        """The client of a service, for example "cloudformation".

        Raises:
            CloudError: no credentials, no such profile, no such region.
        """
        with self._lock:
            if service not in self._made:
                with translated(f"connecting to {service}"):
                    self._made[service] = self._make(service)
            return self._made[service]

    def _make(self, service: str) -> Any:
        reach = self._reach
        if self._session is None:
            self._session = _isolated() if reach.endpoint_url else _session(reach)
            self._session.register_component("data_loader", ServiceModels())
        key, secret = reach.credentials or (None, None)
        client = self._session.create_client(
            service,
            region_name=_home(service, reach.region),
            endpoint_url=reach.endpoint_url or None,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            config=Config(
                retries={"mode": "standard", "total_max_attempts": reach.attempts},
                connect_timeout=10,
                read_timeout=reach.read_seconds,
                max_pool_connections=POOL,
                proxies={} if reach.endpoint_url else None,
                user_agent_extra="esmcfn",
            ),
        )
        watch(client, self._halted)
        return client


def _home(service: str, region: str) -> str:
    """The region to speak to a service in: the Price List has a few for its whole partition, Marketplace one.

    https://docs.aws.amazon.com/general/latest/gr/billing.html
    """
    if service == "marketplace-agreement":
        return "us-east-1"
    if service != "pricing":
        return region
    return "cn-northwest-1" if region.startswith("cn-") else "us-east-1"


@contextmanager
def translated(doing: str, *, operation: str = "") -> Iterator[None]:
    """Turn what botocore raises into CloudError; every call to AWS stands inside it.

    Args:
        doing: what was being done, for the reader: "reading stack esm-dev".
        operation: the API operation, for the error.
    """
    try:
        yield
    except ClientError as error:
        raise _client_error(doing, error) from error
    except ResponseParserError as error:
        raise CloudError(
            f"{doing}: the answer is not one of AWS's: {str(error).splitlines()[0]}",
            operation=operation,
            next_step="check what answers at this address: a proxy, a login page, a sandbox of another version",
            transient=True,
        ) from error
    except BotoCoreError as error:
        raise CloudError(
            f"{doing}: {error}",
            operation=operation,
            next_step=_next_step(error),
            transient=isinstance(error, HTTPClientError),
        ) from error


def error_code(error: ClientError) -> str:
    """AWS's own code, for example "ValidationError"."""
    return str(error.response.get("Error", {}).get("Code", ""))


def error_message(error: ClientError) -> str:
    """AWS's own words."""
    return str(error.response.get("Error", {}).get("Message", ""))


def _session(reach: Reach) -> botocore.session.Session:
    session = botocore.session.Session(profile=reach.profile or None)
    session.set_config_variable("region", reach.region)  # for clients that botocore makes on the way, STS above all
    if reach.role_arn:
        _assume(session, reach)
    return session


def _isolated() -> botocore.session.Session:
    """A session that reads neither the shell's AWS_* variables nor the files of the home folder."""
    from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES as VARIABLES  # botocore's own spelling

    # Each is (name in the config file, name in the environment, default, conversion): only the default is left.
    variables = {name: (None, None, default, convert) for name, (_, _, default, convert) in VARIABLES.items()}
    for file in ("config_file", "credentials_file"):
        variables[file] = (None, None, "", None)
    return botocore.session.Session(session_vars=variables)


def _assume(session: botocore.session.Session, reach: Reach) -> None:
    """Let the session's own credentials assume the role, again whenever the role's are about to expire."""
    from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials

    fetcher = AssumeRoleCredentialFetcher(
        client_creator=session.create_client,
        source_credentials=session.get_credentials(),
        role_arn=reach.role_arn,
        extra_args={"RoleSessionName": "esmcfn"},
    )
    # botocore offers no public way to give a session credentials that refresh themselves.
    session._credentials = DeferredRefreshableCredentials(method="assume-role", refresh_using=fetcher.fetch_credentials)


READ_ONLY = {"cloudformation:CreateChangeSet": "; plan --read-only needs it not"}
"""What else helps where a permission is missing."""

_DENIED = re.compile(r"AccessDenied|UnauthorizedOperation|AuthorizationError|Forbidden", re.IGNORECASE)
_EXPIRED = re.compile(r"ExpiredToken|RequestExpired|InvalidClientTokenId|UnrecognizedClient", re.IGNORECASE)
_THROTTLED = re.compile(r"Throttl|RequestLimitExceeded|TooManyRequests|SlowDown", re.IGNORECASE)
_ON_THIS_MACHINE = re.compile(r"https?://(127\.|localhost\b|\[::1\])")
_PASSING = frozenset({500, 502, 503, 504})
"""Answers that another try may better, as botocore's standard mode has them; not 501 and 507."""
_ACTION = re.compile(r"not authorized to perform:? ([a-z0-9-]+:[A-Za-z]+)")


def _client_error(doing: str, error: ClientError) -> CloudError:
    code, message = error_code(error), error_message(error)
    text = f"{doing}: {message or code or error}"
    if _DENIED.search(code):
        found = _ACTION.search(message)
        action = found[1] if found else error.operation_name
        return AccessDenied(
            f"{text} (missing permission: {action})",
            code=code,
            operation=error.operation_name,
            next_step=f"allow {action} to the role that runs esmcfn" + READ_ONLY.get(action, ""),
        )
    step = "log in again: the credentials have expired or are not valid" if _EXPIRED.search(code) else ""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    transient = status in _PASSING or bool(_THROTTLED.search(code))
    return CloudError(text, code=code, operation=error.operation_name, next_step=step, transient=transient)


def _next_step(error: BotoCoreError) -> str:
    match error:
        case NoCredentialsError() | PartialCredentialsError():
            return "log in (aws sso login), set AWS_PROFILE, or name a profile with --profile"
        case UnauthorizedSSOTokenError() | SSOTokenLoadError() | TokenRetrievalError():
            return "log in again: aws sso login"
        case ProfileNotFound():
            return "aws configure list-profiles shows the profiles of this machine"
        case EndpointConnectionError():
            if _ON_THIS_MACHINE.match(str(error.kwargs.get("endpoint_url", ""))):
                return (
                    "nothing answers there on this machine: the sandbox has ended, or was killed; "
                    "run the command again, which starts it where it was"
                )
            return "check the network, the proxy and the region"
    return ""
