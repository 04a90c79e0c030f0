"""`status`: where each endpoint stands; `awaiting` looks in the same way, again and again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from esmcfn import diagnosis, standing, template
from esmcfn.domain.deployed import DeployedStack
from esmcfn.domain.deployment import Kind
from esmcfn.domain.endpoint import ContainerLog
from esmcfn.domain.project import Project
from esmcfn.domain.report import Report
from esmcfn.domain.stack import ModelStack, Selection
from esmcfn.domain.standing import EnvironmentStatus, ModelStatus, Standing, Survey
from esmcfn.errors import CloudError
from esmcfn.ports import Cloud
from esmcfn.verbs.account import strays, surveyed
from esmcfn.verbs.plan.reading import side_by_side
from esmcfn.verbs.world import World

LOG_LINES = 10
"""The container's last lines that a status shows of what failed."""


class Subject(Struct, frozen=True, kw_only=True):
    """One model that is looked at.

    Attributes:
        wanted: None where it is selected no more.
        config: the configuration that its template makes, parked or not; empty where it is selected no more.
    """

    model: str
    stack: str
    wanted: ModelStack | None
    config: str
    deployed: DeployedStack | None

    @property
    def wanted_config(self) -> str | None:
        """None where no endpoint is wanted."""
        return self.config if self.wanted and not self.wanted.parked else None

    @property
    def endpoint_name(self) -> str:
        """As deployed; as it will be where it is not."""
        deployed = self.deployed.outputs.get("EndpointName") if self.deployed else None
        return deployed or (self.wanted.endpoint_name if self.wanted else "")


def status(project: Project, selection: Selection, world: World) -> Report:
    """Look once.

    Raises:
        WrongAccount: the credentials belong to another account.
        CloudError: AWS refused or did not answer.
    """
    cloud = world.connect()
    world.progress("reading what is deployed")
    found = surveyed(selection, cloud)
    asked = subjects(selection, found, wanted_configs(selection))
    world.progress(f"asking SageMaker about {len(asked)} endpoint{'' if len(asked) == 1 else 's'}")
    body = environment_status(project, selection, found, looked(asked, selection.environment.name, cloud), world)
    return Report(verb="status", environment=body.environment, body=body)


def subjects(selection: Selection, found: Survey, configs: Mapping[str, str]) -> tuple[Subject, ...]:
    """Every model that was asked for: the selected ones, then, unless narrowed, what runs and is selected no more.

    Args:
        configs: as `wanted_configs` says; who looks again and again asks for them once.
    """
    there = {stack.name: stack for stack in found.ours}
    chosen = [
        Subject(
            model=stack.model,
            stack=stack.name,
            wanted=stack,
            config=configs[stack.name],
            deployed=there.get(stack.name),
        )
        for stack in selection.models
    ]
    names = {subject.stack for subject in chosen}
    rest = [] if selection.narrowed else [stack for stack in found.ours if stack.model and stack.name not in names]
    leaving = [
        Subject(model=stack.model or "", stack=stack.name, wanted=None, config="", deployed=stack) for stack in rest
    ]
    return (*chosen, *leaving)


def looked(asked: Sequence[Subject], environment: str, cloud: Cloud) -> tuple[ModelStatus, ...]:
    """Where each stands; SageMaker is asked only where it may know something, eight at a time."""

    def look(subject: Subject) -> ModelStatus:
        seen = seen_now(subject, cloud)
        if failed(seen):
            seen = with_log(seen, cloud)
        return replace(seen, next_step=advised(seen, environment=environment))

    return side_by_side(look, asked, busy=lambda subject: subject.deployed is not None)


def seen_now(subject: Subject, cloud: Cloud) -> ModelStatus:
    """One look at one endpoint.

    Raises:
        CloudError: AWS refused or did not answer.
    """
    deployed = subject.deployed
    name = subject.endpoint_name
    observed = cloud.endpoints.observe(name) if name and standing.expected(deployed) else None
    return ModelStatus(
        model=subject.model,
        stack=subject.stack,
        deployed=deployed,
        selected=subject.wanted is not None,
        parked=bool(subject.wanted and subject.wanted.parked),
        standing=standing.judge(deployed, observed, wanted_config=subject.wanted_config),
        endpoint_name=name,
        wanted_config=subject.wanted_config,
        endpoint=observed,
        meaning=standing.meaning(deployed, observed),
    )


def failed(seen: ModelStatus) -> bool:
    """Is there something that a container's log may explain? It outlives the endpoint that was rolled back."""
    return seen.standing is Standing.FAILED or bool(seen.deployed and seen.deployed.gone)


def advised(seen: ModelStatus, *, environment: str) -> str:
    """What to do now: about the cause where SageMaker named one that is known, about the standing otherwise."""
    stuck = seen.deployed and seen.deployed.stuck
    if seen.standing is Standing.FAILED and seen.selected and not stuck:
        kind, advice = diagnosis.classified(seen.failure_reason)
        if kind is not Kind.UNKNOWN:
            return advice
    return standing.next_step(seen, environment=environment)


def with_log(seen: ModelStatus, cloud: Cloud) -> ModelStatus:
    """Its container's last lines; that they cannot be read is no reason to say nothing."""
    if not seen.endpoint_name:
        return seen
    try:
        log: ContainerLog | None = cloud.endpoints.log(seen.endpoint_name, most=LOG_LINES)
    except CloudError as error:
        return replace(seen, log_unread=error.message)
    return replace(seen, log=log)


def wanted_configs(selection: Selection) -> Mapping[str, str]:
    """Stack name to the configuration that its template makes."""
    return {stack.name: template.synthesize(stack).names["EndpointConfig"] for stack in selection.models}


def environment_status(
    project: Project, selection: Selection, found: Survey, models: tuple[ModelStatus, ...], world: World
) -> EnvironmentStatus:
    """The whole environment, from what was found and seen."""
    return EnvironmentStatus(
        environment=selection.environment.name,
        account=selection.target.account,
        region=selection.target.region,
        as_of=world.now,
        base=next((stack for stack in found.ours if stack.model is None), None),
        models=models,
        strays=strays(project, found),
    )
