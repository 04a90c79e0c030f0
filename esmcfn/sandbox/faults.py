"""Faults on request: what AWS does on a bad day, asked for by name, in force until `reset`.

Every fault is one entry of CATALOG. A fault may be limited: `times` counts how often it still strikes, `after` how
many matching calls pass first.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from esmcfn.sandbox.actions import action as action_name
from esmcfn.sandbox.actions import checked, fits
from esmcfn.sandbox.refusal import Refusal
from esmcfn.sandbox.state import Json, Store


@dataclass(frozen=True, slots=True)
class Kind:
    """One fault that can be asked for.

    Attributes:
        options: option name to what it means; those in `required` must be given.
    """

    name: str
    summary: str
    options: Mapping[str, str]
    required: tuple[str, ...] = ()


COMMON = {"times": "how often it strikes; default: always", "after": "how many matching calls pass first"}
ACTION = {"action": "such as sagemaker:CreateEndpoint, cloudformation:Describe* or sagemaker:*"}
PROCESSED = {"processed": "true: the request is carried out and only its answer is lost; default false"}

TIMEOUT_SECONDS = 60.0
"""How long `timeout` keeps a client waiting unless it says: what botocore waits for an answer by itself."""

LOSING = ("connection-reset", "timeout")
"""The faults that take away the answer."""

MOST_TOLD = 10
"""Of more values than this an error names only the one that is most like what was given."""

WHOLE_NUMBERS = ("times", "after", "limit", "number")

CATALOG = (
    Kind(
        "quota",
        "the account's quota for an instance type (0 unless said); SageMaker and Service Quotas both know",
        {
            "instance_type": "such as ml.g5.2xlarge; default: every type",
            "limit": "instances allowed; default 0",
        },
    ),
    Kind(
        "total-quota",
        "the account's quota of instances over all endpoints; SageMaker and Service Quotas both know",
        {"limit": "instances allowed; default 0"},
    ),
    Kind(
        "capacity",
        "no hosts of an instance type: endpoints fail after a while, updates roll back",
        {"instance_type": "default: every type", **COMMON},
    ),
    Kind("health", "the container never answers the ping: endpoints fail, updates roll back", dict(COMMON)),
    Kind(
        "endpoint",
        "an endpoint fails, or its update rolls back, in SageMaker's words; only `health` leaves a container's log",
        {
            "cause": "capacity, request-failed, quota, subscription, role, model-data, image or health",
            "message": "what SageMaker says instead",
            **COMMON,
        },
        ("cause",),
    ),
    Kind(
        "not-subscribed",
        "the account has no Marketplace subscription: CreateModel with a model package is refused",
        {"model_package": "an ARN; default: every package"},
    ),
    Kind(
        "access-denied",
        "a permission is missing, for CloudFormation's own calls too; `iam:PassRole` is one",
        {**ACTION, **COMMON},
        ("action",),
    ),
    Kind("throttle", "an operation is throttled: Rate exceeded", {**ACTION, **COMMON}, ("action",)),
    Kind(
        "server-error",
        "an operation answers InternalFailure with HTTP status 500; nothing is carried out",
        {**ACTION, **COMMON},
        ("action",),
    ),
    Kind(
        "connection-reset",
        "the connection is reset without an answer",
        {**ACTION, **PROCESSED, **COMMON},
        ("action",),
    ),
    Kind(
        "timeout",
        "no answer for a while, then the connection is closed",
        {**ACTION, "seconds": f"how long, in real time; default {TIMEOUT_SECONDS:.0f}", **PROCESSED, **COMMON},
        ("action",),
    ),
    Kind(
        "handler",
        "a resource's handler fails in CloudFormation",
        {
            "logical_id": "which resource; default: any",
            "resource_type": "which type; default: any",
            "number": "the Nth resource operation of a stack operation, counted from 1",
            "operation": "create, update or delete; default: create and update",
            "message": "what the handler says",
            "code": "the HandlerErrorCode; default GeneralServiceException",
            **COMMON,
        },
    ),
    Kind(
        "rollback",
        "a rollback fails on a resource: ROLLBACK_FAILED or UPDATE_ROLLBACK_FAILED",
        {"logical_id": "which resource; default: the first one rolled back", **COMMON},
    ),
    Kind(
        "silent-rollback",
        "UpdateEndpoint succeeds for CloudFormation while SageMaker returns to the old configuration",
        dict(COMMON),
    ),
    Kind("expired-token", "every call answers ExpiredToken", dict(COMMON)),
    Kind(
        "validation",
        "early validation finds something",
        {
            "mode": "FAIL or WARN",
            "logical_id": "which resource; default: the first one",
            "reason": "what it says",
            "name": "which validation; default the quota check for WARN, the existence check for FAIL",
        },
        ("mode",),
    ),
    Kind(
        "stale",
        "DescribeStacks answers how stacks were before their last operation began",
        {"stack": "which one, by name; default: any", **COMMON},
    ),
    Kind("model-error", "InvokeEndpoint answers with a server error of the container", dict(COMMON)),
)

PLAIN = tuple(f"{prefix}:" for prefix in ("cloudformation", "cloudwatch", "iam", "s3", "sns", "sts"))
"""Actions of services whose errors have no `Exception` in their names: AccessDenied, Throttling."""

SERVER_ERROR = "The request processing has failed because of an unknown error, exception or failure."
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/CommonErrors.html"""

