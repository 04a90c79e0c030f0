"""What runs against what it is used for, for people."""

from __future__ import annotations

from collections.abc import Iterator

from esmcfn.domain.audit import Activity, Audit, AuditedModel, Month, VariantUse
from esmcfn.domain.drift import EnvironmentDrift, ResourceDrift, StackDrift
from esmcfn.render import drifting
from esmcfn.render.escape import code, safe
from esmcfn.render.words import by_which, counted, dollars

SYMBOLS = {
    Activity.BUSY: "=",
    Activity.IDLE: "!",
    Activity.NO_DATA: "?",
    Activity.TOO_NEW: "~",
    Activity.DENIED: "?",
    Activity.UNKNOWN: "?",
    Activity.PARKED: "-",
    Activity.NOT_RUNNING: "-",
}

UNSEEN = (Activity.NO_DATA, Activity.DENIED, Activity.UNKNOWN)
"""What may idle for all that anybody knows."""

SHARED = "(shared)"
"""What is billed to the environment and to no model: the base stack."""


def text(audit: Audit) -> Iterator[str]:
    """A paragraph a model, then the bill, then what to do."""
    yield f"{audit.environment} · account {audit.account} · {audit.region} · {looked_at(audit)}"
    for model in audit.models:
        yield ""
        yield f"{SYMBOLS[model.activity]} {model.model}: {model.activity}"
        yield f"    why       {model.why}"
        if model.instances:
            yield f"    runs      {', '.join(model.instances)}, {dollars(model.expected_monthly)} USD a month by list"
        if model.deployed:
            yield f"    deployed  {deployed(model)}"
        for use in model.variants:
            yield f"    variant   {use.name}: {load(use)}"
        for saving in model.savings:
            yield f"    {saving.remedy:<9} saves {dollars(saving.monthly)} USD a month: {saving.how}"
    yield ""
    yield f"Cost     {total(audit)}"
    months = [f"    {_month_line(month)}" for month in shown(audit)]
    if months:
        yield "Bill, USD"
        yield from months
    if audit.why_no_bill:
        yield f"Bill     unknown: {audit.why_no_bill}"
    yield f"Saving   {saving_line(audit)}"
    yield from _drift_text(audit)
    yield from (f"         {note}" for note in audit.notes)
    if audit.patch.why_not:
        yield f"Patch    none: {audit.patch.why_not}"
    if audit.patch.text:
        yield "Patch    git apply takes it; then deploy"
        yield ""
        yield from audit.patch.text.rstrip("\n").split("\n")


def markdown(audit: Audit) -> Iterator[str]:
    """Tables, and the patch as a fenced block."""
    yield f"### {safe(audit.environment)}: {saving_line(audit)}"
    yield ""
    yield f"Account {audit.account}, {audit.region}, {looked_at(audit)}."
    yield ""
    yield "| model | activity | calls | runs | USD a month by list | why | could be saved |"
    yield "| --- | --- | ---: | --- | ---: | --- | --- |"
    for model in audit.models:
        savings = "; ".join(
            f"{saving.remedy}, {dollars(saving.monthly)} USD a month: {saving.how}" for saving in model.savings
        )
        yield (
            f"| {code(model.model)} | {model.activity} | {calls(model)} | {safe(runs(model))} "
            f"| {expected(model)} | {safe(model.why)} | {safe(savings)} |"
        )
    yield ""
    yield f"**Cost** {total(audit)}"
    if audit.months:
        yield ""
        yield "| month | model | billed USD | estimated USD | difference |"
        yield "| --- | --- | ---: | ---: | ---: |"
        for month in shown(audit):
            yield (
                f"| {month_name(month)} | {code(month.model or SHARED)} | {billed(month)} "
                f"| {dollars(month.estimate)} | {difference(month)} |"
            )
    if audit.why_no_bill:
        yield ""
        yield f"The bill is unknown: {safe(audit.why_no_bill)}"
    yield from _drift_markdown(audit)
    for note in audit.notes:
        yield ""
        yield safe(note)
    yield from _patch(audit)


def _drift_text(audit: Audit) -> Iterator[str]:
    found = audit.drift
    if found is None:
        yield f"Drift    not checked: {audit.why_no_drift}"
        return
    yield f"Drift    {drifting.summary(found)}; {drifting.coverage(found)}"
    for stack, each in deviating(found):
        yield f"    {drifting.SYMBOLS[each.state]} {place(stack, each)}: {drifting.state(each)}"
        yield from (f"        {line}" for line in drifting.lines(each))
    yield f"Beside   {drifting.beside(found)}"
    yield from (f"    {drifting.unmanaged(each, found)}" for each in found.unmanaged.endpoints)


