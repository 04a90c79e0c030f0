"""House rules about environments that people depend on, as `production:` in policies/*.yaml names them."""

from __future__ import annotations

from collections.abc import Iterable

from esmcfn.domain.finding import Level, Severity
from esmcfn.policy.house.hosting import ANSWERING, TARGET, bounds, parked, variants
from esmcfn.policy.house.rule import ENVIRONMENT, Complaint, Rule, Subject


def _one_instance(subject: Subject) -> Iterable[Complaint]:
    if not subject.policy.production or parked(subject.template):
        return
    for path, _, count in variants(subject.template, among=ANSWERING):
        if count == 1:
            yield Complaint("one instance, and so one availability zone, in production", f"{path}/InitialInstanceCount")
    for logical_id, target in subject.resources(TARGET):
        for bound in bounds(subject.template, target, logical_id, "MinCapacity"):
            if bound.count == 1:
                what = "the schedule lets it" if "/ScheduledActions/" in bound.path else "autoscaling may"
                yield Complaint(f"{what} go down to one instance, in production", bound.path)


def _no_budget(subject: Subject) -> Iterable[Complaint]:
    environment = subject.policy.environment
    if subject.policy.production and subject.first and environment and environment.budget_usd_per_month is None:
        yield Complaint("a production environment without a budget", f"{ENVIRONMENT}budget")


def _unprotected(subject: Subject) -> Iterable[Complaint]:
    environment = subject.policy.environment
    if subject.policy.production and subject.first and environment and not environment.termination_protection:
        yield Complaint(
            "a production environment whose stacks may be deleted by one call", f"{ENVIRONMENT}termination_protection"
        )


_PRODUCTION = "# policies/levels.yaml\nproduction: [dev]\n# environments/dev.yaml\n"


def _selected(count: int) -> str:
    return f"""\
{_PRODUCTION}selected_models:
  performance_model:
    selector: ESMC-300M
    instance_count: {count}
"""


PRODUCTION_RULES = (
    Rule(
        id="ESM018",
        severity=Severity.WARNING,
        level=Level.SOFT,
        summary="An endpoint in production has two instances or more",
        why=(
            "SageMaker spreads instances over availability zones. One instance is one zone, and while it is replaced "
            "(a patch, a fault of its hardware) nobody is served; a new GPU instance takes minutes, if there is one."
        ),
        advice=(
            "write instance_count: 2 or more for the selected model, whatever its catalog says, and where it is scaled "
            "min_capacity: 2 or more"
        ),
        source="https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-best-practices.html",
        check=_one_instance,
        good=_selected(2),
        bad=_selected(1),
        of_root=True,
    ),
    Rule(
        id="ESM019",
        severity=Severity.WARNING,
        level=Level.SOFT,
        summary="A production environment has a budget",
        why="What runs day and night is paid day and night: without a budget a plan that doubles the bill just passes.",
        advice="write budget: and what the environment may cost a month, in US dollars",
        source="https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-managing-costs.html",
        check=_no_budget,
        good=f"{_PRODUCTION}budget: 20000\n",
        bad=f"{_PRODUCTION}tags:\n  Project: esm-partner\n",
        of_root=True,
    ),
    Rule(
        id="ESM020",
        severity=Severity.WARNING,
        level=Level.SOFT,
        summary="A production environment's stacks are protected from being deleted",
        why="Deleting a stack deletes its endpoint, and callers are gone with it. A protected one refuses, until told.",
        advice="write termination_protection: true",
        source="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-protect-stacks.html",
        check=_unprotected,
        good=f"{_PRODUCTION}termination_protection: true\n",
        bad=f"{_PRODUCTION}termination_protection: false\n",
        of_root=True,
    ),
)
