"""What the endpoints of an environment run now: the configuration that each serves, and its instances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from esmcfn import cost
from esmcfn.audit import Looked
from esmcfn.domain.cost import HostedVariant
from esmcfn.domain.project import Project
from esmcfn.errors import CloudError
from esmcfn.ports import Cloud
from esmcfn.verbs.plan.reading import Pair, running, side_by_side

CONFIG = "AWS::SageMaker::EndpointConfig"


class Observed(Struct, frozen=True, kw_only=True):
    """What one model runs by the hour.

    Attributes:
        written: what its deployed template says.
        runs: what SageMaker says; `written` where SageMaker could not be asked.
        note: why that is unknown; empty where it is known.
    """

    model: str
    written: tuple[HostedVariant, ...]
    runs: tuple[HostedVariant, ...]
    note: str = ""


def observed(project: Project, found: Sequence[Pair], looked: Sequence[Looked], cloud: Cloud) -> tuple[Observed, ...]:
    """Every deployed model; SageMaker is asked for a configuration only where another one serves than was deployed."""
    endpoints = {each.model: each for each in looked}
    software = cost.software_prices(project.catalog)

    def look(pair: Pair) -> Observed:
        model = (pair.deployed.model if pair.deployed else None) or ""
        written, seen = running(project, (pair,)), endpoints.get(model)
        if seen is None or (seen.endpoint is None and seen.trouble):
            return Observed(model=model, written=written, runs=written)
        if seen.endpoint is None or not _other_serves(pair, seen):
            return Observed(model=model, written=written, runs=cost.running_now(written, seen.endpoint))
        name = seen.endpoint.config_name
        try:
            config = cloud.observers.read(CONFIG, name, tags=False)
            why = "" if config else "SageMaker has it no more"
        except CloudError as error:
            config, why = None, error.message
        if config is None:
            note = f"{model}: it serves {name}, which cannot be read, so what it costs is unknown: {why}"
            return Observed(model=model, written=written, runs=cost.unreadable(written), note=note)
        body = cost.serving(_body(pair), name, config.properties)
        stack = pair.deployed.name if pair.deployed else ""
        served = cost.hosted_in(body, stack=stack, model=model, software=software)
        return Observed(model=model, written=written, runs=cost.running_now(served, seen.endpoint))

    return side_by_side(
        look,
        [pair for pair in found if pair.deployed and pair.deployed.model],
        busy=lambda pair: bool(
            pair.deployed and (seen := endpoints.get(pair.deployed.model or "")) and _other_serves(pair, seen)
        ),
    )


def _other_serves(pair: Pair, seen: Looked) -> bool:
    deployed = pair.deployed.outputs.get("EndpointConfigName") if pair.deployed else None
    return bool(seen.endpoint and seen.endpoint.config_name and seen.endpoint.config_name != deployed)


def _body(pair: Pair) -> Mapping[str, object]:
    """The deployed template: one that equals what is built was not read."""
    if pair.unchanged and pair.template:
        return pair.template.body
    return pair.body or {}