def _drift_markdown(audit: Audit) -> Iterator[str]:
    found = audit.drift
    yield ""
    if found is None:
        yield f"**Drift** not checked: {safe(audit.why_no_drift)}"
        return
    yield f"**Drift** {drifting.summary(found)}; {drifting.coverage(found)}"
    if deviating(found):
        yield ""
        yield "| resource | is | differences |"
        yield "| --- | --- | --- |"
        for stack, each in deviating(found):
            said = safe("; ".join(drifting.lines(each)))
            yield f"| {code(place(stack, each))} | {safe(drifting.state(each))} | {said} |"
    yield ""
    yield f"**Beside** {safe(drifting.beside(found))}"
    if found.unmanaged.endpoints:
        yield ""
        yield from drifting.unmanaged_table(found)


def deviating(found: EnvironmentDrift) -> list[tuple[StackDrift, ResourceDrift]]:
    """What is otherwise than deployed, or could not be checked in full."""
    return [(stack, each) for stack in found.stacks for each in stack.resources if drifting.said(each)]


def place(stack: StackDrift, found: ResourceDrift) -> str:
    """Stack and logical id; the stack alone where it is about its template."""
    return f"{stack.name}/{found.logical_id}" if found.logical_id else stack.name


def looked_at(audit: Audit) -> str:
    """The window in words."""
    return f"calls of {counted(audit.window.days, 'day')} since {audit.window.start:%Y-%m-%d}, UTC"


def saving_line(audit: Audit) -> str:
    """How many idle, and what that costs."""
    idle = sum(model.activity is Activity.IDLE for model in audit.models)
    unseen = sum(model.activity in UNSEEN for model in audit.models)
    are = "is" if unseen == 1 else "are"
    unknown = f"; what {counted(unseen, 'model')} {are} used for is unknown" if unseen else ""
    if not idle:
        return f"nothing was seen to idle{unknown}"
    idles = "1 model idles" if idle == 1 else f"{idle} models idle"
    return f"{idles}; parking saves {dollars(audit.saving_monthly)} USD a month by list{unknown}"


def calls(model: AuditedModel) -> str:
    """Calls in the window, or a word where nobody knows."""
    return "no data" if model.calls is None else f"{model.calls:,}"


def total(audit: Audit) -> str:
    """What all that runs costs a month."""
    cost = audit.cost
    only = ", infrastructure only" if cost.infrastructure_only else ""
    amount = dollars(cost.after_monthly)
    return (
        f"{amount} {cost.currency} a month for what runs{only}; {by_which(cost)}, {cost.hours_per_month} hours a month"
    )


def runs(model: AuditedModel) -> str:
    """What runs, and what was deployed where that is something else."""
    said = ", ".join(model.instances) or ("nothing" if model.deployed else "")
    return f"{said}; deployed: {deployed(model)}" if model.deployed else said


def deployed(model: AuditedModel) -> str:
    """What its template says, where something else runs."""
    amount = dollars(model.deployed_monthly)
    return f"{', '.join(model.deployed)}, {amount} USD a month by list: not what runs, see esmcfn drift"


def expected(model: AuditedModel) -> str:
    """What it costs a month by list; nothing where nothing runs."""
    return dollars(model.expected_monthly) if model.instances else "-"


def load(use: VariantUse) -> str:
    """What a variant was used for, in one line."""
    parts = [] if use.calls is None else [f"{use.calls:,} calls"]
    if use.latency_ms is not None:
        parts.append(f"{use.latency_ms:,.1f} ms each")
    loads = (("GPU", use.gpu_percent), ("GPU memory", use.gpu_memory_percent), ("memory", use.memory_percent))
    parts += [f"{word} {percent:.0f} % at most" for word, percent in loads if percent is not None]
    unknown = ["calls"] if use.calls is None else []
    unknown += [word for word, percent in loads if percent is None]
    if unknown:
        parts.append(f"no data of {' and '.join(filter(None, (', '.join(unknown[:-1]), unknown[-1])))}")
    return ", ".join(parts)


def shown(audit: Audit) -> Iterator[Month]:
    """Months about which there is something to say."""
    return (month for month in audit.months if month.actual is not None or month.estimate is not None)


def month_name(month: Month) -> str:
    """ "2026-10", and how much of it is meant where it is not all."""
    part = f" ({month.days} of {month.of_days} days)" if 0 < month.days < month.of_days else ""
    return f"{month.start:%Y-%m}{part}"


def billed(month: Month) -> str:
    """What was charged; a word where the bill has no line."""
    return "no line" if month.actual is None else dollars(month.actual)


def difference(month: Month) -> str:
    """The bill less the estimate; a word where either is unknown."""
    return "unknown" if month.difference is None else dollars(month.difference, signed=True)


def _month_line(month: Month) -> str:
    return (
        f"{month_name(month)}  {month.model or SHARED}  billed {billed(month)}, "
        f"estimated {dollars(month.estimate)}, difference {difference(month)}"
    )


def _patch(audit: Audit) -> Iterator[str]:
    if audit.patch.why_not:
        yield ""
        yield f"No patch: {safe(audit.patch.why_not)}"
    if audit.patch.text:
        fence = "`" * 4
        yield ""
        yield "What idles, parked; `git apply` takes it:"
        yield ""
        yield f"{fence}diff"
        yield from audit.patch.text.replace(fence, "'" * 4).rstrip("\n").split("\n")
        yield fence
