"""Executing a plan: the base stack first, models side by side, then what goes; it can say at any moment where it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import TypeVar

from msgspec.structs import replace

from esmcfn.diagnosis import ENDPOINT, Sight, diagnose, not_serving
from esmcfn.domain.changeset import ChangeSet
from esmcfn.domain.deployment import Diagnosis, Execution, StackEvent, StackOutcome
from esmcfn.domain.endpoint import ObservedEndpoint
from esmcfn.domain.plan import Plan, StackAction, StackPlan
from esmcfn.domain.stack import ModelStack, Selection, Stack
from esmcfn.errors import (
    CloudError,
    EsmcfnError,
    ExitCode,
    Interrupted,
    LostSight,
    NotBegun,
)
from esmcfn.ports import Cloud, Heard
from esmcfn.signals import Held, Signals
from esmcfn.threads import Pool
from esmcfn.verbs.deploy.steps import NOTHING, Steps, Terms
from esmcfn.verbs.plan.keeping import Keeping, discarded
from esmcfn.verbs.plan.reading import side_by_side
from esmcfn.verbs.world import Stop, World

SIDE_BY_SIDE = 64
"""Stacks worked on at a time; each waits for AWS nearly all of its time, and all share one pace of asking."""

Seen = TypeVar("Seen")

STARTING = frozenset({"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"})
"""Statuses of an endpoint whose instances start, or may."""

LOOK_SECONDS = 2.0
"""Between two looks at an endpoint."""

SERVING_SECONDS = 300.0
"""How long an endpoint may take to settle after CloudFormation called its stack complete."""


class Executing:
    """One execution of a plan.

    Args:
        keeping: of its change sets; each is taken over as soon as its stack is begun, or removed.
    """

    def __init__(
        self, made: Plan, selection: Selection, *, cloud: Cloud, world: World, terms: Terms, keeping: Keeping
    ) -> None:
        self._made, self._cloud, self._world, self._terms = made, cloud, world, terms
        self._keeping = keeping
        self._stacks = {stack.name: stack for stack in selection.stacks}
        self._steps = Steps(made, self._stacks, cloud=cloud, terms=terms)
        self._running: dict[str, StackPlan] = {}
        self._done: dict[str, StackOutcome] = {}

    def outcomes(self) -> tuple[StackOutcome, ...]:
        """What became of every stack that was to change; nothing stands on a failed base, nothing goes after a failure.

        Raises:
            Interrupted: the person said stop; says what CloudFormation goes on with.
        """
        try:
            for group in self._groups():
                if all(outcome.succeeded for outcome in self._done.values()):
                    self._group(group)
                else:
                    self._leave(group)
                    self._done.update((stack.name, _outcome(stack, None)) for stack in group)
            self._done.update((outcome.name, outcome) for outcome in self._fallen())
        except (KeyboardInterrupt, Interrupted) as stop:
            with Held():  # who presses it again waits for what is cleared away
                raise self._stopped(getattr(stop, "exit_code", ExitCode.INTERRUPTED)) from None
        return tuple(self._done[stack.name] for stack in self._made.stacks if stack.name in self._done)

    def _fallen(self) -> Iterable[StackOutcome]:
        """Endpoints that nothing was to change, and that do not serve what is deployed: no run is good beside them."""
        unchanged = [
            stack
            for stack in self._made.stacks
            if stack.action is StackAction.UNCHANGED and stack.model in self._made.endpoints
        ]
        judged = side_by_side(self._standing, unchanged, stop=self._cloud.stacks.stop)
        return (outcome for outcome in judged if not outcome.succeeded)

    def _standing(self, stack: StackPlan) -> StackOutcome:
        try:
            return self._judged(stack, NOTHING, _Sightings(self._cloud, self._stacks.get(stack.name)))
        except CloudError as error:
            return replace(_outcome(stack, NOTHING), error=error)

    def _groups(self) -> Iterable[list[StackPlan]]:
        stacks = [stack for stack in self._made.stacks if stack.action is not StackAction.UNCHANGED]
        coming = [stack for stack in stacks if stack.action is not StackAction.DELETE]
        going = [stack for stack in stacks if stack.action is StackAction.DELETE]
        models_go = [stack for stack in going if stack.model is not None]
        base = [stack for stack in coming if stack.model is None]
        models = [stack for stack in coming if stack.model is not None]
        base_goes = [stack for stack in going if stack.model is None]
        if self._made.delete_first:
            return base, models_go, models, base_goes
        return base, models, models_go, base_goes

    def _group(self, group: Sequence[StackPlan]) -> None:
        if not group:
            return
        with Pool(max_workers=min(SIDE_BY_SIDE, len(group))) as pool:
            try:
                waiting = {pool.submit(self._one, stack) for stack in group}
                while waiting:
                    waiting = self._awaited(waiting)
            except BaseException:  # whoever still waits is told before anything is raised
                with Held():  # who presses it again waits for the call under way, too
                    self._cloud.stacks.stop()
                    pool.shutdown(wait=True, cancel_futures=True)
                raise

    def _awaited(self, waiting: set[Future[None]]) -> set[Future[None]]:
        """Who is still waited for, after a while."""
        try:
            done, waiting = wait(waiting, timeout=0.5, return_when=FIRST_COMPLETED)
            for future in done:
                future.result()
            Signals.current().look()  # one that was swallowed on the way
        except KeyboardInterrupt:
            running = dict(self._running)
            updates = [name for name, stack in running.items() if stack.action is StackAction.UPDATE]
            match self._world.person.interrupted(sorted(running), sorted(updates)):
                case Stop.LEAVE:
                    raise
                case Stop.CANCEL:
                    self._cancel()
                case Stop.WATCH:
                    pass
        return waiting

    def _cancel(self) -> None:
        """Give up what can be given up; a creation cannot, and goes on."""
        for stack in tuple(self._running.values()):
            if stack.action is StackAction.UPDATE and stack.stack_id:
                try:
                    self._cloud.operations.cancel(stack.stack_id)
                    self._world.watch.stage(stack.name, "cancelling")
                except CloudError as error:
                    self._world.person.tell(f"{stack.name} could not be cancelled: {error.message}")

    def _one(self, stack: StackPlan) -> None:
        self._running[stack.name] = stack
        self._keeping.hand_over(stack.change_set_id)
        self._world.watch.stage(stack.name, "begins")
        try:
            outcome = self._outcome(stack)
        except NotBegun:
            self._running.pop(stack.name, None)
            raise
        except Interrupted:
            raise
        except EsmcfnError as error:  # this stack's own trouble; its neighbours go on
            seen = isinstance(error, LostSight)
            if not seen:
                self._leave([stack])
            outcome = replace(_outcome(stack, None), error=error)
            self._world.watch.ended(stack.name, error.message if seen else f"failed: {error.message}", well=False)
        self._running.pop(stack.name, None)
        self._done[stack.name] = outcome

    def _outcome(self, stack: StackPlan) -> StackOutcome:
        sightings = _Sightings(self._cloud, self._stacks.get(stack.name))
        execution = self._steps.execute(stack, self._heard(stack, sightings))
        outcome = self._judged(stack, execution, sightings)
        if stack.protection is not None and execution.succeeded and stack.action is not StackAction.DELETE:
            outcome = self._protected(stack, outcome, stack.protection)
        failure = f"failed: {execution.status}: {_reason(outcome.diagnosis)}"
        done = f"done: {execution.status}" if execution.status else "done"
        words = done if outcome.succeeded else failure
        self._world.watch.ended(stack.name, words, well=outcome.succeeded)
        return outcome

    def _protected(self, stack: StackPlan, outcome: StackOutcome, on: bool) -> StackOutcome:
        """The same outcome, once termination protection is switched; that this is refused undoes nothing."""
        try:
            self._steps.protect(stack, on)
        except CloudError as error:
            return replace(outcome, error=error)
        return outcome

    def _judged(self, stack: StackPlan, execution: Execution, sightings: _Sightings) -> StackOutcome:
        """What it came to: CloudFormation's word for it, and SageMaker's."""
        outcome = _outcome(stack, execution)
        environment = self._made.environment
        if not execution.succeeded:
            diagnosis = diagnose(execution, sightings.now(), environment=environment, deleted_first=stack.delete_first)
            return replace(outcome, diagnosis=diagnosis)
        wanted = self._made.endpoints.get(stack.model or "")
        if stack.action is StackAction.DELETE or wanted is None:
            return outcome
        endpoint = self._settled(stack, wanted.endpoint_name)
        if endpoint and endpoint.serves(wanted.endpoint_config_name):
            return replace(outcome, endpoint=endpoint)
        sight = replace(sightings.now(), endpoint=endpoint)
        diagnosis = not_serving(execution, sight, wanted=wanted.endpoint_config_name, environment=environment)
        return replace(outcome, endpoint=endpoint, diagnosis=diagnosis)

    def _settled(self, stack: StackPlan, name: str) -> ObservedEndpoint | None:
        """The endpoint, once it is done moving; an answer that does not come is asked for again."""
        waited = 0.0
        while True:
            try:
                endpoint = self._cloud.endpoints.observe(name)
                if endpoint is None or not endpoint.moving or waited >= SERVING_SECONDS:
                    return endpoint
                self._world.watch.stage(stack.name, f"endpoint {endpoint.status}", waits_for="SageMaker")
            except CloudError as error:
                if not error.transient or waited >= SERVING_SECONDS:
                    raise LostSight(
                        f"CloudFormation is done with {stack.name}; whether its endpoint serves could not be seen: "
                        f"{error.message}",
                        code=error.code,
                        operation=error.operation,
                        next_step=error.next_step or f"esmcfn wait {self._made.environment} looks again",
                    ) from error
            self._world.pause(LOOK_SECONDS)
            waited += LOOK_SECONDS

    def _heard(self, stack: StackPlan, sightings: _Sightings) -> Heard:
        def heard(event: StackEvent) -> None:
            sightings.hear(event)
            reason = f": {event.reason}" if event.reason and event.status.endswith("_FAILED") else ""
            waits_for = event.logical_id if event.status.endswith("_IN_PROGRESS") and not event.of_stack else ""
            stage = f"{event.logical_id}  {event.detailed_status or event.status}{reason}"
            starts = event.resource_type == ENDPOINT and event.status in STARTING
            self._world.watch.stage(stack.name, stage, waits_for=waits_for, starts=starts)

        return heard

    def _leave(self, stacks: Sequence[StackPlan]) -> None:
        """Remove the change sets of what is not executed; where that fails, the rest is more important."""
        for stack in stacks:
            self._keeping.hand_over(stack.change_set_id)
        change_sets = (_change_set(stack, stack.change_set_id) for stack in stacks if stack.change_set_id)
        for failed in discarded(self._cloud, change_sets):
            self._world.person.tell(f"a change set stays: {failed.message}")

    def _stopped(self, code: ExitCode) -> Interrupted:
        """What goes on without us, and what was never begun; the latter's change sets are removed."""
        begun = {*self._running, *self._done}
        waiting = [stack for stack in self._made.stacks if stack.name not in begun]
        self._leave(waiting)
        said = [
            f"{words}: {', '.join(sorted(names))}"
            for words, names in (
                ("CloudFormation goes on with", self._running),
                ("done", self._done),
                ("deleted first and not yet made anew", [name for name, s in self._running.items() if s.delete_first]),
                (
                    "autoscaling taken off and perhaps not yet put back",
                    [name for name, stack in self._running.items() if stack.unscale_first],
                ),
                ("not begun", {stack.name for stack in waiting if stack.action is not StackAction.UNCHANGED}),
            )
            if names
        ]
        return Interrupted(
            "stopped watching; " + "; ".join(said),
            exit_code=code,
            next_step=f"esmcfn status {self._made.environment} shows where it stands; "
            f"{self._terms.again} goes on from there",
        )


