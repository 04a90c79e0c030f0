"""Sentences and figures that text and markdown share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal

from esmcfn.domain.cost import Cost, CostItem, CostPart
from esmcfn.domain.deployed import STUCK
from esmcfn.domain.finding import Finding, Level
from esmcfn.domain.plan import Action, Change, Headroom, Impact, Plan, StackAction, Verdict
from esmcfn.domain.report import Checked
from esmcfn.domain.waiver import Waiver

SYMBOLS = {Action.ADD: "+", Action.MODIFY: "~", Action.REPLACE: "±", Action.DELETE: "-"}

STACK_SYMBOLS = {
    StackAction.CREATE: "+",
    StackAction.UPDATE: "~",
    StackAction.DELETE: "-",
    StackAction.UNCHANGED: "=",
}

WORST_FIRST = (
    Impact.DELETES,
    Impact.REPLACES,
    Impact.UNKNOWN,
    Impact.BLUE_GREEN,
    Impact.IN_PLACE,
)
"""Impacts that callers may feel, in the order in which a reviewer wants to read them."""

VALUE_LENGTH = 90
"""Characters of a property's value in a report for people; JSON has all of it."""


def dollars(amount: Decimal | None, *, signed: bool = False) -> str:
    """An amount as people read it, to the cent, half up; a word where it is unknown."""
    if amount is None:
        return "unknown"
    cents = amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
    return f"{cents:+,}" if signed else f"{cents:,}"


def counted(count: int, noun: str) -> str:
    """ "1 stack", "2 stacks"."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def duration(seconds: float) -> str:
    """ "3.2 s", "4 min 05 s", "2 h 10 min"."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def spell(seconds: float) -> str:
    """A length of time in its two largest units: "3 d 4 h", "12 min 5 s"."""
    left, parts = max(0, int(seconds)), []
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"


def headroom(plan: Plan) -> Iterator[str]:
    """What the quotas do not hold while this is deployed, or nobody knows whether they do; nothing where they do."""
    yield from rooms(plan.headroom, delete_first=plan.delete_first)


def rooms(found: Iterable[Headroom], *, delete_first: bool) -> Iterator[str]:
    """The same of single quotas."""
    for room in found:
        what = room.instance_type or "all instance types together"
        used = "an unknown number" if room.in_use is None else str(room.in_use)
        need = f"{room.peak} instances at the peak beside {used} of other endpoints"
        if room.fits is False and room.fits_after is not False and not delete_first:
            yield f"{what}: {need}, the quota is {room.limit}: old and new do not fit beside each other; {DELETE_FIRST}"
        elif room.fits is False and room.fits_after is False:
            yield f"{what}: {need}, {room.after} in the end, the quota is {room.limit}: raise it before you deploy"
        elif room.fits is None:
            yield f"{what}: whether the quota holds {need} is unknown: {room.why}"


DELETE_FIRST = (
    "raise the quota, or --delete-first deletes the old before the new comes, with 10 to 25 minutes without answers"
)


def summary(plan: Plan) -> str:
    """What happens to how many resources, in one line."""
    counts = plan.summary
    stay = sum(change.retained for stack in plan.stacks for change in stack.changes)
    stays = f" ({stay} of them {'stays' if stay == 1 else 'stay'} in AWS)" if stay else ""
    said = ", ".join(f"{counts[action]} to {action}{stays * (action is Action.DELETE)}" for action in Action)
    return f"{said}, {counts['unchanged']} unchanged"


def felt(plan: Plan) -> Iterator[tuple[Impact, str, str]]:
    """Impact, model or stack, and meaning of every change that a caller may feel, the worst first."""
    changes = [(stack.model or stack.name, change) for stack in plan.stacks for change in stack.changes]
    for impact in WORST_FIRST:
        for who, change in changes:
            if change.impact is impact:
                yield impact, who, f"{change.logical_id}: {change.meaning}"
        if impact is Impact.UNKNOWN:
            yield from ((impact, stack.model or stack.name, STUCK) for stack in plan.stacks if stack.stuck)


def cost_line(cost: Cost) -> str:
    """Before, after, difference, and how a month was counted; of a narrowed run what it is about, and then all."""
    money = _money(cost, cost)
    if cost.narrowed:
        money = f"{some(cost.narrowed.models)}: {_money(cost.narrowed, cost)}; the whole environment: {money}"
    only = ", infrastructure only" if cost.infrastructure_only else ""
    return f"{money}{only}; {by_which(cost)}, {cost.hours_per_month} hours a month"


def by_which(cost: Cost) -> str:
    """By which prices a sum was made."""
    agreed = any(item.price and item.price.agreed for item in (*cost.items, *cost.before_items))
    return "list price less your discounts" if agreed else "list price"


def _money(part: Cost | CostPart, cost: Cost) -> str:
    """Before, after and difference of all of a cost, or of a part of it."""
    after = dollars(part.after_monthly)
    if part.before_monthly == part.after_monthly and part.after_monthly is not None and _alike(part, cost):
        return f"{after} {cost.currency} a month, as deployed"
    if part.before_monthly is None:
        why = "what is deployed costs an unknown amount" if cost.before_items else "not compared with what is deployed"
        return f"{after} {cost.currency} a month ({why})"
    delta = dollars(part.delta_monthly, signed=True) if part.delta_monthly is not None else "unknown"
    return f"{dollars(part.before_monthly)} -> {after} {cost.currency} a month ({delta})"


