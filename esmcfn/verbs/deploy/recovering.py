"""`deploy --recover`: the way out of a stack that is stuck, with its consequence said before it is taken."""

from __future__ import annotations

from esmcfn import plan
from esmcfn.diagnosis import causes
from esmcfn.domain.deployed import DeployedStack
from esmcfn.domain.deployment import RECOVERED, Execution, StackEvent
from esmcfn.domain.stack import Selection
from esmcfn.errors import DeploymentError, ExitCode, Interrupted
from esmcfn.ports import Cloud
from esmcfn.verbs.account import guarded
from esmcfn.verbs.deploy.steps import Terms
from esmcfn.verbs.plan.reading import side_by_side
from esmcfn.verbs.world import World


def recovered(selection: Selection, world: World, terms: Terms, *, skip: tuple[str, ...] = ()) -> None:
    """Bring every stuck stack that this selection wants back to where it can be changed.

    Args:
        skip: logical ids that a continued rollback leaves as they are.

    Raises:
        Interrupted: nobody consented; nothing was touched.
        DeploymentError: a recovery failed, or there is none; says why.
        CloudError: AWS refused or did not answer.
    """
    cloud = world.connect()
    wanted = {stack.name for stack in selection.stacks}
    stuck = [stack for stack in guarded(selection, cloud) if stack.stuck and stack.name in wanted]
    if not stuck:
        world.progress("no stack has to be recovered")
        return
    for stack in stuck:
        _ask(stack, world, skip)
    try:
        endings = side_by_side(lambda stack: _one(stack, cloud, world, terms, skip), stuck, stop=cloud.stacks.stop)
    except (KeyboardInterrupt, Interrupted) as stop:
        raise Interrupted(
            f"stopped watching; CloudFormation goes on recovering {', '.join(stack.name for stack in stuck)}",
            exit_code=getattr(stop, "exit_code", ExitCode.INTERRUPTED),
            next_step=f"{terms.again} goes on from there",
        ) from None
    failed = [said for said in endings if said]
    if failed:
        raise DeploymentError(
            "; ".join(failed),
            next_step="mend the cause and run it again, or leave a resource as it is with --skip LOGICAL_ID",
        )


def _ask(stack: DeployedStack, world: World, skip: tuple[str, ...]) -> None:
    """Say what the way out of a stack does, and go on only where somebody consents."""
    said = plan.consequence(stack, skip)
    if said is None:
        raise DeploymentError(
            f"{stack.name} is {stack.status}, and esmcfn knows no way out of it",
            next_step=f"look at {stack.name} in the CloudFormation console, bring it to where it can be updated, "
            "and run it again",
        )
    if not world.person.consents(said):
        raise Interrupted("declined: nothing was recovered", next_step="run it again when you are ready")


def _one(stack: DeployedStack, cloud: Cloud, world: World, terms: Terms, skip: tuple[str, ...]) -> str:
    """Recover one stack; why it could not be, empty where it could."""

    def heard(event: StackEvent) -> None:
        world.watch.stage(stack.name, f"{event.logical_id}  {event.status}")

    chosen = skip if stack.status == "UPDATE_ROLLBACK_FAILED" else ()
    ended: Execution = cloud.operations.recover(stack, heard, within=terms.within, skip=chosen)
    for left in ended.left:
        world.person.tell(f"{stack.name}: left behind: {left}")
    well = ended.status in RECOVERED
    world.watch.ended(stack.name, str(ended.status), well=well)
    if well:
        return ""
    why = "; ".join(str(cause) for cause in causes(ended.events)) or "CloudFormation gave no reason"
    return f"{stack.name} is {ended.status} after the recovery: {why}"
