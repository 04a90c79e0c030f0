"""How an endpoint shall be run, where its instance type, its count and its bounds contradict each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from esmcfn.domain.hosting import Autoscaling
from esmcfn.domain.origin import Origins
from esmcfn.domain.project import CatalogEntry, Environment, SelectedModel
from esmcfn.errors import Problem, did_you_mean, shown
from esmcfn.reference.cron import fault
from esmcfn.reference.partitions import partition
from esmcfn.reference.storage import own_disks
from esmcfn.reference.timezones import TIMEZONES
from esmcfn.selection.complaint import at

_UNSCALED = "ml.t2."
"""Instances that cannot be scaled automatically.

https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling-prerequisites.html
"""

MOST_EMAILS = 100
"""Ours, where AWS's own limit would be found late: each is a resource of the base stack, which may have 500 in all.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
"""


def impossible_hosting(model: SelectedModel, entry: CatalogEntry) -> Iterator[Problem]:
    """What a selected model and its catalog entry prove wrong together."""
    scaling = entry.autoscaling if model.autoscaling is None else model.autoscaling
    yield from _key(model, entry)
    if scaling:
        yield from _bounds(model, entry, scaling)
        yield from _schedule(model, _written(model, entry), scaling)


def foreign_keys(environment: Environment) -> Iterator[Problem]:
    """KMS keys of another region, which nothing of this one can be encrypted with, and one that encrypts nothing."""
    places = [(environment.origins, "", environment.kms_key_arn, "kms_key_arn")]
    places += [(environment.origins, "", environment.log_kms_key_arn, "log_kms_key_arn")]
    for model in environment.selected_models:
        places.append((model.origins, f"{shown(model.key)}.", model.kms_key_arn or "", "kms_key_arn"))
    for origins, label, arn, name in places:
        if arn and arn.split(":")[3] != environment.region:
            message = f"{label}{name}: the key is of {shown(arn.split(':')[3])}, and {environment.name} is in "
            yield at(origins.of(name), message + environment.region)
    kept = [environment.log_retention_days, *(model.log_retention_days for model in environment.selected_models)]
    if environment.log_kms_key_arn and not any(kept):
        message = "log_kms_key_arn: it encrypts nothing, since SageMaker makes the logs where no log_retention_days is"
        yield at(environment.origins.of("log_kms_key_arn"), message, "write log_retention_days, or remove it")


def foreign_partitions(environment: Environment) -> Iterator[Problem]:
    """ARNs of another partition: accounts, roles, keys and topics of one know nothing of another's."""
    own, role = partition(environment.region).name, environment.execution_role
    written = [(environment.origins, "", name, arn) for name, arn in _arns(environment)]
    written.append((environment.origins, "", "execution_role.permissions_boundary", role.permissions_boundary))
    for number, arn in enumerate(role.managed_policies):
        written.append((environment.origins, "", f"execution_role.managed_policies.{number}", arn))
    for model in environment.selected_models:
        written.append((model.origins, f"{shown(model.key)}.", "kms_key_arn", model.kms_key_arn or ""))
    for origins, label, name, arn in written:
        prefix, _, rest = arn.partition(":")
        other = rest.partition(":")[0]
        if prefix == "arn" and other != own:
            message = f"{label}{name}: an ARN of {shown(other)}, and {environment.region} is in {own}"
            yield at(origins.of(name), message, f"it begins with arn:{own}:")


def _arns(environment: Environment) -> Iterator[tuple[str, str]]:
    yield "kms_key_arn", environment.kms_key_arn
    yield "log_kms_key_arn", environment.log_kms_key_arn
    yield "alarm_topic_arn", environment.alarm_topic_arn
    yield "role_arn", environment.role_arn
    yield "execution_role_arn", environment.execution_role_arn
    yield "service_role_arn", environment.service_role_arn


