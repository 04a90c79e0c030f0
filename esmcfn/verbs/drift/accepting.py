"""Accepted drift: waivers with the rule DRIFT, put to what deviates."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from esmcfn import drift
from esmcfn.domain.drift import EnvironmentDrift, ResourceDrift
from esmcfn.domain.finding import Engine, Finding, Level, Severity
from esmcfn.domain.project import Policy
from esmcfn.domain.waiver import DRIFT_RULE
from esmcfn.verbs.world import World


def accepted(
    body: EnvironmentDrift, policy: Policy, world: World, *, whole: bool
) -> tuple[EnvironmentDrift, tuple[str, ...]]:
    """The same, with the waiver in force for each drift, and what is wrong with those waivers, a sentence each.

    Args:
        whole: the whole environment was looked at; only then is a waiver that covers nothing of no use.
    """
    waivers = [waiver for waiver in policy.waivers if waiver.rule == DRIFT_RULE]
    if not waivers:
        return body, ()
    from esmcfn.policy.waivers import Signatures, apart

    deviating = [resource for resource in body.resources if resource.deviates]
    signed = Signatures(
        environment=body.environment,
        known=policy.known,
        today=world.now.date(),
        authors=world.authors,
        heard=lambda rule: whole and body.complete,
        keys=policy.keys,
    )
    judged, complaints = apart([_finding(resource) for resource in deviating], waivers, signed)
    marked = {
        id(resource): replace(resource, waiver=finding.waiver)
        for resource, finding in zip(deviating, judged, strict=True)
    }
    stacks = tuple(
        replace(stack, resources=tuple(marked.get(id(resource), resource) for resource in stack.resources))
        for stack in body.stacks
    )
    return replace(body, stacks=stacks), _complaints(complaints)


def _finding(resource: ResourceDrift) -> Finding:
    """A drift as waivers know what they are for."""
    never = drift.unacceptable(resource)
    return Finding(
        rule=DRIFT_RULE,
        engine=Engine.HOUSE,
        severity=Severity.ERROR,
        level=Level.HARD if never else Level.SOFT,
        message=f"{resource.name}: {never}" if never else f"{resource.name}: {resource.state}",
        origin=None,
        stack=resource.stack,
        model=resource.model,
        logical_id=resource.logical_id,
        resource_type=resource.resource_type,
    )


def _complaints(findings: Sequence[Finding]) -> tuple[str, ...]:
    places = (f"{found.origin.path}:{found.origin.line}: " if found.origin else "" for found in findings)
    return tuple(f"{place}{found.message}; {found.advice}" for place, found in zip(places, findings, strict=True))
