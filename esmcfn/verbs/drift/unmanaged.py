"""Endpoints of the account and region that belong to no stack of esmcfn's, with what they cost."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from msgspec import Struct

from esmcfn.domain.cost import HOURS_PER_MONTH, PriceBook
from esmcfn.domain.drift import ListedEndpoint, Unmanaged, UnmanagedEndpoint, Unread
from esmcfn.domain.project import Project
from esmcfn.domain.standing import Survey
from esmcfn.drift import hosting
from esmcfn.drift.readers import CONFIG
from esmcfn.ports import Cloud
from esmcfn.verbs.drift.observing import told
from esmcfn.verbs.plan.reading import prices, side_by_side
from esmcfn.verbs.world import World

STACK_TAG = "aws:cloudformation:stack-name"
"""What CloudFormation itself tags a resource with."""

ASYNCHRONOUS = "asynchronous endpoints have a price list of their own"
NOT_BY_THE_HOUR = "it is not paid by the hour of an instance, or its instances could not be read"


class _Asked(Struct, frozen=True, kw_only=True):
    cloud: Cloud
    region: str
    prices: PriceBook
    stacks: frozenset[str]


def beside(project: Project, survey: Survey, managed: frozenset[str], cloud: Cloud, world: World) -> Unmanaged:
    """What runs beside the stacks of every environment.

    Args:
        managed: names of endpoints that this environment's stacks have, in lower case.

    Raises:
        CloudError: AWS did not answer.
    """
    listed = told(cloud.observers.endpoints)
    if isinstance(listed, Unread):
        return Unmanaged(unread=listed.why)
    known = managed | {name.lower() for name in survey.endpoints}
    strangers = hosting.beside(listed, known)
    if strangers:
        world.progress(f"asking SageMaker about {len(strangers)} more endpoint{'' if len(strangers) == 1 else 's'}")
    stacks = frozenset(
        {*(stack.name for stack in survey.ours), *(name for names in survey.others.values() for name in names)}
    )
    asked = _Asked(
        cloud=cloud, region=project.environment.region, prices=prices(project).on(world.now.date()), stacks=stacks
    )
    found = side_by_side(lambda endpoint: _one(endpoint, asked), strangers, stop=cloud.stacks.stop)
    return Unmanaged(endpoints=hosting.sorted_endpoints(each for each in found if each))


def _one(endpoint: ListedEndpoint, asked: _Asked) -> UnmanagedEndpoint | None:
    """One endpoint; None where a stack of ours has it after all, or it is gone meanwhile."""
    observed = told(lambda: asked.cloud.endpoints.observe(endpoint.name))
    if observed is None:
        return None
    tags = told(lambda: asked.cloud.observers.tags(endpoint.arn))
    if not isinstance(tags, Unread) and tags.get(STACK_TAG) in asked.stacks:
        return None  # a stack whose creation failed has no Outputs to say so
    if isinstance(observed, Unread):
        return _told_of(endpoint, tags, None, None, observed.why)
    config = told(lambda: asked.cloud.observers.read(CONFIG, observed.config_name))
    if isinstance(config, Unread):
        return _told_of(endpoint, tags, None, None, config.why)
    instances = hosting.instances(config.properties if config else None, observed)
    if config and config.properties.get("AsyncInferenceConfig"):
        return _told_of(endpoint, tags, instances, None, ASYNCHRONOUS)
    if instances is None:
        return _told_of(endpoint, tags, None, None, NOT_BY_THE_HOUR)
    unpriced = [kind for kind, _ in instances if asked.prices.price(asked.region, kind) is None]
    if unpriced:
        why = f"no price is known for {', '.join(dict.fromkeys(unpriced))} in {asked.region}"
        return _told_of(endpoint, tags, instances, None, why)
    return _told_of(endpoint, tags, instances, _monthly(instances, asked), "")


def _monthly(instances: tuple[tuple[str, int], ...], asked: _Asked) -> Decimal:
    hourly = ((asked.prices.price(asked.region, kind), count) for kind, count in instances)
    return sum((price.usd_per_hour * count * HOURS_PER_MONTH for price, count in hourly if price), Decimal(0))


def _told_of(
    endpoint: ListedEndpoint,
    tags: Mapping[str, str] | Unread,
    instances: tuple[tuple[str, int], ...] | None,
    monthly_usd: Decimal | None,
    why: str,
) -> UnmanagedEndpoint:
    return UnmanagedEndpoint(
        name=endpoint.name,
        status=endpoint.status,
        created_at=endpoint.created_at,
        tags=None if isinstance(tags, Unread) else tags,
        instances=instances,
        monthly_usd=monthly_usd,
        why_unknown=why,
    )
