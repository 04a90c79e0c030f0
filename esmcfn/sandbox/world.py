"""Everything the sandbox holds, and the agenda that moves it: one lock, one clock, one store.

Nobody below imports it: a service sees the `Ground`, a handler the `Services`, a part of CloudFormation the `Registry`.
"""

from __future__ import annotations

import sys
import threading
from dataclasses import replace
from pathlib import Path

from esmcfn.sandbox.aws import Moto
from esmcfn.sandbox.clock import Clock
from esmcfn.sandbox.cloudformation.machine import Machine
from esmcfn.sandbox.cloudformation.model import Resource
from esmcfn.sandbox.cloudformation.service import CloudFormation
from esmcfn.sandbox.faults import Faults
from esmcfn.sandbox.pace import Pace
from esmcfn.sandbox.refusal import Refusal
from esmcfn.sandbox.resources import HANDLERS
from esmcfn.sandbox.resources.base import HandlerError
from esmcfn.sandbox.services import Services
from esmcfn.sandbox.state import Store

MOST_STEPS = 100_000
"""A settle that takes more steps than this has a bug: it would never end."""


class World(Services):
    """One account with its services.

    Every request holds `lock` while it is answered, after `settle` has brought everything to the present.
    """

    def __init__(self, folder: Path | None = None, *, clock: Clock | None = None, store: Store | None = None) -> None:
        self.store = store or Store(folder)
        self.lock = threading.RLock()
        self.pace = Pace()
        self.pages = {}
        saved = dict(self.store.all("clock", dict[str, float]))
        self._load()
        self.clock = clock or Clock(start=max(float(saved.get("clock", {}).get("now", 0)), self._latest()))

    def _latest(self) -> float:
        """Return the last moment that anything on disk knows: a killed server may have run ahead of real time."""
        return max((event.at for stack in self.cloudformation.stacks.values() for event in stack.events), default=0.0)

    def _load(self) -> None:
        self.faults = Faults(self.store, HANDLERS)
        self.moto = Moto(self._restore)
        self.open()
        self.cloudformation = CloudFormation(self)
        self._miss_nothing()

    def _miss_nothing(self) -> None:
        """Refuse a state of which a file was deleted: what lay in it would pass for drift.

        Raises:
            Damaged: a stack has resources in SageMaker, and SageMaker's file of that region is not there.
        """
        for stack in self.cloudformation.stacks.values():
            hosted = [
                resource.logical_id
                for resource in _in_order(list(stack.resources.values()))
                if resource.resource_type.startswith("AWS::SageMaker::")
            ]
            if hosted and not stack.deleted and stack.region not in self.sagemaker.regions:
                why = f"stack {stack.name} has {', '.join(hosted)} in it"
                raise self.store.lost("sagemaker", stack.region, why=why)

    def reset(self) -> None:
        """Forget everything: stacks, resources, faults, seeds."""
        self.store.clear()
        self.moto.reset()
        self._load()

    def settle(self) -> float:
        """Bring every state machine to the present, in the order in which things happen."""
        with self.store.together():
            return self._settle(self.clock.now())

    def _settle(self, now: float) -> float:
        for _ in range(MOST_STEPS):
            machine = self.cloudformation.next_due()
            endpoint = self.sagemaker.next_due()
            if endpoint is not None and endpoint[0] <= now and (machine is None or endpoint[0] <= machine[0]):
                self.sagemaker.finish(endpoint[1], endpoint[2], endpoint[0])
            elif machine is not None and machine[0] <= now:
                self.cloudformation.run(machine[1], machine[0])
            else:
                return now
        raise AssertionError("the sandbox's agenda does not end")

    def keep_clock(self) -> None:
        """Remember engine time, so that it never runs backwards over a restart."""
        self.store.put("clock", "clock", {"now": self.clock.now()})

    def _restore(self) -> None:
        """Make again what lives in moto, as the stacks say; moto asks for it when it is first needed.

        An operation that goes on meanwhile changes a stack's record after it has changed the resource, so what is
        recorded is what must be there.
        """
        for stack in self.cloudformation.stacks.values():
            machine = Machine(self.cloudformation, stack)
            doomed = stack.execution.doomed if stack.execution else []
            for resource in _in_order([*stack.resources.values(), *doomed]):
                try:
                    request = replace(machine.request(resource, self.clock.now()), trusted=True)
                    HANDLERS[resource.resource_type].restore(request)
                except (Refusal, HandlerError) as error:
                    print(f"could not restore {stack.name} {resource.logical_id}: {error}", file=sys.stderr)


def _in_order(resources: list[Resource]) -> list[Resource]:
    gone = ("DELETE_COMPLETE", "DELETE_SKIPPED")
    waiting = [item for item in resources if item.physical_id and item.status not in gone]
    ordered: list[Resource] = []
    while waiting:
        names = {item.logical_id for item in waiting}
        free = [item for item in waiting if not names.intersection(item.depends_on) - {item.logical_id}] or waiting
        ordered += free
        waiting = [item for item in waiting if item not in free]
    return ordered