def impossible_topic(environment: Environment) -> Iterator[Problem]:
    """A topic that tells nobody, one person twice, or lives in another region than the alarms."""
    emails, arn = environment.alarm_emails, environment.alarm_topic_arn
    written, place = environment.origins.keys, environment.origins.of("alarm_topic.emails")
    if emails == () and "alarm_topic.emails" in written and "alarm_topic.emails.0" not in written:
        yield at(place, "alarm_topic.emails: nobody is named", "name somebody, or use alarm_topic_arn")
    for twice in sorted(each for each, count in Counter(map(str.lower, emails or ())).items() if count > 1):
        yield at(place, f"alarm_topic.emails: {shown(twice)} is named twice")
    if len(emails or ()) > MOST_EMAILS:
        message = f"alarm_topic.emails: {len(emails or ())} people are named, and at most {MOST_EMAILS} can be"
        yield at(place, message, "name a mailing list, or use alarm_topic_arn")
    region = arn.split(":")[3] if arn else environment.region
    if region != environment.region:
        message = f"alarm_topic_arn: the topic is in {shown(region)}, and alarms reach one of {environment.region} only"
        yield at(environment.origins.of("alarm_topic_arn"), message)


def _key(model: SelectedModel, entry: CatalogEntry) -> Iterator[Problem]:
    """A key that was chosen for this model, and would encrypt nothing."""
    chosen = model.instance_type or entry.instance_type
    if model.kms_key_arn and own_disks(chosen):
        message = f"{shown(model.key)}.kms_key_arn: {chosen} keeps its data on disks of its own, which no key encrypts"
        yield at(
            model.origins.of("kms_key_arn"),
            message,
            "remove it: their hardware encrypts them, and SageMaker takes none",
        )


def _bounds(model: SelectedModel, entry: CatalogEntry, scaling: Autoscaling) -> Iterator[Problem]:
    label, places = f"{shown(model.key)}.autoscaling", _written(model, entry)
    low, high = scaling.min_capacity, scaling.max_capacity
    count = model.instance_count or entry.instance_count
    if scaling.target_value <= 0:
        yield at(places.of("autoscaling.target_value"), f"{label}.target_value: must be a number above 0")
    if low > high:
        message = f"{label}: min_capacity {low} is more than max_capacity {high}"
        yield at(places.of("autoscaling.min_capacity"), message)
    elif not low <= count <= high:
        own = model.instance_count is not None
        place = model.origins.of("instance_count") if own else places.of("autoscaling")
        said = "instance_count" if own else f"the instance_count of {entry.selector}"
        message = f"{shown(model.key)}: {said} is {count}, and autoscaling moves between {low} and {high}"
        yield at(place, message, f"start with {low} to {high} instances, or change the bounds")
    chosen = model.instance_type or entry.instance_type
    if chosen.startswith(_UNSCALED):
        message = f"{label}: SageMaker does not scale {chosen}"
        yield at(places.of("autoscaling"), message, "choose an instance type of another family, or leave it out")


def _schedule(model: SelectedModel, places: Origins, scaling: Autoscaling) -> Iterator[Problem]:
    names: set[str] = set()
    for number, each in enumerate(scaling.schedule):
        label, key = f"{shown(model.key)}.autoscaling.schedule[{number}]", f"autoscaling.schedule.{number}"
        place = places.keys.get(key) or places.of("autoscaling")
        if each.min_capacity > each.max_capacity:
            message = f"{label}: min_capacity {each.min_capacity} is more than max_capacity {each.max_capacity}"
            yield at(places.keys.get(f"{key}.min_capacity", place), message)
        wrong = fault(each.cron) if each.cron else ""  # one that is no text is a problem already
        if wrong:
            upper = each.cron.upper()
            near = f"did you mean {upper}?" if upper != each.cron and not fault(upper) else ""
            yield at(places.keys.get(f"{key}.cron", place), f"{label}.cron: {wrong}", near)
        if each.timezone not in TIMEZONES:
            message = f"{label}.timezone: there is no time zone {shown(each.timezone)}"
            near = did_you_mean(each.timezone, sorted(TIMEZONES))
            yield at(places.keys.get(f"{key}.timezone", place), message, near)
        if each.name in names:
            message = f"{label}: another moment is called {shown(each.name)} already"
            yield at(places.keys.get(f"{key}.name", place), message)
        names.add(each.name)


def _written(model: SelectedModel, entry: CatalogEntry) -> Origins:
    """Where autoscaling is written: the environment's replaces all of the catalog's."""
    return entry.origins if model.autoscaling is None else model.origins
