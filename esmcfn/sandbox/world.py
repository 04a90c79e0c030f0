"""Everything the sandbox holds, and the agenda that moves it: one lock, one clock, one store."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from esmcfn.sandbox.account.alarms import Alarms
from esmcfn.sandbox.account.metrics import Metrics
from esmcfn.sandbox.account.seeds import Seeds
from esmcfn.sandbox.autoscaling.service import AutoScaling
from esmcfn.sandbox.aws import ACCOUNT, Moto
from esmcfn.sandbox.clock import Clock
from esmcfn.sandbox.cloudformation.execution import Engine
from esmcfn.sandbox.cloudformation.service import CloudFormation
from esmcfn.sandbox.faults import Faults
from esmcfn.sandbox.logs import Logs
from esmcfn.sandbox.pace import Pace
from esmcfn.sandbox.pages import page
from esmcfn.sandbox.refusal import Refusal
from esmcfn.sandbox.resources import HANDLERS
from esmcfn.sandbox.resources.base import HandlerError
from esmcfn.sandbox.sagemaker.containers import Containers
from esmcfn.sandbox.sagemaker.hosting import Hosting
from esmcfn.sandbox.state import Store

if TYPE_CHECKING:
    from esmcfn.sandbox.cloudformation.model import Resource
    from esmcfn.sandbox.wire import Call

T = TypeVar("T")

MOST_STEPS = 100_000
"""A settle that takes more steps than this has a bug: it would never end."""


TARGET_STAYS = (
    "An Application AutoScaling scalable target exists for a variant being deleted, and the IAM identity used to "
    "invoke DeleteEndpoint does not have application-autoscaling:DeregisterScalableTarget permission to deregister "
    "the scalable target."
)


class World:
    """One account with its services; `port` is that of the server, where there is one.

    Every request holds `lock` while it is answered, after `settle` has brought everything to the present.
    """

    def __init__(self, folder: Path | None = None, *, clock: Clock | None = None, store: Store | None = None) -> None:
        self.store = store or Store(folder)
        self.account = ACCOUNT
        self.lock = threading.RLock()
        self.pace = Pace()
        self.pages: dict[str, int] = {}
        self.port = 0
        saved = dict(self.store.all("clock", dict[str, float]))
        self._load()
        self.clock = clock or Clock(start=max(float(saved.get("clock", {}).get("now", 0)), self._latest()))

    def _latest(self) -> float:
        """Return the last moment that anything on disk knows: a killed server may have run ahead of real time."""
        return max((event.at for stack in self.cloudformation.stacks.values() for event in stack.events), default=0.0)

    def _load(self) -> None:
        self.faults = Faults(self.store)
        self.moto = Moto(self._restore)
        self.containers = Containers(self.store)
        self.logs = Logs(self)
        self.sagemaker = Hosting(self.store, self.faults, self.containers)
        self.autoscaling = AutoScaling(self)
        self.metrics = Metrics(self)
        self.alarms = Alarms(self)
        self.seeds = Seeds(self.store, self.metrics)
        self.cloudformation = CloudFormation(self)

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

    def page(self, call: Call, items: Sequence[T]) -> tuple[list[T], str | None]:
        """Return the page that a call asks for, and the token of the next: AWS's 100 unless it, or a test, says less.

        Raises:
            Refusal: its NextToken is none of ours.
        """
        usual = self.pages.get(call.operation, self.pages.get("*", 100))
        size = int(call.parameters.get("MaxResults") or usual)
        return page(items, call.parameters.get("NextToken"), size)

    def keep_clock(self) -> None:
        """Remember engine time, so that it never runs backwards over a restart."""
        self.store.put("clock", "clock", {"now": self.clock.now()})

    def resources_of_type(self, resource_type: str) -> list[Resource]:
        """Return every live resource of a type that any stack owns."""
        return [
            resource
            for stack in self.cloudformation.stacks.values()
            for resource in stack.resources.values()
            if resource.resource_type == resource_type and resource.status != "DELETE_COMPLETE"
        ]

    def scaled_variants(self, region: str, endpoint: str) -> list[str]:
        """Return the variants of an endpoint that have a scalable target."""
        return self.autoscaling.variants(region, endpoint)

    def delete_endpoint(self, region: str, endpoint: str, at: float) -> None:
        """Delete an endpoint and deregister the scalable targets of its variants, without notice.

        Raises:
            Refusal: the endpoint cannot be deleted, or whoever asks may not deregister.
        """
        self.sagemaker.endpoint(region, endpoint)
        if self.scaled_variants(region, endpoint):
            try:
                self.faults.authorize("application-autoscaling:DeregisterScalableTarget")
            except Refusal as refusal:
                raise Refusal("ValidationException", TARGET_STAYS) from refusal
        self.sagemaker.delete_endpoint(region, endpoint, at)
        self.autoscaling.endpoint_deleted(region, endpoint)

    def _restore(self) -> None:
        """Make again what lives in moto, as the stacks say; moto asks for it when it is first needed.

        An operation that goes on meanwhile changes a stack's record after it has changed the resource, so what is
        recorded is what must be there.
        """
        for stack in self.cloudformation.stacks.values():
            engine = Engine(self, stack)
            doomed = stack.execution.doomed if stack.execution else []
            for resource in _in_order([*stack.resources.values(), *doomed]):
                try:
                    request = replace(engine.request(resource, self.clock.now()), trusted=True)
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
