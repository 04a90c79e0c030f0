"""What a deployment would do to what drifted, for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from esmcfn.domain.drift import State
from esmcfn.domain.overwriting import WORST_FIRST, DriftedProperty, DriftedResource, Fate, PlannedDrift
from esmcfn.domain.plan import Plan, StackPlan
from esmcfn.domain.review import SeenDrifted
from esmcfn.render.escape import code, safe
from esmcfn.render.words import counted, shortened

WILL = {
    Fate.FAILS: "this fails: it is to be changed, and it is gone",
    Fate.OVERWRITTEN: "will be overwritten",
    Fate.UNCLEAR: "may be overwritten",
    Fate.KEPT: "stays as it is",
    Fate.ADOPTED: "is what the files ask for",
}
"""What becomes of something that drifted, in words."""

GOES_BACK = "goes back"
"""In place of "overwritten", where that is what was asked for."""

UNASKED = "CloudFormation's own detection was not asked (plan --drift)"
"""Why a plan that is made in seconds did not compare all of it, and what does."""

REASONS = 2
"""Different reasons for which resources of one stack were not checked; JSON has all of them."""

_MISSING = {Fate.OVERWRITTEN: "comes back", Fate.KEPT: "stays gone", Fate.ADOPTED: "is to go anyway"}


def line(plan: Plan) -> str:
    """One line for the whole plan; empty where nobody looked."""
    drifts = plan.drifts
    if not drifts:
        return ""
    checked, resources = sum(each.checked for each in drifts), sum(each.resources for each in drifts)
    looked = f"{checked} of {counted(resources, 'resource')} of {counted(len(drifts), 'stack')} checked"
    if all(each.state is State.IN_SYNC for each in drifts):
        what = "nothing" if all(each.native for each in drifts) else "nothing of what changes"
        return f"{what} has drifted; {looked}"
    lost = sum(each.overwritten for each in drifts)
    news = f"a deploy would overwrite {counted(lost, 'value') if lost else 'nothing'} that drifted"
    if plan.reverts:
        news = f"of what drifted, {counted(lost, 'value') if lost else 'nothing'} {'go' if lost > 1 else 'goes'} back"
        stays = sum(_stays(found) for drift in drifts for found in drift.found)
        news += f" and {counted(stays, 'value')} may stay: see the next steps" if stays else ""
    return "; ".join([*_fails(plan), news, looked])


def unseen(plan: Plan) -> str:
    """What stays was not looked at, and what looks; empty where there is no such stack."""
    count = len(plan.unseen)
    if not count:
        return ""
    stacks = "1 stack that stays as it is was" if count == 1 else f"{count} stacks that stay as they are were"
    look = f": {plan.to_look} does that" if plan.to_look else ""
    return f"{stacks} not compared with what runs{look}"


def _stays(found: DriftedResource) -> int:
    """How much of it CloudFormation does not put back, or not for sure."""
    open_ends = {Fate.KEPT, Fate.UNCLEAR}
    if found.properties:
        return sum(each.fate in open_ends for each in found.properties)
    return int(found.fate in open_ends)


def _fails(plan: Plan) -> Iterator[str]:
    gone = [found.name for drift in plan.drifts for found in drift.found if found.fate is Fate.FAILS]
    if gone:
        yield f"a deploy would fail: {', '.join(gone)} is to be changed, and is gone"


def losses(plan: Plan) -> Iterator[str]:
    """What a deployment would lose of what somebody changed by hand, a line each; nothing where it is to go back."""
    if plan.reverts:
        return
    for stack in plan.stacks:
        for found in stack.drift.found if stack.drift else ():
            place = f"{stack.name}/{found.logical_id}" if found.logical_id else stack.name
            if found.fate is Fate.FAILS:
                yield f"{place}: {WILL[Fate.FAILS]}"
            for each in found.properties:
                if each.fate in {Fate.OVERWRITTEN, Fate.UNCLEAR}:
                    yield f"{place}: {each.path}: {_property(each, reverts=False)}"


def text(stack: StackPlan, *, reverts: bool) -> Iterator[str]:
    """Below the changes of a stack.

    Args:
        reverts: the plan is to put back what drifted.
    """
    if stack.drift is None:
        return
    for said in _lines(stack.drift, reverts=reverts):
        yield f"    {said}"


def markdown(stack: StackPlan, *, reverts: bool) -> Iterator[str]:
    """As items of the list of changes; see `text`."""
    if stack.drift is None:
        return
    if stack.drift.why:
        yield f"- drift not checked: {safe(stack.drift.why)}"
    if unseen := unchecked([(each.logical_id or each.name, reason(each)) for each in stack.drift.unseen]):
        yield f"- drift {safe(unseen)}"
    for found in _seen(stack.drift):
        yield f"- drift {code(found.logical_id or found.name)}: {safe(_resource(found))}"
        for each in found.properties:
            yield f"  - {code(each.path)}: {safe(_property(each, reverts=reverts))}"


def _lines(drift: PlannedDrift, *, reverts: bool) -> Iterator[str]:
    if drift.why:
        yield f"? drift not checked: {drift.why}"
    if unseen := unchecked([(each.logical_id or each.name, reason(each)) for each in drift.unseen]):
        yield f"? drift  {unseen}"
    for found in sorted(_seen(drift), key=_order):
        yield f"! drift  {' '.join(filter(None, (found.logical_id, found.name)))}: {_resource(found)}"
        yield from (f"      {each.path}: {_property(each, reverts=reverts)}" for each in found.properties)


def _seen(drift: PlannedDrift) -> list[DriftedResource]:
    return [each for each in drift.found if each.state is not State.NOT_CHECKED]


def reason(found: DriftedResource | SeenDrifted) -> str:
    """Why it was not compared in full; the same words for all that only an option would have compared."""
    why = found.why if isinstance(found, DriftedResource) else found.why_not_checked
    return UNASKED if found.unasked else why or "nobody says why"


def unchecked(found: Sequence[tuple[str, str]]) -> str:
    """What nobody compared of one stack, on one line; empty where there is nothing.

    Args:
        found: each resource with its reason.
    """
    together: dict[str, list[str]] = {}
    for name, why in found:
        together.setdefault(why, []).append(name)
    most = sorted(together.items(), key=lambda each: len(each[1]), reverse=True)
    said = [f"{_who(names)} not checked: {why}" for why, names in most[:REASONS]]
    more = sum(len(names) for _, names in most[REASONS:])
    return "; ".join([*said, *([f"{counted(more, 'more resource')} not checked for other reasons"] if more else [])])


def _who(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else counted(len(names), "resource")


def _resource(found: DriftedResource) -> str:
    said = [str(found.state)]
    if found.state is State.MISSING and found.fate:
        said.append(_MISSING.get(found.fate, WILL[found.fate]))
    elif found.fate and not found.properties:
        said.append(WILL[found.fate])
    if found.why:
        said.append(f"not checked: {reason(found)}")
    if found.next_step:
        said.append(f"next: {found.next_step}")
    return "; ".join(said)


def _property(each: DriftedProperty, *, reverts: bool) -> str:
    values = f"now {shortened(each.now)}, deployed {shortened(each.deployed)}"
    if reverts and each.fate is Fate.OVERWRITTEN and each.planned == each.deployed:
        return f"{values}: {GOES_BACK}"
    planned = "" if each.fate in {Fate.KEPT, Fate.ADOPTED} else f", would be {shortened(each.planned)}"
    return f"{values}{planned}: {WILL[each.fate]}"


def _order(found: DriftedResource) -> tuple[int, str]:
    return (WORST_FIRST.index(found.fate) if found.fate else len(WORST_FIRST), found.logical_id)
