"""The outputs of an environment, for people; and what is said beside the formats for machines."""

from __future__ import annotations

from collections.abc import Iterator

from esmcfn.domain.outputs import Absent, Outputs
from esmcfn.render.escape import code, safe


def text(outputs: Outputs) -> Iterator[str]:
    """Every endpoint with what a caller needs."""
    yield f"{outputs.environment} · account {outputs.account} · {outputs.region}"
    for key, endpoint in outputs.endpoints.items():
        yield f"Endpoint {key}"
        yield f"    name    {endpoint.endpoint_name}"
        yield f"    model   {endpoint.forge_model_name}"
        yield f"    url     {endpoint.endpoint_url}"
        yield f"    config  {endpoint.endpoint_config_name}"
    yield from (f"! {said(absent)}" for absent in outputs.absent)
    if outputs.execution_role:
        yield f"Role     {outputs.execution_role}"
    for user in outputs.user_names:
        key_id = outputs.access_key_ids.get(user, "unknown")
        yield f"User     {user}, access key id {key_id}, secret in {outputs.secret_arns.get(user, 'unknown')}"


def markdown(outputs: Outputs) -> Iterator[str]:
    """A table of endpoints, for a wiki page or a pull request."""
    yield f"### {safe(outputs.environment)}: endpoints in account {outputs.account}, {outputs.region}"
    if outputs.endpoints:
        yield ""
        yield "| model | endpoint | `model=` | configuration |"
        yield "| --- | --- | --- | --- |"
    for key, endpoint in outputs.endpoints.items():
        yield (
            f"| {code(key)} | {code(endpoint.endpoint_name)} | {code(endpoint.forge_model_name)} "
            f"| {code(endpoint.endpoint_config_name)} |"
        )
    rest = [safe(said(absent)) for absent in outputs.absent]
    if outputs.execution_role:
        rest.append(f"Role {code(outputs.execution_role)}")
    for user in outputs.user_names:
        secret = outputs.secret_arns.get(user, "unknown")
        rest.append(f"User {code(user)}, its access key in the secret {code(secret)}")
    if rest:
        yield ""
        yield from (f"- {line}" for line in rest)


def asides(outputs: Outputs, form: str) -> Iterator[str]:
    """What belongs on standard error beside a format that has no room for it."""
    if form not in {"text", "markdown"}:
        yield from (f"left out: {said(absent)}" for absent in outputs.absent)
    if form == "terraform":
        for user, arn in outputs.secret_arns.items():
            yield (
                f"left out: the access key's secret of {user}; it is in Secrets Manager: "
                f"aws secretsmanager get-secret-value --region {outputs.region} --secret-id {arn}"
            )


def said(absent: Absent) -> str:
    """Why a model has no endpoint to call, and what brings one."""
    step = f" ({absent.next_step} brings it)" if absent.next_step else ""
    return f"{absent.model}: {absent.why}{step}"
