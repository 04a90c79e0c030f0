"""A past for an endpoint in a few numbers: its age, its calls, its loads and its cost, spelled out as seeds.

`POST /_esmcfn/seed {"endpoints": [{"region", "name", "until": "2026-11-21T09:00:00Z", "age_days": 45, "calls_per_hour":
12, "from_hour": 8, "to_hour": 18, "latency_ms": 250, "cpu_percent": 4, "memory_percent": 10, "gpu_percent": 12,
"gpu_memory_percent": 15, "usd_per_day": 36.36}]}`: every whole day (UTC) before `until` is alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from esmcfn.sandbox.refusal import Refusal
from esmcfn.sandbox.sagemaker.model import Endpoint
from esmcfn.sandbox.state import Json

if TYPE_CHECKING:
    from esmcfn.sandbox.world import World

AGE_DAYS = 45
"""How old an endpoint becomes where nothing is said: older than the fourteen days that an audit looks at."""

MOST = {
    "age_days": 90.0,
    "calls_per_hour": 1e6,
    "from_hour": 23.0,
    "to_hour": 24.0,
    "latency_ms": 1e6,
    "cpu_percent": 10_000.0,
    "memory_percent": 100.0,
    "gpu_percent": 1_600.0,
    "gpu_memory_percent": 1_600.0,
    "usd_per_day": 1e6,
}
"""What may be said, and the most of it; CPUs and GPUs count each as 100 percent."""

LOADS = {
    "cpu_percent": "CPUUtilization",
    "memory_percent": "MemoryUtilization",
    "gpu_percent": "GPUUtilization",
    "gpu_memory_percent": "GPUMemoryUtilization",
}
"""https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html"""


def remember(world: World, body: Mapping[str, Json]) -> Mapping[str, int]:
    """Add seeds, those of endpoints spelled out, and let the endpoints be as old as is said.

    Raises:
        Refusal: one is not as it should be, or there is no such endpoint; then nothing is added.
    """
    others = {key: value for key, value in body.items() if key != "endpoints"}
    pasts = [_Past(world, asked) for asked in body.get("endpoints", ())]
    metrics = [*others.pop("metrics", ()), *(each for past in pasts for each in past.metrics())]
    costs = [*others.pop("costs", ()), *(each for past in pasts for each in past.costs())]
    told = world.seeds.add({**others, "metrics": metrics, "costs": costs})
    for past in pasts:
        past.endpoint.created_at = min(past.endpoint.created_at, past.begin.timestamp())
        world.sagemaker.save(past.region)
    return {**told, "endpoints": len(pasts)}


class _Past:
    """One endpoint's past, checked."""

    def __init__(self, world: World, asked: Json) -> None:
        self.region = str(asked["region"])
        self.endpoint: Endpoint = world.sagemaker.endpoint(self.region, str(asked["name"]))
        now = datetime.fromtimestamp(world.clock.now(), UTC)
        until = datetime.fromisoformat(asked["until"]) if "until" in asked else now
        if until.tzinfo is None:
            raise Refusal("BadSeed", f"{asked['until']!r} has no time zone: write 2026-11-01T09:00:00Z")
        self.said = {name: _number(name, value) for name, value in asked.items() if name not in _WHOSE}
        self.days = int(self.said.get("age_days", AGE_DAYS))
        self.begin = until - timedelta(days=self.days)
        today = until.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        self.dates = [today - timedelta(days=ago) for ago in range(self.days, 0, -1)]

    def metrics(self) -> Iterator[Json]:
        """Calls by the hour, and the highest load of each day, of each variant."""
        calls, latency = self.said.get("calls_per_hour", 0.0), self.said.get("latency_ms")
        hours = range(int(self.said.get("from_hour", 0)), int(self.said.get("to_hour", 24)))
        if not hours:
            raise Refusal("BadSeed", "to_hour comes after from_hour: both are hours of one day, in UTC")
        for variant in self.endpoint.variants:
            for at in (day + timedelta(hours=hour) for day in self.dates for hour in hours):
                if calls:
                    yield self._value(variant.name, "Invocations", at, calls)
                if calls and latency is not None:
                    yield self._value(variant.name, "ModelLatency", at, latency * 1000, "Microseconds")
            for said, name in LOADS.items():
                for at in self.dates if said in self.said else ():
                    moment = at + timedelta(hours=hours[0])
                    yield self._value(variant.name, name, moment, self.said[said], "Percent")

    def _value(self, variant: str, name: str, at: datetime, value: float, unit: str = "None") -> Json:
        return {
            "region": self.region,
            "namespace": "/aws/sagemaker/Endpoints" if name in LOADS.values() else "AWS/SageMaker",
            "name": name,
            "dimensions": {"EndpointName": self.endpoint.name, "VariantName": variant},
            "at": at.isoformat(),
            "value": value,
            "unit": unit,
        }

    def costs(self) -> Iterator[Json]:
        """What each day was billed, under the endpoint's own tags."""
        if "usd_per_day" not in self.said:
            return
        usage_type = f"Host:{self.endpoint.variants[0].instance_type}"
        usd = f"{self.said['usd_per_day']:.6f}"
        for day in self.dates:
            yield {"date": f"{day:%Y-%m-%d}", "usd": usd, "usage_type": usage_type, "tags": dict(self.endpoint.tags)}


_WHOSE = ("region", "name", "until")


def _number(name: str, value: Json) -> float:
    if name not in MOST:
        raise Refusal("UnknownSeed", f"an endpoint has no {name}; it has: {', '.join(MOST)}")
    number = float(value)
    if not 0 <= number <= MOST[name]:
        raise Refusal("BadSeed", f"{name} is between 0 and {MOST[name]:.0f}, not {value!r}")
    return number
