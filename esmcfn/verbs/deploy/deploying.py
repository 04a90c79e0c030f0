"""`deploy`: plan, or take the plan that was reviewed; pass the gate, ask, execute, and say how it ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec import Struct

from esmcfn.domain.deployment import Deployment, StackOutcome
from esmcfn.domain.overwriting import Fate
from esmcfn.domain.plan import Plan, ReviewedPlan
from esmcfn.domain.project import Project
from esmcfn.domain.report import PRECEDENCE, Report
from esmcfn.domain.stack import Selection
from esmcfn.errors import CloudError, ExitCode, Interrupted, StalePlanError
from esmcfn.selection import select
from esmcfn.verbs.deploy.executing import Executing
from esmcfn.verbs.deploy.patience import once_free
from esmcfn.verbs.deploy.recovering import recovered
from esmcfn.verbs.deploy.steps import Terms
from esmcfn.verbs.plan.keeping import Keeping
from esmcfn.verbs.plan.planning import Manner, make_plan
from esmcfn.verbs.plan.reviewing import remade
from esmcfn.verbs.world import DEPLOY, Question, World


class Wishes(Struct, frozen=True, kw_only=True):
    """What a person may ask of a deployment besides the plan.

    Attributes:
        wait_for_stack: seconds to wait for whoever is changing a stack; then it is planned again.
        recover: take the way out of every stack that is stuck, before planning.
        skip: logical ids that the recovery leaves as they are.
        delete_first: what goes, goes before anything comes.
        revert: put back what drifted, in every stack.
    """

    terms: Terms = Terms()
    wait_for_stack: float = 0.0
    recover: bool = False
    skip: tuple[str, ...] = ()
    delete_first: bool = False
    revert: bool = False


class Deed(Struct, frozen=True, kw_only=True):
    """What a verb makes of executing a plan.

    Attributes:
        verb: whose report it is.
        question: what is asked below the plan.
        agreed: what has to be done once it is sure that the plan will be executed, and before it is.
        lowers: it only takes away, see `Manner`.
        aside: physical ids of what stacks leave behind on purpose, and the verb itself speaks of.
    """

    verb: str = "deploy"
    question: Question = DEPLOY
    agreed: Callable[[], None] = lambda: None
    aside: frozenset[str] = frozenset()
    lowers: bool = False


def deploy(project: Project, selection: Selection, world: World, wishes: Wishes) -> Report:
    """Plan, pass the policy gate, ask, execute.

    Raises:
        Interrupted: declined; the change sets are removed.
        CloudError, StackBusyError: as planning raises them; nothing was executed.
    """
    if wishes.recover:
        recovered(selection, world, wishes.terms, skip=wishes.skip)
    return carried_out(project, selection, world, wishes, Deed())


def deploy_reviewed(
    project: Project, selection: Selection, world: World, reviewed: ReviewedPlan, wishes: Wishes
) -> Report:
    """Execute exactly what was reviewed, or refuse.

    Args:
        selection: as `reviewed_selection` makes it.

    Raises:
        StalePlanError: something is not as it was reviewed; nothing was executed, and the change sets stay.
        Interrupted: declined; the change sets stay.
    """
    report = once_free(lambda: remade(project, selection, world, reviewed), world, wishes.wait_for_stack)
    with Keeping(world.person.tell) as keeping:  # what was reviewed stays, until it is executed
        return _executed(report, selection, world, wishes.terms, Deed(), keeping)


def reviewed_selection(project: Project, reviewed: ReviewedPlan) -> Selection:
    """What was reviewed, selected again.

    Raises:
        StalePlanError: the plan was narrowed to a model that is not selected any more.
    """
    gone = reviewed.narrowed.difference(model.key for model in project.environment.selected_models)
    if gone:
        raise StalePlanError(
            f"the plan is for {', '.join(sorted(gone))}, which is not selected any more",
            next_step="plan again and review what has changed",
        )
    return select(project, only=reviewed.narrowed)


def carried_out(project: Project, selection: Selection, world: World, wishes: Wishes, deed: Deed) -> Report:
    """Plan as soon as nobody else is at work, and have that executed once it passes the gate and somebody agrees.

    Raises:
        Interrupted: declined; the change sets are removed.
        CloudError, StackBusyError: as planning raises them; nothing was executed.
    """
    manner = Manner(delete_first=wishes.delete_first, revert=wishes.revert, lowers=deed.lowers)
    with Keeping(world.person.tell) as keeping:

        def planned() -> Report:
            keeping.clear()  # of an attempt before this one, which somebody else's work ended
            return make_plan(project, selection, world, manner, keeping=keeping)

        report = once_free(planned, world, wishes.wait_for_stack)
        return _executed(report, selection, world, wishes.terms, deed, keeping)


def _executed(report: Report, selection: Selection, world: World, terms: Terms, deed: Deed, keeping: Keeping) -> Report:
    """The deployment of a plan; or the plan itself, where the gate blocks it.

    Args:
        keeping: of the change sets that go when they are not executed.
    """
    made = report.body
    assert isinstance(made, Plan)  # noqa: S101 - planning makes plans
    refuse_protected((stack.name for stack in made.stacks if stack.held), selection)
    if made.verdict.blocked:
        keeping.clear()
        return report
    if (not made.empty or deed.question.besides) and not world.person.agrees(report, deed.question):
        raise Interrupted("declined: nothing was changed", next_step="run it again when you are ready")
    deed.agreed()
    outcomes = Executing(made, selection, cloud=world.connect(), world=world, terms=terms, keeping=keeping).outcomes()
    return Report(
        verb=deed.verb,
        environment=made.environment,
        body=_deployment(made, outcomes, deed.aside),
        exit_code=worst(outcomes),
    )


def refuse_protected(names: Iterable[str], selection: Selection) -> None:
    """What CloudFormation would refuse in the end is refused before anything is executed.

    Args:
        names: of stacks that would go, and are protected from that.
    """
    protected = ", ".join(names)
    if protected:
        path = selection.environment.path
        raise CloudError(
            f"termination protection is on: {protected}",
            next_step=f"write `termination_protection: false` into {path}, have it reviewed, and try again",
        )


def worst(outcomes: Sequence[StackOutcome]) -> ExitCode:
    """The exit code of all stacks together."""
    codes = {outcome.exit_code for outcome in outcomes}
    return next((code for code in PRECEDENCE if code in codes), ExitCode.DONE)


def _deployment(made: Plan, outcomes: tuple[StackOutcome, ...], aside: frozenset[str]) -> Deployment:
    failed = {outcome.model for outcome in outcomes if not outcome.succeeded}
    return Deployment(
        plan_id=made.plan_id,
        environment=made.environment,
        account=made.account,
        region=made.region,
        stacks=outcomes,
        endpoints={key: endpoint for key, endpoint in made.endpoints.items() if key not in failed},
        cost=made.cost,
        left=(
            *(
                f"{outcome.name}: {each}"
                for outcome in outcomes
                if outcome.execution
                for each in outcome.execution.left
                if each.physical_id not in aside
            ),
            *_not_put_back(made),
        ),
    )


def _not_put_back(made: Plan) -> Iterator[str]:
    """What drifted and a deployment that reverts did not put back, or not for sure: nobody is to take it for done."""
    open_ends = {
        Fate.KEPT: "CloudFormation does not put it back",
        Fate.UNCLEAR: "whether CloudFormation put it back is not certain",
    }
    for stack in made.stacks if made.reverts else ():
        for found in stack.drift.drifted if stack.drift else ():
            fates: list[tuple[str, Fate | None]] = [(each.path, each.fate) for each in found.properties]
            fates = fates or [("", found.fate)]
            for fate, said in open_ends.items():
                paths = [path for path, each in fates if each is fate]
                if paths:
                    what = " ".join(filter(None, (f"{stack.name}/{found.logical_id}", ", ".join(filter(None, paths)))))
                    yield f"{what}: {said}" + (f"; next: {found.next_step}" if found.next_step else "")
