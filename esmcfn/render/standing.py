"""Where the endpoints of an environment stand, for people."""

from __future__ import annotations

from collections.abc import Iterator

from esmcfn.domain.endpoint import VARIANT_STATUSES, Logged, LogLine, ObservedVariant
from esmcfn.domain.standing import EnvironmentStatus, ModelStatus, Standing, Waited
from esmcfn.errors import visible
from esmcfn.render.escape import code, safe
from esmcfn.render.words import spell

SYMBOLS = {
    Standing.IN_SERVICE: "=",
    Standing.OTHER: "!",
    Standing.CHANGING: "~",
    Standing.FAILED: "!",
    Standing.MISSING: "!",
    Standing.PARKED: "-",
    Standing.NOT_DEPLOYED: "-",
    Standing.UNCLEAR: "?",
}

NO_CONTAINER = "no log group: no container ever started"


def text(status: EnvironmentStatus) -> Iterator[str]:
    """One paragraph a model."""
    base = f" · {status.base.name} {status.base.status}" if status.base else ""
    yield f"{status.environment} · account {status.account} · {status.region}{base}"
    for model in status.models:
        yield ""
        yield from _model(model, status)
    if status.strays:
        yield ""
    yield from (f"! {stray}" for stray in status.strays)


def text_waited(waited: Waited) -> Iterator[str]:
    """The same, with how long it took."""
    yield from text(waited.status)
    yield ""
    if waited.status.models:
        yield f"in service after {spell(waited.seconds)}"
    else:
        yield "nothing to wait for: no model that is selected here wants an endpoint"


def markdown(status: EnvironmentStatus) -> Iterator[str]:
    """A table, a line a model."""
    yield f"### {safe(status.environment)}: account {status.account}, {status.region}"
    yield ""
    yield "| model | stands | endpoint | SageMaker | configuration | next |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for model in status.models:
        seen = model.endpoint.status if model.endpoint else "no endpoint"
        reason = f": {model.failure_reason}" if model.failure_reason else ""
        configurations = "; ".join(f"{word} {name}" for word, name in _configurations(model))
        yield (
            f"| {code(model.model)} | {model.standing} | {code(model.endpoint_name)} | {safe(seen + reason)} "
            f"| {safe(configurations)} | {safe(model.next_step)} |"
        )
    for stray in status.strays:
        yield ""
        yield safe(str(stray))


def text_logged(logged: Logged) -> Iterator[str]:
    """A line a line."""
    yield from (log_line(line) for line in logged.log.lines)
    if not logged.log.started:
        yield f"{logged.model}: no container has started yet: there is no log group {logged.log_group}"
    elif not logged.log.lines:
        since = f" since {logged.since:%Y-%m-%d %H:%M:%S} UTC" if logged.since else ""
        yield f"{logged.model}: nothing was written{since} to {logged.log_group}"


def markdown_logged(logged: Logged) -> Iterator[str]:
    """A heading, and every line as code."""
    yield f"### {safe(logged.environment)}: log of {code(logged.model)}"
    yield ""
    if not logged.log.lines:
        yield from (safe(line) for line in text_logged(logged))
    yield from (f"- {code(log_line(line))}" for line in logged.log.lines)


def log_line(line: LogLine) -> str:
    """One line of a container's log: when, where, what; on one line, whatever it wrote."""
    return visible(f"{line.at:%Y-%m-%d %H:%M:%S}  {line.stream}  {line.text}")


def _model(model: ModelStatus, status: EnvironmentStatus) -> Iterator[str]:
    endpoint = model.endpoint
    since = f", for {spell((status.as_of - endpoint.modified_at).total_seconds())}" if endpoint else ""
    yield f"{SYMBOLS[model.standing]} {model.model}: {model.standing}{since}"
    means = f": {model.meaning}" if model.meaning and not endpoint else ""
    yield f"    stack     {model.stack}  {model.deployed.status if model.deployed else 'none'}{means}"
    if endpoint:
        age = spell((status.as_of - endpoint.created_at).total_seconds())
        meaning = f": {model.meaning}" if model.meaning else ""
        yield f"    endpoint  {endpoint.name}  {endpoint.status}, {age} old{meaning}"
        yield from (f"    {word:<8}  {name}" for word, name in _configurations(model))
        yield from (f"    variant   {_variant(variant)}" for variant in endpoint.variants)
    if model.failure_reason:
        yield f"    reason    {visible(model.failure_reason)}"
    yield from _log(model)
    if model.next_step:
        yield f"    next      {model.next_step}"


def _configurations(model: ModelStatus) -> Iterator[tuple[str, str]]:
    """The configuration that is served, and whatever else is deployed, wanted or on its way, each name once."""
    if model.endpoint is None:
        return
    served, pending = model.endpoint.config_name, model.endpoint.pending_config
    others = {"wanted": model.wanted_config, "deployed": model.deployed_config, "on its way": pending}
    named: dict[str, list[str]] = {}
    for word, name in others.items():
        if name:
            named.setdefault(name, []).append(word)
    as_wanted = ", as wanted" if model.wanted_config == served else ""
    yield ("serves" if model.endpoint.answers else "config"), f"{served}{as_wanted}"
    for name, words in named.items():
        if name != served:
            rest = f" ({', '.join(words[1:])})" if words[1:] else ""
            yield words[0], f"{name}{rest}"


def _variant(variant: ObservedVariant) -> str:
    parts = [variant.name]
    if variant.desired_count is not None or variant.current_count is not None:
        parts.append(f"{_known(variant.current_count)} of {_known(variant.desired_count)} instances")
    if variant.weight is not None:
        moving = variant.desired_weight not in {None, variant.weight}
        parts.append(f"weight {variant.weight:g}" + (f" of {variant.desired_weight:g}" if moving else ""))
    if variant.status:
        word = variant.status.split(":")[0].split(",")[0]
        means = VARIANT_STATUSES.get(word)
        parts.append(f"{variant.status} ({means})" if means else variant.status)
    return ", ".join(parts)


def _known(count: int | None) -> str:
    return "?" if count is None else str(count)


def _log(model: ModelStatus) -> Iterator[str]:
    if model.log_unread:
        yield f"    log       not read: {model.log_unread}"
    elif model.log and not model.log.started:
        yield f"    log       {NO_CONTAINER}"
    elif model.log:
        yield from (f"    log       {log_line(line)}" for line in model.log.lines)
