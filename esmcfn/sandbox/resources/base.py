"""What a resource handler is: create, update, delete and read one type, in AWS's own operations."""

from __future__ import annotations

import hashlib
import json
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import Any, ClassVar, Protocol, TypeVar

from botocore.exceptions import BotoCoreError, ParamValidationError

from esmcfn.sandbox.actions import action
from esmcfn.sandbox.aws import ACCOUNT
from esmcfn.sandbox.cloudformation.model import Resource, Stack
from esmcfn.sandbox.refusal import Refusal
from esmcfn.sandbox.services import Services
from esmcfn.sandbox.state import Json
from esmcfn.sandbox.tags import tag_map

T = TypeVar("T")

NOT_FOUND_CODES = frozenset(
    {
        "NotFound",
        "NotFoundException",
        "NoSuchEntity",
        "NoSuchBucket",
        "NoSuchBucketPolicy",
        "ResourceNotFound",
        "ResourceNotFoundException",
        "ObjectNotFoundException",
    }
)

ERROR_CODES = {
    "EntityAlreadyExists": "AlreadyExists",
    "ResourceExistsException": "AlreadyExists",
    "BucketAlreadyExists": "AlreadyExists",
    "BucketAlreadyOwnedByYou": "AlreadyExists",
    "DuplicateRecordException": "AlreadyExists",
    "ResourceAlreadyExistsException": "AlreadyExists",
    "AccessDenied": "AccessDenied",
    "AccessDeniedException": "AccessDenied",
    "ResourceLimitExceeded": "ServiceLimitExceeded",
    "LimitExceeded": "ServiceLimitExceeded",
    "LimitExceededException": "ServiceLimitExceeded",
    "Throttling": "Throttling",
    "ThrottlingException": "Throttling",
}
"""A service's error code to a handler's; anything else is InvalidRequest.
https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-test-contract-errors.html
"""


class Embedding(Protocol):
    """Stacks inside stacks: a resource that CloudFormation itself makes."""

    def create(self, request: Request) -> Stack:
        """Begin to make one."""

    def update(self, request: Request) -> tuple[Stack, bool]:
        """Begin to change one; says whether it takes time."""

    def delete(self, request: Request) -> None:
        """Begin to delete one."""

    def progress(self, request: Request) -> Progress:
        """Say how one stands; raises what the enclosing stack says of its failure."""

    def deleted(self, request: Request) -> Progress:
        """Say how a deletion stands."""

    def child(self, request: Request, *, gone: bool = False) -> Stack:
        """Return the stack that a resource is; raises NotFound when it is deleted."""


