"""`doctor`: is everything there that deploying an environment needs? Every answer is a check, none stops the others."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

from msgspec.structs import replace

from esmcfn.domain.examination import Asked, Check, Examined, Health, Package
from esmcfn.domain.project import Project
from esmcfn.domain.stack import ModelStack, Selection
from esmcfn.errors import CloudError
from esmcfn.permissions import of_verbs, scope_of
from esmcfn.permissions.grants import Grant
from esmcfn.ports import Cloud
from esmcfn.reference import partitions
from esmcfn.reference.instance_types import offered
from esmcfn.verbs.world import World

RAISE = "ask AWS for more of it: Service Quotas, Amazon SageMaker, `INSTANCE-TYPE for endpoint usage`"

Numbers = Mapping[str, int]


def examine(project: Project, selection: Selection, world: World) -> Examined:
    """Everything that can be told of one environment. Without credentials there is nothing to ask AWS about."""
    environment, target = selection.environment, selection.target
    checks = [_region(target.region), *_offers(selection)]
    known, account = _account(selection, world)
    checks += account
    if known:
        cloud = world.connect()
        world.progress("asking about permissions, quotas and subscriptions")
        checks += [_stacks(selection, cloud), *_permissions(selection, cloud)]
        checks += [*_quotas(selection, cloud), *_subscriptions(project, selection, cloud)]
    return Examined(environment=environment.name, account=target.account, region=target.region, checks=tuple(checks))


def of_sandbox(found: Examined) -> Examined:
    """The same of an embedded AWS, where nobody can know what it has nothing of: IAM's simulation, Marketplace."""
    lacks = {"permissions", "subscription"}
    known = tuple(each for each in found.checks if each.health is not Health.UNKNOWN or each.name not in lacks)
    if len(known) == len(found.checks):
        return found
    said = "it grants every permission and asks for no subscription: an AWS account is examined about them"
    return replace(found, checks=(*known, Check(name="sandbox", health=Health.OK, said=said)))


def _region(region: str) -> Check:
    if region in partitions.REGIONS:
        return Check(name="region", health=Health.OK, said=f"{region} is one of AWS's")
    said = f"{region} is none of the {len(partitions.REGIONS)} regions that this esmcfn knows"
    return Check(name="region", health=Health.WARNING, said=said, next_step="check `region:`; a new one may be newer")


def _account(selection: Selection, world: World) -> tuple[bool, list[Check]]:
    """Whose credentials these are, and whether they are good for this account."""
    try:
        caller = world.connect().examiner.caller()
    except CloudError as error:
        step = error.next_step or "log in, or name a profile with --profile"
        return False, [Check(name="credentials", health=Health.FAILED, said=error.message, next_step=step)]
    checks = [Check(name="credentials", health=Health.OK, said=f"they are of {caller}")]
    account, wanted = caller.split(":")[4], selection.target.account
    if account != wanted:
        said = f"{selection.environment.name} belongs to account {wanted}, the credentials to {account}"
        step = "use the right profile (--profile, or `profile:` in the environment), or correct `account:`"
        return False, [*checks, Check(name="account", health=Health.FAILED, said=said, next_step=step)]
    return True, [*checks, Check(name="account", health=Health.OK, said=f"{account} is the environment's")]


def _stacks(selection: Selection, cloud: Cloud) -> Check:
    """One real call: the region is switched on for this account, and stacks may be read."""
    environment = selection.environment
    base = f"{environment.iam_role_name_prefix}-{environment.name}"

    def read() -> Check:
        count = len(cloud.stacks.deployed(base_name=base, environment=environment.name))
        return Check(name="stacks", health=Health.OK, said=f"CloudFormation answers; {count} of them are there")

    return _told("stacks", "", read, refused=Health.FAILED)


def _permissions(selection: Selection, cloud: Cloud) -> Iterator[Check]:
    """What IAM would say of every call; who only plans need not be able to deploy."""
    scope = scope_of(selection)
    for verb, health in (("plan", Health.FAILED), ("deploy", Health.WARNING)):
        asked = _together(of_verbs([verb], scope))

        def simulate(verb: str = verb, asked: tuple[Asked, ...] = asked, health: Health = health) -> Check:
            missing = sorted(cloud.examiner.denied(asked))
            if not missing:
                return Check(name="permissions", subject=verb, health=Health.OK, said="IAM allows every call")
            said = f"IAM denies {', '.join(missing)}"
            step = f"esmcfn doctor --permissions {selection.environment.name} {verb} prints the policy"
            return Check(name="permissions", subject=verb, health=health, said=said, next_step=step)

        yield _told("permissions", verb, simulate)


def _together(grants: Iterable[Grant]) -> tuple[Asked, ...]:
    """Grants as questions, one for each place and condition."""
    actions: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for each in grants:
        actions.setdefault((each.resources, each.condition), []).append(each.action)
    return tuple(
        Asked(actions=tuple(names), resources=resources, context=_context(condition))
        for (resources, condition), names in actions.items()
    )


def _context(condition: str) -> Mapping[str, str]:
    """What a call will have that a condition asks for; a pattern becomes a word that fits it."""
    return {
        key: _first(value).replace("*", "x")
        for operator, wanted in (json.loads(condition) if condition else {}).items()
        if operator != "Null"
        for key, value in wanted.items()
    }


