"""What a selection runs by the hour: ModelStack -> HostedVariants."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from esmcfn.cost.timetable import scheduled
from esmcfn.domain.cost import HostedVariant
from esmcfn.domain.project import Catalog
from esmcfn.domain.stack import ModelStack, Selection

ZERO = Decimal(0)


def beside(selection: Selection) -> tuple[str, ...]:
    """What a selection makes AWS bill for besides instances, in words; the price book has no prices of it."""
    alarms = any(stack.alarms and stack.alarms.any and not stack.parked for stack in selection.whole)
    words = {
        "alarms": alarms,
        "logs": any(stack.log_retention_days for stack in selection.whole),
        "a KMS key": bool(selection.base and selection.base.alarm_topic),
    }
    return tuple(word for word, there in words.items() if there)


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
