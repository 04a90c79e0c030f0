"""`outputs`: what callers need, read from what is deployed and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from esmcfn.domain.deployed import DeployedStack
from esmcfn.domain.outputs import Absent, Outputs
from esmcfn.domain.plan import EndpointOutput
from esmcfn.domain.report import Report
from esmcfn.domain.stack import ModelStack, Selection
from esmcfn.errors import NotDeployed
from esmcfn.verbs.account import guarded
from esmcfn.verbs.world import World


def outputs(selection: Selection, world: World) -> Report:
    """The Terraform module's outputs, from the Outputs of the stacks.

    Raises:
        NotDeployed: nothing of what was asked about is there.
        WrongAccount: the credentials belong to another account.
        CloudError: AWS refused or did not answer.
    """
    cloud = world.connect()
    world.progress("reading what is deployed")
    there = tuple(stack for stack in guarded(selection, cloud) if not stack.gone)
    name = selection.environment.name
    asked = _asked(selection, there)
    if not any(stack for _, stack in asked) and (selection.narrowed or not there):
        what = f"{', '.join(sorted(selection.narrowed))} of {name}" if selection.narrowed else name
        raise NotDeployed(f"{what}: nothing is deployed yet", next_step=f"esmcfn deploy {name}")
    return Report(verb="outputs", environment=name, body=_outputs(selection, there, asked))


def _outputs(
    selection: Selection, there: Sequence[DeployedStack], asked: Sequence[tuple[str, DeployedStack | None]]
) -> Outputs:
    environment = selection.environment
    endpoints = {key: made for key, stack in asked if stack and (made := _endpoint(stack))}
    wanted = {stack.model: stack for stack in selection.models}
    shared = next((stack.outputs for stack in there if stack.model is None), {})
    return Outputs(
        environment=environment.name,
        account=selection.target.account,
        region=selection.target.region,
        endpoints=endpoints,
        # The environment's own role is in no stack's Outputs.
        execution_role=shared.get("ExecutionRoleName") or environment.execution_role_arn.rpartition("/")[2] or None,
        user_names=_of_user(shared, "SharedServiceUserName"),
        access_key_ids=_of_user(shared, "SharedServiceUserAccessKeyId"),
        secret_arns=_of_user(shared, "SharedServiceSecretArn"),
        absent=tuple(
            _absent(key, stack, wanted=wanted.get(key), environment=environment.name)
            for key, stack in asked
            if key not in endpoints
        ),
    )


def _asked(selection: Selection, there: Sequence[DeployedStack]) -> list[tuple[str, DeployedStack | None]]:
    """Every model that was asked for, with its stack: the selected ones first, then what is selected no more."""
    by_name = {stack.name: stack for stack in there}
    selected = [(stack.model, by_name.get(stack.name)) for stack in selection.models]
    if selection.narrowed:
        return selected
    names = {stack.name for stack in selection.models}
    return [*selected, *((stack.model, stack) for stack in there if stack.model and stack.name not in names)]


def _endpoint(stack: DeployedStack) -> EndpointOutput | None:
    """The four strings; None where there is no endpoint, or none for much longer."""
    said = stack.outputs
    if stack.status.startswith("DELETE_") or not {"EndpointName", "EndpointConfigName"} <= said.keys():
        return None
    return EndpointOutput(
        endpoint_name=said["EndpointName"],
        endpoint_config_name=said["EndpointConfigName"],
        endpoint_url=said.get("EndpointUrl", ""),
        forge_model_name=said.get("ForgeModelName", ""),
    )


def _absent(key: str, stack: DeployedStack | None, *, wanted: ModelStack | None, environment: str) -> Absent:
    if wanted and wanted.parked:
        return Absent(model=key, why="parked", next_step=f"esmcfn resume {environment} --model {key}")
    if stack is None:
        return Absent(model=key, why="not deployed yet", next_step=f"esmcfn deploy {environment}")
    if stack.status.startswith("DELETE_"):
        return Absent(model=key, why="being deleted" if stack.busy else f"its deletion failed ({stack.status})")
    if stack.busy:
        step = f"esmcfn wait {environment} --model {key}"
        return Absent(model=key, why=f"being deployed ({stack.status})", next_step=step)
    if stack.settled:
        return Absent(model=key, why="parked when it was deployed", next_step=f"esmcfn deploy {environment}")
    return Absent(model=key, why=f"its stack is {stack.status}", next_step=f"esmcfn status {environment}")


def _of_user(shared: Mapping[str, str], output: str) -> Mapping[str, str]:
    """One of the base stack's Outputs by name of the shared user, as the module has it; empty without one."""
    user = shared.get("SharedServiceUserName")
    return {user: shared[output]} if user and output in shared else {}
