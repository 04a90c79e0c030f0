"""What catalog and environment together prove wrong. Offers, prices and limits are for policy to judge."""

from __future__ import annotations

from collections.abc import Iterator

from esmcfn.domain.origin import Origin
from esmcfn.domain.project import SANDBOX, CatalogEntry, Environment, Project, SelectedModel
from esmcfn.errors import Problem, did_you_mean, shown
from esmcfn.reference import partitions
from esmcfn.reference.instance_types import HOSTING
from esmcfn.reference.marketplace import ACCOUNTS, transferred
from esmcfn.selection.budget import impossible_notice
from esmcfn.selection.complaint import at
from esmcfn.selection.hosting import foreign_keys, foreign_partitions, impossible_hosting, impossible_topic
from esmcfn.selection.names import REGION, impossible_names, meeting_names
from esmcfn.selection.tags import impossible_tags

PLACEHOLDER = "-EXAMPLE"
"""Ending of an ARN that holds the place of one that is not known yet."""

MAX_NAMED = 8
"""Values that a suggestion lists; more are no help."""


def contradictions(project: Project) -> Iterator[Problem]:
    """Everything wrong with a project whose files are right by themselves."""
    yield from impossible_names(project)
    yield from meeting_names(project)
    yield from impossible_tags(project.environment)
    yield from _foreign_roles(project.environment)
    yield from impossible_topic(project.environment)
    yield from foreign_keys(project.environment)
    yield from foreign_partitions(project.environment)
    yield from impossible_notice(project.environment)
    for model in project.environment.selected_models:
        entry = project.catalog.entries.get(model.selector)
        if entry:
            yield from _instance_type(model, entry)
            yield from _package(project.environment, model, entry)
            yield from impossible_hosting(model, entry)
        elif model.selector not in project.catalog.unreadable:
            yield _unknown_selector(project, model)


def _unknown_selector(project: Project, model: SelectedModel) -> Problem:
    catalog = project.catalog
    offered = sorted(catalog.entries.keys() | catalog.unreadable)
    near = did_you_mean(model.selector, offered) or _one_of(offered, f"{shown(catalog.path)} offers")
    place = model.origins.of("selector")
    return at(place, f"{shown(model.key)}: {shown(catalog.path)} has no model {shown(model.selector)}", near)


def _instance_type(model: SelectedModel, entry: CatalogEntry) -> Iterator[Problem]:
    """The catalog's list decides; without one, any type that SageMaker is known to host on."""
    chosen = model.instance_type or entry.instance_type
    place = (model.origins if model.instance_type else entry.origins).of("instance_type")
    supported = entry.supported_instance_types
    if supported and chosen not in supported:
        near = did_you_mean(chosen, supported) or _one_of(supported, "choose")
        message = f"{shown(model.key)}: {chosen} is not among the supported_instance_types of {entry.selector}"
        yield at(place, message, near)
    elif not supported and chosen not in HOSTING:
        near = did_you_mean(chosen, sorted(HOSTING))
        new = f"if it is new, list it under supported_instance_types of {entry.selector}"
        message = f"{shown(model.key)}: SageMaker is not known to host on {chosen}"
        yield at(place, message, "; ".join(filter(None, (near, new))))


def _package(environment: Environment, model: SelectedModel, entry: CatalogEntry) -> Iterator[Problem]:
    region = environment.region
    if entry.container or not REGION.fullmatch(region):
        return
    written = entry.origins.of("model_package")
    package = entry.packages.get(region)
    if package is None:
        yield from _package_elsewhere(environment, entry, written)
    elif package.endswith(PLACEHOLDER):
        yield at(
            model.origins.of("selector"),
            f"{shown(model.key)}: the model package of {model.selector} is a placeholder",
            f"write the ARN that your subscription shows into {written.path}:{written.line}",
        )


def _package_elsewhere(environment: Environment, entry: CatalogEntry, written: Origin) -> Iterator[Problem]:
    """The entry has no package in the environment's region."""
    region, regions = environment.region, ", ".join(map(shown, sorted(entry.packages))) or "no region"
    partition = partitions.partition(region).name
    of_marketplace = any(_account(arn) in ACCOUNTS.values() for arn in entry.packages.values())
    if of_marketplace and partition != "aws":
        message = f"{entry.selector} is a package of AWS Marketplace, which the partition {partition} lacks"
        yield at(environment.origins.of("region"), message, "choose a container, or another region")
        return
    moved = filter(None, (transferred(arn, region) for _, arn in sorted(entry.packages.items())))
    known = next(moved, None)
    if known and not known.endswith(PLACEHOLDER):
        suggestion = f"make model_package a mapping and add {region}: {known} (unverified)"
    else:
        suggestion = f"make model_package a mapping and add the ARN that the subscription shows for {region}"
    if region not in partitions.REGIONS:
        near = did_you_mean(region, entry.packages) or did_you_mean(region, partitions.REGIONS)
        suggestion = " if not, ".join(filter(None, (near, suggestion)))
    message = f"{entry.selector}: the model package is of {regions}, but {environment.name} is in {region}"
    yield at(written, message, suggestion)


def _foreign_roles(environment: Environment) -> Iterator[Problem]:
    """A role of another account can neither be passed to SageMaker nor lead to this one."""
    named = {
        "role_arn": environment.role_arn,
        "execution_role_arn": environment.execution_role_arn,
        "service_role_arn": environment.service_role_arn,
        "execution_role.permissions_boundary": environment.execution_role.permissions_boundary,
    }
    for field, arn in named.items():
        owner = _account(arn)
        if arn and environment.account not in (SANDBOX, "") and owner not in (environment.account, "aws"):
            message = f"{field}: {arn} is of the account {owner}, the environment is in {environment.account}"
            yield at(environment.origins.of(field), message)


def _account(arn: str) -> str:
    parts = arn.split(":")
    return parts[4] if len(parts) > 4 else ""


def _one_of(values: tuple[str, ...] | list[str], verb: str) -> str:
    more = f" or {len(values) - MAX_NAMED} more" if len(values) > MAX_NAMED else ""
    return f"{verb} {', '.join(map(shown, values[:MAX_NAMED]))}{more}" if values else ""
