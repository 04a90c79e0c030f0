"""A plan that was reviewed against what it would be now: every difference, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from esmcfn.domain.drift import State

_LOST = {"overwritten", "unclear", "fails"}
"""What becomes of drift that a reviewer must have seen, see docs/json.md."""

_SUMS = ("state", "resources", "checked", "by_cloudformation")
"""What a stack's drift comes to, which follows from what was found in it."""

Stack = Mapping[str, Any]
"""A stack of a plan's document, see docs/json.md."""

_SETTINGS = (
    ("model", "it is of model {now} now, and {then} was reviewed"),
    ("action", "it would be {now} now, and {then} was reviewed"),
    ("template_digest", "the checkout builds {now}, and {then} was reviewed"),
    ("last_updated_at", "the stack was changed at {now}, after it was reviewed (then: {then})"),
    ("stack_id", "it is another stack now: {now}, and {then} was reviewed"),
    ("termination_protection", "termination protection would be switched to {now}, and {then} was reviewed"),
    ("notes", "its notes are {now} now, and {then} were reviewed"),
    ("delete_first", "delete_first is {now}, and {then} was reviewed"),
)


def differences(reviewed: Sequence[Stack], now: Sequence[Stack]) -> tuple[str, ...]:
    """What is not as it was reviewed, one sentence each; empty where all is.

    Args:
        reviewed, now: the stacks of two documents of plans.
    """
    then, today = ({stack["name"]: stack for stack in stacks} for stacks in (reviewed, now))
    found = [f"{name}: nobody reviewed it" for name in today if name not in then]
    found += [f"{name}: it was reviewed and is not there any more" for name in then if name not in today]
    for name in then:
        if name in today:
            found.extend(f"{name}: {said}" for said in _of_stack(then[name], today[name]))
    return tuple(found)


def _of_stack(then: Stack, now: Stack) -> Iterator[str]:
    if now["action"] == "unchanged" != then["action"] and now["template_digest"] == then["template_digest"]:
        yield "what was reviewed is deployed already"
        return
    for key, said in _SETTINGS:
        if then.get(key) != now.get(key):
            yield said.format(then=then.get(key), now=now.get(key))
    changes_then, changes_now = ({change["logical_id"]: change for change in stack["changes"]} for stack in (then, now))
    for logical_id in sorted({*changes_then, *changes_now}):
        old, new = changes_then.get(logical_id), changes_now.get(logical_id)
        if old is None:
            yield f"{logical_id}: nobody reviewed this change"
        elif new is None:
            yield f"{logical_id}: a change that was reviewed is gone"
        elif _bare(old) != _bare(new):
            yield f"{logical_id}: it changes otherwise than reviewed"
    yield from _overwritten(then, now)
    yield from _unseen(then, now)
    yield from _summed_up(then, now)


def _summed_up(then: Stack, now: Stack) -> Iterator[str]:
    """What the reviewer was told of the drift as a whole, where nothing of it went, came or moved since."""
    before, after = then.get("drift"), now.get("drift")
    if not before or not after or before["why_not_checked"] or before["found"] != after["found"]:
        return
    for key in _SUMS:
        if before.get(key) != after.get(key):
            yield f"the {key} of its drift is {after.get(key)} now, and {before.get(key)} was reviewed"


def _unseen(then: Stack, now: Stack) -> Iterator[str]:
    """What was compared for the review and cannot be now: nobody knows what would be overwritten."""
    before, after = then.get("drift"), now.get("drift")
    if not before or not after or before["why_not_checked"]:
        return
    said = "compared when it was reviewed, and cannot be now"
    if after["why_not_checked"]:
        yield f"what runs was {said}: {after['why_not_checked']}"
        return
    known = {found["logical_id"]: found for found in before["found"]}
    for found in after["found"]:
        if found["why_not_checked"] and _saw_more(known.get(found["logical_id"]), found):
            yield f"{found['logical_id']}: it was {said}: {found['why_not_checked']}"


def _saw_more(then: Mapping[str, Any] | None, now: Mapping[str, Any]) -> bool:
    """Did the review see more of a resource than can be seen of it now? One that it does not name was in sync."""
    if then is None or not then["why_not_checked"]:
        return True
    if then["unasked"] and not now["unasked"]:
        return True
    return bool(then["properties"]) and now["state"] == State.NOT_CHECKED


def _overwritten(then: Stack, now: Stack) -> Iterator[str]:
    """What would be lost now, and nobody knew of; what is in sync meanwhile refuses nothing."""
    known = dict(_lost(then))
    for place, value in _lost(now):
        if place not in known:
            yield f"{place}: it drifted since the review, and would be overwritten: it is {value} now"
        elif known[place] != value:
            yield f"{place}: it is {value} now, was {known[place]} when it was reviewed, and would be overwritten"


def _lost(stack: Stack) -> Iterator[tuple[str, Any]]:
    """Resource and property to the value that would be overwritten."""
    for found in (stack.get("drift") or {}).get("found", ()):
        for each in found["properties"]:
            if each["fate"] in _LOST:
                yield f"{found['logical_id']}.{each['path']}", each["now"]
        if not found["properties"] and found["fate"] in _LOST:
            yield str(found["logical_id"]), found["state"]


def _bare(change: Stack) -> object:
    """What a change does, without the line of YAML behind it: lines may move, what is built may not."""
    return {
        **{key: value for key, value in change.items() if key != "properties"},
        "properties": [
            {key: value for key, value in each.items() if key not in {"file", "line"}} for each in change["properties"]
        ],
    }
