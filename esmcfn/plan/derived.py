"""What a reviewer was shown besides the stacks, against what it comes to now: cost, findings, quotas, outputs, verdict.

The plan_id is no signature: whoever can change a plan's file can compute another one. So everything that follows from
the checkout and from AWS is worked out again, and whatever does not come to what the file says refuses the plan.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

Document = Mapping[str, Any]
"""A plan's document, see docs/json.md."""

MOST = 5
"""Values of one part that a refusal names."""

_PARTS = ("server_side", "summary", "outputs")
_PLACES = frozenset({"file", "line", "column"})
"""Where something is written: lines may move, what they say may not."""

_PRICE = frozenset({"usd_per_hour", "price_source", "price_as_of"})
_COUNTS_DAYS = "ESMCFN-WAIVER-EXPIRING"
"""Says in how many days a waiver ends, so it says something else at midnight; the waiver itself is compared."""


def otherwise(reviewed: Document, now: Document) -> tuple[str, ...]:
    """What does not come to what was reviewed, one sentence each; empty where all does.

    Args:
        reviewed, now: two documents of plans, whose stacks are compared elsewhere.
    """
    then, today = reviewed.get("tool_version"), now["tool_version"]
    if then != today:
        return (f"esmcfn {then} made it, and this is esmcfn {today}, which may judge and price otherwise",)
    return tuple(_otherwise(reviewed, now))


def _otherwise(then: Document, now: Document) -> Iterator[str]:
    for part in _PARTS:
        yield from _part(part, then.get(part), now[part])
    yield from _drift(then, now)
    yield from _findings(then, now)
    yield from _cost(then.get("cost"), now["cost"])
    yield from _headroom(then.get("headroom"), now["headroom"])
    yield from _part("verdict", then.get("verdict"), now["verdict"])


def _part(name: str, then: object, now: object) -> Iterator[str]:
    """Every value that is otherwise, the first few in words."""
    found = list(_values(name, then, now))
    yield from found[:MOST]
    if len(found) > MOST:
        yield f"{name}: {len(found) - MOST} more values are otherwise than reviewed"


def _values(path: str, then: object, now: object) -> Iterator[str]:
    if isinstance(then, Mapping) and isinstance(now, Mapping):
        for key in sorted({*then, *now} - _PLACES):
            yield from _values(f"{path}.{key}", then.get(key), now.get(key))
    elif isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        for number, (one, other) in enumerate(zip(then, now, strict=True)):
            yield from _values(f"{path}[{number}]", one, other)
    elif then != now:
        yield f"{path}: it is {_shown(now)} now, and {_shown(then)} was reviewed"


def _shown(value: object) -> str:
    said = value if isinstance(value, str) else json.dumps(value)
    return said if len(said) <= 80 else f"{said[:77]}..."


def _drift(then: Document, now: Document) -> Iterator[str]:
    """All stacks together; stacks whose drift went back meanwhile may come to something else."""
    before, after = ([stack.get("drift") for stack in document["stacks"]] for document in (then, now))
    if before == after:
        yield from _part("drift", then.get("drift"), now["drift"])


def _findings(then: Document, now: Document) -> Iterator[str]:
    before, strange = _listed(then.get("findings"))
    old, new = Counter(map(_judged, _lasting(before))), Counter(map(_judged, _lasting(now["findings"])))
    found = [f"{_named(each)}: nobody reviewed this finding" for each in (new - old).elements()]
    found += [f"{_named(each)}: this finding was reviewed, and is gone or otherwise now" for each in old - new]
    found += [f"findings: {each} is none, and was reviewed" for each in strange]
    yield from found[:MOST]
    if len(found) > MOST:
        yield f"findings: {len(found) - MOST} more are otherwise than reviewed"
    if not found:
        yield from _part("policy", then.get("policy"), _counts_of(before, now))


def _listed(part: object) -> tuple[list[Mapping[str, Any]], list[str]]:
    """The entries of a list, and, in words, what stands among them and is none: no esmcfn ever wrote that."""
    entries = part if isinstance(part, list) else []
    strange = [_shown(each) for each in entries if not isinstance(each, Mapping)]
    return [each for each in entries if isinstance(each, Mapping)], strange


def _counts_of(before: list[Mapping[str, Any]], now: Document) -> Mapping[str, Any]:
    """What the reviewed findings have to be counted as, where those that count days came or went since."""
    came = len(now["findings"]) - len(before)
    return {**now["policy"], "advisory": now["policy"]["advisory"] - came}


def _lasting(findings: list[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    return (each for each in findings if each.get("rule") != _COUNTS_DAYS)


def _judged(finding: Mapping[str, Any]) -> str:
    """A finding with its waiver, wherever they are written."""
    bare = {key: value for key, value in finding.items() if key not in _PLACES}
    if isinstance(bare.get("waiver"), Mapping):
        bare["waiver"] = {key: value for key, value in bare["waiver"].items() if key not in _PLACES}
    return json.dumps(bare, sort_keys=True)


def _named(judged: str) -> str:
    finding = json.loads(judged)
    where = "/".join(str(finding[key]) for key in ("stack", "logical_id") if finding.get(key))
    return f"{finding.get('rule')}{f' at {where}' if where else ''}"


def _cost(then: object, now: Document) -> Iterator[str]:
    """Where prices alone moved that is said, since everything else follows from them."""
    prices = list(_prices(then, now))
    if prices:
        yield "the price book has other prices than were reviewed: " + "; ".join(prices[:MOST])
    else:
        yield from _part("cost", then, now)


def _prices(then: object, now: Document) -> Iterator[str]:
    """Every price that moved; nothing where something else than a price did, too."""
    items = then.get("items") if isinstance(then, Mapping) else None
    if not isinstance(items, list) or len(items) != len(now["items"]):
        return
    for old, new in zip(items, now["items"], strict=True):
        if not isinstance(old, Mapping) or any(old.get(key) != new[key] for key in ("instance_type", "variant")):
            return
        if any(old.get(key) != new[key] for key in _PRICE):
            yield (
                f"{new['instance_type']} is {new['usd_per_hour']} USD an hour now ({new['price_as_of']}), "
                f"and {old.get('usd_per_hour')} ({old.get('price_as_of')}) was reviewed"
            )


def _headroom(then: object, now: list[Mapping[str, Any]]) -> Iterator[str]:
    """What it needs, and whether that fits; quotas and what others use may move as long as it fits as it did."""
    listed, strange = _listed(then)
    before = {str(each.get("instance_type") or ""): each for each in listed}
    if strange or len(before) != len(listed):
        yield f"headroom: {'; '.join(strange) or 'a type that is named twice'} was reviewed, and is none now"
    after = {each["instance_type"] or "": each for each in now}
    for kind in [*after, *(kind for kind in before if kind not in after)]:
        name = f"headroom of {kind or 'all types together'}"
        if kind not in before or kind not in after:
            yield f"{name}: {'nobody reviewed it' if kind in after else 'it was reviewed, and is not asked for now'}"
            continue
        old, new = before[kind], after[kind]
        loose = new["fits"] and new["fits_after"]
        known = ("why_unknown",) if new["fits"] is not None and old.get("fits") is not None else ()
        for key in ("peak", "after", "fits", "fits_after", *known, *(() if loose else ("limit", "in_use_elsewhere"))):
            if old.get(key) != new[key] and not (key.startswith("fits") and new[key] and old.get(key) is None):
                yield from _values(f"{name}: {key}", old.get(key), new[key])
