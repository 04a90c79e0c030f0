"""A signed exception to a rule."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from esmcfn.domain.origin import Origin

LONGEST_DAYS = 180
"""How long a waiver may last: an exception that nobody renews within half a year is a rule that nobody keeps."""

SOON_DAYS = 14
"""A waiver that expires within so many days is told about, while there is still time to mend what it covers."""


DRIFT_RULE = "DRIFT"
"""What a waiver writes as its rule to accept the drift of a resource; `esmcfn drift` alone hears of it."""


BUDGET_RULE = "BUDGET"
"""What a waiver writes as its rule to let an environment be above its hard budget; whoever prices it hears of it."""

JUDGED_ELSEWHERE = frozenset({DRIFT_RULE, BUDGET_RULE})
"""Rules that no engine judges templates by, so that no engine can tell whether a waiver of them is of use."""


class Writers(Struct, frozen=True, kw_only=True):
    """Who wrote a waiver, as far as git tells.

    Attributes:
        names: names, addresses and handles of whoever wrote one of its lines, in lower case.
        untold: why git cannot tell of every line; empty where it does.
    """

    names: frozenset[str] = frozenset()
    untold: str = ""


class Waiver(Struct, frozen=True, kw_only=True):
    """A signed exception to a rule, with a reason and a last day.

    Attributes:
        environment: name of the environments that it is for, as a glob.
        resource: what it is for, as a glob over names of stacks, keys of selected models and logical ids.
        reason: why the rule does not hold here.
        owner: who mends it, or renews this.
        approver: who allowed it; not whoever wrote it.
        ticket: where it was discussed; findings name it.
        created: the first day on which it holds.
        expires: the last day on which it holds.
        origin: where it was written.
        lines: all of its own in that file, and comments between; each is somebody's signature.
    """

    rule: str
    environment: str
    resource: str
    reason: str
    owner: str
    approver: str
    ticket: str
    created: date
    expires: date
    origin: Origin
    lines: tuple[int, ...] = ()

    def in_force(self, today: date) -> bool:
        """Does it hold on this day? Both its first and its last day count."""
        return self.created <= today <= self.expires
