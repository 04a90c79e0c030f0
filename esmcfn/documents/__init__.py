"""Nouns as JSON documents: the promise, versioned as `esmcfn.<verb>/v1`; keys are only ever added.

Money is a decimal string, absence is null, times are ISO 8601 in UTC, and lists keep their order.

planned      a plan, and the id that is computed over it
deployed     a deployment, and errors
judged       findings, waivers, verdicts
priced       estimates
overwriting  what a deployment would do to what drifted
living drifting audited changed   what runs, drifted, idles, differs
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

import msgspec

from esmcfn.documents import audited, drifting, judged, living, priced
from esmcfn.documents.deployed import deployment, error
from esmcfn.documents.living import Document
from esmcfn.documents.planned import plan, plan_id, stable
from esmcfn.domain.audit import Audit
from esmcfn.domain.deployment import Deployment
from esmcfn.domain.drift import EnvironmentDrift
from esmcfn.domain.endpoint import Logged
from esmcfn.domain.outputs import Outputs
from esmcfn.domain.plan import Plan
from esmcfn.domain.report import Body, Built, Checked, Failure, Outcome, Priced, Refreshed, Validated
from esmcfn.domain.standing import EnvironmentStatus, Waited

__all__ = ["Document", "error", "outcomes", "plan", "plan_id", "stable"]

_LISTS = {"outputs": "outputs-list", "prices": "prices-list", "status": "statuses"}
"""What a list of documents is called where an s does not do."""


def outcomes(outcomes: Sequence[Outcome]) -> Document:
    """What a run came to: one environment is its own document, several stand in a list."""
    if len(outcomes) == 1:
        return _outcome(outcomes[0])
    verb = outcomes[0].verb
    return {
        "schema": f"esmcfn.{_LISTS.get(verb, f'{verb}s')}/v1",
        "environments": [_outcome(each) for each in outcomes],
    }


def _outcome(outcome: Outcome) -> Document:
    if isinstance(outcome, Failure):
        return {**error(outcome.error), "environment": outcome.environment}
    return {"schema": f"esmcfn.{outcome.verb}/v1", **_body(outcome.body)}


def _body(body: Body) -> Document:
    match body:
        case Validated():
            return {"environment": body.environment, "valid": True, "stacks": list(body.stacks)}
        case Built():
            return _built(body)
        case Checked():
            return _checked(body)
        case Priced():
            return _priced(body)
        case Refreshed():
            return priced.refreshed(body)
        case Audit():
            return {**audited.audit(body), "cost": priced.cost(body.cost)}
        case Plan():
            return plan(body)
        case Deployment():
            return deployment(body)
        case Outputs():
            return living.outputs(body)
        case EnvironmentStatus() | Waited() | Logged():
            return living.watched(body)
        case EnvironmentDrift():
            return drifting.drift(body)
    assert_never(body)


def _built(built: Built) -> Document:
    return {
        "environment": built.environment,
        "templates": [
            {
                "stack": template.stack.name,
                "model": template.stack.model,
                "digest": template.digest,
                "file": built.written.get(template.stack.name),
                "template": template.body,
            }
            for template in built.templates
        ],
    }


def _checked(checked: Checked) -> Document:
    return {
        "environment": checked.environment,
        "engines": dict(checked.engines),
        "findings": [judged.finding(finding) for finding in checked.findings],
        "policy": judged.counts(checked.findings),
        "verdict": judged.verdict(checked.verdict),
        "narrowed_to": list(checked.narrowed),
        "templates": list(checked.given),
        **({"since": msgspec.to_builtins(checked.since)} if checked.since else {}),
    }


def _priced(found: Priced) -> Document:
    return {
        "environment": found.environment,
        "compared": found.compared,
        "why_not_compared": found.why or None,
        "cost": priced.cost(found.cost),
        "verdict": judged.verdict(found.verdict),
    }
