"""What it costs, as a part of documents."""

from __future__ import annotations

from esmcfn.documents.figures import money
from esmcfn.documents.living import Document
from esmcfn.domain.cost import Cost, CostItem, CostPart, HostedVariant, Timetable
from esmcfn.domain.report import Refreshed


def cost(cost: Cost) -> Document:
    """An estimate, item by item."""
    return {
        "currency": cost.currency,
        "hours_per_month": cost.hours_per_month,
        "region": cost.region,
        "before_monthly": money(cost.before_monthly),
        "after_monthly": money(cost.after_monthly),
        "delta_monthly": money(cost.delta_monthly),
        "complete": cost.complete,
        "infrastructure_only": cost.infrastructure_only,
        "items": [_item(item) for item in cost.items],
        "parked_monthly": money(cost.parked_monthly),
        "parked": [_item(item) for item in cost.parked],
        "updating": list(cost.updating),
        "surge_usd_per_hour": money(cost.surge_usd_per_hour),
        "notes": list(cost.notes),
        "narrowed": _part(cost.narrowed) if cost.narrowed else None,
    }


def _part(part: CostPart) -> Document:
    return {
        "models": list(part.models),
        "before_monthly": money(part.before_monthly),
        "after_monthly": money(part.after_monthly),
        "delta_monthly": money(part.delta_monthly),
    }


def _item(item: CostItem) -> Document:
    hosted = item.hosted
    return {
        "stack": hosted.stack,
        "model": hosted.model,
        "variant": hosted.variant,
        "instance_type": hosted.instance_type,
        "min_count": hosted.min_count,
        "expected_count": hosted.expected_count,
        "max_count": hosted.max_count,
        "usd_per_hour": money(item.price.usd_per_hour) if item.price else None,
        "price_source": item.price.source if item.price else None,
        "price_as_of": item.price.as_of.isoformat() if item.price and item.price.as_of else None,
        "software_usd_per_hour": money(hosted.software_usd_per_hour),
        "infrastructure_monthly": money(item.infrastructure_monthly),
        "software_monthly": money(item.software_monthly),
        "min_monthly": money(item.min_monthly),
        "expected_monthly": money(item.expected_monthly),
        "max_monthly": money(item.max_monthly),
        "schedule": _schedule(hosted) if hosted.timetable else None,
    }


def _schedule(hosted: HostedVariant) -> Document:
    """How long a schedule holds which bounds."""
    table = hosted.timetable or Timetable()
    return {
        "span": table.span.value if table.held else None,
        "timezones": list(table.timezones),
        "held": [
            {
                "minutes": held.minutes,
                "min_count": held.min_count,
                "expected_count": hosted.expected_in(held),
                "max_count": held.max_count,
            }
            for held in table.held
        ],
        "why_not_reckoned": table.why_not or None,
        "left_out": list(table.left_out),
    }


def refreshed(refreshed: Refreshed) -> Document:
    """Which prices were read anew."""
    return {
        "environment": refreshed.environment,
        "file": refreshed.path,
        "prices": [
            {
                "region": each.after.region,
                "instance_type": each.after.instance_type,
                "before_usd_per_hour": money(each.before.usd_per_hour) if each.before else None,
                "usd_per_hour": money(each.after.usd_per_hour),
                "source": each.after.source,
                "as_of": each.after.as_of.isoformat() if each.after.as_of else None,
            }
            for each in refreshed.prices
        ],
    }
