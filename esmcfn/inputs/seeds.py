"""The file of `esmcfn sandbox seed`: a past for each endpoint of the sandbox, in a few numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from esmcfn.domain.origin import Origin
from esmcfn.errors import InputError, Problem, did_you_mean, shown
from esmcfn.inputs import files
from esmcfn.inputs.document import Document
from esmcfn.inputs.field import Field, Kind
from esmcfn.inputs.judge import fitting
from esmcfn.inputs.memory import Memory
from esmcfn.inputs.values import Values

ENDPOINTS = "endpoints"


def _whole(must: str, about: str, least: int, most: int) -> Field:
    return Field(kind=Kind.WHOLE, must=must, about=about, least=least, most=most)


def _number(must: str, about: str, most: int) -> Field:
    return Field(kind=(Kind.DECIMAL, Kind.WHOLE), must=must, about=about, least=0, most=most)


PAST = Field(
    kind=Kind.MAPPING,
    must="a mapping such as {calls_per_hour: 12, cpu_percent: 4}",
    fields={
        "age_days": _whole("a whole number from 1 to 90", "Days since it was made.", 1, 90),
        "calls_per_hour": _number("a number from 0 to 1000000", "Calls in each hour from from_hour on.", 1_000_000),
        "from_hour": _whole("an hour of the day from 0 to 23", "When calls begin, UTC.", 0, 23),
        "to_hour": _whole("an hour of the day from 1 to 24", "When calls end, UTC.", 1, 24),
        "latency_ms": _number("milliseconds from 0 to 1000000", "What the container takes for a call.", 1_000_000),
        "cpu_percent": _number("a number from 0 to 10000", "Busiest minute of a day; each CPU is 100.", 10_000),
        "memory_percent": _number("a number from 0 to 100", "Busiest minute of a day.", 100),
        "gpu_percent": _number("a number from 0 to 1600", "Busiest minute of a day; each GPU is 100.", 1_600),
        "gpu_memory_percent": _number("a number from 0 to 1600", "Busiest minute of a day; each GPU is 100.", 1_600),
        "usd_per_day": _number("US dollars from 0 to 1000000", "What each day was billed.", 1_000_000),
    },
)

SEEDS = Field(
    kind=Kind.MAPPING,
    must="a mapping",
    fields={
        ENDPOINTS: Field(
            kind=Kind.MAPPING,
            must="a mapping of endpoints to their past",
            about="By the name of the endpoint, or of its stack.",
            required=True,
            keys=Field(must="the name of an endpoint or of its stack", pattern=r"[A-Za-z0-9-]+", longest=128),
            each=PAST,
        )
    },
)


class Hosted(Struct, frozen=True, kw_only=True):
    """An endpoint that there is.

    Attributes:
        stack: whose it is; empty where no stack made it.
    """

    name: str
    region: str
    stack: str


def seeds(path: Path, there: tuple[Hosted, ...]) -> tuple[Mapping[str, object], ...]:
    """The past of each endpoint in a file, as the sandbox takes it.

    Raises:
        InputError: the file is wrong, or names what is not there.
    """
    document = files.document(path.parent, path.name, Memory(None))
    problems = list(document.problems)
    found: list[Mapping[str, object]] = []
    if document.top is not None:
        given = Values.of(fitting(document, SEEDS, problems).get(ENDPOINTS))
        for key, past in given.fields.items():
            values = Values.of(past)
            problems.extend(_hours(document, key, values))
            named = [each for each in there if key in (each.name, each.stack)]
            problems.extend(_unnamed(document.place((ENDPOINTS, key)), key, named, there))
            numbers = {name: float(value) for name in values.fields if (value := values.decimal(name)) is not None}
            found += [{**numbers, "name": each.name, "region": each.region} for each in named]
    if problems:
        raise InputError(tuple(problems), next_step="correct the lines named above; nothing was seeded")
    return tuple(found)


def _hours(document: Document, key: str, values: Values) -> Iterator[Problem]:
    begin, end = values.whole("from_hour") or 0, values.whole("to_hour") or 24
    if begin >= end:
        named = "to_hour" if "to_hour" in values else "from_hour"
        message = f"{ENDPOINTS}.{key}: to_hour ({end}) must come after from_hour ({begin}): both are hours of one day"
        yield document.problem((ENDPOINTS, key, named), message)


def _unnamed(place: Origin, key: str, named: list[Hosted], there: tuple[Hosted, ...]) -> Iterator[Problem]:
    """That a key names no endpoint, or more than one."""
    if len(named) == 1:
        return
    words = sorted({word for each in there for word in (each.name, each.stack) if word})
    if named:
        regions = " and ".join(sorted(each.region for each in named))
        message, hint = f"{key} has an endpoint in {regions}", f"write {' or '.join(each.name for each in named)}"
    elif there:
        message = f"the sandbox has no endpoint {shown(key)}, and no stack of that name has one"
        hint = did_you_mean(key, words) or f"there are: {', '.join(words)}"
    else:
        message, hint = "nothing is deployed in the sandbox yet", "esmcfn deploy ENVIRONMENT, and then seed"
    yield Problem(place.path, place.line, place.column, f"{ENDPOINTS}: {message}", hint)
