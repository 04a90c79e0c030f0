"""How long schedules hold which bounds, in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from esmcfn.domain.cost import Held, HostedVariant, Span, Timetable, some
from esmcfn.reference.moments import REFERENCE_YEAR

MOST = 4
"""Bounds that one sentence names; a schedule rarely has more than two."""


def hours_notes(after: Sequence[HostedVariant], before: Sequence[HostedVariant]) -> Iterator[str]:
    """Yield which hours were assumed, once for all models that share them; of what is deployed what differs."""
    wanted = _said(after)
    for text, models in wanted.items():
        yield f"{some(models)}: {text}"
    for text, models in _said(before).items():
        others = [model for model in models if model not in wanted.get(text, ())]
        if others:
            yield f"deployed: {some(others)}: {text}"


def _said(variants: Iterable[HostedVariant]) -> dict[str, list[str]]:
    """What is to be said, to the models of which it is."""
    found: dict[str, list[str]] = {}
    for variant in variants:
        for text in _sentences(variant.timetable) if variant.timetable else ():
            models = found.setdefault(text, [])
            if variant.model not in models:
                models.append(variant.model)
    return found


def _sentences(timetable: Timetable) -> Iterator[str]:
    if len(timetable.held) == 1:
        yield f"its schedule holds {_counts(timetable.held[0])} at every hour"
    elif timetable.held:
        whole = f"the {_hours(timetable.minutes)} hours of " + (
            "a week" if timetable.span is Span.WEEK else f"a year such as {REFERENCE_YEAR}"
        )
        shown = [_held(each) for each in timetable.held[:MOST]]
        if len(timetable.held) > MOST:
            shown.append(f"other bounds for {_hours(sum(each.minutes for each in timetable.held[MOST:]))}")
        clocks = f"clock{'' if len(timetable.timezones) == 1 else 's'} of {' and '.join(timetable.timezones)}"
        yield f"its schedule holds {', '.join(shown)} of {whole}, by the {clocks}"
    else:
        yield (
            f"the hours of its schedule are not reckoned, since {timetable.why_not}: min and max are those of the "
            "quietest and the busiest moment all month long, expected the count all month long"
        )
    if timetable.left_out and timetable.held:
        yield f"what its schedule does once ({some(timetable.left_out)}) is not in the sums"


def _held(each: Held) -> str:
    return f"{_counts(each)} for {_hours(each.minutes)}"


def _counts(each: Held) -> str:
    low, high = each.min_count, each.max_count
    counts = f"{low} to {high}" if low != high else str(low)
    return f"{counts} instance{'' if counts == '1' else 's'}"


def _hours(minutes: int) -> str:
    """Hours with two decimals at most."""
    hours = f"{minutes / 60:,.2f}"
    return hours.rstrip("0").rstrip(".")