class Stacks(Protocol):
    """What a handler asks of CloudFormation."""

    @property
    def nested(self) -> Embedding:
        """Stacks inside stacks."""

    def of_type(self, resource_type: str) -> list[Resource]:
        """Return every live resource of a type that any stack owns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a handler is asked to do.

    Attributes:
        world: the services; `stacks` is what else there is.
        properties: resolved and coerced; without the stack's tags.
        tags: the stack's tags (and system tags) for this resource.
        previous: the properties before an update.
        previous_tags: the stack's tags before an update.
        physical_id: empty on create.
        attributes: what the last create or update returned; used to rebuild a resource as it was.
        at: engine seconds.
        trusted: a restart makes what there was, whatever is denied now.
    """

    world: Services
    stacks: Stacks
    region: str
    stack_name: str
    stack_id: str
    logical_id: str
    properties: Mapping[str, Json]
    at: float
    tags: Mapping[str, str] = field(default_factory=dict)
    previous: Mapping[str, Json] = field(default_factory=dict)
    previous_tags: Mapping[str, str] = field(default_factory=dict)
    physical_id: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    serial: int = 0
    trusted: bool = False

    def call(self, service: str, operation: str, **parameters: Json) -> Json:
        """Perform one operation of moto's services; parameters that are None are left out.

        Raises:
            Refusal: the service refused, or the fault access-denied does.
        """
        if not self.trusted:
            self.world.faults.authorize(action(service, operation))
        given = {name: value for name, value in parameters.items() if value is not None}
        return self.world.moto.call(service, operation, self.region, given)

    def name(self, limit: int, *, lower: bool = False) -> str:
        """Return the name CloudFormation gives an unnamed resource: stack-logicalId-RANDOM.

        The random part is a hash of stack, logical id and how many were made before, so that a run can be repeated.
        """
        made = physical_name(self.stack_name, self.stack_id, self.logical_id, str(self.serial), limit)
        return made.lower() if lower else made

    def merged_tags(self, own: Json = None) -> list[dict[str, str]]:
        """Return the resource's tags: the stack's, overridden by its own, as Key/Value pairs."""
        mine = own if own is not None else self.properties.get("Tags")
        merged = {**self.tags, **tag_map(mine)}
        return [{"Key": key, "Value": value} for key, value in sorted(merged.items())]

    def as_before(self) -> Request:
        """Return the request with the properties before the update, to read or compare with."""
        return replace(self, properties=self.previous, tags=self.previous_tags)

    def tag_changes(self) -> tuple[list[dict[str, str]], list[str]]:
        """Return the tags an update sets and the keys it removes."""
        new = {tag["Key"]: tag["Value"] for tag in self.merged_tags()}
        old = {tag["Key"]: tag["Value"] for tag in self.as_before().merged_tags()}
        wanted = [{"Key": key, "Value": value} for key, value in new.items() if old.get(key) != value]
        return wanted, sorted(set(old) - set(new))

    def changed(self, *names: str) -> bool:
        """Whether an update changes any of these properties."""
        return any(self.properties.get(name) != self.previous.get(name) for name in names)


