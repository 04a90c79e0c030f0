"""`deploy`: execute what was just planned, the base stack first, and say how it ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from esmcfn.domain.deployment import Deployment, Execution, StackEvent, StackOutcome
from esmcfn.domain.plan import ChangeSet, Plan, StackAction, StackPlan
from esmcfn.domain.project import Project
from esmcfn.domain.report import Report
from esmcfn.domain.stack import Selection
from esmcfn.errors import EsmcfnError, ExitCode, Interrupted
from esmcfn.ports import Cloud, Heard
from esmcfn.template import synthesize
from esmcfn.verbs.planning import make_plan
from esmcfn.verbs.reading import side_by_side
from esmcfn.verbs.world import World

NOTHING, STUCK = "UPDATE_COMPLETE", "NOT_EXECUTED"
"""Statuses of a stack for which there is no change set: only its settings change, or it has to be recovered first."""


def deploy(project: Project, selection: Selection, world: World, *, agreed: Callable[[Report], bool]) -> Report:
    """Plan, pass the policy gate, ask, execute.

    Args:
        agreed: shows the plan to a person; False declines.

    Raises:
        Interrupted: declined; the change sets are removed.
        CloudError, StalePlanError, StackBusyError: as planning and executing raise them.
    """
    planned = make_plan(project, selection, world, keep=True)
    made = planned.body
    assert isinstance(made, Plan)  # noqa: S101 - make_plan makes plans
    cloud = world.connect()
    try:
        if made.verdict.blocked:
            _discard(cloud, made.stacks)
            return planned
        if not made.empty and not agreed(planned):
            raise Interrupted("declined: nothing was deployed", next_step="run it again when you are ready")
    except BaseException:  # Ctrl-C at the question included: what was kept for an answer goes without one
        _discard(cloud, made.stacks)
        raise
    outcomes = _Executing(made, selection, cloud, world).outcomes()
    body = Deployment(
        plan_id=made.plan_id,
        environment=made.environment,
        account=made.account,
        region=made.region,
        stacks=outcomes,
        endpoints=made.endpoints,
    )
    code = ExitCode.DONE if body.succeeded else ExitCode.DEPLOYMENT
    return Report(verb="deploy", environment=made.environment, body=body, exit_code=code)


class _Executing:
    """One execution of a plan, which can say at any moment where it stands."""

    def __init__(self, made: Plan, selection: Selection, cloud: Cloud, world: World) -> None:
        self._made, self._cloud, self._world = made, cloud, world
        self._stacks = {stack.name: stack for stack in selection.stacks}
        self._running: set[str] = set()
        self._done: dict[str, StackOutcome] = {}

    def outcomes(self) -> tuple[StackOutcome, ...]:
        """What others stand on first, then the models side by side, then what goes.

        Nothing stands on a failed base, and nothing goes after a failure.

        Raises:
            Interrupted: the person said stop; says what CloudFormation goes on with.
        """
        try:
            return tuple(self._groups())
        except KeyboardInterrupt:
            raise self._stopped(ExitCode.INTERRUPTED) from None
        except Interrupted as stop:
            raise self._stopped(stop.exit_code) from None
        except EsmcfnError:
            _discard(self._cloud, self._waiting())
            raise

    def _groups(self) -> Iterator[StackOutcome]:
        stacks = [stack for stack in self._made.stacks if stack.action is not StackAction.UNCHANGED]
        coming = [stack for stack in stacks if stack.action is not StackAction.DELETE]
        base = [stack for stack in coming if stack.model is None]
        models = [stack for stack in coming if stack.model is not None]
        going = [stack for stack in stacks if stack.action is StackAction.DELETE]
        for group in (base, models, going):
            if all(outcome.succeeded for outcome in self._done.values()):
                yield from side_by_side(self._one, group, stop=self._cloud.stacks.stop)
            else:
                _discard(self._cloud, group)
                yield from (_outcome(stack, None) for stack in group)

    def _one(self, stack: StackPlan) -> StackOutcome:
        self._running.add(stack.name)
        execution = self._execution(stack)
        stays = stack.action is not StackAction.DELETE and execution.succeeded
        if stack.protection is not None and stack.stack_id and stays:
            self._cloud.stacks.protect(stack.stack_id, stack.protection)
        outcome = _outcome(stack, execution)
        self._running.discard(stack.name)
        self._done[stack.name] = outcome
        return outcome

    def _execution(self, stack: StackPlan) -> Execution:
        stacks = self._cloud.stacks
        heard = self._heard(stack)
        if stack.action is StackAction.DELETE:
            assert stack.stack_id is not None  # noqa: S101 - only a deployed stack is planned to go
            if stack.protection is False:
                stacks.protect(stack.stack_id, False)
            return stacks.delete(stack.stack_id, heard)
        if stack.in_the_way:
            removed = stacks.delete(stack.in_the_way, heard)
            if not removed.succeeded:
                return removed
            proposed = stacks.propose(synthesize(self._stacks[stack.name]), None)
            return stacks.execute(proposed.arn, proposed.stack_id, heard)
        if stack.change_set_id is None or stack.stack_id is None:
            return Execution(status=NOTHING if stack.protection is not None else STUCK, causes=stack.notes)
        return stacks.execute(stack.change_set_id, stack.stack_id, heard)

    def _heard(self, stack: StackPlan) -> Heard:
        def heard(event: StackEvent) -> None:
            reason = f": {event.reason}" if event.reason else ""
            self._world.progress(f"{stack.name}  {event.logical_id}  {event.status}{reason}")

        return heard

    def _waiting(self) -> list[StackPlan]:
        """What was never begun."""
        return [stack for stack in self._made.stacks if stack.name not in {*self._running, *self._done}]

    def _stopped(self, code: ExitCode) -> Interrupted:
        """What goes on without us, and what was never begun; the latter's change sets are removed."""
        waiting = self._waiting()
        _discard(self._cloud, waiting)
        said = [
            f"{words}: {', '.join(sorted(names))}"
            for words, names in (
                ("CloudFormation goes on with", self._running),
                ("done", self._done),
                ("not begun", {stack.name for stack in waiting if stack.action is not StackAction.UNCHANGED}),
            )
            if names
        ]
        return Interrupted(
            "stopped watching; " + "; ".join(said),
            exit_code=code,
            next_step=f"esmcfn plan {self._made.environment} shows where it stands, once nothing is running",
        )


def _outcome(stack: StackPlan, execution: Execution | None) -> StackOutcome:
    return StackOutcome(name=stack.name, model=stack.model, action=stack.action, execution=execution)


def _discard(cloud: Cloud, stacks: Sequence[StackPlan]) -> None:
    for change_set in _change_sets(stacks):
        cloud.stacks.discard(change_set)


def _change_sets(stacks: Sequence[StackPlan]) -> Sequence[ChangeSet]:
    return [
        ChangeSet(
            arn=stack.change_set_id,
            name=stack.change_set_id.split("/")[-2],
            stack_name=stack.name,
            stack_id=stack.stack_id,
            new_stack=stack.action is StackAction.CREATE,
            empty=False,
        )
        for stack in stacks
        if stack.change_set_id and stack.stack_id
    ]