BY_NAME = {kind.name: kind for kind in CATALOG}


@dataclass(slots=True, kw_only=True)
class Fault:
    """A fault in force; `seen` counts the matching calls so far."""

    name: str
    options: dict[str, Json] = field(default_factory=dict)
    seen: int = 0

    @property
    def spent(self) -> bool:
        """It has struck as often as it should."""
        times = self.options.get("times")
        return times is not None and self.seen >= int(times) + int(self.options.get("after", 0))

    def matches(self, **facts: str) -> bool:
        """Whether every option that names a fact names this one, or has a pattern for it."""
        return all(
            fits(str(self.options.get(name, value)), value)
            if name == "action"
            else str(self.options.get(name, value)) == value
            for name, value in facts.items()
        )


class Faults:
    """The faults in force."""

    def __init__(self, store: Store, resource_types: Collection[str]) -> None:
        self._store = store
        self._types = tuple(sorted(resource_types))
        self._active = [fault for _, found in store.all("faults", list[Fault]) for fault in found]

    def add(self, name: str, options: Mapping[str, Json]) -> Fault:
        """Put a fault in force.

        Raises:
            Refusal: no such fault, or an option it does not have.
        """
        kind = BY_NAME.get(name)
        if kind is None:
            known = ", ".join(kind.name for kind in CATALOG)
            raise Refusal("UnknownFault", f"no fault is called {name!r}; there are: {known}")
        strange = sorted(set(options) - set(kind.options))
        if strange:
            known = ", ".join(kind.options)
            raise Refusal("UnknownOption", f"{name} has no option {strange[0]!r}; it has: {known}")
        missing = [option for option in kind.required if option not in options]
        if missing:
            raise Refusal("MissingOption", f"{name} needs the option {missing[0]!r}: {kind.options[missing[0]]}")
        fault = Fault(name=name, options=_read(name, options, self._types))
        self._active.append(fault)
        self._save()
        return fault

    def clear(self) -> None:
        """Lift every fault."""
        self._active.clear()
        self._save()

    @property
    def active(self) -> tuple[Fault, ...]:
        """The faults that can still strike."""
        return tuple(fault for fault in self._active if not fault.spent)

    def find(self, name: str, **facts: str) -> Fault | None:
        """Return a fault that matches, without using it up."""
        return next((f for f in self.active if f.name == name and f.matches(**facts)), None)

    def strike(self, name: str, **facts: str) -> Fault | None:
        """Return the fault that strikes now, if any, and count it."""
        for fault in self.active:
            if fault.name == name and fault.matches(**facts):
                fault.seen += 1
                self._save()
                if fault.seen > int(fault.options.get("after", 0)):
                    return fault
        return None

    def strike_handler(self, operation: str, **facts: str) -> Fault | None:
        """Return the handler fault for a resource operation; deletions fail only when the fault says so."""
        for fault in self.active:
            wanted = fault.options.get("operation")
            fits = operation == wanted if wanted else operation != "delete"
            if fault.name == "handler" and fits and fault.matches(**facts):
                fault.seen += 1
                self._save()
                if fault.seen > int(fault.options.get("after", 0)):
                    return fault
        return None

    def before_call(self, service: str, operation: str) -> None:
        """Refuse an API call that a fault forbids.

        Raises:
            Refusal: ExpiredToken, Throttling, InternalFailure or AccessDenied.
        """
        action = action_name(service, operation)
        if self.strike("expired-token"):
            raise Refusal("ExpiredToken", "The security token included in the request is expired", status=403)
        if self.strike("throttle", action=action):
            if action.startswith("s3:"):
                raise Refusal("SlowDown", "Please reduce your request rate.", status=503)
            raise Refusal("Throttling" if action.startswith(PLAIN) else "ThrottlingException", "Rate exceeded")
        if self.strike("server-error", action=action):
            raise Refusal("InternalFailure", SERVER_ERROR, status=500)
        self.authorize(action)

    def authorize(self, action: str) -> None:
        """Refuse what the access-denied fault forbids.

        Raises:
            Refusal: AccessDenied naming the action.
        """
        if self.strike("access-denied", action=action):
            code = "AccessDenied" if action.startswith(PLAIN) else "AccessDeniedException"
            raise Refusal(
                code,
                f"User: arn:aws:iam::123456789012:user/sandbox is not authorized to perform: {action} "
                "because no identity-based policy allows the action",
                status=403,
            )

    def _save(self) -> None:
        self._store.put("faults", "active", self._active)


