"""catalogs/*.yaml -> Catalog."""

from __future__ import annotations

from collections.abc import Mapping

from esmcfn.domain.project import Catalog, CatalogEntry, Container
from esmcfn.errors import Problem, shown
from esmcfn.inputs import schema
from esmcfn.inputs.document import Document
from esmcfn.inputs.hosting import alarms, autoscaling
from esmcfn.inputs.judge import fitting
from esmcfn.inputs.path import Path, labelled
from esmcfn.inputs.values import Values, origins


def catalog(document: Document, problems: list[Problem], *, selectors: frozenset[str]) -> Catalog:
    """The models that may be deployed, as far as they could be read.

    Args:
        selectors: what the environment selects; a catalog that is no YAML at all knows none of them unknown.
    """
    problems.extend(document.problems)
    if document.top is None:
        return Catalog(path=document.path, entries={}, unreadable=selectors)
    models = Values(fitting(document, schema.CATALOG, problems)).mapping("models")
    entries = {
        selector: entry
        for selector, found in models.items()
        if (entry := _entry(document, selector, Values.of(found), problems))
    }
    written = document.top.get("models")
    named = frozenset(written) if isinstance(written, dict) else selectors
    return Catalog(path=document.path, entries=entries, unreadable=frozenset(named - entries.keys()))


def _entry(document: Document, selector: str, values: Values, problems: list[Problem]) -> CatalogEntry | None:
    """The entry, None where something that it cannot do without is wrong."""
    path: Path = ("models", selector)
    packages = _packages(document, (*path, "model_package"), values, problems)
    container = _container(values)
    needed = ("sagemaker_model_name", "forge_model_name", "endpoint_name", "instance_type", "instance_count")
    if not all(name in values for name in needed) or not (packages or container):
        return None
    return CatalogEntry(
        selector=selector,
        sagemaker_model_name=values.text("sagemaker_model_name"),
        forge_model_name=values.text("forge_model_name"),
        endpoint_name=values.text("endpoint_name"),
        packages={} if container else packages,
        container=container,
        instance_type=values.text("instance_type"),
        instance_count=values.whole("instance_count") or 1,
        autoscaling=autoscaling(values) or None,
        alarms=alarms(values) or None,
        supported_instance_types=values.texts("supported_instance_types"),
        software_usd_per_hour=values.decimal("software_usd_per_hour"),
        marketplace_product_id=values.text("marketplace_product_id"),
        description=values.text("description"),
        origins=origins(document, path),
    )


def _packages(document: Document, path: Path, values: Values, problems: list[Problem]) -> Mapping[str, str]:
    """Region to ARN; a single ARN is its own region's."""
    package = values.get("model_package")
    if isinstance(package, str):
        return {region_of(package): package}
    packages = {region: arn for region, arn in values.mapping("model_package").items() if isinstance(arn, str)}
    for region, arn in packages.items():
        if region_of(arn) not in (region, ""):
            message = f"{labelled((*path, region))}: the ARN is of {shown(region_of(arn))}"
            problems.append(document.problem((*path, region), message, f"write {region}'s own ARN"))
    return packages


def region_of(arn: str) -> str:
    """The region that an ARN names, empty where it is none."""
    parts = arn.split(":")
    return parts[3] if len(parts) > 3 else ""


def _container(values: Values) -> Container | None:
    container = Values.of(values.get("container"))
    if "image" not in container:
        return None
    return Container(
        image=container.text("image"),
        model_data=container.text("model_data"),
        environment=container.text_mapping("environment"),
    )
