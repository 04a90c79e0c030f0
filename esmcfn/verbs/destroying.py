"""`destroy`: remove an environment, what stands on the base stack first, and say what is left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from esmcfn.domain.deployed import DeployedStack
from esmcfn.domain.deployment import Deployment
from esmcfn.domain.project import Project
from esmcfn.domain.report import Report
from esmcfn.domain.stack import Selection
from esmcfn.errors import CloudError, NotDeployed
from esmcfn.ports import Cloud
from esmcfn.verbs.account import surveyed
from esmcfn.verbs.deploying import Wishes, cleared, executed
from esmcfn.verbs.patience import once_free
from esmcfn.verbs.planning import KEEPING, make_plan
from esmcfn.verbs.world import World

LOG_STAYS = (
    "the container log of {name} (log group /aws/sagemaker/Endpoints/{name}), which no stack deletes; "
    "--delete-logs removes it"
)


def destroy(
    project: Project,
    selection: Selection,
    world: World,
    wishes: Wishes,
    *,
    delete_logs: bool,
    must_exist: bool = False,
) -> Report:
    """Plan an environment that selects nothing, ask, and delete.

    Args:
        selection: of the environment; nothing of it is wanted any more.
        delete_logs: also delete the logs of the containers, which no stack owns.
        must_exist: nothing deployed is a mistake, of a name most likely.

    Raises:
        NotDeployed: as `must_exist` says.
        CloudError: a stack is protected, and the environment does not say that it should not be.
        Interrupted, StackBusyError: as deploying raises them.
    """
    nothing = replace(selection, base=None, models=(), narrowed=frozenset())
    cloud = world.connect()
    survey = surveyed(nothing, cloud)
    deployed = survey.ours
    if must_exist and not deployed:
        known = ", ".join(survey.others) or "none"
        raise NotDeployed(
            f"there is no stack of {selection.environment.name} in this account and region",
            next_step=f"environments that have stacks here: {known}",
        )
    _refuse_protected(deployed, nothing)
    report = once_free(lambda: make_plan(project, nothing, world, KEEPING), world, wishes.wait_for_stack)
    done = executed(report, nothing, world, wishes.terms, given_up=cleared(world), verb="destroy")
    if not isinstance(done.body, Deployment):
        return done
    # A parked model's stack names no endpoint any more; the environment's file still does.
    names = {stack.endpoint_name for stack in selection.models}
    names |= {stack.outputs["EndpointName"] for stack in deployed if "EndpointName" in stack.outputs}
    kept = frozenset(stack.endpoint_name for stack in selection.models if stack.log_retention_days)
    names_of_stacks = {stack.name for stack in selection.stacks}
    reviews = {name: stack_id for name, stack_id in survey.reviews.items() if name in names_of_stacks}
    # A stack leaves its log behind, and what becomes of logs is said below.
    others = (each for each in done.body.left if not any(each.endswith(f"/{name}") for name in kept))
    left = (*others, *_reviews(reviews, cloud), *_logs(sorted(names), cloud, delete=delete_logs, kept=kept))
    return replace(done, body=replace(done.body, left=left))


def vanished(selection: Selection, name: str) -> Selection:
    """An environment whose file was deleted, in the account and region of another one."""
    environment = replace(
        selection.environment,
        name=name,
        path=f"environments/{name}.yaml",
        selected_models=(),
        termination_protection=None,
    )
    return replace(selection, environment=environment, base=None, models=())


def _refuse_protected(deployed: Sequence[DeployedStack], selection: Selection) -> None:
    environment = selection.environment
    protected = [stack.name for stack in deployed if stack.termination_protection]
    if protected and environment.termination_protection is not False:
        raise CloudError(
            f"termination protection is on: {', '.join(protected)}",
            next_step=f"write `termination_protection: false` into {environment.path}, have it reviewed, and try again",
        )


def _reviews(reviews: Mapping[str, str], cloud: Cloud) -> tuple[str, ...]:
    """Stacks of plans that were kept and never executed go; what somebody else plans there stays, and is named."""
    return tuple(
        f"{name}, in review: change sets of somebody else stand on it"
        for name, stack_id in reviews.items()
        if not cloud.stacks.clear(stack_id)
    )


def _logs(names: Sequence[str], cloud: Cloud, *, delete: bool, kept: frozenset[str]) -> tuple[str, ...]:
    """What is left of the containers' logs, one sentence each.

    Args:
        kept: names of endpoints whose log a stack made, so that it is there although nobody wrote into it.
    """
    left = []
    for name in names:
        try:
            if name not in kept and not cloud.endpoints.log(name, most=1).started:
                continue
            if delete:
                cloud.endpoints.delete_log(name)
            else:
                left.append(LOG_STAYS.format(name=name))
        except CloudError as error:
            left.append(f"whatever the container of {name} wrote: {error.message}")
    return tuple(left)
