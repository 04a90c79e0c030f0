"""What a deployment would do to what drifted, for people."""

from __future__ import annotations

from collections.abc import Iterator

from esmcfn.domain.drift import State
from esmcfn.domain.overwriting import WORST_FIRST, DriftedProperty, DriftedResource, Fate, PlannedDrift
from esmcfn.domain.plan import Plan, StackPlan
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
        news = f"of what drifted, {counted(lost, 'value') if lost else 'nothing'} goes back"
        stays = sum(_stays(found) for drift in drifts for found in drift.found)
        news += f" and {counted(stays, 'value')} may stay: see the next steps" if stays else ""
    return "; ".join([*_fails(plan), news, looked])


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
    for found in stack.drift.found:
        yield f"- drift {code(found.logical_id or found.name)}: {safe(_resource(found))}"
        for each in found.properties:
            yield f"  - {code(each.path)}: {safe(_property(each, reverts=reverts))}"


def _lines(drift: PlannedDrift, *, reverts: bool) -> Iterator[str]:
    if drift.why:
        yield f"? drift not checked: {drift.why}"
    for found in sorted(drift.found, key=_order):
        mark = "?" if found.state is State.NOT_CHECKED else "!"
        yield f"{mark} drift  {' '.join(filter(None, (found.logical_id, found.name)))}: {_resource(found)}"
        yield from (f"      {each.path}: {_property(each, reverts=reverts)}" for each in found.properties)


def _resource(found: DriftedResource) -> str:
    said = [str(found.state)]
    if found.state is State.MISSING and found.fate:
        said.append(_MISSING.get(found.fate, WILL[found.fate]))
    elif found.fate and not found.properties:
        said.append(WILL[found.fate])
    if found.why:
        said.append(found.why if found.state is State.NOT_CHECKED else f"not checked: {found.why}")
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
