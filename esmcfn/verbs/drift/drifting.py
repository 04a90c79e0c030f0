"""`drift`: what was deployed against what AWS says exists, and how much of it could be compared."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence

from esmcfn import drift, template
from esmcfn.domain.deployed import DeployedStack
from esmcfn.domain.drift import EnvironmentDrift, ResourceDrift, StackDrift, Unmanaged, Unread
from esmcfn.domain.project import Project
from esmcfn.domain.report import Report
from esmcfn.domain.stack import Selection
from esmcfn.domain.standing import Survey
from esmcfn.errors import ExitCode
from esmcfn.ports import Cloud
from esmcfn.verbs.account import strays, surveyed
from esmcfn.verbs.deploy.bootstrapping import NAME as BOOTSTRAP
from esmcfn.verbs.deploy.bootstrapping import PREFIX
from esmcfn.verbs.drift.accepting import accepted
from esmcfn.verbs.drift.looking import WITHIN_SECONDS, Looked, Looking
from esmcfn.verbs.drift.unmanaged import beside
from esmcfn.verbs.plan.reading import side_by_side
from esmcfn.verbs.world import World


def find_drift(
    project: Project,
    selection: Selection,
    world: World,
    *,
    strict: bool = False,
    within: float = WITHIN_SECONDS,
    bootstrap: bool = False,
) -> Report:
    """Compare everything that is deployed with what AWS says, and list what runs beside it.

    Args:
        strict: incomplete coverage is bad news, too.
        within: seconds that CloudFormation may take to compare a stack.
        bootstrap: look at the stack that `bootstrap` made for this environment, too.

    Raises:
        WrongAccount: the credentials belong to another account.
        CloudError: AWS did not answer; what it will not tell for lack of a permission is "not checked" instead.
        Interrupted: the person said stop.
    """
    wanted = {each.stack.name: each.digest for each in template.synthesize_all(selection)}
    cloud = world.connect()
    world.progress("reading what is deployed")
    survey = surveyed(selection, cloud)
    looking = Looking(selection=selection, cloud=cloud, within=within)
    roots, missing = _bootstrapped(selection, cloud) if bootstrap else ((), ())
    wanted |= {stack.name: stack.digest for stack in roots}  # it is made of words that no file has
    concerned = (*_concerned(selection, survey, wanted), *roots)
    stacks = (*_compared(concerned, wanted, looking, world), *missing)
    managed = looked_endpoints(stacks)
    unmanaged = Unmanaged(asked=False) if selection.narrowed else beside(project, survey, managed, cloud, world)
    body = EnvironmentDrift(
        environment=selection.environment.name,
        account=selection.target.account,
        region=selection.target.region,
        as_of=world.now,
        stacks=stacks,
        unmanaged=unmanaged,
        strict=strict,
    )
    body, notes = accepted(body, project.policy, world, whole=not selection.narrowed)
    return Report(
        verb="drift",
        environment=body.environment,
        body=body,
        notes=(*notes, *(str(stray) for stray in strays(project, survey))),
        exit_code=ExitCode.DRIFT if body.bad else ExitCode.DONE,
    )


def _bootstrapped(selection: Selection, cloud: Cloud) -> tuple[tuple[DeployedStack, ...], tuple[StackDrift, ...]]:
    """What `bootstrap` made for this environment; and, where it made nothing, what is told in its place."""
    name = selection.environment.name
    own = BOOTSTRAP.format(name)
    found = cloud.stacks.deployed(base_name=f"{PREFIX}-{own}", environment=own)
    there = tuple(stack for stack in found if not stack.gone)
    missing = StackDrift(
        name=f"{PREFIX}-{own}",
        model=None,
        deployed=None,
        selected=True,
        notes=(f"not there: esmcfn bootstrap {name} --repository OWNER/NAME makes it",),
    )
    return there, () if there else (missing,)


def _again(stack: DeployedStack, environment: str) -> str:
    """How the stack that `bootstrap` made is put back; empty for any other."""
    if stack.name != f"{PREFIX}-{BOOTSTRAP.format(environment)}":
        return ""
    return f"esmcfn bootstrap {environment} --revert-drift, with the words of its first run,"


def looked_endpoints(stacks: Sequence[StackDrift]) -> frozenset[str]:
    """Names of the endpoints that these stacks have, in lower case as ARNs have them."""
    found = (each for stack in stacks for each in stack.resources)
    return frozenset(each.name.lower() for each in found if each.resource_type == drift.ENDPOINT)


def _concerned(selection: Selection, survey: Survey, wanted: Mapping[str, str]) -> tuple[DeployedStack, ...]:
    """Stacks to look at: all that exist, or those of the models that were asked for and what they stand on."""
    living = [stack for stack in survey.ours if not stack.gone]
    if not selection.narrowed:
        return tuple(living)
    return tuple(stack for stack in living if stack.name in wanted or stack.model in selection.narrowed)


def _compared(
    stacks: Sequence[DeployedStack], wanted: Mapping[str, str], looking: Looking, world: World
) -> tuple[StackDrift, ...]:
    """Each of these stacks with what AWS says of it, and those that the files ask for and AWS does not have.

    Args:
        wanted: stack name to the digest of the built template.
    """
    looked = _looked(stacks, looking, world)
    world.progress(f"asking the services about {sum(len(each.resources) for each in looked)} resources")
    judged = _judged(looked, wanted, looking)
    return (*judged, *_absent(wanted, judged, looking.selection))


def _looked(stacks: Sequence[DeployedStack], looking: Looking, world: World) -> tuple[Looked, ...]:
    """CloudFormation begins to compare all stacks, then their templates and resources are read, then its results."""
    world.progress(f"CloudFormation compares {len(stacks)} stack{'' if len(stacks) == 1 else 's'}")
    waiting = list(zip(stacks, looking.begun(stacks), strict=True))
    count = _Count(len(stacks), lambda done: world.progress(f"{done} of {len(stacks)} stacks are compared"))

    def look(pair: tuple[DeployedStack, str | Unread]) -> Looked:
        made = looking.look(*pair)
        count.one()
        return made

    return side_by_side(look, waiting, stop=looking.cloud.stacks.stop)


def _judged(looked: Sequence[Looked], wanted: Mapping[str, str], looking: Looking) -> tuple[StackDrift, ...]:
    """Every resource of every stack; the services are asked side by side, across the stacks."""
    each_looked = frozenset(each.stack.stack_id for each in looked)
    name = looking.selection.environment.name
    subjects = [
        subject for each in looked for subject in looking.subjects(each, each_looked, again=_again(each.stack, name))
    ]
    seen = side_by_side(looking.together(subjects).observed, subjects, stop=looking.cloud.stacks.stop)
    found: dict[str, list[ResourceDrift]] = {each.stack.name: [] for each in looked}
    for subject in seen:
        found[subject.stack.name].append(drift.judge(subject))
    return tuple(
        _stack_drift(each, found[each.stack.name], environment=name, wanted_digest=wanted.get(each.stack.name))
        for each in looked
    )


def _stack_drift(
    each: Looked, resources: Sequence[ResourceDrift], *, environment: str, wanted_digest: str | None
) -> StackDrift:
    """One stack, its template first.

    Args:
        wanted_digest: of the built template; None where the stack is selected no more.
    """
    stack, failure = each.stack, each.detection.failure
    digest = None if each.body is None else template.digest_of(each.body)
    planning = _again(stack, environment) or f"esmcfn plan {environment}"
    written = drift.judge_template(stack, digest, planning=planning)
    return StackDrift(
        name=stack.name,
        model=stack.model,
        deployed=stack,
        selected=wanted_digest is not None,
        resources=(*((written,) if written else ()), *resources),
        notes=tuple(drift.stack_notes(stack, environment=environment, wanted_digest=wanted_digest, failure=failure)),
    )


def _absent(wanted: Mapping[str, str], judged: Sequence[StackDrift], selection: Selection) -> tuple[StackDrift, ...]:
    """Stacks that the files ask for and AWS does not have."""
    there = {stack.name for stack in judged}
    return tuple(
        StackDrift(
            name=stack.name,
            model=stack.model,
            deployed=None,
            selected=True,
            notes=tuple(
                drift.stack_notes(
                    None, environment=selection.environment.name, wanted_digest=wanted[stack.name], failure=""
                )
            ),
        )
        for stack in selection.stacks
        if stack.name not in there
    )


class _Count:
    """How many are done, told at every tenth of them, by whoever is done in whatever thread."""

    def __init__(self, total: int, tell: Callable[[int], None]) -> None:
        self._done, self._step, self._tell = 0, max(1, total // 10), tell
        self._lock = threading.Lock()

    def one(self) -> None:
        """Another one is done."""
        with self._lock:
            self._done += 1
            if self._done % self._step == 0:
                self._tell(self._done)
