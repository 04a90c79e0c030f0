"""Resources of freshly deployed stacks, as drift judges them: in sync on both sides unless a test says otherwise."""

from __future__ import annotations

from copy import deepcopy

from builders import a_base_stack, a_container, a_service_account, a_stack, a_target
from built import template_of
from drifting import physical_id
from fakes import NOW
from msgspec.structs import replace

from esmcfn import drift
from esmcfn.domain.deployed import DeployedStack
from esmcfn.domain.drift import Detection, NativeDrift, Reading, ResourceDrift, StackResource
from esmcfn.domain.endpoint import ObservedEndpoint, ObservedVariant

OWN = a_stack(package="", container=a_container())
SHARED = a_base_stack(service_account=a_service_account())
IN_SYNC = NativeDrift(status="IN_SYNC")
TAGS = {"Project": "esm-partner", "esmcfn:environment": "dev", "esmcfn:model": "prototype_model"}


ALONE = {"Resources": {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "a-bucket"}}}}
"""A template of what CloudFormation alone compares."""


def deployed(stack) -> DeployedStack:
    return DeployedStack(
        name=stack.name, stack_id="arn", status="CREATE_COMPLETE", digest=template_of(stack).digest, model=stack.model
    )


def resources(body) -> list[StackResource]:
    return [
        StackResource(logical_id=name, resource_type=written["Type"], physical_id=physical_id(name, written))
        for name, written in body["Resources"].items()
    ]


def subject(logical_id, *, of=OWN, body=None, native=IN_SYNC, failure="", **changes) -> drift.Subject:
    """A resource of a freshly deployed stack that CloudFormation finds in sync and our reader finds as deployed."""
    body = deepcopy(body) if body else template_of(of).body
    every = drift.expected(body, resources(body), a_target())
    (resource,) = [each for each in resources(body) if each.logical_id == logical_id]
    expected = every.get(logical_id)
    made = drift.Subject(
        environment="dev",
        account="123456789012",
        stack=deployed(of),
        resource=resource,
        expected=expected,
        every=every,
        detection=Detection(drifts={logical_id: native} if native else {}, failure=failure),
        observed=an_endpoint() if logical_id == "Endpoint" else Reading(properties=dict(expected.properties)),
    )
    return replace(made, **changes)


def an_endpoint(**changes) -> ObservedEndpoint:
    names = template_of(OWN).names
    made = ObservedEndpoint(
        name=names["Endpoint"],
        status="InService",
        config_name=names["EndpointConfig"],
        created_at=NOW,
        modified_at=NOW,
        variants=(a_running(),),
    )
    return replace(made, **changes)


def a_running(**changes) -> ObservedVariant:
    made = ObservedVariant(name="variant-1", desired_count=1, current_count=1, weight=1.0, desired_weight=1.0)
    return replace(made, **changes)


def observed(logical_id, *, of=OWN, **changes):
    """What our reader would find, with some properties otherwise."""
    wanted = subject(logical_id, of=of).expected.properties
    return Reading(properties={**wanted, **changes})


def found(judged: ResourceDrift) -> dict[str, tuple[str | None, str | None]]:
    return {each.path: (each.expected, each.observed) for each in judged.differences}
