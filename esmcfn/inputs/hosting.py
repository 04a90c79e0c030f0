"""How an endpoint is run, as catalogs and environments write it alike."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from esmcfn.domain.hosting import COOLDOWN_SECONDS, Alarms, Autoscaling, ScalingMetric, ScheduledScaling
from esmcfn.inputs.values import Values


def autoscaling(values: Values) -> Autoscaling | Literal[False] | None:
    """What stands under autoscaling: None where nothing does, or something that it cannot do without is wrong."""
    if values.truth("autoscaling") is False:
        return False
    inner = Values.of(values.get("autoscaling"))
    least, most, target = inner.whole("min_capacity"), inner.whole("max_capacity"), inner.decimal("target_value")
    if least is None or most is None or target is None:
        return None
    return Autoscaling(
        min_capacity=least,
        max_capacity=most,
        target_value=Decimal(target),
        metric=ScalingMetric(inner.text("metric", ScalingMetric.INVOCATIONS)),
        scale_in_cooldown=_seconds(inner, "scale_in_cooldown"),
        scale_out_cooldown=_seconds(inner, "scale_out_cooldown"),
        schedule=tuple(_scheduled(number, each) for number, each in enumerate(inner.inner("schedule"), start=1)),
    )


def alarms(values: Values) -> Alarms | Literal[False] | None:
    """What stands under alarms: None where nothing does."""
    if "alarms" not in values:
        return None
    if values.truth("alarms") is False:
        return False
    inner, usual = Values.of(values.get("alarms")), Alarms()
    return Alarms(
        invocation_5xx_errors=_threshold(inner, "invocation_5xx_errors", usual.invocation_5xx_errors),
        model_latency_p99_ms=_threshold(inner, "model_latency_p99_ms", usual.model_latency_p99_ms),
        disk_percent=_threshold(inner, "disk_percent", usual.disk_percent),
    )


def key_arn(values: Values, name: str) -> str | Literal[False] | None:
    """The key's ARN, False for none; None where nothing is written."""
    return False if values.truth(name) is False else values.text(name) or None


def days(values: Values, name: str) -> int | Literal[False] | None:
    """A number of days, False for none; None where nothing is written."""
    return False if values.truth(name) is False else values.whole(name)


def _threshold(values: Values, name: str, usual: int | None) -> int | None:
    """The number, None for false; the usual one where nothing is written."""
    return None if values.truth(name) is False else values.whole(name) or usual


def _scheduled(number: int, values: Values) -> ScheduledScaling:
    """One moment; where a bound is missing or wrong, which is a problem already, the other one stands for it."""
    least, most = values.whole("min_capacity"), values.whole("max_capacity")
    return ScheduledScaling(
        name=values.text("name") or f"schedule-{number}",
        cron=values.text("cron"),
        timezone=values.text("timezone", "UTC"),
        min_capacity=least or most or 1,
        max_capacity=most or least or 1,
    )


def _seconds(values: Values, name: str) -> int:
    found = values.whole(name)
    return COOLDOWN_SECONDS if found is None else found