def physical_name(stack_name: str, stack_id: str, logical_id: str, serial: str, limit: int) -> str:
    """Return stack-logicalId-RANDOM, not longer than `limit`."""
    suffix = hashlib.sha256(f"{stack_id}/{logical_id}/{serial}".encode()).hexdigest()[:12].upper()
    room = limit - len(suffix) - 2
    stack = stack_name[: max(1, room - min(len(logical_id), room // 2))]
    return f"{stack}-{logical_id[: room - len(stack)]}-{suffix}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a handler made.

    Attributes:
        attributes: what GetAtt can read.
        pending: it exists, and `progress` says when it is done.
    """

    physical_id: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    pending: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """Where something under way stands.

    Attributes:
        done: it is finished.
        until: engine seconds at which to look again.
    """

    done: bool
    until: float = 0.0


class HandlerError(Exception):
    """A handler's failure with its HandlerErrorCode."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    @classmethod
    def of(cls, refusal: Refusal) -> HandlerError:
        """Translate a service's error."""
        if refusal.code in NOT_FOUND_CODES:
            return cls("NotFound", refusal.message)
        return cls(ERROR_CODES.get(refusal.code, "InvalidRequest"), refusal.message)


class NotYet(Exception):
    """A deletion that must wait: the resource is under way to somewhere."""

    def __init__(self, until: float) -> None:
        super().__init__(until)
        self.until = until


GUARDED = ("create", "update", "delete", "read", "progress", "deleted", "restore", "conflict", "find", "settled")


def guarded(method: Callable[..., T]) -> Callable[..., T]:
    """Let nothing but Refusal, HandlerError and NotYet out of a handler: one stack's trouble stays its own."""

    @wraps(method)
    def call(self: Handler, request: Any, *more: Any) -> T:
        try:
            return method(self, request, *more)
        except ParamValidationError as error:
            raise HandlerError("InvalidRequest", str(error)) from error
        except (BotoCoreError, LookupError, TypeError, ValueError, AttributeError, NotImplementedError) as error:
            traceback.print_exc()
            raise HandlerError("InternalFailure", f"the sandbox has a bug: {error!r}") from error

    return call


class Handler(ABC):
    """One resource type. Subclasses override what the type can do.

    Attributes:
        attributes: the names GetAtt accepts.
        name_property: the property with a custom name; empty where there is none.
        name_clash_is_the_services: the service, and not CloudFormation, refuses a replacement under the same name.
        made_again: somebody may delete it and make another one of the same name and id.
        secret_attributes: attributes that only another resource's properties may use, never an output.
        secret_properties: properties that are masked wherever they would be shown.
        supported: properties the sandbox honours; it refuses every other that AWS has.
    """

    resource_type: ClassVar[str]
    attributes: ClassVar[frozenset[str]] = frozenset()
    name_property: ClassVar[str] = ""
    name_clash_is_the_services: ClassVar[bool] = False
    made_again: ClassVar[bool] = False
    secret_attributes: ClassVar[frozenset[str]] = frozenset()
    secret_properties: ClassVar[frozenset[str]] = frozenset()
    supported: ClassVar[frozenset[str]]

    def __init_subclass__(cls) -> None:
        for name in GUARDED:
            if name in vars(cls):
                setattr(cls, name, guarded(vars(cls)[name]))

    @abstractmethod
    def create(self, request: Request) -> Outcome:
        """Make the resource.

        Raises:
            Refusal, HandlerError: the service refused.
        """

    @abstractmethod
    def update(self, request: Request) -> Outcome:
        """Bring an existing resource to the new properties."""

    @abstractmethod
    def delete(self, request: Request) -> None:
        """Remove it; one that is gone already is NotFound, which CloudFormation takes for success.

        Raises:
            NotYet: it cannot be removed before a moment in engine time.
        """

    def read(self, request: Request) -> dict[str, Json]:
        """Return the live properties in the template's form; raises NotFound when it is gone.

        Types whose registry schema has no read handler leave it so: their drift is not checked, and nobody asks.
        """
        raise LookupError(f"{type(self).__name__} has no read handler")

    def progress(self, request: Request) -> Progress:
        """Say whether something pending is done; raises when it failed."""
        return Progress(done=True)

    def settled(self, request: Request) -> Mapping[str, str]:
        """Return the attributes of something pending that is done now."""
        return request.attributes

    def deleted(self, request: Request) -> Progress:
        """Say whether a deletion is done."""
        return Progress(done=True)

    def restore(self, request: Request) -> None:
        """Make the resource again after a restart, as `physical_id` and `attributes` say it was."""
        self.create(request)

    def conflict(self, request: Request) -> str:
        """Return the identifier that a new resource would clash with; empty for none."""
        return ""

    def find(self, identifier: Mapping[str, str], request: Request) -> Outcome:
        """Return an existing resource for an import; raises NotFound when there is none."""
        found = self.existing(replace(request, physical_id=self.physical_id(identifier)))
        self.read(replace(request, physical_id=found.physical_id, attributes=found.attributes))
        return found

    def physical_id(self, identifier: Mapping[str, str]) -> str:
        """Return the physical id of what an identifier names: its one value, unless the type knows better."""
        return next(iter(identifier.values()))

    def existing(self, request: Request) -> Outcome:
        """Return the attributes of an existing resource: its physical id, unless the type knows better."""
        return Outcome(physical_id=request.physical_id, attributes=dict.fromkeys(self.attributes, request.physical_id))


def policy_text(document: Json) -> str:
    """Return a policy document as the text that the IAM API takes."""
    return document if isinstance(document, str) else json.dumps(document)


def arn(service: str, region: str, resource: str) -> str:
    """Return an ARN in the sandbox's account."""
    return f"arn:aws:{service}:{region}:{ACCOUNT}:{resource}"


def only(properties: Mapping[str, Json], names: Iterable[str]) -> dict[str, Json]:
    """Return the named properties that are set."""
    return {name: properties[name] for name in names if properties.get(name) is not None}


def without_none(**properties: Json) -> dict[str, Json]:
    """Return the properties that have a value."""
    return {name: value for name, value in properties.items() if value not in (None, [], {}, "")}
