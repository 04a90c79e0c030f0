"""House rules about moments that lie behind us."""

from __future__ import annotations

import re
from collections.abc import Iterable

from esmcfn.domain.finding import Level, Severity
from esmcfn.policy.house.amount import scaled
from esmcfn.policy.house.hosting import TARGET
from esmcfn.policy.house.rule import Complaint, Rule, Subject, items, mapping, text
from esmcfn.reference.cron import last_year

_CRON = re.compile(r"cron\((.*)\)")


def _passed(subject: Subject) -> Iterable[Complaint]:
    for logical_id, properties in subject.resources(TARGET):
        for index, action in enumerate(items(properties.get("ScheduledActions"))):
            written = _CRON.fullmatch(text(mapping(action).get("Schedule")))
            last = last_year(written[1]) if written else None
            if last is not None and subject.today is not None and last < subject.today.year:
                said = f"{written[1] if written else ''} came true for the last time in {last}"
                yield Complaint(said, f"{logical_id}/ScheduledActions/{index}/Schedule")


def _scheduled(year: str) -> str:
    return f"""\
{scaled(2)}    ScheduledActions:
      - ScheduledActionName: night
        Schedule: cron(0 19 ? * MON-FRI {year})
        ScalableTargetAction: {{MinCapacity: 1, MaxCapacity: 1}}
"""


SCHEDULE_RULES = (
    Rule(
        id="ESM036",
        severity=Severity.WARNING,
        level=Level.ADVISORY,
        summary="A moment of a schedule is still to come",
        why="What never comes changes no bounds: the night that was to be quiet is as dear as the day.",
        advice="write a year that is to come, or *",
        source="https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html",
        check=_passed,
        good=_scheduled("*"),
        bad=_scheduled("2024"),
    ),
)
