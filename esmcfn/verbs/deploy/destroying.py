"""`destroy`: remove an environment, what stands on the base stack first, and say what is left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from esmcfn.domain.deployment import Deployment
from esmcfn.domain.project import Project
from esmcfn.domain.report import Report
from esmcfn.domain.stack import Selection
from esmcfn.domain.standing import Survey
from esmcfn.errors import NotDeployed
from esmcfn.ports import Cloud
from esmcfn.verbs.account import surveyed
from esmcfn.verbs.deploy.deploying import Deed, Wishes, carried_out, refuse_protected
from esmcfn.verbs.deploy.leftovers import LOG, Logs
from esmcfn.verbs.world import Question, World


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
    nothing = replace(selection, base=None, models=(), narrowed=frozenset(), beside=())
    cloud = world.connect()
    survey = surveyed(nothing, cloud)
    deployed = survey.ours
    if must_exist and not deployed:
        raise _nothing_there(selection, survey)
    if selection.environment.termination_protection is not False:
        refuse_protected((stack.name for stack in deployed if stack.termination_protection), selection)
    logs = Logs(cloud, selection, deployed)
    question = _question(selection.environment.name, logs.found() if delete_logs else ())
    deed = Deed(verb="destroy", question=question, aside=logs.groups)
    done = carried_out(project, nothing, world, wishes, deed)
    if not isinstance(done.body, Deployment):
        return done
    names = {stack.name for stack in selection.stacks}
    reviews = {name: stack_id for name, stack_id in survey.reviews.items() if name in names}
    deleted, stays = logs.settled(delete=delete_logs and done.body.succeeded)
    left = (*done.body.left, *_reviews(reviews, cloud), *stays)
    return replace(done, body=replace(done.body, left=left, deleted=deleted))


def _nothing_there(selection: Selection, survey: Survey) -> NotDeployed:
    """What is said of an environment that has no stack."""
    known = ", ".join(survey.others) or "none"
    return NotDeployed(
        f"there is no stack of {selection.environment.name} in this account and region",
        next_step=f"environments that have stacks here: {known}",
    )


def _question(name: str, logs: Iterable[str]) -> Question:
    """What a person is asked, who answers with the environment's name.

    Args:
        logs: groups that go, too.
    """
    besides = tuple(f"deleted for good: {LOG.format(each)}" for each in logs)
    return Question(text=f"Remove all of {name}?", by_name=name, besides=besides)


def vanished(selection: Selection, name: str) -> Selection:
    """An environment whose file was deleted, in the account and region of another one."""
    environment = replace(
        selection.environment,
        name=name,
        path=f"environments/{name}.yaml",
        selected_models=(),
        termination_protection=None,
    )
    return replace(selection, environment=environment, base=None, models=(), beside=())


def _reviews(reviews: Mapping[str, str], cloud: Cloud) -> tuple[str, ...]:
    """Stacks of plans that were kept and never executed go; what somebody else plans there stays, and is named."""
    return tuple(
        f"{name}, in review: change sets of somebody else stand on it"
        for name, stack_id in reviews.items()
        if not cloud.stacks.clear(stack_id)
    )
