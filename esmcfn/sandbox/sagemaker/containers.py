"""What the containers of endpoints write: a log group an endpoint, a stream an instance.

A container that starts writes; one that never gets a host writes nothing, and then there is no log group. The lines are
known when a fleet is launched and appear when their moment has come.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from esmcfn.sandbox.sagemaker.model import Variant
from esmcfn.sandbox.state import Store

PREFIX = "/aws/sagemaker/Endpoints/"
"""https://docs.aws.amazon.com/sagemaker/latest/dg/logging-cloudwatch.html"""

BEGIN = (
    (0.40, "INFO:     Started server process [7]"),
    (0.42, "INFO:     Waiting for application startup."),
    (0.45, "Loading the weights of {model} to cuda:0"),
)
GOOD = (
    (0.90, "Loaded {model}"),
    (0.92, "INFO:     Application startup complete."),
    (0.93, "INFO:     Uvicorn running on http://0.0.0.0:8080 (Press CTRL+C to quit)"),
    (0.95, 'INFO:     169.254.178.2:39362 - "GET /ping HTTP/1.1" 200 OK'),
)
BAD = (
    (0.60, "ERROR:    Traceback (most recent call last):"),
    (0.60, '  File "/opt/program/serve.py", line 41, in load'),
    (0.60, '    return model.to("cuda:0")'),
    (
        0.60,
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.32 GiB. GPU 0 has a total capacity of "
        "22.06 GiB of which 1.17 GiB is free. Process 7 has 20.88 GiB memory in use.",
    ),
    (0.61, "ERROR:    Application startup failed. Exiting."),
)
"""When a container writes a line, as a share of the time that its endpoint takes; the lines are made up."""


@dataclass(slots=True, kw_only=True)
class Line:
    """One line of a container; `at` in engine seconds."""

    at: float
    text: str


@dataclass(slots=True, kw_only=True)
class Stream:
    """What one instance's container writes, oldest first."""

    name: str
    lines: list[Line] = field(default_factory=list)

    def until(self, now: float) -> list[Line]:
        """Return the lines that are written by now."""
        return [line for line in self.lines if line.at <= now]


@dataclass(slots=True, kw_only=True)
class Group:
    """An endpoint's log group; it outlives the endpoint."""

    name: str
    streams: dict[str, Stream] = field(default_factory=dict)

    def begun(self, now: float) -> bool:
        """Whether a container has written anything by now."""
        return any(line.at <= now for stream in self.streams.values() for line in stream.lines)

    def until(self, now: float) -> dict[str, list[Line]]:
        """Return the streams that exist by now, with their lines."""
        written = {name: stream.until(now) for name, stream in self.streams.items()}
        return {name: lines for name, lines in written.items() if lines}


@dataclass(slots=True, kw_only=True)
class Region:
    """The log groups of a region's endpoints, by name."""

    groups: dict[str, Group] = field(default_factory=dict)


class Containers:
    """The containers' logs of every region."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.regions = dict(store.all("containers", Region))

    def groups(self, region: str) -> dict[str, Group]:
        """Return a region's log groups by name."""
        return self.regions.setdefault(region, Region()).groups

    def launch(
        self, region: str, endpoint: str, variants: Iterable[Variant], *, at: float, seconds: float, healthy: bool
    ) -> None:
        """Start containers on every instance of some variants; they serve or fail after so many engine seconds."""
        for variant in variants:
            self.launch_some(region, endpoint, variant, range(variant.count), at=at, seconds=seconds, healthy=healthy)

    def launch_some(
        self,
        region: str,
        endpoint: str,
        variant: Variant,
        numbers: Iterable[int],
        *,
        at: float,
        seconds: float,
        healthy: bool = True,
    ) -> None:
        """Start containers on the instances of a variant that have these numbers."""
        for number in numbers:
            group = self._group(region, endpoint)
            name = f"{variant.name}/{_instance_id(region, endpoint, variant.name, at, number)}"
            lines = list(_lines(variant.model_name, at, seconds, healthy=healthy))
            group.streams[name] = Stream(name=name, lines=lines)
        self._save(region)

    def write(self, region: str, endpoint: str, variant: str, text: str, *, at: float) -> None:
        """Let a variant's newest container write something."""
        group = self._group(region, endpoint)
        streams = [stream for name, stream in group.streams.items() if name.startswith(f"{variant}/")]
        if streams:
            streams[-1].lines.extend(Line(at=at, text=line) for line in text.splitlines())
            self._save(region)

    def forget(self, region: str, name: str) -> None:
        """Somebody deleted a log group."""
        if self.groups(region).pop(name, None) is not None:
            self._save(region)

    def _group(self, region: str, endpoint: str) -> Group:
        name = PREFIX + endpoint
        return self.groups(region).setdefault(name, Group(name=name))

    def _save(self, region: str) -> None:
        self._store.put("containers", region, self.regions[region])


def _lines(model: str, at: float, seconds: float, *, healthy: bool) -> Iterator[Line]:
    for share, text in (*BEGIN, *(GOOD if healthy else BAD)):
        yield Line(at=at + share * seconds, text=text.format(model=model) if "{" in text else text)


def _instance_id(*parts: object) -> str:
    return "i-0" + hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()[:16]
