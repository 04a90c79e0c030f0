"""What a selection runs by the hour: ModelStack -> HostedVariants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from esmcfn.cost.timetable import scheduled
from esmcfn.domain.cost import HostedVariant
from esmcfn.domain.project import Catalog
from esmcfn.domain.stack import ModelStack, Selection

ZERO = Decimal(0)

_OWN_DISK = ("g4dn", "g5", "g6", "g7e", "p4d", "p5", "p6")
"""Families whose local disks stand in for a volume, so far as they are in the price book; a d after the number says the
same of the others.

https://docs.aws.amazon.com/sagemaker/latest/dg/host-instance-storage.html
"""


def beside(selection: Selection, runs: Iterable[HostedVariant] | None = None) -> tuple[str, ...]:
    """What a selection makes AWS bill for besides instances, in words; the price book has no prices of it.

    Args:
        runs: the instances; those that are wanted where nobody says what runs.
    """
    alarms = any(stack.alarms and stack.alarms.any and not stack.parked for stack in selection.whole)
    words = {
        "alarms": alarms,
        "logs": any(stack.log_retention_days for stack in selection.whole),
        "a KMS key": bool(selection.base and selection.base.alarm_topic),
        "a secret": bool(selection.base and selection.base.service_account),
    }
    wanted = (variant for stack in selection.whole for variant in hosted(stack))
    types = {each.instance_type for each in (wanted if runs is None else runs) if each.priceable}
    volumes = sorted(kind for kind in types if not _own_disk(kind))
    return (*(word for word, there in words.items() if there), *(f"the volumes of {kind}" for kind in volumes))


def _own_disk(instance_type: str) -> bool:
    """Does a type bring its disk along, so that SageMaker attaches no volume and bills for none?"""
    family = instance_type.removeprefix("ml.").partition(".")[0]
    return family.startswith(_OWN_DISK) or "d" in family.partition("-")[0].lstrip("abcdefghijklmnopqrstuvwxyz")


def hosted(stack: ModelStack) -> tuple[HostedVariant, ...]:
    """Return what a model stack wants to run by the hour: nothing while it is parked."""
    return () if stack.parked else unparked(stack)


def unparked(stack: ModelStack) -> tuple[HostedVariant, ...]:
    """Return what a model stack runs by the hour whenever it is not parked."""
    variant = stack.variant
    marketplace, scaling = stack.container is None, stack.autoscaling
    return (
        HostedVariant(
            stack=stack.name,
            model=stack.model,
            variant=variant.name,
            instance_type=variant.instance_type,
            min_count=scaling.least if scaling else variant.instance_count,
            expected_count=variant.instance_count,
            max_count=scaling.most if scaling else variant.instance_count,
            software_usd_per_hour=stack.software_usd_per_hour if marketplace else ZERO,
            marketplace=marketplace,
            timetable=scheduled(scaling) if scaling else None,
        ),
    )


def software_prices(catalog: Catalog) -> Mapping[str, Decimal | None]:
    """Return the seller's charge per instance and hour by model package ARN; None where nobody named it."""
    return {arn: entry.software_usd_per_hour for entry in catalog.entries.values() for arn in entry.packages.values()}
