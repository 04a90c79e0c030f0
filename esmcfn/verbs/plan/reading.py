"""Built templates beside what is deployed: what planning and pricing both start from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from datetime import date
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from esmcfn import cost
from esmcfn.domain.cost import Cost, HostedVariant, PriceBook
from esmcfn.domain.deployed import DeployedStack
from esmcfn.domain.project import Project
from esmcfn.domain.stack import ModelStack, Selection
from esmcfn.domain.template import Template
from esmcfn.ports import Cloud
from esmcfn.reference.prices import price_book
from esmcfn.signals import Held
from esmcfn.threads import Pool

SIDE_BY_SIDE = 8
"""Calls in flight at a time; reading is throttled per account and region."""

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Pair(Struct, frozen=True, kw_only=True):
    """A built template, and what is deployed in its place.

    Attributes:
        template: None for a stack that goes.
        deployed: None for a stack that comes.
        body: the deployed template, read only where it differs from the built one; None where it is not JSON.
    """

    template: Template | None
    deployed: DeployedStack | None
    body: Mapping[str, object] | None = None

    @property
    def unchanged(self) -> bool:
        """Does the deployed stack's digest say that nothing needs to be asked?"""
        built, deployed = self.template, self.deployed
        return bool(built and deployed and deployed.settled and deployed.digest == built.digest)


def pairs(
    selection: Selection,
    templates: Sequence[Template],
    deployed: Sequence[DeployedStack],
    cloud: Cloud,
    *,
    wholly: bool = False,
) -> tuple[Pair, ...]:
    """Every stack that is wanted or deployed; only what differs is read.

    A stack that is no longer selected is listed only when the whole environment was asked for.

    Args:
        wholly: read what does not differ, too.
    """
    there = {stack.name: stack for stack in deployed}
    wanted = {template.stack.name for template in templates}
    going = () if selection.narrowed else tuple(stack for stack in deployed if stack.name not in wanted)
    found = [
        *(Pair(template=template, deployed=_living(there.get(template.stack.name))) for template in templates),
        # What stands on the base stack goes before it.
        *(Pair(template=None, deployed=stack) for stack in sorted(going, key=lambda stack: stack.model is None)),
    ]

    def read(pair: Pair) -> Pair:
        if pair.deployed is None or (pair.unchanged and not wholly):
            return pair
        return Pair(template=pair.template, deployed=pair.deployed, body=cloud.stacks.template(pair.deployed))

    return side_by_side(read, found, busy=lambda pair: pair.deployed is not None and (wholly or not pair.unchanged))


def beside(
    selection: Selection,
    templates: Sequence[Template],
    found: Sequence[Pair],
    deployed: Sequence[DeployedStack],
    cloud: Cloud,
) -> tuple[Pair, ...]:
    """Every other stack of the environment, which a narrowed run leaves alone; what is not selected any more, too.

    Args:
        templates: of the models that the selection was narrowed away from.
        found: what the run is about.
    """
    if not selection.narrowed:
        return ()
    ours = {pair.template.stack.name for pair in found if pair.template}
    others = [stack for stack in deployed if stack.name not in ours and not stack.gone]
    return pairs(replace(selection, narrowed=frozenset()), templates, others, cloud)


def running(project: Project, found: Iterable[Pair]) -> tuple[HostedVariant, ...]:
    """What runs by the hour today."""
    software = cost.software_prices(project.catalog)
    variants: list[HostedVariant] = []
    for pair in found:
        deployed = pair.deployed
        if deployed is None or deployed.model is None:
            continue
        if pair.unchanged and pair.template and isinstance(pair.template.stack, ModelStack):
            variants.extend(cost.hosted(pair.template.stack))
        else:
            variants.extend(
                cost.hosted_in(pair.body or {}, stack=deployed.name, model=deployed.model, software=software)
            )
    return tuple(variants)


def wanted(selection: Selection) -> tuple[HostedVariant, ...]:
    """What runs by the hour when all is deployed."""
    return tuple(variant for stack in selection.models for variant in cost.hosted(stack))


def staying(project: Project, around: Iterable[Pair]) -> tuple[HostedVariant, ...]:
    """What a narrowed run leaves running although it is not selected any more."""
    return running(project, (pair for pair in around if pair.template is None))


def prices(project: Project) -> PriceBook:
    """The root's price book, or the package's own."""
    return project.policy.prices or price_book()


def updating(found: Iterable[Pair]) -> frozenset[str]:
    """Models whose endpoint is to serve another configuration: SageMaker starts the new instances beside the old ones.

    https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green.html
    """
    return frozenset(
        pair.template.stack.model
        for pair in found
        if pair.template and pair.deployed and isinstance(pair.template.stack, ModelStack)
        if "EndpointName" in pair.deployed.outputs and not pair.template.stack.parked
        if pair.deployed.outputs.get("EndpointConfigName") != pair.template.names["EndpointConfig"]
    )


def estimated(
    selection: Selection,
    before: tuple[HostedVariant, ...] | None,
    today: date,
    *,
    prices: PriceBook,
    updating: frozenset[str] = frozenset(),
    staying: Sequence[HostedVariant] = (),
) -> Cost:
    """What the environment costs a month, and what of that a narrowed selection is about.

    Args:
        before: what runs today in all of the environment; None where it could not be read.
        updating: models whose new instances start beside the old ones.
        staying: what runs on although it is not selected any more.
    """
    every = cost.estimate(
        (*(variant for stack in selection.whole for variant in cost.hosted(stack)), *staying),
        before,
        region=selection.target.region,
        prices=prices,
        today=today,
        parked=tuple(variant for stack in selection.whole if stack.parked for variant in cost.unparked(stack)),
        updating=updating,
        beside=cost.beside(selection),
    )
    return cost.narrowed(every, selection.narrowed, compared=before is not None)


def side_by_side(
    work: Callable[[Item], Answer],
    items: Sequence[Item],
    *,
    busy: Callable[[Item], bool] = lambda item: True,
    stop: Callable[[], None] = lambda: None,
) -> tuple[Answer, ...]:
    """The answer for every item, in order; those that are busy work wait for AWS side by side.

    Args:
        stop: called before anything is raised, so that whoever still waits stops waiting and cleans up.
    """
    waiting = [item for item in items if busy(item)]
    if len(waiting) == 0:
        return tuple(work(item) for item in items)
    with Pool(max_workers=min(SIDE_BY_SIDE, len(waiting))) as pool:
        try:
            futures: list[Future[Answer] | None] = [pool.submit(work, item) if busy(item) else None for item in items]
            return tuple(future.result() if future else work(item) for future, item in zip(futures, items, strict=True))
        except BaseException:  # Ctrl-C included: whoever still waits is told, and cleans up before we go on
            with Held():
                stop()
                pool.shutdown(wait=True, cancel_futures=True)
            raise


def _living(deployed: DeployedStack | None) -> DeployedStack | None:
    """A stack whose first creation rolled back does not exist; its name is all that is left."""
    return None if deployed is None or deployed.gone else deployed
