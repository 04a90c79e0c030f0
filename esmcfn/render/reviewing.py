"""The parts of a comment on a pull request: rows, warnings, lines of the details. Every name is somebody's text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from enum import IntEnum
from itertools import groupby

from msgspec import Struct

from esmcfn.domain.finding import Level
from esmcfn.domain.plan import Action, StackAction
from esmcfn.domain.review import Planned, Seen, SeenChange, SeenCost, SeenFinding, SeenStack, Unplanned
from esmcfn.render import tags, words
from esmcfn.render.escape import code, flat, safe

NAME_LENGTH = 128
"""Characters of a name: that of a stack can be so long."""

SENTENCE_LENGTH = 400
"""Characters of a sentence."""

MOST_ON_A_LINE = 50
"""Names of resources, or tags, on one line: AWS allows 50 tags."""

ID_LENGTH = len("sha256:") + 12
"""Characters of a plan's id in the table; all of it stands in the marker and in the details."""


class Terse(IntEnum):
    """In how many words what must be said is said."""

    NO = 0
    BY_STACK = 1
    GROUPED = 2
    COUNTED = 3


class Line(Struct, frozen=True):
    """A line of the details.

    Attributes:
        severity: 0 is cut last.
        kind: what it is called when it is counted as cut.
        under: the stack, or the heading, that it stands under.
        stack: is that a stack?
        deep: does it belong to the line before?
    """

    severity: int
    kind: str
    under: str
    text: str
    stack: bool = True
    deep: bool = False


def short(text: str, length: int = NAME_LENGTH) -> str:
    """Text on one line, cut where it is longer."""
    line = flat(text[: 4 * length])
    return line if len(line) <= length else line[: length - 1] + "…"


def within(lines: Sequence[str], characters: int) -> list[str]:
    """As many of the lines as stay within so many bytes."""
    kept: list[str] = []
    for line in lines:
        characters -= len(line.encode()) + 4
        if characters < 0:
            break
        kept.append(line)
    return kept


def blocked(plan: Planned) -> bool:
    """Do policy or budget forbid it?"""
    return plan.verdict.blocked or any(finding.blocks for finding in plan.findings)


def rows(seen: Sequence[Seen], drift: Callable[[Planned], str]) -> Iterator[str]:
    """A row of the table an environment.

    Args:
        drift: what stands in its column of drift.
    """
    for each in seen:
        name = code(short(each.environment))
        if isinstance(each, Unplanned):
            yield f"| {name} | | | | | **no plan**: exit code {int(each.exit_code)} | | | |"
        else:
            figures = " | ".join(_figure(action, count) for action, count in counts(each).items())
            plan = code(each.plan_id[:ID_LENGTH])
            yield f"| {name} | {figures} | {_policy(each)} | {_money(each.cost)} | {drift(each)} | {plan} |"


def total(seen: Sequence[Seen]) -> str:
    """The last row."""
    plans = [each for each in seen if isinstance(each, Planned)]
    figures = " | ".join(_figure(action, sum(counts(plan)[action] for plan in plans)) for action in Action)
    deltas = [plan.cost.delta_monthly for plan in plans]
    known = [Decimal(delta) for delta in deltas if delta is not None]
    unknown = "" if len(known) == len(seen) else f", {len(seen) - len(known)} unknown"
    blocks = sum(blocked(plan) for plan in plans)
    return f"| **total** | {figures} | {f'**{blocks} blocked**' if blocks else 'none blocked'} | " + (
        f"{words.dollars(sum(known, Decimal(0)), signed=True)}{unknown} | | |"
    )


def counts(plan: Planned) -> dict[Action, int]:
    """Resources by what happens to them: counted, not believed."""
    found = [change.action for stack in plan.stacks for change in stack.changes]
    return {action: found.count(action) for action in Action}