class _Sightings:
    """What was seen of an endpoint while its stack worked; after a rollback there is nothing left to look at."""

    def __init__(self, cloud: Cloud, stack: Stack | None) -> None:
        self._cloud = cloud
        self._name = stack.endpoint_name if isinstance(stack, ModelStack) else ""
        self._seen: Sight | None = None

    def hear(self, event: StackEvent) -> None:
        if event.resource_type == ENDPOINT and event.status.endswith("_FAILED") and self._seen is None:
            self._seen = self._look()

    def now(self) -> Sight:
        """What was seen when the endpoint failed, or else what can be seen now."""
        return self._seen or self._look()

    def _look(self) -> Sight:
        """What can be seen; that something cannot be read must not hide why the stack failed."""
        if not self._name:
            return Sight()
        return Sight(
            endpoint=_unless_refused(lambda: self._cloud.endpoints.observe(self._name)),
            log=_unless_refused(lambda: self._cloud.endpoints.log(self._name)),
        )


def _change_set(stack: StackPlan, arn: str) -> ChangeSet:
    return ChangeSet(
        arn=arn,
        name=arn.split("/")[-2],
        stack_name=stack.name,
        stack_id=stack.stack_id or "",
        new_stack=stack.action is StackAction.CREATE,
        empty=False,
    )


def _outcome(stack: StackPlan, execution: Execution | None) -> StackOutcome:
    return StackOutcome(name=stack.name, model=stack.model, action=stack.action, execution=execution)


def _reason(diagnosis: Diagnosis | None) -> str:
    return str(diagnosis.causes[0]) if diagnosis and diagnosis.causes else "no reason was given"


def _unless_refused(ask: Callable[[], Seen | None]) -> Seen | None:
    try:
        return ask()
    except CloudError:
        return None
