"""What a verb may ask of the world."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from esmcfn.domain.project import Policy
    from esmcfn.domain.template import Template
    from esmcfn.policy import Judgement
    from esmcfn.ports import Cloud


class Begin(Protocol):
    """Start judging templates; the answer is collected later."""

    def __call__(self, templates: Sequence[Template], *, policy: Policy, region: str) -> Judgement: ...


class World(Struct, frozen=True, kw_only=True):
    """Everything outside of the core, as arguments.

    Attributes:
        connect: reach the environment's account; called late, since it is slow, and only by verbs that need it.
        begin: start the policy engines.
        now: in UTC.
        progress: say what is being done, to a person who waits.
    """

    connect: Callable[[], Cloud]
    begin: Begin
    now: datetime
    tool_version: str
    progress: Callable[[str], None]