def destruction(plans: Sequence[Planned], terse: Terse) -> list[str]:
    """Every resource that ends, every stack that goes."""
    found: list[str] = []
    for plan in plans:
        where = code(short(plan.environment))
        ending = [(stack, [change for change in stack.changes if change.destructive]) for stack in plan.stacks]
        ending = [(stack, changes) for stack, changes in ending if changes or stack.action is StackAction.DELETE]
        if terse is Terse.NO:
            found += [f"{where} {line}" for stack, changes in ending for line in _each(stack, changes)]
        elif terse is Terse.COUNTED:  # a line each, so that lines can be left out one by one
            found += [f"{where} {line}" for stack, changes in ending for line in _names(stack, changes)]
        elif terse is Terse.BY_STACK:
            found += [f"{where} {code(short(stack.name))}: {_ends(stack, changes)}" for stack, changes in ending]
        else:
            said = sorted((_ends(stack, changes), short(stack.name)) for stack, changes in ending)
            for ends, group in groupby(said, key=lambda pair: pair[0]):
                found.append(f"{where} {ends} in {', '.join(code(name) for _, name in group)}")
    return found


def _each(stack: SeenStack, changes: Sequence[SeenChange]) -> Iterator[str]:
    name = code(short(stack.name))
    if not changes:
        yield f"{name}: **the whole stack is deleted**"
    for change in changes:
        yield f"{name}: {_change(change)}"


def _names(stack: SeenStack, changes: Sequence[SeenChange]) -> Iterator[str]:
    name = code(short(stack.name))
    yield from [f"{name}: **{change.action}** {code(short(change.logical_id))}" for change in changes] or [
        f"{name}: **delete**"
    ]


def _ends(stack: SeenStack, changes: Sequence[SeenChange]) -> str:
    if not changes:
        return "delete the whole stack"
    ordered = sorted(changes, key=lambda change: change.action)
    groups = groupby(ordered, key=lambda change: change.action)
    return "; ".join(
        f"**{action}** {', '.join(code(short(change.logical_id)) for change in group)}" for action, group in groups
    )


def blocking(seen: Sequence[Seen], terse: Terse) -> list[str]:
    """What keeps an environment from being deployed."""
    found: list[str] = []
    for each in seen:
        where = code(short(each.environment))
        if isinstance(each, Unplanned):
            found.append(f"{where} has no plan: {safe(short(each.message, SENTENCE_LENGTH))}{_step(each)}")
            found += [f"{where} {safe(short(str(problem), SENTENCE_LENGTH))}" for problem in each.problems]
            continue
        blocks = [finding for finding in each.findings if finding.blocks]
        if terse is Terse.NO:
            found += [f"{where} {_finding(finding)}" for finding in blocks]
        elif terse is Terse.COUNTED:
            found += [f"{where} {code(short(finding.rule))} {code(_place(finding))}" for finding in blocks]
        else:
            ordered = sorted(blocks, key=lambda finding: (finding.rule, finding.level))
            for (rule, level), group in groupby(ordered, key=lambda finding: (finding.rule, finding.level)):
                places = dict.fromkeys(_place(finding) for finding in group)
                found.append(f"{where} {level} {code(short(rule))}: {', '.join(code(place) for place in places)}")
        if not blocks and each.verdict.blocked:
            found += [f"{where} {safe(short(why, SENTENCE_LENGTH))}" for why in each.verdict.reasons or ("blocked",)]
    return found


def lines(plan: Planned) -> Iterator[Line]:
    """The details of a plan, in the order in which they are read."""
    said = tags.folds(plan.stacks)
    for stack in plan.stacks:
        if stack.action is StackAction.UNCHANGED and not stack.notes:
            continue
        name = f"{short(stack.name)} {stack.action}"
        for change in tags.rest(stack.changes, said):
            severity, kind = _weight(change)
            yield Line(severity, kind, name, _change(change))
            for each in change.properties:
                before, after = words.shortened(_some(each.before)), words.shortened(_some(each.after))
                forces = ", forces replacement" if each.replaces else ""
                path = code(short(each.path or "the whole"))
                text = f"{path}: {code(before)} → {code(after)}{forces}"
                yield Line(4 if severity < 3 else 5, "changed properties", name, text, deep=True)
        for note in stack.notes:
            yield Line(2, "notes", name, f"note: {safe(short(note, SENTENCE_LENGTH))}")
    for fold in said:
        yield from _tags(fold)
    for finding in plan.findings:
        severity = 1 if finding.blocks else 2
        yield Line(severity, "findings", "Findings", _finding(finding), stack=False)
    if plan.revert_drift:
        yield Line(0, "notes", "How", "what drifted goes back to what was deployed (`--revert-drift`)", stack=False)
    if not plan.server_side:
        yield Line(0, "notes", "How", "read-only: templates were compared, CloudFormation was not asked", stack=False)


