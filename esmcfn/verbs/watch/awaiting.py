"""`wait`: until every endpoint that is wanted serves what is wanted, or it is sure that it will not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

from msgspec.structs import replace

from esmcfn import standing
from esmcfn.domain.project import Project
from esmcfn.domain.report import Report
from esmcfn.domain.stack import Selection
from esmcfn.domain.standing import ModelStatus, Standing, Survey, Waited
from esmcfn.errors import CloudError, DeploymentError, EsmcfnError, Interrupted, LostSight, NotDeployed, WrongAccount
from esmcfn.ports import Clock, Cloud
from esmcfn.verbs.account import surveyed
from esmcfn.verbs.plan.reading import side_by_side
from esmcfn.verbs.watch.watching import (
    Subject,
    advised,
    environment_status,
    failed,
    seen_now,
    subjects,
    wanted_configs,
    with_log,
)
from esmcfn.verbs.world import World

SOON_SECONDS, SOON_FOR_SECONDS = 0.5, 30.0
"""Between two looks, and for how long; an update of a small model may be done by then."""

LATER_SECONDS, SLOWER, LONGEST_SECONDS = 1.0, 1.5, 10.0
"""Between two looks after that: from, by what it grows, to; an endpoint takes 10 to 25 minutes."""

HEARTBEAT_SECONDS = 30.0
"""After how long without a line one is written; CI kills what is silent for long."""

_HOPELESS = frozenset({Standing.FAILED, Standing.OTHER, Standing.MISSING, Standing.NOT_DEPLOYED, Standing.PARKED})
"""Standings that do not become better by waiting."""


def wait(
    project: Project,
    selection: Selection,
    world: World,
    *,
    clock: Clock,
    deadline: float,
    heard: Callable[[str], None],
    again: str,
) -> Report:
    """Look again and again; what is parked is not waited for.

    Args:
        deadline: by the clock, in its seconds; one look is made even if it has passed.
        heard: told each change, and that nothing changes, a line each.
        again: the command that goes on waiting.

    Raises:
        CloudError: the deadline has passed, or AWS refused.
        LostSight: AWS refused after it had answered before; the endpoints go on.
        NotDeployed: what is wanted is not deployed, and nobody is about to.
        DeploymentError: an endpoint failed, or stays on another configuration, or is gone.
        Interrupted: the person said stop; the endpoints go on.
    """
    waiting = _Waiting(selection, world.connect(), clock=clock, heard=heard, again=again)
    try:
        waiting.until(deadline)
    except KeyboardInterrupt:
        raise waiting.stopped() from None
    except Interrupted as stop:
        raise waiting.stopped(stop) from None
    status = environment_status(project, selection, waiting.found, waiting.seen, world)
    # The world's moment is the one at which the command began.
    looked_at = world.now + timedelta(seconds=round(waiting.elapsed))
    body = Waited(status=replace(status, as_of=looked_at), seconds=waiting.elapsed)
    return Report(verb="wait", environment=status.environment, body=body)


class _Waiting:
    """One wait; it can say at any moment what it waits for.

    Attributes:
        found: the stacks as they were read last.
        seen: the models as they were seen last.
    """

    def __init__(
        self, selection: Selection, cloud: Cloud, *, clock: Clock, heard: Callable[[str], None], again: str
    ) -> None:
        self._again = again
        self._selection, self._cloud, self._clock, self._heard = selection, cloud, clock, heard
        self._name = selection.environment.name
        self._configs = wanted_configs(selection)
        self._began = self._spoke = clock.now()
        self._said: dict[str, str] = {}
        self._existed: set[str] = set()
        self._reasons: dict[str, str] = {}
        self._hopeless: frozenset[str] = frozenset()
        self._looked = False
        self.found = Survey()
        self.seen: tuple[ModelStatus, ...] = ()

    @property
    def elapsed(self) -> float:
        """Seconds since it began."""
        return self._clock.now() - self._began

    def until(self, deadline: float) -> None:
        """Look until all is well.

        Raises:
            As `wait` does.
        """
        trouble, later = "", LATER_SECONDS
        while True:
            try:
                self._look()
            except CloudError as error:
                if not error.transient:
                    raise self._lost(error) from error
                trouble = error.message
                self._tell("AWS", f"no answer, asking again: {trouble}")
            else:
                if self._done():
                    return
                trouble = ""
                self._said.pop("AWS", None)
            left = deadline - self._clock.now()
            if left <= 0:
                raise self._too_late(trouble)
            self._beat()
            pause = SOON_SECONDS
            if self.elapsed >= SOON_FOR_SECONDS:
                pause, later = later, min(later * SLOWER, LONGEST_SECONDS)
            self._clock.sleep(min(pause, left))

    def stopped(self, stop: Interrupted | None = None) -> Interrupted:
        """What goes on without us, and how to go on waiting."""
        pending = self._pending()
        goes_on = f"; AWS goes on with {pending}" if pending else ""
        made = Interrupted(
            f"stopped waiting for {self._name}{goes_on}",
            next_step=f"{self._again} goes on waiting, esmcfn status {self._name} looks once",
        )
        made.exit_code = stop.exit_code if stop else made.exit_code
        return made

    def _look(self) -> None:
        """One look at all that is wanted. Stacks are read again only where an endpoint alone decides nothing."""
        if not self._looked or any(not _moves(seen) for seen in self.seen):
            self.found = surveyed(self._selection, self._cloud)
        asked = subjects(self._selection, self.found, self._configs)
        wanted = [subject for subject in asked if subject.wanted_config]
        self.seen = side_by_side(
            lambda subject: seen_now(subject, self._cloud),
            wanted,
            busy=lambda subject: standing.expected(subject.deployed),
        )
        self._looked = True
        self._reasons |= {seen.model: seen.failure_reason for seen in self.seen if seen.failure_reason}
        for subject, seen in zip(wanted, self.seen, strict=True):
            self._tell(seen.model, _described(seen, subject))

    def _done(self) -> bool:
        """Is everything in service?

        Raises:
            NotDeployed, DeploymentError: something is not, at two looks in a row, and nothing is under way.
        """
        hopeless = [seen for seen in self.seen if seen.standing in _HOPELESS]
        names = frozenset(seen.stack for seen in hopeless)
        # What AWS says may be a moment old: an operation that has just begun is not seen at the first look.
        if certain := [seen for seen in hopeless if seen.stack in self._hopeless]:
            raise self._verdict(certain)
        self._hopeless = names
        self._existed |= {seen.stack for seen in self.seen if seen.deployed}
        return all(seen.standing is Standing.IN_SERVICE for seen in self.seen)

    def _verdict(self, hopeless: Sequence[ModelStatus]) -> EsmcfnError:
        if all(self._absent(seen) for seen in hopeless):
            names = ", ".join(seen.model for seen in hopeless)
            return NotDeployed(
                f"{self._name}: {names}: not deployed, and no deployment is under way",
                next_step=f"esmcfn deploy {self._name}",
            )
        looked = [with_log(seen, self._cloud) if failed(seen) else seen for seen in hopeless]
        for seen in looked:
            self._tell_log(seen)
        said = "; ".join(f"{seen.model}: {self._why(seen)}" for seen in looked)
        return DeploymentError(
            f"{self._name}: not in service: {said}",
            next_step=next(advised(seen, environment=self._name) for seen in looked),
        )

    def _absent(self, seen: ModelStatus) -> bool:
        """Was it never there, as far as we know, or parked when it was deployed?"""
        if seen.standing is Standing.PARKED:
            return True
        return seen.standing is Standing.NOT_DEPLOYED and seen.deployed is None and seen.stack not in self._existed

    def _why(self, seen: ModelStatus) -> str:
        """What is wrong with it; a rollback takes the endpoint away, and its reason, perhaps seen before."""
        reason = seen.failure_reason or self._reasons.get(seen.model, "")
        return ": ".join(filter(None, (_trouble(seen), reason)))

    def _lost(self, error: CloudError) -> CloudError:
        if not self._looked or isinstance(error, WrongAccount):
            return error
        return LostSight(
            f"lost sight of {self._name}, whose endpoints go on without us: {error.message}",
            code=error.code,
            operation=error.operation,
            next_step="; ".join(filter(None, (error.next_step, f"then {self._again} goes on waiting"))),
        )

    def _too_late(self, trouble: str) -> CloudError:
        if not self._looked:
            return CloudError(f"{self._name}: AWS gave no answer in time: {trouble}", next_step="try again")
        unread = f"; AWS could not be read last: {trouble}" if trouble else ""
        return CloudError(
            f"{self._name}: the time is up, and not everything is in service: {self._pending()}{unread}",
            next_step=f"{self._again} goes on waiting, esmcfn status {self._name} shows it",
        )

    def _pending(self) -> str:
        waits = [seen for seen in self.seen if seen.standing is not Standing.IN_SERVICE]
        return ", ".join(f"{seen.model} ({self._said.get(seen.model, seen.standing)})" for seen in waits)

    def _tell(self, who: str, what: str) -> None:
        """A line where something is otherwise than it was."""
        if self._said.get(who) != what:
            self._said[who] = what
            self._line(f"{who}: {what}")

    def _tell_log(self, seen: ModelStatus) -> None:
        for line in seen.log.lines if seen.log else ():
            self._line(f"{seen.model} log: {line.text}")

    def _beat(self) -> None:
        if self._clock.now() - self._spoke >= HEARTBEAT_SECONDS:
            self._line(f"still waiting for {self._pending() or 'AWS to answer'}")

    def _line(self, what: str) -> None:
        self._spoke = self._clock.now()
        minutes, seconds = divmod(int(self.elapsed), 60)
        self._heard(f"{minutes:02}:{seconds:02}  {what}")


def _moves(seen: ModelStatus) -> bool:
    """Does the endpoint alone say that it is not there yet, or that it is?"""
    return bool(seen.endpoint and seen.endpoint.moving) or seen.standing is Standing.IN_SERVICE


def _described(seen: ModelStatus, subject: Subject) -> str:
    """Where it stands, in a few words that change when it does."""
    return ", ".join(_words(seen, subject))


def _words(seen: ModelStatus, subject: Subject) -> Iterator[str]:
    endpoint = seen.endpoint
    if endpoint is None:
        stack = subject.deployed.status if subject.deployed else "none"
        yield f"no endpoint yet, stack {stack}"
        return
    yield endpoint.status
    if seen.standing is Standing.IN_SERVICE:
        return
    if endpoint.config_name != seen.wanted_config and endpoint.pending_config != seen.wanted_config:
        yield f"serves {endpoint.config_name}"
    yield from (f"{variant.name} {variant.status}" for variant in endpoint.variants if variant.status)


def _trouble(seen: ModelStatus) -> str:
    if seen.standing is Standing.MISSING:
        return f"SageMaker knows no endpoint {seen.endpoint_name}, though it is deployed"
    if seen.deployed is None:
        return "its stack was deleted"
    if seen.endpoint is None:
        return seen.meaning or f"no endpoint, and its stack is {seen.deployed.status}"
    if seen.standing is Standing.OTHER:
        return f"it serves {seen.endpoint.config_name}, not {seen.wanted_config}, and nothing is under way"
    return seen.endpoint.status
