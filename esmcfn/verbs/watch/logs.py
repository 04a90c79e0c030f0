"""`logs`: what an endpoint's containers wrote, once or as they write it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from esmcfn.domain.endpoint import ContainerLog, Logged, LogLine
from esmcfn.domain.report import Report
from esmcfn.domain.stack import ModelStack, Selection
from esmcfn.errors import CloudError, Interrupted, UsageError
from esmcfn.ports import Clock, Cloud
from esmcfn.verbs.account import guarded
from esmcfn.verbs.world import World

LINES = 100
"""Lines that are shown where neither a number nor a time was said."""

MOST_LINES = 10_000
"""Lines of one answer at most; CloudWatch itself gives no more of one stream at a time."""

BETWEEN_SECONDS = 2.0
"""Between two looks while following; the containers' lines take a few seconds to CloudWatch anyway."""

LATE = timedelta(seconds=30)
"""How much later than its own time a line may appear; CloudWatch collects the instances' lines in batches."""

QUIET_SECONDS = 30.0
"""After how long without a line it is asked whether there still is an endpoint."""


def logs(selection: Selection, world: World, *, since: timedelta | None, most: int | None) -> Report:
    """The last lines.

    Args:
        since: only what was written so long ago at most.
        most: lines at most; None for LINES, or for all of that time.

    Raises:
        UsageError: it is not clear whose.
        CloudError: AWS refused or did not answer.
    """
    model, endpoint_name, cloud = _whose(selection, world)
    moment = world.now - since if since is not None else None
    log = cloud.endpoints.log(endpoint_name, since=moment, most=most or (MOST_LINES if moment else LINES))
    name = selection.environment.name
    body = Logged(environment=name, model=model.model, endpoint_name=endpoint_name, log=log, since=moment)
    return Report(verb="logs", environment=name, body=body)


def follow(
    selection: Selection,
    world: World,
    *,
    since: timedelta | None,
    most: int | None,
    clock: Clock,
    heard: Callable[[LogLine], bool],
    told: Callable[[str], None],
    listening: Callable[[], bool] = lambda: True,
) -> None:
    """Line after line, until the endpoint is gone or nobody reads any more.

    Args:
        heard: told each line, once; says whether more are wanted.
        listening: whether anybody still reads, while there is no line to tell.
        told: told what is no line of the log.

    Raises:
        UsageError: it is not clear whose.
        CloudError: AWS refused; what passes by itself is asked again.
        Interrupted: the person said stop.
    """
    model, endpoint_name, cloud = _whose(selection, world)
    name = selection.environment.name
    moment = None if since is None else world.now - since
    following = _Following(cloud, endpoint_name, since=moment, most=most, now=world.now, clock=clock, told=told)
    try:
        while all(heard(line) for line in following.fresh()) and listening() and following.goes_on():
            clock.sleep(BETWEEN_SECONDS)
    except (KeyboardInterrupt, Interrupted) as stop:
        made = Interrupted(
            f"stopped following {model.model}; its containers go on",
            next_step=f"esmcfn logs {name} --model {model.model} --follow goes on",
        )
        made.exit_code = getattr(stop, "exit_code", made.exit_code)
        raise made from None


def _whose(selection: Selection, world: World) -> tuple[ModelStack, str, Cloud]:
    """The one model, and its endpoint: as it is deployed, or as it will be called."""
    name = selection.environment.name
    if len(selection.models) != 1:
        keys = ", ".join(stack.model for stack in selection.models) or "none"
        raise UsageError(f"say whose log: {name} selects {keys}", next_step=f"esmcfn logs {name} --model KEY")
    (model,) = selection.models
    cloud = world.connect()
    world.progress("reading what is deployed")
    outputs = next((stack.outputs for stack in guarded(selection, cloud) if stack.name == model.name), {})
    return model, outputs.get("EndpointName", model.endpoint_name), cloud


class _Following:
    """One log, followed: each line once, also those that come late.

    Args:
        since: where to begin; None for some lines before the end.
        most: how many of those that were written before are wanted at most; None for all.
        now: in UTC, when nothing was written yet.
    """

    def __init__(
        self,
        cloud: Cloud,
        endpoint_name: str,
        *,
        since: datetime | None,
        most: int | None,
        now: datetime,
        clock: Clock,
        told: Callable[[str], None],
    ) -> None:
        self._endpoints, self._name, self._clock, self._told = cloud.endpoints, endpoint_name, clock, told
        self._since, self._now = since, now
        self._skip = most or (None if since else LINES)
        self._known: dict[str, datetime] = {}
        self._heard_at = clock.now()
        self._said = ""
        self._started = False

    def fresh(self) -> Sequence[LogLine]:
        """Lines that were not given before, oldest first."""
        log = self._read()
        if log is None:
            return ()
        lines = [line for line in log.lines if line.event_id not in self._known]
        self._known.update((line.event_id, line.at) for line in lines)
        if lines and self._since:
            self._heard_at = self._clock.now()
            self._since = since = max(self._since, max(self._known.values()) - LATE)
            self._known = {event: at for event, at in self._known.items() if at >= since}
        shown = lines[-self._skip :] if self._skip else lines
        self._skip = None
        return shown

    def goes_on(self) -> bool:
        """May there be more? Asked of SageMaker only when it has been quiet for a while."""
        if not self._started or self._clock.now() - self._heard_at < QUIET_SECONDS:
            return True
        self._heard_at = self._clock.now()
        try:
            there = self._endpoints.observe(self._name) is not None
        except CloudError as error:
            if not error.transient:
                raise
            return True
        if not there:
            self._say(f"there is no endpoint {self._name} any more")
        return there

    def _read(self) -> ContainerLog | None:
        try:
            if self._since is None:
                # Ids of the last lines are not those of a search, so the search begins where these do.
                last = self._endpoints.log(self._name, most=self._skip or LINES).lines
                self._since = last[0].at if last else self._now
            log = self._endpoints.log(self._name, since=self._since, most=MOST_LINES)
        except CloudError as error:
            if not error.transient:
                raise
            self._say(f"no answer, asking again: {error.message}")
            return None
        self._started = log.started
        self._say("" if log.started else "no container has started yet")
        return log

    def _say(self, what: str) -> None:
        if what and what != self._said:
            self._told(what)
        self._said = what