def _tags(fold: tags.Fold) -> Iterator[Line]:
    """A tag that changes on many resources: what changes is said once, and then where."""
    every_tag = [f"{code(short(key))}: {code(old)} → {code(new)}" for key, old, new in fold.differences()]
    told = "; ".join(_first(every_tag))
    yield Line(1, "changes in place", "Tags", f"**modify** tags only of {fold.count}: {told}", stack=False)
    for stack, names in fold.where:
        every = ", ".join(_first([code(short(name)) for name in names]))
        yield Line(3, "resources with other tags", "Tags", f"{code(short(stack))}: {every}", stack=False, deep=True)


def _first(said: Sequence[str]) -> list[str]:
    """As many as a line holds."""
    more = len(said) - MOST_ON_A_LINE
    return [*said[:MOST_ON_A_LINE], *([f"and {more} more"] if more > 0 else [])]


def _weight(change: SeenChange) -> tuple[int, str]:
    if change.destructive:
        return 0, "deletions and replacements in detail"
    return (3, "additions") if change.action is Action.ADD else (1, "changes in place")


def _change(change: SeenChange) -> str:
    known = change.name or change.physical_id
    physical = f" {code(short(known))}" if known else ""
    meaning = f": {safe(short(change.meaning, SENTENCE_LENGTH))}" if change.meaning else ""
    kind = code(short(change.resource_type))
    return f"**{change.action}** {code(short(change.logical_id))} {kind}{physical}{meaning}"


def _finding(finding: SeenFinding) -> str:
    waived = f" (waived: {safe(short(finding.waived_by))})" if finding.waived_by else ""
    advice = f" To mend it: {safe(short(finding.advice, SENTENCE_LENGTH))}" if finding.advice and not waived else ""
    level = f"**{finding.level}**" if finding.blocks else str(finding.level)
    message = safe(short(finding.message, SENTENCE_LENGTH))
    return f"{level} {code(short(finding.rule))} {code(_place(finding))}: {message}{waived}{advice}"


def _place(finding: SeenFinding) -> str:
    if not finding.file:
        return "(no line)"
    return f"{short(finding.file)}:{finding.line}" if finding.line else short(finding.file)


def _step(failed: Unplanned) -> str:
    return f". Next: {safe(short(failed.next_step, SENTENCE_LENGTH))}" if failed.next_step else ""


def _figure(action: Action, count: int) -> str:
    return f"**{count}**" if count and action in {Action.DELETE, Action.REPLACE} else str(count)


def _policy(plan: Planned) -> str:
    blocks = sum(finding.blocks for finding in plan.findings)
    waived = sum(finding.waived_by is not None for finding in plan.findings)
    advisory = sum(finding.level is Level.ADVISORY and finding.waived_by is None for finding in plan.findings)
    if blocks:
        said = [f"**blocked**: {words.counted(blocks, 'finding')}"]
    else:
        said = ["**blocked**"] if plan.verdict.blocked else ["passes"]
    said += [f"{advisory} advisory"] if advisory else []
    said += [f"{waived} waived"] if waived else []
    return ", ".join(said)


def _money(cost: SeenCost) -> str:
    before, after, delta = (
        words.dollars(None if amount is None else Decimal(amount))
        for amount in (cost.before_monthly, cost.after_monthly, cost.delta_monthly)
    )
    only = ", infrastructure only" if cost.infrastructure_only else ""
    currency = safe(short(cost.currency, 8))
    if cost.before_monthly == cost.after_monthly and cost.after_monthly is not None:
        return f"{after} {currency}, as deployed{only}"
    sign = "+" if cost.delta_monthly is not None and not delta.startswith("-") else ""
    return f"{before} → {after} {currency} ({sign}{delta}){only}"


def _some(value: str | None) -> str | None:
    """As much of a value as its line may need: it may have a megabyte."""
    return None if value is None else value[: 4 * words.VALUE_LENGTH]
