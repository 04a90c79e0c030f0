"""IAM policies, for a person to read and to paste, or for a machine."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from esmcfn.errors import visible
from esmcfn.render.canonical import canonical


class Needs(Struct, frozen=True, kw_only=True):
    """What one environment's verbs need.

    Attributes:
        calls: verb to the API calls it makes, in IAM's words.
        policy: of whoever runs the verbs.
        cloudformation: what CloudFormation needs for the resources; None where nothing is executed.
    """

    environment: str
    account: str
    region: str
    service_role_arn: str
    calls: Mapping[str, Sequence[str]]
    policy: Mapping[str, object]
    cloudformation: Mapping[str, object] | None


def rendered(needs: Sequence[Needs], form: str) -> str:
    """All environments, as `esmcfn.permissions/v1` or as text."""
    if form == "json":
        return canonical({"schema": "esmcfn.permissions/v1", "environments": [_document(each) for each in needs]})
    return "\n".join("".join(f"{visible(line, keep=_LINES)}\n" for line in _text(each)) for each in needs)


_LINES = "\n"
"""A policy is shown line by line."""


def _document(needs: Needs) -> dict[str, object]:
    return {
        "environment": needs.environment,
        "account": needs.account,
        "region": needs.region,
        "service_role_arn": needs.service_role_arn or None,
        "verbs": {verb: list(calls) for verb, calls in needs.calls.items()},
        "policy": needs.policy,
        "cloudformation": needs.cloudformation,
    }


def _text(needs: Needs) -> Iterator[str]:
    yield f"{needs.environment} · account {needs.account} · {needs.region}"
    yield ""
    yield f"Whoever runs {', '.join(needs.calls)}:"
    yield json.dumps(needs.policy, indent=2)
    if needs.cloudformation is not None:
        role = needs.service_role_arn
        yield ""
        yield f"CloudFormation, by its service role {role}:" if role else _BOTH
        yield json.dumps(needs.cloudformation, indent=2)


_BOTH = "CloudFormation, as whoever deploys, since the environment names no service_role_arn:"
