"""What policies that changed block and lift: the same templates, judged by those of a commit as well."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from esmcfn import plan
from esmcfn.domain.finding import Finding
from esmcfn.domain.plan import Verdict
from esmcfn.domain.project import Policy, Project
from esmcfn.domain.rejudged import Setting, Since
from esmcfn.domain.stack import Selection
from esmcfn.domain.template import Template
from esmcfn.domain.waiver import Waiver, Writers
from esmcfn.errors import InputError
from esmcfn.verbs.plan.allowing import allowed
from esmcfn.verbs.plan.reading import estimated, prices
from esmcfn.verbs.world import Begin, World


class Then(Struct, frozen=True, kw_only=True):
    """A commit whose policies are asked, too.

    Attributes:
        base: the git ref as it was asked for.
        commit: what it stands for; empty for the id of nothing.
        policy: what it says for an environment; raises InputError.
        begin: starts engines that know its checks.
        authors: who wrote a waiver of that commit.
    """

    base: str
    commit: str
    policy: Callable[[str], Policy]
    begin: Begin
    authors: Callable[[Waiver], Writers]


def since(
    project: Project,
    selection: Selection,
    world: World,
    *,
    templates: Sequence[Template],
    beside: Sequence[Template],
    findings: Sequence[Finding],
    then: Then,
) -> Since:
    """What the working tree's policies block, lift and say otherwise than those of the commit.

    Args:
        beside: other templates of the environment, which a narrowed run leaves alone.
        findings: of the templates, by the working tree's policies.
    """
    from esmcfn.policy.shifting import entries, settings, shifts

    try:
        read = then.policy(selection.environment.name)
    except InputError as error:
        return Since(base=then.base, commit=then.commit, wrong=f"{error}, first {error.problems[0]}")
    policy = replace(read, environment=project.environment, known=project.environment_names)
    old = replace(project, policy=policy)
    with then.begin(templates, policy=policy, region=selection.target.region, beside=beside) as judgement:
        before = judgement.findings()
    now = _priced(project, selection, world)
    was = _priced(old, selection, replace(world, authors=then.authors))
    return Since(
        base=then.base,
        commit=then.commit,
        blocked_before=was.verdict.blocked or plan.policy_verdict(before).blocked,
        blocked=now.verdict.blocked or plan.policy_verdict(findings).blocked,
        shifts=shifts(before, findings),
        settings=(*settings(policy, project.policy), *_money(was, now)),
        waivers=tuple(entries(policy.waivers, project.policy.waivers, world.authors)),
    )


class _Priced(Struct, frozen=True):
    """None is unknown."""

    monthly: Decimal | None
    verdict: Verdict


def _priced(project: Project, selection: Selection, world: World) -> _Priced:
    """What a month costs by the prices in force, without asking what is deployed."""
    cost = estimated(selection, None, world.now.date(), prices=prices(project))
    budget = allowed(project, selection, cost, world)
    verdict = plan.verdict((), cost, selection.environment, waiver=budget.waiver)
    return _Priced(cost.after_monthly, verdict)


def _money(was: _Priced, now: _Priced) -> Iterator[Setting]:
    if was.monthly != now.monthly:
        yield Setting(name="cost of a month", before=_dollars(was.monthly), after=_dollars(now.monthly))
    if was.verdict.budget != now.verdict.budget:
        yield Setting(name="budget", before=was.verdict.budget or None, after=now.verdict.budget or None)


def _dollars(amount: Decimal | None) -> str:
    return "unknown" if amount is None else f"{amount:,.2f} USD"
