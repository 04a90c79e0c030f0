"""`deploy`: execute what was just planned, the base stack first, and say how it ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from esmcfn.domain.deployment import Deployment, Execution, StackEvent, StackOutcome
from esmcfn.domain.plan import ChangeSet, Plan, StackAction, StackPlan
from esmcfn.domain.project import Project
from esmcfn.domain.report import Report
from esmcfn.domain.stack import Selection
from esmcfn.errors import ExitCode, Interrupted
from esmcfn.ports import Cloud
from esmcfn.verbs.planning import make_plan
from esmcfn.verbs.reading import side_by_side
from esmcfn.verbs.world import World


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
        if made.verdict.blocked or made.verdict.over_budget:
            _discard(cloud, made)
            return planned
        if not made.empty and not agreed(planned):
            raise Interrupted("declined: nothing was deployed", next_step="run it again when you are ready")
    except BaseException:
        _discard(cloud, made)
        raise
    outcomes = _executed(made, cloud, world)
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


def _executed(made: Plan, cloud: Cloud, world: World) -> tuple[StackOutcome, ...]:
    """What others stand on first, then the models side by side, then what goes; nothing stands on a failed base."""
    coming = [stack for stack in made.stacks if stack.action in {StackAction.CREATE, StackAction.UPDATE}]
    going = [stack for stack in made.stacks if stack.action is StackAction.DELETE]
    base = [stack for stack in coming if stack.model is None]
    models = [stack for stack in coming if stack.model is not None]

    def one(stack: StackPlan) -> StackOutcome:
        return _outcome(stack, _execution(stack, cloud, world))

    done: list[StackOutcome] = []
    for group in (base, models, going):
        if all(outcome.execution and outcome.execution.succeeded for outcome in done):
            done.extend(side_by_side(one, group, stop=cloud.stacks.stop))
        else:
            done.extend(_outcome(stack, None) for stack in group)
            _discard(cloud, replace(made, stacks=tuple(group)))
    return tuple(done)


def _execution(stack: StackPlan, cloud: Cloud, world: World) -> Execution | None:
    def heard(event: StackEvent) -> None:
        reason = f": {event.reason}" if event.reason else ""
        world.progress(f"{stack.name}  {event.logical_id}  {event.status}{reason}")

    if stack.action is StackAction.DELETE:
        assert stack.stack_id is not None  # noqa: S101 - only a deployed stack is planned to go
        return cloud.stacks.delete(stack.stack_id, heard)
    if stack.change_set_id is None or stack.stack_id is None:
        return None
    return cloud.stacks.execute(stack.change_set_id, stack.stack_id, heard)


def _outcome(stack: StackPlan, execution: Execution | None) -> StackOutcome:
    return StackOutcome(name=stack.name, model=stack.model, action=stack.action, execution=execution)


def _discard(cloud: Cloud, made: Plan) -> None:
    for change_set in _change_sets(made.stacks):
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