def _read(name: str, options: Mapping[str, Json], resource_types: tuple[str, ...]) -> dict[str, Json]:
    """Return options as they are kept.

    Raises:
        Refusal: a value that cannot be meant.
    """
    found = dict(options)
    for number in WHOLE_NUMBERS:
        if number in found and not str(found[number]).isdigit():
            raise Refusal("BadOption", f"{name}: {number} is a whole number, not {found[number]!r}")
    if found.get("times") is not None and int(found["times"]) < 1:
        raise Refusal("BadOption", f"{name}: times is 1 or more: a fault that never strikes is none")
    if "action" in found:
        found["action"] = checked(str(found["action"]))
    if "processed" in found:
        found["processed"] = str(found["processed"]).lower()
    for option, value in found.items():
        known = resource_types if option == "resource_type" else _known(option)
        if known and value not in known:
            near = get_close_matches(str(value), known, 1, 0.0)[0] if len(known) > MOST_TOLD else " or ".join(known)
            raise Refusal("BadOption", f"{name}: {option} is {near}, not {value!r}")
    if "processed" in found:
        found["processed"] = found["processed"] == "true"
    if "seconds" in found:
        found["seconds"] = _seconds(name, found["seconds"])
    return found


def _known(option: str) -> tuple[str, ...]:
    """Return every value that an option may have; none where it is free."""
    from esmcfn.sandbox.sagemaker.fleet import instance_type_enum

    match option:
        case "processed":
            return ("true", "false")
        case "mode":
            return ("FAIL", "WARN")
        case "cause":
            return ("capacity", "request-failed", "quota", "subscription", "role", "model-data", "image", "health")
        case "operation":
            return ("create", "update", "delete")
        case "instance_type":
            return tuple(sorted(instance_type_enum()))
        case _:
            return ()


def _seconds(name: str, given: Json) -> float:
    try:
        seconds = float(given)
    except (TypeError, ValueError):
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise Refusal("BadOption", f"{name}: seconds is a number above 0, not {given!r}")
    return seconds
