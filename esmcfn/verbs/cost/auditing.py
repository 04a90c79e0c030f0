"""`audit`: what endpoints are used for, what they really cost, and what could be saved; it changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from esmcfn import audit as auditing
from esmcfn import cost, template
from esmcfn.audit import Answers, Looked
from esmcfn.domain.audit import AuditedModel, Bill, Patch, Readings, VariantId, Window
from esmcfn.domain.cost import Cost, HostedVariant, PriceBook
from esmcfn.domain.drift import EnvironmentDrift
from esmcfn.domain.project import Project
from esmcfn.domain.report import Report
from esmcfn.domain.stack import Selection
from esmcfn.domain.standing import Survey
from esmcfn.errors import AccessDenied, CloudError, UsageError
from esmcfn.ports import Cloud
from esmcfn.verbs.account import surveyed
from esmcfn.verbs.cost.observing import observed
from esmcfn.verbs.drift.drifting import find_drift
from esmcfn.verbs.plan.reading import pairs, prices, side_by_side
from esmcfn.verbs.watch.watching import Subject, seen_now, subjects, wanted_configs
from esmcfn.verbs.world import World

NO_DRIFT = "drift was not asked for (--drift)"

Edit = Callable[[tuple[str, ...]], tuple[str, str]]
"""The environment's file as it is, and with these models parked; writes nothing."""


def audit(
    project: Project,
    selection: Selection,
    world: World,
    *,
    days: int,
    billed: bool,
    edit: Edit,
    drifting: bool = False,
) -> Report:
    """Look, ask CloudWatch and Cost Explorer, and propose; what one of them refuses is unknown, the rest is told.

    Args:
        days: whole days that are looked at.
        billed: ask Cost Explorer, which charges for it.
        drifting: compare everything with what was deployed, too, which takes CloudFormation minutes.

    Raises:
        WrongAccount: the credentials belong to another account.
        CloudError: what is deployed cannot be read.
    """
    cloud = world.connect()
    world.progress("reading what is deployed")
    found = surveyed(selection, cloud)
    looked = _looked(subjects(selection, found, wanted_configs(selection)), cloud)
    runs, written, unread = _estimated(project, selection, found, looked, world)
    window = auditing.window(world.now, days)
    world.progress("asking CloudWatch what endpoints are used for")
    looked, readings = _measured(looked, window, cloud)
    book = prices(project).on(world.now.date())
    models = tuple(_audited(each, readings, runs, written, window, book) for each in looked)
    bill, why_no_bill = _bill(selection, world) if billed else (None, "Cost Explorer was not asked (--no-bill)")
    drift, why_no_drift = _drift(project, selection, world) if drifting else (None, NO_DRIFT)
    body = auditing.assembled(
        selection,
        models,
        runs,
        Answers(bill=bill, why_no_bill=why_no_bill, drift=drift, why_no_drift=why_no_drift),
        window=window,
        as_of=world.now,
        created={each.model: each.endpoint.created_at for each in looked if each.endpoint},
        proposed=_proposed(project, models, edit),
        notes=unread,
    )
    return Report(verb="audit", environment=body.environment, body=body)


def _looked(asked: Sequence[Subject], cloud: Cloud) -> tuple[Looked, ...]:
    """What SageMaker says of each endpoint; one that cannot be seen leaves the others alone."""

    def look(subject: Subject) -> Looked:
        seen = Looked(model=subject.model, endpoint_name=subject.endpoint_name, wanted=subject.wanted, endpoint=None)
        try:
            return replace(seen, endpoint=seen_now(subject, cloud).endpoint)
        except CloudError as error:
            return _troubled(seen, error)

    return side_by_side(look, asked, busy=lambda subject: subject.deployed is not None)


def _estimated(
    project: Project, selection: Selection, found: Survey, looked: Sequence[Looked], world: World
) -> tuple[Cost, Cost, tuple[str, ...]]:
    """What runs costs a month by the price book, what the templates say would, and what could not be read."""
    cloud = world.connect()
    around = pairs(selection, template.synthesize_all(selection), found.ours, cloud)
    seen = observed(project, around, looked, cloud)

    def priced(variants: Sequence[HostedVariant]) -> Cost:
        region, today, billed = selection.target.region, world.now.date(), cost.beside(selection, variants)
        return cost.estimate(variants, None, region=region, prices=prices(project), today=today, beside=billed)

    runs = priced([variant for each in seen for variant in each.runs])
    written = priced([variant for each in seen for variant in each.written])
    return runs, written, tuple(each.note for each in seen if each.note)


def _measured(looked: tuple[Looked, ...], window: Window, cloud: Cloud) -> tuple[tuple[Looked, ...], Readings]:
    """What CloudWatch says; where it says nothing, every endpoint that runs is unknown."""
    variants = [
        VariantId(each.endpoint_name, variant.name)
        for each in looked
        if each.endpoint
        for variant in each.endpoint.variants
    ]
    if not variants:
        return looked, {}
    try:
        return looked, cloud.usage.measure(variants, window)
    except CloudError as error:
        return tuple(_troubled(each, error) if each.endpoint else each for each in looked), {}


def _troubled(looked: Looked, error: CloudError) -> Looked:
    return replace(looked, refused=isinstance(error, AccessDenied), trouble=error.message)


def _audited(
    looked: Looked, readings: Readings, runs: Cost, written: Cost, window: Window, book: PriceBook
) -> AuditedModel:
    items, said = ([item for item in of.items if item.hosted.model == looked.model] for of in (runs, written))
    return auditing.audited(looked, readings, items, said, window=window, region=runs.region, prices=book)


def _bill(selection: Selection, world: World) -> tuple[Bill | None, str]:
    """The bill until yesterday, or why there is none."""
    world.progress("asking Cost Explorer what was spent")
    today = world.now.date()
    try:
        return world.connect().bills.bill(selection.environment.name, start=auditing.bill_start(today), end=today), ""
    except CloudError as error:
        return None, error.message


def _drift(project: Project, selection: Selection, world: World) -> tuple[EnvironmentDrift | None, str]:
    """How what runs differs from what was deployed, or why nobody knows."""
    try:
        found = find_drift(project, selection, world).body
    except CloudError as error:
        return None, error.message
    assert isinstance(found, EnvironmentDrift)  # noqa: S101 - find_drift makes these
    return found, ""


def _proposed(project: Project, models: Sequence[AuditedModel], edit: Edit) -> Patch:
    """The file with what idles parked, as a patch."""
    keys = auditing.parkable(models)
    if not keys:
        return Patch()
    try:
        before, after = edit(keys)
    except UsageError as error:
        return Patch(models=keys, why_not=f"{error.message}; {error.next_step}")
    return auditing.patch(project.environment.path, before, after, keys)
