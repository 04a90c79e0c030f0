"""Stand-ins for the ports that drift asks: CloudFormation's detection, and the services' own words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from builders import a_target

from esmcfn.domain.deployed import DeployedStack
from esmcfn.domain.drift import Detection, ListedEndpoint, NativeDrift, Reading, StackResource
from esmcfn.domain.project import SANDBOX_ACCOUNT
from esmcfn.drift import expected
from esmcfn.drift.expected import Expected


class HasStacks(Protocol):
    """What is deployed: name to the stack and its template."""

    there: dict[str, tuple[DeployedStack, Mapping[str, object]]]


class FakeDetections:
    """CloudFormation's own drift detection, over stacks in a dict.

    Attributes:
        says: stack name to what it found; everything is in sync in a stack that is not named.
        unsupported: types that it does not check.
        fail: method name to the error that it raises.
    """

    def __init__(self, stacks: HasStacks) -> None:
        self._stacks = stacks
        self.says: dict[str, Detection] = {}
        self.unsupported: set[str] = {"AWS::IAM::AccessKey"}
        self.extra: dict[str, tuple[StackResource, ...]] = {}
        self.fail: dict[str, BaseException] = {}
        self.calls: list[str] = []

    def resources(self, stack: DeployedStack) -> tuple[StackResource, ...]:
        self._called("resources")
        return (*self._listed(stack.name), *self.extra.get(stack.name, ()))

    def begin(self, stack: DeployedStack) -> str:
        self._called("begin")
        return f"detection of {stack.name}"

    def result(self, stack: DeployedStack, detection: str, *, within: float) -> Detection:
        self._called("result")
        assert detection == f"detection of {stack.name}"
        found = {
            each.logical_id: NativeDrift(status="IN_SYNC")
            for each in self._listed(stack.name)
            if each.resource_type not in self.unsupported
        }
        return self.says.get(stack.name, Detection(drifts=found))

    def _listed(self, name: str) -> tuple[StackResource, ...]:
        return listed(self._stacks.there[name][1])

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if name in self.fail:
            raise self.fail[name]


def listed(body: Mapping[str, Any]) -> tuple[StackResource, ...]:
    """A template's resources as CloudFormation lists them."""
    return tuple(
        StackResource(
            logical_id=logical_id,
            resource_type=written["Type"],
            physical_id=physical_id(logical_id, written),
            status="CREATE_COMPLETE",
        )
        for logical_id, written in body["Resources"].items()
    )


def physical_id(logical_id: str, written: Mapping[str, Any]) -> str:
    """CloudFormation's id of a resource: ARNs in lower case of SageMaker's, an ARN of a policy, a name of others."""
    kind, properties = written["Type"], written["Properties"]
    named = {
        "AWS::SageMaker::Model": "model",
        "AWS::SageMaker::EndpointConfig": "endpoint-config",
        "AWS::SageMaker::Endpoint": "endpoint",
    }
    if kind in named:
        name = properties[f"{kind.rsplit(':', 1)[1]}Name"].lower()
        return f"arn:aws:sagemaker:us-east-2:{SANDBOX_ACCOUNT}:{named[kind]}/{name}"
    if kind == "AWS::IAM::ManagedPolicy":
        return f"arn:aws:iam::{SANDBOX_ACCOUNT}:policy/{properties['ManagedPolicyName']}"
    return str(properties.get("RoleName") or properties.get("UserName") or f"id-of-{logical_id}")


class FakeObservers:
    """The services in a dict: what stands there is what the deployed templates say, unless a test says otherwise.

    Attributes:
        there: (type, name) to what the service says; None where there is no such thing.
        tagged: ARN to tags.
        licences: variant to the bounds of its scalable target, where it has one that no stack made.
        wanted: what will be asked about, as it was told last.
        listed: every endpoint of the account.
        fail: method name, or a resource type, to the error that it raises.
    """

    def __init__(self, stacks: HasStacks | None = None) -> None:
        self._stacks = stacks
        self.there: dict[tuple[str, str], Reading | None] = {}
        self.tagged: dict[str, Mapping[str, str]] = {}
        self.licences: dict[str, tuple[int, int]] = {}
        self.wanted: Mapping[str, Sequence[str]] = {}
        self.listed: tuple[ListedEndpoint, ...] = ()
        self.fail: dict[str, BaseException] = {}
        self.calls: list[str] = []

    def together(self, wanted: Mapping[str, Sequence[str]]) -> FakeObservers:
        self.wanted = wanted
        return self

    def scaled(self, endpoint: str, variants: Sequence[str]) -> Mapping[str, tuple[int, int]]:
        self._called("scaled")
        return {variant: self.licences[variant] for variant in variants if variant in self.licences}

    def read(self, resource_type: str, name: str, *, of: str = "", tags: bool = True) -> Reading | None:
        self._called(resource_type)
        if (resource_type, name) in self.there:
            return self.there[resource_type, name]
        for each in self._deployed():
            if (each.resource.resource_type, each.name) == (resource_type, name):
                told = None if resource_type.startswith("AWS::SageMaker::") else each.tags  # which is asked by `tags`
                return Reading(properties=dict(each.properties), tags=told)
        return None

    def tags(self, arn: str) -> Mapping[str, str]:
        self._called("tags")
        if arn in self.tagged:
            return self.tagged[arn]
        found = (each.tags for each in self._deployed() if each.resource.physical_id == arn)
        return next(found, None) or {}

    def endpoints(self) -> tuple[ListedEndpoint, ...]:
        self._called("endpoints")
        return self.listed

    def _deployed(self) -> Iterator[Expected]:
        """Every resource of every stack, as its template has it."""
        for _, body in self._stacks.there.values() if self._stacks else ():
            yield from expected(body, listed(body), a_target()).values()

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if name in self.fail:
            raise self.fail[name]
