"""An audit as its template wants it: words, and drawings of what is known."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby

from esmcfn.domain.audit import Activity, Audit, AuditedModel, Month, Remedy
from esmcfn.render import audited
from esmcfn.render.page import charts, drift
from esmcfn.render.words import by_which, counted, dollars

COLOURS = 6
"""Models that have a colour of their own in the chart; the others share one."""

OTHERS = "all others"

BILL = "Billed by model and month, US dollars"


def view(audit: Audit) -> Mapping[str, object]:
    """What the template fills in."""
    days = _days(audit)
    return {
        "audit": audit,
        "headline": audited.saving_line(audit),
        "looked_at": audited.looked_at(audit),
        "figures": _figures(audit),
        "overview": _overview(audit),
        "costs": _costs(audit),
        "calls": _calls(audit, days),
        "days": days,
        "models": [_model(model) for model in audit.models],
        "months": [_month(month) for month in audited.shown(audit)],
        **drift.view(audit),
    }


def _figures(audit: Audit) -> list[tuple[str, str, str]]:
    """The figures at the top: what, how much, and what that means."""
    only = ", infrastructure only" if audit.cost.infrastructure_only else ""
    deployed = f"what runs, {by_which(audit.cost)}, {audit.cost.hours_per_month} hours{only}"
    return [
        ("Billed, USD", _billed(audit), _billed_days(audit) or audit.why_no_bill),
        ("Estimate a month, USD", dollars(audit.cost.after_monthly), deployed),
        ("Parking saves a month, USD", _parking(audit), _proposals(audit)),
        ("Models", str(len(audit.models)), _activities(audit)),
        *drift.figures(audit),
    ]


def _overview(audit: Audit) -> list[tuple[str, object]]:
    """One row of the table over all environments: what is read, and what sorts it; empty is unknown."""
    bill = audit.bill if audit.bill and audit.bill.charges else None
    return [
        (_billed(audit), bill.total_usd if bill else ""),
        (dollars(audit.cost.after_monthly), _known(audit.cost.after_monthly)),
        (_parking(audit), _known(audit.saving_monthly)),
        (str(len(audit.models)), len(audit.models)),
        *drift.overview(audit),
    ]


def _known(amount: Decimal | None) -> object:
    return "" if amount is None else amount


def _billed(audit: Audit) -> str:
    return dollars(audit.bill.total_usd) if audit.bill and audit.bill.charges else "no data"


def _parking(audit: Audit) -> str:
    """What parking saves: a word where nothing idles, another where its price is unknown."""
    idle = any(model.activity is Activity.IDLE for model in audit.models)
    return dollars(audit.saving_monthly) if idle else "nothing"


def _proposals(audit: Audit) -> str:
    """What else could be saved, by how many proposals; the headline has what idles."""
    remedies = [saving.remedy for model in audit.models for saving in model.savings]
    said = ["by list" if Remedy.PARK in remedies else "nothing was seen to idle"]
    for remedy, what in ((Remedy.SCHEDULE, "parked by schedule"), (Remedy.SMALLER, "on a smaller instance")):
        number = remedies.count(remedy)
        if number:
            said.append(f"{counted(number, 'model')} could be {what}")
    return "; ".join(said)


def _activities(audit: Audit) -> str:
    words = sorted(model.activity.value for model in audit.models)
    return ", ".join(f"{len(list(same))} {word}" for word, same in groupby(words))


def _costs(audit: Audit) -> charts.Chart:
    """Cost by model and month; a month without any line is unknown."""
    totals: dict[str, Decimal] = {}
    for month in audit.months:
        if month.actual is not None:
            totals[month.model] = totals.get(month.model, Decimal(0)) + month.actual
    ranked = sorted(totals, key=lambda model: (-totals[model], model))
    shown, rest = ranked[:COLOURS], frozenset(ranked[COLOURS:])
    starts = sorted({month.start for month in audit.months})
    columns = [_column(audit, start, shown, rest) for start in starts]
    names = [model or audited.SHARED for model in shown] + ([f"{OTHERS} ({len(rest)})"] if rest else [])
    if not ranked:
        return charts.nothing(BILL, audit.why_no_bill or "Cost Explorer has no line of this environment")
    return charts.columns(
        columns,
        title=BILL,
        summary=f"{_billed_days(audit)}; {counted(sum(bool(model) for model in ranked), 'model')}",
        legend=names,
        unit="USD",
        each="month",
    )


def _billed_days(audit: Audit) -> str:
    """From when to when the bill goes, both days in it."""
    return f"{audit.bill.start} to {audit.bill.end - timedelta(days=1)}" if audit.bill else ""


def _column(audit: Audit, start: date, shown: list[str], rest: frozenset[str]) -> charts.Column:
    of_month = {month.model: month.actual for month in audit.months if month.start == start}
    others = [amount for model, amount in of_month.items() if model in rest and amount is not None]
    values = [_number(of_month.get(model)) for model in shown]
    if rest:
        values.append(float(sum(others)) if others else None)
    return charts.Column(name=f"{start:%Y-%m}", values=tuple(values))


def _days(audit: Audit) -> list[tuple[str, int | None]]:
    """Each day of the window, and the calls of all models that are known of it."""
    found: list[tuple[str, int | None]] = []
    for number in range(audit.window.days):
        known = [
            use.calls_by_day[number]
            for model in audit.models
            for use in model.variants
            if use.calls_by_day[number] is not None
        ]
        day = audit.window.start + timedelta(days=number)
        found.append((f"{day:%Y-%m-%d}", sum(count or 0 for count in known) if known else None))
    return found


def _calls(audit: Audit, days: list[tuple[str, int | None]]) -> charts.Chart:
    known = [count for _, count in days if count is not None]
    title = "Invocations by day, all models"
    if not known:
        return charts.nothing(title, "CloudWatch has no word of any of them in these days")
    return charts.columns(
        [charts.Column(name=day[5:], values=(_number(count),)) for day, count in days],
        title=title,
        summary=(
            f"{sum(known):,} calls on {counted(len(known), 'day')} of {audit.window.days} with data, "
            f"{max(known):,} on the busiest"
        ),
        unit="calls",
        each="day",
    )


def _model(model: AuditedModel) -> Mapping[str, object]:
    """One row: words for the reader, numbers to sort by."""
    days = [
        None if all(count is None for count in counts) else sum(count or 0 for count in counts)
        for counts in zip(*(use.calls_by_day for use in model.variants), strict=True)
    ]
    return {
        "model": model,
        "symbol": audited.SYMBOLS[model.activity],
        "calls": audited.calls(model),
        "calls_sorted": "" if model.calls is None else model.calls,
        "spark": charts.spark(days),
        "spark_title": ", ".join("no data" if count is None else str(count) for count in days) or "no data",
        "runs": audited.runs(model),
        "expected": audited.expected(model),
        "expected_sorted": model.expected_monthly or "",
        "savings": [(saving.remedy.value, dollars(saving.monthly), saving.how) for saving in model.savings],
        "saving_sorted": model.savings[0].monthly or "" if model.savings else "",
        "loads": [(use.name, audited.load(use)) for use in model.variants],
    }


def _month(month: Month) -> Mapping[str, object]:
    return {
        "name": audited.month_name(month),
        "model": month.model or audited.SHARED,
        "billed": audited.billed(month),
        "billed_sorted": "" if month.actual is None else month.actual,
        "estimate": dollars(month.estimate),
        "estimate_sorted": "" if month.estimate is None else month.estimate,
        "difference": audited.difference(month),
        "difference_sorted": "" if month.difference is None else month.difference,
    }


def _number(amount: Decimal | int | None) -> float | None:
    """For a drawing's coordinates only."""
    return None if amount is None else float(amount)
