"""What a verb may ask of the world."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import Enum, auto
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from esmcfn.domain.waiver import Waiver, Writers

if TYPE_CHECKING:
    from esmcfn.domain.project import Policy
    from esmcfn.domain.report import Report
    from esmcfn.domain.template import Template
    from esmcfn.policy import Judgement
    from esmcfn.ports import Cloud


class Begin(Protocol):
    """Start judging templates; the answer is collected later."""

    def __call__(
        self, templates: Sequence[Template], *, policy: Policy, region: str, beside: Sequence[Template]
    ) -> Judgement:
        """Engines at work.

        Args:
            beside: other templates of the environment, which rules about all of it together count.
        """


class Stop(Enum):
    """What a person who pressed Ctrl-C during a deployment wants."""

    WATCH = auto()
    CANCEL = auto()
    LEAVE = auto()


class Question(Struct, frozen=True, kw_only=True):
    """What is asked below a plan.

    Attributes:
        by_name: a word that has to be typed to agree; empty where yes or no is enough.
        besides: what happens that the plan does not say, one sentence each.
    """

    text: str = "Deploy this?"
    by_name: str = ""
    besides: tuple[str, ...] = ()


DEPLOY = Question()


class Person(Protocol):
    """Whoever runs the command; where nobody is there to ask, what was said beforehand."""

    def agrees(self, plan: Report, question: Question) -> bool:
        """Shall this plan be executed? Whoever agreed beforehand is told what it does."""

    def consents(self, consequence: str) -> bool:
        """May this happen? One question, its consequence said."""

    def tell(self, line: str) -> None:
        """Something that has to be known, whoever looks."""

    def interrupted(self, running: Sequence[str], updates: Sequence[str]) -> Stop:
        """Ctrl-C while these stacks are worked on: what now?

        Args:
            updates: those that can be cancelled; a creation and a deletion cannot.
        """


class Nobody:
    """Agrees to nothing."""

    def agrees(self, plan: Report, question: Question) -> bool:
        return False

    def consents(self, consequence: str) -> bool:
        return False

    def tell(self, line: str) -> None: ...

    def interrupted(self, running: Sequence[str], updates: Sequence[str]) -> Stop:
        return Stop.LEAVE


class Watch(Protocol):
    """Whoever shows how a deployment goes."""

    def stage(self, stack: str, stage: str, *, waits_for: str = "", starts: bool = False) -> None:
        """A stack has come this far.

        Args:
            waits_for: what takes its time now, empty where nothing does.
            starts: that is an endpoint whose instances start, which takes the longest by far.
        """

    def ended(self, stack: str, how: str, *, well: bool) -> None:
        """A stack is done."""


class Unwatched:
    """Nobody looks."""

    def stage(self, stack: str, stage: str, *, waits_for: str = "", starts: bool = False) -> None: ...

    def ended(self, stack: str, how: str, *, well: bool) -> None: ...


class World(Struct, frozen=True, kw_only=True):
    """Everything outside of the core, as arguments.

    Attributes:
        connect: reach the environment's account; called late, since it is slow, and only by verbs that need it.
        begin: start the policy engines.
        now: in UTC.
        progress: say what is being done, to a person who waits.
        pause: wait so many seconds.
        authors: who wrote a waiver, as far as anybody can tell.
    """

    connect: Callable[[], Cloud]
    begin: Begin
    now: datetime
    tool_version: str
    progress: Callable[[str], None]
    pause: Callable[[float], None]
    person: Person = Nobody()
    watch: Watch = Unwatched()
    authors: Callable[[Waiver], Writers] = lambda waiver: Writers(untold="nobody was asked")
