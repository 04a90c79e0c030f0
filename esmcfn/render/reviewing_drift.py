"""The part of a comment that is about what runs: what somebody changed by hand, and what the quotas hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from msgspec.structs import replace

from esmcfn.domain.drift import State
from esmcfn.domain.overwriting import WORST_FIRST, Fate
from esmcfn.domain.review import Planned, SeenDrifted, SeenDriftedProperty
from esmcfn.render import words
from esmcfn.render.escape import code, safe
from esmcfn.render.overwriting import GOES_BACK, WILL, reason, unchecked
from esmcfn.render.reviewing import SENTENCE_LENGTH, Line, Terse, short

LOUD = (Fate.FAILS, Fate.OVERWRITTEN, Fate.UNCLEAR)
"""What a reviewer must know before it is deployed."""

PROPERTIES = 5
"""Properties of one resource that a warning names; the details have all."""


def cell(plan: Planned) -> str:
    """The table's: how many resources drifted among what changes, and how many nobody could compare."""
    drifts = [stack.drift for stack in plan.stacks if stack.drift]
    if not drifts:
        return "not looked at"
    found = [each for drift in drifts for each in drift.found]
    drifted = sum(each.fate is not None for each in found)
    unseen = sum(each.state is State.NOT_CHECKED for each in found) + sum(bool(each.why_not_checked) for each in drifts)
    said = [f"**{drifted} drifted**"] if drifted else []
    said += [f"{unseen} not checked"] if unseen else []
    return ", ".join(said) or "in sync"


def warnings(plans: Sequence[Planned], terse: Terse) -> list[str]:
    """What a deployment would put something else in the place of, or fail at; the worst first.

    Of a plan that reverts also what goes back, as was asked for, and what stays in spite of that.
    """
    found = [
        (WORST_FIRST.index(each.fate), plan.environment, stack.name, plan.revert_drift, each)
        for plan in plans
        for stack in plan.stacks
        if stack.drift
        for resource in stack.drift.found
        for each in _by_fate(resource)
        if each.fate in LOUD or (plan.revert_drift and each.fate is Fate.KEPT)
    ]
    said: list[str] = []
    for (number, environment), group in groupby(sorted(found, key=lambda each: each[:3]), key=lambda each: each[:2]):
        named = [(_name(stack, each), each, reverts) for _, _, stack, reverts, each in group]
        where, reverts = code(short(environment)), named[0][2]
        fate = GOES_BACK if reverts and WORST_FIRST[number] is Fate.OVERWRITTEN else WILL[WORST_FIRST[number]]
        if terse is Terse.GROUPED:
            said.append(f"{where} {fate}: {', '.join(name for name, _, _ in named)}")
        elif terse is Terse.NO:
            said += [f"{where} {name} {fate}{_few(each)}" for name, each, _ in named]
        else:
            said += [f"{where} {name} {fate}" for name, _, _ in named]
    reverting = [code(short(plan.environment)) for plan in plans if plan.revert_drift]
    told = f"{', '.join(reverting)}: this plan puts back what drifted (`--revert-drift`)"
    return [told, *said] if reverting else said


def _by_fate(drifted: SeenDrifted) -> list[SeenDrifted]:
    """One for each thing that becomes of its properties: what stays must not be said to go with the rest."""
    fates = dict.fromkeys(each.fate for each in drifted.properties)
    if not fates:
        return [drifted] if drifted.fate else []
    return [
        replace(drifted, fate=fate, properties=tuple(each for each in drifted.properties if each.fate is fate))
        for fate in fates
    ]


def quotas(plans: Sequence[Planned]) -> list[str]:
    """What the account's quotas do not hold, or nobody knows whether they do."""
    return [
        f"{code(short(plan.environment))} {safe(short(line, SENTENCE_LENGTH))}"
        for plan in plans
        for line in words.rooms((each.room for each in plan.headroom), delete_first=plan.delete_first)
    ]


def lines(plan: Planned) -> Iterator[Line]:
    """The details: every drifted resource of what changes, its properties, and what nobody could compare."""
    for stack in plan.stacks:
        if stack.drift is None:
            continue
        under = f"{short(stack.name)} {stack.action}"
        if stack.drift.why_not_checked:
            why = safe(short(stack.drift.why_not_checked, SENTENCE_LENGTH))
            yield Line(2, "notes of drift", under, f"drift not checked: {why}")
        unseen = [each for each in stack.drift.found if each.state is State.NOT_CHECKED]
        if said := unchecked([(short(each.logical_id or each.name), reason(each)) for each in unseen]):
            yield Line(2, "notes of drift", under, f"drift {safe(short(said, SENTENCE_LENGTH))}")
        for each in (seen for seen in stack.drift.found if seen.state is not State.NOT_CHECKED):
            yield Line(1 if each.fate in LOUD else 2, "drifted resources", under, f"drift {_resource(each)}")
            for seen in each.properties:
                yield Line(4, "drifted properties", under, _property(seen), deep=True)


def _name(stack: str, drifted: SeenDrifted) -> str:
    return code(f"{short(stack)}/{short(drifted.logical_id)}" if drifted.logical_id else short(stack))


def _few(drifted: SeenDrifted) -> str:
    if not drifted.properties:
        return ""
    shown = "; ".join(_values(each) for each in drifted.properties[:PROPERTIES])
    more = len(drifted.properties) - PROPERTIES
    return f": {shown}{f' and {more} more properties' if more > 0 else ''}"


def _resource(drifted: SeenDrifted) -> str:
    said = [str(drifted.state)]
    said += [WILL[drifted.fate]] if drifted.fate and not drifted.properties else []
    said += [f"not checked: {reason(drifted)}"] if drifted.why_not_checked else []
    said += [f"next: {drifted.next_step}"] if drifted.next_step else []
    name = code(short(drifted.logical_id or drifted.name))
    return f"{name} {code(short(drifted.resource_type))}: {safe(short('; '.join(said), SENTENCE_LENGTH))}"


def _property(seen: SeenDriftedProperty) -> str:
    return f"{_values(seen)}: {WILL[seen.fate]}"


def _values(seen: SeenDriftedProperty) -> str:
    values = [f"now {_value(seen.now)}", f"deployed {_value(seen.deployed)}"]
    values += [] if seen.fate in {Fate.KEPT, Fate.ADOPTED} else [f"would be {_value(seen.planned)}"]
    return f"{code(short(seen.path))}: {', '.join(values)}"


def _value(value: str | None) -> str:
    return code(words.shortened(None if value is None else value[: 4 * words.VALUE_LENGTH]))
