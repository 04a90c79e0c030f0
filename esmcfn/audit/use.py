"""What one variant was used for, from what CloudWatch says of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time, timedelta

from esmcfn.domain.audit import Metric, Readings, Series, VariantId, VariantUse, Window
from esmcfn.reference.gpus import gpus

QUESTIONS = tuple(Metric)
"""Every metric that a variant is asked about."""

_NOTHING = Series()


def window(now: datetime, days: int) -> Window:
    """The last whole days in UTC before today."""
    today = datetime.combine(now.astimezone(UTC).date(), time(), tzinfo=UTC)
    return Window(start=today - timedelta(days=days), days=days)


def used(endpoint: str, variant: str, instance_type: str, readings: Readings, window: Window) -> VariantUse:
    """How a variant was used.

    A plain endpoint publishes no Invocations while nobody calls. So a day counts as one without calls only where the
    instances reported their load on it; a day without any report is unknown.

    Args:
        instance_type: empty where it is unknown; then nobody can say what a hundred percent of its GPUs is.
    """

    def series(metric: Metric) -> Series:
        return readings.get((VariantId(endpoint, variant), metric), _NOTHING)

    calls = _by_day(series(Metric.INVOCATIONS), window)
    reported = {day for metric in QUESTIONS for day in _by_day(series(metric), window)}
    by_day = tuple(round(calls[day]) if day in calls else 0 if day in reported else None for day in range(window.days))
    known = [count for count in by_day if count is not None]
    per_gpu = gpus(instance_type) or None
    return VariantUse(
        name=variant,
        calls=sum(known) if known else None,
        calls_by_day=by_day,
        latency_ms=_latency_ms(_by_day(series(Metric.LATENCY), window), calls),
        gpu_percent=_share(series(Metric.GPU), per_gpu),
        gpu_memory_percent=_share(series(Metric.GPU_MEMORY), per_gpu),
        memory_percent=_most(series(Metric.MEMORY).points.values()),
        reported_days=len(reported),
    )


def _by_day(series: Series, window: Window) -> dict[int, float]:
    """Day of the window to the sum of its values."""
    sums: dict[int, float] = {}
    for moment, value in series.points.items():
        day = (moment - window.start).days
        if 0 <= day < window.days:
            sums[day] = sums.get(day, 0.0) + value
    return sums


def _most(values: Iterable[float]) -> float | None:
    return max(values, default=None)


def _share(series: Series, count: int | None) -> float | None:
    """CloudWatch counts each GPU up to 100."""
    most = _most(series.points.values())
    return None if most is None or count is None else most / count


def _latency_ms(microseconds: Mapping[int, float], calls: Mapping[int, float]) -> float | None:
    """Milliseconds of a call on average: each day counts by its calls."""
    days = [day for day in microseconds if calls.get(day)]
    total = sum(calls[day] for day in days)
    return sum(microseconds[day] * calls[day] for day in days) / total / 1000 if total else None