def _first(value: object) -> str:
    return str(value[0]) if isinstance(value, list) else str(value)


def _offers(selection: Selection) -> Iterator[Check]:
    region = selection.target.region
    for kind in sorted({stack.variant.instance_type for stack in selection.models}):
        match offered(region, kind):
            case True:
                yield Check(name="offered", subject=kind, health=Health.OK, said=f"it is offered in {region}")
            case False:
                said = f"it is not known to be offered in {region}"
                step = "choose another instance type, or another region"
                yield Check(name="offered", subject=kind, health=Health.WARNING, said=said, next_step=step)
            case None:
                said = f"nobody knows whether {region} offers it: the type or the region is newer than this esmcfn"
                yield Check(name="offered", subject=kind, health=Health.UNKNOWN, said=said)


def _quotas(selection: Selection, cloud: Cloud) -> Iterator[Check]:
    """Applied against needed: what is selected, and one more of the largest while it is updated."""
    running = [stack for stack in selection.models if not stack.parked]
    needed: Counter[str] = Counter()
    largest: Counter[str] = Counter()
    for stack in running:
        variant = stack.variant
        needed[variant.instance_type] += variant.instance_count
        largest[variant.instance_type] = max(largest[variant.instance_type], variant.instance_count)
    if not needed:
        return
    try:
        limits = cloud.quotas.limits()
        others = cloud.quotas.in_use(besides=frozenset(stack.endpoint_name for stack in running))
    except CloudError as error:
        said = f"they could not be read: {error.message}"
        yield Check(name="quota", health=Health.UNKNOWN, said=said, next_step=error.next_step)
        return
    for kind, count in sorted(needed.items()):
        yield _quota(kind, count, largest[kind], limits, others.get(kind, 0))


def _quota(kind: str, needed: int, largest: int, limits: Numbers, others: int) -> Check:
    if kind not in limits:
        said = f"the account's quota is not known; {needed} instances are needed"
        return Check(name="quota", subject=kind, health=Health.UNKNOWN, said=said, next_step=RAISE)
    limit = limits[kind]
    said = f"{limit} instances, of which other endpoints use {others} and this environment needs {needed}"
    if others + needed > limit:
        return Check(name="quota", subject=kind, health=Health.FAILED, said=said, next_step=RAISE)
    if others + needed + largest > limit:
        said += f", and {needed + largest} while the largest is updated"
        step = f"raise it, or update with --delete-first (downtime). {RAISE}"
        return Check(name="quota", subject=kind, health=Health.WARNING, said=said, next_step=step)
    return Check(name="quota", subject=kind, health=Health.OK, said=said)


def _subscriptions(project: Project, selection: Selection, cloud: Cloud) -> Iterator[Check]:
    for stack in selection.models:
        if stack.package:
            product = project.catalog.entries[stack.selector].marketplace_product_id
            yield _subscription(stack, product, cloud)


def _subscription(stack: ModelStack, product: str, cloud: Cloud) -> Check:
    """An agreement proves it. That the package can be seen proves nothing: some listings answer everybody."""
    name, subject = "subscription", stack.model
    why = "its catalog entry has no marketplace_product_id to ask Marketplace about"
    if product:
        try:
            if cloud.examiner.subscribed(product):
                said = f"Marketplace has an active agreement on {product}"
                return Check(name=name, subject=subject, health=Health.OK, said=said)
            said = f"Marketplace has no active agreement of this account on {product}"
            step = f"subscribe: https://aws.amazon.com/marketplace/pp/{product}; a private offer must be accepted here"
            return Check(name=name, subject=subject, health=Health.FAILED, said=said, next_step=step)
        except CloudError as error:
            why = f"Marketplace was not to be asked: {error.message}"
    return _seen(stack, why, cloud)


def _seen(stack: ModelStack, why: str, cloud: Cloud) -> Check:
    name, subject = "subscription", stack.model
    try:
        package: Package = cloud.examiner.package(stack.package)
    except CloudError as error:
        said = f"probably not subscribed, or a permission is missing: {error.message}"
        step = "subscribe to it in AWS Marketplace, in this account; allow sagemaker:DescribeModelPackage"
        return Check(name=name, subject=subject, health=Health.WARNING, said=said, next_step=step)
    kind = stack.variant.instance_type
    if package.instance_types and kind not in package.instance_types:
        said = f"the package does not run on {kind}, but on {', '.join(sorted(package.instance_types))}"
        return Check(name=name, subject=subject, health=Health.FAILED, said=said, next_step="select one of these")
    said = f"the package can be seen, which does not prove a subscription; {why}"
    step = "add marketplace_product_id (prod-...) to the catalog; the first deployment proves it in any case"
    return Check(name=name, subject=subject, health=Health.UNKNOWN, said=said, next_step=step)


def _told(name: str, subject: str, look: Callable[[], Check], *, refused: Health = Health.UNKNOWN) -> Check:
    """What somebody sees; a refusal is an answer."""
    try:
        return look()
    except CloudError as error:
        return Check(name=name, subject=subject, health=refused, said=error.message, next_step=error.next_step)
