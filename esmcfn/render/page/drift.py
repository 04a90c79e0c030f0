"""Drift and what runs beside the stacks, as the template of an audit wants them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from esmcfn.domain.audit import Audit
from esmcfn.domain.drift import EnvironmentDrift, ResourceDrift, StackDrift, UnmanagedEndpoint
from esmcfn.render import audited, drifting
from esmcfn.render.escape import hostless
from esmcfn.render.page import charts
from esmcfn.render.words import counted, dollars

IN_SYNC = "in sync"
STATES = (IN_SYNC, "drifted", "missing", "accepted", "not checked")
COLOURS = (0, 1, 3, 2, 6)
"""Of each state; what is drawn is said in words and in a table, too."""

MOST = 10
"""Endpoints of no stack that are drawn: the dearest first, those of unknown price last; the table has all."""


def view(audit: Audit) -> Mapping[str, object]:
    """What the template fills in."""
    found = audit.drift
    counts = _counts(found) if found else {}
    return {
        "drift": _chart(counts, found, audit.why_no_drift),
        "drift_states": STATES,
        "drift_counts": [(kind, [counts[kind][state] for state in STATES]) for kind in sorted(counts)],
        "deviating": [_deviating(stack.model, audited.place(stack, each), each) for stack, each in _told(found)],
        "drift_words": f"{drifting.summary(found)}; {drifting.coverage(found)}" if found else audit.why_no_drift,
        "beside": _prices(found, audit.why_no_drift),
        "unmanaged": [_unmanaged(each, found) for each in found.unmanaged.endpoints] if found else [],
        "beside_words": drifting.beside(found) if found else audit.why_no_drift,
        "beside_known": _known(found),
    }


def figures(audit: Audit) -> list[tuple[str, str, str]]:
    """The figures at the top."""
    found = audit.drift
    if found is None:
        return [("Drift", "not checked", audit.why_no_drift)]
    off = sum(each.counts for each in found.resources)
    beside = counted(len(found.unmanaged.endpoints), "endpoint") if _known(found) else "no data"
    return [
        ("Drifted or missing", counted(off, "resource"), _short_summary(found)),
        ("Of no stack", beside, drifting.beside(found)),
    ]


def overview(audit: Audit) -> list[tuple[str, object]]:
    """Resources that drifted or are missing, and endpoints of no stack: what is read, and what sorts it."""
    found = audit.drift
    if found is None:
        return [("not checked", ""), ("no data", "")]
    off = sum(each.counts for each in found.resources)
    beside: int | str = len(found.unmanaged.endpoints) if _known(found) else ""
    return [(str(off), off), ("no data" if beside == "" else str(beside), beside)]


def _short_summary(found: EnvironmentDrift) -> str:
    left = len(found.resources) - found.checked
    return f"{drifting.summary(found)}" + (f", {left} not checked, or not in full" if left else "")


def _told(found: EnvironmentDrift | None) -> list[tuple[StackDrift, ResourceDrift]]:
    """What counts first, then what somebody accepted, then what nobody could check."""
    told = audited.deviating(found) if found else []
    return sorted(told, key=lambda pair: (not pair[1].counts, not pair[1].deviates))


def _state(each: ResourceDrift) -> str:
    return "accepted" if each.waiver else each.state.value


def _counts(found: EnvironmentDrift) -> Mapping[str, Counter[str]]:
    """Type of resource to how many are in which state."""
    counts: dict[str, Counter[str]] = {}
    for each in found.resources:
        kind = each.resource_type.removeprefix("AWS::").split("::")[-1]
        counts.setdefault(kind, Counter())[_state(each)] += 1
    return counts


def _chart(counts: Mapping[str, Counter[str]], found: EnvironmentDrift | None, why: str) -> charts.Chart:
    """A row a kind of resource, what deviates most first."""
    title = "Drift: resources by kind"
    if found is None:
        return charts.nothing(title, f"Not checked: {why}")
    if not counts:
        return charts.nothing(title, drifting.summary(found), says="nothing is deployed")
    ranked = sorted(counts, key=lambda kind: (*_otherwise(counts[kind]), kind))
    return charts.rows(
        [
            charts.Row(
                name=kind, values=tuple(float(counts[kind][state]) for state in STATES), says=_said(counts[kind])
            )
            for kind in ranked
        ],
        title=title,
        summary=_short_summary(found),
        legend=tuple(zip(STATES, COLOURS, strict=True)),
        unit="resources",
    )


def _otherwise(counts: Counter[str]) -> tuple[int, int]:
    """To rank by: what is known to be otherwise first, then what is not known to be in sync."""
    return -counts["drifted"] - counts["missing"], counts[IN_SYNC] - counts.total()


def _said(counts: Counter[str]) -> str:
    """How many are in which state: the colours in words."""
    return ", ".join(f"{counts[state]} {state}" for state in reversed(STATES) if counts[state])


def _prices(found: EnvironmentDrift | None, why: str) -> charts.Chart:
    title = "Endpoints of no stack: US dollars a month by list"
    if found is None or not _known(found):
        return charts.nothing(title, f"Not looked for: {_why(found, why)}")
    endpoints = found.unmanaged.endpoints
    if not endpoints:
        return charts.nothing(title, drifting.beside(found), says="none")
    drawn = sorted(endpoints, key=lambda each: each.monthly_usd is None)[:MOST]
    more = f"; {MOST} of them are drawn, the dearest first" if len(endpoints) > MOST else ""
    return charts.rows(
        [
            charts.Row(
                name=each.name,
                values=(None if each.monthly_usd is None else float(each.monthly_usd),),
                says="price unknown" if each.monthly_usd is None else dollars(each.monthly_usd),
            )
            for each in drawn
        ],
        title=title,
        summary=f"{drifting.beside(found)}{more}",
        unit="USD",
    )


def _known(found: EnvironmentDrift | None) -> bool:
    """Did somebody list what runs beside the stacks?"""
    return bool(found and found.unmanaged.asked and not found.unmanaged.unread)


def _why(found: EnvironmentDrift | None, why: str) -> str:
    return drifting.beside(found) if found else why


def _deviating(model: str | None, place: str, each: ResourceDrift) -> Mapping[str, object]:
    return {
        "place": place,
        "model": model or audited.SHARED,
        "kind": each.resource_type.removeprefix("AWS::"),
        "symbol": drifting.SYMBOLS[each.state],
        "bad": each.counts,
        "state": hostless(drifting.state(each)),
        "lines": list(drifting.lines(each)),
        "next_step": each.next_step,
    }


def _unmanaged(each: UnmanagedEndpoint, found: EnvironmentDrift) -> Mapping[str, object]:
    return {
        "name": each.name,
        "status": each.status,
        "age": drifting.age(each, found),
        "age_sorted": round((found.as_of - each.created_at).total_seconds()),
        "instances": drifting.instances(each),
        "monthly": dollars(each.monthly_usd),
        "monthly_sorted": "" if each.monthly_usd is None else each.monthly_usd,
        "why": each.why_unknown,
        "tags": ", ".join(f"{key}={value}" for key, value in sorted((each.tags or {}).items()))
        if each.tags is not None
        else "not read",
    }
