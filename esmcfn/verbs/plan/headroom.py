"""Reading quotas while CloudFormation thinks, and only where more instances come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future

from esmcfn import plan
from esmcfn.domain.cost import HostedVariant
from esmcfn.domain.plan import Headroom, StackPlan
from esmcfn.domain.stack import ModelStack
from esmcfn.errors import CloudError
from esmcfn.ports import Cloud
from esmcfn.threads import Pool
from esmcfn.verbs.plan.reading import Pair

Numbers = Mapping[str, int]


class Room:
    """The account's quotas and what others use of them, read in the background.

    Args:
        always: instances may come that no template tells of.
    """

    def __init__(self, cloud: Cloud, found: Sequence[Pair], *, always: bool = False) -> None:
        self._cloud = cloud
        self._pool: Pool | None = None
        self._limits: Future[Numbers] | None = None
        self._in_use: Future[Numbers] | None = None
        self._coming = always or any(_comes(pair) for pair in found)
        self._ours = frozenset(name for pair in found for name in _endpoints(pair))

    def __enter__(self) -> Room:
        if self._coming:
            self._pool = Pool(max_workers=2)
            self._limits = self._pool.submit(self._cloud.quotas.limits)
            self._in_use = self._pool.submit(lambda: self._cloud.quotas.in_use(besides=self._ours))
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=error is None, cancel_futures=True)

    def measured(
        self, stacks: Sequence[StackPlan], now: Sequence[HostedVariant], later: Sequence[HostedVariant]
    ) -> tuple[Headroom, ...]:
        """Whether the quotas hold what comes; a quota that cannot be read stops no plan, and is said to be unknown."""
        if self._limits is None or self._in_use is None:
            return ()
        whys: list[str] = []
        limits, in_use = _answer(self._limits, whys), _answer(self._in_use, whys)
        return plan.headroom(stacks, now, later, limits=limits, in_use=in_use, why="; ".join(whys))


def _answer(asked: Future[Numbers], whys: list[str]) -> Numbers | None:
    try:
        return asked.result()
    except CloudError as error:
        whys.append(error.message)
        return None


def _comes(pair: Pair) -> bool:
    """Do instances come that do not run yet: a new endpoint, another configuration of one, another maximum?"""
    built = pair.template
    if built is None or pair.unchanged or not isinstance(built.stack, ModelStack) or built.stack.parked:
        return False
    return _config(pair.body) != built.names["EndpointConfig"] or _scaled(pair.body) != _scaled(built.body)


def _scaled(body: Mapping[str, object] | None) -> object:
    """What scales in a template."""
    resources = body.get("Resources") if body else None
    found = resources.values() if isinstance(resources, Mapping) else ()
    return [each for each in found if isinstance(each, Mapping) and each.get("Type") in plan.SCALING]


def _endpoints(pair: Pair) -> list[str]:
    built = [pair.template.names["Endpoint"]] if pair.template and "Endpoint" in pair.template.names else []
    there = pair.deployed.outputs.get("EndpointName") if pair.deployed else None
    return [*built, *([there] if there else [])]


def _config(body: Mapping[str, object] | None) -> object:
    """The configuration that a deployed template serves; None where it has no endpoint."""
    found: object = body
    for key in ("Resources", "Endpoint", "Properties", "EndpointConfigName"):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found
