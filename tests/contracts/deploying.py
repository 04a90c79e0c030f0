"""Verbs over the real adapters against a sandbox that runs fast; only the engines and the person are fakes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from awaited import HANG_SECONDS
from builders import a_project
from fakes import FakePerson, FakeWatch, a_world
from msgspec.structs import replace

from esmcfn.aws import Reach, connect
from esmcfn.domain.report import Report
from esmcfn.domain.stack import Selection
from esmcfn.sandbox.server import Sandbox
from esmcfn.verbs.deploy.deploying import Wishes, deploy
from esmcfn.verbs.plan.keeping import Keeping
from esmcfn.verbs.plan.planning import Manner, make_plan
from esmcfn.verbs.world import World

SPEED = 200.0
"""Seconds of the sandbox in one of ours."""


class Account:
    """An account of its own, and the verbs that work on it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.person, self.watch = FakePerson(), FakeWatch()
        self.calls: list[str] = []

    @classmethod
    def emptied(cls, sandbox: Sandbox) -> Account:
        """An account in which nothing ever happened."""
        with sandbox.world.lock:
            sandbox.world.reset()
            sandbox.world.pages.clear()
        sandbox.world.clock.run_at(SPEED)
        return cls(sandbox)

    def world(self, *, now: datetime | None = None, **reach: Any) -> World:
        """A world whose cloud is the sandbox, over HTTP."""
        cloud = connect(
            Reach(
                **{
                    "region": "us-east-2",
                    "endpoint_url": self.sandbox.endpoint_url,
                    "credentials": ("sandbox", "sandbox"),
                    "read_seconds": HANG_SECONDS,
                    "attempts": 4,
                    **reach,
                }
            )
        )
        return replace(
            a_world(person=self.person, watch=self.watch),
            connect=lambda: cloud,
            now=now or datetime.now(UTC).replace(microsecond=0),
        )

    def deploy(self, selection: Selection, wishes: Wishes | None = None, **reach: Any) -> Report:
        return deploy(a_project(), selection, self.world(**reach), wishes or Wishes())

    def plan(self, selection: Selection, **options: Any) -> Report:
        return make_plan(a_project(), selection, self.world(), Manner(**options))

    def kept(self, selection: Selection, **options: Any) -> Report:
        """A plan whose change sets stay, for a file."""
        with Keeping(self.person.tell) as keeping:
            return make_plan(a_project(), selection, self.world(), Manner(**options), keeping=keeping)

    def fault(self, name: str, **options: Any) -> None:
        self.sandbox.world.faults.add(name, options)

    def clear(self) -> None:
        self.sandbox.world.faults.clear()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Nothing goes on in AWS while this lasts."""
        clock = self.sandbox.world.clock
        clock.run_at(0)
        try:
            yield
        finally:
            clock.run_at(SPEED)
