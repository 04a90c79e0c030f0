"""What policy and the environment's budget say of a plan, or of a price."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from esmcfn.domain.cost import Cost, some
from esmcfn.domain.finding import Finding
from esmcfn.domain.plan import Verdict
from esmcfn.domain.project import Environment
from esmcfn.domain.waiver import Waiver


def verdict(
    findings: Sequence[Finding],
    cost: Cost,
    environment: Environment,
    *,
    waiver: Waiver | None = None,
    lowers: bool = False,
) -> Verdict:
    """What policy and budget say; a soft budget says it, and stops nothing.

    A sum that nobody knows is above a hard budget for all that anybody knows, so it stops as one that is above it.

    Args:
        waiver: somebody signed for being above a hard budget.
        lowers: it only takes away: being above the budget is told, and does not stop it.
    """
    policy, budget = policy_verdict(findings), environment.budget_usd_per_month
    if budget is None:
        return policy
    unjudged = cost.after_monthly is None
    if cost.after_monthly is None:
        said = _unknown(cost)
    elif cost.after_monthly <= budget:
        if not cost.infrastructure_only:
            return policy
        said = f"within the budget: {cost.after_monthly:,.2f} US dollars a month expected, {budget:,.2f} allowed"
    elif environment.budget_soft:
        said = f"above the soft budget: {cost.after_monthly:,.2f} US dollars a month expected, {budget:,.2f} intended"
    else:
        said = f"over budget: {cost.after_monthly:,.2f} US dollars a month expected, {budget:,.2f} allowed"
    said = "; ".join((said, *_uncounted(cost)))
    stops = not environment.budget_soft and (cost.after_monthly is None or cost.after_monthly > budget)
    if stops and waiver is not None:
        said = f"{said}; waived: {waiver.ticket}, approved by {waiver.approver}, until {waiver.expires}"
        return replace(policy, budget=said, reasons=(*policy.reasons, said), waiver=waiver)
    if stops and lowers:
        said = f"{said}; this takes away, and is not stopped by it"
        stops = False
    reasons = (*policy.reasons, said)
    blocked = policy.blocked or stops
    return Verdict(blocked=blocked, over_budget=stops, unjudged=unjudged, budget=said, reasons=reasons)


def policy_verdict(findings: Sequence[Finding]) -> Verdict:
    """What policy says."""
    reasons = tuple(
        f"{finding.rule} ({finding.level}) in {finding.model or finding.stack or 'this run'}: {finding.message}"
        for finding in findings
        if finding.blocks
    )
    return Verdict(blocked=bool(reasons), reasons=reasons)


def _unknown(cost: Cost) -> str:
    """Why a budget cannot be judged, and what would let it be."""
    unknown = [item.hosted for item in cost.items if item.price is None]
    kinds = sorted({each.instance_type for each in unknown if each.priceable})
    models = sorted({each.model for each in unknown if not each.priceable})
    said = []
    if kinds:
        said.append(f"the price of {some(kinds)} in {cost.region} is unknown; give it in policies/prices.yaml")
    if models:
        said.append(f"what {some(models)} costs cannot be read")
    return f"the budget cannot be judged: {', and '.join(said)}"


def _uncounted(cost: Cost) -> Iterator[str]:
    """What a sum that is held against a budget leaves out; nothing where there is no sum."""
    if cost.after_monthly is None:
        return
    unnamed = sorted({item.hosted.model for item in cost.items if item.software_monthly is None})
    if unnamed:
        yield f"instances only: what the seller of {some(unnamed)} charges is unknown and not counted"
