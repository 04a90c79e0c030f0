"""Plans of several runs, of which one was reviewed last and fits."""

from __future__ import annotations

from msgspec import Struct

from esmcfn.domain.plan import ReviewedPlan


class Candidate(Struct, frozen=True, kw_only=True):
    """A file that may be the plan of an environment.

    Attributes:
        plan: None where it is none, or not as esmcfn wrote it; `wrong` says why.
    """

    environment: str
    file: str
    plan: ReviewedPlan | None = None
    wrong: str = ""


class Choice(Struct, frozen=True, kw_only=True):
    """What was chosen for an environment.

    Attributes:
        fits: it is a whole plan of exactly the templates that this checkout builds.
        why: why it does not; empty where it does.
        passed_over: newer ones that do not fit, each with the reason.
    """

    environment: str
    file: str
    fits: bool
    why: str = ""
    passed_over: tuple[tuple[str, str], ...] = ()