def _alike(part: Cost | CostPart, cost: Cost) -> bool:
    """Is what is wanted what is deployed? Equal sums of other instances are no reason to say so."""
    models = part.models if isinstance(part, CostPart) else None
    wanted, deployed = (
        sorted(
            (each.model, each.instance_type, each.min_count, each.expected_count, each.max_count)
            for each in (item.hosted for item in side)
            if models is None or each.model in models
        )
        for side in (cost.items, cost.before_items)
    )
    return wanted == deployed


def items(cost: Cost) -> tuple[CostItem, ...]:
    """What a table lists: all, or what a narrowed run is about."""
    if cost.narrowed is None:
        return cost.items
    return tuple(item for item in cost.items if item.hosted.model in cost.narrowed.models)


def sources(cost: Cost) -> list[str]:
    """Where the prices of what is wanted were read, and when."""
    return sorted({f"{item.price.source}, {item.price.as_of or 'of no day'}" for item in cost.items if item.price})


OVER_BUDGET = (
    "the budget forbids deploying this: select less, park what nobody calls (esmcfn park), or have "
    "policies/waivers.yaml waive BUDGET"
)
"""What being above a hard budget means, and the ways on."""

UNJUDGED = (
    "a hard budget forbids deploying what nobody can price: give the price in policies/prices.yaml (esmcfn prices "
    "refresh asks AWS for it), choose a type whose price is known, or have policies/waivers.yaml waive BUDGET"
)
"""What a cost that nobody knows means under a hard budget, and the ways on."""


def forbidden(verdict: Verdict) -> str:
    """Why the budget stops a run, and the ways on."""
    return UNJUDGED if verdict.unjudged else OVER_BUDGET


def some(names: Sequence[str], most: int = 3) -> str:
    """Names for a sentence, which ten of them would drown."""
    return f"{', '.join(names[:most])}{_more(len(names) - most)}"


def judged_alone(body: Checked) -> str:
    """What alone was judged, where that is not all that the environment builds; otherwise empty."""
    if body.given:
        return f"only {some(body.given)}, in place of what is built"
    return f"only {some(body.narrowed)}" if body.narrowed else ""


def beside(cost: Cost) -> Iterator[str]:
    """What stands beside the sums: the surge of an update, and what parking saves."""
    if cost.updating:
        yield surge(cost.updating, cost.surge_usd_per_hour, cost.currency)
    if reach := _reach(cost):
        yield reach
    if cost.parked:
        idle = [item.hosted.model for item in cost.parked]
        yield (f"parked: {some(idle)}, which saves {dollars(cost.parked_monthly)} {cost.currency} a month")


def surge(updating: Sequence[str], usd_per_hour: Decimal | None, currency: str) -> str:
    """What an update costs on top, for as long as it lasts."""
    return (
        f"while {some(updating)} {'is' if len(updating) == 1 else 'are'} updated, old and new instances run "
        f"side by side: {dollars(usd_per_hour)} {currency} an hour on top"
    )


def _reach(cost: Cost) -> str:
    """Between which sums autoscaling moves what is expected; empty where nothing is scaled."""
    if all(each.hosted.least == each.hosted.most for each in cost.items):
        return ""
    low, high = [each.min_monthly for each in cost.items], [each.max_monthly for each in cost.items]
    least, most = (None if None in found else sum(filter(None, found), Decimal(0)) for found in (low, high))
    return f"autoscaling moves it between {dollars(least)} and {dollars(most)} {cost.currency} a month"


def _more(count: int) -> str:
    return f" and {count} more" if count > 0 else ""


def policy_line(findings: tuple[Finding, ...]) -> str:
    """What the rules came to."""
    if not findings:
        return "no findings"
    blocking = sum(finding.blocks for finding in findings)
    waived = sum(finding.waived_by is not None for finding in findings)
    advisory = sum(finding.level is Level.ADVISORY and not finding.waived_by for finding in findings)
    blocks = "1 finding blocks" if blocking == 1 else f"{blocking} findings block"
    parts = [blocks if blocking else "passes"]
    if advisory:
        parts.append(f"{advisory} advisory")
    if waived:
        parts.append(f"{waived} waived")
    return ", ".join(parts)


def signed(waiver: Waiver) -> str:
    """Who allowed it, where, and for how long."""
    return f"{waiver.ticket}, approved by {waiver.approver}, until {waiver.expires}"


def place(finding: Finding) -> str:
    """file:line:column, as editors and terminals link it."""
    origin = finding.origin
    return f"{origin.path}:{origin.line}:{origin.column}" if origin else "(no line)"


def shortened(value: str | None) -> str:
    """A property's value on one line; a word where there is none."""
    if value is None:
        return "(none)"
    line = " ".join(value.split())
    return line if len(line) <= VALUE_LENGTH else line[: VALUE_LENGTH - 1] + "…"


def resource(change: Change) -> str:
    """What a change is about: logical id, type, and its name, or its id where esmcfn did not name it."""
    known = change.name or change.physical_id
    aside = "  (stays in AWS)" if change.retained else "  (there from before)" if change.taken_over else ""
    return f"{change.logical_id}  {change.resource_type}" + (f"  {known}" if known else "") + aside
