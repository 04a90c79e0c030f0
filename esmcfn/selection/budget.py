"""An AWS Budget that tells nobody, somebody twice, or nothing at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from esmcfn.domain.budget import MOST_EMAILS, MOST_NOTIFICATIONS, BudgetNotice
from esmcfn.domain.project import Environment
from esmcfn.errors import Problem, shown
from esmcfn.selection.complaint import at

WITHOUT = "leave notify out where AWS is to tell nobody"


def impossible_notice(environment: Environment) -> Iterator[Problem]:
    """What is wrong with who is to be told about the bill, and when; items that are wrong by themselves are said."""
    notice, origins = environment.budget_notice, environment.origins
    if notice is None:
        if "budget.notify_at" in origins.keys:
            yield at(origins.of("budget.notify_at"), "budget.notify_at: nobody is to be told", "name them under notify")
        return
    place = origins.of("budget.notify")
    if not notice.emails and "budget.notify.0" not in origins.keys:
        yield at(place, "budget.notify: nobody is named", WITHOUT)
    if len(notice.emails) > MOST_EMAILS:
        said = f"budget.notify: {len(notice.emails)} addresses, and AWS writes to {MOST_EMAILS}"
        yield at(place, said, "name a mailing list")
    for twice in _twice(map(str.lower, notice.emails)):
        yield at(place, f"budget.notify: {shown(twice)} is named twice")
    if environment.budget_usd_per_month == 0:
        yield at(origins.of("budget.usd_per_month"), "budget.usd_per_month: AWS has no budget of 0", WITHOUT)
    yield from _moments(notice, environment)


def _moments(notice: BudgetNotice, environment: Environment) -> Iterator[Problem]:
    place, moments = environment.origins.of("budget.notify_at"), len(notice.actual) + len(notice.forecast)
    if not moments:
        yield at(place, "budget.notify_at: neither actual nor forecast, so nobody would ever be told", WITHOUT)
    if moments > MOST_NOTIFICATIONS:
        yield at(place, f"budget.notify_at: {moments} of them, and an AWS Budget has {MOST_NOTIFICATIONS}")
    for name, percents in (("actual", notice.actual), ("forecast", notice.forecast)):
        for twice in _twice(map(str, percents)):
            yield at(place, f"budget.notify_at.{name}: {twice} is named twice")


def _twice(said: Iterable[str]) -> list[str]:
    return sorted(each for each, count in Counter(said).items() if count > 1)
